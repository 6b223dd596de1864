//! `thingstead rule test --file`: a Markdown file with a rule and cases in, which of them pass and what they cover out.

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use rules::{End, Rule, Trial};
use serde_json::{Value, json};

use super::coverage::Coverage;
use super::make::{ACCOUNT, checked, definition};
use super::{Known, make, steps, tried};
use crate::Common;
use crate::api::Api;
use crate::output;

/// A file as it was written.
#[derive(Debug, Default, PartialEq)]
struct Book {
    rule: Option<String>,
    sql: Option<String>,
    payload: Option<String>,
    republish: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Debug, Default, Clone, PartialEq)]
struct Case {
    title: String,
    line: usize,
    topic: String,
    client: Option<String>,
    payload: String,
    answers: Vec<String>,
    /// `skipped`, `not woken`, `failed` or `asks`; without it the rule has to fire.
    ends: Option<String>,
    output: Option<String>,
    /// Such as `republish alerts/bench`; in the rule's order, if there are any.
    actions: Vec<String>,
}

const ENDS: [&str; 4] = ["skipped", "not woken", "failed", "asks"];

pub(super) fn run(file: &str, common: &Common) -> Result<()> {
    let book = parse(&make::read(file)?).map_err(|wrong| anyhow!("{file}, {wrong}"))?;
    let rule = rule_of(&book, file, common)?;
    let mut trials = Vec::new();
    let mut reports = Vec::new();
    for case in &book.cases {
        let payload = Bytes::copy_from_slice(case.payload.as_bytes());
        let occasion = tried::occasion(&rule, &case.topic, payload, case.client.as_deref())
            .with_context(|| format!("{file}, case \"{}\"", case.title))?;
        let trial = tried::answered(&rule, &occasion, &case.answers)?;
        reports.push((case, judge(case, &trial)));
        trials.push(trial);
    }
    let coverage = Coverage::of(&rule, &trials);
    let failed = reports.iter().filter(|(_, wrong)| wrong.is_some()).count();
    if common.json {
        let cases = reports.iter().map(|(case, wrong)| {
            json!({ "case": case.title, "line": case.line, "passed": wrong.is_none(), "wrong": wrong })
        });
        let cases: Vec<Value> = cases.collect();
        output::json(&json!({ "cases": cases, "failed": failed, "coverage": coverage.json() }));
    } else {
        for ((case, wrong), trial) in reports.iter().zip(&trials) {
            let Some(wrong) = wrong else {
                output::line(&format!("passed  {}", case.title));
                continue;
            };
            output::line(&format!("FAILED  {} (line {}): {wrong}", case.title, case.line));
            steps::lines(&rule, &case.topic, trial).iter().for_each(|line| output::line(line));
        }
        coverage.lines().iter().for_each(|line| output::line(line));
        output::line(&format!("{} passed, {failed} failed", reports.len() - failed));
    }
    if failed > 0 {
        std::process::exit(1);
    }
    Ok(())
}

fn rule_of(book: &Book, file: &str, common: &Common) -> Result<Rule> {
    if let Some(name) = &book.rule {
        return Ok(Known::of(&Api::of(&common.data)?, name)?.rule);
    }
    let payload: Value = match (&book.payload, &book.sql) {
        (Some(text), _) => {
            serde_json::from_str(text).with_context(|| format!("{file}: the rule's block is no JSON"))?
        }
        (None, Some(sql)) => {
            let role = format!("arn:aws:iam::{ACCOUNT}:role/thingstead-rules");
            let republish = |topic: &String| json!({ "republish": { "topic": topic, "roleArn": role } });
            let actions: Vec<Value> = book.republish.iter().map(republish).collect();
            json!({ "sql": sql, "awsIotSqlVersion": "2016-03-23", "actions": actions })
        }
        (None, None) => bail!(
            "{file} names no rule: before the first case it needs a ```sql block, a ```json block with the rule, or a \
             line `rule: NAME`"
        ),
    };
    checked("test", &definition(payload.get("topicRulePayload").unwrap_or(&payload))?)
}

/// None: the case passes. Else what is wrong.
fn judge(case: &Case, trial: &Trial) -> Option<String> {
    let came = steps::result(&trial.end);
    let wanted = case.ends.as_deref().unwrap_or("fired");
    if came != wanted {
        return Some(format!("it has to be {wanted} and is {came}"));
    }
    let End::Fired { output, actions } = &trial.end else { return None };
    if let Some(wanted) = case.output.as_ref().filter(|wanted| !is_same(wanted, output)) {
        return Some(format!("the result has to be {wanted} and is {}", steps::shown(output)));
    }
    if case.actions.is_empty() {
        return None;
    }
    let did: Vec<String> = actions
        .iter()
        .map(|done| match done {
            Ok(effect) => steps::said(&effect.action),
            Err(failure) => format!("{failure}"),
        })
        .collect();
    (did != case.actions)
        .then(|| format!("the actions have to be [{}] and are [{}]", case.actions.join(", "), did.join(", ")))
}

/// The same bytes, or the same JSON.
fn is_same(wanted: &str, output: &Bytes) -> bool {
    let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    wanted.as_bytes() == &output[..]
        || json(wanted.as_bytes()).is_some_and(|value| json(output) == Some(value))
}

/// # Errors
/// The text is no file of cases: with its line.
fn parse(text: &str) -> Result<Book, String> {
    let mut book = Book::default();
    let mut lines = text.lines().enumerate();
    // What the next block holds, in a case.
    let mut label = String::new();
    while let Some((at, line)) = lines.next() {
        let line = line.trim_end();
        if let Some(language) = line.trim_start().strip_prefix("```") {
            let block = block(&mut lines).ok_or_else(|| format!("line {}: the block has no end", at + 1))?;
            take_block(&mut book, language.trim(), &label, block)
                .map_err(|wrong| format!("line {}: {wrong}", at + 1))?;
            label.clear();
        } else if let Some(title) = line.strip_prefix("## ") {
            book.cases.push(Case { title: title.trim().to_owned(), line: at + 1, ..Case::default() });
            label.clear();
        } else if let Some((name, value)) = line.trim_start_matches(['-', ' ']).split_once(':') {
            let value = value.trim().trim_matches('`');
            if value.is_empty() {
                label = name.trim().to_lowercase();
            } else {
                take_line(&mut book, &name.trim().to_lowercase(), value)
                    .map_err(|wrong| format!("line {}: {wrong}", at + 1))?;
            }
        }
    }
    match book.cases.iter().find(|case| case.topic.is_empty()) {
        Some(case) => Err(format!("line {}: case \"{}\" has no line `topic: …`", case.line, case.title)),
        None if book.cases.is_empty() => {
            Err("line 1: there is no case: each begins with `## its title`".to_owned())
        }
        None => Ok(book),
    }
}

fn block<'a>(lines: &mut impl Iterator<Item = (usize, &'a str)>) -> Option<String> {
    let mut text = Vec::new();
    for (_, line) in lines {
        if line.trim() == "```" {
            return Some(text.join("\n"));
        }
        text.push(line);
    }
    None
}

fn take_block(book: &mut Book, language: &str, label: &str, block: String) -> Result<(), String> {
    let Some(case) = book.cases.last_mut() else {
        match language {
            "sql" => book.sql = Some(block),
            "json" => book.payload = Some(block),
            _ => {}
        }
        return Ok(());
    };
    match label {
        "output" | "expect" | "result" => case.output = Some(block),
        "answer" => case.answers.push(block),
        "payload" => case.payload = block,
        "" if case.payload.is_empty() => case.payload = block,
        "" if case.output.is_none() => case.output = Some(block),
        "" => return Err("the case has a payload and an output already".to_owned()),
        other => {
            return Err(format!("`{other}:` is unknown before a block: write payload, output or answer"));
        }
    }
    Ok(())
}

fn take_line(book: &mut Book, name: &str, value: &str) -> Result<(), String> {
    let Some(case) = book.cases.last_mut() else {
        match name {
            "rule" => book.rule = Some(value.to_owned()),
            "republish" => book.republish.push(value.to_owned()),
            // A file may say more than what is needed here.
            _ => {}
        }
        return Ok(());
    };
    match name {
        "topic" => case.topic = value.to_owned(),
        "client" => case.client = Some(value.to_owned()),
        "payload" => case.payload = value.to_owned(),
        "answer" => case.answers.push(value.to_owned()),
        "action" => case.actions.push(value.to_owned()),
        "output" => case.output = Some(value.to_owned()),
        "expect" if ENDS.contains(&value) => case.ends = Some(value.to_owned()),
        "expect" if value == "fired" => {}
        "expect" => return Err(format!("`expect: {value}` is none of fired, {}", ENDS.join(", "))),
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOK: &str = "# Alerts\n\nrepublish: alerts/${topic(2)}\n\n```sql\nSELECT value FROM 'lab/+' WHERE value > 20\n```\n
## hot\ntopic: lab/bench\nclient: pump-1\n```json\n{\"value\": 21}\n```\noutput:\n```json\n{ \"value\": 21 }\n```\n\
- action: `republish alerts/bench`\n
## cold\ntopic: lab/bench\npayload: {\"value\": 1}\nexpect: skipped\n";

    fn trials(text: &str) -> Vec<Option<String>> {
        let book = parse(text).expect("a file of cases");
        let rule = rule_of(&book, "f", &Common { data: "d".into(), json: false }).expect("a rule");
        let judged = book.cases.iter().map(|case| {
            let payload = Bytes::from(case.payload.clone());
            let occasion =
                tried::occasion(&rule, &case.topic, payload, case.client.as_deref()).expect("a message");
            judge(case, &tried::answered(&rule, &occasion, &case.answers).expect("tried"))
        });
        judged.collect()
    }

    #[test]
    fn a_book_of_cases_is_read_and_its_cases_pass() {
        let book = parse(BOOK).expect("a file of cases");
        assert_eq!(book.republish, ["alerts/${topic(2)}"]);
        assert_eq!(book.cases.len(), 2);
        assert_eq!(book.cases[0].actions, ["republish alerts/bench"]);
        assert_eq!(book.cases[1].ends.as_deref(), Some("skipped"));
        assert_eq!(trials(BOOK), [None, None]);
    }

    #[test]
    fn what_comes_out_otherwise_fails_and_says_how() {
        for (from, to, part) in [
            ("{ \"value\": 21 }", "{\"value\":22}", "the result has to be"),
            ("republish alerts/bench", "republish alerts/x", "the actions have to be"),
            ("{\"value\": 21}", "{\"value\":2}", "has to be fired and is skipped"),
            ("topic: lab/bench\nclient", "topic: Lab/bench\nclient", "is not woken"),
        ] {
            let wrong = trials(&BOOK.replacen(from, to, 1));
            assert!(wrong[0].as_deref().is_some_and(|text| text.contains(part)), "{wrong:?}");
        }
    }

    #[test]
    fn a_file_that_is_none_is_refused_with_its_line() {
        for (text, part) in [
            ("```sql\nSELECT", "line 1: the block has no end"),
            ("# nothing", "no case"),
            ("## a\nclient: x\n", "line 1: case \"a\" has no line `topic"),
            ("## a\ntopic: t\nexpect: wonder\n", "line 3: `expect: wonder`"),
            ("## a\ntopic: t\nfoo:\n```\nx\n```\n", "line 4: `foo:` is unknown"),
        ] {
            let wrong = parse(text).expect_err(text);
            assert!(wrong.contains(part), "{wrong}");
        }
    }
}
