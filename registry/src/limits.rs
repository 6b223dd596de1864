//! How much of everything there may be. AWS's quotas where AWS has one.

/// Characters of a thing's name.
pub const THING_NAME_CHARS: usize = 128;

/// Attributes of a thing without a type.
pub const ATTRIBUTES: usize = 3;

/// Attributes of a thing with a type, and of a group.
pub const ATTRIBUTES_WITH_TYPE: usize = 50;

/// Bytes of all attributes of a thing, names and values.
pub const ATTRIBUTES_BYTES: usize = 47 * 1024;

/// Characters of an attribute's name.
pub const ATTRIBUTE_NAME_CHARS: usize = 128;

/// Characters of an attribute's value.
pub const ATTRIBUTE_VALUE_CHARS: usize = 800;

/// Bytes of a certificate or a signing request in PEM.
pub const PEM_BYTES: usize = 65_536;

/// Host names and addresses in one server certificate.
pub const SERVER_NAMES: usize = 1_000;

/// Characters of the description of a type or a group.
pub const DESCRIPTION_CHARS: usize = 2_028;

/// Searchable attributes of a thing type.
pub const SEARCHABLE_ATTRIBUTES: usize = 3;

/// Attributes that a thing type adds to messages as user properties.
pub const PROPAGATING_ATTRIBUTES: usize = 20;

/// Characters of the name of a user property or of a connection's attribute.
pub const PROPERTY_CHARS: usize = 128;

/// How long a thing type must have been deprecated before it is deleted.
pub const DEPRECATION_MS: u64 = 5 * 60 * 1_000;

/// Levels of groups, the one at the top included.
pub const GROUP_DEPTH: usize = 7;

/// Groups directly below one group.
pub const GROUP_CHILDREN: usize = 100;

/// Groups that a thing is a direct member of.
pub const GROUPS_OF_THING: usize = 10;

/// Characters of a policy's name.
pub const POLICY_NAME_CHARS: usize = 128;

/// Versions of a policy.
pub const POLICY_VERSIONS: usize = 5;

/// Policies of one certificate or identity.
pub const POLICIES: usize = 10;

/// Policies of one group.
pub const POLICIES_OF_GROUP: usize = 2;

/// CA certificates with the same subject.
pub const CAS_OF_SUBJECT: usize = 10;

/// Characters of a provisioning template's body.
pub const TEMPLATE_BODY_CHARS: usize = 10_240;

/// Characters of a provisioning template's name.
pub const TEMPLATE_NAME_CHARS: usize = 36;

/// Characters of a role's ARN, at least and at most.
pub const ROLE_ARN_CHARS: std::ops::RangeInclusive<usize> = 20..=2_048;

/// Tags of one resource.
pub const TAGS: usize = 50;

/// Characters of a tag's key.
pub const TAG_KEY_CHARS: usize = 128;

/// Characters of a tag's value.
pub const TAG_VALUE_CHARS: usize = 256;

/// Documents read at once while the registry is opened.
pub(crate) const SCAN_DOCUMENTS: usize = 4_096;
