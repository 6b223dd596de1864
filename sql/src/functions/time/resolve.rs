//! The fields of a time in, milliseconds since 1970 out. Fields that contradict each other are no time.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::reader::Fields;

/// A time that is not said is midnight, a zone that is not said is UTC.
pub(super) fn ms(fields: &Fields) -> Option<i64> {
    let date = date(fields)?;
    if fields.weekday.is_some_and(|weekday| weekday != i64::from(date.weekday().to_monday_one_offset())) {
        return None;
    }
    let zone = match fields.offset {
        Some(offset) => TimeZone::fixed(offset),
        None => fields.zone.clone().unwrap_or(TimeZone::UTC),
    };
    Some(date.to_datetime(time(fields)?).to_zoned(zone).ok()?.timestamp().as_millisecond())
}

fn date(fields: &Fields) -> Option<Date> {
    let year = match (fields.year, fields.year_of_era, fields.before_christ) {
        (Some(year), None, _) => year,
        (None, Some(year), Some(true)) => 1 - year,
        (None, Some(year), _) => year,
        _ => return None,
    };
    let first = Date::new(i16::try_from(year).ok()?, 1, 1).ok()?;
    if let Some(day) = fields.day_of_year {
        let named = (1..=i64::from(first.days_in_year())).contains(&day);
        return named.then(|| first.checked_add(jiff::Span::new().days(day - 1)).ok())?;
    }
    let month = Date::new(first.year(), i8::try_from(fields.month?).ok()?, 1).ok()?;
    // The 31st of a shorter month is its last day, as java.time has it.
    let day = i8::try_from(fields.day?).ok()?.min(month.days_in_month());
    Date::new(month.year(), month.month(), day).ok()
}

fn time(fields: &Fields) -> Option<Time> {
    let hour = match (fields.hour, fields.half_hour, fields.afternoon) {
        (Some(hour), ..) => hour,
        (None, Some(hour), Some(afternoon)) => hour + if afternoon { 12 } else { 0 },
        // Half a time is none.
        (None, Some(_), None) => return None,
        (None, None, _) if fields.minute.is_some() || fields.second.is_some() => return None,
        (None, None, _) => 0,
    };
    let part = |part: Option<i64>| i8::try_from(part.unwrap_or_default()).ok();
    let nano = i32::try_from(fields.nano.unwrap_or_default()).ok()?;
    Time::new(i8::try_from(hour).ok()?, part(fields.minute)?, part(fields.second)?, nano).ok()
}
