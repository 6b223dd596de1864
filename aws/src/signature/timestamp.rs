//! Moments of signatures: `20260102T030405Z` or an HTTP date in, seconds of the Unix epoch out, and back. No clock.

use std::fmt;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A second of the years 0 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    unix_s: i64,
}

impl Timestamp {
    /// Moments outside the years 0 to 9999 become the nearest one inside.
    #[must_use]
    pub fn from_unix_s(unix_s: i64) -> Self {
        Self { unix_s: unix_s.clamp(-62_167_219_200, 253_402_300_799) }
    }

    #[must_use]
    pub fn unix_s(&self) -> i64 {
        self.unix_s
    }

    /// `20260102T030405Z`, as in `X-Amz-Date`.
    #[must_use]
    pub fn parse_basic(text: &str) -> Option<Self> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        if date.len() != 8 || time.len() != 6 {
            return None;
        }
        Self::of(
            number(date.get(..4)?)?,
            number(date.get(4..6)?)?,
            number(date.get(6..)?)?,
            (number(time.get(..2)?)?, number(time.get(2..4)?)?, number(time.get(4..)?)?),
        )
    }

    /// `Fri, 02 Jan 2026 03:04:05 GMT`, as in `Date`. The day of the week is not looked at.
    #[must_use]
    pub fn parse_http(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let [_, day, month, year, time, "GMT" | "UTC" | "+0000" | "-0000"] = words.as_slice() else {
            return None;
        };
        let month = MONTHS.iter().zip(1..).find(|(name, _)| *name == month).map(|(_, month)| month)?;
        let parts: Vec<&str> = time.split(':').collect();
        let [hour, minute, second] = parts.as_slice() else { return None };
        Self::of(number(year)?, month, number(day)?, (number(hour)?, number(minute)?, number(second)?))
    }

    /// `20260102`.
    #[must_use]
    pub fn date(&self) -> String {
        let mut text = self.to_string();
        text.truncate(8);
        text
    }

    /// `2026-01-02T03:04:05Z`, as in XML.
    #[must_use]
    pub fn extended(&self) -> String {
        let basic = self.to_string();
        let part = |range: std::ops::Range<usize>| basic.get(range).unwrap_or_default();
        let (date, time) = ([part(0..4), part(4..6), part(6..8)], [part(9..11), part(11..13), part(13..15)]);
        format!("{}T{}Z", date.join("-"), time.join(":"))
    }

    fn of(year: i64, month: i64, day: i64, (hour, minute, second): (i64, i64, i64)) -> Option<Self> {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days_of_month = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let fits = (0..=9999).contains(&year)
            && (1..=days_of_month).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        fits.then(|| Self {
            unix_s: days_of(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second,
        })
    }
}

/// `20260102T030405Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.unix_s.div_euclid(86_400));
        let second = self.unix_s.rem_euclid(86_400);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(f, "{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    }
}

/// Digits only: no sign, no blank.
fn number(digits: &str) -> Option<i64> {
    let are_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| digits.parse().ok()).flatten()
}

/// Days since 1970-01-01. Years are counted from March, so that the leap day is a year's last.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let (year, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * months + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months + 2) / 5 + 1;
    let (month, next_year) = if months < 10 { (months + 3, 0) } else { (months - 9, 1) };
    (era * 400 + year_of_era + next_year, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_forms_name_the_same_second() {
        let check = |basic: &str, http: &str, unix_s: i64| {
            assert_eq!(Timestamp::parse_basic(basic).map(|t| t.unix_s()), Some(unix_s), "{basic}");
            assert_eq!(Timestamp::parse_http(http).map(|t| t.unix_s()), Some(unix_s), "{http}");
            assert_eq!(Timestamp::from_unix_s(unix_s).to_string(), basic);
            let extended = Timestamp::from_unix_s(unix_s).extended();
            assert_eq!(extended.replace(['-', ':'], ""), basic);
            assert_eq!(extended.len(), 20);
        };
        check("19700101T000000Z", "Thu, 01 Jan 1970 00:00:00 GMT", 0);
        check("20150830T123600Z", "Sun, 30 Aug 2015 12:36:00 GMT", 1_440_938_160);
        check("20240229T235959Z", "Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199);
        check("19691231T235959Z", "Wed, 31 Dec 1969 23:59:59 GMT", -1);
        check("99991231T235959Z", "Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799);
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "20260102",
            "20260102T030405",
            "20260102T0304Z",
            "20260002T030405Z",
            "20261302T030405Z",
            "20260230T030405Z",
            "20260102T240000Z",
            "20260102T006000Z",
            "20260102T000060Z",
            "2026-01-02T03:04:05Z",
            "+0260102T030405Z",
            "２０２６0102T030405Z",
        ] {
            assert_eq!(Timestamp::parse_basic(text), None, "{text}");
        }
        for text in ["", "Fri, 02 Jan 2026", "Fri, 02 Foo 2026 03:04:05 GMT", "Fri, 02 Jan 2026 03:04:05 CET"]
        {
            assert_eq!(Timestamp::parse_http(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_second_is_read_back(unix_s in -62_167_219_200_i64..=253_402_300_799) {
            let moment = Timestamp::from_unix_s(unix_s);
            prop_assert_eq!(Timestamp::parse_basic(&moment.to_string()), Some(moment));
        }

        #[test]
        fn no_text_panics(text in ".*", unix_s in any::<i64>()) {
            let _ = (Timestamp::parse_basic(&text), Timestamp::parse_http(&text));
            prop_assert_eq!(Timestamp::from_unix_s(unix_s).date().len(), 8);
        }
    }
}
