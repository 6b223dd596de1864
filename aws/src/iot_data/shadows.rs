//! Calls about shadows: how they are asked and answered. Does not answer them.

use crate::operations::operations;
use crate::value::Blob;

operations! {
    GetThingShadow: GET "/things/{thingName}/shadow" {
        thing_name: String = label "thingName",
        shadow_name: Option<String> = query "name",
    } -> GetThingShadowOutput {
        payload: Blob = payload "payload",
    } or InvalidRequest ResourceNotFound Throttling Unauthorized ServiceUnavailable InternalFailure MethodNotAllowed
        UnsupportedDocumentEncoding;

    UpdateThingShadow: POST "/things/{thingName}/shadow" {
        thing_name: String = label "thingName",
        shadow_name: Option<String> = query "name",
        payload: Blob = payload "payload",
    } -> UpdateThingShadowOutput {
        payload: Blob = payload "payload",
    } or Conflict RequestEntityTooLarge InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure
        MethodNotAllowed UnsupportedDocumentEncoding;

    DeleteThingShadow: DELETE "/things/{thingName}/shadow" {
        thing_name: String = label "thingName",
        shadow_name: Option<String> = query "name",
    } -> DeleteThingShadowOutput {
        payload: Blob = payload "payload",
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure MethodNotAllowed
        UnsupportedDocumentEncoding;

    ListNamedShadowsForThing: GET "/api/things/shadow/ListNamedShadowsForThing/{thingName}" {
        thing_name: String = label "thingName",
        next_token: Option<String> = query "nextToken",
        page_size: Option<u16> = query "pageSize" in 1..=100,
    } -> ListNamedShadowsForThingOutput {
        results: Vec<String> = body "results",
        next_token: Option<String> = body "nextToken",
        timestamp: Option<i64> = body "timestamp",
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure MethodNotAllowed;
}
