//! What an expression without a message can be: a constant's value, a kind that never fits.

use crate::evaluate::{Evaluation, Scope};
use crate::input::Input;
use crate::syntax::{Expression, Node, Operator};
use crate::value::Value;
use crate::version::Version;

/// The value that is the same for every message; functions are left to the message.
pub(super) fn constant(expression: &Expression, version: Version) -> Option<Value> {
    if !is_constant(expression) {
        return None;
    }
    let input = Input::new(b"", "");
    let mut evaluation = Evaluation::new(&input);
    evaluation.begin(version);
    evaluation.value(expression, &Scope::Payload).ok()
}

fn is_constant(expression: &Expression) -> bool {
    let open = matches!(
        expression.node,
        Node::Key(_) | Node::Variable(_) | Node::Star | Node::Call(_) | Node::Nested(_) | Node::Exists(_)
    );
    !open && expression.parts().into_iter().all(is_constant)
}

/// Whether AND, OR and NOT can only make Undefined of this.
pub(super) fn never_boolean(expression: &Expression) -> bool {
    match &expression.node {
        Node::Literal(value) => crate::convert::boolean(value).is_none(),
        Node::Array(_) | Node::Object(_) | Node::Nested(_) | Node::Negate(_) => true,
        Node::Binary(
            Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder,
            ..,
        ) => true,
        _ => false,
    }
}

/// Whether `<` and its kind can only make Undefined of this.
pub(super) fn never_number(expression: &Expression) -> bool {
    match &expression.node {
        Node::Literal(value) => crate::convert::decimal(value).is_none(),
        Node::Array(_) | Node::Object(_) | Node::Nested(_) | Node::Not(_) | Node::And(_) | Node::Or(_) => {
            true
        }
        Node::Exists(_) => true,
        Node::Binary(operator, ..) => operator.binding() == Operator::Equal.binding(),
        _ => false,
    }
}
