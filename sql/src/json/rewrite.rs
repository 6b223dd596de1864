//! A piece of a payload in, the compact JSON of it out; copied where nothing has to change.

use super::scan::Raw;
use super::walk::{past_bare, past_blanks, past_string};
use super::write::{write_into, write_text};
use super::{number, text};
use crate::version::Version;

impl Raw<'_> {
    /// Appends this value as this version writes it.
    pub(crate) fn write(self, version: Version, out: &mut Vec<u8>) {
        if self.flags.copies(version) {
            out.extend_from_slice(self.text.as_bytes());
        } else if self.flags.copies_but_for_blanks(version) {
            self.copy_without_blanks(out);
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

    /// Copies what stands between blanks, piece by piece.
    fn copy_without_blanks(self, out: &mut Vec<u8>) {
        let bytes = self.text.as_bytes();
        out.reserve(bytes.len());
        let (mut at, mut piece) = (0, 0);
        while let Some(byte) = bytes.get(at) {
            if *byte == b'"' {
                at = past_string(bytes, at);
            } else if *byte <= b' ' {
                out.extend_from_slice(bytes.get(piece..at).unwrap_or_default());
                at = past_blanks(bytes, at + 1);
                piece = at;
            } else {
                at += 1;
            }
        }
        out.extend_from_slice(bytes.get(piece..).unwrap_or_default());
    }

    /// None: a number in it has no value, so that its member has to go.
    fn rewrite(self, version: Version, out: &mut Vec<u8>) -> Option<()> {
        let bytes = self.text.as_bytes();
        let piece = |range| self.text.get(range).unwrap_or_default();
        out.reserve(bytes.len());
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b' ' | b'\n' | b'\r' | b'\t' => at += 1,
                b'{' | b'}' | b'[' | b']' | b',' | b':' => {
                    out.push(*byte);
                    at += 1;
                }
                b'"' => {
                    let end = past_string(bytes, at);
                    let string = piece(at..end);
                    if string.contains('\\') {
                        write_text(&text::unescape(piece(at + 1..end - 1)), out);
                    } else {
                        out.extend_from_slice(string.as_bytes());
                    }
                    at = end;
                }
                b't' | b'f' | b'n' => {
                    let end = past_bare(bytes, at);
                    out.extend_from_slice(piece(at..end).as_bytes());
                    at = end;
                }
                _ => {
                    let end = past_bare(bytes, at);
                    write_into(&number(piece(at..end), version)?, out);
                    at = end;
                }
            }
        }
        Some(())
    }
}
