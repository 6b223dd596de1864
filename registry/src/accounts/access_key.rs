//! Access keys and temporary credentials: random bytes in, ids and secrets out. Draws no randomness of its own.
//!
//! SigV4 can only be checked with the secret itself, so secrets are stored as they are: the store's files are readable
//! for their owner alone (mode 0600).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::table::Record;

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Random bytes that an access key is made of.
pub const KEY_RANDOM: usize = 40;

/// Random bytes that temporary credentials are made of.
pub const SESSION_RANDOM: usize = 112;

/// A key that lasts until it is removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    /// `AKIA` and 16 letters.
    pub id: String,
    pub secret: Secret,
    /// The user it stands for; without one it is the account's own.
    pub name: Option<String>,
    pub created_ms: u64,
}

/// Temporary credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// `ASIA` and 16 letters.
    pub id: String,
    pub secret: Secret,
    pub token: Secret,
    pub holder: SessionHolder,
    pub created_ms: u64,
    pub expires_ms: u64,
}

/// In whose place the holder of temporary credentials acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionHolder {
    /// The account itself.
    Root,
    /// The user that an access key's name stands for.
    User { name: String, key: String },
    /// A role, under a name chosen by the caller.
    Role { role: String, role_id: String, session: String },
}

impl SessionHolder {
    #[must_use]
    pub fn as_principal(&self) -> super::Principal<'_> {
        match self {
            Self::Root => super::Principal::Root,
            Self::User { name, key } => super::Principal::User { name, key },
            Self::Role { role, role_id, session } => super::Principal::AssumedRole { role, role_id, session },
        }
    }
}

/// Never shown by `{:?}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last four letters, by which people tell keys apart.
    #[must_use]
    pub fn ending(&self) -> &str {
        let at = self.0.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
        self.0.get(at..).unwrap_or_default()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Record for AccessKey {
    const KIND: &'static str = "access-key";
}

impl Record for Session {
    const KIND: &'static str = "temporary-credentials";
}

impl AccessKey {
    pub(super) fn new(name: Option<String>, random: &[u8; KEY_RANDOM], now_ms: u64) -> Self {
        let (id, secret) = random.split_at(10);
        Self { id: key_id("AKIA", id), secret: Secret(letters(secret, BASE64)), name, created_ms: now_ms }
    }
}

impl Session {
    pub(super) fn new(
        holder: SessionHolder,
        random: &[u8; SESSION_RANDOM],
        now_ms: u64,
        life_s: u32,
    ) -> Self {
        let (id, rest) = random.split_at(10);
        let (secret, token) = rest.split_at(30);
        Self {
            id: key_id("ASIA", id),
            secret: Secret(letters(secret, BASE64)),
            token: Secret(letters(token, BASE64)),
            holder,
            created_ms: now_ms,
            expires_ms: now_ms.saturating_add(u64::from(life_s) * 1_000),
        }
    }
}

/// Letters of an access key id that follow from those before them.
const MARK: usize = 3;

/// Whether an id has the form of those made here, so that a removed key is told from one of AWS's own. Of the latter,
/// one in 32,768 looks the same.
#[must_use]
pub(super) fn is_made_here(id: &str) -> bool {
    let split = id.len().checked_sub(MARK).and_then(|at| id.split_at_checked(at));
    id.len() == 20
        && (id.starts_with("AKIA") || id.starts_with("ASIA"))
        && split.is_some_and(|(front, end)| mark(front) == end)
}

fn key_id(prefix: &str, random: &[u8]) -> String {
    let mut id = id_of(prefix, random);
    id.truncate(id.len().saturating_sub(MARK));
    let end = mark(&id);
    id + &end
}

/// FNV-1a over the letters, folded into fifteen bits.
fn mark(front: &str) -> String {
    let hash = front.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let folded = hash ^ hash >> 15 ^ hash >> 30 ^ hash >> 45;
    // The last letter of two bytes would have one bit only.
    let bytes = (folded << 1).to_be_bytes();
    letters(bytes.get(6..).unwrap_or_default(), BASE32)
}

/// `AKIA`, `ASIA`, `AROA` or `ANPA` and 80 random bits.
pub(super) fn id_of(prefix: &str, random: &[u8]) -> String {
    format!("{prefix}{}", letters(random, BASE32))
}

/// Each letter takes as many bits as the alphabet allows; what is left over at the end is dropped.
fn letters(bytes: &[u8], alphabet: &[u8]) -> String {
    let bits = alphabet.len().ilog2();
    let mask = (1_u32 << bits) - 1;
    let (mut held, mut count) = (0_u32, 0);
    let mut text = String::new();
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        count += 8;
        while count >= bits {
            count -= bits;
            let index = usize::try_from(held >> count & mask).unwrap_or_default();
            text.extend(alphabet.get(index).map(|letter| char::from(*letter)));
        }
        held &= (1 << count) - 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_look_like_those_of_aws() {
        let key = AccessKey::new(None, &[0xa5; KEY_RANDOM], 7);
        assert_eq!(key.id.len(), 20);
        assert!(key.id.starts_with("AKIA"));
        assert_eq!(key.secret.expose().len(), 40);
        assert_eq!(key.secret.ending().len(), 4);
        assert!(is_made_here(&key.id));
        assert!(key.secret.expose().ends_with(key.secret.ending()));
        let session = Session::new(SessionHolder::Root, &[0x5a; SESSION_RANDOM], 1_000, 900);
        assert_eq!((session.id.len(), session.token.expose().len()), (20, 96));
        assert_eq!(session.expires_ms, 901_000);
    }

    #[test]
    fn every_random_bit_is_kept() {
        assert_eq!(letters(&[0, 0, 0, 0, 1], BASE32), "AAAAAAAB");
        assert_eq!(letters(&[255; 5], BASE32), "77777777");
        assert_eq!(letters(b"Man", BASE64), "TWFu");
        assert_eq!(letters(&[], BASE64), "");
    }

    #[test]
    fn secrets_are_not_shown() {
        let key = AccessKey::new(Some("ci".to_owned()), &[1; KEY_RANDOM], 7);
        assert!(!format!("{key:?}").contains(key.secret.expose()));
    }

    #[test]
    fn keys_of_others_are_told_from_those_made_here() {
        for number in 0..=255 {
            let key = AccessKey::new(None, &[number; KEY_RANDOM], 7);
            let session = Session::new(SessionHolder::Root, &[number; SESSION_RANDOM], 7, 900);
            assert_eq!((key.id.len(), is_made_here(&key.id)), (20, true), "{}", key.id);
            assert!(is_made_here(&session.id), "{}", session.id);
            let other = key.id.replacen("AKIA", "ASIA", 1);
            assert!(!is_made_here(&other), "{other}");
        }
        for other in ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "test", "", "000000000000", "AKIA", "ä"]
        {
            assert!(!is_made_here(other), "{other}");
        }
    }
}
