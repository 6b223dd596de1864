//! `thingstead device doctor NAME`: the checklist of a device, up to the first thing that is wrong. Ends with 1 if
//! something is.

use anyhow::Result;
use serde_json::Value;

use crate::Common;
use crate::api::{Api, encode};
use crate::output::{self, list, texts};
use crate::why::pasteable;

pub(crate) fn doctor(api: &Api, device: &str, common: &Common) -> Result<()> {
    let reply = api.get(&format!("/_thingstead/api/devices/{}/doctor", encode(device)))?;
    if common.json {
        output::json(&reply);
    } else {
        describe(&reply, common).iter().for_each(|line| output::line(line));
    }
    if reply["healthy"] != true {
        std::process::exit(1);
    }
    Ok(())
}

fn describe(reply: &Value, common: &Common) -> Vec<String> {
    let mut lines = Vec::new();
    for check in list(&reply["checks"]) {
        let mark = if check["ok"] == true { '✔' } else { '✘' };
        let word = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
        lines.push(format!("{mark} {:<20} {}", word("name"), word("text")).trim_end().to_owned());
        for fix in texts(&check["fixes"]) {
            lines.push(format!("  {:<20} {}", "fix", pasteable(fix, common)));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_check_is_a_line_and_the_failed_one_has_its_fix() {
        let common = Common { data: "./thingstead-data".into(), json: false };
        let reply = json!({"device": "a", "healthy": false, "checks": [
            {"name": "thing known", "ok": true, "text": "thing a", "fixes": []},
            {"name": "certificate active", "ok": false, "text": "it is INACTIVE", "fixes": ["aws iot x"]}]});
        assert_eq!(
            describe(&reply, &common),
            [
                "✔ thing known          thing a",
                "✘ certificate active   it is INACTIVE",
                "  fix                  aws iot x",
            ]
        );
    }
}
