//! Why a wish is refused: the cause and the fix in words, and of what kind it is. Decides nothing.

use std::sync::Arc;

use policy::PolicyError;
use thiserror::Error;

use crate::{CertificateFault, CertificateId, CertificateStatus, Scope, ThingError, limits};

/// Why a wish is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RegistryError {
    #[error(transparent)]
    Thing(#[from] ThingError),
    #[error("thing {name} exists with other settings: choose another name, update it, or delete it first")]
    ThingExists { name: String, id: String },
    #[error("there is no thing {0}: create it first, or look for its name with `thingstead device ls`")]
    UnknownThing(String),
    #[error("thing {name} has {count} certificate(s) attached, {id} among them: detach them first")]
    ThingInUse { name: String, count: usize, id: CertificateId },
    #[error("{what} has version {found}, and {expected} was expected: read it again and decide anew")]
    VersionConflict { what: String, found: u64, expected: u64 },
    #[error("a type cannot be given and removed at once: send either thingTypeName or removeThingType")]
    TypeGivenAndRemoved,

    #[error("thing type {name} exists with other settings: choose another name, or update it")]
    TypeExists { name: String, id: String },
    #[error(
        "there is no thing type {0}: create it first, or look for its name with `aws iot list-thing-types`"
    )]
    UnknownType(String),
    #[error(
        "thing type {0} is deprecated, so no thing may be given it: choose another one, or undo it with `aws iot deprecate-thing-type --undo-deprecate`"
    )]
    TypeDeprecated(String),
    #[error("thing type {0} is not deprecated: deprecate it, wait five minutes, then delete it")]
    TypeNotDeprecated(String),
    #[error("thing type {name} was deprecated less than five minutes ago: delete it in {left_ms} ms")]
    TypeTooRecent { name: String, left_ms: u64 },
    #[error("thing type {name} has things, {thing} among them: give them another type first")]
    TypeInUse { name: String, thing: String },
    #[error("a thing type may have {max} searchable attributes, and here are {0}: leave some out",
        max = limits::SEARCHABLE_ATTRIBUTES)]
    SearchableAttributes(usize),
    #[error("a thing type may have {max} propagating attributes, and here are {0}: leave some out",
        max = limits::PROPAGATING_ATTRIBUTES)]
    PropagatingAttributes(usize),
    #[error("\"{0}\" is no name of a user property: give 1 to {max} letters, digits or `: $ .`",
        max = limits::PROPERTY_CHARS)]
    UserProperty(String),
    #[error("\"{0}\" is no attribute of a connection: give a name such as iot:ClientId")]
    ConnectionAttribute(String),
    #[error("a description may have {max} characters, and this one has {0}: shorten it",
        max = limits::DESCRIPTION_CHARS)]
    DescriptionTooLong(usize),
    #[error("a description is one line of text, and this one has {0:?}: replace it")]
    DescriptionCharacter(char),

    #[error("group {name} exists with other settings: choose another name, or update it")]
    GroupExists { name: String, id: String },
    #[error(
        "there is no thing group {0}: create it first, or look for its name with `aws iot list-thing-groups`"
    )]
    UnknownGroup(String),
    #[error("below group {0} there is no room, as there may be {max} levels of groups: choose a parent higher up",
        max = limits::GROUP_DEPTH)]
    GroupTooDeep(String),
    #[error("group {0} has {max} groups directly below it, which is the limit: choose another parent",
        max = limits::GROUP_CHILDREN)]
    TooManyChildren(String),
    #[error("group {name} has groups below it, {child} among them: delete those first")]
    GroupHasChildren { name: String, child: String },
    #[error("thing {0} is in {max} groups, which is the limit: remove it from one of them first",
        max = limits::GROUPS_OF_THING)]
    TooManyGroups(String),
    #[error(
        "thing {thing} is in group {other}, which belongs to the same hierarchy as {group}: remove it from there first"
    )]
    SameHierarchy { thing: String, group: String, other: String },

    #[error(transparent)]
    Certificate(#[from] CertificateFault),
    #[error("certificate {id} expired at {not_after_s} (Unix seconds): register one that is still valid")]
    Expired { id: CertificateId, not_after_s: i64 },
    #[error("certificate {0} is registered already: use it as it is, or delete it first")]
    CertificateExists(CertificateId),
    #[error("certificate {id} is registered already for {scope}: delete it there first")]
    CertificateElsewhere { id: CertificateId, scope: Arc<Scope> },
    #[error(
        "there is no certificate {0}: register it first, or look for its id with `thingstead device show NAME`"
    )]
    UnknownCertificate(CertificateId),
    #[error("a certificate cannot be set to {0}: choose ACTIVE, INACTIVE or REVOKED")]
    StatusNotSettable(CertificateStatus),
    #[error("certificate {0} is REVOKED, which is final: create a new one")]
    Revoked(CertificateId),
    #[error("certificate {0} is ACTIVE: set it to INACTIVE before you delete it")]
    StillActive(CertificateId),
    #[error("certificate {id} is attached to thing {thing}: detach it first, or force the deletion")]
    CertificateInUse { id: CertificateId, thing: String },
    #[error("certificate {id} has policy {policy} attached: detach it first, or force the deletion")]
    CertificateHasPolicy { id: CertificateId, policy: String },
    #[error("certificate {id} belongs to thing {thing} exclusively: detach it there first")]
    Exclusive { id: CertificateId, thing: String },
    #[error(
        "certificate {id} has thing {thing} already and so cannot belong to another one exclusively: detach it there first"
    )]
    NotExclusive { id: CertificateId, thing: String },
    #[error("certificate {id} was not signed by {reason}")]
    NotSigned { id: CertificateId, reason: String },

    #[error(
        "certificate {id} may have been signed by CA certificate {one} or {other}, which have the same key: give the one that is meant"
    )]
    SeveralCas { id: CertificateId, one: CertificateId, other: CertificateId },

    #[error("CA certificate {0} is registered already: use it as it is, or delete it first")]
    CaExists(CertificateId),
    #[error(
        "there is no CA certificate {0}: register it first, or look for its id with `aws iot list-ca-certificates`"
    )]
    UnknownCa(CertificateId),
    #[error(
        "CA certificate {0} is INACTIVE: activate it with `aws iot update-ca-certificate --new-status ACTIVE`"
    )]
    CaInactive(CertificateId),
    #[error(
        "CA certificate {0} does not register certificates when they first connect: let it with `aws iot update-ca-certificate --new-auto-registration-status ENABLE`"
    )]
    CaDoesNotRegister(CertificateId),
    #[error("CA certificate {0} is ACTIVE: set it to INACTIVE before you delete it")]
    CaStillActive(CertificateId),
    #[error(
        "certificate {0} is not one of a CA, as it lacks CA:TRUE: issue it with `-addext basicConstraints=critical,CA:TRUE`"
    )]
    NotCa(CertificateId),
    #[error("{max} CA certificates with this subject are registered, which is the limit: delete one of them first",
        max = limits::CAS_OF_SUBJECT)]
    TooManyCas,
    #[error(
        "the verification certificate is missing: sign one whose common name is the registration code (`aws iot get-registration-code`), or register with certificate mode SNI_ONLY"
    )]
    NoVerification,
    #[error(
        "certificate mode SNI_ONLY takes no verification certificate: leave it out, or choose mode DEFAULT"
    )]
    NeedlessVerification,
    #[error(
        "the verification certificate's common name is \"{found}\" and not the registration code: issue it again with the code that `aws iot get-registration-code` prints"
    )]
    RegistrationCode { found: String },
    #[error("there is no registration code yet: get one with `aws iot get-registration-code`")]
    NoRegistrationCode,
    #[error("the verification certificate cannot be used ({0}): sign a new one with the CA's key")]
    Verification(String),
    #[error("a template's body may have {max} characters, and this one has {0}: shorten it",
        max = limits::TEMPLATE_BODY_CHARS)]
    TemplateBody(usize),
    #[error("\"{0}\" is no ARN of a role: give one such as arn:aws:iam::000000000000:role/NAME")]
    RoleArn(String),
    #[error("\"{0}\" is no name of a template: give 1 to {max} letters, digits, `_` or `-`",
        max = limits::TEMPLATE_NAME_CHARS)]
    TemplateName(String),

    #[error("\"{0}\" is no name of a policy: give 1 to {max} letters, digits or `_ + = , . @ -`",
        max = limits::POLICY_NAME_CHARS)]
    PolicyName(String),
    #[error("policy {name} is malformed: {error}")]
    MalformedPolicy { name: String, error: Box<PolicyError> },
    #[error("policy {0} exists: create a new version of it, or choose another name")]
    PolicyExists(String),
    #[error("there is no policy {0}: create it first, or look for its name with `aws iot list-policies`")]
    UnknownPolicy(String),
    #[error(
        "policy {name} has no version {version}: look for its versions with `aws iot list-policy-versions`"
    )]
    UnknownPolicyVersion { name: String, version: u32 },
    #[error("policy {0} has {max} versions, which is the limit: delete one that is not the default",
        max = limits::POLICY_VERSIONS)]
    TooManyVersions(String),
    #[error(
        "version {version} is the default one of policy {name}: make another one the default first, or delete the policy"
    )]
    DefaultVersion { name: String, version: u32 },
    #[error(
        "policy {name} has other versions than the default one, {version} among them: delete those first"
    )]
    PolicyHasVersions { name: String, version: u32 },
    #[error("policy {name} is attached to {target}: detach it first")]
    PolicyInUse { name: String, target: String },
    #[error("{target} has {max} policies attached, which is the limit: detach one of them first")]
    TooManyPolicies { target: String, max: usize },
    #[error(
        "\"{0}\" is nothing that policies are attached to: give the ARN of a certificate or a thing group, or an identity as REGION:UUID"
    )]
    Target(String),
    #[error("{target} does not belong to {scope}: use an ARN with this account and region")]
    ForeignTarget { target: String, scope: Arc<Scope> },

    #[error(
        "\"{0}\" carries no tags: give the ARN of a thing type, a thing group, a policy or a CA certificate"
    )]
    NotTaggable(String),
    #[error("a resource may have {max} tags, and this would be {0}: remove some first", max = limits::TAGS)]
    TooManyTags(usize),
    #[error("\"{0}\" is no key of a tag: give 1 to {max} letters, digits, spaces or `_ . : / = + - @`, not beginning with aws:",
        max = limits::TAG_KEY_CHARS)]
    TagKey(String),
    #[error("the value of tag \"{0}\" is too long: give at most {max} characters", max = limits::TAG_VALUE_CHARS)]
    TagValue(String),
}

/// Of what kind a refusal is, in words that belong to no protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    NotFound,
    Exists { id: String, name: String },
    Invalid,
    VersionConflict,
    VersionsLimit,
    DeleteConflict,
    CertificateState,
    CertificateConflict,
    CertificateInvalid,
    Limit,
    MalformedPolicy,
    RegistrationCode,
}

impl RegistryError {
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        let exists = |id: &dyn ToString, name: &dyn ToString| ErrorKind::Exists {
            id: id.to_string(),
            name: name.to_string(),
        };
        match self {
            Self::ThingExists { name, id }
            | Self::TypeExists { name, id }
            | Self::GroupExists { name, id } => exists(id, name),
            Self::PolicyExists(name) => exists(name, name),
            Self::CertificateExists(id) | Self::CaExists(id) => exists(id, id),
            Self::UnknownThing(_)
            | Self::UnknownType(_)
            | Self::UnknownGroup(_)
            | Self::UnknownCertificate(_)
            | Self::UnknownCa(_)
            | Self::UnknownPolicy(_)
            | Self::UnknownPolicyVersion { .. }
            | Self::NoRegistrationCode => ErrorKind::NotFound,
            Self::VersionConflict { .. } => ErrorKind::VersionConflict,
            Self::TooManyVersions(_) => ErrorKind::VersionsLimit,
            Self::CertificateInUse { .. }
            | Self::CertificateHasPolicy { .. }
            | Self::DefaultVersion { .. }
            | Self::PolicyHasVersions { .. }
            | Self::PolicyInUse { .. } => ErrorKind::DeleteConflict,
            Self::Revoked(_) | Self::StillActive(_) | Self::CaInactive(_) | Self::CaStillActive(_) => {
                ErrorKind::CertificateState
            }
            Self::CertificateElsewhere { .. } | Self::SeveralCas { .. } => ErrorKind::CertificateConflict,
            Self::Certificate(_)
            | Self::Expired { .. }
            | Self::NotSigned { .. }
            | Self::NotCa(_)
            | Self::Verification(_) => ErrorKind::CertificateInvalid,
            Self::TooManyCas | Self::TooManyPolicies { .. } | Self::TooManyTags(_) => ErrorKind::Limit,
            Self::MalformedPolicy { .. } => ErrorKind::MalformedPolicy,
            Self::RegistrationCode { .. } => ErrorKind::RegistrationCode,
            _ => ErrorKind::Invalid,
        }
    }
}
