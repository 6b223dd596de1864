//! `90s`, `5m`, `1h30m` in, milliseconds out.

/// Milliseconds of a period such as `250ms`, `60s`, `5m`, `2h`, `1d` or a sequence of them; a bare number is seconds.
pub(crate) fn parse_ms(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no period: write one like 250ms, 60s, 5m, 2h, 1d or 1h30m");
    if let Ok(seconds) = text.parse::<u64>() {
        return seconds.checked_mul(1000).ok_or_else(wrong);
    }
    let mut total_ms: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let unit_ms: u64 = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let number: u64 = number.parse().map_err(|_| wrong())?;
        total_ms = number.checked_mul(unit_ms).and_then(|ms| total_ms.checked_add(ms)).ok_or_else(wrong)?;
        rest = after;
    }
    if text.is_empty() { Err(wrong()) } else { Ok(total_ms) }
}

#[cfg(test)]
mod tests {
    use super::parse_ms;

    #[test]
    fn periods_are_read_as_people_write_them() {
        for (text, ms) in [
            ("250ms", 250),
            ("60s", 60_000),
            ("60", 60_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
            ("1d", 86_400_000),
            ("1h30m", 5_400_000),
            ("0s", 0),
        ] {
            assert_eq!(parse_ms(text), Ok(ms), "{text}");
        }
        for text in ["", "s", "5x", "-5s", "1.5s", "99999999999999999999s", "18446744073709551615h", "5m5"] {
            assert!(parse_ms(text).is_err(), "{text}");
        }
    }
}
