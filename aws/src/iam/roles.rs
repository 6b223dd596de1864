//! Calls about roles and their tags: how they are asked and answered. Does not answer them.

use super::Document;
use crate::operations::{enumerations, operations, structures};
use crate::value::Seconds;

operations! {
    CreateRole: POST "/" {
        path: Option<String> = body "Path",
        role_name: String = body "RoleName",
        assume_role_policy_document: String = body "AssumeRolePolicyDocument",
        description: Option<String> = body "Description",
        max_session_duration: Option<u32> = body "MaxSessionDuration" in 3_600..=43_200,
        permissions_boundary: Option<String> = body "PermissionsBoundary",
        tags: Option<Vec<Tag>> = body "Tags",
    } -> CreateRoleOutput {
        role: Role = body "Role",
    } or LimitExceeded InvalidInput EntityAlreadyExists MalformedPolicyDocument ConcurrentModification
        ServiceFailure;

    GetRole: POST "/" {
        role_name: String = body "RoleName",
    } -> GetRoleOutput {
        role: Role = body "Role",
    } or NoSuchEntity ServiceFailure;

    ListRoles: POST "/" {
        path_prefix: Option<String> = body "PathPrefix",
        marker: Option<String> = body "Marker",
        max_items: Option<u16> = body "MaxItems" in 1..=1_000,
    } -> ListRolesOutput {
        roles: Vec<Role> = body "Roles",
        is_truncated: Option<bool> = body "IsTruncated",
        marker: Option<String> = body "Marker",
    } or ServiceFailure;

    DeleteRole: POST "/" {
        role_name: String = body "RoleName",
    } -> DeleteRoleOutput {
    } or NoSuchEntity DeleteConflict LimitExceeded UnmodifiableEntity ConcurrentModification ServiceFailure;

    UpdateRole: POST "/" {
        role_name: String = body "RoleName",
        description: Option<String> = body "Description",
        max_session_duration: Option<u32> = body "MaxSessionDuration" in 3_600..=43_200,
    } -> UpdateRoleOutput {
    } or UnmodifiableEntity NoSuchEntity ServiceFailure;

    UpdateAssumeRolePolicy: POST "/" {
        role_name: String = body "RoleName",
        policy_document: String = body "PolicyDocument",
    } -> UpdateAssumeRolePolicyOutput {
    } or NoSuchEntity MalformedPolicyDocument LimitExceeded UnmodifiableEntity ServiceFailure;

    TagRole: POST "/" {
        role_name: String = body "RoleName",
        tags: Vec<Tag> = body "Tags",
    } -> TagRoleOutput {
    } or NoSuchEntity LimitExceeded InvalidInput ConcurrentModification ServiceFailure;

    UntagRole: POST "/" {
        role_name: String = body "RoleName",
        tag_keys: Vec<String> = body "TagKeys",
    } -> UntagRoleOutput {
    } or NoSuchEntity ConcurrentModification ServiceFailure;

    ListRoleTags: POST "/" {
        role_name: String = body "RoleName",
        marker: Option<String> = body "Marker",
        max_items: Option<u16> = body "MaxItems" in 1..=1_000,
    } -> ListRoleTagsOutput {
        tags: Vec<Tag> = body "Tags",
        is_truncated: Option<bool> = body "IsTruncated",
        marker: Option<String> = body "Marker",
    } or NoSuchEntity ServiceFailure;

    ListInstanceProfilesForRole: POST "/" {
        role_name: String = body "RoleName",
        marker: Option<String> = body "Marker",
        max_items: Option<u16> = body "MaxItems" in 1..=1_000,
    } -> ListInstanceProfilesForRoleOutput {
        instance_profiles: Vec<InstanceProfile> = body "InstanceProfiles",
        is_truncated: Option<bool> = body "IsTruncated",
        marker: Option<String> = body "Marker",
    } or NoSuchEntity ServiceFailure;
}

structures! {
    Role {
        path: String = "Path",
        role_name: String = "RoleName",
        role_id: String = "RoleId",
        arn: String = "Arn",
        create_date: Seconds = "CreateDate",
        assume_role_policy_document: Option<Document> = "AssumeRolePolicyDocument",
        description: Option<String> = "Description",
        max_session_duration: Option<u32> = "MaxSessionDuration",
        permissions_boundary: Option<AttachedPermissionsBoundary> = "PermissionsBoundary",
        tags: Option<Vec<Tag>> = "Tags",
        role_last_used: Option<RoleLastUsed> = "RoleLastUsed",
        source_role_template: Option<SourceRoleTemplate> = "SourceRoleTemplate",
    }

    AttachedPermissionsBoundary {
        permissions_boundary_type: Option<PermissionsBoundaryAttachmentType> = "PermissionsBoundaryType",
        permissions_boundary_arn: Option<String> = "PermissionsBoundaryArn",
    }

    RoleLastUsed {
        last_used_date: Option<Seconds> = "LastUsedDate",
        region: Option<String> = "Region",
    }

    SourceRoleTemplate {
        template_arn: String = "TemplateArn",
        template_minor_version: i64 = "TemplateMinorVersion",
    }

    Tag {
        key: String = "Key",
        value: String = "Value",
    }

    InstanceProfile {
        path: String = "Path",
        instance_profile_name: String = "InstanceProfileName",
        instance_profile_id: String = "InstanceProfileId",
        arn: String = "Arn",
        create_date: Seconds = "CreateDate",
        roles: Vec<Role> = "Roles",
        tags: Option<Vec<Tag>> = "Tags",
    }
}

enumerations! {
    PermissionsBoundaryAttachmentType {
        Policy = "PermissionsBoundaryPolicy",
    }
}
