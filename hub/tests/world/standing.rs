//! The connectivity of things outlasts connections, crashes and hours; that of other clients is not kept.

use broker::SessionId;
use broker::presence::DisconnectReason;
use broker::standing::Standing;
use hub::{Cause, Closed, Event};
use mqtt::{Connect, Version};

use crate::stage::{SCOPE, Stage, aws};

const YEAR_MS: u64 = 366 * 24 * 3_600_000;

impl Stage {
    fn arrive(&mut self, client: &str, is_thing: bool) -> SessionId {
        self.connect(Connect::new(Version::V5, client), is_thing);
        self.hub.sessions().of_client(SCOPE, client).expect("a session")
    }

    fn leave(&mut self, session: SessionId, reason: DisconnectReason) {
        let cause = Cause { reason, will: true, text: String::new() };
        let closed = Closed { link: self.link, session, cause, session_expiry_s: None, sent: 0 };
        self.happen(Event::Closed(closed));
    }

    fn thing_changed(&mut self, client: &str, is_there: bool) {
        self.decide(|hub, _, plan| hub.thing_changed(SCOPE, client, is_there, plan));
    }

    /// Since when, and why it is not connected.
    fn standing(&self, client: &str) -> Option<(u64, Option<DisconnectReason>)> {
        let standing: Option<Standing> = self.hub.standing(SCOPE, client).expect("read");
        standing.map(|standing| (standing.since_ms, standing.ended))
    }
}

#[test]
fn a_thing_is_known_long_after_it_left() {
    let mut stage = Stage::new();
    assert_eq!(stage.standing("pump"), None);
    let session = stage.arrive("pump", true);
    assert_eq!(stage.standing("pump"), Some((1_000, None)));
    stage.now_ms = 5_000;
    stage.leave(session, DisconnectReason::KeepAliveTimeout);
    let left = Some((5_000, Some(DisconnectReason::KeepAliveTimeout)));
    assert_eq!(stage.standing("pump"), left);
    stage.now_ms += YEAR_MS;
    stage.restart(aws());
    assert_eq!(stage.standing("pump"), left);
}

#[test]
fn a_connection_that_died_with_the_server_is_known_to_have_ended() {
    let mut stage = Stage::new();
    stage.arrive("pump", true);
    stage.now_ms = 9_000;
    stage.restart(aws());
    let ended = Some((9_000, Some(DisconnectReason::ServerError)));
    assert_eq!(stage.standing("pump"), ended);
    stage.now_ms = 20_000;
    stage.restart(aws());
    assert_eq!(stage.standing("pump"), ended);
    stage.arrive("pump", true);
    assert_eq!(stage.standing("pump"), Some((20_000, None)));
}

#[test]
fn a_second_connection_of_the_same_name_takes_its_place() {
    let mut stage = Stage::new();
    stage.arrive("pump", true);
    stage.now_ms = 3_000;
    stage.arrive("pump", true);
    assert_eq!(stage.standing("pump"), Some((3_000, None)));
}

#[test]
fn only_things_are_kept_and_as_long_as_they_are_there() {
    let mut stage = Stage::new();
    let session = stage.arrive("app", false);
    stage.leave(session, DisconnectReason::ClientInitiated);
    assert_eq!(stage.standing("app"), None);
    stage.arrive("pump", false);
    stage.thing_changed("pump", true);
    assert_eq!(stage.standing("pump"), Some((1_000, None)));
    stage.thing_changed("pump", false);
    assert_eq!(stage.standing("pump"), None);
    let session = stage.hub.sessions().of_client(SCOPE, "pump").expect("a session");
    stage.leave(session, DisconnectReason::ClientInitiated);
    assert_eq!(stage.standing("pump"), None);
}
