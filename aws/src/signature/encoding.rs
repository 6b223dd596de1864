//! Bytes in, the percent and hexadecimal forms that signatures are made over out, and back. Decides nothing.

use aws_lc_rs::digest;

const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];

pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// 64 lower-case digits; others are refused, so that a signature has one form only.
pub(super) fn read_sha256_hex(text: &str) -> Option<[u8; 32]> {
    let lower = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(lower(*high)? << 4 | lower(*low)?),
        _ => None,
    });
    pairs.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

/// Everything but `A-Z a-z 0-9 - . _ ~` becomes `%XX`.
pub(super) fn encode(bytes: &[u8]) -> String {
    encode_but(bytes, b"")
}

/// As [`encode`], but slashes stay.
pub(super) fn encode_path(bytes: &[u8]) -> String {
    encode_but(bytes, b"/")
}

/// `%XX` becomes its byte; a percent sign without two digits stays as it is.
pub(super) fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = match after {
            [high, low, ..] if *first == b'%' => nibble(*high).zip(nibble(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn encode_but(bytes: &[u8], kept: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || kept.contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push('%');
            text.push_str(&hex(&[*byte]).to_ascii_uppercase());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_letters_stay_unencoded() {
        let check = |plain: &str, encoded: &str| assert_eq!(encode(plain.as_bytes()), encoded);
        check("aZ09-._~", "aZ09-._~");
        check("a b/c", "a%20b%2Fc");
        check("é*'", "%C3%A9%2A%27");
        assert_eq!(encode_path(b"/a:b/%2F"), "/a%3Ab/%252F");
    }

    #[test]
    fn escapes_are_decoded_once_and_broken_ones_stay() {
        let check = |text: &str, plain: &[u8]| assert_eq!(decode(text), plain, "{text}");
        check("a%20b", b"a b");
        check("%252F", b"%2F");
        check("%2f%FF", b"/\xff");
        check("100%", b"100%");
        check("%2", b"%2");
        check("%zz%+1", b"%zz%+1");
    }

    #[test]
    fn a_signature_has_one_form_only() {
        let text = sha256_hex(b"");
        assert_eq!(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(read_sha256_hex(&text).map(|bytes| hex(&bytes)), Some(text.clone()));
        assert_eq!(read_sha256_hex(&text.to_ascii_uppercase()), None);
        assert_eq!(read_sha256_hex(&text[1..]), None);
        assert_eq!(read_sha256_hex(&format!("{text}00")), None);
        assert_eq!(read_sha256_hex(""), None);
    }
}
