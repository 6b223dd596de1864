//! The owner of a destination says yes to one question, once.

use rules::{Destination, DestinationError, DestinationStatus};

use crate::stage::{SCOPE, Stage, aws};

impl Stage {
    /// What is not on the disk is forgotten.
    fn confirm(&mut self, token: &str) -> Result<(), DestinationError> {
        self.restart(aws());
        self.decide(|hub, now_ms, plan| hub.confirm_destination(now_ms, SCOPE, token, plan)).0
    }

    fn status(&mut self) -> DestinationStatus {
        self.restart(aws());
        self.hub.destination(SCOPE, "d").expect("kept").status
    }
}

#[test]
fn a_token_is_good_for_one_question_and_once() {
    let mut stage = Stage::new();
    let made = Destination::new("d".into(), "https://a.example".into(), "first".into(), 2).expect("valid");
    stage.decide(|hub, _, plan| hub.create_destination(SCOPE, made, plan)).0.expect("made");
    assert_eq!(stage.confirm("other"), Err(DestinationError::Token));
    assert_eq!(stage.confirm("first"), Ok(()));
    assert_eq!(stage.status(), DestinationStatus::Enabled);
    for token in ["first", ""] {
        assert_eq!(stage.confirm(token), Err(DestinationError::Token), "{token:?}");
    }
    assert_eq!(stage.status(), DestinationStatus::Enabled, "a second click changes nothing");
    let again = (DestinationStatus::InProgress, "second".to_owned());
    let asked = stage.decide(|hub, now_ms, plan| hub.switch_destination(now_ms, SCOPE, "d", again, plan));
    asked.0.expect("asked again");
    stage.decide(|hub, _, plan| hub.fail_destination(5, SCOPE, ("d", "second"), "no".into(), plan));
    assert_eq!(stage.confirm("first"), Err(DestinationError::Token));
    assert_eq!(stage.status(), DestinationStatus::Error);
}
