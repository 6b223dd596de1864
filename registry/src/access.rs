//! A certificate and its connection in, what it may do out: its policies, its groups' policies and its variables.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use policy::{Access, ConnectAttribute, NamedDocument, Variables};

use crate::{CertificateId, CertificateRecord, Policy, Registry, Scope, Target, Thing};

/// What a connection or a request says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Caller {
    pub client_id: Option<String>,
    /// See [`crate::certificate_fields`].
    pub certificate_fields: BTreeMap<String, Vec<String>>,
    pub source_ip: Option<IpAddr>,
    /// The server name that the client asked for.
    pub domain_name: Option<String>,
    pub connect_attributes: Vec<ConnectAttribute>,
    pub last_will_topic: Option<String>,
    /// MQTT or MQTT over WebSocket; only there do policies know the thing.
    pub is_mqtt: bool,
}

/// A policy that counts for a principal, in its default version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectivePolicy {
    pub name: Arc<str>,
    pub version: u32,
    pub document: Arc<str>,
}

impl Registry {
    /// What the certificate may do on this connection. A certificate that is unknown may do nothing.
    #[must_use]
    pub fn access(&self, id: &CertificateId, caller: &Caller) -> Access {
        Access::compile(&self.documents_of(id, caller), self.variables_of(id, caller))
    }

    /// The policies that count on this connection: the certificate's, then those of the thing's groups.
    #[must_use]
    pub fn documents_of(&self, id: &CertificateId, caller: &Caller) -> Vec<NamedDocument> {
        let Some(record) = self.find_certificate(id) else { return Vec::new() };
        let thing = self.thing_for_groups(record, caller.client_id.as_deref());
        let policies = self.policies_of(&record.scope, &record.policies, thing);
        policies.into_iter().filter_map(|policy| policy.parsed.as_deref().cloned()).collect()
    }

    /// What policies can speak of on this connection.
    #[must_use]
    pub fn variables_of(&self, id: &CertificateId, caller: &Caller) -> Variables {
        let mut variables = Variables {
            principal: format!("certificate {id}"),
            client_id: caller.client_id.clone(),
            certificate: caller.certificate_fields.clone(),
            source_ip: caller.source_ip,
            domain_name: caller.domain_name.clone(),
            connect_attributes: caller.connect_attributes.clone(),
            last_will_topic: caller.last_will_topic.clone(),
            ..Variables::default()
        };
        let Some(record) = self.find_certificate(id) else { return variables };
        record.scope.account().clone_into(&mut variables.account);
        record.scope.region().clone_into(&mut variables.region);
        if !caller.is_mqtt {
            return variables;
        }
        let name = record.exclusive_thing().map(|name| &**name).or(caller.client_id.as_deref());
        if let Some(thing) = name.and_then(|name| self.find_thing(&record.scope, name)) {
            variables.thing_name = Some(thing.name.to_string());
            variables.thing_type = thing.thing_type.as_ref().map(ToString::to_string);
            variables.thing_attributes = thing.attributes.to_map();
            variables.thing_is_attached = Some(record.things.contains(&thing.name));
        }
        variables
    }

    /// The policies attached to a target, with those of the groups above a group, and those of the thing's groups.
    #[must_use]
    pub fn effective_policies(
        &self,
        scope: &Scope,
        target: Option<&Target>,
        thing: Option<&str>,
    ) -> Vec<EffectivePolicy> {
        let own = target.map(|target| self.attached_to(scope, target, true)).unwrap_or_default();
        let thing = thing.and_then(|name| self.find_thing(scope, name));
        let policies = self.policies_of(scope, &own, thing);
        let effective = |policy: &Policy| {
            let version = policy.version(policy.default_version)?;
            let (name, document) = (policy.name.clone(), version.document.clone());
            Some(EffectivePolicy { name, version: version.id, document })
        };
        policies.into_iter().filter_map(effective).collect()
    }

    /// The thing whose groups' policies count: the exclusive one, else the one named like the client if it is attached.
    fn thing_for_groups(&self, record: &CertificateRecord, client_id: Option<&str>) -> Option<&Thing> {
        let attached = || client_id.filter(|client| record.things.contains(client));
        let name = record.exclusive_thing().map(|name| &**name).or_else(attached)?;
        self.find_thing(&record.scope, name)
    }

    /// Each policy once.
    fn policies_of(&self, scope: &Scope, own: &[Arc<str>], thing: Option<&Thing>) -> Vec<&Policy> {
        let view = self.view(scope);
        let groups = thing.into_iter().flat_map(|thing| &thing.groups);
        let groups = groups.flat_map(|group| view.lineage(group)).flat_map(|group| &group.policies);
        let mut seen = BTreeSet::new();
        let names = own.iter().chain(groups).filter(|name| seen.insert(&***name));
        names.filter_map(|name| self.find_policy(scope, name)).collect()
    }
}
