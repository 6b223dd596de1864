//! Requests to shadows over HTTP: what a full disk refuses, and who is advised.

use broker::ScopeId;
use hub::keys::ScopeKey;
use hub::{Asker, Event, Hub, Notice, Plan, Settings};
use message::Dialect;
use shadow::ShadowId;
use shadow::history::Source;
use shadow::topic::{Request, Verb};
use store::{Memory, Need, Store};

type Answer = Result<Result<Vec<u8>, shadow::Rejection>, &'static str>;

fn hub() -> Hub<u32> {
    let scopes = vec![ScopeKey("000000000000/us-east-1".into())];
    let settings = Settings::new(Dialect::Aws, 1);
    Hub::open(settings, scopes, Memory::new().reader(), 0, &mut Plan::default()).expect("an empty world")
}

fn call(hub: &mut Hub<u32>, verb: Verb, payload: &str, plan: &mut Plan<u32>) -> Answer {
    let request = Request { id: ShadowId::classic("pump-1").expect("a name"), verb };
    let asker = Asker { principal: "AKIA".into(), client: None, source: Source::Http };
    hub.call_shadow(1_000, ScopeId(0), &asker, &request, payload.as_bytes(), plan)
}

#[test]
fn a_full_disk_is_named_as_the_reason_and_reading_goes_on() {
    let (mut hub, mut plan) = (hub(), Plan::default());
    hub.decide(1_000, Event::Disk(Need::Reserve), &mut plan);
    for verb in [Verb::Update, Verb::Delete] {
        let refused = call(&mut hub, verb, r#"{"state":{}}"#, &mut plan);
        assert!(refused.expect_err("refused").contains("the disk is full"), "{verb:?}");
    }
    let missing = call(&mut hub, Verb::Get, "", &mut plan).expect("decided");
    assert_eq!(missing.expect_err("there is none").code(), 404);
}

#[test]
fn advice_reaches_who_calls_over_http() {
    let (mut hub, mut plan) = (hub(), Plan::default());
    for value in ["true", r#""true11""#] {
        let update = format!(r#"{{"state":{{"reported":{{"connected":{value}}}}}}}"#);
        call(&mut hub, Verb::Update, &update, &mut plan).expect("decided").expect("accepted");
    }
    let told = plan.notices.iter().any(|notice| {
        matches!(notice, Notice::Explain { client, what: "shadow advice", text, .. }
            if &**client == "AKIA" && text.contains("was a boolean"))
    });
    assert!(told, "{:?}", plan.notices);
}
