//! Calls about thing groups and who is in them: how they are asked and answered. Does not answer them.

use crate::iot::tags::Tag;
use crate::iot::things::AttributePayload;
use crate::operations::{enumerations, operations, structures};
use crate::value::Seconds;

operations! {
    CreateThingGroup: POST "/thing-groups/{thingGroupName}" {
        thing_group_name: String = label "thingGroupName",
        parent_group_name: Option<String> = body "parentGroupName",
        thing_group_properties: Option<ThingGroupProperties> = body "thingGroupProperties",
        tags: Option<Vec<Tag>> = body "tags",
    } -> CreateThingGroupOutput {
        thing_group_name: String = body "thingGroupName",
        thing_group_arn: String = body "thingGroupArn",
        thing_group_id: String = body "thingGroupId",
    } or InvalidRequest ResourceAlreadyExists Throttling InternalFailure;

    DescribeThingGroup: GET "/thing-groups/{thingGroupName}" {
        thing_group_name: String = label "thingGroupName",
    } -> DescribeThingGroupOutput {
        thing_group_name: String = body "thingGroupName",
        thing_group_id: String = body "thingGroupId",
        thing_group_arn: String = body "thingGroupArn",
        version: i64 = body "version",
        thing_group_properties: ThingGroupProperties = body "thingGroupProperties",
        thing_group_metadata: ThingGroupMetadata = body "thingGroupMetadata",
        index_name: Option<String> = body "indexName",
        query_string: Option<String> = body "queryString",
        query_version: Option<String> = body "queryVersion",
        status: Option<DynamicGroupStatus> = body "status",
    } or InvalidRequest Throttling InternalFailure ResourceNotFound;

    UpdateThingGroup: PATCH "/thing-groups/{thingGroupName}" {
        thing_group_name: String = label "thingGroupName",
        thing_group_properties: ThingGroupProperties = body "thingGroupProperties",
        expected_version: Option<i64> = body "expectedVersion",
    } -> UpdateThingGroupOutput {
        version: i64 = body "version",
    } or InvalidRequest VersionConflict Throttling InternalFailure ResourceNotFound;

    DeleteThingGroup: DELETE "/thing-groups/{thingGroupName}" {
        thing_group_name: String = label "thingGroupName",
        expected_version: Option<i64> = query "expectedVersion",
    } -> DeleteThingGroupOutput {
    } or InvalidRequest VersionConflict Throttling InternalFailure;

    ListThingGroups: GET "/thing-groups" {
        next_token: Option<String> = query "nextToken",
        max_results: Option<u16> = query "maxResults" in 1..=250,
        parent_group: Option<String> = query "parentGroup",
        name_prefix_filter: Option<String> = query "namePrefixFilter",
        recursive: Option<bool> = query "recursive",
    } -> ListThingGroupsOutput {
        thing_groups: Vec<GroupNameAndArn> = body "thingGroups",
        next_token: Option<String> = body "nextToken",
    } or InvalidRequest InternalFailure ResourceNotFound Throttling;

    ListThingGroupsForThing: GET "/things/{thingName}/thing-groups" {
        thing_name: String = label "thingName",
        next_token: Option<String> = query "nextToken",
        max_results: Option<u16> = query "maxResults" in 1..=250,
    } -> ListThingGroupsForThingOutput {
        thing_groups: Vec<GroupNameAndArn> = body "thingGroups",
        next_token: Option<String> = body "nextToken",
    } or InvalidRequest InternalFailure ResourceNotFound Throttling;

    ListThingsInThingGroup: GET "/thing-groups/{thingGroupName}/things" {
        thing_group_name: String = label "thingGroupName",
        recursive: Option<bool> = query "recursive",
        next_token: Option<String> = query "nextToken",
        max_results: Option<u16> = query "maxResults" in 1..=250,
    } -> ListThingsInThingGroupOutput {
        things: Vec<String> = body "things",
        next_token: Option<String> = body "nextToken",
    } or InvalidRequest InternalFailure ResourceNotFound Throttling;

    AddThingToThingGroup: PUT "/thing-groups/addThingToThingGroup" {
        thing_group_name: Option<String> = body "thingGroupName",
        thing_group_arn: Option<String> = body "thingGroupArn",
        thing_name: Option<String> = body "thingName",
        thing_arn: Option<String> = body "thingArn",
        override_dynamic_groups: Option<bool> = body "overrideDynamicGroups",
    } -> AddThingToThingGroupOutput {
    } or InvalidRequest Throttling InternalFailure ResourceNotFound;

    RemoveThingFromThingGroup: PUT "/thing-groups/removeThingFromThingGroup" {
        thing_group_name: Option<String> = body "thingGroupName",
        thing_group_arn: Option<String> = body "thingGroupArn",
        thing_name: Option<String> = body "thingName",
        thing_arn: Option<String> = body "thingArn",
    } -> RemoveThingFromThingGroupOutput {
    } or InvalidRequest Throttling InternalFailure ResourceNotFound;

    UpdateThingGroupsForThing: PUT "/thing-groups/updateThingGroupsForThing" {
        thing_name: Option<String> = body "thingName",
        thing_groups_to_add: Option<Vec<String>> = body "thingGroupsToAdd",
        thing_groups_to_remove: Option<Vec<String>> = body "thingGroupsToRemove",
        override_dynamic_groups: Option<bool> = body "overrideDynamicGroups",
    } -> UpdateThingGroupsForThingOutput {
    } or InvalidRequest Throttling InternalFailure ResourceNotFound;
}

structures! {
    ThingGroupProperties {
        thing_group_description: Option<String> = "thingGroupDescription",
        attribute_payload: Option<AttributePayload> = "attributePayload",
    }

    GroupNameAndArn {
        group_name: String = "groupName",
        group_arn: String = "groupArn",
    }

    ThingGroupMetadata {
        parent_group_name: Option<String> = "parentGroupName",
        root_to_parent_thing_groups: Option<Vec<GroupNameAndArn>> = "rootToParentThingGroups",
        creation_date: Seconds = "creationDate",
    }
}

enumerations! {
    DynamicGroupStatus {
        Active = "ACTIVE",
        Building = "BUILDING",
        Rebuilding = "REBUILDING",
    }
}
