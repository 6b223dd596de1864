//! Names as long as MQTT allows: refused or explained, and never a batch that the store refuses as a whole.

use hub::{Notice, Settings};
use message::{Dialect, Message, QoS};
use mqtt::{Connect, ReasonCode, SubscribeFilter, Version};

use crate::stage::{SCOPE, Stage, every, message};

fn standard() -> Stage {
    Stage::with(Settings::new(Dialect::Standard, 1))
}

#[test]
fn a_client_id_too_long_for_the_store_is_refused() {
    let notices = standard().connect(Connect::new(Version::V5, "c".repeat(65_535)), false);
    let refused = notices.iter().any(
        |n| matches!(n, Notice::Refused { refusal, .. } if refusal.code == ReasonCode::ClientIdNotValid),
    );
    assert!(refused, "{notices:?}");
}

#[test]
fn a_filter_too_long_beside_its_client_id_is_refused() {
    let mut stage = standard();
    let session = stage.join(&"c".repeat(40_000));
    let filters = vec![
        SubscribeFilter::new("f".repeat(40_000), QoS::AtLeastOnce),
        SubscribeFilter::new("f", QoS::AtMostOnce),
    ];
    let notices = stage.subscribe(session, filters);
    let codes = notices.iter().find_map(|n| match n {
        Notice::Suback { packet, .. } => Some(packet.codes.clone()),
        _ => None,
    });
    assert_eq!(codes, Some(vec![ReasonCode::TopicFilterInvalid, ReasonCode::Success]));
}

#[test]
fn a_topic_too_long_to_be_retained_is_delivered_and_explained() {
    let mut stage = standard();
    let session = stage.join("c");
    stage.subscribe(session, every("#"));
    let notices = stage.publish(Message { retain: true, ..message(&"t".repeat(65_535), "x") });
    let explained = notices.iter().any(|n| matches!(n, Notice::Explain { what: "not retained", .. }));
    let delivered = notices.iter().any(|n| matches!(n, Notice::Deliver(_)));
    assert!(explained && delivered, "{notices:?}");
    assert!(stage.hub.retained(SCOPE).is_some_and(broker::Retained::is_empty));
}
