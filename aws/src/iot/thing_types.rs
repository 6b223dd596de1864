//! Calls about thing types: how they are asked and answered. Does not answer them.

use crate::iot::tags::Tag;
use crate::operations::{operations, structures};
use crate::value::Seconds;

operations! {
    CreateThingType: POST "/thing-types/{thingTypeName}" {
        thing_type_name: String = label "thingTypeName",
        thing_type_properties: Option<ThingTypeProperties> = body "thingTypeProperties",
        tags: Option<Vec<Tag>> = body "tags",
    } -> CreateThingTypeOutput {
        thing_type_name: String = body "thingTypeName",
        thing_type_arn: String = body "thingTypeArn",
        thing_type_id: String = body "thingTypeId",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure
        ResourceAlreadyExists;

    DescribeThingType: GET "/thing-types/{thingTypeName}" {
        thing_type_name: String = label "thingTypeName",
    } -> DescribeThingTypeOutput {
        thing_type_name: String = body "thingTypeName",
        thing_type_id: String = body "thingTypeId",
        thing_type_arn: String = body "thingTypeArn",
        thing_type_properties: ThingTypeProperties = body "thingTypeProperties",
        thing_type_metadata: ThingTypeMetadata = body "thingTypeMetadata",
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    UpdateThingType: PATCH "/thing-types/{thingTypeName}" {
        thing_type_name: String = label "thingTypeName",
        thing_type_properties: Option<ThingTypeProperties> = body "thingTypeProperties",
    } -> UpdateThingTypeOutput {
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    DeprecateThingType: POST "/thing-types/{thingTypeName}/deprecate" {
        thing_type_name: String = label "thingTypeName",
        undo_deprecate: Option<bool> = body "undoDeprecate",
    } -> DeprecateThingTypeOutput {
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    DeleteThingType: DELETE "/thing-types/{thingTypeName}" {
        thing_type_name: String = label "thingTypeName",
    } -> DeleteThingTypeOutput {
    } or ResourceNotFound InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;

    ListThingTypes: GET "/thing-types" {
        next_token: Option<String> = query "nextToken",
        max_results: Option<u16> = query "maxResults" in 1..=250,
        thing_type_name: Option<String> = query "thingTypeName",
    } -> ListThingTypesOutput {
        thing_types: Vec<ThingTypeSummary> = body "thingTypes",
        next_token: Option<String> = body "nextToken",
    } or InvalidRequest Throttling Unauthorized ServiceUnavailable InternalFailure;
}

structures! {
    PropagatingAttribute {
        user_property_key: Option<String> = "userPropertyKey",
        thing_attribute: Option<String> = "thingAttribute",
        connection_attribute: Option<String> = "connectionAttribute",
    }

    Mqtt5Configuration {
        propagating_attributes: Option<Vec<PropagatingAttribute>> = "propagatingAttributes",
    }

    ThingTypeProperties {
        thing_type_description: Option<String> = "thingTypeDescription",
        searchable_attributes: Option<Vec<String>> = "searchableAttributes",
        mqtt5_configuration: Option<Mqtt5Configuration> = "mqtt5Configuration",
    }

    ThingTypeMetadata {
        deprecated: bool = "deprecated",
        deprecation_date: Option<Seconds> = "deprecationDate",
        creation_date: Seconds = "creationDate",
    }

    ThingTypeSummary {
        thing_type_name: String = "thingTypeName",
        thing_type_arn: String = "thingTypeArn",
        thing_type_properties: ThingTypeProperties = "thingTypeProperties",
        thing_type_metadata: ThingTypeMetadata = "thingTypeMetadata",
    }
}
