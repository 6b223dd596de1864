//! A payload in, whether it is JSON and where its top-level members stand out; builds no values.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::text;
use super::walk;
use crate::limits::{DIGITS, JSON_DEPTH};
use crate::version::Version;

/// A message's payload and what one scan found in it. Rules over one message share it.
#[derive(Debug)]
pub struct Document<'a> {
    payload: &'a [u8],
    /// None: no UTF-8, or longer than any message.
    text: Option<&'a str>,
    scan: OnceCell<Scan>,
    /// The members' places by name, once one of many is looked for.
    by_name: OnceCell<Vec<u32>>,
}

/// From so many members on, places are kept by name.
const MANY: usize = 32;

/// What a piece of JSON holds that compact JSON writes otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flags(u8);

impl Flags {
    pub(crate) const NONE: Flags = Flags(0);
    /// Blanks between its parts.
    const SPACED: Flags = Flags(1);
    /// A decimal that is whole, which the version of 2016 makes an Int.
    const WHOLE: Flags = Flags(2);
    /// A number that is written otherwise by every version.
    const NUMBER: Flags = Flags(4);
    /// A string with an escape that its characters do not need.
    const ESCAPED: Flags = Flags(8);
    /// An object that may name a member twice.
    const DOUBLED: Flags = Flags(16);

    /// Whether the text is already what this version writes.
    pub(crate) fn copies(self, version: Version) -> bool {
        let harmless = if version == Version::V2015 { Self::WHOLE.0 } else { 0 };
        self.0 & !harmless == 0
    }

    /// Whether only blanks have to go.
    pub(crate) fn copies_but_for_blanks(self, version: Version) -> bool {
        Flags(self.0 & !Self::SPACED.0).copies(version)
    }

    pub(crate) fn may_double(self) -> bool {
        self.0 & Self::DOUBLED.0 != 0
    }

    fn add(&mut self, other: Flags) {
        self.0 |= other.0;
    }
}

/// A piece of valid JSON: one value, without blanks around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Raw<'a> {
    pub(crate) text: &'a str,
    pub(crate) flags: Flags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    NotJson,
    TooDeep,
    Scalar,
    Array,
    Object,
}

#[derive(Debug)]
struct Scan {
    shape: Shape,
    start: u32,
    end: u32,
    flags: Flags,
    members: Vec<Member>,
}

#[derive(Debug, Clone, Copy)]
struct Member {
    /// Between the quotes.
    key: (u32, u32),
    key_escaped: bool,
    value: (u32, u32),
    flags: Flags,
}

impl Member {
    fn key_length(&self) -> usize {
        (self.key.1 - self.key.0) as usize
    }
}

impl<'a> Document<'a> {
    pub fn of(payload: &'a [u8]) -> Document<'a> {
        let text = std::str::from_utf8(payload).ok().filter(|text| u32::try_from(text.len()).is_ok());
        Document { payload, text, scan: OnceCell::new(), by_name: OnceCell::new() }
    }

    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Whether the payload is JSON that rules can look into.
    pub fn is_json(&self) -> bool {
        !matches!(self.shape(), Shape::NotJson | Shape::TooDeep)
    }

    pub(crate) fn shape(&self) -> Shape {
        self.scan().shape
    }

    /// The whole payload, if it is JSON.
    pub(crate) fn whole(&self) -> Option<Raw<'a>> {
        let scan = self.scan();
        if !self.is_json() {
            return None;
        }
        Some(Raw { text: self.piece((scan.start, scan.end)), flags: scan.flags })
    }

    /// The last member of this name at the top.
    pub(crate) fn member(&self, name: &str) -> Option<Raw<'a>> {
        let members = &self.scan().members;
        let found = if members.len() < MANY {
            members.iter().rev().find(|member| match member.key_escaped {
                true => self.key(member) == name,
                // Lengths are at hand; texts have to be fetched.
                false => member.key_length() == name.len() && self.piece(member.key) == name,
            })?
        } else {
            let by_name = self.by_name.get_or_init(|| self.sorted(members));
            let key = |at: &u32| members.get(*at as usize).map(|member| self.key(member));
            let behind = by_name.partition_point(|at| key(at).is_some_and(|key| *key <= *name));
            let last = behind.checked_sub(1).and_then(|rank| by_name.get(rank))?;
            members.get(*last as usize).filter(|member| self.key(member) == name)?
        };
        Some(Raw { text: self.piece(found.value), flags: found.flags })
    }

    /// Places in the order of names; equal names stay in the order of the text.
    fn sorted(&self, members: &[Member]) -> Vec<u32> {
        let mut by_name: Vec<u32> = (0..members.len() as u32).collect();
        by_name.sort_by_cached_key(|at| members.get(*at as usize).map(|member| self.key(member)));
        by_name
    }

    fn key(&self, member: &Member) -> Cow<'a, str> {
        let key = self.piece(member.key);
        if member.key_escaped { text::unescape(key) } else { Cow::Borrowed(key) }
    }

    fn piece(&self, (start, end): (u32, u32)) -> &'a str {
        self.text.and_then(|text| text.get(start as usize..end as usize)).unwrap_or_default()
    }

    fn scan(&self) -> &Scan {
        self.scan.get_or_init(|| Scanner::scan(self.text))
    }
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    flags: Flags,
    /// Marks of the names of the objects that are open.
    names: Vec<u64>,
}

enum Broken {
    NotJson,
    TooDeep,
}

const NOT_JSON: Broken = Broken::NotJson;

impl<'a> Scanner<'a> {
    fn scan(text: Option<&'a str>) -> Scan {
        let failed = |shape| Scan { shape, start: 0, end: 0, flags: Flags::NONE, members: Vec::new() };
        let Some(text) = text else { return failed(Shape::NotJson) };
        let mut scanner =
            Scanner { bytes: text.as_bytes(), at: 0, flags: Flags::NONE, names: Vec::with_capacity(MANY) };
        match scanner.document() {
            Ok(scan) => scan,
            Err(Broken::NotJson) => failed(Shape::NotJson),
            Err(Broken::TooDeep) => failed(Shape::TooDeep),
        }
    }

    fn document(&mut self) -> Result<Scan, Broken> {
        self.blanks();
        let start = self.at;
        self.flags = Flags::NONE;
        let mut members = Vec::new();
        let shape = match self.peek() {
            Some(b'{') => {
                members.reserve(16);
                self.object(0, Some(&mut members))?;
                Shape::Object
            }
            Some(b'[') => {
                self.array(0)?;
                Shape::Array
            }
            _ => {
                self.value(0)?;
                Shape::Scalar
            }
        };
        let (end, flags) = (self.at, self.flags);
        self.blanks();
        if self.at != self.bytes.len() {
            return Err(NOT_JSON);
        }
        // Blanks around the whole are outside of the span.
        Ok(Scan { shape, start: start as u32, end: end as u32, flags, members })
    }

    fn value(&mut self, depth: usize) -> Result<(), Broken> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.object(depth, None),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            _ => Err(NOT_JSON),
        }
    }

    fn object(&mut self, depth: usize, mut members: Option<&mut Vec<Member>>) -> Result<(), Broken> {
        if depth >= JSON_DEPTH {
            return Err(Broken::TooDeep);
        }
        self.at += 1;
        let first_name = self.names.len();
        self.blanks();
        if self.eat(b'}') {
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(NOT_JSON);
            }
            let key_start = self.at + 1;
            let key_escaped = self.string()?;
            let key = (key_start as u32, (self.at - 1) as u32);
            self.name(key_start, key_escaped);
            self.blanks();
            if !self.eat(b':') {
                return Err(NOT_JSON);
            }
            self.blanks();
            let start = self.at;
            let outside = std::mem::take(&mut self.flags);
            self.value(depth + 1)?;
            if let Some(members) = members.as_mut() {
                let value = (start as u32, self.at as u32);
                members.push(Member { key, key_escaped, value, flags: self.flags });
            }
            self.flags.add(outside);
            self.blanks();
            if self.eat(b',') {
                self.blanks();
            } else if self.eat(b'}') {
                break;
            } else {
                return Err(NOT_JSON);
            }
        }
        self.close(first_name);
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), Broken> {
        if depth >= JSON_DEPTH {
            return Err(Broken::TooDeep);
        }
        self.at += 1;
        self.blanks();
        if self.eat(b']') {
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            self.blanks();
            if self.eat(b',') {
                self.blanks();
            } else if self.eat(b']') {
                return Ok(());
            } else {
                return Err(NOT_JSON);
            }
        }
    }

    /// Whether the string has an escape.
    fn string(&mut self) -> Result<bool, Broken> {
        self.at += 1;
        let mut escaped = false;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            self.at += text::plain_length(rest);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    let rest = self.bytes.get(self.at..).unwrap_or_default();
                    let escape = text::escape(rest).ok_or(NOT_JSON)?;
                    self.at += escape.length;
                    if !escape.needed {
                        self.flags.add(Flags::ESCAPED);
                    }
                }
                // The end, or a control character.
                _ => return Err(NOT_JSON),
            }
        }
    }

    fn number(&mut self) -> Result<(), Broken> {
        let start = self.at;
        let negative = self.eat(b'-');
        let whole = self.at;
        self.digits()?;
        let zero = self.bytes.get(whole) == Some(&b'0');
        if zero && self.at > whole + 1 {
            return Err(NOT_JSON);
        }
        // There is no Int of -0.
        let mut plain = !(negative && zero);
        if self.eat(b'.') {
            let fraction = self.at;
            self.digits()?;
            let fraction = self.bytes.get(fraction..self.at).unwrap_or_default();
            if fraction.iter().all(|digit| *digit == b'0') {
                self.flags.add(Flags::WHOLE);
            }
            // So small a decimal is written with an exponent.
            plain &= !fraction.starts_with(b"000000");
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
            plain = false;
        }
        if !plain || self.at - start > DIGITS as usize {
            self.flags.add(Flags::NUMBER);
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Broken> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += length;
        if length == 0 { Err(NOT_JSON) } else { Ok(()) }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Broken> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(NOT_JSON);
        }
        self.at += word.len();
        Ok(())
    }

    fn name(&mut self, start: usize, escaped: bool) {
        if escaped {
            // Two spellings may be one name.
            self.flags.add(Flags::DOUBLED);
        }
        let name = self.bytes.get(start..self.at - 1).unwrap_or_default();
        self.names.push(mark(name));
    }

    /// Looks for equal marks among the names of the object that ends.
    fn close(&mut self, first: usize) {
        let names = self.names.get_mut(first..).unwrap_or_default();
        let doubled = if names.len() <= 16 {
            let mut rest: &[u64] = names;
            let mut doubled = false;
            while let Some((name, others)) = rest.split_first() {
                doubled |= others.contains(name);
                rest = others;
            }
            doubled
        } else {
            names.sort_unstable();
            names.windows(2).any(|pair| matches!(pair, [one, other] if one == other))
        };
        if doubled {
            self.flags.add(Flags::DOUBLED);
        }
        self.names.truncate(first);
    }

    #[inline]
    fn blanks(&mut self) {
        if self.peek().is_some_and(|byte| byte <= b' ') {
            self.at = walk::past_blanks(self.bytes, self.at);
            self.flags.add(Flags::SPACED);
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn eat(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }
}

/// Equal names have equal marks; a chance equality costs time, never a wrong result.
fn mark(name: &[u8]) -> u64 {
    let mut mark = name.len() as u64;
    let mut chunks = name.chunks_exact(8);
    for chunk in chunks.by_ref() {
        let word = chunk.try_into().map_or(0, u64::from_le_bytes);
        mark = (mark ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    }
    let tail = chunks.remainder().iter().fold(0, |tail: u64, byte| tail << 8 | u64::from(*byte));
    (mark ^ tail).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
