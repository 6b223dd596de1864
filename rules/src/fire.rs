//! A rule and a message in; what its actions come to, or why none does, out. Does none of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sql::{Evaluation, Input, Need, Outcome as Selected, Stop, Template, TraceId, Value};

use crate::action::Action;
use crate::address::without_query;
use crate::limits::{ACTION_BYTES, FIRED_BYTES};
use crate::rule::Rule;

/// What became of a rule that a message woke.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// WHERE was not true, but this.
    Skipped(Value),
    /// One for each action, in the rule's order.
    Fired(Vec<Result<Effect, Failure>>),
    /// The statement itself came to nothing.
    Failed(Failure),
    /// The outside has to be asked first.
    Open(Box<Need>),
}

/// An action with everything it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    pub action: Action<String>,
    pub payload: Bytes,
    /// Bytes of the action's texts.
    pub texts: usize,
}

impl Outcome {
    /// Bytes that it holds: the payload once for all actions, and their texts.
    pub fn bytes(&self) -> usize {
        let Outcome::Fired(effects) = self else { return 0 };
        let payload = effects.iter().flatten().map(|effect| effect.payload.len()).max().unwrap_or(0);
        payload + effects.iter().flatten().map(|effect| effect.texts).sum::<usize>()
    }
}

/// Why an action, or the whole rule, came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub action: String,
    pub resource: String,
    pub message: String,
}

impl Outcome {
    /// What came of it, in a word and in words.
    pub fn describe(&self) -> (&'static str, String) {
        match self {
            Outcome::Skipped(value) => ("skipped", format!("WHERE came to {value}, not to true")),
            Outcome::Fired(effects) => ("fired", format!("{} action(s)", effects.len())),
            Outcome::Failed(failure) => ("failed", failure.message.clone()),
            Outcome::Open(need) => ("waits", format!("asks first: {need}")),
        }
    }
}

/// Where an evaluation that fails as a whole says it failed.
pub(crate) const STATEMENT: &str = "RuleStatement";

/// Evaluates one rule of a message; `held` counts what its rules came to so far, and once that is too much no more are
/// evaluated.
pub fn fire_within(rule: &Rule, evaluation: &mut Evaluation<'_>, held: &mut usize) -> Outcome {
    if *held > FIRED_BYTES {
        return Outcome::Failed(too_much(rule));
    }
    let outcome = fire(rule, evaluation);
    *held += outcome.bytes();
    if *held > FIRED_BYTES && outcome.bytes() > 0 { Outcome::Failed(too_much(rule)) } else { outcome }
}

fn too_much(rule: &Rule) -> Failure {
    let text =
        format!("the rules of one message make more than {FIRED_BYTES} bytes of it: let fewer select less");
    Failure::new(STATEMENT, &rule.name, text)
}

/// Evaluates one rule.
pub fn fire(rule: &Rule, evaluation: &mut Evaluation<'_>) -> Outcome {
    let payload = match rule.statement.run(evaluation) {
        Ok(Selected::Selected(payload)) => Bytes::from(payload),
        Ok(Selected::Skipped(value)) => return Outcome::Skipped(value),
        Err(Stop::Need(need)) => return Outcome::Open(need),
        Err(stop) => return Outcome::Failed(Failure::new(STATEMENT, &rule.name, text(stop))),
    };
    let mut effects = Vec::with_capacity(rule.actions.len());
    for action in &rule.actions {
        match resolve(action, payload.clone(), evaluation) {
            Err(need) => return Outcome::Open(need),
            Ok(effect) => effects.push(effect),
        }
    }
    Outcome::Fired(effects)
}

/// The rule's error action for these failures, if it has one.
pub fn on_error(rule: &Rule, input: &Input<'_>, failures: &[Failure]) -> Option<Result<Effect, Failure>> {
    let action = rule.error_action.as_ref()?;
    let payload = Bytes::from(error_document(rule, input, failures));
    let mut evaluation = Evaluation::new(input);
    // A variable that cannot be set leaves nothing in the templates.
    let _ = rule.statement.prepare(&mut evaluation);
    let resolved = resolve(action, payload, &mut evaluation);
    Some(resolved.unwrap_or_else(|_| {
        let reason = "its templates reach outside, which an error action's may not";
        Err(Failure::new(action.failed(), named(action), reason))
    }))
}

/// The outer error: the outside has to be asked first.
pub(crate) fn resolve(
    action: &Action<Template>,
    payload: Bytes,
    evaluation: &mut Evaluation<'_>,
) -> Result<Result<Effect, Failure>, Box<Need>> {
    let mut texts = 0;
    let resolved = action.map(|field, template| {
        let text = template.render(evaluation).map_err(|stop| (field, stop))?;
        texts += text.len();
        match texts <= ACTION_BYTES {
            true => Ok(text),
            false => {
                Err((field, Stop::Limit("the action's texts have more than 262144 bytes; fill in less")))
            }
        }
    });
    let failed = |reason: String| Failure::new(action.failed(), named(action), reason);
    match resolved {
        Err((_, Stop::Need(need))) => Err(need),
        Err((field, stop)) => Ok(Err(failed(format!("its {field} cannot be worked out: {}", text(stop))))),
        Ok(resolved) => Ok(match single_dollar(action) {
            Some(reason) => Err(failed(reason)),
            None => Ok(Effect { action: resolved, payload, texts }),
        }),
    }
}

/// The resource as it is written, but for a URL's query, which may carry keys.
fn named(action: &Action<Template>) -> &str {
    let text = action.resource().text();
    if matches!(action, Action::Http(_)) { without_query(text) } else { text }
}

/// A reserved topic is written with two dollars, since one begins a template.
fn single_dollar(action: &Action<Template>) -> Option<String> {
    let Action::Republish(republish) = action else { return None };
    let text = republish.topic.text();
    let is_single = text.starts_with('$') && !text.starts_with("$$") && !text.starts_with("${");
    is_single.then(|| format!("a reserved topic is written with two dollars in a rule: \"${text}\""))
}

pub(crate) fn text(stop: Stop) -> String {
    match stop {
        Stop::Need(need) => format!("{need:?} has no answer"),
        Stop::Failed(reason) => reason,
        Stop::Limit(reason) => reason.to_owned(),
    }
}

impl Failure {
    pub fn new(action: &str, resource: &str, message: impl Into<String>) -> Failure {
        Failure { action: action.to_owned(), resource: resource.to_owned(), message: message.into() }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}: {}", self.action, self.resource, self.message)
    }
}

/// What an error action gets, as AWS writes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorDocument<'a> {
    rule_name: &'a str,
    topic: &'a str,
    cloudwatch_trace_id: String,
    client_id: &'a str,
    base64_original_payload: String,
    failures: Vec<FailedAction<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailedAction<'a> {
    failed_action: &'a str,
    failed_resource: &'a str,
    error_message: &'a str,
}

pub(crate) fn error_document(rule: &Rule, input: &Input<'_>, failures: &[Failure]) -> Vec<u8> {
    let document = ErrorDocument {
        rule_name: &rule.name,
        topic: input.topic,
        cloudwatch_trace_id: TraceId::of(input.seed).to_string(),
        client_id: input.client_id.unwrap_or("N/A"),
        base64_original_payload: STANDARD.encode(input.payload),
        failures: failures
            .iter()
            .map(|failure| FailedAction {
                failed_action: &failure.action,
                failed_resource: &failure.resource,
                error_message: &failure.message,
            })
            .collect(),
    };
    serde_json::to_vec(&document).expect("texts can always be written")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Republish;
    use crate::definition::Definition;

    fn rule(sql: &str, topic: &str, error_topic: Option<&str>) -> Rule {
        let republish =
            |topic: &str| Action::Republish(Republish { topic: topic.to_owned(), ..Republish::default() });
        let definition = Definition {
            sql: sql.to_owned(),
            sql_version: Some("2016-03-23".to_owned()),
            description: None,
            is_disabled: false,
            actions: vec![republish(topic)],
            error_action: error_topic.map(republish),
        };
        Rule::compile(&"000000000000".into(), "r", &definition).expect("a valid rule")
    }

    fn input(payload: &[u8]) -> Input<'_> {
        Input {
            client_id: Some("d"),
            account: "000000000000",
            now_ms: 7,
            seed: 1,
            ..Input::new(payload, "a/b")
        }
    }

    fn check(sql: &str, topic: &str, payload: &str, expected: &str) {
        let input = input(payload.as_bytes());
        let told = match fire(&rule(sql, topic, None), &mut Evaluation::new(&input)) {
            Outcome::Skipped(value) => format!("skipped {value}"),
            Outcome::Failed(failure) => format!("failed {}", failure.message),
            Outcome::Open(need) => format!("asks for {need}"),
            Outcome::Fired(effects) => match effects.into_iter().next() {
                Some(Ok(Effect { action, payload, .. })) => {
                    format!("{} {}", action.resource(), String::from_utf8_lossy(&payload))
                }
                Some(Err(failure)) => format!("no action: {}", failure.message),
                None => "nothing".to_owned(),
            },
        };
        assert_eq!(told, expected, "{sql} on {payload}");
    }

    #[test]
    fn an_action_gets_the_result_and_its_templates_see_the_message() {
        check("SELECT n FROM 'a/b'", "out/${topic(2)}/${m}", r#"{"n":1,"m":"x"}"#, r#"out/b/x {"n":1}"#);
        check("SELECT * FROM 'a/b' WHERE n > 1", "out", r#"{"n":1}"#, "skipped false");
        check("SELECT * FROM 'a/b' WHERE n > 1", "out", "no json", "skipped Undefined");
        check(
            "SELECT * FROM 'a/b'",
            "$$aws/things/${n}/shadow/update",
            r#"{"n":1}"#,
            r#"$aws/things/1/shadow/update {"n":1}"#,
        );
        check("SELECT n FROM 'a/b'", "out", "no json", "out {}");
        check("SELECT get_thing_shadow('t', 'r') AS s FROM 'a/b'", "out", "{}", "asks for the shadow of t");
        check("SELECT n FROM 'a/b'", "${get_thing_shadow('t', 'r').x}", "{}", "asks for the shadow of t");
        check(
            "SELECT n FROM 'a/b'",
            "$aws/things/t/shadow/update",
            "{}",
            "no action: a reserved topic is written with two dollars in a rule: \"$$aws/things/t/shadow/update\"",
        );
    }

    #[test]
    fn an_error_action_gets_the_message_and_every_failure() {
        let rule = rule("SET @t = 'errors' SELECT * FROM 'a/b'", "out", Some("${@t}/${topic(1)}"));
        let failures = [Failure::new("S3Action", "b", "no"), Failure::new("SqsAction", "q", "\"never\"")];
        let effect = on_error(&rule, &input(b"\xff"), &failures).expect("it has one").expect("it resolves");
        assert_eq!(effect.action.resource(), "errors/a");
        let expected = concat!(
            r#"{"ruleName":"r","topic":"a/b","cloudwatchTraceId":"3b773c6e-45a7-4206-9a33-226850a517c0","clientId":"d","base64OriginalPayload":"/w==","#,
            r#""failures":[{"failedAction":"S3Action","failedResource":"b","errorMessage":"no"},"#,
            r#"{"failedAction":"SqsAction","failedResource":"q","errorMessage":"\"never\""}]}"#
        );
        assert_eq!(effect.payload, expected);
    }

    #[test]
    fn what_the_rules_of_one_message_make_of_it_is_bounded() {
        let rule = rule("SELECT * FROM 'a/b'", "out", None);
        let payload = format!("{{\"a\":\"{}\"}}", "x".repeat(100_000));
        let (input, mut held, mut refused) = (input(payload.as_bytes()), 0, 0);
        for _ in 0..1000 {
            let outcome = fire_within(&rule, &mut Evaluation::new(&input), &mut held);
            refused += usize::from(matches!(outcome, Outcome::Failed(_)));
        }
        assert!((800..900).contains(&refused), "{refused}");
    }
}
