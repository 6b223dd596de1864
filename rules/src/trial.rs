//! A rule and an occasion in, every step to what its actions come to out; for people who try a rule. Does no action.

use bytes::Bytes;
use message::limits::PAYLOAD_BYTES;
use sql::{Answer, Evaluation, Need, Outcome as Selected, Span, Stop, Value};

use crate::action::Action;
use crate::fire::{Effect, Failure, STATEMENT, error_document, on_error, resolve, text};
use crate::meeting::Meeting;
use crate::occasion::Occasion;
use crate::rule::Rule;
use crate::target::target;

/// What a rule makes of one message, step by step.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    pub meeting: Meeting,
    /// The steps are those of the rule if it were enabled.
    pub is_disabled: bool,
    /// SET, in order, without the `@`.
    pub variables: Vec<(String, Value)>,
    /// What WHERE came to; none: there is no WHERE, or it was not reached.
    pub condition: Option<Value>,
    /// Each column under how it was written.
    pub columns: Vec<(String, Value)>,
    /// Why values are what they may not be on AWS.
    pub remarks: Vec<String>,
    /// Where the branches of CASE stand that were taken.
    pub taken: Vec<Span>,
    pub end: End,
    /// What is told when something fails.
    pub on_error: Option<OnError>,
}

/// Where the steps end.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    NotWoken,
    /// WHERE came to this, and not to true.
    Skipped(Value),
    /// The outside has to be asked, and no answer was handed in.
    Asks(Box<Need>),
    /// The statement itself came to nothing.
    Failed(Failure),
    /// The result, and each action's in the rule's order.
    Fired {
        output: Bytes,
        actions: Vec<Result<Effect, Failure>>,
    },
}

/// AWS's error document, and the rule's error action if it has one.
#[derive(Debug, Clone, PartialEq)]
pub struct OnError {
    pub document: Bytes,
    pub action: Option<Result<Effect, Failure>>,
}

/// Tries a rule. `answers` are what the outside says to the needs that come up.
pub fn trial(rule: &Rule, occasion: &Occasion, answers: &[(Need, Answer)]) -> Trial {
    let mut trial = Trial {
        meeting: Meeting::of(&rule.name, rule.filter(), &occasion.message.topic),
        is_disabled: rule.is_disabled,
        variables: Vec::new(),
        condition: None,
        columns: Vec::new(),
        remarks: Vec::new(),
        taken: Vec::new(),
        end: End::NotWoken,
        on_error: None,
    };
    if !trial.meeting.wakes() {
        return trial;
    }
    let input = occasion.input(answers);
    let steps = rule.statement.explain(&mut Evaluation::new(&input));
    (trial.variables, trial.condition, trial.columns) = (steps.variables, steps.condition, steps.columns);
    (trial.remarks, trial.taken) = (steps.remarks, steps.taken);
    // What is shown as the end comes the way of real messages.
    let mut evaluation = Evaluation::new(&input);
    trial.end = match rule.statement.run(&mut evaluation) {
        Ok(Selected::Skipped(value)) => End::Skipped(value),
        Ok(Selected::Selected(output)) => act(rule, Bytes::from(output), &mut evaluation),
        Err(Stop::Need(need)) => End::Asks(need),
        Err(stop) => End::Failed(Failure::new(STATEMENT, &rule.name, text(stop))),
    };
    for remark in evaluation.remarks() {
        if !trial.remarks.contains(remark) {
            trial.remarks.push(remark.clone());
        }
    }
    let failures = trial.end.failures();
    if !failures.is_empty() {
        let document = Bytes::from(error_document(rule, &input, &failures));
        let action = on_error(rule, &input, &failures).map(|action| action.and_then(check));
        trial.on_error = Some(OnError { document, action });
    }
    trial
}

fn act(rule: &Rule, output: Bytes, evaluation: &mut Evaluation<'_>) -> End {
    let mut actions = Vec::with_capacity(rule.actions.len());
    for action in &rule.actions {
        match resolve(action, output.clone(), evaluation) {
            Err(need) => return End::Asks(need),
            Ok(effect) => actions.push(effect.and_then(check)),
        }
    }
    End::Fired { output, actions }
}

/// What can be told of an action without doing it.
fn check(effect: Effect) -> Result<Effect, Failure> {
    let Action::Republish(republish) = &effect.action else { return Ok(effect) };
    let bytes = effect.payload.len();
    let wrong = match target(&republish.topic) {
        Err(reason) => reason,
        Ok(_) if bytes > PAYLOAD_BYTES => {
            format!("the result has {bytes} bytes; a message takes {PAYLOAD_BYTES}")
        }
        Ok(_) => return Ok(effect),
    };
    Err(Failure::new(effect.action.failed(), effect.action.resource(), wrong))
}

impl End {
    pub fn failures(&self) -> Vec<Failure> {
        match self {
            End::Failed(failure) => vec![failure.clone()],
            End::Fired { actions, .. } => actions.iter().filter_map(|done| done.clone().err()).collect(),
            End::NotWoken | End::Skipped(_) | End::Asks(_) => Vec::new(),
        }
    }
}
