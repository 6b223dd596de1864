//! The inside of JSON strings: how far it is plain, what an escape says, and the text that it means.

use std::borrow::Cow;

pub(super) struct Escape {
    pub(super) length: usize,
    pub(super) character: char,
    /// Whether compact JSON writes it the same way.
    pub(super) needed: bool,
}

/// How many bytes come before a quote, a backslash or a control character.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let mut length = 0;
    for chunk in bytes.chunks_exact(8) {
        let word = chunk.try_into().map_or(0, u64::from_le_bytes);
        let special = special(word);
        if special != 0 {
            return length + (special.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    let rest = bytes.get(length..).unwrap_or_default();
    length + rest.iter().position(|byte| matches!(byte, 0..=0x1f | b'"' | b'\\')).unwrap_or(rest.len())
}

/// The high bit of every byte that is special; above the first, bits may be set by mistake.
fn special(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let quote = zero(word ^ (ONES * 0x22));
    let backslash = zero(word ^ (ONES * 0x5c));
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (quote | backslash | control) & HIGHS
}

/// The escape at the start; None: it is none, or half of a surrogate pair.
pub(super) fn escape(bytes: &[u8]) -> Option<Escape> {
    let short = |character| Some(Escape { length: 2, character, needed: true });
    match bytes.get(1)? {
        b'"' => short('"'),
        b'\\' => short('\\'),
        b'n' => short('\n'),
        b'r' => short('\r'),
        b't' => short('\t'),
        b'b' => short('\u{8}'),
        b'f' => short('\u{c}'),
        b'/' => Some(Escape { length: 2, character: '/', needed: false }),
        b'u' => {
            let unit = unit(bytes)?;
            let Some(character) = char::from_u32(unit) else { return surrogates(bytes, unit) };
            // Controls without a short form are written so; the digits' case may differ.
            Some(Escape { length: 6, character, needed: false })
        }
        _ => None,
    }
}

fn surrogates(bytes: &[u8], high: u32) -> Option<Escape> {
    let low = bytes.get(6..).and_then(unit)?;
    if !(0xD800..0xDC00).contains(&high) || !(0xDC00..0xE000).contains(&low) {
        return None;
    }
    let character = char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))?;
    Some(Escape { length: 12, character, needed: false })
}

/// The number of `\uXXXX`.
fn unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

/// What stands between the quotes of a valid JSON string, as the text that it means.
pub(super) fn unescape(inside: &str) -> Cow<'_, str> {
    // A backslash is all that is not plain there.
    let first = plain_length(inside.as_bytes());
    if first == inside.len() {
        return Cow::Borrowed(inside);
    }
    let (clean, mut rest) = inside.split_at(first);
    let mut text = String::with_capacity(inside.len());
    text.push_str(clean);
    while let Some(escape) = escape(rest.as_bytes()) {
        text.push(escape.character);
        rest = rest.get(escape.length..).unwrap_or_default();
        let (clean, dirty) = rest.split_at(rest.find('\\').unwrap_or(rest.len()));
        text.push_str(clean);
        rest = dirty;
    }
    Cow::Owned(text)
}
