//! A packet from a client in; deliveries, answers and deeds for the desk out.

use std::sync::Arc;

use broker::ScopeId;
use hub::{Outcome, Route, StoreFor};
use message::{QoS, Topic};
use policy::Access;

use super::Shell;
use crate::Flaw;
use crate::book::Receiver;
use crate::out::{Out, Sent, Stage};
use crate::packet::{Deed, Down, Due, Link, Number, Parcel, Up, client_id};

impl Shell {
    pub(crate) fn hear(&mut self, now_ms: u64, link: Link, packet: Up) -> Result<(), String> {
        if let Up::Connect(greeting) = packet {
            self.links.insert(link, Out::new(greeting));
            self.desk.push_back(Deed::Connect { link, greeting });
            return Ok(());
        }
        let Some(out) = self.links.get_mut(&link).filter(|out| out.stage == Stage::Open) else {
            return Ok(());
        };
        let Some(session) = out.session else { return Ok(()) };
        match packet {
            Up::Connect(_) => {}
            Up::Publish(parcel) => return self.on_publish(now_ms, link, parcel),
            Up::Puback(packet_id) => out.on_puback(packet_id),
            Up::Pubrec(packet_id) => out.on_pubrec(packet_id),
            Up::Pubcomp(packet_id) => out.on_pubcomp(packet_id),
            Up::Pubrel(packet_id) => {
                if !out.held.remove(&packet_id) {
                    out.put(Down::Pubcomp(packet_id));
                } else {
                    if self.flaw == Flaw::CompletesBeforeCommit {
                        out.put(Down::Pubcomp(packet_id));
                    }
                    self.desk.push_back(Deed::Released { link, session, packet_id });
                }
            }
            Up::Subscribe { packet_id, filter, qos } => {
                self.desk.push_back(Deed::Subscribe { link, session, packet_id, filter, qos });
            }
            Up::Unsubscribe { packet_id, filter } => {
                self.desk.push_back(Deed::Unsubscribe { link, session, packet_id, filter });
            }
            Up::Disconnect { expiry_s, with_will } => {
                out.expiry_s = expiry_s;
                out.says_goodbye = !with_will;
                self.hang_up(link);
                return Ok(());
            }
        }
        self.want_backlog(link);
        Ok(())
    }

    fn on_publish(&mut self, now_ms: u64, link: Link, parcel: Parcel) -> Result<(), String> {
        let Some(out) = self.links.get_mut(&link) else { return Ok(()) };
        let Some(session) = out.session else { return Ok(()) };
        if parcel.qos == QoS::ExactlyOnce && !out.held.insert(parcel.packet_id) {
            out.put(Down::Pubrec { packet_id: parcel.packet_id, ok: true });
            return self.acknowledge_again(parcel.number);
        }
        let dialect = self.settings.dialect;
        let entry =
            out.lane.decide(&self.view, dialect, ScopeId(0), &Access::everything(), parcel.topic, || 0);
        let entry = entry.ok_or_else(|| format!("{} is no topic", parcel.topic))?;
        if !matches!(entry.outcome, Outcome::Allowed) {
            return Err(format!("publishing to {} came to {:?}", parcel.topic, entry.outcome));
        }
        let (topic, route): (Topic, Arc<Route<Link>>) = (entry.topic.clone(), entry.route.clone());
        let message = parcel.message(topic, &client_id(out.client), now_ms);
        let overtakes = out.handed_over > 0 && self.flaw != Flaw::Overtakes;
        if parcel.retain || parcel.qos == QoS::ExactlyOnce || overtakes {
            out.handed_over += 1;
            let message = Arc::new(message);
            self.desk.push_back(Deed::Publish { link, session, message, parcel });
            return Ok(());
        }
        self.send(link, Arc::new(message), parcel, &route)
    }

    /// A QoS 2 publish that the session holds already: it must be the one that was published.
    fn acknowledge_again(&mut self, number: Number) -> Result<(), String> {
        if !self.first_for.contains_key(&number) {
            return Err(format!("message {number} was acknowledged and never published"));
        }
        self.promises.extend(self.dues_of.get(&number).into_iter().flatten());
        Ok(())
    }

    /// The publish lane: everybody who gets it, at once or by way of the desk.
    fn send(
        &mut self,
        link: Link,
        message: Arc<message::Message>,
        parcel: Parcel,
        route: &Route<Link>,
    ) -> Result<(), String> {
        let Parcel { packet_id, qos, number, .. } = parcel;
        let (mut receivers, mut direct) = (Vec::new(), Vec::new());
        route.for_each(None, number, qos, |reach| {
            let granted = reach.granted(qos);
            if reach.stores(qos) {
                let subscription_ids = reach.subscription_ids.clone();
                receivers.push(StoreFor {
                    session: reach.session,
                    qos: granted,
                    retain: false,
                    subscription_ids,
                });
            } else if let Some(to) = reach.link {
                direct.push((to, reach.session, granted));
            }
        });
        let expected = self.committed.receivers(parcel.topic, qos);
        check_route(&receivers, &direct, &expected)?;
        self.note_receivers(number, &expected);
        for (to, _, granted) in direct {
            if let Some(out) = self.links.get_mut(&to) {
                out.deliver(Sent { number, qos: granted, retain: false, seq: None });
            }
        }
        let dues: Vec<Due> =
            expected.iter().filter(|r| r.stores).map(|r| (number, r.client, r.serial)).collect();
        if !receivers.is_empty() {
            self.desk.push_back(Deed::Store { link, packet_id, message, receivers, dues });
        } else if qos > QoS::AtMostOnce
            && let Some(out) = self.links.get_mut(&link)
        {
            out.put(Down::Puback(packet_id));
        }
        Ok(())
    }
}

/// The route through the tree against the model's plain search.
fn check_route(
    receivers: &[StoreFor],
    direct: &[(Link, broker::SessionId, QoS)],
    expected: &[Receiver],
) -> Result<(), String> {
    let mut found: Vec<_> = receivers.iter().map(|r| (r.session, r.qos, true)).collect();
    found.extend(direct.iter().map(|(_, session, qos)| (*session, *qos, false)));
    let mut wanted: Vec<_> = expected.iter().map(|r| (r.session, r.qos, r.stores)).collect();
    found.sort();
    wanted.sort();
    if found == wanted {
        Ok(())
    } else {
        Err(format!("the route leads to {found:?}, the model's to {wanted:?}"))
    }
}
