//! The answer to an ask with its reasons, and its wording; computes nothing.

use std::fmt;

use crate::ask::Action;

/// Whether an ask is allowed, why, and what would change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub allowed: bool,
    pub action: Action,
    /// Short, as in `topic/a/b`.
    pub resource: String,
    /// The whole ARN of the ask; `*` for an action without a resource.
    pub arn: String,
    /// In words; may be empty.
    pub principal: String,
    pub why: Why,
    /// Names of the policies with a matching Allow.
    pub allowing: Vec<String>,
    /// Names of the policies with a matching Deny.
    pub denying: Vec<String>,
    /// Every variable and condition key of the statements about this action, with its value.
    pub variables: Vec<Variable>,
    pub fix: Option<Fix>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The principal is allowed everything.
    Everything,
    Allowed(Place),
    ExplicitDeny(Place),
    /// There are policies, and no statement covers the ask.
    NothingMatched {
        /// Name and version of each policy looked at.
        policies: Vec<(String, u32)>,
        nearest: Option<Nearest>,
    },
    NoPolicy,
}

/// A statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub policy: String,
    pub version: u32,
    /// From 1.
    pub statement: usize,
    pub sid: Option<String>,
    /// The resource of that statement that matters, as written and short where it can be.
    pub resource: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest {
    pub place: Place,
    /// What that statement allows, such as `iot:Publish`.
    pub action: String,
    pub difference: Difference,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The statement allows this resource, but other actions.
    Action {
        asked: Action,
    },
    /// `iot:publish` for `iot:Publish`.
    ActionCase {
        asked: Action,
    },
    /// Only upper and lower case differ.
    Case,
    /// `topic` for `topicfilter` or the reverse: kinds as `topic/`.
    Kind {
        asked: String,
        found: String,
    },
    /// `+` and `#` are literal in a resource; `*` is the wildcard of policies.
    LiteralWildcard,
    Region {
        asked: String,
        found: String,
    },
    Account {
        asked: String,
        found: String,
    },
    Partition {
        asked: String,
        found: String,
    },
    /// The client id is not the one the statement allows.
    ClientId {
        asked: String,
        found: String,
    },
    /// A level of the topic, counted from 1; an empty text stands for no such level.
    Level {
        number: usize,
        asked: String,
        found: String,
    },
    /// The variable has no value, or one that AWS does not substitute (then `value` holds it).
    Unresolved {
        name: String,
        value: Option<String>,
        reason: String,
    },
    /// The resource is covered, but a condition does not hold.
    Condition {
        operator: String,
        key: String,
        wanted: Vec<String>,
        found: Vec<String>,
    },
    /// The action has no resource: only `*` covers it.
    NeedsStar,
    /// The resource is listed under NotResource.
    Excluded,
    /// The texts differ in no way that has a name.
    Other,
}

/// A policy variable and its value for this connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    pub value: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// Add this statement to the policy of this name.
    AddStatement { policy: String, statement: String },
    /// Attach a policy with this document to the principal.
    AttachPolicy { document: String },
    /// Remove or narrow the denying statement; nothing that is added can help.
    NarrowDeny(Place),
}

impl Verdict {
    /// Names of the variables without a value: TestAuthorization's missingContextValues.
    pub fn missing_variables(&self) -> impl Iterator<Item = &str> {
        self.variables
            .iter()
            .filter(|variable| variable.value.is_none())
            .map(|variable| variable.name.as_str())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {} ", self.action, self.resource)?;
        match &self.why {
            Why::Everything => write!(f, "is allowed: this principal may do everything"),
            Why::Allowed(place) => write!(f, "is allowed by {place}"),
            Why::ExplicitDeny(place) => write!(
                f,
                "is not allowed: {place} denies {}, and a Deny wins over every Allow",
                place.resource
            ),
            Why::NoPolicy if self.principal.is_empty() => {
                write!(f, "is not allowed: no policy is attached to this principal")
            }
            Why::NoPolicy => write!(f, "is not allowed: no policy is attached to {}", self.principal),
            Why::NothingMatched { policies, nearest } => {
                write!(f, "is not allowed: no statement of {} covers it", PolicyList(policies))?;
                match nearest {
                    None => Ok(()),
                    Some(nearest) if policies.len() > 1 => {
                        write!(f, "; nearest: {} allows {nearest}", nearest.place)
                    }
                    Some(nearest) => {
                        write!(f, "; nearest: statement {} allows {nearest}", nearest.place.statement)
                    }
                }
            }
        }?;
        match &self.fix {
            None => Ok(()),
            Some(fix) => write!(f, ". Fix: {fix}"),
        }
    }
}

/// The smallest statement that allows an action on exactly one ARN (or `*`), as JSON.
pub fn allow_statement(action: Action, arn: &str) -> String {
    let resource = if arn == "*" { arn.to_owned() } else { literal(arn) };
    format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":{}}}"#, serde_json::Value::from(resource))
}

/// The text as a policy must write it to mean itself.
fn literal(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(ch) = rest.next() {
        match ch {
            '*' | '?' => written.push_str(&format!("${{{ch}}}")),
            '$' if rest.peek() == Some(&'{') => written.push_str("${$}"),
            ch => written.push(ch),
        }
    }
    written
}

struct PolicyList<'a>(&'a [(String, u32)]);

impl fmt::Display for PolicyList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (name, version)) in self.0.iter().enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            write!(f, "{comma}policy {name:?} (version {version})")?;
        }
        Ok(())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {}", self.statement)?;
        if let Some(sid) = &self.sid {
            write!(f, " ({sid})")?;
        }
        write!(f, " of policy {:?} (version {})", self.policy, self.version)
    }
}

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.difference {
            Difference::Action { .. } | Difference::ActionCase { .. } => {
                write!(f, "{} on {} ({})", self.action, self.place.resource, self.difference)
            }
            _ => write!(f, "{} ({})", self.place.resource, self.difference),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Action { asked } => write!(f, "the action {asked} is missing"),
            Difference::ActionCase { asked } => {
                write!(f, "the case of a letter in the action differs from {asked}")
            }
            Difference::Case => write!(f, "the case of a letter differs"),
            Difference::Kind { asked, found } => {
                write!(f, "the action needs a resource that begins with {asked}, not {found}")
            }
            Difference::LiteralWildcard => {
                write!(f, "+ and # are ordinary characters in a policy; its wildcards are * and ?")
            }
            Difference::Region { asked, found } => {
                write!(f, "the region is {asked}, the statement says {found}")
            }
            Difference::Account { asked, found } => {
                write!(f, "the account is {asked}, the statement says {found}")
            }
            Difference::Partition { asked, found } => {
                write!(f, "the partition is {asked}, the statement says {found}")
            }
            Difference::ClientId { asked, found } => {
                write!(f, "the client id is {asked:?}, the statement allows {found:?}")
            }
            Difference::Level { number, asked, found } if asked.is_empty() => {
                write!(f, "level {number} is missing or empty, the statement wants {found:?}")
            }
            Difference::Level { number, asked, found } if found.is_empty() => {
                write!(f, "level {number} is {asked:?}, the statement has none")
            }
            Difference::Level { number, asked, found } => {
                write!(f, "level {number} is {asked:?}, the statement says {found:?}")
            }
            Difference::Unresolved { name, value: None, reason } => {
                write!(f, "the variable {name} has no value: {reason}")
            }
            Difference::Unresolved { name, value: Some(value), reason } => {
                write!(f, "the variable {name} is not filled in with {value:?}: {reason}")
            }
            Difference::Condition { operator, key, wanted, found } => {
                write!(f, "its condition {operator} on {key} wants {wanted:?}, the value is ")?;
                if found.is_empty() { f.write_str("absent") } else { write!(f, "{found:?}") }
            }
            Difference::NeedsStar => write!(f, "the action has no resource of its own, so only * covers it"),
            Difference::Excluded => write!(f, "its NotResource leaves this resource out"),
            Difference::Other => write!(f, "the resource differs"),
        }
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fix::AddStatement { statement, .. } => write!(f, "add {statement}"),
            Fix::AttachPolicy { document } => write!(f, "attach a policy with the document {document}"),
            Fix::NarrowDeny(place) => write!(f, "remove {place}, or narrow its resource"),
        }
    }
}
