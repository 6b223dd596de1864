//! Calls as one writes them in, results as JSON out: what the tests of all functions share. Only for tests.

use message::Properties;

use crate::call::{Stop, Surroundings};
use crate::function::Function;
use crate::input::Input;
use crate::json;
use crate::need::{Answer, Need};
use crate::value::Value;
use crate::version::Version;

pub(crate) struct Trial {
    pub(crate) payload: &'static [u8],
    pub(crate) properties: Option<Properties>,
    pub(crate) answers: Vec<(Need, Answer)>,
    pub(crate) on_mqtt: bool,
    pub(crate) whole: bool,
    pub(crate) seed: u64,
    pub(crate) version: Version,
}

impl Default for Trial {
    fn default() -> Trial {
        Trial {
            payload: b"{}",
            properties: None,
            answers: Vec::new(),
            on_mqtt: true,
            whole: false,
            seed: 7,
            version: Version::V2016,
        }
    }
}

impl Trial {
    /// `name(argument, …)`, the arguments as JSON, or `undefined`; the result as JSON, or `undefined`.
    pub(crate) fn run(&self, call: &str) -> (Result<String, Stop>, Vec<String>) {
        let (name, arguments) = read(call, self.version);
        let (value, remarks) = self.call(name, &arguments);
        (value.map(|value| shown(&value)), remarks)
    }

    pub(crate) fn call(&self, name: &str, arguments: &[Value]) -> (Result<Value, Stop>, Vec<String>) {
        let on_mqtt = |text: &'static str| self.on_mqtt.then_some(text);
        let input = Input {
            payload: self.payload,
            topic: "things/myThings/thingOne",
            client_id: on_mqtt("sensor-1"),
            principal: on_mqtt("ba67293af50bf2506f5f93469686da660c7c844e7b3950bfb16813e0d31e9373"),
            source_ip: on_mqtt("192.0.2.7"),
            account: "012345678901",
            properties: self.properties.as_ref(),
            now_ms: 1_481_825_251_155,
            seed: self.seed,
            answers: &self.answers,
        };
        let function = Function::find(name).unwrap_or_else(|| panic!("no function {name}"));
        let literals: Vec<Option<Value>> = arguments.iter().cloned().map(Some).collect();
        let prepared = function.prepare(&literals);
        let results: Vec<_> = [None, prepared.as_ref()]
            .into_iter()
            .map(|prepared| {
                let mut surroundings = Surroundings {
                    input: &input,
                    version: self.version,
                    chance: self.seed,
                    whole: self.whole,
                    prepared,
                    compiled: 0,
                    remarks: Vec::new(),
                };
                let value = function.call(arguments, &mut surroundings);
                (value, surroundings.remarks)
            })
            .collect();
        let [first, second] = results.try_into().expect("two runs");
        assert_eq!(first, second, "{name} with and without preparation");
        first
    }
}

fn read(call: &str, version: Version) -> (&str, Vec<Value>) {
    let (name, rest) = call.split_once('(').unwrap_or_else(|| panic!("{call} is no call"));
    let inside = rest.strip_suffix(')').unwrap_or_else(|| panic!("{call} is no call"));
    let list = format!("[{}]", inside.replace("undefined", r#"{"undefined":0}"#));
    let Some(Value::Array(arguments)) = json::read(&list, version) else { panic!("{list} is no JSON") };
    let undefined = |value: Value| match &value {
        Value::Object(object) if object.get("undefined").is_some() => Value::Undefined,
        _ => value,
    };
    (name, arguments.into_iter().map(undefined).collect())
}

fn shown(value: &Value) -> String {
    if *value == Value::Undefined { "undefined".to_owned() } else { json::write(value) }
}

/// The same in every version.
pub(crate) fn check(call: &str, expected: &str) {
    check_versions(call, expected, expected);
}

pub(crate) fn check_versions(call: &str, in_2015: &str, in_2016: &str) {
    let both = [(Version::V2015, in_2015), (Version::V2016, in_2016), (Version::Beta, in_2016)];
    for (version, expected) in both {
        let (value, _) = Trial { version, ..Trial::default() }.run(call);
        assert_eq!(value.as_deref(), Ok(expected), "{call} in {version:?}");
    }
}
