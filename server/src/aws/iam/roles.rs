//! Calls about roles and their tags in, roles as IAM shows them out. Decides nothing.

use ::aws::Fault;
use ::aws::iam::Document;
use ::aws::iam::roles::{
    AttachedPermissionsBoundary, CreateRole, CreateRoleOutput, DeleteRole, DeleteRoleOutput, GetRole,
    GetRoleOutput, ListInstanceProfilesForRole, ListInstanceProfilesForRoleOutput, ListRoleTags,
    ListRoleTagsOutput, ListRoles, ListRolesOutput, PermissionsBoundaryAttachmentType, Role, RoleLastUsed,
    Tag, TagRole, TagRoleOutput, UntagRole, UntagRoleOutput, UpdateAssumeRolePolicy,
    UpdateAssumeRolePolicyOutput, UpdateRole, UpdateRoleOutput,
};
use registry::accounts::{self, AccountsError, Draft, NewRole};

use super::listing::{is_below, page};
use super::{Look, Wish, date, of, shown_tags, tags_of};

pub(super) fn create(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    call: CreateRole,
) -> Result<CreateRoleOutput, AccountsError> {
    let new = NewRole {
        name: call.role_name,
        path: call.path.unwrap_or_else(|| "/".to_owned()),
        trust: call.assume_role_policy_document,
        description: call.description,
        max_session_s: call.max_session_duration,
        boundary: call.permissions_boundary,
        tags: tags_of(call.tags),
        random: wish.random,
    };
    let role = draft.create_role(wish.account, new, wish.now_ms)?;
    // AWS shows the maximum when the role is asked for, and not here.
    Ok(CreateRoleOutput { role: Role { max_session_duration: None, ..whole(role) } })
}

pub(super) fn get(look: &Look<'_>, call: GetRole) -> Result<GetRoleOutput, Fault> {
    // Uses are not counted, and AWS leaves the members out until it has counted one.
    let role_last_used = Some(RoleLastUsed { last_used_date: None, region: None });
    Ok(GetRoleOutput { role: Role { role_last_used, ..whole(find(look, &call.role_name)?) } })
}

pub(super) fn list(look: &Look<'_>, call: ListRoles) -> Result<ListRolesOutput, Fault> {
    let prefix = call.path_prefix.as_deref();
    let found = look.accounts.roles(look.account()).filter(|role| is_below(&role.path, prefix));
    let found = found.map(|role| (role.name.clone(), brief(role)));
    let listing = page(found, call.marker.as_deref(), call.max_items)?;
    Ok(ListRolesOutput { is_truncated: listing.is_truncated(), marker: listing.marker, roles: listing.items })
}

pub(super) fn delete(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    call: DeleteRole,
) -> Result<DeleteRoleOutput, AccountsError> {
    draft.delete_role(wish.account, &call.role_name)?;
    Ok(DeleteRoleOutput {})
}

pub(super) fn update(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    call: UpdateRole,
) -> Result<UpdateRoleOutput, AccountsError> {
    draft.update_role(wish.account, &call.role_name, call.description, call.max_session_duration)?;
    Ok(UpdateRoleOutput {})
}

pub(super) fn update_trust(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    call: UpdateAssumeRolePolicy,
) -> Result<UpdateAssumeRolePolicyOutput, AccountsError> {
    draft.update_trust(wish.account, &call.role_name, call.policy_document)?;
    Ok(UpdateAssumeRolePolicyOutput {})
}

pub(super) fn tag(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    call: TagRole,
) -> Result<TagRoleOutput, AccountsError> {
    draft.tag_role(wish.account, &call.role_name, tags_of(Some(call.tags)))?;
    Ok(TagRoleOutput {})
}

pub(super) fn untag(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    call: UntagRole,
) -> Result<UntagRoleOutput, AccountsError> {
    draft.untag_role(wish.account, &call.role_name, &call.tag_keys)?;
    Ok(UntagRoleOutput {})
}

pub(super) fn tags(look: &Look<'_>, call: ListRoleTags) -> Result<ListRoleTagsOutput, Fault> {
    let found = find(look, &call.role_name)?.tags.iter();
    let found = found.map(|(key, value)| (key.clone(), Tag { key: key.clone(), value: value.clone() }));
    let listing = page(found, call.marker.as_deref(), call.max_items)?;
    Ok(ListRoleTagsOutput {
        is_truncated: listing.is_truncated(),
        marker: listing.marker,
        tags: listing.items,
    })
}

/// No role has any here; who deletes a role asks first.
pub(super) fn instance_profiles(
    look: &Look<'_>,
    call: ListInstanceProfilesForRole,
) -> Result<ListInstanceProfilesForRoleOutput, Fault> {
    find(look, &call.role_name)?;
    let listing = page(std::iter::empty(), call.marker.as_deref(), call.max_items)?;
    Ok(ListInstanceProfilesForRoleOutput {
        is_truncated: listing.is_truncated(),
        marker: listing.marker,
        instance_profiles: listing.items,
    })
}

pub(super) fn find<'a>(look: &Look<'a>, name: &str) -> Result<&'a accounts::Role, Fault> {
    look.accounts.role(look.account(), name).map_err(|error| of(&error))
}

fn whole(role: &accounts::Role) -> Role {
    let boundary = role.boundary.as_ref().map(|arn| AttachedPermissionsBoundary {
        permissions_boundary_type: Some(PermissionsBoundaryAttachmentType::Policy),
        permissions_boundary_arn: Some(arn.clone()),
    });
    Role { permissions_boundary: boundary, tags: shown_tags(&role.tags), ..brief(role) }
}

/// As lists show it: without tags and boundary.
fn brief(role: &accounts::Role) -> Role {
    Role {
        path: role.path.clone(),
        role_name: role.name.clone(),
        role_id: role.id.clone(),
        arn: role.arn(),
        create_date: date(role.created_ms),
        assume_role_policy_document: Some(Document(role.trust.clone())),
        description: role.description.clone(),
        max_session_duration: Some(role.max_session_s),
        permissions_boundary: None,
        tags: None,
        role_last_used: None,
        source_role_template: None,
    }
}
