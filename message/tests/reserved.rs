//! The topics of the service: a topic in, its meaning and whether a client may publish there expected out.

use message::{
    PresenceKind, ProvisioningOp, Reserved, ShadowOp, ShadowReply, SubscriptionEventKind, can_publish,
};

fn check(topic: &str, expected: Option<Reserved<'_>>, publish: bool) {
    assert_eq!(Reserved::parse(topic), expected, "{topic}");
    assert_eq!(can_publish(topic), publish, "{topic}");
}

fn unknown(topic: &str) {
    check(topic, Some(Reserved::Unknown), false);
}

#[test]
fn only_a_leading_dollar_makes_a_topic_reserved() {
    check("a", None, true);
    check("a/$aws/things", None, true);
    check("/$aws", None, true);
    unknown("$");
    unknown("$SYS/uptime");
    unknown("$aws");
    unknown("$aws/");
    unknown("$aws/nothing/here");
    unknown("$awsx/things/t/shadow/get");
}

#[test]
fn shadow_requests_are_the_clients_and_answers_the_services() {
    let shadow = |name, op, reply| Some(Reserved::Shadow { thing: "t", name, op, reply });
    check("$aws/things/t/shadow/get", shadow(None, ShadowOp::Get, None), true);
    check("$aws/things/t/shadow/update", shadow(None, ShadowOp::Update, None), true);
    check("$aws/things/t/shadow/delete", shadow(None, ShadowOp::Delete, None), true);
    check("$aws/things/t/shadow/name/n/get", shadow(Some("n"), ShadowOp::Get, None), true);
    check("$aws/things/t/shadow/name/name/update", shadow(Some("name"), ShadowOp::Update, None), true);
    let ops = [("get", ShadowOp::Get), ("update", ShadowOp::Update), ("delete", ShadowOp::Delete)];
    for (text, op) in ops {
        for (reply_text, reply) in [("accepted", ShadowReply::Accepted), ("rejected", ShadowReply::Rejected)]
        {
            check(&format!("$aws/things/t/shadow/{text}/{reply_text}"), shadow(None, op, Some(reply)), false);
        }
    }
    check(
        "$aws/things/t/shadow/update/delta",
        shadow(None, ShadowOp::Update, Some(ShadowReply::Delta)),
        false,
    );
    check(
        "$aws/things/t/shadow/name/n/update/documents",
        shadow(Some("n"), ShadowOp::Update, Some(ShadowReply::Documents)),
        false,
    );
    for topic in [
        "$aws/things/t/shadow/get/delta",
        "$aws/things/t/shadow/delete/documents",
        "$aws/things/t/shadow/update/accepted/x",
        "$aws/things/t/shadow/update/",
        "$aws/things/t/shadow/put",
        "$aws/things/t/shadow/",
        "$aws/things/t/shadow",
        "$aws/things/t/shadow/name//get",
        "$aws/things/t/shadow/name/n",
        "$aws/things/t/shadow/name",
        "$aws/things//shadow/get",
        "$aws/things/t",
        "$aws/things",
        "$aws/things/t/other/get",
    ] {
        unknown(topic);
    }
}

#[test]
fn basic_ingest_is_published_to_with_or_without_levels_behind_the_rule() {
    check("$aws/rules/r", Some(Reserved::BasicIngest { rule: "r", rest: "" }), true);
    check("$aws/rules/r/", Some(Reserved::BasicIngest { rule: "r", rest: "" }), true);
    check("$aws/rules/r/a/b", Some(Reserved::BasicIngest { rule: "r", rest: "a/b" }), true);
    unknown("$aws/rules/");
    unknown("$aws/rules");
    unknown("$aws/rules//a");
}

#[test]
fn events_are_never_published_by_clients() {
    let presence = |kind| Some(Reserved::Presence { kind, client_id: "c" });
    check("$aws/events/presence/connected/c", presence(PresenceKind::Connected), false);
    check("$aws/events/presence/disconnected/c", presence(PresenceKind::Disconnected), false);
    check("$aws/events/presence/connect_failed/c", presence(PresenceKind::ConnectFailed), false);
    check(
        "$aws/events/presence/connected/c/with/slashes",
        Some(Reserved::Presence { kind: PresenceKind::Connected, client_id: "c/with/slashes" }),
        false,
    );
    let event = |kind| Some(Reserved::SubscriptionEvent { kind, client_id: "c" });
    check("$aws/events/subscriptions/subscribed/c", event(SubscriptionEventKind::Subscribed), false);
    check("$aws/events/subscriptions/unsubscribed/c", event(SubscriptionEventKind::Unsubscribed), false);
    for rest in [
        "thing/t/created",
        "thingGroupMembership/thingGroup/g/thing/t/added",
        "certificates/registered/abc",
        "job/j/completed",
        "jobExecution/j/succeeded",
    ] {
        check(&format!("$aws/events/{rest}"), Some(Reserved::OtherAws { family: "events", rest }), false);
    }
    unknown("$aws/events/presence/connected");
    unknown("$aws/events/presence/connected/");
    unknown("$aws/events/presence/gone/c");
    unknown("$aws/events/subscriptions/seen/c");
    unknown("$aws/events/thing");
    unknown("$aws/events/other/x");
}

#[test]
fn job_requests_are_the_clients_and_notices_the_services() {
    let cases = [
        ("get", true),
        ("start-next", true),
        ("$next/get", true),
        ("job-1/get", true),
        ("job-1/update", true),
        ("notify", false),
        ("notify-next", false),
        ("get/accepted", false),
        ("start-next/rejected", false),
        ("job-1/update/accepted", false),
        ("/get", false),
    ];
    for (rest, publish) in cases {
        check(&format!("$aws/things/t/jobs/{rest}"), Some(Reserved::Jobs { thing: "t", rest }), publish);
    }
    unknown("$aws/things/t/jobs/");
    unknown("$aws/things/t/jobs");
}

#[test]
fn provisioning_is_parsed_with_its_format_and_answer() {
    let provisioning = |op, format, reply| Some(Reserved::Provisioning { op, format, reply });
    check("$aws/certificates/create/json", provisioning(ProvisioningOp::CreateKeys, "json", None), true);
    check(
        "$aws/certificates/create-from-csr/cbor",
        provisioning(ProvisioningOp::CreateFromCsr, "cbor", None),
        true,
    );
    check(
        "$aws/certificates/create/json/accepted",
        provisioning(ProvisioningOp::CreateKeys, "json", Some(ShadowReply::Accepted)),
        false,
    );
    let fleet = ProvisioningOp::Provision { template: "fleet" };
    check("$aws/provisioning-templates/fleet/provision/json", provisioning(fleet, "json", None), true);
    check(
        "$aws/provisioning-templates/fleet/provision/cbor/rejected",
        provisioning(fleet, "cbor", Some(ShadowReply::Rejected)),
        false,
    );
    unknown("$aws/certificates/create/xml");
    unknown("$aws/certificates/create/json/delta");
    unknown("$aws/certificates/create");
    unknown("$aws/certificates/delete/json");
    unknown("$aws/provisioning-templates//provision/json");
    unknown("$aws/provisioning-templates/fleet/json");
}

#[test]
fn other_families_take_requests_and_refuse_answers() {
    let thing_families = [
        ("defender", "metrics/json", true),
        ("defender", "metrics/json/accepted", false),
        ("tunnels", "notify", false),
        ("streams", "s/get/json", true),
        ("streams", "s/describe/cbor", true),
        ("streams", "s/data/json", false),
        ("streams", "s/rejected/json", false),
    ];
    for (family, rest, publish) in thing_families {
        let topic = format!("$aws/things/t/{family}/{rest}");
        check(&topic, Some(Reserved::OtherAws { family, rest }), publish);
    }
    let families = [
        ("commands", "things/t/executions/e/request/json", false),
        ("commands", "clients/c/executions/e/response/json", true),
        ("commands", "things/t/executions/e/response/accepted/json", false),
        ("commands", "things/t/executions/e/response/rejected", false),
        ("device_location", "d/get_position_estimate", true),
        ("device_location", "d/get_position_estimate/accepted", false),
        ("sitewise", "asset-models/m/assets/a/properties/p", false),
    ];
    for (family, rest, publish) in families {
        check(&format!("$aws/{family}/{rest}"), Some(Reserved::OtherAws { family, rest }), publish);
    }
}
