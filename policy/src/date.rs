//! Dates as policies write them, to and from milliseconds of the epoch; reads no clock.

/// ISO 8601 as IAM takes it (a year, a day, or a time with `Z` or an offset), or seconds of the epoch.
pub(crate) fn parse_ms(text: &str) -> Option<i64> {
    if text.len() > 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<i64>().ok()?.checked_mul(1000);
    }
    let (day, time) = match text.split_once(['T', 't']) {
        None => (text, None),
        Some((day, time)) => (day, Some(time)),
    };
    let mut numbers = day.split('-');
    let year = digits(numbers.next()?, 4)?;
    let month = numbers.next().map_or(Some(1), |text| digits(text, 2))?;
    let date = numbers.next().map_or(Some(1), |text| digits(text, 2))?;
    if numbers.next().is_some() || !(1..=12).contains(&month) || date < 1 || date > month_days(year, month) {
        return None;
    }
    let midnight_ms = days_before(year, month, date) * 86_400_000;
    match time {
        None => Some(midnight_ms),
        Some(time) => Some(midnight_ms + time_ms(time)?),
    }
}

pub(crate) fn format_ms(now_ms: u64) -> String {
    let (mut days, second) = (now_ms / 86_400_000, now_ms / 1000 % 86_400);
    // The format has four digits for the year.
    days = days.min(2_932_896);
    let mut year = 1970 + i64::try_from(days / 366).unwrap_or_default();
    let days = i64::try_from(days).unwrap_or_default();
    while days_before(year + 1, 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days_before(year, month + 1, 1) <= days {
        month += 1;
    }
    let date = days - days_before(year, month, 1) + 1;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn time_ms(text: &str) -> Option<i64> {
    let (clock, offset_minutes) = if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        (clock, 0)
    } else {
        let at = text.rfind(['+', '-'])?;
        let (clock, offset) = (text.get(..at)?, text.get(at + 1..)?);
        let (hours, minutes) = match offset.split_once(':') {
            Some((hours, minutes)) => (hours, minutes),
            None => (offset.get(..2)?, offset.get(2..)?),
        };
        let sign = if text.get(at..)?.starts_with('-') { -1 } else { 1 };
        (clock, sign * (digits(hours, 2)? * 60 + digits(minutes, 2)?))
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut numbers = clock.split(':');
    let hour = digits(numbers.next()?, 2)?;
    let minute = digits(numbers.next()?, 2)?;
    let second = numbers.next().map_or(Some(0), |text| digits(text, 2))?;
    if numbers.next().is_some() || hour > 23 || minute > 59 || second > 60 || fraction.len() > 9 {
        return None;
    }
    let fraction_ms =
        digits(fraction, fraction.len())? * 1000 / 10i64.pow(u32::try_from(fraction.len()).ok()?);
    Some(((hour * 60 + minute - offset_minutes) * 60 + second) * 1000 + fraction_ms)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let right = text.len() == count && count > 0 && text.bytes().all(|byte| byte.is_ascii_digit());
    if right { text.parse().ok() } else { None }
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to this day.
fn days_before(year: i64, month: i64, date: i64) -> i64 {
    let past = year - 1;
    let leap_days = past / 4 - past / 100 + past / 400;
    let months: i64 = (1..month).map(|month| month_days(year, month)).sum();
    // 719162 days lie between 0001-01-01 and 1970-01-01.
    past * 365 + leap_days + months + date - 1 - 719_162
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_iso_8601_or_epoch_seconds() {
        let check = |text: &str, expected: Option<i64>| assert_eq!(parse_ms(text), expected, "{text}");
        check("1970-01-01T00:00:00Z", Some(0));
        check("1970", Some(0));
        check("1970-01-02", Some(86_400_000));
        check("2000-02-29T12:30:15.250Z", Some(951_827_415_250));
        check("2000-02-29T14:30:15+02:00", Some(951_827_415_000));
        check("2000-02-29T10:30:15-0200", Some(951_827_415_000));
        check("1969-12-31T23:59:59Z", Some(-1000));
        check("1700000000", Some(1_700_000_000_000));
        check("2001-02-29", None);
        check("2001-13-01", None);
        check("2001-01-01T25:00Z", None);
        check("2001-01-01T05:00", None);
        check("yesterday", None);
        check("", None);
        check("99999999999999999999", None);
        check("2001-01-01T05:00+é", None);
    }

    #[test]
    fn a_written_date_reads_back() {
        for now_ms in [0, 951_827_415_000, 1_700_000_000_000, 4_102_444_799_000, 253_402_300_799_000] {
            assert_eq!(parse_ms(&format_ms(now_ms)), i64::try_from(now_ms).ok(), "{now_ms}");
        }
    }

    #[test]
    fn a_time_past_the_year_9999_stays_in_it() {
        assert!(format_ms(u64::MAX).starts_with("9999-12-31T"));
    }
}
