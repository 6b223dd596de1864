//! Telling: what the writer decided reaches connections and people, after the commit.

use std::sync::Arc;

use broker::ScopeId;
use broker::presence::DisconnectReason;
use hub::trace::What;
use hub::{Cause, Closed, Event, Notice, Refusal, Step, Unheard, Welcome};
use mqtt::{Connack, Packet, ReasonCode};

use crate::activity::{Record, Trouble};
use crate::link::{Dirty, Link, Out, write_all};
use crate::rights::review;
use crate::rotation;
use crate::shared::Shared;

/// Tells notices in order and writes every touched connection once.
pub(crate) fn tell(shared: &Arc<Shared>, notices: Vec<Notice<Arc<Link>>>) {
    let (wall_ms, now_ms) = (shared.clock.wall_ms(), shared.clock.machine_ms());
    let mut dirty = Dirty::new();
    for notice in notices {
        tell_one(shared, notice, wall_ms, now_ms, &mut dirty);
    }
    write_all(&mut dirty);
}

fn tell_one(shared: &Arc<Shared>, notice: Notice<Arc<Link>>, wall_ms: u64, now_ms: u64, dirty: &mut Dirty) {
    match notice {
        Notice::Welcome(welcome) => {
            if greet(shared, &welcome, now_ms) {
                note_welcome(shared, &welcome.link, wall_ms);
                welcome.link.with(dirty, |_| {});
                if let Some(certificate) = welcome.link.certificate {
                    rotation::complete(shared, &certificate);
                }
                want_backlog(shared, &welcome.link);
            } else {
                shared.desk.submit(gone_meanwhile(*welcome));
            }
        }
        Notice::Refused { link, refusal } => {
            shared.metrics.connections_refused.add(1);
            shared.trouble(&link.who(), "connect refused", &refusal);
            link.with(dirty, |out| refuse(out, refusal));
        }
        Notice::Close { link, refusal } => link.with(dirty, |out| out.finish(refusal)),
        Notice::Deliver(deliver) => {
            let link = deliver.link.clone();
            let stored = deliver.seq.is_some();
            let mut sent = false;
            link.with(dirty, |out| sent = out.deliver(&deliver, wall_ms, now_ms));
            shared.metrics.messages_delivered.add(u64::from(sent));
            shared.metrics.messages_dropped.add(u64::from(!sent));
            if stored {
                want_backlog(shared, &link);
            }
        }
        Notice::Suback { link, mut packet, granted } => {
            link.with(dirty, |out| {
                packet.reason_string = packet.reason_string.filter(|_| out.explains());
                out.put(&Packet::Suback(packet));
            });
            shared.activity.clients.enter(&link.who(), |record| {
                granted.iter().for_each(|filter| record.granted(filter.as_str()));
            });
        }
        Notice::Unsuback { link, packet } => link.with(dirty, |out| out.put(&Packet::Unsuback(packet))),
        Notice::Answer { link, packet_id, qos, reason, text } => {
            link.with(dirty, |out| out.answer_decided(packet_id, qos, reason, text));
        }
        Notice::Release { link, seq } => link.with(dirty, |out| out.release(seq)),
        Notice::Page { link, parcels, next, tail } => {
            shared.metrics.messages_delivered.add(parcels.len() as u64);
            link.with(dirty, |out| out.page(parcels, next, tail, wall_ms, now_ms));
            want_backlog(shared, &link);
        }
        Notice::Trace(step) => note(shared, step),
        Notice::Woke { scope, recorded } => shared.firings.keep(scope, *recorded),
        Notice::Work { scope } => shared.work.ring(scope),
        Notice::Confirm { scope, destination } => shared.work.confirm(scope, destination),
        Notice::Unheard(unheard) => tell_unheard(shared, &unheard),
        Notice::Review { link } => _ = review(shared, &link),
        Notice::ShadowOfClient { client, scope, thing } => {
            tell_shadow_of_client(shared, &client, scope, &thing, wall_ms);
        }
        Notice::Explain { client, what, text, scope, verdict } => {
            shared.explain(&client, what, &text);
            // Connections that end are entered by the connection itself.
            if !matches!(what, "connect refused" | "disconnected" | "session expired") {
                let trouble = Trouble::new(what, "", &text, verdict.as_deref());
                shared.activity.clients.trouble(scope, &client, trouble, wall_ms);
            }
        }
    }
}

/// Keeps a step, and counts it for its rule if it is one's.
fn note(shared: &Shared, step: Step) {
    if let What::Rule { scope, rule, result, .. } = &step.what {
        shared.firings.count(*scope, rule, result, step.message, step.at_ms);
    }
    shared.traces.mine().push(step);
}

/// Opens the connection; false: it ended meanwhile.
fn greet(shared: &Shared, welcome: &Welcome<Arc<Link>>, now_ms: u64) -> bool {
    let Some(out) = welcome.link.welcome(welcome, now_ms) else { return false };
    // Policies that changed while the CONNECT was being decided: the hub knows only those it came with. With the lock
    // held, before the connection's own task takes the mark away.
    if out.has_new_access {
        let (link, access) = (welcome.link.clone(), out.access.clone());
        shared.desk.submit(Event::Access { link, session: welcome.session, access });
    }
    true
}

fn note_welcome(shared: &Shared, link: &Link, now_ms: u64) {
    let enter = |record: &mut Record| record.connected(link.number, &link.address, now_ms);
    shared.activity.clients.enter(&link.who(), enter);
}

/// Explains to people why a connection did not get a topic; the client itself notices nothing, as on AWS.
pub(crate) fn tell_unheard(shared: &Shared, unheard: &Unheard<Arc<Link>>) {
    let who = unheard.link.who();
    shared.explain_lazily(&who.client, "receive denied", || {
        let refusal = Refusal::denied(unheard.verdict());
        shared.trouble(&who, "receive denied", &refusal);
        refusal.text
    });
}

/// A shadow's topic has a thing's name; AWS serves any name, so a client id that was put there is easily overlooked.
fn tell_shadow_of_client(shared: &Shared, client: &Arc<str>, scope: ScopeId, thing: &str, now_ms: u64) {
    let is_thing =
        shared.scopes.name(scope).is_some_and(|name| shared.registry().find_thing(&name, thing).is_some());
    if is_thing {
        return;
    }
    let text = format!(
        "no thing is called {thing}, a client is: a shadow's topic has the name of the thing, not the client id; make the \
         thing (`aws iot create-thing --thing-name {thing}`), or use the name of the thing that the device is"
    );
    shared.explain(client, "shadow of no thing", &text);
    let trouble = Trouble::new("shadow of no thing", "", &text, None);
    shared.activity.clients.trouble(Some(scope), client, trouble, now_ms);
}

/// Asks the hub for what the connection may still get of its mailbox, and tells it what the client has taken.
pub(crate) fn want_backlog(shared: &Shared, link: &Arc<Link>) {
    let (wish, session) = {
        let mut out = link.lock();
        (out.wish(), out.session)
    };
    let (Some(wish), Some(session)) = (wish, session) else { return };
    if !wish.taken.is_empty() {
        shared.desk.submit(Event::Taken { session, seqs: wish.taken });
    }
    for seq in wish.received {
        shared.desk.submit(Event::Received { link: link.clone(), session, seq });
    }
    if let Some((from, most)) = wish.fetch {
        shared.desk.submit(Event::Fetch { link: link.clone(), session, from, most });
    }
}

/// PUBCOMP for packet ids that are free again.
pub(crate) fn complete(released: Vec<(Arc<Link>, u16)>) {
    let mut dirty = Dirty::new();
    for (link, packet_id) in released {
        link.with(&mut dirty, |out| out.complete(packet_id, ReasonCode::Success));
    }
    write_all(&mut dirty);
}

fn gone_meanwhile(welcome: Welcome<Arc<Link>>) -> Event<Arc<Link>> {
    let text = "the connection ended while its CONNECT was being decided".to_owned();
    Event::Closed(Closed {
        link: welcome.link,
        session: welcome.session,
        cause: Cause { reason: DisconnectReason::ConnectionLost, will: true, text },
        session_expiry_s: None,
        sent: 0,
    })
}

/// CONNACK with a reason, then the end.
fn refuse(out: &mut Out, refusal: Refusal) {
    let connack =
        Connack { reason: refusal.code, reason_string: Some(refusal.text.clone()), ..Connack::default() };
    out.put(&Packet::Connack(Box::new(connack)));
    out.finish(refusal);
}
