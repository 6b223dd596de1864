//! Terms and phrases in, whether a text has them out. Upper and lower case differ, as with AWS.

use super::{PatternError, syntax};

#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Terms {
    pub(super) fn match_text(&self, text: &str) -> bool {
        let has = |term: &String| text.contains(term.as_str());
        // AWS does not count terms with a question mark beside others.
        let any_counts = self.all.is_empty() && self.none.is_empty();
        self.all.iter().all(has)
            && !self.none.iter().any(has)
            && (!any_counts || self.any.is_empty() || self.any.iter().any(has))
    }
}

pub(super) fn parse(text: &str) -> Result<Terms, PatternError> {
    let mut terms = Terms::default();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (list, after) = match first {
            '?' => (&mut terms.any, &rest[1..]),
            '-' => (&mut terms.none, &rest[1..]),
            _ => (&mut terms.all, rest),
        };
        let (term, after) = match after.strip_prefix('"') {
            Some(phrase) => quoted(phrase)?,
            None => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                let (term, after) = after.split_at(end);
                (term.to_owned(), after)
            }
        };
        if term.is_empty() {
            return Err(syntax("a term is missing behind - or ?, or between quotation marks"));
        }
        if term.starts_with('%') {
            return Err(PatternError::Unserved("a regular expression (%…%)"));
        }
        list.push(term);
        rest = after.trim_start();
    }
    Ok(terms)
}

/// What stands before the closing quotation mark, and what comes behind it.
pub(super) fn quoted(text: &str) -> Result<(String, &str), PatternError> {
    let mut out = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((out, text.get(at + 1..).unwrap_or_default())),
            '\\' => match letters.next() {
                Some((_, escaped @ ('"' | '\\'))) => out.push(escaped),
                Some((_, other)) => out.extend(['\\', other]),
                None => break,
            },
            other => out.push(other),
        }
    }
    Err(syntax("a quotation mark is not closed"))
}
