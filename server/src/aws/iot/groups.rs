//! Calls about static thing groups and their members in, their outcomes out.

use ::aws::Fault;
use ::aws::iot::groups::{
    AddThingToThingGroup, AddThingToThingGroupOutput, CreateThingGroup, CreateThingGroupOutput,
    DeleteThingGroup, DeleteThingGroupOutput, DescribeThingGroup, DescribeThingGroupOutput, GroupNameAndArn,
    ListThingGroups, ListThingGroupsForThing, ListThingGroupsForThingOutput, ListThingGroupsOutput,
    ListThingsInThingGroup, ListThingsInThingGroupOutput, RemoveThingFromThingGroup,
    RemoveThingFromThingGroupOutput, ThingGroupMetadata, ThingGroupProperties, UpdateThingGroup,
    UpdateThingGroupOutput, UpdateThingGroupsForThing, UpdateThingGroupsForThingOutput,
};
use ::aws::iot::things::AttributePayload;
use registry::{GroupFilter, GroupUpdate, NewGroup, RegistryError};

use super::pages::Page;
use super::{Plane, date, expected, random, tags_of, version};

pub(super) async fn create(
    plane: &Plane<'_>,
    call: CreateThingGroup,
) -> Result<CreateThingGroupOutput, Fault> {
    let ThingGroupProperties { thing_group_description, attribute_payload } =
        call.thing_group_properties.unwrap_or_default();
    let new = NewGroup {
        name: call.thing_group_name,
        parent: call.parent_group_name,
        description: thing_group_description,
        attributes: attribute_payload.and_then(|payload| payload.attributes).unwrap_or_default(),
        tags: tags_of(call.tags)?,
        random: random(),
    };
    let now_ms = plane.now_ms;
    let created = plane.change(move |draft, scope| {
        let group = draft.create_group(scope, new, now_ms)?;
        Ok((group.name.to_string(), group.id.clone()))
    });
    let (thing_group_name, thing_group_id) = created.await?;
    let thing_group_arn = plane.arn("thinggroup", &thing_group_name);
    Ok(CreateThingGroupOutput { thing_group_name, thing_group_arn, thing_group_id })
}

pub(super) fn describe(
    plane: &Plane<'_>,
    call: DescribeThingGroup,
) -> Result<DescribeThingGroupOutput, Fault> {
    let registry = plane.registry();
    let group = registry
        .find_group(plane.scope, &call.thing_group_name)
        .ok_or_else(|| plane.fault(&RegistryError::UnknownGroup(call.thing_group_name)))?;
    let mut lineage = registry.lineage(plane.scope, &group.name);
    lineage.pop();
    let attributes = (!group.attributes.is_empty()).then(|| group.attributes.to_map());
    Ok(DescribeThingGroupOutput {
        thing_group_name: group.name.to_string(),
        thing_group_id: group.id.clone(),
        thing_group_arn: plane.arn("thinggroup", &group.name),
        version: version(group.version),
        thing_group_properties: ThingGroupProperties {
            thing_group_description: group.description.clone(),
            attribute_payload: attributes
                .map(|attributes| AttributePayload { attributes: Some(attributes), merge: None }),
        },
        thing_group_metadata: ThingGroupMetadata {
            parent_group_name: group.parent.as_deref().map(str::to_owned),
            // AWS leaves it out for a group at the top.
            root_to_parent_thing_groups: (!lineage.is_empty())
                .then(|| lineage.iter().map(|group| named(plane, &group.name)).collect()),
            creation_date: date(group.created_ms),
        },
        ..DescribeThingGroupOutput::default()
    })
}

pub(super) async fn update(
    plane: &Plane<'_>,
    call: UpdateThingGroup,
) -> Result<UpdateThingGroupOutput, Fault> {
    let ThingGroupProperties { thing_group_description, attribute_payload } = call.thing_group_properties;
    let AttributePayload { attributes, merge } = attribute_payload.unwrap_or_default();
    let update = GroupUpdate {
        description: thing_group_description,
        attributes,
        merge: merge.unwrap_or(false),
        expected_version: expected(call.expected_version),
    };
    let updated = plane
        .change(move |draft, scope| Ok(draft.update_group(scope, &call.thing_group_name, &update)?.version));
    Ok(UpdateThingGroupOutput { version: version(updated.await?) })
}

pub(super) async fn delete(
    plane: &Plane<'_>,
    call: DeleteThingGroup,
) -> Result<DeleteThingGroupOutput, Fault> {
    let expected = expected(call.expected_version);
    plane.change(move |draft, scope| draft.delete_group(scope, &call.thing_group_name, expected)).await?;
    Ok(DeleteThingGroupOutput {})
}

pub(super) fn list(plane: &Plane<'_>, call: ListThingGroups) -> Result<ListThingGroupsOutput, Fault> {
    let page = Page::new(call.next_token.as_deref(), call.max_results)?;
    let registry = plane.registry();
    if let Some(parent) = &call.parent_group {
        must_exist(plane, registry.find_group(plane.scope, parent).is_some(), parent)?;
    }
    let filter = GroupFilter {
        // All groups of the account, unless asked for those at one place.
        recursive: call.recursive.unwrap_or(call.parent_group.is_none()),
        parent: call.parent_group,
        name_prefix: call.name_prefix_filter,
    };
    let found = registry.groups(plane.scope, &filter, page.after.as_deref());
    let (thing_groups, next_token) =
        page.cut(found.map(|group| (group.name.to_string(), named(plane, &group.name))));
    Ok(ListThingGroupsOutput { thing_groups, next_token })
}

pub(super) fn list_of_thing(
    plane: &Plane<'_>,
    call: ListThingGroupsForThing,
) -> Result<ListThingGroupsForThingOutput, Fault> {
    let page = Page::new(call.next_token.as_deref(), call.max_results)?;
    let registry = plane.registry();
    let thing = registry
        .find_thing(plane.scope, &call.thing_name)
        .ok_or_else(|| plane.fault(&RegistryError::UnknownThing(call.thing_name)))?;
    let all = thing.groups.iter().map(|name| (name.to_string(), named(plane, name)));
    let (thing_groups, next_token) = page.cut_whole(all);
    Ok(ListThingGroupsForThingOutput { thing_groups, next_token })
}

pub(super) fn list_things(
    plane: &Plane<'_>,
    call: ListThingsInThingGroup,
) -> Result<ListThingsInThingGroupOutput, Fault> {
    let page = Page::new(call.next_token.as_deref(), call.max_results)?;
    let (registry, group) = (plane.registry(), &call.thing_group_name);
    must_exist(plane, registry.find_group(plane.scope, group).is_some(), group)?;
    let recursive = call.recursive.unwrap_or(false);
    let found = registry.things_in_group(plane.scope, group, recursive, page.after.as_deref());
    let (things, next_token) = page.cut(found.map(|thing| (thing.name.to_string(), thing.name.to_string())));
    Ok(ListThingsInThingGroupOutput { things, next_token })
}

pub(super) async fn add(
    plane: &Plane<'_>,
    call: AddThingToThingGroup,
) -> Result<AddThingToThingGroupOutput, Fault> {
    let group = name_of(plane, "thingGroup", "thinggroup", call.thing_group_name, call.thing_group_arn)?;
    let thing = name_of(plane, "thing", "thing", call.thing_name, call.thing_arn)?;
    plane.change(move |draft, scope| draft.add_to_group(scope, &group, &thing)).await?;
    Ok(AddThingToThingGroupOutput {})
}

pub(super) async fn remove(
    plane: &Plane<'_>,
    call: RemoveThingFromThingGroup,
) -> Result<RemoveThingFromThingGroupOutput, Fault> {
    let group = name_of(plane, "thingGroup", "thinggroup", call.thing_group_name, call.thing_group_arn)?;
    let thing = name_of(plane, "thing", "thing", call.thing_name, call.thing_arn)?;
    plane.change(move |draft, scope| draft.remove_from_group(scope, &group, &thing)).await?;
    Ok(RemoveThingFromThingGroupOutput {})
}

pub(super) async fn update_for_thing(
    plane: &Plane<'_>,
    call: UpdateThingGroupsForThing,
) -> Result<UpdateThingGroupsForThingOutput, Fault> {
    let thing =
        call.thing_name.ok_or_else(|| Fault::invalid_request("thingName is missing: name the thing"))?;
    let (add, remove) =
        (call.thing_groups_to_add.unwrap_or_default(), call.thing_groups_to_remove.unwrap_or_default());
    plane.change(move |draft, scope| draft.update_groups_of_thing(scope, &thing, &add, &remove)).await?;
    Ok(UpdateThingGroupsForThingOutput {})
}

/// The name of what is given by name, by ARN, or by both.
fn name_of(
    plane: &Plane<'_>,
    what: &str,
    kind: &str,
    name: Option<String>,
    arn: Option<String>,
) -> Result<String, Fault> {
    let by_arn = match &arn {
        Some(arn) => Some(arn.strip_prefix(&plane.arn(kind, "")).ok_or_else(|| {
            Fault::invalid_request(format!(
                "{what}Arn is none of this account and region: it begins with {}",
                plane.arn(kind, "")
            ))
        })?),
        None => None,
    };
    match (name, by_arn) {
        (Some(name), Some(other)) if name != other => {
            Err(Fault::invalid_request(format!("{what}Name and {what}Arn name two: give one of them")))
        }
        (Some(name), _) => Ok(name),
        (None, Some(name)) => Ok(name.to_owned()),
        (None, None) => Err(Fault::invalid_request(format!("{what}Name is missing: give it, or {what}Arn"))),
    }
}

fn must_exist(plane: &Plane<'_>, exists: bool, group: &str) -> Result<(), Fault> {
    match exists {
        true => Ok(()),
        false => Err(plane.fault(&RegistryError::UnknownGroup(group.to_owned()))),
    }
}

fn named(plane: &Plane<'_>, name: &str) -> GroupNameAndArn {
    GroupNameAndArn { group_name: name.to_owned(), group_arn: plane.arn("thinggroup", name) }
}
