//! A notice in, one line out: everything that a client or a person can notice of it.

use hub::trace::What;
use hub::{Deliver, Notice, Parcel, Welcome};
use message::{Message, QoS};

use crate::stage::Link;

pub(crate) fn line(notice: &Notice<Link>) -> String {
    match notice {
        Notice::Welcome(welcome) => self::welcome(welcome),
        Notice::Refused { link, refusal } => format!("refused {link} {:?}: {refusal}", refusal.code),
        Notice::Close { link, refusal } => {
            format!("close {link} {:?} {}: {refusal}", refusal.code, refusal.reason.as_str())
        }
        Notice::Deliver(deliver) => self::deliver(deliver),
        Notice::Suback { link, packet, .. } => format!("suback {link} {:?}", packet.codes),
        Notice::Unsuback { link, packet } => format!("unsuback {link} {:?}", packet.codes),
        Notice::Answer { link, packet_id, qos, reason, .. } => {
            let kind = if *qos == QoS::ExactlyOnce { "pubrec" } else { "puback" };
            format!("{kind} {link} {packet_id} {reason:?}")
        }
        Notice::Release { link, seq } => format!("pubrel {link} seq={seq}"),
        Notice::Page { link, parcels, next, tail } => {
            let parcels: Vec<String> = parcels.iter().map(parcel).collect();
            format!("page {link} next={next} tail={tail} [{}]", parcels.join(", "))
        }
        Notice::Unheard(unheard) => format!("unheard {} {}", unheard.link, unheard.verdict()),
        Notice::Review { link } => format!("review {link}"),
        Notice::Trace(step) => trace(&step.what),
        Notice::Woke { recorded, .. } => {
            let came = recorded.came.iter().map(|came| format!("{} {}", came.rule, came.result));
            format!("woke #{} {}", recorded.occasion.message.id, came.collect::<Vec<_>>().join(", "))
        }
        Notice::Work { .. } => "work".to_owned(),
        Notice::Confirm { destination, .. } => format!("confirm {destination}"),
        Notice::ShadowOfClient { client, thing, .. } => format!("shadow-of-client {client} {thing}"),
        Notice::Explain { client, what, text, .. } => format!("explain {client} {what}: {text}"),
    }
}

fn trace(what: &What) -> String {
    match what {
        What::Rule { rule, result, text, .. } => format!("rule {rule} {result}: {text}"),
        other => format!("trace {other:?}"),
    }
}

fn welcome(welcome: &Welcome<Link>) -> String {
    let Welcome { link, session, client, connack, keep_alive_s, mailbox, held } = welcome;
    let mut line = format!(
        "welcome {link} {client} session={} present={} keepalive={keep_alive_s}",
        session.0, connack.session_present
    );
    if let Some(expiry_s) = connack.session_expiry_s {
        line.push_str(&format!(" expiry={expiry_s}"));
    }
    if let Some(qos) = connack.maximum_qos {
        line.push_str(&format!(" maxqos={qos} window={}", connack.receive_maximum.unwrap_or_default()));
    }
    if let Some(id) = &connack.assigned_client_id {
        line.push_str(&format!(" assigned={id}"));
    }
    if let Some((head, tail)) = mailbox {
        line.push_str(&format!(" mail={head}..{tail}"));
    }
    if !held.is_empty() {
        line.push_str(&format!(" held={held:?}"));
    }
    line
}

pub(crate) fn deliver(deliver: &Deliver<Link>) -> String {
    let Deliver { link, message, qos, retain, subscription_ids, seq } = deliver;
    format!("deliver {link} {}", sent(message, *qos, *retain, subscription_ids, *seq))
}

fn parcel(parcel: &Parcel) -> String {
    let Parcel { seq, message, qos, retain, subscription_ids, dup, released } = parcel;
    let mut text = sent(message, *qos, *retain, subscription_ids, Some(*seq));
    for (flag, word) in [(*dup, " dup"), (*released, " released")] {
        text.push_str(if flag { word } else { "" });
    }
    text
}

fn sent(message: &Message, qos: QoS, retain: bool, subscription_ids: &[u32], seq: Option<u64>) -> String {
    let mut line = format!("{} {} qos={}", message.topic, text(message), qos as u8);
    line.push_str(if retain { " retain" } else { "" });
    if let Some(seq) = seq {
        line.push_str(&format!(" seq={seq}"));
    }
    if !subscription_ids.is_empty() {
        line.push_str(&format!(" ids={subscription_ids:?}"));
    }
    line
}

/// The payload; of an event of the house, without the fields that differ from one connection to the next.
fn text(message: &Message) -> String {
    let text = String::from_utf8_lossy(&message.payload).into_owned();
    if !message.topic.starts_with("$aws/events/") {
        return format!("\"{text}\"");
    }
    let kept = |field: &&str| {
        !["\"sessionIdentifier\"", "\"timestamp\"", "\"clientId\""].iter().any(|f| field.starts_with(f))
    };
    let fields: Vec<&str> = text.trim_matches(['{', '}']).split(",\"").collect();
    let fields: Vec<String> = fields.iter().map(|f| format!("\"{}", f.trim_start_matches('"'))).collect();
    let fields: Vec<&str> = fields.iter().map(String::as_str).filter(kept).collect();
    format!("{{{}}}", fields.join(","))
}
