//! One line of a Condition block, and whether it holds for a connection and an ask; parses no JSON.

use std::borrow::Cow;

use crate::ask::{Action, Ask};
use crate::date;
use crate::document::Effect;
use crate::keys;
use crate::operator::{Operator, Quantifier, Test, boolean};
use crate::template::Template;
use crate::variables::Variables;

#[derive(Debug, PartialEq)]
pub(crate) struct Condition {
    /// As written, with its quantifier.
    pub(crate) operator_text: String,
    pub(crate) operator: Operator,
    pub(crate) key: String,
    pub(crate) values: Vec<Template>,
}

/// What condition keys can be asked of: the connection, and what comes with the ask.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) variables: &'a Variables,
    pub(crate) connecting: bool,
    pub(crate) include_socket_information: Option<bool>,
    pub(crate) now_ms: Option<u64>,
}

impl<'a> Context<'a> {
    pub(crate) fn of(variables: &'a Variables, ask: &Ask<'_>) -> Self {
        Context {
            variables,
            connecting: ask.action == Action::Connect,
            include_socket_information: ask.include_socket_information,
            now_ms: ask.now_ms,
        }
    }

    pub(crate) fn without_ask(variables: &'a Variables, connecting: bool) -> Self {
        Context { variables, connecting, include_socket_information: None, now_ms: None }
    }

    pub(crate) fn values(&self, key: &str) -> Vec<Cow<'a, str>> {
        let one = |value: Option<String>| value.map(Cow::Owned).into_iter().collect();
        match key {
            keys::CONNECT_ATTRIBUTES if self.connecting => {
                let attributes = self.variables.connect_attributes.iter();
                attributes.map(|attribute| Cow::Borrowed(attribute.name())).collect()
            }
            keys::LAST_WILL_TOPIC if self.connecting => {
                let topic = self.variables.last_will_topic.as_ref();
                one(topic.map(|topic| format!("{}topic/{topic}", self.variables.arn_prefix())))
            }
            keys::CONNECT_ATTRIBUTES | keys::LAST_WILL_TOPIC => Vec::new(),
            keys::INCLUDE_SOCKET_INFORMATION => {
                one(self.include_socket_information.map(|asked| asked.to_string()))
            }
            keys::CURRENT_TIME => one(self.now_ms.map(date::format_ms)),
            keys::EPOCH_TIME => one(self.now_ms.map(|now_ms| (now_ms / 1000).to_string())),
            key if keys::is_name_field(key) => {
                let values = self.variables.values(key).into_iter();
                values.map(|value| Cow::Owned(escaped(&value))).collect()
            }
            key => self.variables.values(key),
        }
    }
}

/// AWS shows the parts of a distinguished name with a backslash before special characters.
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for ch in value.chars() {
        if ",\"\\+=<>;".contains(ch) {
            escaped.push('\\');
        }
        escaped.push(ch);
    }
    escaped
}

impl Condition {
    pub(crate) fn comes_with_the_ask(&self) -> bool {
        keys::comes_with_the_ask(&self.key)
    }

    pub(crate) fn holds(&self, context: &Context<'_>, effect: Effect) -> bool {
        let found = context.values(&self.key);
        if self.operator.test == Test::Null {
            let wants_absence = |value: &Template| {
                value.fill_text(context.variables).is_ok_and(|text| boolean(&text) == Some(found.is_empty()))
            };
            return self.values.iter().any(wants_absence);
        }
        if found.is_empty() {
            return match self.operator.quantifier {
                _ if self.operator.if_exists => true,
                Some(Quantifier::ForAllValues) => true,
                Some(Quantifier::ForAnyValue) => false,
                None => self.operator.negated,
            };
        }
        let negated = self.operator.negated;
        // What cannot be worked out must not widen what is allowed.
        if negated
            && effect == Effect::Allow
            && self.values.iter().any(|value| value.fill_text(context.variables).is_err())
        {
            return false;
        }
        let passes = |found: &Cow<'_, str>| {
            let accepts = |wanted| self.operator.accepts(wanted, found, context.variables).unwrap_or(false);
            self.values.iter().any(accepts) != negated
        };
        match self.operator.quantifier {
            Some(Quantifier::ForAllValues) => found.iter().all(passes),
            Some(Quantifier::ForAnyValue) => found.iter().any(passes),
            None if negated => found.iter().all(passes),
            None => found.iter().any(passes),
        }
    }
}
