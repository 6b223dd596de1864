//! Out: the pieces of work that are measured, in each engine's own language. They must come to the same results.

/// One piece of work.
pub struct Work {
    /// As the page and the programs that read the figures call it.
    pub name: &'static str,
    pub title: &'static str,
    /// The messages have blanks between their parts.
    pub spaced: bool,
    pub statement: &'static str,
    /// A field of an action that is filled from the message.
    pub template: Option<&'static str>,
    pub vrl: Vrl,
    pub jaq: &'static str,
    /// How many times as fast as the better peer it should be.
    pub goal: f64,
}

pub enum Vrl {
    /// The event goes out as it came in: no program can be faster than none.
    Untouched,
    /// What the program comes to; an array is the result and the filled field.
    Result(&'static str),
}

pub const WORKS: [Work; 4] = [
    Work {
        name: "pass-through",
        title: "(a) `SELECT *`",
        spaced: false,
        statement: "SELECT * FROM 'device/+/data'",
        template: None,
        vrl: Vrl::Untouched,
        jaq: ".",
        goal: 2.0,
    },
    Work {
        name: "pass-through-blanks",
        title: "(a) `SELECT *`, message with blanks",
        spaced: true,
        statement: "SELECT * FROM 'device/+/data'",
        template: None,
        vrl: Vrl::Untouched,
        jaq: ".",
        goal: 2.0,
    },
    Work {
        name: "project",
        title: "(b) two fields, WHERE",
        spaced: false,
        statement: PROJECT,
        template: None,
        vrl: Vrl::Result(
            "if float!(.temperature) > 20.0 { {\"temperature\": .temperature, \"humidity\": .humidity} }",
        ),
        jaq: "select(.temperature > 20) | {temperature, humidity}",
        goal: 2.0,
    },
    Work {
        name: "functions",
        title: "(c) functions, nested SELECT, template",
        spaced: false,
        statement: "SELECT upper(deviceId) AS device, round(temperature * 1.8 + 32) AS fahrenheit, \
            concat(location.site, '/', location.cell) AS place, startswith(firmware, '2.') AS current, \
            (SELECT VALUE v FROM vibration AS v WHERE v > 0.015) AS high \
            FROM 'device/+/data' WHERE status = 'ok'",
        template: Some("alerts/${location.site}/${deviceId}/${location.line}"),
        vrl: Vrl::Result(
            r#"if .status == "ok" {
                device = string!(.deviceId)
                site = string!(.location.site)
                [{
                    "device": upcase(device),
                    "fahrenheit": round(float!(.temperature) * 1.8 + 32.0),
                    "place": site + "/" + string!(.location.cell),
                    "current": starts_with(string!(.firmware), "2."),
                    "high": filter(array!(.vibration)) -> |_at, v| { float!(v) > 0.015 },
                }, "alerts/" + site + "/" + device + "/" + to_string!(.location.line)]
            }"#,
        ),
        jaq: r#"select(.status == "ok") | {
                device: (.deviceId | ascii_upcase),
                fahrenheit: (.temperature * 1.8 + 32 | round),
                place: (.location.site + "/" + .location.cell),
                current: (.firmware | startswith("2.")),
                high: [.vibration[] | select(. > 0.015)]
            }, "alerts/\(.location.site)/\(.deviceId)/\(.location.line)""#,
        goal: 1.0,
    },
];

/// What each of many rules does, too.
pub const PROJECT: &str = "SELECT temperature, humidity FROM 'device/+/data' WHERE temperature > 20";
