//! Calls about managed policies and their versions: how they are asked and answered. Does not answer them.

use super::Document;
use super::roles::Tag;
use crate::operations::{enumerations, operations, structures};
use crate::value::Seconds;

operations! {
    CreatePolicy: POST "/" {
        policy_name: String = body "PolicyName",
        path: Option<String> = body "Path",
        policy_document: String = body "PolicyDocument",
        description: Option<String> = body "Description",
        tags: Option<Vec<Tag>> = body "Tags",
    } -> CreatePolicyOutput {
        policy: Option<Policy> = body "Policy",
    } or InvalidInput LimitExceeded EntityAlreadyExists MalformedPolicyDocument ConcurrentModification
        ServiceFailure;

    GetPolicy: POST "/" {
        policy_arn: String = body "PolicyArn",
    } -> GetPolicyOutput {
        policy: Option<Policy> = body "Policy",
    } or NoSuchEntity InvalidInput ServiceFailure;

    ListPolicies: POST "/" {
        scope: Option<PolicyScopeType> = body "Scope",
        only_attached: Option<bool> = body "OnlyAttached",
        path_prefix: Option<String> = body "PathPrefix",
        policy_usage_filter: Option<PolicyUsageType> = body "PolicyUsageFilter",
        marker: Option<String> = body "Marker",
        max_items: Option<u16> = body "MaxItems" in 1..=1_000,
    } -> ListPoliciesOutput {
        policies: Option<Vec<Policy>> = body "Policies",
        is_truncated: Option<bool> = body "IsTruncated",
        marker: Option<String> = body "Marker",
    } or ServiceFailure;

    DeletePolicy: POST "/" {
        policy_arn: String = body "PolicyArn",
    } -> DeletePolicyOutput {
    } or NoSuchEntity LimitExceeded InvalidInput DeleteConflict ServiceFailure;

    CreatePolicyVersion: POST "/" {
        policy_arn: String = body "PolicyArn",
        policy_document: String = body "PolicyDocument",
        set_as_default: Option<bool> = body "SetAsDefault",
    } -> CreatePolicyVersionOutput {
        policy_version: Option<PolicyVersion> = body "PolicyVersion",
    } or NoSuchEntity MalformedPolicyDocument InvalidInput LimitExceeded ServiceFailure;

    GetPolicyVersion: POST "/" {
        policy_arn: String = body "PolicyArn",
        version_id: String = body "VersionId",
    } -> GetPolicyVersionOutput {
        policy_version: Option<PolicyVersion> = body "PolicyVersion",
    } or NoSuchEntity InvalidInput ServiceFailure;

    ListPolicyVersions: POST "/" {
        policy_arn: String = body "PolicyArn",
        marker: Option<String> = body "Marker",
        max_items: Option<u16> = body "MaxItems" in 1..=1_000,
    } -> ListPolicyVersionsOutput {
        versions: Option<Vec<PolicyVersion>> = body "Versions",
        is_truncated: Option<bool> = body "IsTruncated",
        marker: Option<String> = body "Marker",
    } or NoSuchEntity InvalidInput ServiceFailure;

    DeletePolicyVersion: POST "/" {
        policy_arn: String = body "PolicyArn",
        version_id: String = body "VersionId",
    } -> DeletePolicyVersionOutput {
    } or NoSuchEntity LimitExceeded InvalidInput DeleteConflict ServiceFailure;

    SetDefaultPolicyVersion: POST "/" {
        policy_arn: String = body "PolicyArn",
        version_id: String = body "VersionId",
    } -> SetDefaultPolicyVersionOutput {
    } or NoSuchEntity InvalidInput LimitExceeded ServiceFailure;
}

structures! {
    Policy {
        policy_name: Option<String> = "PolicyName",
        policy_id: Option<String> = "PolicyId",
        arn: Option<String> = "Arn",
        path: Option<String> = "Path",
        default_version_id: Option<String> = "DefaultVersionId",
        attachment_count: Option<u32> = "AttachmentCount",
        permissions_boundary_usage_count: Option<u32> = "PermissionsBoundaryUsageCount",
        is_attachable: Option<bool> = "IsAttachable",
        description: Option<String> = "Description",
        create_date: Option<Seconds> = "CreateDate",
        update_date: Option<Seconds> = "UpdateDate",
        tags: Option<Vec<Tag>> = "Tags",
    }

    PolicyVersion {
        document: Option<Document> = "Document",
        version_id: Option<String> = "VersionId",
        is_default_version: Option<bool> = "IsDefaultVersion",
        create_date: Option<Seconds> = "CreateDate",
    }
}

enumerations! {
    PolicyScopeType {
        All = "All",
        Aws = "AWS",
        Local = "Local",
    }

    PolicyUsageType {
        Permissions = "PermissionsPolicy",
        Boundary = "PermissionsBoundary",
    }
}
