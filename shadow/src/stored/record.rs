//! A stored shadow in, the bytes of its record out, and back; a record of another format is refused, never guessed at.

use super::{Document, Stored};
use crate::fields::Fields;
use crate::json::{Number, Value};
use crate::limits::READ_DEPTH;
use crate::section::{Node, Section};

const FORMAT: u8 = 1;

const DELETED: u8 = 0;
const LIVE: u8 = 1;

const BRANCH: u8 = 0;
const LEAF: u8 = 1;

const FALSE: u8 = 0;
const TRUE: u8 = 1;
const NUMBER: u8 = 2;
const TEXT: u8 = 3;
const LIST: u8 = 4;
const OBJECT: u8 = 5;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error(
        "a shadow's record has format {0}, this program reads {FORMAT}; use the program that wrote it or a newer one"
    )]
    Format(u8),
    #[error("a shadow's record is broken after {at} bytes; restore it from a backup or delete the shadow")]
    Broken { at: usize },
}

impl Stored {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![FORMAT];
        count(self.version, &mut out);
        count(self.changed_at_ms, &mut out);
        match &self.document {
            None => out.push(DELETED),
            Some(document) => {
                out.push(LIVE);
                let base_s = self.changed_at_ms / 1000;
                section(&document.desired, base_s, &mut out);
                section(&document.reported, base_s, &mut out);
            }
        }
        out
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut reader = Reader { bytes, at: 0, base_s: 0 };
        match reader.byte() {
            Some(FORMAT) => {}
            Some(other) => return Err(RecordError::Format(other)),
            None => return Err(RecordError::Broken { at: 0 }),
        }
        let stored = reader.stored().filter(|_| reader.at == bytes.len());
        stored.ok_or(RecordError::Broken { at: reader.at })
    }
}

fn section(fields: &Section, base_s: u64, out: &mut Vec<u8>) {
    count(fields.len() as u64, out);
    for (name, node) in fields.iter() {
        text(name, out);
        match node {
            Node::Branch(fields) => {
                out.push(BRANCH);
                section(fields, base_s, out);
            }
            Node::Leaf { value: own, at_s } => {
                out.push(LEAF);
                // Seconds before the last change: small for all that changes often.
                count(base_s.wrapping_sub(*at_s), out);
                value(own, out);
            }
        }
    }
}

fn value(own: &Value, out: &mut Vec<u8>) {
    match own {
        // Nulls are taken out before anything is stored.
        Value::Null => value(&Value::Object(Fields::default()), out),
        Value::Bool(false) => out.push(FALSE),
        Value::Bool(true) => out.push(TRUE),
        Value::Number(number) => {
            out.push(NUMBER);
            text(number.text(), out);
        }
        Value::Text(own) => {
            out.push(TEXT);
            text(own, out);
        }
        Value::List(elements) => {
            out.push(LIST);
            count(elements.len() as u64, out);
            elements.iter().for_each(|element| value(element, out));
        }
        Value::Object(fields) => {
            out.push(OBJECT);
            count(fields.len() as u64, out);
            for (name, own) in fields.iter() {
                text(name, out);
                value(own, out);
            }
        }
    }
}

fn text(own: &str, out: &mut Vec<u8>) {
    count(own.len() as u64, out);
    out.extend_from_slice(own.as_bytes());
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn count(mut own: u64, out: &mut Vec<u8>) {
    while own >= 0x80 {
        out.push((own & 0x7f) as u8 | 0x80);
        own >>= 7;
    }
    out.push(own as u8);
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    base_s: u64,
}

impl<'a> Reader<'a> {
    fn stored(&mut self) -> Option<Stored> {
        let version = self.count()?;
        let changed_at_ms = self.count()?;
        self.base_s = changed_at_ms / 1000;
        let document = match self.byte()? {
            DELETED => None,
            LIVE => {
                Some(Document { desired: self.section(READ_DEPTH)?, reported: self.section(READ_DEPTH)? })
            }
            _ => return None,
        };
        Some(Stored { version, changed_at_ms, document })
    }

    fn section(&mut self, levels: usize) -> Option<Section> {
        let levels = levels.checked_sub(1)?;
        self.fields(|reader| match reader.byte()? {
            BRANCH => reader.section(levels).map(Node::Branch),
            LEAF => {
                let at_s = reader.base_s.wrapping_sub(reader.count()?);
                Some(Node::Leaf { value: reader.value(levels)?, at_s })
            }
            _ => None,
        })
    }

    fn value(&mut self, levels: usize) -> Option<Value> {
        match self.byte()? {
            FALSE => Some(Value::Bool(false)),
            TRUE => Some(Value::Bool(true)),
            NUMBER => self.text().and_then(Number::new).map(Value::Number),
            TEXT => self.text().map(|text| Value::Text(text.into())),
            LIST => {
                let levels = levels.checked_sub(1)?;
                let length = self.length()?;
                (0..length).map(|_| self.value(levels)).collect::<Option<Vec<_>>>().map(Value::List)
            }
            OBJECT => {
                let levels = levels.checked_sub(1)?;
                self.fields(|reader| reader.value(levels)).map(Value::Object)
            }
            _ => None,
        }
    }

    fn fields<T>(&mut self, mut each: impl FnMut(&mut Self) -> Option<T>) -> Option<Fields<T>> {
        let length = self.length()?;
        let mut members = Vec::with_capacity(length.min(64));
        for _ in 0..length {
            members.push((self.text()?.into(), each(self)?));
        }
        Some(Fields::from_written(members))
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        let end = self.at.checked_add(length)?;
        let text = std::str::from_utf8(self.bytes.get(self.at..end)?).ok()?;
        self.at = end;
        Some(text)
    }

    /// Of something whose parts take at least a byte each, so that a broken length reserves nothing.
    fn length(&mut self) -> Option<usize> {
        let length = usize::try_from(self.count()?).ok()?;
        (length <= self.bytes.len() - self.at).then_some(length)
    }

    fn count(&mut self) -> Option<u64> {
        let mut own = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            own |= bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits)?;
            if byte & 0x80 == 0 {
                return Some(own);
            }
        }
        None
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }
}
