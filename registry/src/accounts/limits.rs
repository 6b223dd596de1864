//! How much of everything an account may have. IAM's quotas where IAM has one.

/// Access keys of an account.
pub const ACCESS_KEYS: usize = 100;

/// Temporary credentials of an account that have not expired.
pub const SESSIONS: usize = 10_000;

/// Roles of an account.
pub const ROLES: usize = 1_000;

/// Managed policies of an account.
pub const POLICIES: usize = 1_500;

/// Versions of a managed policy.
pub const POLICY_VERSIONS: usize = 5;

/// Managed policies attached to a role.
pub const ATTACHED_POLICIES: usize = 20;

/// Letters of a managed policy's document, blanks aside.
pub const POLICY_CHARS: usize = 6_144;

/// Letters of all inline policies of a role together, blanks aside.
pub const INLINE_CHARS: usize = 10_240;

/// Letters of a trust policy, blanks aside.
pub const TRUST_CHARS: usize = 4_096;

/// Bytes of any document as it is handed in, blanks included.
pub const DOCUMENT_BYTES: usize = 131_072;

/// Letters of the name of a key or a role.
pub const NAME_CHARS: usize = 64;

/// Letters of the name of a policy.
pub const POLICY_NAME_CHARS: usize = 128;

/// Letters of a path.
pub const PATH_CHARS: usize = 512;

/// Letters of a description.
pub const DESCRIPTION_CHARS: usize = 1_000;

/// Tags of one role or policy.
pub const TAGS: usize = 50;

/// Letters of a tag's key.
pub const TAG_KEY_CHARS: usize = 128;

/// Letters of a tag's value.
pub const TAG_VALUE_CHARS: usize = 256;

/// The shortest and the longest life of temporary credentials.
pub const SESSION_S: (u32, u32) = (900, 43_200);

/// The longest life of temporary credentials of a user, from GetSessionToken.
pub const USER_SESSION_S: u32 = 129_600;

/// What a role's sessions may last at least, and what they last when nobody says.
pub const ROLE_SESSION_S: u32 = 3_600;
