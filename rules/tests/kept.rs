//! What is kept of rules is read back as it was, and damage is an error, never a panic.

use std::sync::Arc;

use bytes::Bytes;
use message::{Message, Properties, QoS, Topic};
use proptest::prelude::*;
use rules::action::{Firehose, Http, Kinesis, Republish};
use rules::{Action, Definition, Failure, Job, Letter, Occasion, Record, Source, Task};

fn occasion(payload: Vec<u8>, seed: u64) -> Occasion {
    let properties = Properties { content_type: Some("text/x".to_owned()), ..Properties::default() };
    let message = Message {
        id: 7,
        topic: Topic::parse("in/ä").expect("a topic"),
        payload: Bytes::from(payload),
        qos: QoS::AtLeastOnce,
        retain: false,
        properties: Some(Arc::new(properties)),
        publisher: "d".into(),
        received_ms: 1_000_000,
        expires_ms: None,
    };
    let source = Source { client: Some("d".into()), principal: Some("p".into()), address: None };
    Occasion { message: Arc::new(message), source, account: "000000000000".into(), seed, hops: 3, root: 5 }
}

fn job(payload: Vec<u8>, seed: u64) -> Job {
    let post = Action::Http(Http { url: "http://a/b".to_owned(), ..Http::default() });
    let put = Action::Kinesis(Kinesis { stream: "k".to_owned(), ..Kinesis::default() });
    let failed = vec![Failure::new("S3Action", "b", "no")];
    let task = Task::Act { actions: vec![post, put], failed };
    Job {
        rule: "r".to_owned(),
        task,
        payload: Bytes::from(payload.clone()),
        occasion: occasion(payload, seed),
    }
}

proptest! {
    #[test]
    fn a_job_is_read_back_with_its_message(payload in prop::collection::vec(any::<u8>(), 0..300), seed: u64) {
        let made = job(payload, seed);
        let read = Job::from_bytes(&Bytes::from(made.to_bytes())).expect("its own bytes");
        prop_assert_eq!((&read.rule, &read.task, &read.payload), (&made.rule, &made.task, &made.payload));
        let (read, made) = (read.occasion, made.occasion);
        prop_assert_eq!((&*read.message, &read.source), (&*made.message, &made.source));
        prop_assert_eq!((&read.account, read.seed, read.hops), (&made.account, made.seed, made.hops));
    }

    #[test]
    fn damage_is_an_error(cut in 0..400_usize, at in 0..400_usize, byte: u8) {
        let mut bytes = job(b"{\"a\":1}".to_vec(), 1).to_bytes();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        bytes.truncate(cut);
        let _ = Job::from_bytes(&Bytes::from(bytes.clone()));
        let _ = Occasion::from_bytes(&Bytes::from(bytes.clone()));
        let _ = (Record::from_bytes(&bytes), Letter::from_bytes(&bytes));
    }
}

#[test]
fn a_record_is_read_back_as_it_was() {
    let republish = Republish { topic: "$$aws/x".to_owned(), qos: 1, ..Republish::default() };
    let firehose =
        Firehose { stream: "f".to_owned(), separator: Some("\n".to_owned()), ..Firehose::default() };
    let definition = Definition {
        sql: "SELECT * FROM 'a'".to_owned(),
        sql_version: None,
        description: Some("ä".to_owned()),
        is_disabled: true,
        actions: vec![Action::Republish(republish), Action::Firehose(firehose)],
        error_action: None,
    };
    let tags = [("k".to_owned(), "v".to_owned())].into();
    let record = Record { name: "r".to_owned(), created_ms: 1, definition, tags };
    assert_eq!(Record::from_bytes(&record.to_bytes()), Ok(record));
    assert!(Record::from_bytes(b"\x02{}").is_err_and(|error| error.to_string().contains("format 2")));
}
