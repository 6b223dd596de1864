//! A raw path or query in, decoded parts out, each decoded exactly once. Does not know routes.

use crate::fault::Fault;
use crate::value::quoted;

/// One part of a path, between two slashes, decoded.
///
/// # Errors
/// An escape is broken, or the part is no UTF-8, empty, a dot, two dots or holds NUL.
pub(crate) fn label(raw: &str) -> Result<String, Fault> {
    let label = decode(raw, false).map_err(|reason| refused(raw, reason))?;
    match label.as_str() {
        "" => Err(refused(raw, "is empty; percent-encode a slash that belongs to a name as %2F")),
        "." | ".." => Err(refused(raw, "would be resolved away by proxies; it cannot be a name")),
        _ => Ok(label),
    }
}

/// The rest of a path as one label; its raw slashes belong to it.
///
/// # Errors
/// As for `label`, for each part of it; a slash at the very end is taken as meant.
pub(crate) fn rest(raw: &str) -> Result<String, Fault> {
    let parts = raw.strip_suffix('/').unwrap_or(raw);
    let decoded: Result<Vec<String>, Fault> = parts.split('/').map(label).collect();
    let mut rest = decoded?.join("/");
    if parts.len() < raw.len() {
        rest.push('/');
    }
    Ok(rest)
}

/// The parameters of a query string, in the order given.
///
/// # Errors
/// An escape is broken, or a name or value is no UTF-8 or holds NUL.
pub fn query(raw: &str) -> Result<Vec<(String, String)>, Fault> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let part = |part: &str| {
            decode(part, true).map_err(|reason| {
                Fault::invalid_request(format!("the query parameter {} {reason}", quoted(pair)))
            })
        };
        Ok((part(name)?, part(value)?))
    };
    raw.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

fn refused(raw: &str, reason: &str) -> Fault {
    Fault::invalid_request(format!("the part {} of the path {reason}", quoted(raw)))
}

fn decode(raw: &str, plus_is_space: bool) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let (high, low) = (rest.next().and_then(nibble), rest.next().and_then(nibble));
                let (Some(high), Some(low)) = (high, low) else {
                    return Err("has a `%` without two hexadecimal digits; write a percent sign as %25");
                };
                bytes.push(high << 4 | low);
            }
            b'+' if plus_is_space => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    if bytes.contains(&0) {
        return Err("holds a NUL byte, which no name can");
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8 when decoded; percent-encode the bytes of UTF-8")
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
