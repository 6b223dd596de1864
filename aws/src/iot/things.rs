//! Calls about the registry's things: how they are asked and answered. Does not answer them.

use crate::operations::{operations, structures};
use crate::value::{Map, Seconds};

operations! {
    CreateThing: POST "/things/{thingName}" {
        thing_name: String = label "thingName",
        thing_type_name: Option<String> = body "thingTypeName",
        attribute_payload: Option<AttributePayload> = body "attributePayload",
        billing_group_name: Option<String> = body "billingGroupName",
    } -> CreateThingOutput {
        thing_name: String = body "thingName",
        thing_arn: String = body "thingArn",
        thing_id: String = body "thingId",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure ResourceAlreadyExists
        ResourceNotFound;

    DescribeThing: GET "/things/{thingName}" {
        thing_name: String = label "thingName",
    } -> DescribeThingOutput {
        default_client_id: String = body "defaultClientId",
        thing_name: String = body "thingName",
        thing_id: String = body "thingId",
        thing_arn: String = body "thingArn",
        thing_type_name: Option<String> = body "thingTypeName",
        attributes: Map<String, String> = body "attributes",
        version: i64 = body "version",
        billing_group_name: Option<String> = body "billingGroupName",
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    UpdateThing: PATCH "/things/{thingName}" {
        thing_name: String = label "thingName",
        thing_type_name: Option<String> = body "thingTypeName",
        attribute_payload: Option<AttributePayload> = body "attributePayload",
        expected_version: Option<i64> = body "expectedVersion",
        remove_thing_type: Option<bool> = body "removeThingType",
    } -> UpdateThingOutput {
    } or InvalidRequest VersionConflict Throttling Unauthorized ServiceUnavailable InternalFailure
        ResourceNotFound;

    DeleteThing: DELETE "/things/{thingName}" {
        thing_name: String = label "thingName",
        expected_version: Option<i64> = query "expectedVersion",
    } -> DeleteThingOutput {
    } or ResourceNotFound VersionConflict InvalidRequest Throttling Unauthorized ServiceUnavailable
        InternalFailure;

    GetThingConnectivityData: POST "/things/{thingName}/connectivity-data" {
        thing_name: String = label "thingName",
        include_socket_information: Option<bool> = body "includeSocketInformation",
    } -> GetThingConnectivityDataOutput {
        thing_name: String = body "thingName",
        connected: bool = body "connected",
        timestamp: Option<Seconds> = body "timestamp",
        disconnect_reason: Option<String> = body "disconnectReason",
        source_ip: Option<String> = body "sourceIp",
        source_port: Option<u32> = body "sourcePort",
        target_ip: Option<String> = body "targetIp",
        target_port: Option<u32> = body "targetPort",
        vpc_endpoint_id: Option<String> = body "vpcEndpointId",
        keep_alive_s: Option<u32> = body "keepAliveDuration",
        clean_session: Option<bool> = body "cleanSession",
        session_expiry_s: Option<i64> = body "sessionExpiry",
        client_id: Option<String> = body "clientId",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure ResourceNotFound
        IndexNotReady;

    ListThings: GET "/things" {
        next_token: Option<String> = query "nextToken",
        max_results: Option<u16> = query "maxResults" in 1..=250,
        attribute_name: Option<String> = query "attributeName",
        attribute_value: Option<String> = query "attributeValue",
        thing_type_name: Option<String> = query "thingTypeName",
        use_prefix_attribute_value: Option<bool> = query "usePrefixAttributeValue",
    } -> ListThingsOutput {
        things: Vec<ThingSummary> = body "things",
        next_token: Option<String> = body "nextToken",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;
}

structures! {
    AttributePayload {
        attributes: Option<Map<String, String>> = "attributes",
        merge: Option<bool> = "merge",
    }

    ThingSummary {
        thing_name: String = "thingName",
        thing_type_name: Option<String> = "thingTypeName",
        thing_arn: String = "thingArn",
        attributes: Map<String, String> = "attributes",
        version: i64 = "version",
    }
}
