//! Calls about clients' connections: how they are asked and answered. Does not answer them.

use crate::operations::{operations, structures};

operations! {
    GetConnection: GET "/connections/{clientId}" {
        client_id: String = label "clientId",
        include_socket_information: Option<bool> = query "includeSocketInformation",
    } -> GetConnectionOutput {
        connected: bool = body "connected",
        thing_name: Option<String> = body "thingName",
        clean_session: Option<bool> = body "cleanSession",
        source_ip: Option<String> = body "sourceIp",
        source_port: Option<u32> = body "sourcePort",
        target_ip: Option<String> = body "targetIp",
        target_port: Option<u32> = body "targetPort",
        keep_alive_s: Option<u32> = body "keepAliveDuration",
        connected_since_ms: Option<i64> = body "connectedSince",
        disconnected_since_ms: Option<i64> = body "disconnectedSince",
        disconnect_reason: Option<String> = body "disconnectReason",
        session_expiry_s: Option<i64> = body "sessionExpiry",
        client_id: String = body "clientId",
        vpc_endpoint_id: Option<String> = body "vpcEndpointId",
    } or InvalidRequest Forbidden ResourceNotFound Throttling InternalFailure;

    DeleteConnection: DELETE "/connections/{clientId}" {
        client_id: String = label "clientId",
        clean_session: Option<bool> = query "cleanSession",
        prevent_will_message: Option<bool> = query "preventWillMessage",
    } -> DeleteConnectionOutput {
    } or Forbidden ResourceNotFound InvalidRequest Throttling InternalFailure;

    ListSubscriptions: GET "/connections/{clientId}/subscriptions" {
        client_id: String = label "clientId",
        next_token: Option<String> = query "nextToken",
        max_results: Option<u16> = query "maxResults" in 1..=200,
    } -> ListSubscriptionsOutput {
        subscriptions: Vec<SubscriptionSummary> = body "subscriptions",
        next_token: Option<String> = body "nextToken",
    } or InvalidRequest Forbidden ResourceNotFound Throttling InternalFailure;
}

structures! {
    SubscriptionSummary {
        topic_filter: String = "topicFilter",
        qos: u8 = "qos",
    }
}
