//! Why a wish about an account is refused. Decides nothing.

use thiserror::Error;

use super::limits;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AccountsError {
    #[error("\"{0}\" is no account: give 12 digits, such as 000000000000")]
    Account(String),
    #[error(
        "{what} may have 1 to {most} letters, digits and `_ + = , . @ -`, and \"{name}\" does not: change it"
    )]
    Name { what: &'static str, name: String, most: usize },
    #[error(
        "\"{0}\" is no path: give `/`, or words between slashes such as `/service/`, at most {max} characters",
        max = limits::PATH_CHARS
    )]
    Path(String),
    #[error("a description may have {max} characters, and this one has {0}: shorten it", max = limits::DESCRIPTION_CHARS)]
    Description(usize),
    #[error("{what} must be {least} to {most} seconds, and {found} is not")]
    Duration { what: &'static str, least: u32, most: u32, found: u32 },
    #[error("\"{0}\" is no ARN of a managed policy: it looks like arn:aws:iam::123456789012:policy/NAME")]
    PolicyArn(String),
    #[error(
        "the tag \"{0}\" is not allowed: a key has 1 to 128 letters, digits, spaces or `_ . : / = + - @` and does not begin with `aws:`, a value at most 256"
    )]
    Tag(String),
    #[error("an account may have {most} {what}: delete one first")]
    Limit { what: &'static str, most: usize },
    #[error("{what} may have {most} characters (blanks aside), and there would be {found}: shorten it")]
    Length { what: &'static str, most: usize, found: usize },
    #[error("Syntax errors in policy: {0}")]
    Document(String),
    #[error("{what} with name {name} already exists: choose another name, or delete it first")]
    Exists { what: &'static str, name: String },
    #[error("the random bytes lead to an access key that exists: try again with others")]
    Collision,
    #[error("there is no access key {0}: look for it with `thingstead keys ls`")]
    UnknownKey(String),
    #[error("The role with name {0} cannot be found: create it first (`aws iam create-role`)")]
    UnknownRole(String),
    #[error("The role {role} has no inline policy {policy}: `aws iam list-role-policies` shows those it has")]
    UnknownInline { role: String, policy: String },
    #[error("Policy {0} does not exist or is not attachable: create it first (`aws iam create-policy`)")]
    UnknownPolicy(String),
    #[error(
        "Policy {arn} version {version} does not exist: `aws iam list-policy-versions` shows those there are"
    )]
    UnknownVersion { arn: String, version: String },
    #[error(
        "Policy {arn} is not attached to role {role}: `aws iam list-attached-role-policies` shows those that are"
    )]
    NotAttached { role: String, arn: String },
    #[error("Cannot delete role {role}, must {fix} first: {found}")]
    RoleInUse { role: String, fix: &'static str, found: String },
    #[error("Cannot delete policy {arn}, must {fix} first")]
    PolicyInUse { arn: String, fix: &'static str },
    #[error("Cannot delete the default version of policy {arn}: make another one the default first")]
    DefaultVersion { arn: String },
    #[error(
        "User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}: {reason}. Change the role's \
         trust policy (`aws iam update-assume-role-policy`)"
    )]
    NotTrusted { caller: String, role: String, reason: String },
    #[error(
        "Cannot call GetSessionToken with session credentials: {caller} signed with temporary ones. Use the lasting \
         access key"
    )]
    NotForTemporary { caller: String },
}

/// What sort of refusal it is, for those who have to name it in another language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Invalid,
    MalformedPolicy,
    Limit,
    Exists,
    NotFound,
    InUse,
    Denied,
}

impl AccountsError {
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Account(_)
            | Self::Name { .. }
            | Self::Path(_)
            | Self::Description(_)
            | Self::Duration { .. }
            | Self::PolicyArn(_)
            | Self::Tag(_) => Kind::Invalid,
            Self::Limit { .. } | Self::Length { .. } => Kind::Limit,
            Self::Document(_) => Kind::MalformedPolicy,
            Self::Exists { .. } | Self::Collision => Kind::Exists,
            Self::UnknownKey(_)
            | Self::UnknownRole(_)
            | Self::UnknownInline { .. }
            | Self::UnknownPolicy(_)
            | Self::UnknownVersion { .. }
            | Self::NotAttached { .. } => Kind::NotFound,
            Self::RoleInUse { .. } | Self::PolicyInUse { .. } | Self::DefaultVersion { .. } => Kind::InUse,
            Self::NotTrusted { .. } | Self::NotForTemporary { .. } => Kind::Denied,
        }
    }
}
