//! Calls about endpoints, events and tags in, their outcomes out.

use std::collections::BTreeMap;

use ::aws::Fault;
use ::aws::iot::endpoint::{DescribeEndpoint, DescribeEndpointOutput};
use ::aws::iot::events::{
    Configuration, DescribeEventConfigurations, DescribeEventConfigurationsOutput, EventType,
    UpdateEventConfigurations, UpdateEventConfigurationsOutput,
};
use ::aws::iot::tags::{
    ListTagsForResource, ListTagsForResourceOutput, Tag, TagResource, TagResourceOutput, UntagResource,
    UntagResourceOutput,
};
use registry::{EventKind, Tagged};

use super::pages::Page;
use super::{Plane, date, rules, tags_of};

pub(super) fn describe_endpoint(
    plane: &Plane<'_>,
    call: DescribeEndpoint,
) -> Result<DescribeEndpointOutput, Fault> {
    let wanted = call.endpoint_type.as_deref().unwrap_or("iot:Data");
    match wanted {
        "iot:Data-ATS" | "iot:Data" => {
            let host = plane.api.identity.endpoint_of(wanted);
            Ok(DescribeEndpointOutput { endpoint_address: in_region(&host, plane.scope.region()) })
        }
        "iot:CredentialProvider" | "iot:Jobs" | "iot:DeviceAdvisor" | "iot:Data-Beta" => {
            Err(Fault::not_implemented(format!(
                "DescribeEndpoint for {wanted} is not served by Thingstead: ask for iot:Data-ATS"
            )))
        }
        other => {
            let other: String = other.chars().take(80).collect();
            Err(Fault::invalid_request(format!(
                "there is no endpoint type {other:?}: ask for iot:Data-ATS, which is what devices use"
            )))
        }
    }
}

/// The same host as clients of another region look for it.
fn in_region(host: &str, region: &str) -> String {
    let ending = if region.starts_with("cn-") { ".cn" } else { "" };
    let prefix = host.split('.').next().unwrap_or_default();
    format!("{prefix}.iot.{region}.amazonaws.com{ending}")
}

pub(super) fn describe_events(
    plane: &Plane<'_>,
    _: DescribeEventConfigurations,
) -> Result<DescribeEventConfigurationsOutput, Fault> {
    let registry = plane.registry();
    let events = registry.events(plane.scope);
    let configuration = |kind: &EventType| {
        let enabled = events.is_some_and(|events| events.is_enabled(kind_of(*kind)));
        (*kind, Configuration { enabled: Some(enabled) })
    };
    Ok(DescribeEventConfigurationsOutput {
        event_configurations: EventType::ALL.iter().map(configuration).collect(),
        creation_date: events.map(|events| date(events.created_ms)),
        last_modified_date: events.map(|events| date(events.modified_ms)),
    })
}

pub(super) async fn update_events(
    plane: &Plane<'_>,
    call: UpdateEventConfigurations,
) -> Result<UpdateEventConfigurationsOutput, Fault> {
    let asked = call.event_configurations.unwrap_or_default();
    let wanted = |(kind, configuration): (EventType, Configuration)| {
        (kind_of(kind), configuration.enabled.unwrap_or(false))
    };
    let wanted: BTreeMap<EventKind, bool> = asked.into_iter().map(wanted).collect();
    let now_ms = plane.now_ms;
    plane
        .change(move |draft, scope| {
            draft.set_events(scope, &wanted, now_ms);
            Ok(())
        })
        .await?;
    Ok(UpdateEventConfigurationsOutput {})
}

pub(super) async fn tag(plane: &Plane<'_>, call: TagResource) -> Result<TagResourceOutput, Fault> {
    let tags = tags_of(Some(call.tags))?;
    if let Some(rule) = rules::named(plane, &call.resource_arn) {
        rules::tag(plane, rule, tags).await?;
        return Ok(TagResourceOutput {});
    }
    let what = tagged(plane, &call.resource_arn)?;
    plane.change(move |draft, scope| draft.tag(scope, &what, &tags)).await?;
    Ok(TagResourceOutput {})
}

pub(super) async fn untag(plane: &Plane<'_>, call: UntagResource) -> Result<UntagResourceOutput, Fault> {
    if let Some(rule) = rules::named(plane, &call.resource_arn) {
        rules::untag(plane, rule, call.tag_keys).await?;
        return Ok(UntagResourceOutput {});
    }
    let what = tagged(plane, &call.resource_arn)?;
    plane.change(move |draft, scope| draft.untag(scope, &what, &call.tag_keys)).await?;
    Ok(UntagResourceOutput {})
}

pub(super) async fn list_tags(
    plane: &Plane<'_>,
    call: ListTagsForResource,
) -> Result<ListTagsForResourceOutput, Fault> {
    // A resource has no more tags than fit on one page.
    let most = u16::try_from(registry::limits::TAGS).ok();
    let page = Page::new(call.next_token.as_deref(), most)?;
    let tags = match rules::named(plane, &call.resource_arn) {
        Some(rule) => rules::tags(plane, rule).await?,
        None => {
            let what = tagged(plane, &call.resource_arn)?;
            let registry = plane.registry();
            registry.tags(plane.scope, &what).map_err(|error| plane.fault(&error))?.clone()
        }
    };
    let shown = |(key, value): (&String, &String)| {
        (key.clone(), Tag { key: key.clone(), value: Some(value.clone()) })
    };
    let (tags, next_token) = page.cut_whole(tags.iter().map(shown));
    Ok(ListTagsForResourceOutput { tags, next_token })
}

fn tagged(plane: &Plane<'_>, arn: &str) -> Result<Tagged, Fault> {
    Tagged::parse(plane.scope, arn).map_err(|error| plane.fault(&error))
}

fn kind_of(kind: EventType) -> EventKind {
    match kind {
        EventType::Thing => EventKind::Thing,
        EventType::ThingGroup => EventKind::ThingGroup,
        EventType::ThingType => EventKind::ThingType,
        EventType::ThingGroupMembership => EventKind::ThingGroupMembership,
        EventType::ThingGroupHierarchy => EventKind::ThingGroupHierarchy,
        EventType::ThingTypeAssociation => EventKind::ThingTypeAssociation,
        EventType::Job => EventKind::Job,
        EventType::JobExecution => EventKind::JobExecution,
        EventType::Policy => EventKind::Policy,
        EventType::Certificate => EventKind::Certificate,
        EventType::CaCertificate => EventKind::CaCertificate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_named_for_the_region_of_who_asks() {
        let check = |host: &str, region: &str, expected: &str| assert_eq!(in_region(host, region), expected);
        let host = "abc-ats.iot.us-east-1.amazonaws.com";
        check(host, "us-east-1", host);
        check(host, "eu-west-1", "abc-ats.iot.eu-west-1.amazonaws.com");
        check("abc.iot.us-east-1.amazonaws.com", "cn-north-1", "abc.iot.cn-north-1.amazonaws.com.cn");
    }
}
