//! Calls about the principals of things: how they are asked and answered. Does not answer them.

use crate::operations::{enumerations, operations, structures};

operations! {
    AttachThingPrincipal: PUT "/things/{thingName}/principals" {
        thing_name: String = label "thingName",
        principal: String = header "x-amzn-principal",
        thing_principal_type: Option<ThingPrincipalType> = query "thingPrincipalType",
    } -> AttachThingPrincipalOutput {
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    DetachThingPrincipal: DELETE "/things/{thingName}/principals" {
        thing_name: String = label "thingName",
        principal: String = header "x-amzn-principal",
    } -> DetachThingPrincipalOutput {
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    ListThingPrincipals: GET "/things/{thingName}/principals" {
        next_token: Option<String> = query "nextToken",
        max_results: Option<u16> = query "maxResults" in 1..=250,
        thing_name: String = label "thingName",
    } -> ListThingPrincipalsOutput {
        principals: Vec<String> = body "principals",
        next_token: Option<String> = body "nextToken",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure ResourceNotFound;

    ListThingPrincipalsV2: GET "/things/{thingName}/principals-v2" {
        next_token: Option<String> = query "nextToken",
        max_results: Option<u16> = query "maxResults" in 1..=250,
        thing_name: String = label "thingName",
        thing_principal_type: Option<ThingPrincipalType> = query "thingPrincipalType",
    } -> ListThingPrincipalsV2Output {
        thing_principal_objects: Vec<ThingPrincipalObject> = body "thingPrincipalObjects",
        next_token: Option<String> = body "nextToken",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure ResourceNotFound;

    ListPrincipalThings: GET "/principals/things" {
        next_token: Option<String> = query "nextToken",
        max_results: Option<u16> = query "maxResults" in 1..=250,
        principal: String = header "x-amzn-principal",
    } -> ListPrincipalThingsOutput {
        things: Vec<String> = body "things",
        next_token: Option<String> = body "nextToken",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure ResourceNotFound;

    ListPrincipalThingsV2: GET "/principals/things-v2" {
        next_token: Option<String> = query "nextToken",
        max_results: Option<u16> = query "maxResults" in 1..=250,
        principal: String = header "x-amzn-principal",
        thing_principal_type: Option<ThingPrincipalType> = query "thingPrincipalType",
    } -> ListPrincipalThingsV2Output {
        principal_thing_objects: Vec<PrincipalThingObject> = body "principalThingObjects",
        next_token: Option<String> = body "nextToken",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure ResourceNotFound;
}

structures! {
    ThingPrincipalObject {
        principal: String = "principal",
        thing_principal_type: Option<ThingPrincipalType> = "thingPrincipalType",
    }

    PrincipalThingObject {
        thing_name: String = "thingName",
        thing_principal_type: Option<ThingPrincipalType> = "thingPrincipalType",
    }
}

enumerations! {
    ThingPrincipalType {
        ExclusiveThing = "EXCLUSIVE_THING",
        NonExclusiveThing = "NON_EXCLUSIVE_THING",
    }
}
