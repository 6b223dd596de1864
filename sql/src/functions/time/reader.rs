//! Text and a pattern of java.time's in, the fields that stand in it out. What they mean together is for others.

use jiff::tz::{Offset, TimeZone};

use super::pattern::{Piece, pieces};
use super::{DAYS, MONTHS, short, zone};

/// Why there are no fields.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    /// The text is not like the pattern, or the pattern is none.
    NoMatch,
    /// java.time has a meaning for the letter, and we have none.
    Letter(char),
}

/// What a text says of a time.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    pub(super) year: Option<i64>,
    /// Of an era, which counts backwards if it is the earlier one.
    pub(super) year_of_era: Option<i64>,
    pub(super) before_christ: Option<bool>,
    pub(super) month: Option<i64>,
    pub(super) day: Option<i64>,
    pub(super) day_of_year: Option<i64>,
    pub(super) weekday: Option<i64>,
    pub(super) hour: Option<i64>,
    /// 0 to 11.
    pub(super) half_hour: Option<i64>,
    pub(super) afternoon: Option<bool>,
    pub(super) minute: Option<i64>,
    pub(super) second: Option<i64>,
    pub(super) nano: Option<i64>,
    pub(super) offset: Option<Offset>,
    pub(super) zone: Option<TimeZone>,
}

pub(super) fn read(text: &str, pattern: &str) -> Result<Fields, Fault> {
    let pieces = pieces(pattern, true).ok_or(Fault::NoMatch)?;
    let mut fields = Fields::default();
    match sequence(&pieces, text, &mut fields)? {
        "" => Ok(fields),
        _ => Err(Fault::NoMatch),
    }
}

/// Gives back what is left of the text.
fn sequence<'a>(pieces: &[Piece], text: &'a str, fields: &mut Fields) -> Result<&'a str, Fault> {
    let mut text = text;
    let mut rest = pieces;
    while let Some((piece, behind)) = rest.split_first() {
        rest = behind;
        match piece {
            Piece::Text(expected) => text = text.strip_prefix(expected.as_str()).ok_or(Fault::NoMatch)?,
            Piece::Field(letter, count) => text = field(*letter, *count, behind, text, fields)?,
            Piece::Close => return Err(Fault::NoMatch),
            Piece::Open => {
                let (inner, outer) = optional(behind);
                rest = outer;
                let mut tried = fields.clone();
                match sequence(inner, text, &mut tried) {
                    Ok(left) => (text, *fields) = (left, tried),
                    Err(Fault::NoMatch) => {}
                    Err(fault) => return Err(fault),
                }
            }
        }
    }
    Ok(text)
}

/// What is between the brackets, and what follows; one that is never closed ends with the pattern.
fn optional(pieces: &[Piece]) -> (&[Piece], &[Piece]) {
    let mut depth = 1;
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Open => depth += 1,
            Piece::Close => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let (inner, outer) = pieces.split_at(at);
            return (inner, outer.get(1..).unwrap_or_default());
        }
    }
    (pieces, &[])
}

fn field<'a>(
    letter: char,
    count: usize,
    behind: &[Piece],
    text: &'a str,
    fields: &mut Fields,
) -> Result<&'a str, Fault> {
    if let Some(widest) = widest(letter, count) {
        let (number, rest) = number(text, count, widest, behind).ok_or(Fault::NoMatch)?;
        set(fields, letter, count, number).ok_or(Fault::NoMatch)?;
        return Ok(rest);
    }
    let (slot, names): (&mut Option<i64>, &[&str]) = match letter {
        'M' | 'L' if count <= 4 => (&mut fields.month, &MONTHS),
        'E' if count <= 4 => (&mut fields.weekday, &DAYS),
        'G' => return either(text, ["AD", "BC"], &mut fields.before_christ),
        'a' if count == 1 => return either(text, ["AM", "PM"], &mut fields.afternoon),
        'V' | 'z' => {
            let (zone, rest) = zone::of_java(text, letter == 'z').ok_or(Fault::NoMatch)?;
            fields.zone = Some(zone);
            return Ok(rest);
        }
        'X' | 'x' | 'Z' | 'O' => {
            let (offset, rest) = offset(letter, count, text).ok_or(Fault::NoMatch)?;
            fields.offset = Some(offset);
            return Ok(rest);
        }
        'A' | 'B' | 'E' | 'F' | 'L' | 'M' | 'N' | 'Q' | 'W' | 'Y' | 'c' | 'e' | 'g' | 'p' | 'q' | 'v'
        | 'w' => {
            return Err(Fault::Letter(letter));
        }
        _ => return Err(Fault::NoMatch),
    };
    let (number, rest) = named(names, count >= 4, text).ok_or(Fault::NoMatch)?;
    *slot = Some(number);
    Ok(rest)
}

/// The most digits of a field that is a number; None is another kind of field.
fn widest(letter: char, count: usize) -> Option<usize> {
    match (letter, count) {
        ('u' | 'y', 2) => Some(2),
        ('u' | 'y', _) => Some(count.max(10)),
        ('M' | 'L' | 'd' | 'H' | 'h' | 'K' | 'k' | 'm' | 's', 1) => Some(2),
        ('M' | 'L' | 'd' | 'H' | 'h' | 'K' | 'k' | 'm' | 's', 2) => Some(2),
        ('D', 1..=3) => Some(3),
        ('S' | 'n', 1..=9) => Some(if letter == 'S' { count } else { 9 }),
        _ => None,
    }
}

/// No digit is taken that the fields right behind need.
fn number<'a>(text: &'a str, least: usize, most: usize, behind: &[Piece]) -> Option<(i64, &'a str)> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) if most > 9 => (-1, digits),
        _ => (1, text),
    };
    let there = digits.bytes().take_while(u8::is_ascii_digit).count();
    let needed: usize = behind
        .iter()
        .map_while(|piece| match piece {
            Piece::Field(letter, count) => widest(*letter, *count).map(|_| *count),
            _ => None,
        })
        .sum();
    let taken = there.saturating_sub(needed).clamp(least.min(there), most);
    let (number, rest) = digits.split_at_checked(taken).filter(|_| taken >= least)?;
    Some((sign * number.parse::<i64>().ok()?, rest))
}

fn set(fields: &mut Fields, letter: char, count: usize, number: i64) -> Option<()> {
    let (slot, range) = match letter {
        'u' | 'y' => {
            let number = if count == 2 { 2000 + number } else { number };
            *(if letter == 'u' { &mut fields.year } else { &mut fields.year_of_era }) = Some(number);
            return Some(());
        }
        'S' => {
            fields.nano = Some(number * 10i64.pow(9u32.saturating_sub(u32::try_from(count).ok()?)));
            return Some(());
        }
        'h' => {
            fields.half_hour = (1..=12).contains(&number).then_some(number % 12);
            return fields.half_hour.map(|_| ());
        }
        'k' => {
            fields.hour = (1..=24).contains(&number).then_some(number % 24);
            return fields.hour.map(|_| ());
        }
        'n' => (&mut fields.nano, 0..=999_999_999),
        'M' | 'L' => (&mut fields.month, 1..=12),
        'd' => (&mut fields.day, 1..=31),
        'D' => (&mut fields.day_of_year, 1..=366),
        'H' => (&mut fields.hour, 0..=23),
        'K' => (&mut fields.half_hour, 0..=11),
        'm' => (&mut fields.minute, 0..=59),
        's' => (&mut fields.second, 0..=59),
        _ => return None,
    };
    *slot = range.contains(&number).then_some(number);
    slot.map(|_| ())
}

/// Counted from 1.
fn named<'a>(names: &[&str], long: bool, text: &'a str) -> Option<(i64, &'a str)> {
    names.iter().zip(1..).find_map(|(name, number)| {
        let name = if long { name } else { short(name) };
        text.strip_prefix(name).map(|rest| (number, rest))
    })
}

fn either<'a>(text: &'a str, names: [&str; 2], slot: &mut Option<bool>) -> Result<&'a str, Fault> {
    for (name, second) in names.into_iter().zip([false, true]) {
        if let Some(rest) = text.strip_prefix(name) {
            *slot = Some(second);
            return Ok(rest);
        }
    }
    Err(Fault::NoMatch)
}

/// `X` reads `Z` for zero, `O` and `ZZZZ` begin with `GMT`.
fn offset(letter: char, count: usize, text: &str) -> Option<(Offset, &str)> {
    let zulu = letter == 'X' || (letter == 'Z' && count == 5);
    if let Some(rest) = text.strip_prefix('Z').filter(|_| zulu) {
        return Some((Offset::UTC, rest));
    }
    if letter == 'O' || (letter == 'Z' && count == 4) {
        let rest = text.strip_prefix("GMT")?;
        return if rest.starts_with(['+', '-']) { zone::offset(rest) } else { Some((Offset::UTC, rest)) };
    }
    zone::offset(text)
}
