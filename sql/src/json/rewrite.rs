//! A piece of a payload in, the compact JSON of it out; copied where nothing has to change.

use super::scan::Raw;
use super::walk::{past_blanks, past_string};
use super::write::{write_into, write_text};
use super::{number, number_span, text};
use crate::version::Version;

impl Raw<'_> {
    /// Appends this value as this version writes it.
    pub(crate) fn write(self, version: Version, out: &mut Vec<u8>) {
        if self.flags.copies(version) {
            out.extend_from_slice(self.text.as_bytes());
        } else if self.flags.may_double() {
            write_into(&self.value(version), out);
        } else {
            let start = out.len();
            if self.rewrite(version, out).is_none() {
                out.truncate(start);
                write_into(&self.value(version), out);
            }
        }
    }

    /// Copies what lies between what has to change. None: a number in it has no value, so that its member has to go.
    fn rewrite(self, version: Version, out: &mut Vec<u8>) -> Option<()> {
        let bytes = self.text.as_bytes();
        let piece = |range| self.text.get(range).unwrap_or_default();
        let renumbers = self.flags.has_numbers(version);
        out.reserve(bytes.len());
        let (mut copied, mut at) = (0, 0);
        while let Some(byte) = bytes.get(at) {
            let start = at;
            match byte {
                b' ' | b'\n' | b'\r' | b'\t' => {
                    at = past_blanks(bytes, at);
                    out.extend_from_slice(piece(copied..start).as_bytes());
                    copied = at;
                }
                b'"' => {
                    at = past_string(bytes, at);
                    if self.flags.has_escapes() && piece(start..at).contains('\\') {
                        out.extend_from_slice(piece(copied..start).as_bytes());
                        write_text(&text::unescape(piece(start + 1..at - 1)), out);
                        copied = at;
                    }
                }
                b'-' | b'0'..=b'9' if renumbers => {
                    let (end, flags) = number_span(bytes, at)?;
                    at = end;
                    if !flags.copies(version) {
                        out.extend_from_slice(piece(copied..start).as_bytes());
                        write_into(&number(piece(start..at), version)?, out);
                        copied = at;
                    }
                }
                // Of brackets, commas, colons, words, and numbers that stay.
                _ => at += 1,
            }
        }
        out.extend_from_slice(piece(copied..at).as_bytes());
        Some(())
    }
}
