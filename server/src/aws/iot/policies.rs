//! Calls about policies, their versions and what they are attached to in, their outcomes out.

use ::aws::Fault;
use ::aws::iot::policies::{
    AttachPolicy, AttachPolicyOutput, AttachPrincipalPolicy, AttachPrincipalPolicyOutput, CreatePolicy,
    CreatePolicyOutput, CreatePolicyVersion, CreatePolicyVersionOutput, DeletePolicy, DeletePolicyOutput,
    DeletePolicyVersion, DeletePolicyVersionOutput, DetachPolicy, DetachPolicyOutput, DetachPrincipalPolicy,
    DetachPrincipalPolicyOutput, GetPolicy, GetPolicyOutput, GetPolicyVersion, GetPolicyVersionOutput,
    ListAttachedPolicies, ListAttachedPoliciesOutput, ListPolicies, ListPoliciesOutput, ListPolicyPrincipals,
    ListPolicyPrincipalsOutput, ListPolicyVersions, ListPolicyVersionsOutput, ListPrincipalPolicies,
    ListPrincipalPoliciesOutput, ListTargetsForPolicy, ListTargetsForPolicyOutput, PolicySummary,
    PolicyVersion, SetDefaultPolicyVersion, SetDefaultPolicyVersionOutput,
};
use registry::{Order, Policy, Registry, RegistryError, Target};

use super::pages::{Page, order, place};
use super::{Plane, date, tags_of};

pub(super) async fn create(plane: &Plane<'_>, call: CreatePolicy) -> Result<CreatePolicyOutput, Fault> {
    let CreatePolicy { policy_name, policy_document, tags } = call;
    let (tags, now_ms) = (tags_of(tags)?, plane.now_ms);
    let (name, document) = (policy_name.clone(), policy_document.clone());
    plane
        .change(move |draft, scope| draft.create_policy(scope, &name, &document, tags, now_ms).map(|_| ()))
        .await?;
    let policy_arn = plane.arn("policy", &policy_name);
    Ok(CreatePolicyOutput { policy_name, policy_arn, policy_document, policy_version_id: "1".to_owned() })
}

pub(super) fn get(plane: &Plane<'_>, call: GetPolicy) -> Result<GetPolicyOutput, Fault> {
    let registry = plane.registry();
    let policy = known(plane, &registry, &call.policy_name)?;
    Ok(GetPolicyOutput {
        policy_name: policy.name.to_string(),
        policy_arn: plane.arn("policy", &policy.name),
        policy_document: policy.document().to_owned(),
        default_version_id: policy.default_version.to_string(),
        creation_date: date(policy.created_ms),
        last_modified_date: date(policy.modified_ms),
        generation_id: None,
    })
}

pub(super) async fn delete(plane: &Plane<'_>, call: DeletePolicy) -> Result<DeletePolicyOutput, Fault> {
    plane.change(move |draft, scope| draft.delete_policy(scope, &call.policy_name)).await?;
    Ok(DeletePolicyOutput {})
}

pub(super) fn list(plane: &Plane<'_>, call: ListPolicies) -> Result<ListPoliciesOutput, Fault> {
    let page = Page::new(call.marker.as_deref(), call.page_size)?;
    let registry = plane.registry();
    let found = registry.policies(plane.scope, page.after_time()?, order(call.ascending_order));
    let (policies, next_marker) =
        page.cut(found.map(|policy| (place(policy.created_ms, &policy.name), summary(plane, &policy.name))));
    Ok(ListPoliciesOutput { policies, next_marker })
}

pub(super) async fn create_version(
    plane: &Plane<'_>,
    call: CreatePolicyVersion,
) -> Result<CreatePolicyVersionOutput, Fault> {
    let CreatePolicyVersion { policy_name, policy_document, set_as_default } = call;
    let policy_arn = plane.arn("policy", &policy_name);
    let (document, now_ms) = (policy_document.clone(), plane.now_ms);
    let is_default_version = set_as_default.unwrap_or(false);
    let version = plane.change(move |draft, scope| {
        draft.create_policy_version(scope, &policy_name, &document, is_default_version, now_ms)
    });
    let policy_version_id = version.await?.to_string();
    Ok(CreatePolicyVersionOutput { policy_arn, policy_document, policy_version_id, is_default_version })
}

pub(super) fn get_version(
    plane: &Plane<'_>,
    call: GetPolicyVersion,
) -> Result<GetPolicyVersionOutput, Fault> {
    let registry = plane.registry();
    let policy = known(plane, &registry, &call.policy_name)?;
    let id = version_id(&call.policy_version_id)?;
    let version = policy.version(id).ok_or_else(|| {
        plane.fault(&RegistryError::UnknownPolicyVersion { name: policy.name.to_string(), version: id })
    })?;
    Ok(GetPolicyVersionOutput {
        policy_arn: plane.arn("policy", &policy.name),
        policy_name: policy.name.to_string(),
        policy_document: version.document.to_string(),
        policy_version_id: version.id.to_string(),
        is_default_version: version.id == policy.default_version,
        creation_date: date(version.created_ms),
        last_modified_date: date(version.created_ms),
        generation_id: None,
    })
}

pub(super) async fn delete_version(
    plane: &Plane<'_>,
    call: DeletePolicyVersion,
) -> Result<DeletePolicyVersionOutput, Fault> {
    let (id, now_ms) = (version_id(&call.policy_version_id)?, plane.now_ms);
    plane
        .change(move |draft, scope| draft.delete_policy_version(scope, &call.policy_name, id, now_ms))
        .await?;
    Ok(DeletePolicyVersionOutput {})
}

pub(super) fn list_versions(
    plane: &Plane<'_>,
    call: ListPolicyVersions,
) -> Result<ListPolicyVersionsOutput, Fault> {
    let registry = plane.registry();
    let policy = known(plane, &registry, &call.policy_name)?;
    let version = |version: &registry::PolicyVersion| PolicyVersion {
        version_id: version.id.to_string(),
        is_default_version: version.id == policy.default_version,
        create_date: date(version.created_ms),
    };
    Ok(ListPolicyVersionsOutput { policy_versions: policy.versions.iter().rev().map(version).collect() })
}

pub(super) async fn set_default_version(
    plane: &Plane<'_>,
    call: SetDefaultPolicyVersion,
) -> Result<SetDefaultPolicyVersionOutput, Fault> {
    let (id, now_ms) = (version_id(&call.policy_version_id)?, plane.now_ms);
    plane.change(move |draft, scope| draft.set_default_version(scope, &call.policy_name, id, now_ms)).await?;
    Ok(SetDefaultPolicyVersionOutput {})
}

pub(super) async fn attach(plane: &Plane<'_>, call: AttachPolicy) -> Result<AttachPolicyOutput, Fault> {
    let target = target(plane, &call.target)?;
    plane.change(move |draft, scope| draft.attach_policy(scope, &call.policy_name, &target)).await?;
    Ok(AttachPolicyOutput {})
}

pub(super) async fn detach(plane: &Plane<'_>, call: DetachPolicy) -> Result<DetachPolicyOutput, Fault> {
    let target = target(plane, &call.target)?;
    plane.change(move |draft, scope| draft.detach_policy(scope, &call.policy_name, &target)).await?;
    Ok(DetachPolicyOutput {})
}

pub(super) async fn attach_to_principal(
    plane: &Plane<'_>,
    call: AttachPrincipalPolicy,
) -> Result<AttachPrincipalPolicyOutput, Fault> {
    let target = principal(plane, &call.principal)?;
    plane.change(move |draft, scope| draft.attach_policy(scope, &call.policy_name, &target)).await?;
    Ok(AttachPrincipalPolicyOutput {})
}

pub(super) async fn detach_from_principal(
    plane: &Plane<'_>,
    call: DetachPrincipalPolicy,
) -> Result<DetachPrincipalPolicyOutput, Fault> {
    let target = principal(plane, &call.principal)?;
    plane.change(move |draft, scope| draft.detach_policy(scope, &call.policy_name, &target)).await?;
    Ok(DetachPrincipalPolicyOutput {})
}

pub(super) fn list_attached(
    plane: &Plane<'_>,
    call: ListAttachedPolicies,
) -> Result<ListAttachedPoliciesOutput, Fault> {
    let page = Page::new(call.marker.as_deref(), call.page_size)?;
    let target = target(plane, &call.target)?;
    let registry = plane.registry();
    must_exist(plane, &registry, &target)?;
    let names = registry.attached_to(plane.scope, &target, call.recursive.unwrap_or(false));
    let (policies, next_marker) =
        page.cut_whole(names.iter().map(|name| (name.to_string(), summary(plane, name))));
    Ok(ListAttachedPoliciesOutput { policies, next_marker })
}

pub(super) fn list_targets(
    plane: &Plane<'_>,
    call: ListTargetsForPolicy,
) -> Result<ListTargetsForPolicyOutput, Fault> {
    let page = Page::new(call.marker.as_deref(), call.page_size)?;
    let registry = plane.registry();
    known(plane, &registry, &call.policy_name)?;
    let after = page.after.as_deref().map(|text| self::target(plane, text)).transpose()?;
    let found = registry.targets_of(plane.scope, &call.policy_name, after.as_ref());
    let (targets, next_marker) = page.cut(found.map(|target| {
        let text = target.text(plane.scope);
        (text.clone(), text)
    }));
    Ok(ListTargetsForPolicyOutput { targets, next_marker })
}

pub(super) fn list_of_principal(
    plane: &Plane<'_>,
    call: ListPrincipalPolicies,
) -> Result<ListPrincipalPoliciesOutput, Fault> {
    let page = Page::new(call.marker.as_deref(), call.page_size)?;
    let target = principal(plane, &call.principal)?;
    let registry = plane.registry();
    must_exist(plane, &registry, &target)?;
    let names = registry.attached_to(plane.scope, &target, false);
    let policies = names.iter().filter_map(|name| registry.find_policy(plane.scope, name));
    let aged = policies.map(|policy| (policy.created_ms, summary(plane, &policy.name))).collect();
    let (policies, next_marker) = page.cut_counted(by_age(aged, call.ascending_order))?;
    Ok(ListPrincipalPoliciesOutput { policies, next_marker })
}

pub(super) fn list_principals(
    plane: &Plane<'_>,
    call: ListPolicyPrincipals,
) -> Result<ListPolicyPrincipalsOutput, Fault> {
    let page = Page::new(call.marker.as_deref(), call.page_size)?;
    let registry = plane.registry();
    known(plane, &registry, &call.policy_name)?;
    let aged = registry.targets_of(plane.scope, &call.policy_name, None).filter_map(|target| match target {
        Target::Certificate(id) => {
            Some((registry.find_certificate(id)?.created_ms, target.text(plane.scope)))
        }
        Target::Identity(_) => Some((0, target.text(plane.scope))),
        Target::Group(_) => None,
    });
    let aged = aged.collect();
    let (principals, next_marker) = page.cut_counted(by_age(aged, call.ascending_order))?;
    Ok(ListPolicyPrincipalsOutput { principals, next_marker })
}

/// In the order of creation; what is as old as another keeps its place beside it.
fn by_age<T>(mut aged: Vec<(u64, T)>, ascending: Option<bool>) -> Vec<T> {
    aged.sort_by_key(|(created_ms, _)| *created_ms);
    if order(ascending) == Order::NewestFirst {
        aged.reverse();
    }
    aged.into_iter().map(|(_, item)| item).collect()
}

fn summary(plane: &Plane<'_>, name: &str) -> PolicySummary {
    PolicySummary { policy_name: name.to_owned(), policy_arn: plane.arn("policy", name) }
}

pub(super) fn known<'a>(plane: &Plane<'_>, registry: &'a Registry, name: &str) -> Result<&'a Policy, Fault> {
    let found = registry.find_policy(plane.scope, name);
    found.ok_or_else(|| plane.fault(&RegistryError::UnknownPolicy(name.to_owned())))
}

/// Identities need no record to exist.
pub(super) fn must_exist(plane: &Plane<'_>, registry: &Registry, target: &Target) -> Result<(), Fault> {
    let (exists, unknown) = match target {
        Target::Certificate(id) => {
            let record = registry.find_certificate(id).filter(|record| record.scope == *plane.scope);
            (record.is_some(), RegistryError::UnknownCertificate(*id))
        }
        Target::Group(name) => {
            let group = registry.find_group(plane.scope, name);
            (group.is_some(), RegistryError::UnknownGroup(name.to_string()))
        }
        Target::Identity(_) => return Ok(()),
    };
    if exists { Ok(()) } else { Err(plane.fault(&unknown)) }
}

pub(super) fn target(plane: &Plane<'_>, text: &str) -> Result<Target, Fault> {
    Target::parse(plane.scope, text).map_err(|error| plane.fault(&error))
}

fn principal(plane: &Plane<'_>, text: &str) -> Result<Target, Fault> {
    match target(plane, text)? {
        Target::Group(_) => Err(Fault::invalid_request(
            "a thing group is no principal: call AttachPolicy, DetachPolicy or ListAttachedPolicies for it",
        )),
        target => Ok(target),
    }
}

fn version_id(text: &str) -> Result<u32, Fault> {
    text.parse().map_err(|_| {
        let text: String = text.chars().take(40).collect();
        Fault::invalid_request(format!("\"{text}\" is no version of a policy: give a number such as 1"))
    })
}
