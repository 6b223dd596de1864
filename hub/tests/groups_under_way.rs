//! Deciding goes on while earlier groups are being committed: whatever is decided then is what it would have been had
//! each group been on the disk before the next one.

use std::collections::VecDeque;

use broker::{ScopeId, SessionId};
use hub::keys::ScopeKey;
use hub::{Asker, ConnectRequest, Event, HistoryBound, Hub, Notice, Plan, Settings};
use message::{Dialect, Message, QoS, Topic};
use mqtt::{Connect, Subscribe, SubscribeFilter, Version};
use serde_json::json;
use shadow::ShadowId;
use shadow::history::Source;
use shadow::topic::{Request, Verb};
use store::{Batch, Durability, Memory, Store};

const SCOPE: &str = "000000000000/us-east-1";

/// A hub whose groups reach the disk some groups later.
struct Stage {
    hub: Hub<u32>,
    store: Memory,
    under_way: VecDeque<Batch>,
    lag: usize,
    now_ms: u64,
}

impl Stage {
    fn new(lag: usize) -> Stage {
        let store = Memory::new();
        let settings = Settings {
            shadow_history: HistoryBound { changes: 30, age_ms: u64::MAX },
            shadow_requests_per_s: 0,
            ..Settings::new(Dialect::Aws, 1)
        };
        let scopes = vec![ScopeKey(SCOPE.into())];
        let hub = Hub::open(settings, scopes, store.reader(), 0, &mut Plan::default()).expect("a world");
        Stage { hub, store, under_way: VecDeque::new(), lag, now_ms: 1_000 }
    }

    fn decide<T>(
        &mut self,
        decide: impl FnOnce(&mut Hub<u32>, u64, &mut Plan<u32>) -> T,
    ) -> (T, Vec<Notice<u32>>) {
        let mut plan = Plan::default();
        let decided = decide(&mut self.hub, self.now_ms, &mut plan);
        self.hub.end_group();
        self.under_way.push_back(plan.take_writes().0);
        self.settle(self.lag);
        (decided, plan.notices)
    }

    fn settle(&mut self, lag: usize) {
        while self.under_way.len() > lag
            && let Some(batch) = self.under_way.pop_front()
        {
            self.store.commit(&batch, Durability::Synced).expect("groups fit each other");
            self.hub.committed();
        }
    }

    fn happen(&mut self, event: Event<u32>) -> Vec<Notice<u32>> {
        self.decide(|hub, now_ms, plan| hub.decide(now_ms, event, plan)).1
    }

    /// One deed, drawn; what came of it, in words.
    fn shadow_deed(&mut self, random: &mut Random) -> String {
        let id = ShadowId::classic(["a", "b"][random.below(2)]).expect("a literal id");
        let asker = Asker { principal: "p".into(), client: None, source: Source::Http };
        let scope = ScopeId(0);
        self.now_ms += [1, 50, 48 * 3_600_000][random.below(40).saturating_sub(37)];
        let (verb, payload) = match random.below(10) {
            0 => (Verb::Delete, String::new()),
            1 | 2 => (Verb::Get, String::new()),
            3 => {
                let history = self.hub.shadow_history(scope, &id, 30).expect("readable");
                return format!(
                    "{:?}",
                    history.iter().map(|change| (change.version, &change.asked)).collect::<Vec<_>>()
                );
            }
            4 => {
                let version = random.below(12) as u64;
                let (restored, _) = self.decide(|hub, now_ms, plan| {
                    hub.restore_shadow(now_ms, scope, &asker, (&id, version), plan)
                });
                return format!("{:?}", restored.map_err(|error| error.to_string()));
            }
            5 => {
                // What is under way is not forgotten, and what is forgotten is gone when that is on the disk.
                self.settle(0);
                let told = self.happen(Event::Tick).len();
                self.settle(0);
                return told.to_string();
            }
            number => {
                let field = ["x", "y"][random.below(2)];
                let state = json!({ "state": { "reported": { field: random.below(100) }, "desired": { "n": number } } });
                (Verb::Update, state.to_string())
            }
        };
        let request = Request { id, verb };
        let (answer, _) = self.decide(|hub, now_ms, plan| {
            hub.call_shadow(now_ms, scope, &asker, &request, payload.as_bytes(), plan)
        });
        let answer = answer.expect("there is room");
        format!("{:?}", answer.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Everything that the disk has, in words.
    fn contents(&self) -> String {
        let reader = self.store.reader();
        let documents = reader.scan(b"", None, usize::MAX).expect("readable");
        let mut logs = Vec::new();
        reader.logs(b"", &mut |log, span| logs.push((log.to_vec(), span))).expect("readable");
        let records: Vec<_> =
            logs.iter().map(|(log, _)| reader.read_log(log, 0, usize::MAX, usize::MAX)).collect();
        format!("{documents:?} {logs:?} {records:?}")
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

#[test]
fn shadows_are_what_they_would_be_without_groups_under_way() {
    for seed in 0..40 {
        let run = |lag| {
            let (mut stage, mut random) = (Stage::new(lag), Random(seed));
            let said: Vec<String> = (0..120).map(|_| stage.shadow_deed(&mut random)).collect();
            stage.settle(0);
            (said, stage.contents())
        };
        let (said, contents) = run(0);
        for lag in 1..4 {
            let (late, late_contents) = run(lag);
            for (number, (one, other)) in said.iter().zip(&late).enumerate() {
                assert_eq!(one, other, "seed {seed}, deed {number}, {lag} groups under way");
            }
            assert_eq!(contents, late_contents, "seed {seed}, {lag} groups under way");
        }
    }
}

fn connect(stage: &mut Stage, link: u32) -> SessionId {
    let packet =
        Connect { clean_start: false, session_expiry_s: Some(3600), ..Connect::new(Version::V5, "d") };
    let request = ConnectRequest {
        link,
        scope: ScopeId(0),
        packet,
        principal: "p".into(),
        thing: None,
        is_thing: false,
        address: "192.0.2.1".into(),
        access: policy::Access::everything(),
    };
    let notices = stage.happen(Event::Connect(Box::new(request)));
    let welcome = notices.into_iter().find_map(|notice| match notice {
        Notice::Welcome(welcome) => Some(welcome.session),
        _ => None,
    });
    welcome.expect("welcome")
}

/// A backlog is asked for while some of it is still being committed: it is not there yet, and it is not missing.
#[test]
fn messages_under_way_are_not_taken_for_missing() {
    let mut stage = Stage::new(0);
    let session = connect(&mut stage, 1);
    let filters = vec![SubscribeFilter::new("t", QoS::AtLeastOnce)];
    let packet = Subscribe { packet_id: 1, filters, ..Subscribe::default() };
    stage.happen(Event::Subscribe { link: 1, session, packet });
    stage.lag = 3;
    for number in 0..3_u8 {
        let message = Message {
            id: u64::from(number),
            topic: Topic::parse("t").expect("a topic"),
            payload: vec![number].into(),
            qos: QoS::AtLeastOnce,
            retain: false,
            properties: None,
            publisher: "p".into(),
            received_ms: stage.now_ms,
            expires_ms: None,
        };
        let origin = hub::Origin { scope: ScopeId(0), session: None };
        stage.happen(Event::Publish { origin, message, answer: None });
    }
    for (lag, expected) in [(3, 0), (2, 1), (0, 3)] {
        stage.settle(lag);
        let mut plan = Plan::default();
        let fetch = Event::Fetch { link: 1, session, from: 0, most: 10 };
        stage.hub.decide(stage.now_ms, fetch, &mut plan);
        let mut found = None;
        for notice in &plan.notices {
            match notice {
                Notice::Page { parcels, tail, .. } => found = Some((parcels.len(), *tail)),
                other => panic!("{other:?}"),
            }
        }
        let (parcels, tail) = found.expect("a page");
        assert_eq!(parcels, expected, "{lag} groups under way");
        assert!(tail >= 3);
        assert!(plan.take_writes().0.is_empty(), "nothing is given up");
    }
}
