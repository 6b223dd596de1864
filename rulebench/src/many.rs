//! Many rules of which one matches a message's topic: waked and fired as the hub does it, up to what its action is to publish.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use message::{Dialect, Message, QoS, Topic};
use rules::action::Republish;
use rules::{Action, Definition, Effect, Occasion, Outcome, Picture, Record, Rules, Source, fire};
use sql::{Document, Evaluation};

use crate::work::PROJECT;

/// The most rules that AWS lets an account have.
const MANY: usize = 1000;
const CHOSEN: usize = 500;
const TOPIC: &str = "device/500/data";
const ACCOUNT: &str = "123456789012";

/// Their filters lie side by side: a third each exact, open at the front and open at the end.
pub fn many() -> Result<Arc<Picture>> {
    picture(0..MANY)
}

/// The one that matches.
pub fn alone() -> Result<Arc<Picture>> {
    picture(CHOSEN..CHOSEN + 1)
}

fn picture(numbers: std::ops::Range<usize>) -> Result<Arc<Picture>> {
    let mut rules = Rules::new(Dialect::Aws, ACCOUNT.into());
    for number in numbers {
        let filter = match number % 3 {
            0 => format!("device/{number}/data"),
            1 => format!("+/{number}/data"),
            _ => format!("device/{number}/#"),
        };
        let republish = Republish { topic: "measured".to_owned(), ..Republish::default() };
        let definition = Definition {
            sql: PROJECT.replace("device/+/data", &filter),
            sql_version: None,
            description: None,
            is_disabled: false,
            actions: vec![Action::Republish(republish)],
            error_action: None,
        };
        let name = format!("rule_{number}");
        rules.load(Record { name, created_ms: 0, definition, tags: BTreeMap::new() })?;
    }
    Ok(rules.picture().clone())
}

/// These messages as the hub has them once they are accepted.
pub fn occasions(messages: Vec<Vec<u8>>) -> Result<Vec<Occasion>> {
    let occasion = |(id, payload)| {
        let message = Message {
            id,
            topic: Topic::parse(TOPIC)?,
            payload: Bytes::from(payload),
            qos: QoS::AtMostOnce,
            retain: false,
            properties: None,
            publisher: "pump-1".into(),
            received_ms: 1_700_000_000_000,
            expires_ms: None,
        };
        let source = Source { client: Some("pump-1".into()), ..Source::default() };
        Ok(Occasion { message: Arc::new(message), source, account: ACCOUNT.into(), seed: id, hops: 0, root: id })
    };
    (0..).zip(messages).map(occasion).collect()
}

/// The one thing that is to be done for this message.
pub fn effect(picture: &Picture, occasion: &Occasion) -> Result<Effect> {
    let woken = picture.woken(&occasion.message.topic);
    let document = Document::of(&occasion.message.payload);
    let [rule] = woken.as_slice() else { bail!("{} rules match {TOPIC}", woken.len()) };
    let input = occasion.input(&[]);
    match fire(rule, &mut Evaluation::over(&input, &document)) {
        Outcome::Fired(effects) => {
            let effect = effects.into_iter().next().context("the rule has no action")?;
            effect.map_err(|failure| anyhow!("{}", failure.message))
        }
        other => bail!("the rule came to {other:?}"),
    }
}
