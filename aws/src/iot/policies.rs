//! Calls about IoT policies and their targets: how they are asked and answered. Does not answer them.

use crate::iot::tags::Tag;
use crate::operations::{enumerations, operations, structures};
use crate::value::Seconds;

operations! {
    CreatePolicy: POST "/policies/{policyName}" {
        policy_name: String = label "policyName",
        policy_document: String = body "policyDocument",
        tags: Option<Vec<Tag>> = body "tags",
    } -> CreatePolicyOutput {
        policy_name: String = body "policyName",
        policy_arn: String = body "policyArn",
        policy_document: String = body "policyDocument",
        policy_version_id: String = body "policyVersionId",
    } or ResourceAlreadyExists MalformedPolicy InvalidRequest Throttling Unauthorized ServiceUnavailable
        InternalFailure;

    GetPolicy: GET "/policies/{policyName}" {
        policy_name: String = label "policyName",
    } -> GetPolicyOutput {
        policy_name: String = body "policyName",
        policy_arn: String = body "policyArn",
        policy_document: String = body "policyDocument",
        default_version_id: String = body "defaultVersionId",
        creation_date: Seconds = body "creationDate",
        last_modified_date: Seconds = body "lastModifiedDate",
        generation_id: Option<String> = body "generationId",
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    DeletePolicy: DELETE "/policies/{policyName}" {
        policy_name: String = label "policyName",
    } -> DeletePolicyOutput {
    } or DeleteConflict ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable
        InternalFailure;

    ListPolicies: GET "/policies" {
        marker: Option<String> = query "marker",
        page_size: Option<u16> = query "pageSize" in 1..=250,
        ascending_order: Option<bool> = query "isAscendingOrder",
    } -> ListPoliciesOutput {
        policies: Vec<PolicySummary> = body "policies",
        next_marker: Option<String> = body "nextMarker",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    CreatePolicyVersion: POST "/policies/{policyName}/version" {
        policy_name: String = label "policyName",
        policy_document: String = body "policyDocument",
        set_as_default: Option<bool> = query "setAsDefault",
    } -> CreatePolicyVersionOutput {
        policy_arn: String = body "policyArn",
        policy_document: String = body "policyDocument",
        policy_version_id: String = body "policyVersionId",
        is_default_version: bool = body "isDefaultVersion",
    } or ResourceNotFound MalformedPolicy VersionsLimitExceeded InvalidRequest Throttling Unauthorized
        ServiceUnavailable InternalFailure;

    GetPolicyVersion: GET "/policies/{policyName}/version/{policyVersionId}" {
        policy_name: String = label "policyName",
        policy_version_id: String = label "policyVersionId",
    } -> GetPolicyVersionOutput {
        policy_arn: String = body "policyArn",
        policy_name: String = body "policyName",
        policy_document: String = body "policyDocument",
        policy_version_id: String = body "policyVersionId",
        is_default_version: bool = body "isDefaultVersion",
        creation_date: Seconds = body "creationDate",
        last_modified_date: Seconds = body "lastModifiedDate",
        generation_id: Option<String> = body "generationId",
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    DeletePolicyVersion: DELETE "/policies/{policyName}/version/{policyVersionId}" {
        policy_name: String = label "policyName",
        policy_version_id: String = label "policyVersionId",
    } -> DeletePolicyVersionOutput {
    } or DeleteConflict ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable
        InternalFailure;

    ListPolicyVersions: GET "/policies/{policyName}/version" {
        policy_name: String = label "policyName",
    } -> ListPolicyVersionsOutput {
        policy_versions: Vec<PolicyVersion> = body "policyVersions",
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    SetDefaultPolicyVersion: PATCH "/policies/{policyName}/version/{policyVersionId}" {
        policy_name: String = label "policyName",
        policy_version_id: String = label "policyVersionId",
    } -> SetDefaultPolicyVersionOutput {
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    AttachPolicy: PUT "/target-policies/{policyName}" {
        policy_name: String = label "policyName",
        target: String = body "target",
    } -> AttachPolicyOutput {
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure
        LimitExceeded;

    DetachPolicy: POST "/target-policies/{policyName}" {
        policy_name: String = label "policyName",
        target: String = body "target",
    } -> DetachPolicyOutput {
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure LimitExceeded;

    ListAttachedPolicies: POST "/attached-policies/{target}" {
        target: String = label "target",
        recursive: Option<bool> = query "recursive",
        marker: Option<String> = query "marker",
        page_size: Option<u16> = query "pageSize" in 1..=250,
    } -> ListAttachedPoliciesOutput {
        policies: Vec<PolicySummary> = body "policies",
        next_marker: Option<String> = body "nextMarker",
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure
        LimitExceeded;

    ListTargetsForPolicy: POST "/policy-targets/{policyName}" {
        policy_name: String = label "policyName",
        marker: Option<String> = query "marker",
        page_size: Option<u16> = query "pageSize" in 1..=250,
    } -> ListTargetsForPolicyOutput {
        targets: Vec<String> = body "targets",
        next_marker: Option<String> = body "nextMarker",
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure
        LimitExceeded;

    AttachPrincipalPolicy: PUT "/principal-policies/{policyName}" {
        policy_name: String = label "policyName",
        principal: String = header "x-amzn-iot-principal",
    } -> AttachPrincipalPolicyOutput {
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure
        LimitExceeded;

    DetachPrincipalPolicy: DELETE "/principal-policies/{policyName}" {
        policy_name: String = label "policyName",
        principal: String = header "x-amzn-iot-principal",
    } -> DetachPrincipalPolicyOutput {
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    ListPrincipalPolicies: GET "/principal-policies" {
        principal: String = header "x-amzn-iot-principal",
        marker: Option<String> = query "marker",
        page_size: Option<u16> = query "pageSize" in 1..=250,
        ascending_order: Option<bool> = query "isAscendingOrder",
    } -> ListPrincipalPoliciesOutput {
        policies: Vec<PolicySummary> = body "policies",
        next_marker: Option<String> = body "nextMarker",
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    ListPolicyPrincipals: GET "/policy-principals" {
        policy_name: String = header "x-amzn-iot-policy",
        marker: Option<String> = query "marker",
        page_size: Option<u16> = query "pageSize" in 1..=250,
        ascending_order: Option<bool> = query "isAscendingOrder",
    } -> ListPolicyPrincipalsOutput {
        principals: Vec<String> = body "principals",
        next_marker: Option<String> = body "nextMarker",
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    GetEffectivePolicies: POST "/effective-policies" {
        principal: Option<String> = body "principal",
        cognito_identity_pool_id: Option<String> = body "cognitoIdentityPoolId",
        thing_name: Option<String> = query "thingName",
    } -> GetEffectivePoliciesOutput {
        effective_policies: Vec<EffectivePolicy> = body "effectivePolicies",
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure
        LimitExceeded;

    TestAuthorization: POST "/test-authorization" {
        principal: Option<String> = body "principal",
        cognito_identity_pool_id: Option<String> = body "cognitoIdentityPoolId",
        auth_infos: Vec<AuthInfo> = body "authInfos",
        client_id: Option<String> = query "clientId",
        policy_names_to_add: Option<Vec<String>> = body "policyNamesToAdd",
        policy_names_to_skip: Option<Vec<String>> = body "policyNamesToSkip",
    } -> TestAuthorizationOutput {
        auth_results: Vec<AuthResult> = body "authResults",
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure
        LimitExceeded;
}

structures! {
    PolicySummary {
        policy_name: String = "policyName",
        policy_arn: String = "policyArn",
    }

    PolicyVersion {
        version_id: String = "versionId",
        is_default_version: bool = "isDefaultVersion",
        create_date: Seconds = "createDate",
    }

    EffectivePolicy {
        policy_name: String = "policyName",
        policy_arn: String = "policyArn",
        policy_document: String = "policyDocument",
    }

    AuthInfo {
        action_type: Option<ActionType> = "actionType",
        resources: Vec<String> = "resources",
    }

    Allowed {
        policies: Vec<PolicySummary> = "policies",
    }

    ImplicitDeny {
        policies: Vec<PolicySummary> = "policies",
    }

    ExplicitDeny {
        policies: Vec<PolicySummary> = "policies",
    }

    Denied {
        implicit_deny: Option<ImplicitDeny> = "implicitDeny",
        explicit_deny: Option<ExplicitDeny> = "explicitDeny",
    }

    AuthResult {
        auth_info: AuthInfo = "authInfo",
        allowed: Option<Allowed> = "allowed",
        denied: Option<Denied> = "denied",
        auth_decision: Option<AuthDecision> = "authDecision",
        missing_context_values: Vec<String> = "missingContextValues",
    }
}

enumerations! {
    ActionType {
        Publish = "PUBLISH",
        Subscribe = "SUBSCRIBE",
        Receive = "RECEIVE",
        Connect = "CONNECT",
    }

    AuthDecision {
        Allowed = "ALLOWED",
        ExplicitDeny = "EXPLICIT_DENY",
        ImplicitDeny = "IMPLICIT_DENY",
    }
}
