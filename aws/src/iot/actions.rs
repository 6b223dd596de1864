//! What a topic rule may do with a message, as clients write it down. Does nothing of it, and says not what is served.

use crate::operations::{enumerations, structures, unions};
use crate::value::{Map, Secret};

unions! {
    /// One action of a rule.
    Action {
        DynamoDb(DynamoDbAction) = "dynamoDB",
        DynamoDbV2(DynamoDbV2Action) = "dynamoDBv2",
        Lambda(LambdaAction) = "lambda",
        Sns(SnsAction) = "sns",
        Sqs(SqsAction) = "sqs",
        Kinesis(KinesisAction) = "kinesis",
        Republish(RepublishAction) = "republish",
        S3(S3Action) = "s3",
        Firehose(FirehoseAction) = "firehose",
        CloudwatchMetric(CloudwatchMetricAction) = "cloudwatchMetric",
        CloudwatchAlarm(CloudwatchAlarmAction) = "cloudwatchAlarm",
        CloudwatchLogs(CloudwatchLogsAction) = "cloudwatchLogs",
        Elasticsearch(SearchAction) = "elasticsearch",
        Salesforce(SalesforceAction) = "salesforce",
        IotAnalytics(IotAnalyticsAction) = "iotAnalytics",
        IotEvents(IotEventsAction) = "iotEvents",
        IotSiteWise(IotSiteWiseAction) = "iotSiteWise",
        StepFunctions(StepFunctionsAction) = "stepFunctions",
        Timestream(TimestreamAction) = "timestream",
        Http(HttpAction) = "http",
        Kafka(KafkaAction) = "kafka",
        OpenSearch(SearchAction) = "openSearch",
        Location(LocationAction) = "location",
        InfluxDb(InfluxDbAction) = "influxDB",
    }
}

structures! {
    DynamoDbAction {
        table_name: String = "tableName",
        role_arn: String = "roleArn",
        operation: Option<String> = "operation",
        hash_key_field: String = "hashKeyField",
        hash_key_value: String = "hashKeyValue",
        hash_key_type: Option<DynamoKeyType> = "hashKeyType",
        range_key_field: Option<String> = "rangeKeyField",
        range_key_value: Option<String> = "rangeKeyValue",
        range_key_type: Option<DynamoKeyType> = "rangeKeyType",
        payload_field: Option<String> = "payloadField",
    }

    DynamoDbV2Action {
        role_arn: String = "roleArn",
        put_item: PutItemInput = "putItem",
    }

    PutItemInput {
        table_name: String = "tableName",
    }

    LambdaAction {
        function_arn: String = "functionArn",
    }

    SnsAction {
        target_arn: String = "targetArn",
        role_arn: String = "roleArn",
        message_format: Option<MessageFormat> = "messageFormat",
    }

    SqsAction {
        role_arn: String = "roleArn",
        queue_url: String = "queueUrl",
        use_base64: Option<bool> = "useBase64",
    }

    KinesisAction {
        role_arn: String = "roleArn",
        stream_name: String = "streamName",
        partition_key: Option<String> = "partitionKey",
    }

    RepublishAction {
        role_arn: String = "roleArn",
        topic: String = "topic",
        qos: Option<u16> = "qos" in 0..=1,
        headers: Option<MqttHeaders> = "headers",
    }

    MqttHeaders {
        payload_format_indicator: Option<String> = "payloadFormatIndicator",
        content_type: Option<String> = "contentType",
        response_topic: Option<String> = "responseTopic",
        correlation_data: Option<String> = "correlationData",
        message_expiry: Option<String> = "messageExpiry",
        user_properties: Option<Vec<UserProperty>> = "userProperties",
    }

    UserProperty {
        key: String = "key",
        value: String = "value",
    }

    S3Action {
        role_arn: String = "roleArn",
        bucket_name: String = "bucketName",
        key: String = "key",
        canned_acl: Option<CannedAccessControlList> = "cannedAcl",
    }

    FirehoseAction {
        role_arn: String = "roleArn",
        delivery_stream_name: String = "deliveryStreamName",
        separator: Option<String> = "separator",
        batch_mode: Option<bool> = "batchMode",
    }

    CloudwatchMetricAction {
        role_arn: String = "roleArn",
        metric_namespace: String = "metricNamespace",
        metric_name: String = "metricName",
        metric_value: String = "metricValue",
        metric_unit: String = "metricUnit",
        metric_timestamp: Option<String> = "metricTimestamp",
    }

    CloudwatchAlarmAction {
        role_arn: String = "roleArn",
        alarm_name: String = "alarmName",
        state_reason: String = "stateReason",
        state_value: String = "stateValue",
    }

    CloudwatchLogsAction {
        role_arn: String = "roleArn",
        log_group_name: String = "logGroupName",
        batch_mode: Option<bool> = "batchMode",
    }

    SearchAction {
        role_arn: String = "roleArn",
        endpoint: String = "endpoint",
        index: String = "index",
        document_type: String = "type",
        id: String = "id",
    }

    SalesforceAction {
        token: Secret = "token",
        url: String = "url",
    }

    IotAnalyticsAction {
        channel_arn: Option<String> = "channelArn",
        channel_name: Option<String> = "channelName",
        batch_mode: Option<bool> = "batchMode",
        role_arn: Option<String> = "roleArn",
    }

    IotEventsAction {
        input_name: String = "inputName",
        message_id: Option<String> = "messageId",
        batch_mode: Option<bool> = "batchMode",
        role_arn: String = "roleArn",
    }

    IotSiteWiseAction {
        put_asset_property_value_entries: Vec<PutAssetPropertyValueEntry> = "putAssetPropertyValueEntries",
        role_arn: String = "roleArn",
    }

    PutAssetPropertyValueEntry {
        entry_id: Option<String> = "entryId",
        asset_id: Option<String> = "assetId",
        property_id: Option<String> = "propertyId",
        property_alias: Option<String> = "propertyAlias",
        property_values: Vec<AssetPropertyValue> = "propertyValues",
    }

    AssetPropertyValue {
        value: AssetPropertyVariant = "value",
        timestamp: AssetPropertyTimestamp = "timestamp",
        quality: Option<String> = "quality",
    }

    AssetPropertyVariant {
        string_value: Option<String> = "stringValue",
        integer_value: Option<String> = "integerValue",
        double_value: Option<String> = "doubleValue",
        boolean_value: Option<String> = "booleanValue",
    }

    AssetPropertyTimestamp {
        time_in_seconds: String = "timeInSeconds",
        offset_in_nanos: Option<String> = "offsetInNanos",
    }

    StepFunctionsAction {
        execution_name_prefix: Option<String> = "executionNamePrefix",
        state_machine_name: String = "stateMachineName",
        role_arn: String = "roleArn",
    }

    TimestreamAction {
        role_arn: String = "roleArn",
        database_name: String = "databaseName",
        table_name: String = "tableName",
        dimensions: Vec<TimestreamDimension> = "dimensions",
        timestamp: Option<TimestreamTimestamp> = "timestamp",
    }

    TimestreamDimension {
        name: String = "name",
        value: String = "value",
    }

    TimestreamTimestamp {
        value: String = "value",
        unit: String = "unit",
    }

    HttpAction {
        url: String = "url",
        confirmation_url: Option<String> = "confirmationUrl",
        headers: Option<Vec<HttpActionHeader>> = "headers",
        auth: Option<HttpAuthorization> = "auth",
        enable_batching: Option<bool> = "enableBatching",
        batch_config: Option<BatchConfig> = "batchConfig",
    }

    HttpActionHeader {
        key: String = "key",
        value: String = "value",
    }

    HttpAuthorization {
        sigv4: Option<SigV4Authorization> = "sigv4",
    }

    SigV4Authorization {
        signing_region: String = "signingRegion",
        service_name: String = "serviceName",
        role_arn: String = "roleArn",
    }

    BatchConfig {
        max_batch_open_ms: Option<u16> = "maxBatchOpenMs" in 5..=200,
        max_batch_size: Option<u16> = "maxBatchSize" in 2..=10,
        max_batch_size_bytes: Option<u32> = "maxBatchSizeBytes" in 100..=131072,
        batch_across_topics: Option<bool> = "batchAcrossTopics",
    }

    KafkaAction {
        destination_arn: String = "destinationArn",
        topic: String = "topic",
        key: Option<String> = "key",
        partition: Option<String> = "partition",
        client_properties: Map<String, Secret> = "clientProperties",
        headers: Option<Vec<KafkaActionHeader>> = "headers",
    }

    KafkaActionHeader {
        key: String = "key",
        value: String = "value",
    }

    LocationAction {
        role_arn: String = "roleArn",
        tracker_name: String = "trackerName",
        device_id: String = "deviceId",
        timestamp: Option<LocationTimestamp> = "timestamp",
        latitude: String = "latitude",
        longitude: String = "longitude",
    }

    LocationTimestamp {
        value: String = "value",
        unit: Option<String> = "unit",
    }

    InfluxDbAction {
        destination_arn: String = "destinationArn",
        role_arn: String = "roleArn",
        database_name: String = "databaseName",
        table_name: String = "tableName",
        organization: Option<String> = "organization",
        tags: Option<Map<String, String>> = "tags",
        timestamp_unit: Option<InfluxDbTimestampUnit> = "timestampUnit",
        batch_config: Option<InfluxDbBatchConfig> = "batchConfig",
    }

    InfluxDbBatchConfig {
        max_batch_size: Option<u16> = "maxBatchSize" in 1..=500,
        max_batch_open_ms: Option<u16> = "maxBatchOpenMs" in 5..=1000,
        max_batch_size_bytes: Option<u32> = "maxBatchSizeBytes" in 100..=131072,
        batch_across_topics: Option<bool> = "batchAcrossTopics",
    }
}

enumerations! {
    DynamoKeyType {
        String = "STRING",
        Number = "NUMBER",
    }

    MessageFormat {
        Raw = "RAW",
        Json = "JSON",
    }

    CannedAccessControlList {
        Private = "private",
        PublicRead = "public-read",
        PublicReadWrite = "public-read-write",
        AwsExecRead = "aws-exec-read",
        AuthenticatedRead = "authenticated-read",
        BucketOwnerRead = "bucket-owner-read",
        BucketOwnerFullControl = "bucket-owner-full-control",
        LogDeliveryWrite = "log-delivery-write",
    }

    InfluxDbTimestampUnit {
        S = "s",
        Ms = "ms",
        Us = "us",
        Ns = "ns",
    }
}
