//! Steps through JSON that is known to be valid: past blanks, past a value, to a member, over elements.

use super::scan::Raw;
use super::text;

impl<'a> Raw<'a> {
    /// The member of this name, the last one if there are more; None if this is no object.
    pub(crate) fn member(self, name: &str) -> Option<Raw<'a>> {
        let mut found = None;
        let mut walk = Walk::into(self, b'{')?;
        // Where no name stands twice, none has an escape either.
        let single = !self.flags.may_double();
        while let Some((key, value)) = walk.next_member() {
            if key == name || (!single && text::unescape(key) == name) {
                found = Some(value);
                if single {
                    break;
                }
            }
        }
        found
    }

    /// What a string says, if this is one.
    pub(crate) fn string(self) -> Option<std::borrow::Cow<'a, str>> {
        let inside = self.text.strip_prefix('"')?.strip_suffix('"')?;
        Some(text::unescape(inside))
    }

    pub(crate) fn is_array(self) -> bool {
        self.text.starts_with('[')
    }

    pub(crate) fn is_object(self) -> bool {
        self.text.starts_with('{')
    }
}

/// The elements of an array; none of anything else.
pub(crate) fn elements(array: Raw<'_>) -> impl Iterator<Item = Raw<'_>> {
    let mut walk = Walk::into(array, b'[');
    std::iter::from_fn(move || walk.as_mut()?.next_element())
}

/// The members of an object in the order of the text, names as they are written.
pub(super) fn members(object: Raw<'_>) -> impl Iterator<Item = (&str, Raw<'_>)> {
    let mut walk = Walk::into(object, b'{');
    std::iter::from_fn(move || walk.as_mut()?.next_member())
}

struct Walk<'a> {
    within: Raw<'a>,
    at: usize,
}

impl<'a> Walk<'a> {
    fn into(within: Raw<'a>, open: u8) -> Option<Walk<'a>> {
        (within.text.as_bytes().first() == Some(&open)).then_some(Walk { within, at: 1 })
    }

    fn next_member(&mut self) -> Option<(&'a str, Raw<'a>)> {
        self.next_start()?;
        let start = self.at;
        self.at = past_string(self.bytes(), self.at);
        let key = self.within.text.get(start + 1..self.at.checked_sub(1)?)?;
        self.at = past_blanks(self.bytes(), self.at) + 1;
        self.at = past_blanks(self.bytes(), self.at);
        Some((key, self.value()?))
    }

    fn next_element(&mut self) -> Option<Raw<'a>> {
        self.next_start()?;
        self.value()
    }

    /// Past blanks and a comma; None at the end of the object or the array.
    fn next_start(&mut self) -> Option<()> {
        self.at = past_blanks(self.bytes(), self.at);
        if self.bytes().get(self.at) == Some(&b',') {
            self.at = past_blanks(self.bytes(), self.at + 1);
        }
        match self.bytes().get(self.at)? {
            b'}' | b']' => None,
            _ => Some(()),
        }
    }

    fn value(&mut self) -> Option<Raw<'a>> {
        let start = self.at;
        self.at = past_value(self.bytes(), start);
        Some(Raw { text: self.within.text.get(start..self.at)?, flags: self.within.flags })
    }

    fn bytes(&self) -> &'a [u8] {
        self.within.text.as_bytes()
    }
}

pub(super) fn past_blanks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

pub(super) fn past_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        at += text::plain_length(bytes.get(at..).unwrap_or_default());
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            _ => return at + 1,
        }
    }
}

fn past_value(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    let mut open = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = past_string(bytes, at),
            b'{' | b'[' => {
                open += 1;
                at += 1;
                continue;
            }
            b'}' | b']' => {
                if open == 0 {
                    return at;
                }
                open -= 1;
                at += 1;
            }
            b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' if open > 0 => {
                at += 1;
                continue;
            }
            _ => at = past_bare(bytes, at),
        }
        if open == 0 {
            return at;
        }
    }
    at
}

/// Past a number or a word.
fn past_bare(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let stops = |byte: &u8| matches!(byte, b',' | b':' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
    start + rest.iter().position(stops).unwrap_or(rest.len()).max(1)
}
