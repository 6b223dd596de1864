//! `parse_time` and `time_to_epoch`: milliseconds in and text out, or the other way round. It reads no clock.

mod pattern;
mod reader;
mod resolve;
mod writer;
mod zone;

use jiff::Timestamp;

use crate::call::{Stop, Surroundings};
use crate::convert;
use crate::function::{Function, Service};
use crate::functions::string;
use crate::limits;
use crate::value::Value;
use crate::version::Version::V2016;

pub(super) static TABLE: &[Function] = &[
    Function::full("parse_time", V2016, (2, 3), parse_time)
        .service(Service::Partly("a zone's short name for its long one")),
    Function::full("time_to_epoch", V2016, (2, 2), time_to_epoch)
        .service(Service::Partly("not week-based years, quarters or localized names")),
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// From Monday.
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The first three letters.
fn short(name: &str) -> &str {
    name.get(..3).unwrap_or(name)
}

fn parse_time(arguments: &[Value], surroundings: &mut Surroundings<'_>) -> Result<Value, Stop> {
    let written = || {
        let pattern = convert::text(arguments.first()?).filter(|text| text.len() <= limits::TIME_BYTES)?;
        let ms = i64::try_from(convert::int(arguments.get(1)?)?).ok()?;
        let zone = match arguments.get(2) {
            Some(zone) => zone::of_joda(&convert::text(zone)?)?,
            None => jiff::tz::TimeZone::UTC,
        };
        writer::write(&pattern, Timestamp::from_millisecond(ms).ok()?, zone)
    };
    let Some((text, long_name)) = written() else { return Ok(Value::Undefined) };
    if long_name {
        surroundings.remark("parse_time() writes a time zone's short name where AWS writes its long one");
    }
    Ok(string(text))
}

fn time_to_epoch(arguments: &[Value], surroundings: &mut Surroundings<'_>) -> Result<Value, Stop> {
    let [text, pattern] = arguments else { return Ok(Value::Undefined) };
    let (Some(text), Some(pattern)) = (convert::text(text), convert::text(pattern)) else {
        return Ok(Value::Undefined);
    };
    if text.len() > limits::TIME_BYTES || pattern.len() > limits::TIME_BYTES {
        return Ok(Value::Undefined);
    }
    match reader::read(&text, &pattern) {
        Ok(fields) => Ok(resolve::ms(&fields).map_or(Value::Undefined, |ms| Value::Int(ms.into()))),
        Err(reader::Fault::NoMatch) => Ok(Value::Undefined),
        Err(reader::Fault::Letter(letter)) => {
            surroundings.remark(format!("time_to_epoch() does not serve the letter {letter} in a pattern"));
            Ok(Value::Undefined)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::trial::{Trial, check};
    use super::*;

    #[test]
    fn moments_are_written_by_joda_s_patterns() {
        check(
            r#"parse_time("yyyy.MM.dd G 'at' HH:mm:ss z", 100000000, "America/Belize")"#,
            r#""1970.01.01 AD at 21:46:40 CST""#,
        );
        check(
            r#"parse_time("yyyy.MM.dd G 'at' HH:mm:ss z", 1497028786000)"#,
            r#""2017.06.09 AD at 17:19:46 UTC""#,
        );
        check(r#"parse_time("yyyy", 1497028786000, "UTC")"#, r#""2017""#);
        check(
            r#"parse_time("yyyy-MM-dd'T'HH:mm:ss.SSSZZ", 1497028786123, "Asia/Kolkata")"#,
            r#""2017-06-09T22:49:46.123+05:30""#,
        );
        check(r#"parse_time("yy M d H m s S SSSS", 1497028786123)"#, r#""17 6 9 17 19 46 1 1230""#);
        check(r#"parse_time("E EEE EEEE e", 1497028786123)"#, r#""Fri Fri Friday 5""#);
        check(r#"parse_time("MMM MMMM", 1497028786123)"#, r#""Jun June""#);
        check(r#"parse_time("h K k a", 1497028786123)"#, r#""5 5 17 PM""#);
        check(r#"parse_time("h K k a", 0)"#, r#""12 0 24 AM""#);
        check(r#"parse_time("D DDD w xxxx C Y", 1497028786123)"#, r#""160 160 23 2017 20 2017""#);
        check(r#"parse_time("Z ZZ ZZZ", 0, "Europe/Berlin")"#, r#""+0100 +01:00 Europe/Berlin""#);
        check(r#"parse_time("HH Z", 0, "-03:30")"#, r#""20 -0330""#);
        check(r#"parse_time("'it''s' ''", 0)"#, r#""it's '""#);
        check(r#"parse_time("yyyy G", -99999999999999)"#, r#""-1199 BC""#);
        check(r#"parse_time("yyyy", "1497028786000")"#, r#""2017""#);
        check(r#"parse_time("", 0)"#, r#""""#);
        check("parse_time(5, 0)", r#""5""#);
    }

    #[test]
    fn a_pattern_zone_or_moment_that_is_none_is_undefined() {
        for arguments in [
            r#""b", 0"#,
            r#""'open", 0"#,
            r#""yyyy", "x""#,
            r#""yyyy", null"#,
            r#""yyyy", true"#,
            r#""yyyy", 1E30"#,
            r#""yyyy", 999999999999999999"#,
            r#""yyyy", 0, "Nowhere/Here""#,
            r#""yyyy", 0, "europe/berlin""#,
            r#""yyyy", 0, "+25:00""#,
            r#""yyyy", 0, null"#,
            r#"null, 0"#,
            r#"undefined, 0"#,
            r#""yyyy""#,
            r#""yyyy", 0, "UTC", 1"#,
        ] {
            check(&format!("parse_time({arguments})"), "undefined");
        }
        let long = Value::String("y".repeat(2000));
        assert_eq!(Trial::default().call("parse_time", &[long, Value::Int(0)]).0, Ok(Value::Undefined));
    }

    #[test]
    fn text_is_read_by_java_time_s_patterns() {
        check(r#"time_to_epoch("2020-04-03 09:45:18 UTC+01:00", "yyyy-MM-dd HH:mm:ss VV")"#, "1585903518000");
        check(r#"time_to_epoch("18 December 2015", "dd MMMM yyyy")"#, "1450396800000");
        check(
            r#"time_to_epoch("2007-12-03 10:15:30.592 America/Los_Angeles", "yyyy-MM-dd HH:mm:ss.SSS z")"#,
            "1196705730592",
        );
        check(r#"time_to_epoch("2007-12-03 10:15:30 PST", "yyyy-MM-dd HH:mm:ss z")"#, "1196705730000");
        check(r#"time_to_epoch("20071203101530", "yyyyMMddHHmmss")"#, "1196676930000");
        check(r#"time_to_epoch("2007-12-03T10:15:30Z", "yyyy-MM-dd'T'HH:mm:ssX")"#, "1196676930000");
        check(r#"time_to_epoch("2007-12-03T10:15:30+0530", "yyyy-MM-dd'T'HH:mm:ssXX")"#, "1196657130000");
        check(r#"time_to_epoch("2007-12-03T10:15:30+05:30", "uuuu-MM-dd'T'HH:mm:ssxxx")"#, "1196657130000");
        check(r#"time_to_epoch("2007-12-03T10:15 GMT+1", "yyyy-MM-dd'T'HH:mm O")"#, "1196673300000");
        check(r#"time_to_epoch("Mon 3 Dec 07, 10:15 PM", "EEE d MMM yy, hh:mm a")"#, "1196720100000");
        check(r#"time_to_epoch("Monday 2007 337", "EEEE yyyy DDD")"#, "1196640000000");
        check(r#"time_to_epoch("2007-12-03", "yyyy-MM-dd[ HH:mm]")"#, "1196640000000");
        check(r#"time_to_epoch("2007-12-03 01:00", "yyyy-MM-dd[ HH:mm]")"#, "1196643600000");
        check(r#"time_to_epoch("2007-02-31", "yyyy-MM-dd")"#, "1172620800000");
        check(r#"time_to_epoch("0001-01-01 BC", "yyyy-MM-dd G")"#, "-62167219200000");
        check(r#"time_to_epoch("1.5.1970", "d.M.yyyy")"#, "10368000000");
        check(r#"time_to_epoch("2007-12-03 24", "yyyy-MM-dd kk")"#, "1196640000000");
    }

    #[test]
    fn text_that_is_not_like_its_pattern_is_undefined() {
        for (text, pattern) in [
            ("2007-12-03", "yyyy/MM/dd"),
            ("2007-13-03", "yyyy-MM-dd"),
            ("2007-12-32", "yyyy-MM-dd"),
            ("2007-12", "yyyy-MM"),
            ("10:15", "HH:mm"),
            ("2007-12-03 25", "yyyy-MM-dd HH"),
            ("2007-12-03 ", "yyyy-MM-dd"),
            ("2007-12-3", "yyyy-MM-dd"),
            ("", "yyyy-MM-dd"),
            ("2007-12-03", ""),
            ("Tue 2007-12-03", "EEE yyyy-MM-dd"),
            ("2007-12-03 Mars", "yyyy-MM-dd z"),
            ("2007-12-03 5", "yyyy-MM-dd h"),
            ("18 december 2015", "dd MMMM yyyy"),
            ("2007-12-03 'x", "yyyy-MM-dd 'x"),
            ("2007-366", "yyyy-DDD"),
        ] {
            check(&format!("time_to_epoch({}, {})", json(text), json(pattern)), "undefined");
        }
        let deep = format!("{}yyyy-MM-dd", "[".repeat(1000));
        check(&format!("time_to_epoch(\"2007-12-03\", {})", json(&deep)), "undefined");
        check(r#"time_to_epoch("2007-12-03", "[[[yyyy-MM-dd]]]")"#, "1196640000000");
        check(r#"time_to_epoch(null, "yyyy")"#, "undefined");
        check(r#"time_to_epoch("2007", null)"#, "undefined");
        check(r#"time_to_epoch("2007")"#, "undefined");
    }

    fn json(text: &str) -> String {
        crate::json::write(&string(text))
    }

    #[test]
    fn what_is_not_served_says_so() {
        let (value, remarks) = Trial::default().run(r#"time_to_epoch("2007-W49", "YYYY-'W'ww")"#);
        assert_eq!(value.as_deref(), Ok("undefined"));
        assert_eq!(remarks, ["time_to_epoch() does not serve the letter Y in a pattern"]);
        let (value, remarks) = Trial::default().run(r#"parse_time("zzzz", 0, "America/Belize")"#);
        assert_eq!(value.as_deref(), Ok(r#""CST""#));
        assert!(matches!(remarks.as_slice(), [remark] if remark.contains("long")), "{remarks:?}");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_the_same_moment(
            ms in -62_135_596_800_000i64..253_402_300_799_999,
            zone in prop_oneof![
                Just("UTC"), Just("America/New_York"), Just("Asia/Kathmandu"), Just("Pacific/Chatham"), Just("-03:30")
            ],
        ) {
            let pattern = string("yyyy-MM-dd'T'HH:mm:ss.SSSZ");
            let (text, _) = Trial::default().call("parse_time", &[pattern.clone(), Value::Int(ms.into()), string(zone)]);
            let text = text.expect("a text");
            let (back, _) = Trial::default().call("time_to_epoch", &[text.clone(), pattern]);
            // An offset with seconds, from before zones were set, is written longer than Z reads.
            prop_assert_eq!(back, Ok(Value::Int(ms.into())), "{:?}", text);
        }

        #[test]
        fn any_pattern_and_text_come_to_something(text in ".{0,40}", pattern in "[a-zA-Z'\\[\\] :-]{0,20}", ms in any::<i64>()) {
            let (written, _) = Trial::default().call("parse_time", &[string(&*pattern), Value::Int(ms.into())]);
            prop_assert!(matches!(written, Ok(Value::Undefined | Value::String(_))));
            let (read, _) = Trial::default().call("time_to_epoch", &[string(text), string(&*pattern)]);
            prop_assert!(matches!(read, Ok(Value::Undefined | Value::Int(_))));
        }
    }
}
