//! Work and letters that cannot be read hold nothing up, and nothing of them is thrown away.

use hub::Event;
use store::{Batch, Durability, Need, Store as _};

use crate::rule_bounds::post;
use crate::stage::{SCOPE, Stage, aws, message, scope_key};

impl Stage {
    /// Adds a record that no version has written.
    fn damage(&mut self, log: Vec<u8>, seq: u64) {
        let mut batch = Batch::new();
        batch.append(log, seq, vec!["\u{9}what".into()]);
        self.store.commit(&batch, Durability::Synced).expect("committed");
        self.restart(aws());
    }

    fn letters(&self) -> Vec<String> {
        let (letters, _) = self.hub.rule_letters(SCOPE, 0).expect("readable");
        letters.iter().map(|letter| format!("{} {:?}", letter.failures[0], letter.stored)).collect()
    }

    fn backlog(&self) -> u64 {
        self.hub.rule_backlog(SCOPE).0
    }
}

const JOB: &str = "StoredWork on 1: what is stored cannot be read: format 9; it was written by another version \
    Some(\"CXdoYXQ=\")";
const LETTER: &str = "StoredLetter on 1: what is stored cannot be read: format 9; it was written by another version \
    Some(\"CXdoYXQ=\")";

#[test]
fn work_that_cannot_be_read_becomes_a_letter_and_what_is_behind_it_is_done() {
    let mut stage = Stage::new();
    stage.rule("r", "SELECT * FROM 'a'", post());
    stage.publish(message("a", "{}"));
    stage.damage(scope_key().rule_jobs(), 1);
    stage.publish(message("a", "{}"));
    let (jobs, next) = stage.hub.rule_jobs(SCOPE, 0, 10).expect("readable");
    let [(0, Ok(_)), (1, Err(reason)), (2, Ok(_))] = jobs.as_slice() else { panic!("{jobs:?}") };
    assert_eq!(next, 3);
    let unread = |epoch| Event::Unread { epoch, scope: SCOPE, seq: 1, reason: reason.clone() };
    let epoch = stage.hub.epoch();
    stage.happen(unread(epoch + 1));
    stage.happen(Event::Disk(Need::Nothing));
    stage.happen(unread(epoch));
    assert_eq!((stage.backlog(), stage.letters().len()), (3, 0), "there is no room for the letter");
    stage.happen(Event::Disk(Need::Reserve));
    stage.happen(unread(epoch));
    stage.happen(unread(epoch));
    assert_eq!((stage.backlog(), stage.letters()), (2, vec![JOB.to_owned()]));
    stage.damage(scope_key().rule_letters(), 1);
    assert_eq!(stage.letters(), [JOB, LETTER]);
    assert!(stage.job(2).is_some());
}
