//! The form of an ARN in a policy: its six parts and what may stand in them; matches nothing.

/// At most six parts; a colon inside `${…}` separates nothing.
pub(crate) fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::with_capacity(6);
    let (mut start, mut inside) = (0, false);
    let mut previous = ' ';
    for (at, ch) in text.char_indices() {
        match ch {
            '{' if previous == '$' => inside = true,
            '}' => inside = false,
            ':' if !inside && parts.len() < 5 => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
        previous = ch;
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

/// What follows the account, where there is one.
pub(crate) fn tail(text: &str) -> Option<&str> {
    parts(text).get(5).copied()
}

/// The text with another part in this place.
pub(crate) fn with_part(text: &str, place: usize, part: &str) -> String {
    let mut parts = parts(text);
    if let Some(slot) = parts.get_mut(place) {
        *slot = part;
    }
    parts.join(":")
}

/// Whether this may stand under Resource or NotResource.
pub(crate) fn check(text: &str) -> Result<(), String> {
    if text == "*" {
        return Ok(());
    }
    if !text.starts_with("arn:") {
        return Err("it does not begin with arn:".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("it holds a control character".to_owned());
    }
    let parts = parts(text);
    let whole = parts.len() == 6;
    // A final star crosses colons, so the parts behind it need not be written.
    if !whole && !text.ends_with('*') {
        return Err(format!("it has {} parts, an ARN has six, separated by colons", parts.len()));
    }
    let written = parts.len() - usize::from(!whole);
    for (place, part) in parts.iter().enumerate().take(written) {
        check_part(place, part, parts.get(2).copied() == Some("iot"))?;
    }
    Ok(())
}

fn check_part(place: usize, part: &str, of_iot: bool) -> Result<(), String> {
    if part.contains(['*', '?']) || part.contains("${") {
        return Ok(());
    }
    let word = part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let twelve_digits = part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit());
    match place {
        1 if part != "aws" && !(word && part.starts_with("aws-")) => {
            Err(format!("{part:?} is not a partition; it is aws, aws-cn or aws-us-gov"))
        }
        2 if part.is_empty() || !word => Err(format!("{part:?} is not a service; it is iot")),
        3 if !word || (part.is_empty() && of_iot) => Err(format!("{part:?} is not a region")),
        4 if !twelve_digits && (of_iot || !(part.is_empty() || part == "aws")) => {
            Err(format!("the account {part:?} does not have 12 digits"))
        }
        5 if part.is_empty() => Err("nothing follows the account".to_owned()),
        _ => Ok(()),
    }
}
