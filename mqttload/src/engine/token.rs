//! In: time, stream and sequence number. Out: an update of a shadow that carries them in its client token, and the same
//! read back from the reply. Knows no connection.

/// `time` in 16 hexadecimal digits, then stream and sequence number in 8 each: fixed, so that the length is.
const TOKEN: usize = 32;
const BEFORE: &str = r#"{"state":{"reported":{"seq":""#;
const BETWEEN: &str = r#"","text":""#;
const NAME: &str = r#""clientToken":""#;
const VERSION: &str = r#""version":"#;

/// Length of an update with so many bytes of text.
pub fn update_len(text: usize) -> usize {
    BEFORE.len() + 8 + BETWEEN.len() + text + r#""}},"#.len() + NAME.len() + TOKEN + 2
}

pub fn update(out: &mut Vec<u8>, ts: u64, stream: u32, seq: u32, text: &[u8]) {
    use std::io::Write;
    out.extend_from_slice(BEFORE.as_bytes());
    let _ = write!(out, "{seq:08x}{BETWEEN}");
    out.extend_from_slice(text);
    let _ = write!(out, r#""}}}},{NAME}{ts:016x}{stream:08x}{seq:08x}"}}"#);
}

/// What an update's reply says: time, stream, sequence number and the document's version.
pub fn reply(payload: &[u8]) -> Option<(u64, u32, u32, u64)> {
    let text = std::str::from_utf8(payload).ok()?;
    let token = text.rfind(NAME).and_then(|at| text.get(at + NAME.len()..)?.get(..TOKEN))?;
    let version = text.rfind(VERSION).and_then(|at| text.get(at + VERSION.len()..))?;
    let digits = version.find(|c: char| !c.is_ascii_digit())?;
    Some((
        u64::from_str_radix(token.get(..16)?, 16).ok()?,
        u32::from_str_radix(token.get(16..24)?, 16).ok()?,
        u32::from_str_radix(token.get(24..)?, 16).ok()?,
        version.get(..digits)?.parse().ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_has_the_length_it_was_announced_with() {
        for text in [0, 1, 500] {
            let mut out = Vec::new();
            update(&mut out, u64::MAX, 7, 9, &vec![b'x'; text]);
            assert_eq!(out.len(), update_len(text));
        }
    }

    #[test]
    fn a_reply_is_read_by_its_token() {
        let mut sent = Vec::new();
        update(&mut sent, 1_700, 7, 9, b"abc");
        let sent = String::from_utf8(sent).unwrap();
        assert_eq!(reply(sent.replacen('{', r#"{"version":42,"#, 1).as_bytes()), Some((1_700, 7, 9, 42)));
        assert_eq!(reply(b"{}"), None);
        assert_eq!(reply(br#"{"version":1,"clientToken":"short"}"#), None);
    }
}
