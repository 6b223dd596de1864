//! Arbitrary bytes in, a panic when a promise of this crate breaks. For the fuzz targets and the bounded run.

use crate::evaluate::Evaluation;
use crate::input::Input;
use crate::json::{Document, write};
use crate::lint::lint;
use crate::statement::{Outcome, Statement};
use crate::template::Template;
use crate::version::Version;

/// Parses text as a statement and as a template of either version; what is printed must parse to the same.
pub fn parse(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    for version in [Version::V2015, Version::V2016] {
        match Statement::parse(text, version) {
            Ok(statement) => {
                let printed = statement.to_string();
                let again = Statement::parse(&printed, version);
                assert_eq!(again.as_ref(), Ok(&statement), "printed as {printed}");
                for finding in lint(&statement) {
                    assert!(text.get(finding.span.clone()).is_some(), "{finding:?}");
                }
                assert!(statement.references().iter().all(|found| text.get(found.span.clone()).is_some()));
            }
            Err(error) => {
                assert!(text.get(error.span.clone()).is_some(), "{error:?}");
                assert!(error.render().lines().count() >= 2, "{error:?}");
            }
        }
        if let Err(error) = Template::parse(text, version) {
            assert!(text.get(error.span.clone()).is_some(), "{error:?}");
        }
    }
}

/// The first line is a statement, the rest a payload: running and explaining must agree, and what is selected of
/// JSON must be JSON.
pub fn evaluate(input: &[u8]) {
    let at = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (statement, payload) = (input.get(..at).unwrap_or_default(), input.get(at + 1..).unwrap_or_default());
    let Ok(text) = std::str::from_utf8(statement) else { return };
    for version in [Version::V2015, Version::V2016] {
        if let Ok(statement) = Statement::parse(text, version) {
            run(&statement, payload);
        }
        if let Ok(template) = Template::parse(text, version) {
            let input = message(payload);
            let rendered = template.render(&mut Evaluation::new(&input));
            assert_eq!(rendered, template.render(&mut Evaluation::new(&input)));
        }
    }
}

fn run(statement: &Statement, payload: &[u8]) {
    let input = message(payload);
    let document = Document::of(payload);
    let outcome = statement.run(&mut Evaluation::over(&input, &document));
    assert_eq!(outcome, statement.run(&mut Evaluation::new(&input)), "{statement}");
    let trace = statement.explain(&mut Evaluation::new(&input));
    // The slow way may reach the limit of steps where the fast way does not.
    if trace.end.is_ok() {
        assert_eq!(outcome, trace.end, "{statement}");
    }
    if let Ok(Outcome::Selected(selected)) = &outcome
        && document.is_json()
        && !selected.is_empty()
    {
        assert!(Document::of(selected).is_json(), "{}", String::from_utf8_lossy(selected));
    }
    for (_, value) in &trace.columns {
        let written = write(value);
        assert!(written.is_empty() || Document::of(written.as_bytes()).is_json(), "{written}");
    }
}

fn message(payload: &[u8]) -> Input<'_> {
    Input {
        payload,
        topic: "device/pump-1/data",
        client_id: Some("pump-1"),
        principal: Some("principal"),
        source_ip: Some("127.0.0.1"),
        account: "123456789012",
        properties: None,
        now_ms: 1_700_000_000_000,
        seed: 7,
        answers: &[],
    }
}
