//! Who is at the other end and what has changed in the registry in, what the connection may do out; live connections
//! included.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use broker::ScopeId;
use broker::presence::DisconnectReason;
use hub::{Event, Refusal};
use mqtt::{Connect, ReasonCode, Version};
use policy::{Access, ConnectAttribute};
use registry::accounts::{Accounts, SessionHolder};
use registry::{Affected, Caller, CertificateId, Registry, Scope};

use crate::aws::role_access;
use crate::link::{Link, Out};
use crate::rule_roles;
use crate::shared::Shared;

/// Who is at the other end, as the transport knows it.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    /// Certificate id, or a word for who came without one.
    pub(crate) name: Arc<str>,
    pub(crate) thing: Option<Arc<str>>,
    pub(crate) scope: ScopeId,
    pub(crate) rights: Rights,
}

/// Where a principal's rights come from.
#[derive(Debug, Clone)]
pub(crate) enum Rights {
    /// They do not hang on the CONNECT.
    Fixed(Access),
    /// Policies of a certificate, which may speak of what the CONNECT says.
    Certificate(Box<Presented>),
    /// Those of who signed with a key that is kept here.
    Signer(Arc<Signer>),
}

/// Who signed for a connection, and what has to last for it to stay.
#[derive(Debug)]
pub(crate) struct Signer {
    pub(crate) scope: Arc<Scope>,
    pub(crate) holder: SessionHolder,
    /// The lasting key that it hangs on.
    pub(crate) key: Option<String>,
    pub(crate) source_ip: IpAddr,
}

/// A client certificate as its policies see it.
#[derive(Debug, Clone)]
pub(crate) struct Presented {
    pub(crate) id: CertificateId,
    pub(crate) fields: BTreeMap<String, Vec<String>>,
    /// The name that the client asked TLS for.
    pub(crate) host: Option<String>,
}

impl Principal {
    pub(crate) fn certificate(&self) -> Option<CertificateId> {
        match &self.rights {
            Rights::Certificate(presented) => Some(presented.id),
            Rights::Fixed(_) | Rights::Signer(_) => None,
        }
    }

    pub(crate) fn signer(&self) -> Option<Arc<Signer>> {
        match &self.rights {
            Rights::Signer(signer) => Some(signer.clone()),
            Rights::Fixed(_) | Rights::Certificate(_) => None,
        }
    }
}

impl Signer {
    /// What it may do as things stand. Its key may have been removed since it signed.
    fn access(&self, accounts: &Accounts) -> Result<Access, Refusal> {
        if let Some(key) = self.key.as_deref().filter(|key| accounts.secret_of(key).is_none()) {
            let text = format!(
                "access key {key} was removed, and its connections end with it: make another with `thingstead keys new`"
            );
            return Err(Refusal::new(ReasonCode::NotAuthorized, DisconnectReason::ForbiddenAccess, text));
        }
        Ok(match &self.holder {
            SessionHolder::Role { role, role_id, .. } => {
                role_access(accounts, &self.scope, role, role_id, self.source_ip)
            }
            SessionHolder::Root | SessionHolder::User { .. } => Access::everything(),
        })
    }
}

impl Rights {
    /// What the sender of this CONNECT may do. Its certificate may have been turned off since the handshake.
    pub(crate) fn compile(
        &self,
        registry: &Registry,
        accounts: &Accounts,
        now_s: i64,
        packet: &Connect,
        address: &str,
    ) -> Result<Access, Refusal> {
        let presented = match self {
            Rights::Fixed(access) => return Ok(access.clone()),
            Rights::Signer(signer) => return signer.access(accounts),
            Rights::Certificate(presented) => presented,
        };
        check_certificate(registry, &presented.id, now_s)?;
        let is_kept = match packet.version {
            Version::V5 => packet.session_expiry_s.unwrap_or(0) > 0,
            _ => !packet.clean_start,
        };
        let attributes = [
            is_kept.then_some(ConnectAttribute::PersistentConnect),
            packet.will.is_some().then_some(ConnectAttribute::LastWill),
        ];
        let caller = Caller {
            client_id: Some(packet.client_id.to_string()).filter(|id| !id.is_empty()),
            certificate_fields: presented.fields.clone(),
            source_ip: address.parse::<IpAddr>().ok(),
            domain_name: presented.host.clone(),
            connect_attributes: attributes.into_iter().flatten().collect(),
            last_will_topic: packet.will.as_ref().map(|will| will.topic.to_string()),
            is_mqtt: true,
        };
        Ok(registry.access(&presented.id, &caller))
    }
}

/// Whether a certificate that is connected, or about to be, may be.
fn check_certificate(registry: &Registry, id: &CertificateId, now_s: i64) -> Result<(), Refusal> {
    match registry::verify_presented(id, registry.find_certificate(id), now_s) {
        Ok(_) => Ok(()),
        Err(refusal) => {
            let text = refusal.to_string();
            Err(Refusal::new(ReasonCode::NotAuthorized, DisconnectReason::ForbiddenAccess, text))
        }
    }
}

/// Lets a change of the registry count for the connections that are open: who may no longer be connected is sent
/// away, the others get their new rights. Answers when the hub has decided with them.
pub(crate) async fn take_effect(shared: &Arc<Shared>, affected: Affected) {
    if affected.is_empty() {
        return;
    }
    let mut reviewed = false;
    for id in &affected.certificates {
        for link in shared.links.of_certificate(id) {
            reviewed |= review(shared, &link);
        }
    }
    for (scope, thing) in affected.things {
        let is_there = shared.registry().find_thing(&scope, &thing).is_some();
        if let Some(scope) = shared.scopes.find(&scope) {
            let client = thing.clone();
            shared.desk.post_call(move |hub, plan| hub.thing_changed(scope, &client, is_there, plan));
            shared.desk.submit(Event::Review { scope, client: thing });
            reviewed = true;
        }
    }
    if reviewed && shared.links.len() > 0 {
        // The first round may have found connections to review, the second is behind their new rights.
        shared.desk.tick().await;
        shared.desk.tick().await;
    }
}

/// The same for a change of keys, roles and their policies.
pub(crate) async fn take_effect_on_signers(shared: &Arc<Shared>) {
    rule_roles::refresh(shared);
    let links = shared.links.signed();
    // Every one of them, and then once the hub.
    if links.iter().filter(|link| review(shared, link)).count() > 0 {
        shared.desk.tick().await;
    }
}

/// Works out anew what a connection may do. True: it has new rights, or was sent away.
pub(crate) fn review(shared: &Shared, link: &Arc<Link>) -> bool {
    if let Some(signer) = &link.signer {
        return review_signer(shared, link, signer);
    }
    let Some(id) = link.certificate else { return false };
    let now_s = shared.clock.wall_s();
    // Always before the link's lock.
    let registry = shared.registry();
    if let Err(refusal) = check_certificate(&registry, &id, now_s) {
        drop(registry);
        link.finish(refusal);
        return true;
    }
    let mut out = link.lock();
    let Some(variables) = out.access.variables() else { return false };
    let caller = Caller {
        client_id: variables.client_id.clone(),
        certificate_fields: variables.certificate.clone(),
        source_ip: variables.source_ip,
        domain_name: variables.domain_name.clone(),
        connect_attributes: variables.connect_attributes.clone(),
        last_will_topic: variables.last_will_topic.clone(),
        is_mqtt: true,
    };
    let access = registry.access(&id, &caller);
    drop(registry);
    replace_access(shared, link, &mut out, access);
    true
}

fn review_signer(shared: &Shared, link: &Arc<Link>, signer: &Signer) -> bool {
    // Always before the link's lock.
    let accounts = shared.ledger.read();
    match signer.access(&accounts) {
        Err(refusal) => {
            drop(accounts);
            link.finish(refusal);
        }
        Ok(access) => {
            let mut out = link.lock();
            drop(accounts);
            replace_access(shared, link, &mut out, access);
        }
    }
    true
}

fn replace_access(shared: &Shared, link: &Arc<Link>, out: &mut Out, access: Access) {
    out.access = access.clone();
    out.has_new_access = true;
    if let Some(session) = out.session {
        // With the lock held, so that the hub hears of two changes in the order in which the link got them.
        shared.desk.submit(Event::Access { link: link.clone(), session, access });
    }
}

#[cfg(test)]
mod tests {
    use registry::{Authority, CertificateStatus, KeyChoice, Scope};

    use super::*;

    #[test]
    fn a_certificate_that_was_turned_off_since_the_handshake_may_not_connect() {
        let scope = Scope::default();
        let authority = Authority::create(0).expect("a CA");
        let issued = authority.issue_device(KeyChoice::P256, 0).expect("a certificate");
        let mut registry = Registry::default();
        let rights =
            Rights::Certificate(Box::new(Presented { id: issued.id, fields: BTreeMap::new(), host: None }));
        let connect = Connect::new(Version::V311, "pump-1");
        let unknown = rights.compile(&registry, &Accounts::default(), 1, &connect, "127.0.0.1");
        assert!(unknown.expect_err("unknown").text.contains("is not registered"));
        for (status, connects) in [(CertificateStatus::Active, true), (CertificateStatus::Inactive, false)] {
            let mut draft = registry.draft();
            if draft.find_certificate(&issued.id).is_none() {
                draft.register_certificate(&scope, &issued.cert_pem, status, 0).expect("registered");
            }
            draft.set_status(&scope, &issued.id, status, 0).expect("set");
            let change = draft.finish();
            let _ = registry.apply(change);
            let compiled = rights.compile(&registry, &Accounts::default(), 1, &connect, "127.0.0.1");
            assert_eq!(compiled.is_ok(), connects, "{status:?}");
        }
    }
}
