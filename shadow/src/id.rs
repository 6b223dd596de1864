//! A thing's name and a shadow's name in, a checked id out; does not ask whether the thing or the shadow exists.

use std::fmt;

use crate::limits::{SHADOW_NAME_BYTES, THING_NAME_BYTES};

/// Which shadow: the classic one of a thing, or one of its named ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShadowId {
    thing: String,
    name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("a thing's name is empty; give 1 to {THING_NAME_BYTES} characters of a-z A-Z 0-9 : _ -")]
    ThingEmpty,
    #[error("a thing's name has {0} bytes; AWS IoT takes at most {THING_NAME_BYTES}")]
    ThingTooLong(usize),
    #[error("the thing's name {0:?} has a character other than a-z A-Z 0-9 : _ -")]
    ThingCharacter(String),
    #[error("a shadow's name is empty; leave it out for the classic shadow")]
    NameEmpty,
    #[error("a shadow's name has {0} bytes; AWS IoT takes at most {SHADOW_NAME_BYTES}")]
    NameTooLong(usize),
    #[error("the shadow's name {0:?} has a character other than a-z A-Z 0-9 $ : _ -")]
    NameCharacter(String),
}

impl ShadowId {
    pub fn new(thing: &str, name: Option<&str>) -> Result<Self, IdError> {
        check_thing(thing)?;
        name.map_or(Ok(()), check_name)?;
        Ok(Self { thing: thing.to_owned(), name: name.map(str::to_owned) })
    }

    pub fn classic(thing: &str) -> Result<Self, IdError> {
        Self::new(thing, None)
    }

    pub fn named(thing: &str, name: &str) -> Result<Self, IdError> {
        Self::new(thing, Some(name))
    }

    pub fn thing(&self) -> &str {
        &self.thing
    }

    /// `None` for the classic shadow.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

/// As AWS's answers name it: the thing, or `thing~name`.
impl fmt::Display for ShadowId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            None => out.write_str(&self.thing),
            Some(name) => write!(out, "{}~{name}", self.thing),
        }
    }
}

fn check_thing(thing: &str) -> Result<(), IdError> {
    match thing.len() {
        0 => Err(IdError::ThingEmpty),
        1..=THING_NAME_BYTES if thing.bytes().all(is_plain) => Ok(()),
        1..=THING_NAME_BYTES => Err(IdError::ThingCharacter(thing.to_owned())),
        bytes => Err(IdError::ThingTooLong(bytes)),
    }
}

fn check_name(name: &str) -> Result<(), IdError> {
    match name.len() {
        0 => Err(IdError::NameEmpty),
        1..=SHADOW_NAME_BYTES if name.bytes().all(|byte| byte == b'$' || is_plain(byte)) => Ok(()),
        1..=SHADOW_NAME_BYTES => Err(IdError::NameCharacter(name.to_owned())),
        bytes => Err(IdError::NameTooLong(bytes)),
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(thing: &str, name: Option<&str>, expected: Result<&str, IdError>) {
        let found = ShadowId::new(thing, name).map(|id| id.to_string());
        assert_eq!(found, expected.map(str::to_owned), "{thing} {name:?}");
    }

    #[test]
    fn names_are_held_to_awss_letters_and_lengths() {
        check("lamp-1", None, Ok("lamp-1"));
        check("a:b_C-9", Some("$x:y_z-1"), Ok("a:b_C-9~$x:y_z-1"));
        check("", None, Err(IdError::ThingEmpty));
        check("a b", None, Err(IdError::ThingCharacter("a b".to_owned())));
        check("$a", None, Err(IdError::ThingCharacter("$a".to_owned())));
        check("ä", None, Err(IdError::ThingCharacter("ä".to_owned())));
        check("a", Some(""), Err(IdError::NameEmpty));
        check("a", Some("b.c"), Err(IdError::NameCharacter("b.c".to_owned())));
        let longest = "x".repeat(128);
        check(&longest, None, Ok(longest.as_str()));
        check(&"x".repeat(129), None, Err(IdError::ThingTooLong(129)));
        check("a", Some(&"y".repeat(64)), Ok(&format!("a~{}", "y".repeat(64))));
        check("a", Some(&"y".repeat(65)), Err(IdError::NameTooLong(65)));
    }
}
