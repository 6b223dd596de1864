//! The owner of a destination says yes to one question, once.

use broker::ScopeId;
use hub::keys::ScopeKey;
use hub::{Hub, Plan, Settings};
use message::Dialect;
use rules::{Destination, DestinationError, DestinationStatus};
use store::{Durability, Memory, Store};

const SCOPE: ScopeId = ScopeId(0);

struct Stage {
    hub: Hub<u32>,
    store: Memory,
}

fn open(store: &Memory) -> Hub<u32> {
    let scopes = vec![ScopeKey("000000000000/us-east-1".into())];
    let settings = Settings::new(Dialect::Aws, 1);
    Hub::open(settings, scopes, store.reader(), 1, &mut Plan::default()).expect("a readable store")
}

impl Stage {
    fn new() -> Stage {
        let store = Memory::new();
        Stage { hub: open(&store), store }
    }

    fn decide<T>(&mut self, decide: impl FnOnce(&mut Hub<u32>, &mut Plan<u32>) -> T) -> T {
        let mut plan = Plan::default();
        let decided = decide(&mut self.hub, &mut plan);
        self.store.commit(&plan.take_writes().0, Durability::Synced).expect("committed");
        self.hub = open(&self.store);
        decided
    }

    fn confirm(&mut self, token: &str) -> Result<(), DestinationError> {
        self.decide(|hub, plan| hub.confirm_destination(3, SCOPE, token, plan))
    }

    fn status(&self) -> DestinationStatus {
        self.hub.destination(SCOPE, "d").expect("kept").status
    }
}

#[test]
fn a_token_is_good_for_one_question_and_once() {
    let mut stage = Stage::new();
    let made = Destination::new("d".into(), "https://a.example".into(), "first".into(), 2).expect("valid");
    stage.decide(|hub, plan| hub.create_destination(SCOPE, made, plan)).expect("made");
    assert_eq!(stage.confirm("other"), Err(DestinationError::Token));
    assert_eq!(stage.confirm("first"), Ok(()));
    assert_eq!(stage.status(), DestinationStatus::Enabled);
    for token in ["first", ""] {
        assert_eq!(stage.confirm(token), Err(DestinationError::Token), "{token:?}");
    }
    assert_eq!(stage.status(), DestinationStatus::Enabled, "a second click changes nothing");
    let again = (DestinationStatus::InProgress, "second".to_owned());
    stage.decide(|hub, plan| hub.switch_destination(4, SCOPE, "d", again, plan)).expect("asked again");
    stage.decide(|hub, plan| hub.fail_destination(5, SCOPE, ("d", "second"), "no".into(), plan));
    assert_eq!(stage.confirm("first"), Err(DestinationError::Token));
    assert_eq!(stage.status(), DestinationStatus::Error);
}
