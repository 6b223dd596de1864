//! Calls about the destinations of topic rules: how they are asked and answered. Does not answer them.

use crate::operations::{enumerations, operations, structures};
use crate::value::Seconds;

operations! {
    CreateTopicRuleDestination: POST "/destinations" {
        destination_configuration: TopicRuleDestinationConfiguration = body "destinationConfiguration",
    } -> CreateTopicRuleDestinationOutput {
        topic_rule_destination: TopicRuleDestination = body "topicRuleDestination",
    } or Internal InvalidRequest ResourceAlreadyExists ServiceUnavailable ConflictingResourceUpdate Unauthorized;

    GetTopicRuleDestination: GET "/destinations/{arn+}" {
        arn: String = label "arn",
    } -> GetTopicRuleDestinationOutput {
        topic_rule_destination: TopicRuleDestination = body "topicRuleDestination",
    } or Internal InvalidRequest ServiceUnavailable Unauthorized;

    ListTopicRuleDestinations: GET "/destinations" {
        max_results: Option<u16> = query "maxResults" in 1..=1000,
        next_token: Option<String> = query "nextToken",
    } -> ListTopicRuleDestinationsOutput {
        destination_summaries: Vec<TopicRuleDestinationSummary> = body "destinationSummaries",
        next_token: Option<String> = body "nextToken",
    } or Internal InvalidRequest ServiceUnavailable Unauthorized;

    UpdateTopicRuleDestination: PATCH "/destinations" {
        arn: String = body "arn",
        status: TopicRuleDestinationStatus = body "status",
    } -> UpdateTopicRuleDestinationOutput {
    } or Internal InvalidRequest ServiceUnavailable Unauthorized ConflictingResourceUpdate;

    DeleteTopicRuleDestination: DELETE "/destinations/{arn+}" {
        arn: String = label "arn",
    } -> DeleteTopicRuleDestinationOutput {
    } or Internal InvalidRequest ServiceUnavailable Unauthorized ConflictingResourceUpdate;

    ConfirmTopicRuleDestination: GET "/confirmdestination/{confirmationToken+}" {
        confirmation_token: String = label "confirmationToken",
    } -> ConfirmTopicRuleDestinationOutput {
    } or Internal InvalidRequest ServiceUnavailable Unauthorized ConflictingResourceUpdate;
}

structures! {
    TopicRuleDestinationConfiguration {
        http_url_configuration: Option<HttpUrlDestinationConfiguration> = "httpUrlConfiguration",
        vpc_configuration: Option<VpcDestinationConfiguration> = "vpcConfiguration",
        influx_db_configuration: Option<InfluxDbDestinationConfiguration> = "influxDBConfiguration",
    }

    HttpUrlDestinationConfiguration {
        confirmation_url: String = "confirmationUrl",
    }

    VpcDestinationConfiguration {
        subnet_ids: Vec<String> = "subnetIds",
        security_groups: Option<Vec<String>> = "securityGroups",
        vpc_id: String = "vpcId",
        role_arn: String = "roleArn",
    }

    InfluxDbDestinationConfiguration {
        endpoint: String = "endpoint",
        influx_db_version: InfluxDbVersion = "influxDBVersion",
        secret_id: String = "secretId",
        secret_type: Option<InfluxDbSecretType> = "secretType",
        secret_key: Option<String> = "secretKey",
    }

    TopicRuleDestination {
        arn: Option<String> = "arn",
        status: Option<TopicRuleDestinationStatus> = "status",
        created_at: Option<Seconds> = "createdAt",
        last_updated_at: Option<Seconds> = "lastUpdatedAt",
        status_reason: Option<String> = "statusReason",
        http_url_properties: Option<HttpUrlDestinationProperties> = "httpUrlProperties",
        vpc_properties: Option<VpcDestinationProperties> = "vpcProperties",
        influx_db_properties: Option<InfluxDbDestinationProperties> = "influxDBProperties",
    }

    HttpUrlDestinationProperties {
        confirmation_url: Option<String> = "confirmationUrl",
    }

    VpcDestinationProperties {
        subnet_ids: Option<Vec<String>> = "subnetIds",
        security_groups: Option<Vec<String>> = "securityGroups",
        vpc_id: Option<String> = "vpcId",
        role_arn: Option<String> = "roleArn",
    }

    InfluxDbDestinationProperties {
        endpoint: Option<String> = "endpoint",
        influx_db_version: Option<InfluxDbVersion> = "influxDBVersion",
        secret_id: Option<String> = "secretId",
        secret_type: Option<InfluxDbSecretType> = "secretType",
        secret_key: Option<String> = "secretKey",
    }

    TopicRuleDestinationSummary {
        arn: Option<String> = "arn",
        status: Option<TopicRuleDestinationStatus> = "status",
        created_at: Option<Seconds> = "createdAt",
        last_updated_at: Option<Seconds> = "lastUpdatedAt",
        status_reason: Option<String> = "statusReason",
        http_url_summary: Option<HttpUrlDestinationProperties> = "httpUrlSummary",
        vpc_destination_summary: Option<VpcDestinationProperties> = "vpcDestinationSummary",
        influx_db_summary: Option<InfluxDbDestinationProperties> = "influxDBSummary",
    }
}

enumerations! {
    #[derive(Default)]
    InfluxDbVersion {
        #[default]
        V2 = "V2",
        V3 = "V3",
    }

    InfluxDbSecretType {
        SecretString = "SecretString",
        SecretBinary = "SecretBinary",
    }

    TopicRuleDestinationStatus {
        Enabled = "ENABLED",
        InProgress = "IN_PROGRESS",
        Disabled = "DISABLED",
        Error = "ERROR",
        Deleting = "DELETING",
    }
}
