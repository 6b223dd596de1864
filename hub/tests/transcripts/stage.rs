//! A hub with a store and a clock that scripts move: one event at a time is decided, committed and told.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::presence::DisconnectReason;
use broker::{ScopeId, SessionId};
use bytes::Bytes;
use hub::keys::ScopeKey;
use hub::{
    Answer, Cause, Closed, ConnectRequest, Deliver, Event, Hub, Lane, Notice, Origin, Outcome, Plan,
    Settings, Store, StoreFor, View, WorkResult, Worked,
};
use message::{Dialect, Message, Properties, QoS, Topic};
use mqtt::{Connect, Subscribe, SubscribeFilter, Unsubscribe, Version, Will};
use policy::{Access, Document, NamedDocument, Variables};
use rules::action::{Http, Republish};
use rules::{Action, Definition, Failure, Made};
use store::limits::BLOCK_BYTES;
use store::{Batch, Disk, Durability, Faulty, Need, Store as _};

use crate::script::{Words, qos, reason};
use crate::told;

pub(crate) type Link = u32;

/// The hub and what surrounds it.
pub(crate) struct Stage {
    settings: Settings,
    disk: Disk,
    store: Faulty,
    hub: Hub<Link>,
    view: View<Link>,
    now_ms: u64,
    sessions: BTreeMap<Link, SessionId>,
    next_message: u64,
}

impl Stage {
    pub(crate) fn open<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Stage, String> {
        let mut settings = Settings::new(Dialect::Standard, 1);
        for words in lines.map(Words::of) {
            if let Ok(dialect) = words.at(0)?.parse() {
                settings = Settings::new(dialect, 1);
            }
            set(&mut settings, &words)?;
        }
        let (disk, mut plan, now_ms) = (Disk::new(1), Plan::default(), 1_000_000);
        let store = disk.open();
        let mut hub = Hub::open(settings.clone(), vec![scope()], store.reader(), now_ms, &mut plan)
            .map_err(|e| e.to_string())?;
        let view = hub.next_view().ok_or("a new hub has a first view")?;
        Ok(Stage { settings, disk, store, hub, view, now_ms, sessions: BTreeMap::new(), next_message: 1 })
    }

    /// Lets one event happen and says what is told.
    pub(crate) fn happen(&mut self, event: &str) -> Result<Vec<String>, String> {
        let words = Words::of(event);
        match words.at(0)? {
            "publish" => return self.publish(&words),
            "crash" => return self.crash(),
            "state" => return Ok(self.state()),
            "rule" | "unrule" => return self.change_rule(&words),
            "worked" => return self.worked(&words),
            "letters" => return self.letters(),
            "stuff" => {
                self.stuff(words.at(1)?)?;
                return self.crash();
            }
            "wait" => self.now_ms += words.number::<u64>(1)? * 1000,
            _ => {}
        }
        let event = self.event(&words)?;
        self.decide(event)
    }

    fn decide(&mut self, event: Event<Link>) -> Result<Vec<String>, String> {
        let mut plan = Plan::default();
        self.hub.decide(self.now_ms, event, &mut plan);
        self.commit(plan)
    }

    fn commit(&mut self, mut plan: Plan<Link>) -> Result<Vec<String>, String> {
        let (batch, must_sync) = plan.take_writes();
        let durability = if must_sync { Durability::Synced } else { Durability::Buffered };
        self.store.commit(&batch, durability).map_err(|e| e.to_string())?;
        self.hub.committed();
        self.view = self.hub.next_view().unwrap_or(std::mem::replace(&mut self.view, empty()));
        for notice in &plan.notices {
            if let Notice::Welcome(welcome) = notice {
                self.sessions.insert(welcome.link, welcome.session);
            }
        }
        Ok(plan.notices.iter().map(told::line).collect())
    }

    fn event(&self, words: &Words<'_>) -> Result<Event<Link>, String> {
        Ok(match words.at(0)? {
            "connect" => Event::Connect(Box::new(connect(words)?)),
            "bye" | "lost" => Event::Closed(self.closed(words)?),
            "subscribe" => {
                let filters = words.from(2).filter(|w| !w.starts_with("id="));
                let filters = filters.map(subscribe_filter).collect::<Result<Vec<_>, _>>()?;
                let subscription_id = words.value_as("id")?;
                let packet = Subscribe { packet_id: 1, filters, subscription_id, ..Subscribe::default() };
                Event::Subscribe { link: words.number(1)?, session: self.session(words)?, packet }
            }
            "unsubscribe" => {
                let filters = words.from(2).map(str::to_owned).collect();
                let packet = Unsubscribe { packet_id: 1, filters, ..Unsubscribe::default() };
                Event::Unsubscribe { link: words.number(1)?, session: self.session(words)?, packet }
            }
            "taken" => {
                let seqs = words.from(2).map(|w| w.parse().map_err(|_| format!("{w} is no number")));
                Event::Taken { session: self.session(words)?, seqs: seqs.collect::<Result<_, _>>()? }
            }
            "received" => Event::Received {
                link: words.number(1)?,
                session: self.session(words)?,
                seq: words.number(2)?,
            },
            "released" => Event::Released { session: self.session(words)?, packet_id: words.number(2)? },
            "fetch" => Event::Fetch {
                link: words.number(1)?,
                session: self.session(words)?,
                from: words.number(2)?,
                most: words.number(3)?,
            },
            "drop" => Event::Drop {
                scope: ScopeId(0),
                client: words.at(1)?.to_owned(),
                clean_session: words.has("clean"),
                cause: Cause {
                    reason: match words.has("will") {
                        true => DisconnectReason::ConnectionLost,
                        false => DisconnectReason::ApiInitiated,
                    },
                    will: words.has("will"),
                    text: "an operator asked for it".to_owned(),
                },
            },
            "access" => Event::Access {
                link: words.number(1)?,
                session: self.session(words)?,
                access: access(words)?,
            },
            "review" => Event::Review { scope: ScopeId(0), client: words.at(1)?.to_owned() },
            "wait" => Event::Tick,
            "disk" => Event::Disk(if words.has("full") { Need::Reserve } else { Need::Room }),
            other => return Err(format!("there is no event {other}")),
        })
    }

    fn session(&self, words: &Words<'_>) -> Result<SessionId, String> {
        let link: Link = words.number(1)?;
        self.sessions.get(&link).copied().ok_or_else(|| format!("link {link} was not welcomed"))
    }

    fn closed(&self, words: &Words<'_>) -> Result<Closed<Link>, String> {
        let name = if words.has("bye") { "CLIENT_INITIATED_DISCONNECT" } else { "CONNECTION_LOST" };
        let reason = reason(words.value("reason").unwrap_or(name))?;
        Ok(Closed {
            link: words.number(1)?,
            session: self.session(words)?,
            cause: Cause { reason, will: words.has("lost"), text: "as the script says".into() },
            session_expiry_s: words.value_as("expiry")?,
            sent: words.value_as("sent")?.unwrap_or(0),
        })
    }

    /// The publish lane: direct deliveries are told at once, the rest goes to the writer.
    fn publish(&mut self, words: &Words<'_>) -> Result<Vec<String>, String> {
        let (link, message) = (words.number(1)?, self.message(words)?);
        let (session, packet_id) = (self.session(words)?, words.value_as("pid")?.unwrap_or(1));
        let answer = (message.qos > QoS::AtMostOnce).then_some(Answer { link, packet_id, qos: message.qos });
        let mut lane = Lane::default();
        let access = Access::everything();
        let now_ms = self.now_ms;
        let entry =
            lane.decide(&self.view, self.settings.dialect, ScopeId(0), &access, &message.topic, || now_ms);
        let entry = entry.ok_or("not a topic")?;
        match &entry.outcome {
            Outcome::Allowed
                if entry.route.rules.is_empty() && !message.retain && message.qos < QoS::ExactlyOnce => {}
            Outcome::Allowed | Outcome::Reserved => {
                let origin = Origin { scope: ScopeId(0), session: Some(session) };
                return self.decide(Event::Publish { origin, message, answer });
            }
            outcome => return Ok(vec![format!("lane {outcome:?}")]),
        }
        let unheard =
            entry.route.unheard.iter().cloned().map(|unheard| told::line(&Notice::Unheard(unheard)));
        let (message, mut told, mut receivers) = (Arc::new(message), unheard.collect::<Vec<_>>(), Vec::new());
        entry.route.for_each(Some(session), message.id, message.qos, |reach| {
            let (qos, subscription_ids) = (reach.granted(message.qos), reach.subscription_ids.clone());
            if reach.stores(message.qos) {
                receivers.push(StoreFor { session: reach.session, qos, retain: false, subscription_ids });
            } else if let Some(link) = reach.link {
                let message = message.clone();
                told.push(told::deliver(&Deliver {
                    link,
                    message,
                    qos,
                    retain: false,
                    subscription_ids,
                    seq: None,
                }));
            }
        });
        if !receivers.is_empty() {
            told.extend(self.decide(Event::Store(Store { message, receivers, fired: None, answer }))?);
        } else if let Some(Answer { link, packet_id, .. }) = answer {
            told.push(format!("puback {link} {packet_id} at once"));
        }
        Ok(told)
    }

    fn message(&mut self, words: &Words<'_>) -> Result<Message, String> {
        let expiry_s: Option<u32> = words.value_as("expiry")?;
        let text = words.from(4).find(|w| !w.contains('=') && *w != "retain").unwrap_or_default();
        self.next_message += 1;
        Ok(Message {
            id: self.next_message,
            topic: Topic::parse(words.at(2)?).map_err(|e| e.to_string())?,
            payload: Bytes::copy_from_slice(text.as_bytes()),
            qos: qos(words.at(3)?)?,
            retain: words.has("retain"),
            properties: expiry_s.map(properties).map(Arc::new),
            publisher: "publisher".into(),
            received_ms: self.now_ms,
            expires_ms: expiry_s.map(|s| self.now_ms + u64::from(s) * 1000),
        })
    }

    /// The process dies; what was not synced is gone, and the next process tells what recovery decides.
    fn crash(&mut self) -> Result<Vec<String>, String> {
        self.store = self.disk.open();
        let mut plan = Plan::default();
        self.hub =
            Hub::open(self.settings.clone(), vec![scope()], self.store.reader(), self.now_ms, &mut plan)
                .map_err(|e| e.to_string())?;
        self.sessions.clear();
        self.commit(plan)
    }

    /// Fills a session's mailbox to its limit with records that nobody reads.
    fn stuff(&mut self, client: &str) -> Result<(), String> {
        let id = self.hub.sessions().of_client(ScopeId(0), client).ok_or("no such session")?;
        let tail = self.hub.sessions().get(id).map_or(0, |s| s.mailbox.tail());
        let record = Bytes::from(vec![0; BLOCK_BYTES]);
        let count = broker::limits::MAILBOX_BYTES / BLOCK_BYTES as u64;
        let mut batch = Batch::new();
        for seq in tail..tail + count {
            batch.append(scope().mailbox(id), seq, vec![record.clone()]);
        }
        self.store.commit(&batch, Durability::Synced).map_err(|e| e.to_string())
    }

    fn change_rule(&mut self, words: &Words<'_>) -> Result<Vec<String>, String> {
        let (name, mut plan) = (words.at(1)?, Plan::default());
        if words.at(0)? == "unrule" {
            self.hub.delete_rule(ScopeId(0), name, &mut plan);
            return self.commit(plan);
        }
        let made = match Made::new(&"000000000000".into(), name, rule(words)?) {
            Ok(made) => made,
            Err(invalid) => return Ok(vec![format!("refused {invalid}")]),
        };
        match self.hub.create_rule(self.now_ms, ScopeId(0), (made, Default::default()), &mut plan) {
            Ok(()) => self.commit(plan),
            Err(error) => Ok(vec![format!("refused {error}")]),
        }
    }

    /// What a worker says of a job.
    fn worked(&mut self, words: &Words<'_>) -> Result<Vec<String>, String> {
        let seq = words.number(1)?;
        let (jobs, _) = self.hub.rule_jobs(ScopeId(0), seq, 1).map_err(|error| error.to_string())?;
        let (seq, job) = jobs.into_iter().next().ok_or("there is no such job")?;
        let job = job.map_err(|reason| reason.to_string())?;
        let failure = Failure::new("HttpAction", "there", "it did not answer");
        let failures = if words.has("fails") { vec![failure] } else { Vec::new() };
        let result = WorkResult::Acted(failures);
        self.decide(Event::Worked(Box::new(Worked {
            epoch: self.hub.epoch(),
            scope: ScopeId(0),
            seq,
            job,
            result,
        })))
    }

    fn letters(&self) -> Result<Vec<String>, String> {
        let (waiting, _) = self.hub.rule_backlog(ScopeId(0));
        let (letters, _) = self.hub.rule_letters(ScopeId(0), 0).map_err(|error| error.to_string())?;
        let letters = letters.iter().map(|letter| {
            let failures: Vec<String> = letter.failures.iter().map(ToString::to_string).collect();
            format!("letter {} {}: {}", letter.rule, letter.topic, failures.join("; "))
        });
        Ok(letters.chain([format!("waiting {waiting}")]).collect())
    }

    fn state(&self) -> Vec<String> {
        let sessions = self.hub.sessions().iter().map(|s| {
            let kind = if s.persistent { "kept" } else { "passing" };
            let place = s.link.map_or("offline".to_owned(), |link| format!("on {link}"));
            let filters: Vec<&str> = s.subscriptions.keys().map(String::as_str).collect();
            let will = if s.will.is_some() { " will" } else { "" };
            let (len, held) = (s.mailbox.len(), if s.held.is_empty() { "" } else { " holds" });
            format!("session {} {kind} {place} {filters:?} mail={len}{will}{held}", s.client)
        });
        let retained = self.hub.retained(ScopeId(0)).into_iter().flat_map(|r| r.iter());
        let retained =
            retained.map(|m| format!("retained {} \"{}\"", m.topic, String::from_utf8_lossy(&m.payload)));
        sessions.chain(retained).collect()
    }
}

fn rule(words: &Words<'_>) -> Result<Definition, String> {
    let republish = |topic: &str, qos: u8| {
        let mut republish = Republish {
            topic: topic.to_owned(),
            role: "arn:aws:iam::000000000000:role/r".to_owned(),
            ..Republish::default()
        };
        republish.qos = qos;
        Action::Republish(republish)
    };
    let qos = words.value_as("qos")?.unwrap_or(0);
    let http = words.value("http").map(|url| Action::Http(Http { url: url.to_owned(), ..Http::default() }));
    let topic = words.value("topic").map(|topic| republish(topic, qos));
    Ok(Definition {
        sql: words.text_from(&["SELECT", "SET"]),
        sql_version: Some("2016-03-23".to_owned()),
        description: None,
        is_disabled: words.has("off"),
        actions: topic.into_iter().chain(http).collect(),
        error_action: words.value("onerror").map(|topic| republish(topic, 0)),
    })
}

fn connect(words: &Words<'_>) -> Result<ConnectRequest<Link>, String> {
    let version = if words.has("v5") { Version::V5 } else { Version::V311 };
    let client = words.at(2)?;
    let mut packet = Connect::new(version, if client == "-" { "" } else { client });
    packet.clean_start = words.has("clean");
    packet.session_expiry_s = words.value_as("expiry")?;
    packet.keep_alive_s = words.value_as("keepalive")?.unwrap_or(0);
    packet.authentication_method = words.value("auth").map(str::to_owned);
    packet.will = words.value("will").map(|will| self::will(will, words)).transpose()?;
    Ok(ConnectRequest {
        link: words.number(1)?,
        scope: ScopeId(0),
        packet,
        principal: "00".into(),
        thing: words.value("thing").map(Into::into),
        is_thing: words.value("thing") == Some(client),
        address: "192.0.2.1".into(),
        access: access(words)?,
    })
}

/// `denied`: no policy. `allow=ACTION:TAIL,…`: one policy with a statement for each, `iot:` left out.
fn access(words: &Words<'_>) -> Result<Access, String> {
    let variables = Variables {
        principal: "certificate 00".into(),
        account: "000000000000".into(),
        region: "us-east-1".into(),
        ..Variables::default()
    };
    let Some(allowed) = words.value("allow") else {
        return Ok(match words.has("denied") {
            true => Access::compile(&[], variables),
            false => Access::everything(),
        });
    };
    let statements: Vec<String> = allowed
        .split(',')
        .filter_map(|pair| pair.split_once(':'))
        .map(|(action, tail)| {
            format!(
                r#"{{"Effect":"Allow","Action":"iot:{action}","Resource":"arn:aws:iot:us-east-1:000000000000:{tail}"}}"#
            )
        })
        .collect();
    let json = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
    let document = Document::parse(&json).map_err(|fault| fault.to_string())?;
    Ok(Access::compile(&[NamedDocument::new("p", 1, document)], variables))
}

fn will(will: &str, words: &Words<'_>) -> Result<Will, String> {
    let mut parts = will.splitn(3, ':');
    let mut part = || parts.next().ok_or("a will is TOPIC:QOS:TEXT");
    Ok(Will {
        topic: part()?.to_owned(),
        qos: qos(part()?)?,
        payload: Bytes::copy_from_slice(part()?.as_bytes()),
        retain: words.has("willretain"),
        delay_s: words.value_as("willdelay")?.unwrap_or(0),
        properties: words.value_as("willexpiry")?.map(properties).map(Box::new),
    })
}

fn subscribe_filter(word: &str) -> Result<SubscribeFilter, String> {
    let mut parts = word.split(':');
    let mut filter =
        SubscribeFilter::new(parts.next().unwrap_or_default(), qos(parts.next().unwrap_or("0"))?);
    for flag in parts {
        match flag {
            "nl" => filter.no_local = true,
            "rap" => filter.retain_as_published = true,
            "rh1" => filter.retain_handling = 1,
            "rh2" => filter.retain_handling = 2,
            _ => return Err(format!("{flag} is no flag of a subscription")),
        }
    }
    Ok(filter)
}

fn set(settings: &mut Settings, words: &Words<'_>) -> Result<(), String> {
    for (name, place) in [
        ("share_groups", &mut settings.share_groups),
        ("share_members", &mut settings.share_members),
        ("subscriptions", &mut settings.subscriptions_per_connection),
    ] {
        *place = words.value_as(name)?.unwrap_or(*place);
    }
    let rate = &mut settings.connects_per_client_per_s;
    *rate = words.value_as("connects_per_s")?.unwrap_or(*rate);
    Ok(())
}

fn properties(message_expiry_s: u32) -> Properties {
    Properties { message_expiry_s: Some(message_expiry_s), ..Properties::default() }
}

fn scope() -> ScopeKey {
    ScopeKey("000000000000/us-east-1".into())
}

fn empty() -> View<Link> {
    View::empty()
}
