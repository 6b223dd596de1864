//! A filter pattern in, whether a message fits it out. What is not served is refused by its name.

mod fields;
mod terms;

use crate::limits::PATTERN_LETTERS;
use fields::Condition;
use terms::Terms;

/// What events are looked for.
#[derive(Debug, Clone, Default)]
pub struct Pattern {
    kind: What,
}

#[derive(Debug, Clone, Default)]
enum What {
    #[default]
    Everything,
    Terms(Terms),
    Fields(Condition),
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error("Invalid filter pattern: it has more than {PATTERN_LETTERS} letters")]
    Long,
    #[error("Invalid filter pattern: {0}")]
    Syntax(String),
    #[error("Invalid filter pattern: {0} is not served by Thingstead; use terms or {{ $.field = value }}")]
    Unserved(&'static str),
}

impl Pattern {
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.chars().count() > PATTERN_LETTERS {
            return Err(PatternError::Long);
        }
        let text = text.trim();
        let kind = match text.chars().next() {
            None => What::Everything,
            Some('{') => What::Fields(fields::parse(text)?),
            Some('[') => return Err(PatternError::Unserved("a pattern of space-delimited fields ([a, b])")),
            Some(_) => What::Terms(terms::parse(text)?),
        };
        Ok(Self { kind })
    }

    #[must_use]
    pub fn matches(&self, message: &str) -> bool {
        match &self.kind {
            What::Everything => true,
            What::Terms(terms) => terms.match_text(message),
            What::Fields(condition) => {
                // Anything but an object has no fields.
                message.trim_start().starts_with('{')
                    && serde_json::from_str(message).is_ok_and(|json| condition.holds(&json))
            }
        }
    }
}

fn syntax(reason: impl Into<String>) -> PatternError {
    PatternError::Syntax(reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, message: &str, fits: bool) {
        let parsed = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert_eq!(parsed.matches(message), fits, "{pattern} on {message}");
    }

    fn refused(pattern: &str, words: &str) {
        let error = Pattern::parse(pattern).expect_err(pattern).to_string();
        assert!(error.contains(words), "{pattern}: {error}");
    }

    #[test]
    fn every_term_has_to_occur_and_no_excluded_one_may() {
        check("", "anything", true);
        check("  ", "", true);
        check("ERROR", "[ERROR] 400", true);
        check("ERROR", "[error] 400", false);
        check("ERROR 400", "400 ERROR", true);
        check("ERROR 401", "400 ERROR", false);
        check("ERROR -400", "ERROR 400", false);
        check("ERROR -400", "ERROR 401", true);
        check("-ERROR", "fine", true);
        check("-ERROR", "ERROR", false);
        check("\"internal error\"", "an internal error", true);
        check("\"internal error\"", "internal: error", false);
        check("-\"internal error\" error", "internal error", false);
        check(r#""say \"hi\"""#, r#"say "hi""#, true);
    }

    #[test]
    fn one_of_the_terms_with_question_marks_is_enough() {
        check("?ERROR ?WARN", "WARN: x", true);
        check("?ERROR ?WARN", "INFO: x", false);
        check("?\"a b\" ?c", "a b", true);
        // As AWS documents it: beside other terms they do not count.
        check("?ERROR WARN", "WARN", true);
        check("?ERROR -WARN", "x", true);
    }

    #[test]
    fn fields_are_compared_by_their_kind() {
        let message = r#"{"temp": 21.5, "on": true, "name": "pump-1", "none": null, "a": {"b": [1, {"c": "x"}]},
            "n": "7", "dotted.key": 1}"#;
        let check = |pattern: &str, fits: bool| check(pattern, message, fits);
        check("{ $.temp = 21.5 }", true);
        check("{ $.temp > 21 }", true);
        check("{ $.temp >= 21.5 && $.temp <= 21.5 }", true);
        check("{ $.temp < 2.15e1 }", false);
        check("{ $.temp != 21.5 }", false);
        check("{ $.temp != 3 }", true);
        check("{$.name=\"pump-1\"}", true);
        check("{ $.name = pump-1 }", true);
        check("{ $.name = \"pump-*\" }", true);
        check("{ $.name = pump* }", true);
        check("{ $.name = \"*fan*\" }", false);
        check("{ $.name != \"fan\" }", true);
        check("{ $.missing != \"fan\" }", false);
        check("{ $.missing NOT EXISTS }", true);
        check("{ $.name NOT EXISTS }", false);
        check("{ $.none IS NULL }", true);
        check("{ $.name IS NULL }", false);
        check("{ $.on IS TRUE }", true);
        check("{ $.on IS FALSE }", false);
        check("{ $.a.b[0] = 1 }", true);
        check("{ $.a.b[1].c = x }", true);
        check("{ $.a.b[2] = 1 }", false);
        check("{ $.['dotted.key'] = 1 }", true);
        check("{ $['name'] = \"pump-1\" }", true);
        check("{ $.n = 7 }", true);
        check("{ $.temp > \"21\" }", true);
    }

    #[test]
    fn and_binds_closer_than_or_and_parentheses_closer_than_both() {
        let check = |pattern: &str, fits: bool| check(pattern, r#"{"a": 1, "b": 2}"#, fits);
        check("{ $.a = 1 && $.b = 3 }", false);
        check("{ $.a = 1 || $.b = 3 && $.a = 2 }", true);
        check("{ ($.a = 1 || $.b = 3) && $.a = 2 }", false);
        check("{ ($.a = 2) || (($.b = 2)) }", true);
    }

    #[test]
    fn a_message_that_is_no_object_has_no_fields() {
        check("{ $.a = 1 }", "a = 1", false);
        check("{ $.a NOT EXISTS }", "text", false);
        check("{ $.a NOT EXISTS }", "{}", true);
        check("{ $.a = 1 }", "[1]", false);
    }

    #[test]
    fn what_is_not_served_is_refused_by_its_name() {
        refused("[ip, user]", "space-delimited");
        refused("%ERR[A-Z]+%", "regular expression");
        refused("a %b%", "regular expression");
        refused("{ $.a = %b% }", "regular expression");
        refused("{ $.a[*] = 1 }", "wildcard in a selector");
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_the_reason() {
        refused("\"open", "a quotation mark is not closed");
        refused("-", "a term is missing");
        refused("{ $.a = 1", "the closing brace is missing");
        refused("{ }", "$.field");
        refused("{ $.a }", "an operator");
        refused("{ $.a = }", "a value");
        refused("{ $.a = 1 && }", "$.field");
        refused("{ ($.a = 1 }", "a closing parenthesis");
        refused("{ $.a = 1 } x", "behind the closing brace");
        refused("{ $.a > x }", "a number");
        refused(&format!("{{ {}$.a = 1{} }}", "(".repeat(200), ")".repeat(200)), "parentheses");
        refused(&"a".repeat(1025), "letters");
    }
}
