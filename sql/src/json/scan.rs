//! A payload in, whether it is JSON and where its top-level members stand out; builds no values.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::{names, number_span, text, walk};
use crate::limits::JSON_DEPTH;
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
    /// Whether two members at the top may have one name, once that matters.
    doubled: OnceCell<bool>,
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
    pub(super) const WHOLE: Flags = Flags(2);
    /// A number that is written otherwise by every version.
    pub(super) const NUMBER: Flags = Flags(4);
    /// A string with an escape that its characters do not need.
    const ESCAPED: Flags = Flags(8);
    /// An object that may name a member twice.
    const DOUBLED: Flags = Flags(16);

    /// Whether the text is already what this version writes.
    pub(crate) fn copies(self, version: Version) -> bool {
        let harmless = if version == Version::V2015 { Self::WHOLE.0 } else { 0 };
        self.0 & !harmless == 0
    }

    pub(crate) fn may_double(self) -> bool {
        self.0 & Self::DOUBLED.0 != 0
    }

    /// Whether a number in it is written otherwise.
    pub(super) fn has_numbers(self, version: Version) -> bool {
        !Flags(self.0 & (Self::WHOLE.0 | Self::NUMBER.0)).copies(version)
    }

    /// Whether a string in it is written otherwise.
    pub(super) fn has_escapes(self) -> bool {
        self.0 & Self::ESCAPED.0 != 0
    }

    pub(super) fn add(&mut self, other: Flags) {
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
    /// But for whether members at the top have one name.
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
        self.key.1.saturating_sub(self.key.0) as usize
    }
}

impl<'a> Document<'a> {
    pub fn of(payload: &'a [u8]) -> Document<'a> {
        let text = std::str::from_utf8(payload).ok().filter(|text| u32::try_from(text.len()).is_ok());
        Document { payload, text, scan: OnceCell::new(), by_name: OnceCell::new(), doubled: OnceCell::new() }
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
        let mut flags = scan.flags;
        if *self.doubled.get_or_init(|| self.may_double(&scan.members)) {
            flags.add(Flags::DOUBLED);
        }
        Some(Raw { text: self.piece((scan.start, scan.end)), flags })
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

    fn may_double(&self, members: &[Member]) -> bool {
        let bytes = self.text.unwrap_or_default().as_bytes();
        let mark = |member: &Member| names::mark(bytes, member.key.0 as usize, member.key.1 as usize);
        let mut marks: Vec<u64> = members.iter().map(mark).collect();
        // Two spellings may be one name.
        members.iter().any(|member| member.key_escaped) || names::doubled(&mut marks)
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

/// Goes over a text once. What takes a place gives back the place behind what it has passed.
struct Scanner<'a> {
    bytes: &'a [u8],
    flags: Flags,
    /// Marks of the names of the objects that are open, but for the one at the top.
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
        let mut scanner = Scanner { bytes: text.as_bytes(), flags: Flags::NONE, names: Vec::new() };
        match scanner.document() {
            Ok(scan) => scan,
            Err(Broken::NotJson) => failed(Shape::NotJson),
            Err(Broken::TooDeep) => failed(Shape::TooDeep),
        }
    }

    fn document(&mut self) -> Result<Scan, Broken> {
        let start = self.blanks(0);
        self.flags = Flags::NONE;
        let mut members = Vec::new();
        let (shape, end) = match self.peek(start) {
            Some(b'{') => {
                members.reserve(16);
                (Shape::Object, self.object(start, 0, Some(&mut members))?)
            }
            Some(b'[') => (Shape::Array, self.array(start, 0)?),
            _ => (Shape::Scalar, self.value(start, 0)?),
        };
        // Blanks around the whole are outside of the span.
        let flags = self.flags;
        if self.blanks(end) != self.bytes.len() {
            return Err(NOT_JSON);
        }
        Ok(Scan { shape, start: start as u32, end: end as u32, flags, members })
    }

    fn value(&mut self, at: usize, depth: usize) -> Result<usize, Broken> {
        match self.peek(at) {
            Some(b'"') => self.string(at).map(|(end, _)| end),
            Some(b'{') => self.object(at, depth, None),
            Some(b'[') => self.array(at, depth),
            Some(b'-' | b'0'..=b'9') => {
                let (end, flags) = number_span(self.bytes, at).ok_or(NOT_JSON)?;
                self.flags.add(flags);
                Ok(end)
            }
            Some(b't') => self.word(at, b"true"),
            Some(b'f') => self.word(at, b"false"),
            Some(b'n') => self.word(at, b"null"),
            _ => Err(NOT_JSON),
        }
    }

    /// With members, the object is the one at the top.
    fn object(
        &mut self,
        at: usize,
        depth: usize,
        mut members: Option<&mut Vec<Member>>,
    ) -> Result<usize, Broken> {
        if depth >= JSON_DEPTH {
            return Err(Broken::TooDeep);
        }
        let first_name = self.names.len();
        let mut at = self.blanks(at + 1);
        if self.peek(at) == Some(b'}') {
            return Ok(at + 1);
        }
        loop {
            if self.peek(at) != Some(b'"') {
                return Err(NOT_JSON);
            }
            let key_start = at + 1;
            let (behind, key_escaped) = self.string(at)?;
            at = self.blanks(behind);
            if self.peek(at) != Some(b':') {
                return Err(NOT_JSON);
            }
            let start = self.blanks(at + 1);
            if let Some(members) = members.as_mut() {
                let outside = std::mem::take(&mut self.flags);
                at = self.value(start, depth + 1)?;
                let (key, value) = ((key_start as u32, (behind - 1) as u32), (start as u32, at as u32));
                members.push(Member { key, key_escaped, value, flags: self.flags });
                self.flags.add(outside);
            } else {
                self.name(key_start, behind - 1, key_escaped);
                at = self.value(start, depth + 1)?;
            }
            at = self.blanks(at);
            match self.peek(at) {
                Some(b',') => at = self.blanks(at + 1),
                Some(b'}') => break,
                _ => return Err(NOT_JSON),
            }
        }
        if names::doubled(self.names.get_mut(first_name..).unwrap_or_default()) {
            self.flags.add(Flags::DOUBLED);
        }
        self.names.truncate(first_name);
        Ok(at + 1)
    }

    fn array(&mut self, at: usize, depth: usize) -> Result<usize, Broken> {
        if depth >= JSON_DEPTH {
            return Err(Broken::TooDeep);
        }
        let mut at = self.blanks(at + 1);
        if self.peek(at) == Some(b']') {
            return Ok(at + 1);
        }
        loop {
            at = self.value(at, depth + 1)?;
            at = self.blanks(at);
            match self.peek(at) {
                Some(b',') => at = self.blanks(at + 1),
                Some(b']') => return Ok(at + 1),
                _ => return Err(NOT_JSON),
            }
        }
    }

    /// Also whether the string has an escape.
    #[inline]
    fn string(&mut self, start: usize) -> Result<(usize, bool), Broken> {
        let end = self.past_plain(start + 1);
        match self.peek(end) {
            Some(b'"') => Ok((end + 1, false)),
            _ => self.escaped(end).map(|end| (end, true)),
        }
    }

    /// From the first that is not plain in a string to the string's end.
    #[inline(never)]
    fn escaped(&mut self, mut at: usize) -> Result<usize, Broken> {
        loop {
            match self.peek(at) {
                Some(b'"') => return Ok(at + 1),
                Some(b'\\') => {
                    let rest = self.bytes.get(at..).unwrap_or_default();
                    let escape = text::escape(rest).ok_or(NOT_JSON)?;
                    at = self.past_plain(at + escape.length);
                    if !escape.needed {
                        self.flags.add(Flags::ESCAPED);
                    }
                }
                // The end, or a control character.
                _ => return Err(NOT_JSON),
            }
        }
    }

    fn past_plain(&self, at: usize) -> usize {
        at + text::plain_length(self.bytes.get(at..).unwrap_or_default())
    }

    fn word(&mut self, at: usize, word: &[u8]) -> Result<usize, Broken> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        if rest.starts_with(word) { Ok(at + word.len()) } else { Err(NOT_JSON) }
    }

    fn name(&mut self, start: usize, end: usize, escaped: bool) {
        if escaped {
            // Two spellings may be one name.
            self.flags.add(Flags::DOUBLED);
        }
        self.names.push(names::mark(self.bytes, start, end));
    }

    #[inline]
    fn blanks(&mut self, at: usize) -> usize {
        match self.peek(at) {
            Some(b' ' | b'\n' | b'\r' | b'\t') => {
                self.flags.add(Flags::SPACED);
                walk::past_blanks(self.bytes, at + 1)
            }
            _ => at,
        }
    }

    #[inline]
    fn peek(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }
}
