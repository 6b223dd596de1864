//! Calls about managed policies and their versions in, policies as IAM shows them out. Decides nothing.

use ::aws::Fault;
use ::aws::iam::policies::{
    CreatePolicy, CreatePolicyOutput, CreatePolicyVersion, CreatePolicyVersionOutput, DeletePolicy,
    DeletePolicyOutput, DeletePolicyVersion, DeletePolicyVersionOutput, GetPolicy, GetPolicyOutput,
    GetPolicyVersion, GetPolicyVersionOutput, ListPolicies, ListPoliciesOutput, ListPolicyVersions,
    ListPolicyVersionsOutput, Policy, PolicyScopeType, PolicyUsageType, PolicyVersion,
    SetDefaultPolicyVersion, SetDefaultPolicyVersionOutput,
};
use ::aws::iam::{Document, faults};
use registry::accounts::{self, AccountsError, Draft, ManagedPolicy, NewPolicy, PolicyArn};

use super::listing::{is_below, page};
use super::{Look, Wish, date, of, shown_tags, tags_of};

pub(super) fn create(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    call: CreatePolicy,
) -> Result<CreatePolicyOutput, AccountsError> {
    let new = NewPolicy {
        name: call.policy_name,
        path: call.path.unwrap_or_else(|| "/".to_owned()),
        document: call.policy_document,
        description: call.description,
        tags: tags_of(call.tags),
        random: wish.random,
    };
    let policy = draft.create_policy(wish.account, new, wish.now_ms)?;
    // AWS shows the description when the policy is asked for, and not here.
    let created = brief(policy, Uses { attached: 0, bounds: 0 });
    Ok(CreatePolicyOutput { policy: Some(Policy { tags: shown_tags(&policy.tags), ..created }) })
}

pub(super) fn get(look: &Look<'_>, call: GetPolicy) -> Result<GetPolicyOutput, Fault> {
    let policy = find(look, &call.policy_arn)?;
    Ok(GetPolicyOutput { policy: Some(whole(policy, uses(look, policy))) })
}

pub(super) fn list(look: &Look<'_>, call: ListPolicies) -> Result<ListPoliciesOutput, Fault> {
    if call.scope == Some(PolicyScopeType::Aws) {
        return Err(Fault::not_implemented(
            "the policies of AWS itself are not listed by Thingstead: attach them by their ARN, or list with \
             Scope=Local",
        ));
    }
    let prefix = call.path_prefix.as_deref();
    let found = look.accounts.policies(look.account()).filter(|policy| is_below(&policy.path, prefix));
    let found = found.map(|policy| (policy, uses(look, policy))).filter(|(_, uses)| {
        let is_attached = call.only_attached != Some(true) || uses.attached > 0;
        is_attached
            && match call.policy_usage_filter {
                None => true,
                Some(PolicyUsageType::Permissions) => uses.attached > 0,
                Some(PolicyUsageType::Boundary) => uses.bounds > 0,
            }
    });
    let found = found.map(|(policy, uses)| (policy.name.clone(), brief(policy, uses)));
    let listing = page(found, call.marker.as_deref(), call.max_items)?;
    Ok(ListPoliciesOutput {
        is_truncated: listing.is_truncated(),
        marker: listing.marker,
        policies: Some(listing.items),
    })
}

pub(super) fn delete(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    call: DeletePolicy,
) -> Result<DeletePolicyOutput, AccountsError> {
    draft.delete_policy(wish.account, &call.policy_arn)?;
    Ok(DeletePolicyOutput {})
}

pub(super) fn create_version(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    call: CreatePolicyVersion,
) -> Result<CreatePolicyVersionOutput, AccountsError> {
    let (arn, is_default) = (call.policy_arn, call.set_as_default.unwrap_or(false));
    let number = draft.create_version(wish.account, &arn, call.policy_document, is_default, wish.now_ms)?;
    Ok(CreatePolicyVersionOutput {
        policy_version: Some(PolicyVersion {
            document: None,
            version_id: Some(format!("v{number}")),
            is_default_version: Some(is_default),
            create_date: Some(date(wish.now_ms)),
        }),
    })
}

pub(super) fn version(look: &Look<'_>, call: GetPolicyVersion) -> Result<GetPolicyVersionOutput, Fault> {
    let policy = find(look, &call.policy_arn)?;
    let found = policy.version(&call.version_id).ok_or_else(|| {
        let version = call.version_id.chars().take(20).collect();
        of(&AccountsError::UnknownVersion { arn: policy.arn(), version })
    })?;
    let document = Some(Document(found.1.document.clone()));
    Ok(GetPolicyVersionOutput {
        policy_version: Some(PolicyVersion { document, ..version_of(policy, found) }),
    })
}

/// The newest first, without their documents.
pub(super) fn versions(look: &Look<'_>, call: ListPolicyVersions) -> Result<ListPolicyVersionsOutput, Fault> {
    let policy = find(look, &call.policy_arn)?;
    let found = policy.versions.iter().rev().map(|(number, version)| {
        let place = format!("{:010}", u32::MAX - number);
        (place, version_of(policy, (*number, version)))
    });
    let listing = page(found, call.marker.as_deref(), call.max_items)?;
    Ok(ListPolicyVersionsOutput {
        is_truncated: listing.is_truncated(),
        marker: listing.marker,
        versions: Some(listing.items),
    })
}

pub(super) fn delete_version(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    call: DeletePolicyVersion,
) -> Result<DeletePolicyVersionOutput, AccountsError> {
    draft.delete_version(wish.account, &call.policy_arn, &call.version_id, wish.now_ms)?;
    Ok(DeletePolicyVersionOutput {})
}

pub(super) fn set_default(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    call: SetDefaultPolicyVersion,
) -> Result<SetDefaultPolicyVersionOutput, AccountsError> {
    draft.set_default_version(wish.account, &call.policy_arn, &call.version_id, wish.now_ms)?;
    Ok(SetDefaultPolicyVersionOutput {})
}

fn find<'a>(look: &Look<'a>, arn: &str) -> Result<&'a ManagedPolicy, Fault> {
    if PolicyArn::parse(arn).is_ok_and(|arn| arn.is_of_aws()) {
        return Err(faults::no_such_entity(format!(
            "{arn} is a policy of AWS itself: Thingstead takes its ARN for attaching, but does not hold the policy"
        )));
    }
    look.accounts.policy(look.account(), arn).map_err(|error| of(&error))
}

/// How many roles a policy is attached to, and how many it bounds.
#[derive(Clone, Copy)]
struct Uses {
    attached: usize,
    bounds: usize,
}

fn uses(look: &Look<'_>, policy: &ManagedPolicy) -> Uses {
    let arn = policy.arn();
    let roles = || look.accounts.roles(look.account());
    Uses {
        attached: roles().filter(|role| role.attached.contains(&arn)).count(),
        bounds: roles().filter(|role| role.boundary.as_ref() == Some(&arn)).count(),
    }
}

fn whole(policy: &ManagedPolicy, uses: Uses) -> Policy {
    // Unlike for a role, AWS shows that there are no tags.
    let tags = Some(shown_tags(&policy.tags).unwrap_or_default());
    Policy { description: policy.description.clone(), tags, ..brief(policy, uses) }
}

/// As lists show it: without description and tags.
fn brief(policy: &ManagedPolicy, uses: Uses) -> Policy {
    Policy {
        policy_name: Some(policy.name.clone()),
        policy_id: Some(policy.id.clone()),
        arn: Some(policy.arn()),
        path: Some(policy.path.clone()),
        default_version_id: Some(format!("v{}", policy.default)),
        attachment_count: u32::try_from(uses.attached).ok(),
        permissions_boundary_usage_count: u32::try_from(uses.bounds).ok(),
        is_attachable: Some(true),
        description: None,
        create_date: Some(date(policy.created_ms)),
        update_date: Some(date(policy.updated_ms)),
        tags: None,
    }
}

fn version_of(policy: &ManagedPolicy, (number, version): (u32, &accounts::PolicyVersion)) -> PolicyVersion {
    PolicyVersion {
        document: None,
        version_id: Some(format!("v{number}")),
        is_default_version: Some(number == policy.default),
        create_date: Some(date(version.created_ms)),
    }
}
