//! Calls about log groups: how they are asked and answered. Does not answer them.

use crate::operations::{enumerations, operations, structures};
use crate::value::Map;

operations! {
    CreateLogGroup: POST "/" {
        log_group_name: String = body "logGroupName",
        kms_key_id: Option<String> = body "kmsKeyId",
        tags: Option<Map<String, String>> = body "tags",
        log_group_class: Option<LogGroupClass> = body "logGroupClass",
        deletion_protection_enabled: Option<bool> = body "deletionProtectionEnabled",
    } -> CreateLogGroupOutput {
    } or InvalidParameter ResourceAlreadyExists LimitExceeded OperationAborted ServiceUnavailable;

    DeleteLogGroup: POST "/" {
        log_group_name: String = body "logGroupName",
    } -> DeleteLogGroupOutput {
    } or InvalidParameter ResourceNotFound OperationAborted ServiceUnavailable Validation;

    DescribeLogGroups: POST "/" {
        account_identifiers: Option<Vec<String>> = body "accountIdentifiers",
        log_group_name_prefix: Option<String> = body "logGroupNamePrefix",
        log_group_name_pattern: Option<String> = body "logGroupNamePattern",
        next_token: Option<String> = body "nextToken",
        limit: Option<u16> = body "limit" in 1..=50,
        include_linked_accounts: Option<bool> = body "includeLinkedAccounts",
        log_group_class: Option<LogGroupClass> = body "logGroupClass",
        log_group_identifiers: Option<Vec<String>> = body "logGroupIdentifiers",
    } -> DescribeLogGroupsOutput {
        log_groups: Vec<LogGroup> = body "logGroups",
        next_token: Option<String> = body "nextToken",
    } or InvalidParameter ServiceUnavailable;

    PutRetentionPolicy: POST "/" {
        log_group_name: String = body "logGroupName",
        retention_in_days: i64 = body "retentionInDays",
    } -> PutRetentionPolicyOutput {
    } or InvalidParameter ResourceNotFound OperationAborted ServiceUnavailable;

    DeleteRetentionPolicy: POST "/" {
        log_group_name: String = body "logGroupName",
    } -> DeleteRetentionPolicyOutput {
    } or InvalidParameter ResourceNotFound OperationAborted ServiceUnavailable;
}

structures! {
    LogGroup {
        log_group_name: String = "logGroupName",
        creation_time: i64 = "creationTime",
        retention_in_days: Option<i64> = "retentionInDays",
        metric_filter_count: i64 = "metricFilterCount",
        arn: String = "arn",
        stored_bytes: i64 = "storedBytes",
        kms_key_id: Option<String> = "kmsKeyId",
        data_protection_status: Option<DataProtectionStatus> = "dataProtectionStatus",
        inherited_properties: Option<Vec<InheritedProperty>> = "inheritedProperties",
        log_group_class: Option<LogGroupClass> = "logGroupClass",
        log_group_arn: String = "logGroupArn",
        deletion_protection_enabled: Option<bool> = "deletionProtectionEnabled",
        bearer_token_authentication_enabled: Option<bool> = "bearerTokenAuthenticationEnabled",
        retention_policy_name: Option<String> = "retentionPolicyName",
    }
}

enumerations! {
    LogGroupClass {
        Standard = "STANDARD",
        InfrequentAccess = "INFREQUENT_ACCESS",
        Delivery = "DELIVERY",
        Essentials = "ESSENTIALS",
    }

    DataProtectionStatus {
        Activated = "ACTIVATED",
        Deleted = "DELETED",
        Archived = "ARCHIVED",
        Disabled = "DISABLED",
    }

    InheritedProperty {
        AccountDataProtection = "ACCOUNT_DATA_PROTECTION",
    }
}
