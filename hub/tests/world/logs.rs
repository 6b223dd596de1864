//! Log events become part of the plan of what caused them, and are there again after a restart.

use std::collections::BTreeMap;

use broker::ScopeId;
use hub::keys::ScopeKey;
use hub::{Event, Hub, LogBatch, NotLogged, Plan, Settings};
use logs::Pattern;
use message::Dialect;
use store::{Durability, Memory, Need, Store};

const NOW_MS: u64 = 1_800_000_000_000;
const DAY_MS: u64 = 24 * 3_600_000;
const SCOPE: ScopeId = ScopeId(0);

fn open(store: &Memory) -> Hub<u32> {
    let scopes = vec![ScopeKey("000000000000/us-east-1".into())];
    let settings = Settings::new(Dialect::Aws, 1);
    Hub::open(settings, scopes, store.reader(), NOW_MS, &mut Plan::default()).expect("a readable store")
}

fn commit(store: &mut Memory, mut plan: Plan<u32>) {
    let (batch, must_sync) = plan.take_writes();
    assert!(must_sync || batch.is_empty());
    store.commit(&batch, Durability::Synced).expect("committed");
}

fn append(hub: &mut Hub<u32>, scope: ScopeId, text: &str, plan: &mut Plan<u32>) -> Result<u64, NotLogged> {
    let events = [logs::Event { timestamp_ms: NOW_MS, message: text.into() }];
    let batch = LogBatch { group: "g", stream: "s", events: &events, makes_stream: true };
    hub.append_log(NOW_MS, scope, &batch, plan).map(|logged| logged.next_seq)
}

fn create(hub: &mut Hub<u32>, scope: ScopeId, plan: &mut Plan<u32>) {
    hub.change_logs(scope, plan, |logs| logs.create_group(NOW_MS, "g", BTreeMap::new())).expect("a group");
}

fn messages(hub: &mut Hub<u32>, scope: ScopeId) -> Vec<String> {
    let search = hub.logs(scope).expect("logs").search(NOW_MS, "g", |_| true, (0, u64::MAX), 10);
    let reader = hub.reader();
    let page = search.expect("a search").run(&*reader, &Pattern::default()).expect("a readable store");
    page.events.into_iter().map(|found| found.message).collect()
}

#[test]
fn events_of_one_group_commit_are_all_there_after_a_restart() {
    let mut store = Memory::new();
    let mut hub = open(&store);
    let mut plan = Plan::default();
    create(&mut hub, SCOPE, &mut plan);
    for number in 1..=3 {
        assert_eq!(append(&mut hub, SCOPE, &number.to_string(), &mut plan).expect("logged"), number);
    }
    commit(&mut store, plan);
    assert_eq!(messages(&mut hub, SCOPE), ["1", "2", "3"]);
    let mut hub = open(&store);
    assert_eq!(messages(&mut hub, SCOPE), ["1", "2", "3"]);
    let mut plan = Plan::default();
    append(&mut hub, SCOPE, "4", &mut plan).expect("logged");
    commit(&mut store, plan);
    assert_eq!(messages(&mut hub, SCOPE), ["1", "2", "3", "4"]);
}

#[test]
fn a_scope_that_is_opened_later_finds_its_logs() {
    let mut store = Memory::new();
    let later = ScopeId(1);
    for expected in [1, 2] {
        let mut hub = open(&store);
        let mut plan = Plan::default();
        hub.decide(NOW_MS, Event::Scope(ScopeKey("111111111111/us-east-1".into())), &mut plan);
        if expected == 1 {
            create(&mut hub, later, &mut plan);
        }
        assert_eq!(append(&mut hub, later, "x", &mut plan).expect("logged"), expected);
        commit(&mut store, plan);
    }
    assert!(matches!(
        append(&mut open(&store), ScopeId(7), "x", &mut Plan::default()),
        Err(NotLogged::NoScope)
    ));
}

#[test]
fn a_full_disk_takes_no_event_but_lets_a_group_go() {
    let mut store = Memory::new();
    let mut hub = open(&store);
    let mut plan = Plan::default();
    create(&mut hub, SCOPE, &mut plan);
    append(&mut hub, SCOPE, "1", &mut plan).expect("logged");
    commit(&mut store, plan);
    let mut plan = Plan::default();
    hub.decide(NOW_MS, Event::Disk(Need::Reserve), &mut plan);
    assert!(matches!(append(&mut hub, SCOPE, "2", &mut plan), Err(NotLogged::DiskFull)));
    let refused = hub.change_logs(SCOPE, &mut plan, |logs| logs.set_retention("g", Some(1)));
    assert!(matches!(refused, Err(NotLogged::DiskFull)));
    hub.delete_logs(SCOPE, &mut plan, |logs| logs.delete_group("g")).expect("deleted");
    let (batch, _) = plan.take_writes();
    assert!(!batch.is_empty() && batch.need(|_| false) == Need::Nothing);
}

#[test]
fn what_a_group_no_longer_keeps_goes_from_the_disk_with_time() {
    let mut store = Memory::new();
    let mut hub = open(&store);
    let mut plan = Plan::default();
    create(&mut hub, SCOPE, &mut plan);
    hub.change_logs(SCOPE, &mut plan, |logs| logs.set_retention("g", Some(1))).expect("a day");
    append(&mut hub, SCOPE, "1", &mut plan).expect("logged");
    hub.decide(NOW_MS + DAY_MS, Event::Tick, &mut plan);
    commit(&mut store, plan);
    assert_eq!(messages(&mut hub, SCOPE), ["1"]);
    let mut plan = Plan::default();
    hub.decide(NOW_MS + DAY_MS + 120_000, Event::Tick, &mut plan);
    let (batch, _) = plan.take_writes();
    assert!(!batch.is_empty());
    store.commit(&batch, Durability::Synced).expect("committed");
    assert!(messages(&mut hub, SCOPE).is_empty());
    assert!(messages(&mut open(&store), SCOPE).is_empty());
}
