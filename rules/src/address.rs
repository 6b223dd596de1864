//! What an HTTP action is told: its address read strictly, its headers' names checked; the first thing that is wrong
//! out. Sends nothing, and resolves no name.

use std::net::Ipv6Addr;

use crate::limits::URL_CHARS;

/// Headers that belong to the connection or say where a body ends. Given by a rule, they would make of one request
/// something else than was meant.
const OWN_HEADERS: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// # Errors
/// A rule may not set this header.
pub fn check_header(name: &str) -> Result<(), String> {
    if name.contains("${") {
        return Err(format!("the header name {name} is a template, which only a header's value may be"));
    }
    let in_names = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(in_names) {
        return Err(format!("{name:?} is no header's name: use letters, digits and -"));
    }
    if OWN_HEADERS.iter().any(|own| name.eq_ignore_ascii_case(own)) {
        return Err(format!(
            "the header {name} belongs to the connection, which sets it itself: leave it out"
        ));
    }
    Ok(())
}

/// The value of a header, templates in it or not.
pub(crate) fn check_value(name: &str, value: &str) -> Result<(), String> {
    match value.chars().any(|c| c.is_control() && c != '\t') {
        true => Err(format!("the value of the header {name} has a control character, as a line's end is")),
        false => Ok(()),
    }
}

/// An address without a template.
///
/// # Errors
/// Nothing can be posted to it.
pub(crate) fn check_url(url: &str) -> Result<(), &'static str> {
    if url.chars().count() > URL_CHARS {
        return Err("it is too long");
    }
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let rest = rest.ok_or("it begins neither with https:// nor with http://")?;
    if !rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Err("it has a blank, a control character, a \\ or a letter beyond ASCII: percent-encode it");
    }
    if rest.contains('#') {
        return Err("what follows a # is never sent: leave it out");
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("a user and a password may not stand in it");
    }
    check_authority(authority)
}

fn check_authority(authority: &str) -> Result<(), &'static str> {
    let (is_host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or("its [ is not closed")?;
            (address.parse::<Ipv6Addr>().is_ok(), port)
        }
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            let in_hosts = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            let is_whole = !host.starts_with('.') && !host.contains("..");
            (!host.is_empty() && is_whole && host.bytes().all(in_hosts), port)
        }
    };
    if !is_host {
        return Err("it has no host, or one that cannot be");
    }
    let Some(port) = port.strip_prefix(':') else {
        return if port.is_empty() { Ok(()) } else { Err("something stands between its host and its path") };
    };
    let is_port =
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|at| at > 0);
    if is_port { Ok(()) } else { Err("its port is none from 1 to 65535") }
}

/// An address that may be made of templates: what stands before the first of them is read as far as it goes.
///
/// # Errors
/// Nothing can be posted to it, whatever its templates come to.
pub(crate) fn check_template(url: &str) -> Result<(), &'static str> {
    let Some((before, _)) = url.split_once("${") else { return check_url(url) };
    if url.chars().count() > URL_CHARS {
        return Err("it is too long");
    }
    match before.split_once("://") {
        None if before.is_empty() => Ok(()),
        Some((_, rest)) if rest.contains(['/', '?']) => check_url(before),
        Some(("https" | "http", rest)) if !rest.contains(['@', '#', ' ']) => Ok(()),
        _ => Err("it begins neither with https:// nor with http://"),
    }
}

/// Whom a confirmation is asked of. The question adds its own query.
///
/// # Errors
/// Nobody can be asked there.
pub(crate) fn check_confirmation(url: &str) -> Result<(), &'static str> {
    if url.contains("${") {
        return Err("it has a template, and nobody can be asked at an address that is not known yet");
    }
    check_url(url)?;
    if url.contains('?') {
        Err("it has a query, which the question for confirmation adds itself")
    } else {
        Ok(())
    }
}

/// A URL for people: queries carry keys.
pub fn without_query(url: &str) -> &str {
    url.split_once('?').map_or(url, |(shown, _)| shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_connection_and_templates_for_names_are_refused() {
        for name in ["x-own", "Content-Type", "authorization", "x_y"] {
            assert_eq!(check_header(name), Ok(()), "{name}");
        }
        for name in OWN_HEADERS.iter().copied().chain(["Content-Length", "HOST", "", "a b", "a:", "ä"]) {
            assert!(check_header(name).is_err(), "{name}");
        }
        let refused = check_header("${topic()}").expect_err("a template");
        assert!(refused.contains("only a header's value"), "{refused}");
        assert!(check_value("a", "1\r\ncontent-length: 2").is_err());
        assert_eq!(check_value("a", "${topic()} and\ta tab"), Ok(()));
    }

    #[test]
    fn what_nothing_can_be_posted_to_is_no_address() {
        for url in [
            "https://a.example",
            "http://127.0.0.1:8000/in?token=1",
            "http://[::1]:9000/b",
            "https://host_1:443/a%20b",
            "http://localhost",
        ] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        for url in [
            "",
            "h",
            "https",
            "ftp://a/",
            "https://",
            "http:///x",
            "http://?a",
            "https://a b",
            "http://a\r\nb",
            "http://u:p@h/",
            "http://a:99999/",
            "http://a:0",
            "http://a:",
            "http://a:+1",
            "http://a:1:2",
            "http://[::1",
            "http://[::1]x",
            "http://[g]",
            "http://.a",
            "http://a..b",
            "http://a/#f",
            "http://a/ä",
            "http://a\\b",
        ] {
            assert!(check_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_template_is_read_as_far_as_it_is_known() {
        for url in ["${a}", "https://${a}/x", "https://a.${b}", "https://a/${b}", "https://a/x?y=${b}"] {
            assert_eq!(check_template(url), Ok(()), "{url}");
        }
        for url in ["https${a}", "ftp://${a}", "http://u@${a}", "http://a:0/${b}", "x ${a}", "http:///${a}"] {
            assert!(check_template(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_confirmation_is_asked_at_a_known_address_without_a_query() {
        assert_eq!(check_confirmation("https://a/in"), Ok(()));
        for url in ["https://a/in?b=1", "https://${a}", "h", ""] {
            assert!(check_confirmation(url).is_err(), "{url}");
        }
        assert_eq!(without_query("https://a/in?token=SECRET"), "https://a/in");
        assert_eq!(without_query("https://a/in"), "https://a/in");
    }
}
