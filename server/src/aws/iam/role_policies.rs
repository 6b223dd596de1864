//! Calls about the inline and the attached policies of roles in, policies as IAM shows them out. Decides nothing.

use ::aws::Fault;
use ::aws::iam::Document;
use ::aws::iam::role_policies::{
    AttachRolePolicy, AttachRolePolicyOutput, AttachedPolicy, DeleteRolePolicy, DeleteRolePolicyOutput,
    DetachRolePolicy, DetachRolePolicyOutput, GetRolePolicy, GetRolePolicyOutput, ListAttachedRolePolicies,
    ListAttachedRolePoliciesOutput, ListRolePolicies, ListRolePoliciesOutput, PutRolePolicy,
    PutRolePolicyOutput,
};
use registry::accounts::{AccountsError, Draft, PolicyArn};

use super::listing::{is_below, page};
use super::roles::find;
use super::{Look, Wish, of};

pub(super) fn put(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    call: PutRolePolicy,
) -> Result<PutRolePolicyOutput, AccountsError> {
    draft.put_inline(wish.account, &call.role_name, &call.policy_name, call.policy_document)?;
    Ok(PutRolePolicyOutput {})
}

pub(super) fn get(look: &Look<'_>, call: GetRolePolicy) -> Result<GetRolePolicyOutput, Fault> {
    let role = find(look, &call.role_name)?;
    let GetRolePolicy { role_name, policy_name } = call;
    match role.inline.get(&policy_name) {
        Some(text) => {
            Ok(GetRolePolicyOutput { role_name, policy_name, policy_document: Document(text.clone()) })
        }
        None => {
            let policy = policy_name.chars().take(128).collect();
            Err(of(&AccountsError::UnknownInline { role: role_name, policy }))
        }
    }
}

pub(super) fn list(look: &Look<'_>, call: ListRolePolicies) -> Result<ListRolePoliciesOutput, Fault> {
    let found = find(look, &call.role_name)?.inline.keys().map(|name| (name.clone(), name.clone()));
    let listing = page(found, call.marker.as_deref(), call.max_items)?;
    Ok(ListRolePoliciesOutput {
        is_truncated: listing.is_truncated(),
        marker: listing.marker,
        policy_names: listing.items,
    })
}

pub(super) fn delete(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    call: DeleteRolePolicy,
) -> Result<DeleteRolePolicyOutput, AccountsError> {
    draft.delete_inline(wish.account, &call.role_name, &call.policy_name)?;
    Ok(DeleteRolePolicyOutput {})
}

pub(super) fn attach(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    call: AttachRolePolicy,
) -> Result<AttachRolePolicyOutput, AccountsError> {
    draft.attach(wish.account, &call.role_name, &call.policy_arn)?;
    Ok(AttachRolePolicyOutput {})
}

pub(super) fn detach(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    call: DetachRolePolicy,
) -> Result<DetachRolePolicyOutput, AccountsError> {
    draft.detach(wish.account, &call.role_name, &call.policy_arn)?;
    Ok(DetachRolePolicyOutput {})
}

pub(super) fn attached(
    look: &Look<'_>,
    call: ListAttachedRolePolicies,
) -> Result<ListAttachedRolePoliciesOutput, Fault> {
    let prefix = call.path_prefix.as_deref();
    let found = find(look, &call.role_name)?.attached.iter();
    let found = found.filter_map(|arn| {
        let parsed = PolicyArn::parse(arn).ok().filter(|parsed| is_below(parsed.path, prefix))?;
        let policy_name = Some(parsed.name.to_owned());
        Some((arn.clone(), AttachedPolicy { policy_name, policy_arn: Some(arn.clone()) }))
    });
    let listing = page(found, call.marker.as_deref(), call.max_items)?;
    Ok(ListAttachedRolePoliciesOutput {
        is_truncated: listing.is_truncated(),
        marker: listing.marker,
        attached_policies: Some(listing.items),
    })
}
