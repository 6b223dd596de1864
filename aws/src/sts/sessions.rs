//! Calls for temporary credentials: how they are asked and answered. Does not answer them.

use crate::operations::{operations, structures};
use crate::value::{Seconds, Secret};

operations! {
    AssumeRole: POST "/" {
        role_arn: String = body "RoleArn",
        role_session_name: String = body "RoleSessionName",
        policy_arns: Option<Vec<PolicyDescriptorType>> = body "PolicyArns",
        policy: Option<String> = body "Policy",
        duration_seconds: Option<u32> = body "DurationSeconds" in 900..=43_200,
        tags: Option<Vec<Tag>> = body "Tags",
        transitive_tag_keys: Option<Vec<String>> = body "TransitiveTagKeys",
        external_id: Option<String> = body "ExternalId",
        serial_number: Option<String> = body "SerialNumber",
        token_code: Option<Secret> = body "TokenCode",
        source_identity: Option<String> = body "SourceIdentity",
        provided_contexts: Option<Vec<ProvidedContext>> = body "ProvidedContexts",
        minimum_session_token_size: Option<u32> = body "MinimumSessionTokenSize" in 0..=4_096,
    } -> AssumeRoleOutput {
        credentials: Credentials = body "Credentials",
        assumed_role_user: AssumedRoleUser = body "AssumedRoleUser",
        packed_policy_size: Option<u32> = body "PackedPolicySize",
        source_identity: Option<String> = body "SourceIdentity",
        session_token_utilization: Option<u32> = body "SessionTokenUtilization",
        session_token_size: Option<u32> = body "SessionTokenSize",
    } or MalformedPolicyDocument PackedPolicyTooLarge RegionDisabled ExpiredToken;

    GetSessionToken: POST "/" {
        duration_seconds: Option<u32> = body "DurationSeconds" in 900..=129_600,
        serial_number: Option<String> = body "SerialNumber",
        token_code: Option<Secret> = body "TokenCode",
        minimum_session_token_size: Option<u32> = body "MinimumSessionTokenSize" in 0..=4_096,
    } -> GetSessionTokenOutput {
        credentials: Credentials = body "Credentials",
        session_token_utilization: Option<u32> = body "SessionTokenUtilization",
        session_token_size: Option<u32> = body "SessionTokenSize",
    } or RegionDisabled;
}

structures! {
    Credentials {
        access_key_id: String = "AccessKeyId",
        secret_access_key: Secret = "SecretAccessKey",
        session_token: Secret = "SessionToken",
        expiration: Seconds = "Expiration",
    }

    AssumedRoleUser {
        assumed_role_id: String = "AssumedRoleId",
        arn: String = "Arn",
    }

    PolicyDescriptorType {
        arn: Option<String> = "arn",
    }

    ProvidedContext {
        provider_arn: Option<String> = "ProviderArn",
        context_assertion: Option<String> = "ContextAssertion",
    }

    Tag {
        key: String = "Key",
        value: String = "Value",
    }
}

impl AssumeRole {
    /// A member that is given although nothing here heeds it.
    pub(super) fn unserved(&self) -> Option<&'static str> {
        let given = [
            ("PolicyArns", self.policy_arns.is_some()),
            ("Policy", self.policy.is_some()),
            ("Tags", self.tags.is_some()),
            ("TransitiveTagKeys", self.transitive_tag_keys.is_some()),
            ("SerialNumber", self.serial_number.is_some()),
            ("TokenCode", self.token_code.is_some()),
            ("SourceIdentity", self.source_identity.is_some()),
            ("ProvidedContexts", self.provided_contexts.is_some()),
            ("MinimumSessionTokenSize", self.minimum_session_token_size.is_some()),
        ];
        first(&given)
    }
}

impl GetSessionToken {
    /// A member that is given although nothing here heeds it.
    pub(super) fn unserved(&self) -> Option<&'static str> {
        let given = [
            ("SerialNumber", self.serial_number.is_some()),
            ("TokenCode", self.token_code.is_some()),
            ("MinimumSessionTokenSize", self.minimum_session_token_size.is_some()),
        ];
        first(&given)
    }
}

fn first(given: &[(&'static str, bool)]) -> Option<&'static str> {
    given.iter().find(|(_, is_given)| *is_given).map(|(member, _)| *member)
}
