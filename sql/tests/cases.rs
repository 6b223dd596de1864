//! Runs every case of `cases/*.txt`: a statement or a template, a message, and what has to come of it.
//!
//! A case is a paragraph. `== name` begins one; lines without a mark are the statement; `template TEXT` is one instead.
//! `< payload`, `<hex bytes` and `version` stay for the cases below. What is expected: `> payload`, `~ value` for a
//! WHERE that was not met, `stop text`, or `! text` that the error's picture contains. A `~` of nothing is Undefined.
//! `= expression => value` is a case of its own, where no value is Undefined.

use std::fmt::Write as _;
use std::path::Path;

use sql::{Evaluation, Input, Outcome, Statement, Stop, Template, Value, Version};

#[derive(Clone)]
struct Setting {
    version: Version,
    payload: Vec<u8>,
}

#[derive(Default)]
struct Case {
    name: String,
    line: usize,
    statement: String,
    template: Option<String>,
    expected: Vec<String>,
}

#[test]
fn every_case_comes_out_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder of cases is there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let (mut count, mut failures) = (0, String::new());
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a case file is text");
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for_each(&text, |case, setting| {
            count += 1;
            let found = run(case, setting);
            let wanted = case.expected.join("\n");
            if !is_met(&wanted, &found) {
                let place = format!("{file}:{}: {}", case.line, case.name);
                writeln!(failures, "{place}\n  wanted {wanted}\n  found  {found}").expect("a String");
            }
        });
    }
    assert!(failures.is_empty(), "\n{failures}");
    assert!(count > 450, "only {count} cases were found");
}

fn is_met(wanted: &str, found: &str) -> bool {
    match (wanted.strip_prefix("! "), found.strip_prefix("! ")) {
        (Some(wanted), Some(found)) => {
            wanted.lines().all(|line| found.contains(line.trim_start_matches("! ")))
        }
        _ => wanted == found,
    }
}

fn for_each(text: &str, mut visit: impl FnMut(&Case, &Setting)) {
    let mut setting = Setting { version: Version::V2016, payload: b"{}".to_vec() };
    let mut case = Case::default();
    for (at, line) in text.lines().chain([""]).enumerate() {
        if line.trim().is_empty() {
            if !case.expected.is_empty() {
                visit(&case, &setting);
                case = Case::default();
            }
            continue;
        }
        if line.starts_with('#') {
            continue;
        }
        if let Some((expression, value)) = line.strip_prefix("= ").and_then(|line| line.rsplit_once("=>")) {
            let column = if value.is_empty() { String::new() } else { format!("\"x\":{}", value.trim()) };
            let statement = format!("SELECT {expression} AS x");
            let (name, expected) = (expression.to_owned(), vec![format!("> {{{column}}}")]);
            visit(&Case { name, line: at + 1, statement, template: None, expected }, &setting);
            continue;
        }
        if case.line == 0 {
            case.line = at + 1;
        }
        if let Some(name) = line.strip_prefix("== ") {
            case.name = name.to_owned();
        } else if let Some(version) = line.strip_prefix("version ") {
            setting.version = Version::parse(version).expect("a version");
        } else if let Some(bytes) = line.strip_prefix("<hex") {
            setting.payload = unhex(bytes);
        } else if let Some(payload) = line.strip_prefix("< ") {
            setting.payload = payload.as_bytes().to_vec();
        } else if let Some(template) = line.strip_prefix("template ") {
            case.template = Some(template.to_owned());
        } else if [">", "~", "!", "stop "].iter().any(|mark| line.starts_with(mark)) {
            case.expected.push(line.to_owned());
        } else {
            let gap = if case.statement.is_empty() { "" } else { "\n" };
            case.statement.push_str(gap);
            case.statement.push_str(line);
        }
    }
}

fn unhex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("a byte")).collect()
}

fn run(case: &Case, setting: &Setting) -> String {
    let input = Input {
        client_id: Some("pump-1"),
        account: "123456789012",
        now_ms: 1_700_000_000_000,
        seed: 7,
        ..Input::new(&setting.payload, "device/pump-1/data")
    };
    let mut evaluation = Evaluation::new(&input);
    if let Some(template) = &case.template {
        return match Template::parse(template, setting.version) {
            Err(error) => format!("! {}\n{error}", error.render()),
            Ok(template) => match template.render(&mut evaluation) {
                Ok(text) => format!("> {text}"),
                Err(stop) => said(stop),
            },
        };
    }
    match Statement::parse(&case.statement, setting.version) {
        Err(error) => format!("! {}\n{error}", error.render()),
        Ok(statement) => {
            let again = Statement::parse(&statement.to_string(), setting.version);
            assert_eq!(again.as_ref(), Ok(&statement), "printed as {statement}");
            match statement.run(&mut evaluation) {
                Ok(Outcome::Selected(payload)) => format!("> {}", String::from_utf8_lossy(&payload)),
                Ok(Outcome::Skipped(Value::Undefined)) => "~".to_owned(),
                Ok(Outcome::Skipped(value)) => format!("~ {}", sql::json::write(&value)),
                Err(stop) => said(stop),
            }
        }
    }
}

fn said(stop: Stop) -> String {
    match stop {
        Stop::Need(need) => format!("stop need {need:?}"),
        Stop::Failed(why) => format!("stop failed {why}"),
        Stop::Limit(what) => format!("stop limit {what}"),
    }
}
