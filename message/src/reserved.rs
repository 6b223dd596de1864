//! The topics that belong to the service: a topic in, what it means out; it does not say whether a policy allows it.

/// What a topic starting with `$` means to AWS IoT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved<'a> {
    /// `$aws/things/THING/shadow[/name/NAME]/OP[/REPLY]`; `name` is `None` for the classic shadow.
    Shadow { thing: &'a str, name: Option<&'a str>, op: ShadowOp, reply: Option<ShadowReply> },
    /// `$aws/rules/RULE[/REST]`; `rest` is empty where nothing follows.
    BasicIngest { rule: &'a str, rest: &'a str },
    /// `$aws/events/presence/KIND/CLIENT_ID`
    Presence { kind: PresenceKind, client_id: &'a str },
    /// `$aws/events/subscriptions/KIND/CLIENT_ID`
    SubscriptionEvent { kind: SubscriptionEventKind, client_id: &'a str },
    /// `$aws/things/THING/jobs/REST`
    Jobs { thing: &'a str, rest: &'a str },
    /// Fleet provisioning; `reply` is `accepted` or `rejected`, `format` is `json` or `cbor`.
    Provisioning { op: ProvisioningOp<'a>, format: &'a str, reply: Option<ShadowReply> },
    /// Any other topic below a family AWS documents: registry and job events, Device Defender, streams,
    /// tunnels, commands, device location, SiteWise. `family` is its name as in `defender`.
    OtherAws { family: &'a str, rest: &'a str },
    /// A topic starting with `$` that AWS gives no meaning.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShadowOp {
    Get,
    Update,
    Delete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShadowReply {
    Accepted,
    Rejected,
    Delta,
    Documents,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PresenceKind {
    Connected,
    Disconnected,
    ConnectFailed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubscriptionEventKind {
    Subscribed,
    Unsubscribed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProvisioningOp<'a> {
    /// `$aws/certificates/create/FORMAT`
    CreateKeys,
    /// `$aws/certificates/create-from-csr/FORMAT`
    CreateFromCsr,
    /// `$aws/provisioning-templates/TEMPLATE/provision/FORMAT`
    Provision { template: &'a str },
}

impl<'a> Reserved<'a> {
    /// `None` for a topic that does not start with `$`.
    pub fn parse(topic: &'a str) -> Option<Self> {
        if !topic.starts_with('$') {
            return None;
        }
        let Some(below) = topic.strip_prefix("$aws/") else { return Some(Self::Unknown) };
        let (family, rest) = below.split_once('/').unwrap_or((below, ""));
        let parsed = match family {
            "things" => thing(rest),
            "rules" => basic_ingest(rest),
            "events" => event(rest),
            "certificates" => certificate(rest),
            "provisioning-templates" => provision(rest),
            "commands" | "device_location" | "sitewise" if !rest.is_empty() => {
                Some(Self::OtherAws { family, rest })
            }
            _ => None,
        };
        Some(parsed.unwrap_or(Self::Unknown))
    }
}

/// Whether a client may publish there at all: requests yes; events, replies and unknown `$` topics no.
pub fn can_publish(topic: &str) -> bool {
    match Reserved::parse(topic) {
        None | Some(Reserved::BasicIngest { .. }) => true,
        Some(Reserved::Shadow { reply, .. } | Reserved::Provisioning { reply, .. }) => reply.is_none(),
        Some(Reserved::Jobs { rest, .. }) => is_job_request(rest),
        Some(Reserved::OtherAws { family, rest }) => is_other_request(family, rest),
        Some(Reserved::Presence { .. } | Reserved::SubscriptionEvent { .. } | Reserved::Unknown) => false,
    }
}

fn thing(rest: &str) -> Option<Reserved<'_>> {
    let (thing, below) = rest.split_once('/').filter(|(thing, _)| !thing.is_empty())?;
    let (family, rest) = below.split_once('/')?;
    match family {
        "shadow" => shadow(thing, rest),
        "jobs" => is_named(rest).then_some(Reserved::Jobs { thing, rest }),
        "defender" | "tunnels" | "streams" => is_named(rest).then_some(Reserved::OtherAws { family, rest }),
        _ => None,
    }
}

fn shadow<'a>(thing: &'a str, rest: &'a str) -> Option<Reserved<'a>> {
    let (name, rest) = match rest.strip_prefix("name/") {
        None => (None, rest),
        Some(named) => {
            let (name, rest) = named.split_once('/').filter(|(name, _)| !name.is_empty())?;
            (Some(name), rest)
        }
    };
    let (op, reply) = match rest.split_once('/') {
        None => (rest, None),
        Some((op, reply)) => (op, Some(reply)),
    };
    let op = match op {
        "get" => ShadowOp::Get,
        "update" => ShadowOp::Update,
        "delete" => ShadowOp::Delete,
        _ => return None,
    };
    let reply = match (reply, op) {
        (None, _) => None,
        (Some("delta"), ShadowOp::Update) => Some(ShadowReply::Delta),
        (Some("documents"), ShadowOp::Update) => Some(ShadowReply::Documents),
        (Some(reply), _) => Some(answer(reply)?),
    };
    Some(Reserved::Shadow { thing, name, op, reply })
}

fn answer(level: &str) -> Option<ShadowReply> {
    match level {
        "accepted" => Some(ShadowReply::Accepted),
        "rejected" => Some(ShadowReply::Rejected),
        _ => None,
    }
}

fn basic_ingest(rest: &str) -> Option<Reserved<'_>> {
    let (rule, rest) = rest.split_once('/').unwrap_or((rest, ""));
    is_named(rule).then_some(Reserved::BasicIngest { rule, rest })
}

fn event(rest: &str) -> Option<Reserved<'_>> {
    let (family, below) = rest.split_once('/').filter(|(_, below)| is_named(below))?;
    let client_event = below.split_once('/').filter(|(_, client_id)| is_named(client_id));
    match family {
        "presence" => {
            let (kind, client_id) = client_event?;
            let kind = match kind {
                "connected" => PresenceKind::Connected,
                "disconnected" => PresenceKind::Disconnected,
                "connect_failed" => PresenceKind::ConnectFailed,
                _ => return None,
            };
            Some(Reserved::Presence { kind, client_id })
        }
        "subscriptions" => {
            let (kind, client_id) = client_event?;
            let kind = match kind {
                "subscribed" => SubscriptionEventKind::Subscribed,
                "unsubscribed" => SubscriptionEventKind::Unsubscribed,
                _ => return None,
            };
            Some(Reserved::SubscriptionEvent { kind, client_id })
        }
        "thing"
        | "thingType"
        | "thingTypeAssociation"
        | "thingGroup"
        | "thingGroupMembership"
        | "thingGroupHierarchy"
        | "certificates"
        | "job"
        | "jobExecution" => Some(Reserved::OtherAws { family: "events", rest }),
        _ => None,
    }
}

fn certificate(rest: &str) -> Option<Reserved<'_>> {
    let (op, rest) = rest.split_once('/')?;
    let op = match op {
        "create" => ProvisioningOp::CreateKeys,
        "create-from-csr" => ProvisioningOp::CreateFromCsr,
        _ => return None,
    };
    provisioning(op, rest)
}

fn provision(rest: &str) -> Option<Reserved<'_>> {
    let (template, rest) = rest.split_once('/').filter(|(template, _)| is_named(template))?;
    provisioning(ProvisioningOp::Provision { template }, rest.strip_prefix("provision/")?)
}

fn provisioning<'a>(op: ProvisioningOp<'a>, rest: &'a str) -> Option<Reserved<'a>> {
    let (format, reply) = match rest.split_once('/') {
        None => (rest, None),
        Some((format, reply)) => (format, Some(answer(reply)?)),
    };
    matches!(format, "json" | "cbor").then_some(Reserved::Provisioning { op, format, reply })
}

fn is_named(levels: &str) -> bool {
    !levels.is_empty()
}

fn is_job_request(rest: &str) -> bool {
    match rest.split_once('/') {
        None => matches!(rest, "get" | "start-next"),
        Some((job, op)) => is_named(job) && matches!(op, "get" | "update"),
    }
}

fn is_other_request(family: &str, rest: &str) -> bool {
    let levels = || rest.split('/');
    match family {
        "defender" => rest.starts_with("metrics/") && levels().count() == 2,
        "streams" => levels().count() == 3 && matches!(levels().nth(1), Some("get" | "describe")),
        "commands" => {
            let answered = matches!(levels().nth(5), Some("accepted" | "rejected"));
            levels().nth(4) == Some("response") && !answered
        }
        "device_location" => levels().count() == 2 && levels().nth(1) == Some("get_position_estimate"),
        _ => false,
    }
}
