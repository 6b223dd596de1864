//! A simulated BME680: a device of its own publishes a reading a second over mutual TLS, a subscriber prints them. Once
//! it slips in the topic: the refusal is explained, and the explanation's fix applied. Then its cable is pulled: a rule
//! brings its last will to its shadow.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use mqtt::{QoS, Will};
use registry::Scope;
use serde_json::{Value, json};
use tokio::time::{interval, sleep};

use crate::api::{Api, encode};
use crate::client::{Client, Received};
use crate::identity::{Target, host_and_port};
use crate::{Common, client_runtime, device, init, output, why};

/// A simulated sensor that publishes once a second, and its readings as they arrive
#[derive(Debug, Args)]
pub(crate) struct Demo {
    #[command(flatten)]
    pub(crate) common: Common,
}

impl Demo {
    pub(crate) fn run(&self) -> Result<()> {
        run(&self.common)
    }
}

const TOPIC: &str = "bme680/temperature";
/// What a slip of the shift key makes of it, and the reading at which it happens.
const SLIP: &str = "BME680/temperature";
const SLIP_AT: u64 = 4;
const EVERY: Duration = Duration::from_secs(1);
/// The reading after which the cable is pulled, and for how long.
const CUT_AT: u64 = 8;
const CUT: Duration = Duration::from_secs(3);
/// What brings the will to the shadow.
const RULE: &str = "demo_presence";
const RULE_SQL: &str = "SELECT * FROM 'bme680/+/connection'";
const RULE_TARGET: &str = "$$aws/things/${topic(2)}/shadow/update";

/// Runs until the process ends.
pub(crate) fn run(common: &Common) -> Result<()> {
    let api = Api::of(&common.data)?;
    let (name, folder) = find_or_make(&api, &common.data)?;
    let endpoint = api.endpoints.mqtt.as_deref().context("the MQTT face is off")?;
    let (host, port) = host_and_port(endpoint)?;
    let own = device::Folder::new(&folder, &name);
    let sensor = Target {
        host: host.clone(),
        port,
        ca: own.ca(),
        certificate: own.certificate(),
        key: own.key(),
        client_id: name.clone(),
    };
    let operator = common.data.join("operator");
    let viewer = Target {
        host,
        port,
        ca: own.ca(),
        certificate: operator.join("certificate.pem.crt"),
        key: operator.join("private.pem.key"),
        client_id: format!("thingstead-demo-{}", std::process::id()),
    };
    let action = json!({ "republish": { "topic": RULE_TARGET, "qos": 1, "roleArn": init::role(&api) } });
    let rule = json!({ "sql": RULE_SQL, "awsIotSqlVersion": "2016-03-23", "actions": [action] });
    init::rule(&api, RULE, &rule, true)?;
    client_runtime()?.block_on(async {
        let mut watching = Client::connect(&viewer).await?;
        let shadow = format!("$aws/things/{name}/shadow/update/accepted");
        watching.subscribe(&[TOPIC.to_owned(), SLIP.to_owned(), shadow], QoS::AtLeastOnce).await?;
        tokio::try_join!(publish(&sensor, &api, common), print(watching, &name, common.json))?;
        Ok(())
    })
}

async fn publish(sensor: &Target, api: &Api, common: &Common) -> Result<()> {
    let mut client = connect(sensor).await?;
    let mut walk = Walk::new(0x0042_4d45_0680);
    let mut every = interval(EVERY);
    for number in 1_u64.. {
        every.tick().await;
        let now = api.get("/_thingstead/api/time")?;
        let reading = reading(now["now_ms"].as_u64().unwrap_or(0), walk.step()).to_string();
        if number == SLIP_AT {
            slip(&mut client, &sensor.client_id, &reading, api, common).await?;
        } else {
            client.publish(TOPIC, reading.as_bytes(), QoS::AtLeastOnce, false).await?;
        }
        if number == CUT_AT {
            client = cut(client, sensor, common).await?;
            every.reset();
        }
    }
    Ok(())
}

fn connection_topic(device: &str) -> String {
    format!("bme680/{device}/connection")
}

fn connected(is: bool) -> String {
    json!({ "state": { "reported": { "connected": is } } }).to_string()
}

/// With a last will that says it is gone, and at once the word that it is there.
async fn connect(sensor: &Target) -> Result<Client> {
    let topic = connection_topic(&sensor.client_id);
    let will = Will {
        topic: topic.clone(),
        payload: connected(false).into(),
        qos: QoS::AtLeastOnce,
        retain: false,
        delay_s: 0,
        properties: None,
    };
    let mut client = Client::connect_with(sensor, Some(will)).await?;
    client.publish(&topic, connected(true).as_bytes(), QoS::AtLeastOnce, false).await?;
    Ok(client)
}

/// The connection breaks without a word; after a while the device is back.
async fn cut(client: Client, sensor: &Target, common: &Common) -> Result<Client> {
    let device = &sensor.client_id;
    say(
        common,
        &format!("the cable of {device} is pulled: its last will wakes rule {RULE}, which tells its shadow"),
    );
    drop(client);
    sleep(CUT).await;
    say(common, &format!("{device} is back"));
    connect(sensor).await
}

fn say(common: &Common, text: &str) {
    if common.json {
        output::json(&json!({ "demo": text }));
    } else {
        output::line(&format!("\n          {text}"));
    }
}

/// The device publishes where it may not, hears why, and may from then on. A device that may already did this in an
/// earlier run.
async fn slip(client: &mut Client, device: &str, reading: &str, api: &Api, common: &Common) -> Result<()> {
    let publish =
        async |client: &mut Client| client.publish(SLIP, reading.as_bytes(), QoS::AtLeastOnce, false).await;
    if publish(client).await.is_ok() {
        return Ok(());
    }
    let reply = why::ask(api, device)?;
    if common.json {
        output::json(&reply);
    } else {
        output::line(&format!("\n          {device}  → {SLIP}  DENIED. `thingstead why {device}` says:"));
        why::describe(&reply, common).iter().for_each(|line| output::line(&format!("            {line}")));
    }
    let wish = json!({ "action": "publish", "resource": SLIP });
    let mended = api.post(&format!("/_thingstead/api/devices/{}/allow", encode(device)), &wish)?;
    if common.json {
        output::json(&mended);
    } else {
        output::line(&format!(
            "          the fix is applied: {}\n",
            mended["text"].as_str().unwrap_or_default()
        ));
    }
    publish(client).await
}

async fn print(mut watching: Client, name: &str, as_json: bool) -> Result<()> {
    loop {
        let message = watching.next().await?;
        if as_json {
            output::json(&crate::messages::as_json(&message));
        } else {
            output::line(&describe(&message, name));
        }
    }
}

fn describe(message: &Received, name: &str) -> String {
    let reading: Value = serde_json::from_slice(&message.payload).unwrap_or_default();
    if message.topic.starts_with("$aws/things/") {
        let at_ms = reading["timestamp"].as_u64().unwrap_or(0) * 1000;
        let state = &reading["state"]["reported"];
        return format!("{}  {name}  shadow reported {state}", output::instant(at_ms, "%H:%M:%S"));
    }
    let at_ms = reading["utc_timestamp"].as_u64().unwrap_or(0) * 1000;
    let value = reading["value"].as_f64().unwrap_or(0.0);
    format!("{}  {name}  → {}  {value:.1} °C", output::instant(at_ms, "%H:%M:%S"), message.topic)
}

fn reading(now_ms: u64, value: f64) -> Value {
    json!({
        "utc_timestamp": now_ms / 1000,
        "value": value,
        "origin": "BME680 temperature",
        "status": "success",
    })
}

/// A device of the demo: one whose folder is there is used again, and a device of the user's is left alone.
fn find_or_make(api: &Api, data: &Path) -> Result<(String, PathBuf)> {
    for number in 1..100 {
        let name = format!("pump-{number}");
        let folder = data.join("demo").join(&name);
        let exists = api.get(&format!("/_thingstead/api/devices/{}", encode(&name))).is_ok();
        let ours = device::Folder::new(&folder, &name).certificate().exists();
        if exists && ours {
            return Ok((name, folder));
        }
        if !exists {
            let policy = json!({ "document": policy(api, &name)? });
            device::make(api, &name, &json!({ "name": name, "key": "p256", "policy": policy }), &folder)?;
            return Ok((name, folder));
        }
    }
    anyhow::bail!("the names pump-1 to pump-99 are taken: remove one with `thingstead device rm NAME`")
}

/// Its own client id, and everything below `bme680/`.
fn policy(api: &Api, name: &str) -> Result<String> {
    let scope = Scope::new(&api.endpoints.account, &api.endpoints.region)?;
    let arn = |tail: &str| scope.arn(tail);
    let allow =
        |action: &str, resource: String| json!({ "Effect": "Allow", "Action": action, "Resource": resource });
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [
            allow("iot:Connect", arn(&format!("client/{name}"))),
            allow("iot:Publish", arn("topic/bme680/*")),
        ],
    });
    Ok(document.to_string())
}

/// A temperature that wanders like a room's, the same on every run.
struct Walk {
    state: u64,
    celsius: f64,
}

impl Walk {
    fn new(seed: u64) -> Walk {
        Walk { state: seed, celsius: 23.6 }
    }

    fn step(&mut self) -> f64 {
        // Knuth's multiplier; the upper bits are good enough for weather.
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let unit = (self.state >> 40) as f64 / (1_u64 << 24) as f64;
        self.celsius += (unit - 0.5) * 0.4 + (22.0 - self.celsius) * 0.02;
        (self.celsius * 100.0).round() / 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_temperature_stays_that_of_a_room_and_moves() {
        let mut walk = Walk::new(1);
        let values: Vec<f64> = (0..10_000).map(|_| walk.step()).collect();
        assert!(values.iter().all(|celsius| (15.0..30.0).contains(celsius)));
        assert!(
            values.windows(2).any(|pair| pair[0] < pair[1])
                && values.windows(2).any(|pair| pair[0] > pair[1])
        );
    }

    #[test]
    fn a_reading_is_printed_as_one_line() {
        let message = Received {
            topic: TOPIC.into(),
            payload: reading(43_201_500, 23.64).to_string().into(),
            qos: QoS::AtLeastOnce,
            retain: false,
        };
        assert_eq!(describe(&message, "pump-1"), "12:00:01  pump-1  → bme680/temperature  23.6 °C");
    }
}
