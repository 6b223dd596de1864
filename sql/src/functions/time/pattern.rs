//! A pattern of Joda's or of java.time's in, its pieces out. What a letter means is for others.

use crate::limits;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    /// A letter and how often it stands.
    Field(char, usize),
    Text(String),
    /// `[` and `]`: what is between may be missing. Only where the pattern is one of java.time.
    Open,
    Close,
}

/// None: a quote is not closed, a sign is reserved, or brackets nest too deep.
pub(super) fn pieces(pattern: &str, java: bool) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut letters = pattern.chars().peekable();
    let mut depth = 0usize;
    while let Some(letter) = letters.next() {
        match letter {
            'a'..='z' | 'A'..='Z' => {
                let mut count = 1;
                while letters.next_if_eq(&letter).is_some() {
                    count += 1;
                }
                pieces.push(Piece::Field(letter, count));
            }
            '\'' => text(&mut pieces, &quoted(&mut letters)?),
            '[' if java && depth < limits::TIME_DEPTH => {
                depth += 1;
                pieces.push(Piece::Open);
            }
            ']' if java => {
                depth = depth.saturating_sub(1);
                pieces.push(Piece::Close);
            }
            '[' if java => return None,
            '{' | '}' | '#' if java => return None,
            letter => text(&mut pieces, letter.encode_utf8(&mut [0; 4])),
        }
    }
    Some(pieces)
}

/// Up to the closing quote; two quotes are one that is meant.
fn quoted(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    if letters.next_if_eq(&'\'').is_some() {
        return Some("'".to_owned());
    }
    let mut quoted = String::new();
    loop {
        match letters.next()? {
            '\'' if letters.next_if_eq(&'\'').is_some() => quoted.push('\''),
            '\'' => return Some(quoted),
            letter => quoted.push(letter),
        }
    }
}

fn text(pieces: &mut Vec<Piece>, more: &str) {
    match pieces.last_mut() {
        Some(Piece::Text(text)) => text.push_str(more),
        _ => pieces.push(Piece::Text(more.to_owned())),
    }
}
