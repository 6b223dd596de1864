//! Calls of the control plane in, their outcomes out: the registry as AWS's clients see it. Decides nothing that the
//! registry can decide.

mod authorities;
mod authorization;
mod certificates;
mod destinations;
mod faults;
mod groups;
mod pages;
mod policies;
mod principals;
mod rules;
mod settings;
mod thing_types;
mod things;

use std::sync::{Arc, RwLockReadGuard};

use ::aws::iot::tags::Tag;
use ::aws::iot::{
    Call, authorities as asked_of_authorities, certificates as asked_of_certificates,
    destinations as asked_of_destinations, endpoint, events, groups as asked_of_groups,
    policies as asked_of_policies, principals as asked_of_principals, rules as asked_of_rules, tags,
    thing_types as asked_of_types, things as asked_of_things,
};
use ::aws::value::Seconds;
use ::aws::{Fault, reply};
use axum::http::Response;
use registry::{CertificateId, Draft, Registry, RegistryError, Scope, Tags};

pub use rules::definition_of;

use super::credentials::Caller;
use crate::http::Api;

/// Who answers which call, and with which input and errors.
macro_rules! calls {
    (changes { $($change:ident $change_of:ident $changer:ident $make:ident;)* }
     reads { $($read:ident $read_of:ident $reader:ident $look:ident;)* }) => {
        pub(super) async fn answer(
            api: &Arc<Api>,
            caller: &Caller,
            call: Call,
            request_id: &str,
        ) -> Result<Response<Vec<u8>>, Fault> {
            let plane = Plane::new(api, caller);
            match call {
                $(Call::$change(call) => {
                    let answered = $changer::$make(&plane, call).await;
                    let output = answered.map_err(faults::known_to::<$change_of::$change>)?;
                    Ok(reply(&output, request_id))
                })*
                $(Call::$read(call) => {
                    let answered = $reader::$look(&plane, call);
                    let output = answered.map_err(faults::known_to::<$read_of::$read>)?;
                    Ok(reply(&output, request_id))
                })*
            }
        }
    };
}

calls! {
    changes {
        CreateThing asked_of_things things create;
        UpdateThing asked_of_things things update;
        DeleteThing asked_of_things things delete;
        GetThingConnectivityData asked_of_things things connectivity;
        AttachThingPrincipal asked_of_principals principals attach;
        DetachThingPrincipal asked_of_principals principals detach;
        CreateThingType asked_of_types thing_types create;
        UpdateThingType asked_of_types thing_types update;
        DeprecateThingType asked_of_types thing_types deprecate;
        DeleteThingType asked_of_types thing_types delete;
        CreateThingGroup asked_of_groups groups create;
        UpdateThingGroup asked_of_groups groups update;
        DeleteThingGroup asked_of_groups groups delete;
        AddThingToThingGroup asked_of_groups groups add;
        RemoveThingFromThingGroup asked_of_groups groups remove;
        UpdateThingGroupsForThing asked_of_groups groups update_for_thing;
        CreateKeysAndCertificate asked_of_certificates certificates create_with_keys;
        CreateCertificateFromCsr asked_of_certificates certificates create_from_request;
        RegisterCertificate asked_of_certificates certificates register;
        RegisterCertificateWithoutCA asked_of_certificates certificates register_without_ca;
        DescribeCertificate asked_of_certificates certificates describe;
        UpdateCertificate asked_of_certificates certificates update;
        DeleteCertificate asked_of_certificates certificates delete;
        RegisterCACertificate asked_of_authorities authorities register;
        UpdateCACertificate asked_of_authorities authorities update;
        DeleteCACertificate asked_of_authorities authorities delete;
        GetRegistrationCode asked_of_authorities authorities registration_code;
        DeleteRegistrationCode asked_of_authorities authorities delete_registration_code;
        CreatePolicy asked_of_policies policies create;
        DeletePolicy asked_of_policies policies delete;
        CreatePolicyVersion asked_of_policies policies create_version;
        DeletePolicyVersion asked_of_policies policies delete_version;
        SetDefaultPolicyVersion asked_of_policies policies set_default_version;
        AttachPolicy asked_of_policies policies attach;
        DetachPolicy asked_of_policies policies detach;
        AttachPrincipalPolicy asked_of_policies policies attach_to_principal;
        DetachPrincipalPolicy asked_of_policies policies detach_from_principal;
        TestAuthorization asked_of_policies authorization test;
        CreateTopicRule asked_of_rules rules create;
        ReplaceTopicRule asked_of_rules rules replace;
        EnableTopicRule asked_of_rules rules enable;
        DisableTopicRule asked_of_rules rules disable;
        DeleteTopicRule asked_of_rules rules delete;
        GetTopicRule asked_of_rules rules get;
        ListTopicRules asked_of_rules rules list;
        CreateTopicRuleDestination asked_of_destinations destinations create;
        UpdateTopicRuleDestination asked_of_destinations destinations update;
        DeleteTopicRuleDestination asked_of_destinations destinations delete;
        ConfirmTopicRuleDestination asked_of_destinations destinations confirm;
        GetTopicRuleDestination asked_of_destinations destinations get;
        ListTopicRuleDestinations asked_of_destinations destinations list;
        UpdateEventConfigurations events settings update_events;
        TagResource tags settings tag;
        UntagResource tags settings untag;
        ListTagsForResource tags settings list_tags;
    }
    reads {
        DescribeThing asked_of_things things describe;
        ListThings asked_of_things things list;
        ListThingPrincipals asked_of_principals principals of_thing;
        ListThingPrincipalsV2 asked_of_principals principals of_thing_with_kinds;
        ListPrincipalThings asked_of_principals principals things_of;
        ListPrincipalThingsV2 asked_of_principals principals things_of_with_kinds;
        DescribeThingType asked_of_types thing_types describe;
        ListThingTypes asked_of_types thing_types list;
        DescribeThingGroup asked_of_groups groups describe;
        ListThingGroups asked_of_groups groups list;
        ListThingGroupsForThing asked_of_groups groups list_of_thing;
        ListThingsInThingGroup asked_of_groups groups list_things;
        ListCertificates asked_of_certificates certificates list;
        ListCertificatesByCA asked_of_certificates certificates list_of_ca;
        DescribeCACertificate asked_of_authorities authorities describe;
        ListCACertificates asked_of_authorities authorities list;
        GetPolicy asked_of_policies policies get;
        ListPolicies asked_of_policies policies list;
        GetPolicyVersion asked_of_policies policies get_version;
        ListPolicyVersions asked_of_policies policies list_versions;
        ListAttachedPolicies asked_of_policies policies list_attached;
        ListTargetsForPolicy asked_of_policies policies list_targets;
        ListPrincipalPolicies asked_of_policies policies list_of_principal;
        ListPolicyPrincipals asked_of_policies policies list_principals;
        GetEffectivePolicies asked_of_policies authorization effective;
        DescribeEndpoint endpoint settings describe_endpoint;
        DescribeEventConfigurations events settings describe_events;
    }
}

/// One call's surroundings.
struct Plane<'a> {
    api: &'a Arc<Api>,
    caller: &'a Caller,
    scope: &'a Arc<Scope>,
    now_ms: u64,
}

impl<'a> Plane<'a> {
    fn new(api: &'a Arc<Api>, caller: &'a Caller) -> Self {
        Self { api, caller, scope: &caller.scope, now_ms: api.shared.clock.wall_ms() }
    }

    fn registry(&self) -> RwLockReadGuard<'a, Registry> {
        self.api.shared.registry()
    }

    /// Decides a wish as a whole, and answers when it is on disk and in effect.
    async fn change<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&mut Draft<'_>, &Scope) -> Result<T, RegistryError> + Send + 'static,
    ) -> Result<T, Fault> {
        self.caller.scope_id(self.api)?;
        let scope = self.scope.clone();
        let wish = move |draft: &mut Draft<'_>| draft.attempt(|draft| decide(draft, &scope));
        let decided = self.api.shared.registrar.change(wish).await;
        let decided = decided.map_err(|unavailable| Fault::service_unavailable(unavailable.0))?;
        decided.map_err(|error| self.fault(&error))
    }

    fn fault(&self, error: &RegistryError) -> Fault {
        faults::of(self.scope, error)
    }

    fn arn(&self, kind: &str, name: &str) -> String {
        self.scope.arn(&format!("{kind}/{name}"))
    }

    fn certificate_arn(&self, id: &CertificateId) -> String {
        self.scope.arn(&format!("cert/{id}"))
    }

    fn now_s(&self) -> i64 {
        i64::try_from(self.now_ms / 1000).unwrap_or(i64::MAX)
    }
}

/// The bytes that become an id.
fn random() -> [u8; 16] {
    uuid::Uuid::new_v4().into_bytes()
}

fn date(ms: u64) -> Seconds {
    Seconds::from_ms(i64::try_from(ms).unwrap_or(i64::MAX))
}

fn certificate_id(text: &str) -> Result<CertificateId, Fault> {
    CertificateId::parse(text).map_err(|error| Fault::invalid_request(error.to_string()))
}

/// A version that no resource can have stands for one that is negative.
fn expected(version: Option<i64>) -> Option<u64> {
    version.map(|version| u64::try_from(version).unwrap_or(u64::MAX))
}

fn version(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn tags_of(tags: Option<Vec<Tag>>) -> Result<Tags, Fault> {
    let mut found = Tags::new();
    for Tag { key, value } in tags.unwrap_or_default() {
        if let Some(twice) = found.insert(key.clone(), value.unwrap_or_default()).map(|_| key) {
            return Err(Fault::invalid_request(format!("tag \"{twice}\" is given twice: leave one out")));
        }
    }
    Ok(found)
}
