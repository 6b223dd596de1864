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
use registry::{Affected, Caller, CertificateId};

use crate::link::Link;
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
            Rights::Fixed(_) => None,
        }
    }
}

impl Rights {
    /// What the sender of this CONNECT may do.
    pub(crate) fn compile(&self, shared: &Shared, packet: &Connect, address: &str) -> Access {
        let presented = match self {
            Rights::Fixed(access) => return access.clone(),
            Rights::Certificate(presented) => presented,
        };
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
        shared.registry().access(&presented.id, &caller)
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
        if let Some(scope) = shared.scopes.find(&scope) {
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

/// Works out anew what a connection may do. True: it has new rights, or was sent away.
pub(crate) fn review(shared: &Shared, link: &Arc<Link>) -> bool {
    let Some(id) = link.certificate else { return false };
    let now_s = i64::try_from(shared.clock.wall_ms() / 1000).unwrap_or(i64::MAX);
    let registry = shared.registry();
    if let Err(refusal) = registry::verify_presented(&id, registry.find_certificate(&id), now_s) {
        drop(registry);
        let text = refusal.to_string();
        link.finish(Refusal::new(ReasonCode::NotAuthorized, DisconnectReason::ForbiddenAccess, text));
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
    out.access = access.clone();
    out.has_new_access = true;
    if let Some(session) = out.session {
        drop(out);
        shared.desk.submit(Event::Access { link: link.clone(), session, access });
    }
    true
}
