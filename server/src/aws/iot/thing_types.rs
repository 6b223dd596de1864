//! Calls about thing types in, their outcomes out.

use ::aws::Fault;
use ::aws::iot::thing_types::{
    CreateThingType, CreateThingTypeOutput, DeleteThingType, DeleteThingTypeOutput, DeprecateThingType,
    DeprecateThingTypeOutput, DescribeThingType, DescribeThingTypeOutput, ListThingTypes,
    ListThingTypesOutput, Mqtt5Configuration, PropagatingAttribute as AskedAttribute, ThingTypeMetadata,
    ThingTypeProperties as AskedProperties, ThingTypeSummary, UpdateThingType, UpdateThingTypeOutput,
};
use registry::{
    NewThingType, PropagatedFrom, PropagatingAttribute, RegistryError, ThingType, ThingTypeProperties,
    ThingTypeUpdate,
};

use super::pages::Page;
use super::{Plane, date, random, tags_of};

pub(super) async fn create(plane: &Plane<'_>, call: CreateThingType) -> Result<CreateThingTypeOutput, Fault> {
    let new = NewThingType {
        name: call.thing_type_name,
        properties: properties(call.thing_type_properties)?,
        tags: tags_of(call.tags)?,
        random: random(),
    };
    let now_ms = plane.now_ms;
    let created = plane.change(move |draft, scope| {
        let kind = draft.create_type(scope, new, now_ms)?;
        Ok((kind.name.to_string(), kind.id.clone()))
    });
    let (thing_type_name, thing_type_id) = created.await?;
    let thing_type_arn = plane.arn("thingtype", &thing_type_name);
    Ok(CreateThingTypeOutput { thing_type_name, thing_type_arn, thing_type_id })
}

pub(super) fn describe(plane: &Plane<'_>, call: DescribeThingType) -> Result<DescribeThingTypeOutput, Fault> {
    let registry = plane.registry();
    let kind = registry
        .find_type(plane.scope, &call.thing_type_name)
        .ok_or_else(|| plane.fault(&RegistryError::UnknownType(call.thing_type_name)))?;
    let summary = summary(plane, kind);
    Ok(DescribeThingTypeOutput {
        thing_type_name: summary.thing_type_name,
        thing_type_id: kind.id.clone(),
        thing_type_arn: summary.thing_type_arn,
        thing_type_properties: summary.thing_type_properties,
        thing_type_metadata: summary.thing_type_metadata,
    })
}

pub(super) async fn update(plane: &Plane<'_>, call: UpdateThingType) -> Result<UpdateThingTypeOutput, Fault> {
    let asked = call.thing_type_properties.unwrap_or_default();
    let update = ThingTypeUpdate {
        description: asked.thing_type_description,
        searchable_attributes: asked.searchable_attributes,
        propagating_attributes: asked.mqtt5_configuration.map(propagating_attributes).transpose()?,
    };
    plane.change(move |draft, scope| draft.update_type(scope, &call.thing_type_name, update)).await?;
    Ok(UpdateThingTypeOutput {})
}

pub(super) async fn deprecate(
    plane: &Plane<'_>,
    call: DeprecateThingType,
) -> Result<DeprecateThingTypeOutput, Fault> {
    let (now_ms, undo) = (plane.now_ms, call.undo_deprecate.unwrap_or(false));
    plane
        .change(move |draft, scope| draft.deprecate_type(scope, &call.thing_type_name, undo, now_ms))
        .await?;
    Ok(DeprecateThingTypeOutput {})
}

pub(super) async fn delete(plane: &Plane<'_>, call: DeleteThingType) -> Result<DeleteThingTypeOutput, Fault> {
    let now_ms = plane.now_ms;
    plane.change(move |draft, scope| draft.delete_type(scope, &call.thing_type_name, now_ms)).await?;
    Ok(DeleteThingTypeOutput {})
}

pub(super) fn list(plane: &Plane<'_>, call: ListThingTypes) -> Result<ListThingTypesOutput, Fault> {
    let page = Page::new(call.next_token.as_deref(), call.max_results)?;
    let registry = plane.registry();
    if let Some(name) = &call.thing_type_name {
        let found = registry.find_type(plane.scope, name).map(|kind| summary(plane, kind));
        return Ok(ListThingTypesOutput { thing_types: found.into_iter().collect(), next_token: None });
    }
    let found = registry.types(plane.scope, page.after.as_deref());
    let (thing_types, next_token) = page.cut(found.map(|kind| (kind.name.to_string(), summary(plane, kind))));
    Ok(ListThingTypesOutput { thing_types, next_token })
}

fn summary(plane: &Plane<'_>, kind: &ThingType) -> ThingTypeSummary {
    ThingTypeSummary {
        thing_type_name: kind.name.to_string(),
        thing_type_arn: plane.arn("thingtype", &kind.name),
        thing_type_properties: shown(&kind.properties),
        thing_type_metadata: ThingTypeMetadata {
            deprecated: kind.deprecated_ms.is_some(),
            deprecation_date: kind.deprecated_ms.map(date),
            creation_date: date(kind.created_ms),
        },
    }
}

fn properties(asked: Option<AskedProperties>) -> Result<ThingTypeProperties, Fault> {
    let asked = asked.unwrap_or_default();
    let propagating = asked.mqtt5_configuration.map(propagating_attributes).transpose()?;
    Ok(ThingTypeProperties {
        description: asked.thing_type_description,
        searchable_attributes: asked.searchable_attributes.unwrap_or_default(),
        propagating_attributes: propagating.unwrap_or_default(),
    })
}

fn propagating_attributes(asked: Mqtt5Configuration) -> Result<Vec<PropagatingAttribute>, Fault> {
    asked.propagating_attributes.unwrap_or_default().into_iter().map(propagating_attribute).collect()
}

fn propagating_attribute(asked: AskedAttribute) -> Result<PropagatingAttribute, Fault> {
    let from = match (asked.thing_attribute, asked.connection_attribute) {
        (Some(name), None) => PropagatedFrom::ThingAttribute(name),
        (None, Some(name)) => PropagatedFrom::ConnectionAttribute(name),
        _ => {
            let text =
                "a propagating attribute comes from one place: give thingAttribute or connectionAttribute";
            return Err(Fault::invalid_request(text));
        }
    };
    let user_property = asked.user_property_key.ok_or_else(|| {
        Fault::invalid_request("a propagating attribute needs userPropertyKey: give the user property's name")
    })?;
    Ok(PropagatingAttribute { user_property, from })
}

fn shown(properties: &ThingTypeProperties) -> AskedProperties {
    let attribute = |attribute: &PropagatingAttribute| {
        let (thing_attribute, connection_attribute) = match &attribute.from {
            PropagatedFrom::ThingAttribute(name) => (Some(name.clone()), None),
            PropagatedFrom::ConnectionAttribute(name) => (None, Some(name.clone())),
        };
        AskedAttribute {
            user_property_key: Some(attribute.user_property.clone()),
            thing_attribute,
            connection_attribute,
        }
    };
    let propagating: Vec<AskedAttribute> = properties.propagating_attributes.iter().map(attribute).collect();
    AskedProperties {
        thing_type_description: properties.description.clone(),
        searchable_attributes: Some(properties.searchable_attributes.clone()),
        mqtt5_configuration: (!propagating.is_empty())
            .then_some(Mqtt5Configuration { propagating_attributes: Some(propagating) }),
    }
}
