//! Asks about what a principal may do in, the policies that count for it and their decision out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ::aws::Fault;
use ::aws::iot::policies::{
    ActionType, Allowed, AuthDecision, AuthInfo, AuthResult, Denied, EffectivePolicy, ExplicitDeny,
    GetEffectivePolicies, GetEffectivePoliciesOutput, ImplicitDeny, PolicySummary, TestAuthorization,
    TestAuthorizationOutput,
};
use policy::{Access, Action, Ask, Document, NamedDocument, Resource, Variables};
use registry::{Caller, CertificateId, Policy, Registry, RegistryError, Target};

use super::Plane;
use super::policies::{known, must_exist, target};
use crate::certificates;

/// Asks of one call, as with AWS.
const ASKS: usize = 10;

pub(super) fn effective(
    plane: &Plane<'_>,
    call: GetEffectivePolicies,
) -> Result<GetEffectivePoliciesOutput, Fault> {
    no_pool(call.cognito_identity_pool_id.as_ref())?;
    if call.principal.is_none() && call.thing_name.is_none() {
        return Err(Fault::invalid_request("whose policies are meant: give principal, thingName, or both"));
    }
    let target = call.principal.map(|principal| target(plane, &principal)).transpose()?;
    let registry = plane.registry();
    if let Some(target) = &target {
        must_exist(plane, &registry, target)?;
    }
    if let Some(name) = &call.thing_name
        && registry.find_thing(plane.scope, name).is_none()
    {
        return Err(plane.fault(&RegistryError::UnknownThing(name.clone())));
    }
    let found = registry.effective_policies(plane.scope, target.as_ref(), call.thing_name.as_deref());
    let shown = |policy: registry::EffectivePolicy| EffectivePolicy {
        policy_name: policy.name.to_string(),
        policy_arn: plane.arn("policy", &policy.name),
        policy_document: policy.document.to_string(),
    };
    Ok(GetEffectivePoliciesOutput { effective_policies: found.into_iter().map(shown).collect() })
}

pub(super) async fn test(
    plane: &Plane<'_>,
    call: TestAuthorization,
) -> Result<TestAuthorizationOutput, Fault> {
    no_pool(call.cognito_identity_pool_id.as_ref())?;
    if call.auth_infos.is_empty() || call.auth_infos.len() > ASKS {
        return Err(Fault::invalid_request(format!("authInfos holds 1 to {ASKS} asks: split the call")));
    }
    let added = call.policy_names_to_add.unwrap_or_default();
    let skipped = call.policy_names_to_skip.unwrap_or_default();
    if call.principal.is_none() && added.is_empty() {
        return Err(Fault::invalid_request("what is tested: give principal, policyNamesToAdd, or both"));
    }
    let target = call.principal.map(|principal| target(plane, &principal)).transpose()?;
    let mut caller = Caller { client_id: call.client_id, is_mqtt: true, ..Caller::default() };
    let documents = {
        let registry = plane.registry();
        let mut documents = match &target {
            Some(target) => documents_of(plane, &registry, target, &caller)?,
            None => Vec::new(),
        };
        documents.retain(|named| !skipped.iter().any(|name| **name == *named.name));
        for name in &added {
            if !documents.iter().any(|named| *named.name == **name) {
                documents.push(document(known(plane, &registry, name)?)?);
            }
        }
        documents
    };
    let id = match &target {
        Some(Target::Certificate(id)) => {
            if speak_of_certificates(plane, &documents) {
                caller.certificate_fields = fields(plane, *id).await?;
            }
            *id
        }
        // Of no certificate, so that nothing but the caller is known.
        _ => CertificateId::from_der(b""),
    };
    let variables = plane.registry().variables_of(&id, &caller);
    let test = Test { plane, names: names_of(&documents), access: access(plane, &documents, variables) };
    let results = call.auth_infos.into_iter().map(|info| test.result(info));
    Ok(TestAuthorizationOutput { auth_results: results.collect::<Result<_, _>>()? })
}

fn access(plane: &Plane<'_>, documents: &[NamedDocument], variables: Variables) -> Access {
    let account = plane.scope.account().to_owned();
    let region = plane.scope.region().to_owned();
    Access::compile(documents, Variables { account, region, ..variables })
}

fn names_of(documents: &[NamedDocument]) -> BTreeSet<Arc<str>> {
    documents.iter().map(|named| named.name.clone()).collect()
}

/// Only then is the certificate read from the disk.
fn speak_of_certificates(plane: &Plane<'_>, documents: &[NamedDocument]) -> bool {
    let registry = plane.registry();
    let mut policies = documents.iter().filter_map(|named| registry.find_policy(plane.scope, &named.name));
    policies.any(|policy| policy.document().contains("iot:Certificate"))
}

/// What policies can say of a certificate that is registered.
async fn fields(plane: &Plane<'_>, id: CertificateId) -> Result<BTreeMap<String, Vec<String>>, Fault> {
    certificates::fields(&plane.api.shared, id).await.map_err(Fault::internal_failure)
}

fn documents_of(
    plane: &Plane<'_>,
    registry: &Registry,
    target: &Target,
    caller: &Caller,
) -> Result<Vec<NamedDocument>, Fault> {
    must_exist(plane, registry, target)?;
    if let Target::Certificate(id) = target {
        return Ok(registry.documents_of(id, caller));
    }
    let effective = registry.effective_policies(plane.scope, Some(target), None);
    effective.iter().map(|policy| document(known(plane, registry, &policy.name)?)).collect()
}

fn document(policy: &Policy) -> Result<NamedDocument, Fault> {
    let parsed =
        Document::parse(policy.document()).map_err(|error| Fault::internal_failure(error.to_string()))?;
    Ok(NamedDocument::new(policy.name.clone(), policy.default_version, parsed))
}

/// What is tested.
struct Test<'a> {
    plane: &'a Plane<'a>,
    names: BTreeSet<Arc<str>>,
    access: Access,
}

impl Test<'_> {
    /// Several resources are one ask: all of them have to be allowed.
    fn result(&self, info: AuthInfo) -> Result<AuthResult, Fault> {
        let Some(kind) = info.action_type else {
            let text = "an ask needs actionType: give PUBLISH, SUBSCRIBE, RECEIVE or CONNECT";
            return Err(Fault::invalid_request(text));
        };
        if info.resources.is_empty() {
            return Err(Fault::invalid_request("an ask needs resources: give at least one ARN, or *"));
        }
        let (mut allowing, mut denying, mut missing) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut is_allowed = true;
        for resource in &info.resources {
            let verdict = self.access.evaluate(&self.ask(kind, resource));
            is_allowed &= verdict.allowed;
            missing.extend(verdict.missing_variables().map(str::to_owned));
            allowing.extend(verdict.allowing);
            denying.extend(verdict.denying);
        }
        let decision = match (denying.is_empty(), is_allowed) {
            (false, _) => AuthDecision::ExplicitDeny,
            (true, true) => AuthDecision::Allowed,
            (true, false) => AuthDecision::ImplicitDeny,
        };
        let silent =
            self.names.iter().filter(|name| !allowing.contains(&***name) && !denying.contains(&***name));
        let silent: Vec<&str> = silent.map(|name| &**name).collect();
        Ok(AuthResult {
            auth_info: info,
            allowed: Some(Allowed { policies: self.summaries(allowing.iter().map(String::as_str)) }),
            denied: Some(Denied {
                implicit_deny: Some(ImplicitDeny { policies: self.summaries(silent.into_iter()) }),
                explicit_deny: Some(ExplicitDeny {
                    policies: self.summaries(denying.iter().map(String::as_str)),
                }),
            }),
            auth_decision: Some(decision),
            missing_context_values: missing.into_iter().collect(),
        })
    }

    fn ask<'a>(&self, kind: ActionType, resource: &'a str) -> Ask<'a> {
        let action = match kind {
            ActionType::Publish => Action::Publish,
            ActionType::Subscribe => Action::Subscribe,
            ActionType::Receive => Action::Receive,
            ActionType::Connect => Action::Connect,
        };
        let resource = if resource == "*" { Resource::Any } else { Resource::Arn(resource) };
        Ask { now_ms: Some(self.plane.now_ms), ..Ask::new(action, resource) }
    }

    fn summaries<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<PolicySummary> {
        names
            .map(|name| PolicySummary {
                policy_name: name.to_owned(),
                policy_arn: self.plane.arn("policy", name),
            })
            .collect()
    }
}

fn no_pool(pool: Option<&String>) -> Result<(), Fault> {
    match pool {
        Some(_) => Err(Fault::not_implemented(
            "identity pools of Amazon Cognito are not served by Thingstead: leave cognitoIdentityPoolId out",
        )),
        None => Ok(()),
    }
}
