//! A valid document in, what in it cannot work as meant out; judges no ask.

use std::fmt;

use crate::arn;
use crate::ask::Action;
use crate::document::{Document, Effect, Statement};
use crate::keys;
use crate::pattern::Pattern;
use crate::template::Template;

/// Something in a document that is allowed and most likely wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Such as `Statement[1].Resource[0]`, counted from 0.
    pub path: String,
    pub rule: Rule,
    /// What is there.
    pub text: String,
    /// Why it is wrong and what to write.
    pub advice: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    LiteralWildcard,
    /// `topic` where `topicfilter` is meant, or another kind that no action of the statement uses.
    WrongKind,
    UselessAction,
    UnknownAction,
    UnknownVariable,
    UnknownKey,
    VariableInOldVersion,
    OtherService,
    DoubleDollar,
    /// Denied, whatever it allows.
    Unreachable,
    /// Another statement says the same already.
    Redundant,
    RepeatedSid,
    AnyClientId,
    AllowsEverything,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}: {}", self.path, self.text, self.advice)
    }
}

impl Document {
    /// Everything found, in the order of the statements.
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = Findings(Vec::new());
        for (position, statement) in self.statements().iter().enumerate() {
            let path = format!("Statement[{position}]");
            actions(statement, &path, &mut findings);
            for (index, resource) in statement.resources.iter().enumerate() {
                let path = format!("{path}.{}[{index}]", statement.resource_field());
                self.resource(statement, resource, &path, &mut findings);
            }
            conditions(statement, &path, &mut findings);
            self.against_others(position, statement, &path, &mut findings);
        }
        findings.0
    }

    fn resource(&self, statement: &Statement, resource: &Template, path: &str, findings: &mut Findings) {
        let text = resource.text();
        let mut found = |rule, advice: &str| findings.add(path, rule, text, advice);
        if !self.variables_allowed() && text.contains("${") {
            found(Rule::VariableInOldVersion, "version 2008-10-17 takes ${…} literally; write 2012-10-17");
        }
        if text.contains("$$aws") {
            found(Rule::DoubleDollar, "reserved topics begin with one dollar sign: $aws");
        }
        for name in resource.variable_names().filter(|name| keys::canonical(name).is_none()) {
            let advice = format!("the variable {name} is unknown and never has a value");
            found(Rule::UnknownVariable, &advice);
        }
        if let Some(service) = arn::parts(text).get(2)
            && *service != "iot"
            && !service.contains(['*', '?'])
        {
            found(Rule::OtherService, "only resources of the service iot are ever asked for");
            return;
        }
        let Some((kind, name)) = arn::tail(text).and_then(|tail| tail.split_once('/')) else { return };
        if kind == "topic" && name.split('/').any(|level| level == "+" || level == "#") {
            found(
                Rule::LiteralWildcard,
                "+ and # are ordinary characters in a policy and no topic holds them; write *",
            );
        }
        if !kind.contains(['*', '?', '$']) && !statement.uses_kind(kind) {
            let advice = match kind {
                "topic" if statement.covers(Action::Subscribe) => {
                    "iot:Subscribe is asked on topicfilter/…; write topicfilter".to_owned()
                }
                "topicfilter" if statement.uses_kind("topic") => {
                    "publishing and receiving are asked on topic/…; write topic".to_owned()
                }
                kind => format!("no action of this statement is asked on {kind}/…"),
            };
            found(Rule::WrongKind, &advice);
        }
    }

    fn against_others(&self, position: usize, statement: &Statement, path: &str, findings: &mut Findings) {
        let text = statement.resources.first().map(Template::text).unwrap_or_default();
        let others = self.statements().iter().enumerate().filter(|(other, _)| *other != position);
        for (other_position, other) in others {
            if statement.sid.is_some() && statement.sid == other.sid && other_position < position {
                let sid = statement.sid.as_deref().unwrap_or_default();
                let advice = "the same Sid stands on an earlier statement; give it another";
                findings.add(&format!("{path}.Sid"), Rule::RepeatedSid, sid, advice);
            }
            if !other.contains(statement) {
                continue;
            }
            if statement.effect == Effect::Allow && other.effect == Effect::Deny {
                let advice = format!("Statement[{other_position}] denies all of it; remove one of them");
                findings.add(path, Rule::Unreachable, text, &advice);
            }
            // Of two equal statements the later one is redundant.
            let first = other_position < position || !statement.contains(other);
            if statement.effect == other.effect && first {
                let advice = format!("Statement[{other_position}] covers all of it; remove it");
                findings.add(path, Rule::Redundant, text, &advice);
            }
        }
        if statement.effect == Effect::Deny || !statement.conditions.is_empty() || statement.not_resource {
            return;
        }
        let all_actions = Action::ALL.iter().all(|action| statement.covers(*action));
        if all_actions && statement.resources.iter().any(|resource| resource.text() == "*") {
            findings.add(
                path,
                Rule::AllowsEverything,
                "*",
                "every action on everything is allowed; name both",
            );
        } else if statement.covers(Action::Connect)
            && let Some(open) = statement.resources.iter().find(|resource| any_client(resource.text()))
            && self.uses_client_id()
        {
            findings.add(
                path,
                Rule::AnyClientId,
                open.text(),
                "any client id may connect, so ${iot:ClientId} elsewhere keeps nobody apart; \
                 write client/${iot:Connection.Thing.ThingName}",
            );
        }
    }

    fn uses_client_id(&self) -> bool {
        let resources = self.statements().iter().flat_map(|statement| &statement.resources);
        resources
            .filter(|resource| !resource.text().contains(":client/"))
            .any(|resource| resource.variable_names().any(|name| name == "iot:ClientId"))
    }
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, path: &str, rule: Rule, text: &str, advice: &str) {
        self.0.push(Finding {
            path: path.to_owned(),
            rule,
            text: text.to_owned(),
            advice: advice.to_owned(),
        });
    }
}

fn any_client(resource: &str) -> bool {
    resource == "*" || arn::tail(resource).is_some_and(|tail| tail == "*" || tail == "client/*")
}

fn actions(statement: &Statement, path: &str, findings: &mut Findings) {
    for (index, text) in statement.action_texts.iter().enumerate() {
        let path = format!("{path}.{}[{index}]", if statement.not_action { "NotAction" } else { "Action" });
        let covered = covered_by(text);
        if covered.is_empty() {
            let meant = Action::ALL
                .iter()
                .flat_map(|action| action.names())
                .find(|name| Pattern::wild(&text.to_lowercase()).matches(&name.to_lowercase()));
            let advice = match meant {
                Some(name) => format!("the case of a letter differs from {name}; write {name}"),
                None => "no connection or data call ever asks for it".to_owned(),
            };
            findings.add(&path, Rule::UnknownAction, text, &advice);
        } else if !statement.not_action && !text.contains('*') {
            let usable = |action: &Action| {
                statement.not_resource
                    || statement.resources.iter().any(|resource| may_name(resource.text(), kind_of(*action)))
            };
            if let Some(useless) = covered.iter().find(|action| !usable(action)) {
                let advice = match kind_of(*useless) {
                    "" => "it is asked on * only; add a statement with the resource *".to_owned(),
                    kind => format!("it is asked on {kind}/…, and no resource of this statement is one"),
                };
                findings.add(&path, Rule::UselessAction, text, &advice);
            }
        }
    }
}

fn covered_by(text: &str) -> Vec<Action> {
    let pattern = Pattern::wild(text);
    let covers = |action: &&Action| action.names().iter().any(|name| pattern.matches(name));
    Action::ALL.iter().filter(covers).copied().collect()
}

fn may_name(resource: &str, kind: &str) -> bool {
    match arn::tail(resource) {
        None => true,
        Some(tail) => match tail.split_once('/') {
            Some((head, _)) if !head.contains(['*', '?', '$']) => head == kind,
            _ => !kind.is_empty(),
        },
    }
}

fn conditions(statement: &Statement, path: &str, findings: &mut Findings) {
    for line in &statement.conditions {
        let path = format!("{path}.Condition.{}.{}", line.operator_text, line.key);
        if keys::canonical(&line.key).is_none() {
            findings.add(
                &path,
                Rule::UnknownKey,
                &line.key,
                "AWS IoT does not know this key; it has no value",
            );
        }
    }
}

/// The word in front of the slash of what the action is asked on; empty for `*` only.
fn kind_of(action: Action) -> &'static str {
    match action {
        Action::Connect
        | Action::GetConnection
        | Action::DeleteConnection
        | Action::ListSubscriptions
        | Action::SendDirectMessage => "client",
        Action::Publish | Action::Receive | Action::RetainPublish | Action::GetRetainedMessage => "topic",
        Action::Subscribe => "topicfilter",
        Action::ListRetainedMessages => "",
        Action::AssumeRoleWithCertificate => "rolealias",
        Action::GetThingShadow
        | Action::UpdateThingShadow
        | Action::DeleteThingShadow
        | Action::ListNamedShadowsForThing
        | Action::DescribeJobExecution
        | Action::GetPendingJobExecutions
        | Action::StartNextPendingJobExecution
        | Action::UpdateJobExecution => "thing",
    }
}

impl Statement {
    fn resource_field(&self) -> &'static str {
        if self.not_resource { "NotResource" } else { "Resource" }
    }

    fn uses_kind(&self, kind: &str) -> bool {
        Action::ALL.iter().any(|action| self.covers(*action) && kind_of(*action) == kind)
    }

    /// Whether it surely covers all that the other covers; it may say no where the answer is yes.
    fn contains(&self, other: &Statement) -> bool {
        let plain = |statement: &Statement| !statement.not_resource && statement.actions != 0;
        if !plain(self) || !plain(other) || !self.conditions.is_empty() {
            return false;
        }
        let any_contains = |inner: &Template| self.resources.iter().any(|outer| text_contains(outer, inner));
        other.actions & !self.actions == 0 && other.resources.iter().all(any_contains)
    }
}

/// A pattern covers another if it matches the other's text, where its own star stands for the other's.
fn text_contains(outer: &Template, inner: &Template) -> bool {
    if outer.text() == inner.text() {
        return true;
    }
    // A question mark could wrongly take a star, and a variable could stand for anything.
    let simple = outer.variable_names().next().is_none() && !outer.text().contains(['?', '$']);
    simple && Pattern::wild(outer.text()).matches(inner.text())
}
