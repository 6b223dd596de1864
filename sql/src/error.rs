//! Why a statement or a template is no such thing: where, what and what to write instead. It judges nothing.

use std::fmt;
use std::ops::Range;

use crate::limits::PICTURE_BYTES;

/// Where something stands in the text, in bytes.
pub type Span = Range<usize>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlError {
    pub span: Span,
    /// Both count from 1; a column counts characters.
    pub line: usize,
    pub column: usize,
    pub message: String,
    /// The nearest thing that would have been right: `did you mean SELECT?`
    pub suggestion: Option<String>,
    /// The piece of the line around the span, and where the span lies in it, in characters.
    excerpt: String,
    marked: Range<usize>,
}

impl SqlError {
    pub(crate) fn new(text: &str, span: Span, message: impl Into<String>) -> SqlError {
        let start = boundary(text, span.start);
        let end = boundary(text, span.end).max(start);
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        let line_end = text.get(start..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| start + at);
        let from = boundary(text, start.saturating_sub(PICTURE_BYTES / 2)).max(line_start);
        let until = boundary(text, start.saturating_add(PICTURE_BYTES)).min(line_end);
        let excerpt = text.get(from..until).unwrap_or_default().replace(['\t', '\r'], " ");
        let characters = |range: Range<usize>| text.get(range).unwrap_or_default().chars().count();
        let first = characters(from..start);
        let last = first + characters(start..end.min(until)).max(1);
        SqlError {
            span: start..end,
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column,
            message: message.into(),
            suggestion: None,
            excerpt,
            marked: first..last,
        }
    }

    pub(crate) fn suggest(mut self, suggestion: impl Into<String>) -> SqlError {
        self.suggestion = Some(suggestion.into());
        self
    }

    /// The piece of the statement, and carets under what is wrong.
    pub fn render(&self) -> String {
        let blank = " ".repeat(self.marked.start);
        let carets = "^".repeat(self.marked.len());
        let said = self.suggestion.as_ref().unwrap_or(&self.message);
        format!("{}\n{blank}{carets} {said}", self.excerpt)
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}: {}", self.line, self.column, self.message)?;
        self.suggestion.iter().try_for_each(|suggestion| write!(out, "; {suggestion}"))
    }
}

impl std::error::Error for SqlError {}

fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
