//! A verdict in, the same as a document out: stored with a client's activity and sent to whoever asks. Decides nothing.

use policy::{Fix, Place, Verdict, Why};
use serde::{Deserialize, Serialize};

/// A verdict as it is kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) allowed: bool,
    /// Such as `iot:Publish`.
    pub(crate) action: String,
    /// Such as `topic/a/b`.
    pub(crate) resource: String,
    pub(crate) arn: String,
    pub(crate) principal: String,
    /// Names of the policies that were looked at, as far as they did not decide.
    pub(crate) policies: Vec<ToldPolicy>,
    /// The statement that decided.
    pub(crate) deciding: Option<ToldStatement>,
    /// The statement that came nearest, and what it would have to say.
    pub(crate) nearest: Option<ToldStatement>,
    pub(crate) difference: Option<String>,
    pub(crate) variables: Vec<ToldVariable>,
    pub(crate) fix: Option<ToldFix>,
    /// All of it in one sentence.
    pub(crate) text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ToldPolicy {
    pub(crate) name: String,
    pub(crate) version: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ToldStatement {
    pub(crate) policy: String,
    pub(crate) version: u32,
    /// From 1.
    pub(crate) statement: usize,
    pub(crate) sid: Option<String>,
    pub(crate) resource: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ToldVariable {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ToldFix {
    /// `add-statement`, `attach-policy` or `narrow-deny`.
    pub(crate) kind: String,
    /// The policy to change.
    pub(crate) policy: Option<String>,
    /// The statement to add, or the document of the policy to attach.
    pub(crate) json: Option<String>,
}

impl Told {
    pub(crate) fn of(verdict: &Verdict) -> Told {
        let (deciding, nearest, difference, policies) = match &verdict.why {
            Why::Allowed(place) | Why::ExplicitDeny(place) => (Some(place), None, None, Vec::new()),
            Why::NothingMatched { policies, nearest } => {
                let difference = nearest.as_ref().map(|nearest| nearest.difference.to_string());
                let policies = policies.iter();
                let named =
                    |(name, version): &(String, u32)| ToldPolicy { name: name.clone(), version: *version };
                (
                    None,
                    nearest.as_ref().map(|nearest| &nearest.place),
                    difference,
                    policies.map(named).collect(),
                )
            }
            Why::Everything | Why::NoPolicy => (None, None, None, Vec::new()),
        };
        let variables = verdict.variables.iter();
        let variable =
            |found: &policy::Variable| ToldVariable { name: found.name.clone(), value: found.value.clone() };
        Told {
            allowed: verdict.allowed,
            action: verdict.action.to_string(),
            resource: verdict.resource.clone(),
            arn: verdict.arn.clone(),
            principal: verdict.principal.clone(),
            policies,
            deciding: deciding.map(statement),
            nearest: nearest.map(statement),
            difference,
            variables: variables.map(variable).collect(),
            fix: verdict.fix.as_ref().map(fix),
            text: verdict.to_string(),
        }
    }

    /// About how many bytes it holds.
    pub(crate) fn weight(&self) -> usize {
        let variables =
            self.variables.iter().map(|v| v.name.len() + v.value.as_ref().map_or(0, String::len) + 48);
        let fix = self.fix.as_ref().and_then(|fix| fix.json.as_ref()).map_or(0, String::len);
        400 + self.text.len() + 2 * self.arn.len() + fix + variables.sum::<usize>() + 64 * self.policies.len()
    }
}

fn statement(place: &Place) -> ToldStatement {
    ToldStatement {
        policy: place.policy.clone(),
        version: place.version,
        statement: place.statement,
        sid: place.sid.clone(),
        resource: place.resource.clone(),
    }
}

fn fix(fix: &Fix) -> ToldFix {
    let told = |kind: &str, policy: Option<&String>, json: Option<&String>| ToldFix {
        kind: kind.to_owned(),
        policy: policy.cloned(),
        json: json.cloned(),
    };
    match fix {
        Fix::AddStatement { policy, statement } => told("add-statement", Some(policy), Some(statement)),
        Fix::AttachPolicy { document } => told("attach-policy", None, Some(document)),
        Fix::NarrowDeny(place) => told("narrow-deny", Some(&place.policy), None),
    }
}
