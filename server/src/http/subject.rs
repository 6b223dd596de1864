//! A device's name in, what is known of it out: its certificate, its client id, its rights and what it did. Changes
//! nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker::ScopeId;
use policy::{Access, Action, Ask, Resource};
use registry::{Caller, CertificateId, CertificateStatus};

use super::Api;
use super::devices::unknown;
use super::refusal::Refused;
use crate::activity::Record;
use crate::certificates;
use crate::shared::Shared;

/// Connections get so long to say what they have counted.
const PATIENCE: Duration = Duration::from_millis(40);

/// Whom a question is about.
pub(super) struct Subject {
    pub(super) device: String,
    /// There is a thing of this name.
    pub(super) is_thing: bool,
    /// Certificates that are attached to the thing.
    pub(super) attached: Vec<CertificateId>,
    /// The one that was used last, else one that is active, else any.
    pub(super) certificate: Option<CertificateId>,
    /// The client id it used last, else its name.
    pub(super) client: Arc<str>,
    /// What clients of its name or with one of its certificates did; the one heard last comes first.
    pub(super) records: Vec<(Arc<str>, Record)>,
    pub(super) scope: ScopeId,
    /// What policies can say of the certificate.
    pub(super) fields: BTreeMap<String, Vec<String>>,
}

impl Subject {
    /// As things are now: its connections are asked first for what they have counted.
    pub(super) async fn find(api: &Api, device: &str) -> Result<Subject, Refused> {
        let attached = attached(api, device);
        if ask_connections(&api.shared, device, &attached) {
            tokio::time::sleep(PATIENCE).await;
        }
        let scope = api.shared.scopes.find(&api.scope).unwrap_or_default();
        let mut subject = Subject::of(api, scope, device, attached);
        if let Some(id) = subject.certificate {
            subject.fields = fields(&api.shared, id).await;
        }
        match subject.is_thing || !subject.records.is_empty() {
            true => Ok(subject),
            false => Err(unknown(device)),
        }
    }

    fn of(api: &Api, scope: ScopeId, device: &str, attached: Vec<CertificateId>) -> Subject {
        let mut records: Vec<(Arc<str>, Record)> = Vec::new();
        let ids: Vec<String> = attached.iter().map(ToString::to_string).collect();
        api.shared.activity.clients.each(scope, |client, record| {
            let theirs = record.certificate.as_ref().is_some_and(|id| ids.contains(id));
            if theirs || **client == *device {
                records.push((client.clone(), record.clone()));
            }
        });
        records.sort_by_key(|(_, record)| std::cmp::Reverse(record.heard_ms));
        let registry = api.shared.registry();
        let used =
            records.iter().find_map(|(_, record)| CertificateId::parse(record.certificate.as_deref()?).ok());
        let is_active = |id: &&CertificateId| {
            registry.find_certificate(id).is_some_and(|record| record.status == CertificateStatus::Active)
        };
        let used = used.filter(|id| attached.is_empty() || attached.contains(id));
        let certificate = used.or_else(|| attached.iter().find(is_active).or(attached.first()).copied());
        let is_thing = registry.find_thing(&api.scope, device).is_some();
        drop(registry);
        let named = certificate.map(|id| id.to_string());
        let by_it = records.iter().find(|(_, record)| named.is_some() && record.certificate == named);
        let client = by_it.map_or_else(|| device.into(), |(client, _)| client.clone());
        Subject {
            device: device.to_owned(),
            is_thing,
            attached,
            certificate,
            client,
            records,
            scope,
            fields: BTreeMap::new(),
        }
    }

    /// The record of the client that was heard last.
    pub(super) fn latest(&self) -> Option<&Record> {
        self.records.first().map(|(_, record)| record)
    }

    /// What the device may do with its client id.
    pub(super) fn access(&self, shared: &Shared) -> Access {
        self.access_as(shared, &self.client)
    }

    /// What its certificate may do under a client id: as the open connection has it, else by the registry.
    pub(super) fn access_as(&self, shared: &Shared, client: &str) -> Access {
        let Some(id) = self.certificate else { return Access::compile(&[], policy::Variables::default()) };
        let open = shared.links.of_certificate(&id).into_iter().find_map(|link| {
            let out = link.lock();
            (&*out.client == client).then(|| out.access.clone())
        });
        open.unwrap_or_else(|| {
            let client_id = Some(client.to_owned());
            let certificate_fields = self.fields.clone();
            let caller = Caller { client_id, certificate_fields, is_mqtt: true, ..Caller::default() };
            shared.registry().access(&id, &caller)
        })
    }
}

fn attached(api: &Api, device: &str) -> Vec<CertificateId> {
    api.shared.registry().principals_of(&api.scope, device).collect()
}

/// From the disk; none of a certificate that cannot be read.
async fn fields(shared: &Arc<Shared>, id: CertificateId) -> BTreeMap<String, Vec<String>> {
    certificates::fields(shared, id).await.unwrap_or_else(|why| {
        tracing::warn!(why, certificate = %id, "judged without its fields");
        BTreeMap::new()
    })
}

/// False: it has no connection.
fn ask_connections(shared: &Shared, device: &str, certificates: &[CertificateId]) -> bool {
    let mut asked = false;
    for id in certificates {
        for link in shared.links.of_certificate(id) {
            link.ask();
            asked = true;
        }
    }
    for link in shared.links.all() {
        if *link.lock().client == *device {
            link.ask();
            asked = true;
        }
    }
    asked
}

/// An ask as people write it: `publish`, `a/b`, or a whole ARN.
pub(super) fn ask<'a>(action: &str, resource: &'a str, now_ms: u64) -> Result<Ask<'a>, Refused> {
    let known = |known: &&Action| known.names().iter().any(|name| is_called(name, action));
    let action = Action::ALL.iter().find(known).copied().ok_or_else(|| {
        Refused::invalid(format!(
            "{action:?} is no action of a policy: write one like publish, subscribe, receive, connect or iot:GetThingShadow"
        ))
    })?;
    let resource =
        if resource.starts_with("arn:") { Resource::Arn(resource) } else { kind_of(action, resource) };
    Ok(Ask { now_ms: Some(now_ms), ..Ask::new(action, resource) })
}

fn is_called(name: &str, written: &str) -> bool {
    name.eq_ignore_ascii_case(written)
        || name.split_once(':').is_some_and(|(_, short)| short.eq_ignore_ascii_case(written))
}

fn kind_of(action: Action, name: &str) -> Resource<'_> {
    match action {
        Action::Publish | Action::RetainPublish | Action::Receive | Action::GetRetainedMessage => {
            Resource::Topic(name)
        }
        Action::Subscribe => Resource::TopicFilter(name),
        Action::Connect
        | Action::GetConnection
        | Action::DeleteConnection
        | Action::ListSubscriptions
        | Action::SendDirectMessage => Resource::Client(name),
        Action::GetThingShadow | Action::UpdateThingShadow | Action::DeleteThingShadow => {
            match name.split_once('/') {
                Some((thing, name)) => Resource::Shadow { thing, name },
                None => Resource::Thing(name),
            }
        }
        Action::ListNamedShadowsForThing
        | Action::DescribeJobExecution
        | Action::GetPendingJobExecutions
        | Action::StartNextPendingJobExecution
        | Action::UpdateJobExecution => Resource::Thing(name),
        Action::ListRetainedMessages => Resource::Any,
        Action::AssumeRoleWithCertificate => Resource::RoleAlias(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_and_resources_are_read_as_people_write_them() {
        for (action, resource, read) in [
            ("publish", "a/b", "iot:Publish on topic/a/b"),
            ("iot:Publish", "a/b", "iot:Publish on topic/a/b"),
            ("SUBSCRIBE", "a/#", "iot:Subscribe on topicfilter/a/#"),
            ("connect", "pump-1", "iot:Connect on client/pump-1"),
            ("UpdateThingShadow", "pump-1/config", "iot:UpdateThingShadow on thing/pump-1/config"),
            ("ListRetainedMessages", "x", "iot:ListRetainedMessages on *"),
            ("receive", "arn:aws:iot:us-east-1:1:topic/a", "iot:Receive on arn:aws:iot:us-east-1:1:topic/a"),
            ("iotjobsdata:UpdateJobExecution", "t", "iotjobsdata:UpdateJobExecution on thing/t"),
        ] {
            assert_eq!(ask(action, resource, 0).expect(action).to_string(), read);
        }
        assert!(ask("fly", "a", 0).is_err());
    }
}
