//! JSON text in, the same in lines for people out: numbers keep all their digits. Takes what is JSON; judges nothing.

/// Two blanks a level; what is empty stays on its line.
pub(super) fn pretty(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut level = 0_usize;
    let mut rest = json.chars().peekable();
    let newline = |out: &mut String, level: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(level));
    };
    while let Some(sign) = rest.next() {
        match sign {
            '"' => {
                out.push('"');
                while let Some(inner) = rest.next() {
                    out.push(inner);
                    match inner {
                        '\\' => out.extend(rest.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '{' | '[' => {
                out.push(sign);
                while rest.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                match rest.next_if(|next| matches!(next, '}' | ']')) {
                    Some(end) => out.push(end),
                    None => {
                        level += 1;
                        newline(&mut out, level);
                    }
                }
            }
            '}' | ']' => {
                level = level.saturating_sub(1);
                newline(&mut out, level);
                out.push(sign);
            }
            ',' => {
                out.push(',');
                newline(&mut out, level);
            }
            ':' => out.push_str(": "),
            blank if blank.is_ascii_whitespace() => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::pretty;

    #[test]
    fn lines_are_those_of_other_printers() {
        for json in [
            r#"{"a":{},"b":[],"c":[1,{"d":"x, \"y\": {","e":null}],"f":{"g":[[]]}}"#,
            "{}",
            "[true]",
            r#"{ "a" : [ ] , "b" : "\\" }"#,
        ] {
            let value: Value = serde_json::from_str(json).expect("JSON");
            assert_eq!(pretty(json), serde_json::to_string_pretty(&value).expect("JSON"), "{json}");
        }
    }

    #[test]
    fn digits_are_kept() {
        assert_eq!(
            pretty(r#"{"n":12345678901234567890123,"f":1.50}"#),
            "{\n  \"n\": 12345678901234567890123,\n  \"f\": 1.50\n}"
        );
    }
}
