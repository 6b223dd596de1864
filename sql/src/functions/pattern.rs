//! Regular expressions: text and an expression of Java's in; whether, what and how it matches out. Time is linear in
//! the text, so look-around, back-references and possessive quantifiers are not served.

mod java;

use std::borrow::Cow;

use regex::{Captures, Regex, RegexBuilder};

use crate::call::{Stop, Surroundings};
use crate::convert;
use crate::function::{Function, Service};
use crate::functions::within;
use crate::limits;
use crate::value::Value;
use crate::version::Version::V2015;

const SERVICE: Service =
    Service::Partly("not look-around, back-references, possessive quantifiers or atomic groups");

pub(super) static TABLE: &[Function] = &[
    Function::full("regexp_matches", V2015, (2, 2), matches).prepared_by(prepare).service(SERVICE),
    Function::full("regexp_replace", V2015, (3, 3), replace).prepared_by(prepare).service(SERVICE),
    Function::full("regexp_substr", V2015, (2, 2), substr).prepared_by(prepare).service(SERVICE),
];

/// An expression that is read, or why it cannot be.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    java: String,
    compiled: Result<Regex, String>,
    /// What it takes, or what it took to find out that it takes too much.
    pub(crate) bytes: usize,
}

/// Equal texts compile to the same.
impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.java == other.java
    }
}

impl Pattern {
    fn new(java: &str) -> Pattern {
        let (compiled, bytes) = compile(java);
        Pattern { java: java.to_owned(), compiled, bytes }
    }
}

/// With the memory that it takes, roughly: the library tells only whether an expression fits into so much.
fn compile(java: &str) -> (Result<Regex, String>, usize) {
    let translated = match translate(java) {
        Ok(translated) => translated,
        Err(reason) => return (Err(reason), 0),
    };
    let mut bytes = limits::SMALL_COMPILED_BYTES;
    loop {
        let built =
            RegexBuilder::new(&translated).size_limit(bytes).dfa_size_limit(limits::COMPILED_BYTES).build();
        let reason = match built {
            Ok(regex) => return (Ok(regex), bytes),
            Err(regex::Error::CompiledTooBig(_)) if bytes < limits::COMPILED_BYTES => {
                bytes = (bytes * 2).min(limits::COMPILED_BYTES);
                continue;
            }
            Err(regex::Error::CompiledTooBig(_)) => {
                format!("the regular expression {java:?} is too large when compiled: repeat less in it")
            }
            Err(_) => format!("the regular expression {java:?} cannot be read"),
        };
        return (Err(reason), bytes);
    }
}

fn translate(java: &str) -> Result<String, String> {
    if java.len() > limits::PATTERN_BYTES {
        return Err(format!("a regular expression is longer than {} bytes", limits::PATTERN_BYTES));
    }
    java::translate(java).map_err(|reason| format!("the regular expression {java:?}: {reason}"))
}

fn prepare(literals: &[Option<Value>]) -> Option<Pattern> {
    let literal = literals.get(1)?.as_ref()?;
    Some(Pattern::new(&convert::text(literal)?))
}

/// The text and the expression of a call; None is Undefined.
fn read<'a>(arguments: &'a [Value], surroundings: &mut Surroundings<'_>) -> Option<(Cow<'a, str>, Regex)> {
    let text = convert::text(arguments.first()?)?;
    let compiled = match surroundings.prepared {
        Some(pattern) => pattern.compiled.clone(),
        None => {
            let pattern = Pattern::new(&convert::text(arguments.get(1)?)?);
            surroundings.compiled += pattern.bytes;
            pattern.compiled
        }
    };
    match compiled {
        Ok(regex) => Some((text, regex)),
        Err(reason) => {
            surroundings.remark(reason);
            None
        }
    }
}

fn matches(arguments: &[Value], surroundings: &mut Surroundings<'_>) -> Result<Value, Stop> {
    let read = read(arguments, surroundings);
    Ok(read.map_or(Value::Undefined, |(text, regex)| Value::Bool(regex.is_match(&text))))
}

/// The first match; none is Undefined.
fn substr(arguments: &[Value], surroundings: &mut Surroundings<'_>) -> Result<Value, Stop> {
    let Some((text, regex)) = read(arguments, surroundings) else { return Ok(Value::Undefined) };
    let found = regex.find(&text).map(|found| Value::String(found.as_str().to_owned()));
    Ok(found.unwrap_or(Value::Undefined))
}

fn replace(arguments: &[Value], surroundings: &mut Surroundings<'_>) -> Result<Value, Stop> {
    let Some((text, regex)) = read(arguments, surroundings) else { return Ok(Value::Undefined) };
    let Some(replacement) = arguments.get(2).and_then(convert::text) else { return Ok(Value::Undefined) };
    let Some(parts) = java::replacement(&replacement, &regex) else { return Ok(Value::Undefined) };
    let mut out = String::new();
    let mut done = 0;
    for found in regex.captures_iter(&text) {
        let Some(all) = found.get(0) else { continue };
        out.push_str(text.get(done..all.start()).unwrap_or_default());
        fill(&mut out, &parts, &found);
        done = all.end();
        within(out.len())?;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Ok(Value::String(out))
}

/// A group that did not take part in the match stands for nothing.
fn fill(out: &mut String, parts: &[java::Part], found: &Captures<'_>) {
    for part in parts {
        match part {
            java::Part::Text(text) => out.push_str(text),
            java::Part::Group(group) => out.push_str(found.get(*group).map_or("", |group| group.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{Trial, check};
    use super::*;
    use crate::functions::string;

    #[test]
    fn matches_are_found_anywhere_in_the_text() {
        check(r#"regexp_matches("aaaa", "a{2,}")"#, "true");
        check(r#"regexp_matches("aaaa", "b")"#, "false");
        check(r#"regexp_matches("xaay", "a+")"#, "true");
        check(r#"regexp_matches("", "")"#, "true");
        check(r#"regexp_matches(12345, "3")"#, "true");
        check(r#"regexp_matches(true, "^tr")"#, "true");
        check(r#"regexp_matches([1,2], "^\\[1,2\\]$")"#, "true");
        check(r#"regexp_matches("5", 5)"#, "true");
        check(r#"regexp_matches(null, "a")"#, "undefined");
        check(r#"regexp_matches("a", null)"#, "undefined");
        check(r#"regexp_matches("a", undefined)"#, "undefined");
        check(r#"regexp_matches("a")"#, "undefined");
        check(r#"regexp_matches("a", "(")"#, "undefined");
    }

    #[test]
    fn classes_are_java_s() {
        check(r#"regexp_matches("٣", "\\d")"#, "false");
        check(r#"regexp_matches("é", "\\w")"#, "false");
        check(r#"regexp_matches("é", "\\W")"#, "true");
        check(r#"regexp_matches("a7", "^[\\w]+$")"#, "true");
        check(r#"regexp_matches("a-7", "^[\\w-]+$")"#, "true");
        check(r#"regexp_matches("\u00a0", "\\s")"#, "false");
        check(r#"regexp_matches("é", "^\\p{L}$")"#, "true");
        check(r#"regexp_matches("é", "\\p{Alpha}")"#, "false");
        check(r#"regexp_matches("A", "^\\p{Upper}\\P{Upper}?$")"#, "true");
        check(r#"regexp_matches("a.b", "\\Qa.b\\E")"#, "true");
        check(r#"regexp_matches("axb", "\\Qa.b\\E")"#, "false");
        check(r#"regexp_matches("a<b", "a\\<b")"#, "true");
        check(r#"regexp_matches("a/b_c", "a\\/b\\_c")"#, "true");
        check(r#"regexp_matches("ABC", "(?i)abc")"#, "true");
        check(r#"regexp_matches("cat hat", "\\bhat\\b")"#, "true");
        check(r#"regexp_matches("é", "^.$")"#, "true");
    }

    #[test]
    fn the_first_match_is_taken_out() {
        check(r#"regexp_substr("hihihello", "hi")"#, r#""hi""#);
        check(r#"regexp_substr("hihihello", "(hi)*")"#, r#""hihi""#);
        check(r#"regexp_substr("hello", "x*")"#, r#""""#);
        check(r#"regexp_substr("hello", "x")"#, "undefined");
        check(r#"regexp_substr(12345, "[24].")"#, r#""23""#);
        check(r#"regexp_substr(null, "x")"#, "undefined");
        check(r#"regexp_substr("a", "[")"#, "undefined");
    }

    #[test]
    fn every_match_is_replaced() {
        check(r#"regexp_replace("abcd", "bc", "x")"#, r#""axd""#);
        check(r#"regexp_replace("abcd", "b(.*)d", "$1")"#, r#""ac""#);
        check(r#"regexp_replace("a1b22", "\\d+", "-")"#, r#""a-b-""#);
        check(r#"regexp_replace("ab", "(a)(b)", "$2$1$0")"#, r#""baab""#);
        check(r#"regexp_replace("ab", "(?<first>a)", "${first}x")"#, r#""axb""#);
        check(r#"regexp_replace("ab", "(a)", "$12")"#, r#""a2b""#);
        check(r#"regexp_replace("ab", "a", "\\$1")"#, r#""$1b""#);
        check(r#"regexp_replace("ab", "(x)?b", "[$1]")"#, r#""a[]""#);
        check(r#"regexp_replace("ab", "x*", "-")"#, r#""-a-b-""#);
        check("regexp_replace(12321, 2, 0)", r#""10301""#);
        check(r#"regexp_replace("ab", "a", "$1")"#, "undefined");
        check(r#"regexp_replace("ab", "a", "${no}")"#, "undefined");
        check(r#"regexp_replace("ab", "a", "$")"#, "undefined");
        check(r#"regexp_replace("ab", "a", "\\")"#, "undefined");
        check(r#"regexp_replace("ab", "a", null)"#, "undefined");
        check(r#"regexp_replace(undefined, "a", "b")"#, "undefined");
    }

    #[test]
    fn what_is_not_served_is_undefined_and_says_why() {
        let check = |pattern: &str, said: &str| {
            let (value, remarks) = Trial::default().call("regexp_matches", &[string("aa"), string(pattern)]);
            assert_eq!(value, Ok(Value::Undefined), "{pattern}");
            assert!(
                matches!(remarks.as_slice(), [remark] if remark.contains(said)),
                "{pattern}: {remarks:?}"
            );
            let prepared = prepare(&[None, Some(string(pattern))]).expect("a literal");
            assert!(prepared.compiled.is_err_and(|fault| fault.contains(said)), "{pattern}");
        };
        check("a(?=b)", "look-around");
        check("a(?!b)", "look-around");
        check("(?<=a)b", "look-around");
        check("(?<!a)b", "look-around");
        check(r"(a)\1", "back-reference");
        check(r"(?<x>a)\k<x>", "back-reference");
        check("a++", "possessive");
        check("(?>a)", "atomic");
        check(r"a\Z", "escape");
        check("a{1000}{1000}{1000}", "too large");
        check("(", "cannot be read");
        check("a\\", "backslash");
        check(&"a".repeat(5000), "longer than");
    }

    #[test]
    fn only_literal_patterns_are_prepared() {
        assert!(prepare(&[Some(string("a")), None]).is_none());
        assert!(prepare(&[None, Some(Value::Null)]).is_none());
        assert!(prepare(&[None, Some(string("a+"))]).is_some_and(|pattern| pattern.compiled.is_ok()));
    }

    #[test]
    fn a_replacement_stops_at_the_limit_and_an_evil_pattern_ends() {
        let text = string("a".repeat(100_000));
        let long = string("b".repeat(1000));
        let (result, _) = Trial::default().call("regexp_replace", &[text.clone(), string("a"), long]);
        assert!(matches!(result, Err(Stop::Limit(_))), "{result:?}");
        let (result, _) = Trial::default().call("regexp_matches", &[text, string("^(a+)+$|(a|aa)+b")]);
        assert_eq!(result, Ok(Value::Bool(true)));
    }
}
