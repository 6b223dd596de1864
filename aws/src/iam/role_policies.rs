//! Calls about the inline and the attached policies of roles: how they are asked and answered. Does not answer them.

use super::Document;
use crate::operations::{operations, structures};

operations! {
    PutRolePolicy: POST "/" {
        role_name: String = body "RoleName",
        policy_name: String = body "PolicyName",
        policy_document: String = body "PolicyDocument",
    } -> PutRolePolicyOutput {
    } or LimitExceeded MalformedPolicyDocument NoSuchEntity UnmodifiableEntity ServiceFailure;

    GetRolePolicy: POST "/" {
        role_name: String = body "RoleName",
        policy_name: String = body "PolicyName",
    } -> GetRolePolicyOutput {
        role_name: String = body "RoleName",
        policy_name: String = body "PolicyName",
        policy_document: Document = body "PolicyDocument",
    } or NoSuchEntity ServiceFailure;

    ListRolePolicies: POST "/" {
        role_name: String = body "RoleName",
        marker: Option<String> = body "Marker",
        max_items: Option<u16> = body "MaxItems" in 1..=1_000,
    } -> ListRolePoliciesOutput {
        policy_names: Vec<String> = body "PolicyNames",
        is_truncated: Option<bool> = body "IsTruncated",
        marker: Option<String> = body "Marker",
    } or NoSuchEntity ServiceFailure;

    DeleteRolePolicy: POST "/" {
        role_name: String = body "RoleName",
        policy_name: String = body "PolicyName",
    } -> DeleteRolePolicyOutput {
    } or NoSuchEntity LimitExceeded UnmodifiableEntity ServiceFailure;

    AttachRolePolicy: POST "/" {
        role_name: String = body "RoleName",
        policy_arn: String = body "PolicyArn",
    } -> AttachRolePolicyOutput {
    } or NoSuchEntity LimitExceeded InvalidInput UnmodifiableEntity PolicyNotAttachable ServiceFailure;

    DetachRolePolicy: POST "/" {
        role_name: String = body "RoleName",
        policy_arn: String = body "PolicyArn",
    } -> DetachRolePolicyOutput {
    } or NoSuchEntity LimitExceeded InvalidInput UnmodifiableEntity ServiceFailure;

    ListAttachedRolePolicies: POST "/" {
        role_name: String = body "RoleName",
        path_prefix: Option<String> = body "PathPrefix",
        marker: Option<String> = body "Marker",
        max_items: Option<u16> = body "MaxItems" in 1..=1_000,
    } -> ListAttachedRolePoliciesOutput {
        attached_policies: Option<Vec<AttachedPolicy>> = body "AttachedPolicies",
        is_truncated: Option<bool> = body "IsTruncated",
        marker: Option<String> = body "Marker",
    } or NoSuchEntity InvalidInput ServiceFailure;
}

structures! {
    AttachedPolicy {
        policy_name: Option<String> = "PolicyName",
        policy_arn: Option<String> = "PolicyArn",
    }
}
