//! The will recipe: a rule for all things, what one of them may do, and its program. The rule itself is the server's.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};

use crate::Common;
use crate::api::{Api, encode};
use crate::identity::host_and_port;
use crate::why::pasteable;
use crate::{device, output};

#[derive(Debug, Args)]
pub(crate) struct Presence {
    /// The device whose program is wanted; it is made if there is none of this name. Without it only the rule is made
    thing: Option<String>,
    /// Folder of the device's files, where the program goes, too [default: ./THING]
    #[arg(long, value_name = "DIR", requires = "thing")]
    out: Option<PathBuf>,
    /// The rule's name
    #[arg(long, default_value = "presence", value_name = "RULE")]
    name: String,
    /// Replace a rule of this name that says something else
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

const SQL: &str = "SELECT * FROM 'my/things/+/update'";
const TARGET: &str = "$$aws/things/${topic(3)}/shadow/update";
const PROGRAM: &str = include_str!("presence.py");

fn topic(thing: &str) -> String {
    format!("my/things/{thing}/update")
}

impl Presence {
    pub(super) fn run(&self, api: &Api) -> Result<()> {
        let payload = json!({
            "sql": SQL,
            "awsIotSqlVersion": "2016-03-23",
            "description": "A device's last will, and its word that it is back, become its shadow's state",
            "actions": [{ "republish": { "topic": TARGET, "qos": 1, "roleArn": super::role(api) } }],
        });
        let (is_new, findings) = super::rule(api, &self.name, &payload, self.replace)?;
        let device = match &self.thing {
            Some(thing) => Some(self.device(api, thing)?),
            None => None,
        };
        if self.common.json {
            let program = device.as_ref().map(|device| &device["program"]);
            output::json(&json!({
                "rule": self.name, "is_new": is_new, "sql": SQL, "republish": TARGET,
                "findings": findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "thing": self.thing, "program": program, "device": device,
            }));
            return Ok(());
        }
        let made = if is_new { "made" } else { "is there already" };
        output::line(&format!("rule {} {made}:", self.name));
        output::line(&format!("  {SQL}"));
        output::line(&format!("  republished to {TARGET}"));
        findings.iter().for_each(|found| output::line(&format!("  warning  {found}")));
        match (&self.thing, &device) {
            (Some(thing), Some(device)) => self.tell(thing, device),
            _ => self.tell_generic(api),
        }
        Ok(())
    }

    /// The device, its rights and its program.
    fn device(&self, api: &Api, thing: &str) -> Result<Value> {
        let folder = self.out.clone().unwrap_or_else(|| PathBuf::from(thing));
        let is_known = api.get(&format!("/_thingstead/api/devices/{}", encode(thing))).is_ok();
        if !is_known {
            device::make(api, thing, &json!({ "name": thing, "key": "rsa", "policy": "own" }), &folder)?;
        }
        let mut allowed = Vec::new();
        for (action, resource) in [("connect", thing.to_owned()), ("publish", topic(thing))] {
            let wish = json!({ "action": action, "resource": resource });
            let path = |what: &str| format!("/_thingstead/api/devices/{}/{what}", encode(thing));
            if api.post(&path("check"), &wish)?["allowed"] != true {
                allowed.push(api.post(&path("allow"), &wish)?["text"].clone());
            }
        }
        let program = folder.join("presence.py");
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&program, self.program(api, thing)?.as_bytes()))
            .with_context(|| {
                format!("{} cannot be written: choose another folder with --out", program.display())
            })?;
        Ok(json!({
            "name": thing, "is_new": !is_known, "folder": folder, "program": program, "allowed": allowed,
            "topic": topic(thing),
        }))
    }

    fn program(&self, api: &Api, thing: &str) -> std::io::Result<String> {
        let endpoint =
            api.endpoints.mqtt.as_deref().ok_or_else(|| std::io::Error::other("the MQTT face is off"))?;
        let (host, port) = host_and_port(endpoint).map_err(std::io::Error::other)?;
        Ok(PROGRAM.replace("{THING}", thing).replace("{HOST}", &host).replace("{PORT}", &port.to_string()))
    }

    fn tell(&self, thing: &str, device: &Value) {
        if device["is_new"] == true {
            output::line(&format!("device {thing} made, with a policy for its own topics"));
        }
        for text in output::texts(&device["allowed"]) {
            output::line(&format!("policy: {text}"));
        }
        let say = |command: &str| pasteable(command, &self.common);
        output::line(&format!(
            "{} written; run it (it needs `pip install awsiotsdk`):",
            output::text(&device["program"])
        ));
        output::line(&format!("  python3 {}", output::text(&device["program"])));
        output::line("What to expect:");
        output::line(&format!(
            "  it runs            {} shows connected true",
            say(&format!("thingstead shadow get {thing}"))
        ));
        output::line(
            "  it is killed       connected turns false at once, or 1.5 keep-alives after the network is gone",
        );
        output::line("  it runs again      connected turns true");
        output::line(&format!(
            "  it says goodbye    (Ctrl-C) the last will is not sent, so connected stays true: {} says so",
            say(&format!("thingstead why {thing}"))
        ));
        output::line(&format!("  pull its cable     {}", say(&format!("thingstead device drop {thing}"))));
    }

    fn tell_generic(&self, api: &Api) {
        output::line("Each device needs, in its policy (its own policy of `thingstead device new` has it):");
        let arn =
            |tail: &str| format!("arn:aws:iot:{}:{}:{tail}", api.endpoints.region, api.endpoints.account);
        let statement = json!({
            "Effect": "Allow", "Action": ["iot:Connect", "iot:Publish"],
            "Resource": [arn("client/${iot:Connection.Thing.ThingName}"),
                         arn("topic/my/things/${iot:Connection.Thing.ThingName}/update")],
        });
        output::line(&format!("  {statement}"));
        output::line(
            "and a last will on my/things/THING/update (a plain topic: AWS ignores wills on reserved ones):",
        );
        output::line(r#"  {"state":{"reported":{"connected":false}}}"#);
        output::line("which it also publishes there, with true, whenever it has connected.");
        output::line(&format!("A program: {}", pasteable("thingstead init presence THING", &self.common)));
    }
}
