//! A moment, a zone and a pattern of Joda's in, text out.

use std::fmt::Write;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::pattern::{Piece, pieces};
use super::zone::written;
use super::{DAYS, MONTHS, short};

/// The text, and whether it has a zone's short name in the place of its long one. None: the pattern is none.
pub(super) fn write(pattern: &str, moment: Timestamp, zone: TimeZone) -> Option<(String, bool)> {
    let pieces = pieces(pattern, false)?;
    let local = moment.to_zoned(zone);
    let mut out = String::new();
    for piece in &pieces {
        match piece {
            Piece::Field(letter, count) => field(&mut out, *letter, *count, &local)?,
            Piece::Text(text) => out.push_str(text),
            Piece::Open | Piece::Close => return None,
        }
    }
    let long_name = pieces.iter().any(|piece| matches!(piece, Piece::Field('z', 4..)));
    Some((out, long_name))
}

fn field(out: &mut String, letter: char, count: usize, local: &Zoned) -> Option<()> {
    let year = i64::from(local.year());
    let of_era = if year > 0 { year } else { 1 - year };
    let hour = i64::from(local.hour());
    let weekday = local.weekday();
    let week = local.date().iso_week_date();
    let number = match letter {
        'y' => return put(out, &self::year(year, count)),
        'x' => return put(out, &self::year(i64::from(week.year()), count)),
        'Y' => return put(out, &self::year(of_era, count)),
        'M' if count > 2 => return name(out, &MONTHS, i64::from(local.month()), count),
        'E' => return name(out, &DAYS, i64::from(weekday.to_monday_one_offset()), count),
        'G' => return put(out, if year > 0 { "AD" } else { "BC" }),
        'a' => return put(out, if hour < 12 { "AM" } else { "PM" }),
        'S' => return put(out, &fraction(local.millisecond(), count)),
        'z' => return put(out, &zone_name(local)),
        'Z' => return put(out, &zone(local, count)),
        'C' => of_era / 100,
        'w' => i64::from(week.week()),
        'e' => i64::from(weekday.to_monday_one_offset()),
        'D' => i64::from(local.day_of_year()),
        'M' => i64::from(local.month()),
        'd' => i64::from(local.day()),
        'K' => hour % 12,
        'h' => (hour + 11) % 12 + 1,
        'H' => hour,
        'k' => (hour + 23) % 24 + 1,
        'm' => i64::from(local.minute()),
        's' => i64::from(local.second()),
        _ => return None,
    };
    write!(out, "{number:0count$}").ok()
}

fn put(out: &mut String, text: &str) -> Option<()> {
    out.push_str(text);
    Some(())
}

/// Two letters are the last two digits.
fn year(year: i64, count: usize) -> String {
    match count {
        2 => format!("{:02}", year.abs() % 100),
        _ if year < 0 => format!("-{:0count$}", -year),
        _ => format!("{year:0count$}"),
    }
}

/// Counted from 1.
fn name(out: &mut String, names: &[&str], number: i64, count: usize) -> Option<()> {
    let name = names.get(usize::try_from(number - 1).ok()?)?;
    put(out, if count < 4 { short(name) } else { name })
}

/// Cut, not rounded; there is nothing below a millisecond.
fn fraction(ms: i16, count: usize) -> String {
    let digits = format!("{ms:03}{}", "0".repeat(count.saturating_sub(3)));
    digits.get(..count).unwrap_or_default().to_owned()
}

fn zone_name(local: &Zoned) -> String {
    let zone = local.time_zone();
    let info = zone.to_offset_info(local.timestamp());
    let name = info.abbreviation();
    match zone.iana_name() {
        Some(_) if !name.starts_with(['+', '-']) => name.to_owned(),
        _ => written(local.offset(), ":"),
    }
}

fn zone(local: &Zoned, count: usize) -> String {
    match (count, local.time_zone().iana_name()) {
        (1, _) => written(local.offset(), ""),
        (3.., Some(name)) => name.to_owned(),
        _ => written(local.offset(), ":"),
    }
}
