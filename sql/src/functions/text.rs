//! Functions of text: anything that converts to a string in, text or what is known about it out. Positions count
//! characters, not bytes.

use std::borrow::Cow;

use crate::call::{Stop, Surroundings};
use crate::convert;
use crate::function::Function;
use crate::functions::{clamped, string, within};
use crate::limits;
use crate::value::Value;
use crate::version::Version::{V2015, V2016};

pub(super) static TABLE: &[Function] = &[
    Function::pure("chr", V2015, (1, 1), chr),
    Function::pure("endswith", V2015, (2, 2), |arguments| {
        Some(Value::Bool(text(arguments, 0)?.ends_with(&*text(arguments, 1)?)))
    }),
    Function::pure("indexof", V2016, (2, 2), indexof),
    Function::pure("length", V2016, (1, 1), |arguments| count(text(arguments, 0)?.chars().count())),
    Function::pure("lower", V2015, (1, 1), |arguments| Some(string(text(arguments, 0)?.to_lowercase()))),
    Function::pure("lpad", V2015, (2, 2), |arguments| {
        let (text, pad) = padding(arguments)?;
        Some(string(format!("{pad}{text}")))
    }),
    Function::pure("ltrim", V2015, (1, 1), |arguments| {
        Some(string(text(arguments, 0)?.trim_start_matches(BLANKS)))
    }),
    Function::pure("numbytes", V2016, (1, 1), |arguments| count(text(arguments, 0)?.len())),
    Function::full("replace", V2015, (3, 3), replace),
    Function::pure("rpad", V2015, (2, 2), |arguments| {
        let (text, pad) = padding(arguments)?;
        Some(string(format!("{text}{pad}")))
    }),
    Function::pure("rtrim", V2015, (1, 1), |arguments| {
        Some(string(text(arguments, 0)?.trim_end_matches(BLANKS)))
    }),
    Function::pure("startswith", V2015, (2, 2), |arguments| {
        Some(Value::Bool(text(arguments, 0)?.starts_with(&*text(arguments, 1)?)))
    }),
    Function::pure("substring", V2015, (2, 3), substring),
    Function::pure("trim", V2015, (1, 1), |arguments| Some(string(text(arguments, 0)?.trim_matches(BLANKS)))),
    Function::pure("upper", V2015, (1, 1), |arguments| Some(string(text(arguments, 0)?.to_uppercase()))),
];

/// What the functions that trim take away.
const BLANKS: [char; 2] = [' ', '\t'];

fn text(arguments: &[Value], at: usize) -> Option<Cow<'_, str>> {
    convert::text(arguments.get(at)?)
}

fn count(count: usize) -> Option<Value> {
    i128::try_from(count).ok().map(Value::Int)
}

fn chr(arguments: &[Value]) -> Option<Value> {
    let code = u8::try_from(convert::floor(arguments.first()?)?).ok().filter(u8::is_ascii)?;
    Some(string(char::from(code)))
}

fn indexof(arguments: &[Value]) -> Option<Value> {
    let (text, part) = (text(arguments, 0)?, text(arguments, 1)?);
    match text.find(&*part).and_then(|at| text.get(..at)) {
        Some(before) => count(before.chars().count()),
        None => Some(Value::Int(-1)),
    }
}

fn padding(arguments: &[Value]) -> Option<(Cow<'_, str>, String)> {
    let spaces = clamped(arguments.get(1)?, 0, limits::PAD)?;
    Some((text(arguments, 0)?, " ".repeat(usize::try_from(spaces).ok()?)))
}

fn replace(arguments: &[Value], _: &mut Surroundings<'_>) -> Result<Value, Stop> {
    let (Some(text), Some(from), Some(to)) = (text(arguments, 0), text(arguments, 1), text(arguments, 2))
    else {
        return Ok(Value::Undefined);
    };
    let mut out = String::new();
    let mut done = 0;
    for (at, found) in text.match_indices(&*from) {
        out.push_str(text.get(done..at).unwrap_or_default());
        out.push_str(&to);
        done = at + found.len();
        within(out.len())?;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Ok(Value::String(out))
}

fn substring(arguments: &[Value]) -> Option<Value> {
    let text = text(arguments, 0)?;
    let length = i128::try_from(text.chars().count()).ok()?;
    let start = clamped(arguments.get(1)?, 0, length)?;
    let end = arguments.get(2).map_or(Some(length), |end| clamped(end, 0, length))?;
    let taken = usize::try_from(end - start).unwrap_or_default();
    Some(string(text.chars().skip(usize::try_from(start).ok()?).take(taken).collect::<String>()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::trial::{Trial, check, check_versions};
    use super::*;

    #[test]
    fn letters_come_from_ascii_codes() {
        check("chr(65)", r#""A""#);
        check("chr(49)", r#""1""#);
        check("chr(65.9)", r#""A""#);
        check(r#"chr("65")"#, r#""A""#);
        check("chr(0)", r#""\u0000""#);
        check("chr(127)", "\"\u{7f}\"");
        for argument in
            ["128", "-1", "1E50", "true", r#""A""#, "[65]", r#"{"a":65}"#, "null", "undefined", ""]
        {
            check(&format!("chr({argument})"), "undefined");
        }
    }

    #[test]
    fn beginnings_ends_and_places_of_a_part() {
        check(r#"endswith("cat", "at")"#, "true");
        check(r#"endswith("cat", "ca")"#, "false");
        check("endswith(123, 23)", "true");
        check(r#"endswith([1,2], "]")"#, "true");
        check(r#"startswith("ranger", "ran")"#, "true");
        check(r#"startswith("ranger", "Ran")"#, "false");
        check("startswith(true, \"tr\")", "true");
        check(r#"startswith("x", "")"#, "true");
        check(r#"indexof("abcd", "bc")"#, "1");
        check(r#"indexof("abcd", "x")"#, "-1");
        check(r#"indexof("", "")"#, "0");
        check(r#"indexof("äöü", "ü")"#, "2");
        check("indexof(12345, 34)", "2");
        for name in ["endswith", "startswith", "indexof"] {
            for arguments in
                [r#"null, "a""#, r#""a", null"#, r#"undefined, "a""#, r#""a", undefined"#, r#""a""#]
            {
                check(&format!("{name}({arguments})"), "undefined");
            }
        }
    }

    #[test]
    fn lengths_in_characters_and_bytes() {
        check(r#"length("hi")"#, "2");
        check("length(false)", "5");
        check(r#"length("€")"#, "1");
        check(r#"length("")"#, "0");
        check_versions("length(1.50)", "4", "4");
        check("length([1, 2])", "5");
        check("length(null)", "undefined");
        check("length(undefined)", "undefined");
        check(r#"numbytes("hi")"#, "2");
        check(r#"numbytes("€")"#, "3");
        check("numbytes(12)", "2");
        check("numbytes(null)", "undefined");
    }

    #[test]
    fn case_changes_and_blanks_go() {
        check(r#"lower("HELLO")"#, r#""hello""#);
        check(r#"lower(["HELLO"])"#, r#""[\"hello\"]""#);
        check(r#"upper("hello")"#, r#""HELLO""#);
        check(r#"upper(["hello"])"#, r#""[\"HELLO\"]""#);
        check("upper(true)", r#""TRUE""#);
        check("lower(5)", r#""5""#);
        check("lower(null)", "undefined");
        check("upper(undefined)", "undefined");
        check(r#"ltrim(" h i ")"#, r#""h i ""#);
        check(r#"rtrim(" h i ")"#, r#"" h i""#);
        check(r#"trim(" hi ")"#, r#""hi""#);
        check(r#"trim("\t hi \t")"#, r#""hi""#);
        check(r#"trim("\nhi")"#, r#""\nhi""#);
        check("trim(12)", r#""12""#);
        check("ltrim(false)", r#""false""#);
        check(r#"rtrim({"a":1})"#, r#""{\"a\":1}""#);
        for name in ["ltrim", "rtrim", "trim"] {
            check(&format!("{name}(null)"), "undefined");
            check(&format!("{name}(undefined)"), "undefined");
        }
    }

    #[test]
    fn padding_adds_so_many_blanks() {
        check(r#"lpad("hello", 2)"#, r#""  hello""#);
        check("lpad(1, 3)", r#""   1""#);
        check(r#"rpad("hello", 2)"#, r#""hello  ""#);
        check("rpad(1, 3)", r#""1   ""#);
        check(r#"lpad("a", 2.9)"#, r#""  a""#);
        check(r#"lpad("a", "2.9")"#, r#""  a""#);
        check(r#"rpad("a", -4)"#, r#""a""#);
        check(r#"lpad("a", true)"#, "undefined");
        check(r#"lpad("a", "x")"#, "undefined");
        check(r#"rpad("a", null)"#, "undefined");
        check("rpad(null, 2)", "undefined");
        check(r#"rpad("a", [2])"#, "undefined");
        for pad in ["1000", "1001", "1E300"] {
            check(&format!(r#"lpad("a", {pad})"#), &format!("\"{}a\"", " ".repeat(1000)));
        }
    }

    #[test]
    fn every_occurrence_is_replaced() {
        check(r#"replace("abcd", "bc", "x")"#, r#""axd""#);
        check(r#"replace("abcdabcd", "b", "x")"#, r#""axcdaxcd""#);
        check(r#"replace("a.c", ".", "$1")"#, r#""a$1c""#);
        check(r#"replace("ab", "", "-")"#, r#""-a-b-""#);
        check("replace(12321, 2, 0)", r#""10301""#);
        check("replace(true, \"t\", false)", r#""falserue""#);
        check(r#"replace(null, "a", "b")"#, "undefined");
        check(r#"replace("a", null, "b")"#, "undefined");
        check(r#"replace("a", "a", undefined)"#, "undefined");
    }

    #[test]
    fn a_replacement_stops_at_the_limit_before_it_is_made() {
        let (text, long) = (string("a".repeat(100_000)), string("b".repeat(100_000)));
        let (result, _) = Trial::default().call("replace", &[text, string("a"), long]);
        assert!(matches!(result, Err(Stop::Limit(_))), "{result:?}");
    }

    #[test]
    fn substrings_count_from_zero_and_end_before_the_second_index() {
        check(r#"substring("012345", 0)"#, r#""012345""#);
        check(r#"substring("012345", 2)"#, r#""2345""#);
        check(r#"substring("012345", 2.745)"#, r#""2345""#);
        check("substring(123, 2)", r#""3""#);
        check(r#"substring("012345", -1)"#, r#""012345""#);
        check("substring(true, 1.2)", r#""rue""#);
        check("substring(false, -2.411E247)", r#""false""#);
        check(r#"substring("012345", 1, 3)"#, r#""12""#);
        check(r#"substring("012345", -50, 50)"#, r#""012345""#);
        check(r#"substring("012345", 3, 1)"#, r#""""#);
        check(r#"substring("012345", 3, 3)"#, r#""""#);
        check(r#"substring("012345", "1", "3")"#, r#""12""#);
        check(r#"substring("äöü", 1, 2)"#, r#""ö""#);
        check(r#"substring("a", "x")"#, "undefined");
        check(r#"substring("a", 0, null)"#, "undefined");
        check(r#"substring("a", true)"#, "undefined");
        check("substring(null, 0)", "undefined");
        check(r#"substring("a")"#, "undefined");
    }

    proptest! {
        #[test]
        fn a_substring_of_any_text_is_a_part_of_it(text in ".*", start in any::<i64>(), end in -20i64..40) {
            let arguments = [string(&*text), Value::Int(start.into()), Value::Int(end.into())];
            let (result, _) = Trial::default().call("substring", &arguments);
            let Ok(Value::String(part)) = result else { panic!("{result:?}") };
            prop_assert!(text.contains(&part));
            let (result, _) = Trial::default().call("substring", &[string(&*text), Value::Int((start % 20).into())]);
            prop_assert!(matches!(result, Ok(Value::String(part)) if text.ends_with(&part)));
        }

        #[test]
        fn a_found_index_is_where_the_part_begins(text in "[ab€]{0,20}", part in "[ab€]{0,3}") {
            let (result, _) = Trial::default().call("indexof", &[string(&*text), string(&*part)]);
            let letters: Vec<char> = text.chars().collect();
            let wanted: Vec<char> = part.chars().collect();
            let at = (0..=letters.len()).find(|at| letters.iter().skip(*at).take(wanted.len()).eq(wanted.iter()));
            prop_assert_eq!(result, Ok(Value::Int(at.map_or(-1, |at| at as i128))));
        }
    }
}
