//! Page tokens: the name a page ended with in, an opaque text out, and back.

use ::aws::Fault;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

/// The name that the page before ended with; none for the first page.
pub(super) fn read(token: Option<&str>) -> Result<Option<String>, Fault> {
    let Some(token) = token else { return Ok(None) };
    let name = BASE64.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match name {
        Some(name) => Ok(Some(name)),
        None => Err(Fault::invalid_request(
            "the page token is none of ours: pass on the one of the page before as it came, or none for the first page",
        )),
    }
}

/// Cuts a page that was read one item too long, and says how to go on if it was.
pub(super) fn next<T>(items: &mut Vec<T>, most: usize, name: impl Fn(&T) -> &str) -> Option<String> {
    if items.len() <= most {
        return None;
    }
    items.truncate(most);
    items.last().map(|last| BASE64.encode(name(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let all: Vec<String> = (0..7).map(|n| format!("thing/{n}+")).collect();
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let from = read(after.as_deref()).expect("our own token");
            let rest = all.iter().filter(|name| from.as_ref().is_none_or(|from| *name > from));
            let mut page: Vec<String> = rest.take(3 + 1).cloned().collect();
            after = next(&mut page, 3, |name| name);
            seen.extend(page);
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
        assert!(read(Some("ä")).is_err());
    }
}
