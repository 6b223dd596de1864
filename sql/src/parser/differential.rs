//! The parser beside the crate `sqlparser`: where the grammars overlap, operators bind alike.

use proptest::prelude::*;
use sqlparser::ast::{self, BinaryOperator, Expr, SelectItem, SetExpr, UnaryOperator};
use sqlparser::dialect::GenericDialect;

use crate::syntax::{Expression, Node, Operator, Select};
use crate::value::Value;
use crate::version::Version;

fn operand() -> BoxedStrategy<String> {
    let leaf = prop::sample::select(vec!["a", "b.c", "d", "1", "2", "'x'", "'it''s'", "true", "null"]);
    leaf.prop_map(str::to_owned)
        .prop_recursive(3, 12, 3, |inner| {
            let chain = chain(inner.clone().boxed());
            prop_oneof![
                2 => inner.clone(),
                3 => chain.clone().prop_map(|chain| format!("({chain})")),
                1 => inner.prop_map(|inner| format!("-{}", inner.trim_start_matches('-'))),
                1 => chain.clone().prop_map(|chain| format!("abs({chain})")),
                1 => (chain.clone(), chain.clone(), chain)
                    .prop_map(|(a, b, c)| format!("CASE {a} WHEN {b} THEN {c} WHEN 1 THEN 2 ELSE {a} END")),
            ]
        })
        .boxed()
}

/// Operands and operators in a row, without a parenthesis more than there is.
fn chain(operand: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let arithmetic = ["+", "-", "*", "/", "%"].as_slice();
    let comparison = ["=", "<>", "<", "<=", ">", ">="].as_slice();
    let sum = joined(operand, arithmetic, 4);
    let denied = (0..3_usize, joined(sum, comparison, 2));
    let denied = denied.prop_map(|(nots, compared)| format!("{}{compared}", "NOT ".repeat(nots / 2)));
    joined(denied.boxed(), &["AND", "OR"], 4)
}

fn joined(
    part: BoxedStrategy<String>,
    operators: &'static [&'static str],
    most: usize,
) -> BoxedStrategy<String> {
    let more = prop::collection::vec((prop::sample::select(operators), part.clone()), 0..most);
    let whole = (part, more).prop_map(|(first, more)| {
        more.into_iter().fold(first, |whole, (operator, part)| format!("{whole} {operator} {part}"))
    });
    whole.boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn operators_bind_as_in_another_parser(
        columns in prop::collection::vec((chain(operand()), prop::option::of("[p-z]{1,4}")), 1..4),
        condition in chain(operand()),
    ) {
        let columns: Vec<String> = columns
            .into_iter()
            .map(|(column, name)| match name {
                Some(name) if name.len() != 2 => format!("{column} AS {name}"),
                _ => column,
            })
            .collect();
        let head = format!("SELECT {}", columns.join(", "));
        let parsed = super::statement(&format!("{head} FROM 't' WHERE {condition}"), Version::V2016);
        let parsed = parsed.map_err(|error| TestCaseError::fail(error.to_string()))?;
        let text = format!("{head} FROM t WHERE {condition}");
        let theirs = sqlparser::parser::Parser::parse_sql(&GenericDialect {}, &text);
        let theirs = theirs.map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        prop_assert_eq!(ours(&parsed), their_shape(&theirs), "{}", text);
    }
}

fn ours(parsed: &super::Parsed) -> Vec<String> {
    let Select::Columns(columns) = &parsed.query.select else { panic!("columns were selected") };
    let named = columns.iter().map(|column| match column.named {
        true => format!("{} AS {}", shape(&column.expression), column.name.join(".")),
        false => shape(&column.expression),
    });
    named.chain(parsed.query.condition.iter().map(shape)).collect()
}

fn shape(expression: &Expression) -> String {
    let folded = |parts: &[Expression], word: &str| {
        let mut parts = parts.iter().map(shape);
        let first = parts.next().unwrap_or_default();
        parts.fold(first, |whole, part| format!("({word} {whole} {part})"))
    };
    match &expression.node {
        Node::Literal(Value::Int(int)) if *int < 0 => format!("(- {})", -int),
        Node::Literal(Value::String(text)) => format!("'{text}'"),
        Node::Literal(value) => crate::json::write(value),
        Node::And(parts) => folded(parts, "AND"),
        Node::Or(parts) => folded(parts, "OR"),
        Node::Not(inner) => format!("(NOT {})", shape(inner)),
        Node::Negate(inner) => format!("(- {})", shape(inner)),
        Node::Binary(operator, left, right) => {
            format!("({} {} {})", operator.text(), shape(left), shape(right))
        }
        Node::Case(case) => {
            let parts: Vec<String> = expression.parts().into_iter().map(shape).collect();
            assert!(case.otherwise.is_some());
            format!("(CASE {})", parts.join(" "))
        }
        Node::Call(call) => {
            let parts: Vec<String> = call.arguments.iter().map(shape).collect();
            format!("{}({})", call.function.name, parts.join(" "))
        }
        _ => expression.path().map(|path| path.join(".")).unwrap_or_else(|| panic!("{expression}")),
    }
}

fn their_shape(statements: &[ast::Statement]) -> Vec<String> {
    let [ast::Statement::Query(query)] = statements else { panic!("one query was written") };
    let SetExpr::Select(select) = query.body.as_ref() else { panic!("a SELECT was written") };
    let columns = select.projection.iter().map(|item| match item {
        SelectItem::UnnamedExpr(expression) => theirs(expression),
        SelectItem::ExprWithAlias { expr, alias } => format!("{} AS {}", theirs(expr), alias.value),
        other => panic!("{other}"),
    });
    columns.chain(select.selection.iter().map(theirs)).collect()
}

fn theirs(expression: &Expr) -> String {
    match expression {
        Expr::Nested(inner) => theirs(inner),
        Expr::Identifier(name) => name.value.clone(),
        Expr::CompoundIdentifier(path) => {
            path.iter().map(|name| name.value.as_str()).collect::<Vec<_>>().join(".")
        }
        Expr::Value(value) => match &value.value {
            ast::Value::Number(digits, _) => digits.clone(),
            ast::Value::SingleQuotedString(text) => format!("'{text}'"),
            ast::Value::Boolean(truth) => truth.to_string(),
            ast::Value::Null => "null".to_owned(),
            other => panic!("{other}"),
        },
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => format!("(NOT {})", theirs(expr)),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => format!("(- {})", theirs(expr)),
        Expr::BinaryOp { left, op, right } => {
            let word = match op {
                BinaryOperator::And => "AND",
                BinaryOperator::Or => "OR",
                BinaryOperator::Eq => Operator::Equal.text(),
                BinaryOperator::NotEq => Operator::Unequal.text(),
                BinaryOperator::Lt => Operator::Less.text(),
                BinaryOperator::LtEq => Operator::LessOrEqual.text(),
                BinaryOperator::Gt => Operator::Greater.text(),
                BinaryOperator::GtEq => Operator::GreaterOrEqual.text(),
                BinaryOperator::Plus => Operator::Add.text(),
                BinaryOperator::Minus => Operator::Subtract.text(),
                BinaryOperator::Multiply => Operator::Multiply.text(),
                BinaryOperator::Divide => Operator::Divide.text(),
                BinaryOperator::Modulo => Operator::Remainder.text(),
                other => panic!("{other}"),
            };
            format!("({word} {} {})", theirs(left), theirs(right))
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            let branches = conditions.iter().flat_map(|branch| [&branch.condition, &branch.result]);
            let parts: Vec<String> = operand
                .as_deref()
                .into_iter()
                .chain(branches)
                .chain(else_result.as_deref())
                .map(theirs)
                .collect();
            format!("(CASE {})", parts.join(" "))
        }
        Expr::Function(call) => {
            let ast::FunctionArguments::List(list) = &call.args else { panic!("{call}") };
            let parts: Vec<String> = list
                .args
                .iter()
                .map(|argument| match argument {
                    ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expression)) => theirs(expression),
                    other => panic!("{other}"),
                })
                .collect();
            format!("{}({})", call.name, parts.join(" "))
        }
        other => panic!("{other}"),
    }
}
