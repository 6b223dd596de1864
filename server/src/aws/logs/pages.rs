//! Where a page of events ended in, the token that says so out, and back.

use ::aws::Fault;
use ::aws::logs::faults;
use ::logs::Key;

/// A token for what lies behind `key` in a direction: `f` or `b`.
pub(super) fn token(direction: char, key: Key) -> String {
    let Key { timestamp_ms, stream, seq } = key;
    format!("{direction}/{timestamp_ms:020}{stream:020}{seq:020}")
}

pub(super) fn read(text: &str) -> Result<(char, Key), Fault> {
    let (direction, digits) = text.split_once('/').ok_or_else(foreign)?;
    let number =
        |at: usize| digits.get(at..at + 20).and_then(|digits| digits.parse().ok()).ok_or_else(foreign);
    let key = Key { timestamp_ms: number(0)?, stream: number(20)?, seq: number(40)? };
    match (direction, digits.len()) {
        ("f", 60) => Ok(('f', key)),
        ("b", 60) => Ok(('b', key)),
        _ => Err(foreign()),
    }
}

fn foreign() -> Fault {
    faults::invalid_parameter(
        "The specified nextToken is invalid: pass on the one of the page before as it came",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_where_a_page_ended() {
        for key in [Key::FIRST, Key::LAST, Key { timestamp_ms: 1_800_000_000_000, stream: 7, seq: 9 }] {
            for direction in ['f', 'b'] {
                assert_eq!(read(&token(direction, key)).expect("our own token"), (direction, key));
            }
        }
        let long = "9".repeat(60);
        for text in ["", "f", "f/1", "x/1", &format!("f/{long}"), &format!("x/{}", "0".repeat(60)), "f/ä"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
