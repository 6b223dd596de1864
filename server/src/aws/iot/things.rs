//! Calls about things in, their outcomes out.

use ::aws::Fault;
use ::aws::iot::things::{
    AttributePayload, CreateThing, CreateThingOutput, DeleteThing, DeleteThingOutput, DescribeThing,
    DescribeThingOutput, GetThingConnectivityData, GetThingConnectivityDataOutput, ListThings,
    ListThingsOutput, ThingSummary, UpdateThing, UpdateThingOutput,
};
use ::aws::value::Seconds;
use hub::Hub;
use registry::{NewThing, RegistryError, ThingFilter, ThingUpdate};

use super::pages::Page;
use super::{Plane, expected, random, version};
use crate::aws::connectivity as connectivity_of;

pub(super) async fn create(plane: &Plane<'_>, call: CreateThing) -> Result<CreateThingOutput, Fault> {
    if call.billing_group_name.is_some() {
        return Err(Fault::not_implemented(
            "billing groups are not served by Thingstead: leave billingGroupName out",
        ));
    }
    let new = NewThing {
        name: call.thing_name,
        thing_type: call.thing_type_name,
        attributes: call.attribute_payload.and_then(|payload| payload.attributes).unwrap_or_default(),
        random: random(),
    };
    let now_ms = plane.now_ms;
    let created = plane.change(move |draft, scope| {
        let thing = draft.create_thing(scope, new, now_ms)?;
        Ok((thing.name.to_string(), thing.id.clone()))
    });
    let (thing_name, thing_id) = created.await?;
    Ok(CreateThingOutput { thing_arn: plane.arn("thing", &thing_name), thing_name, thing_id })
}

pub(super) fn describe(plane: &Plane<'_>, call: DescribeThing) -> Result<DescribeThingOutput, Fault> {
    let registry = plane.registry();
    let thing = registry
        .find_thing(plane.scope, &call.thing_name)
        .ok_or_else(|| plane.fault(&RegistryError::UnknownThing(call.thing_name)))?;
    Ok(DescribeThingOutput {
        default_client_id: thing.name.to_string(),
        thing_name: thing.name.to_string(),
        thing_id: thing.id.clone(),
        thing_arn: plane.arn("thing", &thing.name),
        thing_type_name: thing.thing_type.as_deref().map(str::to_owned),
        attributes: thing.attributes.to_map(),
        version: version(thing.version),
        billing_group_name: None,
    })
}

pub(super) async fn update(plane: &Plane<'_>, call: UpdateThing) -> Result<UpdateThingOutput, Fault> {
    let AttributePayload { attributes, merge } = call.attribute_payload.unwrap_or_default();
    let update = ThingUpdate {
        attributes,
        merge: merge.unwrap_or(false),
        thing_type: call.thing_type_name,
        remove_type: call.remove_thing_type.unwrap_or(false),
        expected_version: expected(call.expected_version),
    };
    plane
        .change(move |draft, scope| draft.update_thing(scope, &call.thing_name, &update).map(|_| ()))
        .await?;
    Ok(UpdateThingOutput {})
}

pub(super) async fn delete(plane: &Plane<'_>, call: DeleteThing) -> Result<DeleteThingOutput, Fault> {
    let expected = expected(call.expected_version);
    plane.change(move |draft, scope| draft.delete_thing(scope, &call.thing_name, expected)).await?;
    Ok(DeleteThingOutput {})
}

/// A thing is connected as the client that has its name. What is known outlasts the connection and the process.
pub(super) async fn connectivity(
    plane: &Plane<'_>,
    call: GetThingConnectivityData,
) -> Result<GetThingConnectivityDataOutput, Fault> {
    let thing_name = call.thing_name;
    if plane.registry().find_thing(plane.scope, &thing_name).is_none() {
        return Err(plane.fault(&RegistryError::UnknownThing(thing_name)));
    }
    let (scope, client) = (plane.caller.scope_id(plane.api)?, thing_name.clone());
    let look = move |hub: &Hub<_>| connectivity_of(hub, scope, &client);
    let found = plane.api.shared.desk.ask(look).await.map_err(Fault::service_unavailable)?;
    let Some(found) = found else {
        return Ok(GetThingConnectivityDataOutput {
            thing_name,
            ..GetThingConnectivityDataOutput::default()
        });
    };
    let address = found.source_ip.filter(|_| call.include_socket_information == Some(true));
    Ok(GetThingConnectivityDataOutput {
        thing_name,
        connected: found.connected,
        timestamp: found.connected_since_ms.or(found.disconnected_since_ms).map(Seconds::from_ms),
        disconnect_reason: found.disconnect_reason,
        source_ip: address,
        keep_alive_s: found.keep_alive_s,
        clean_session: found.clean_session,
        session_expiry_s: found.session_expiry_s,
        client_id: Some(found.client_id),
        ..GetThingConnectivityDataOutput::default()
    })
}

pub(super) fn list(plane: &Plane<'_>, call: ListThings) -> Result<ListThingsOutput, Fault> {
    let page = Page::new(call.next_token.as_deref(), call.max_results)?;
    let attribute = match (call.attribute_name, call.attribute_value) {
        (None, None) => None,
        (Some(name), Some(value)) => Some((name, value)),
        _ => {
            let text = "attributeName and attributeValue search together only: give both, or neither";
            return Err(Fault::invalid_request(text));
        }
    };
    let value_is_prefix = call.use_prefix_attribute_value.unwrap_or(false);
    let filter = ThingFilter { thing_type: call.thing_type_name, attribute, value_is_prefix };
    let registry = plane.registry();
    let found = registry.things_where(plane.scope, &filter, page.after.as_deref()).map(|thing| {
        let summary = ThingSummary {
            thing_name: thing.name.to_string(),
            thing_type_name: thing.thing_type.as_deref().map(str::to_owned),
            thing_arn: plane.arn("thing", &thing.name),
            attributes: thing.attributes.to_map(),
            version: version(thing.version),
        };
        (filter.cursor(thing), summary)
    });
    let (things, next_token) = page.cut(found);
    Ok(ListThingsOutput { things, next_token })
}
