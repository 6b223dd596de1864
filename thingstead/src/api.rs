//! Calls to a running instance's API over plain HTTP on loopback: method, path and JSON in, JSON or a refusal out.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use server::Endpoints;

/// A reply, certificates and all, is far smaller.
const REPLY_BYTES: u64 = 64 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(60);

/// The running instance of a data folder.
pub(crate) struct Api {
    pub(crate) endpoints: Endpoints,
    host: String,
}

impl Api {
    pub(crate) fn of(data: &Path) -> Result<Api> {
        let endpoints = Endpoints::read(data)?;
        let host = endpoints.api.strip_prefix("http://").unwrap_or(&endpoints.api).trim_end_matches('/');
        let host = host.to_owned();
        Ok(Api { endpoints, host })
    }

    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        self.call("GET", path, None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.call("POST", path, Some(body))
    }

    pub(crate) fn delete(&self, path: &str) -> Result<Value> {
        self.call("DELETE", path, None)
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let body = body.map(Value::to_string).unwrap_or_default();
        serde_json::from_str(&self.send(method, path, &body)?)
            .with_context(|| format!("{method} {path} was answered without JSON"))
    }

    /// The same in texts, which keep every digit.
    pub(crate) fn send(&self, method: &str, path: &str, body: &str) -> Result<String> {
        let (status, body) = self.answer(method, path, body)?;
        if (200..300).contains(&status) {
            return String::from_utf8(body)
                .with_context(|| format!("{method} {path} was answered without text"));
        }
        let refusal: Value = serde_json::from_slice(&body)
            .with_context(|| format!("{method} {path} was answered with {status} and no JSON"))?;
        match (refusal["message"].as_str(), refusal["hint"].as_str()) {
            (Some(message), Some(hint)) => bail!("{message}: {hint}"),
            (Some(message), None) => bail!("{message}"),
            (None, _) => bail!("{method} {path} was refused with {status}"),
        }
    }

    /// Status and body, whatever they are.
    pub(crate) fn answer(&self, method: &str, path: &str, body: &str) -> Result<(u16, Vec<u8>)> {
        let reply = self.exchange(method, path, body).with_context(|| {
            format!("thingstead (pid {}) does not answer at {}", self.endpoints.pid, self.endpoints.api)
        })?;
        let (status, body) =
            split(&reply).context("the reply is not HTTP: is another program on that port?")?;
        Ok((status, body.to_vec()))
    }

    fn exchange(&self, method: &str, path: &str, body: &str) -> Result<Vec<u8>> {
        let mut stream = TcpStream::connect(&self.host)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        )?;
        let mut reply = Vec::new();
        stream.take(REPLY_BYTES).read_to_end(&mut reply)?;
        Ok(reply)
    }
}

/// Status and body of a reply that ends with its connection.
fn split(reply: &[u8]) -> Option<(u16, &[u8])> {
    let end = reply.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(reply.get(..end)?).ok()?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((status, reply.get(end + 4..)?))
}

/// One word of a path or query, percent-encoded.
pub(crate) fn encode(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for byte in word.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_split_into_status_and_body() {
        let reply = b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(split(reply), Some((404, b"{}".as_slice())));
        for reply in [b"".as_slice(), b"\x15\x03\x03", b"HTTP/1.1 ", b"HTTP/1.1 x\r\n\r\n"] {
            assert_eq!(split(reply), None);
        }
    }

    #[test]
    fn a_word_cannot_leave_its_place_in_a_path() {
        assert_eq!(encode("pump-1"), "pump-1");
        assert_eq!(encode("a/b?c=d&e:f"), "a%2Fb%3Fc%3Dd%26e%3Af");
    }
}
