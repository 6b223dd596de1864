//! Calls about the destinations of HTTP actions in, their outcomes out. Whoever is asked to confirm is asked by `work`.

use ::aws::Fault;
use ::aws::iot::destinations::{
    ConfirmTopicRuleDestination, ConfirmTopicRuleDestinationOutput, CreateTopicRuleDestination,
    CreateTopicRuleDestinationOutput, DeleteTopicRuleDestination, DeleteTopicRuleDestinationOutput,
    GetTopicRuleDestination, GetTopicRuleDestinationOutput, HttpUrlDestinationProperties,
    ListTopicRuleDestinations, ListTopicRuleDestinationsOutput, TopicRuleDestination,
    TopicRuleDestinationStatus, TopicRuleDestinationSummary, UpdateTopicRuleDestination,
    UpdateTopicRuleDestinationOutput,
};
use rules::{Destination, DestinationError, DestinationStatus};
use store::Need;

use super::pages::Page;
use super::rules::{ask, at_desk};
use super::{Plane, date};

pub(super) async fn create(
    plane: &Plane<'_>,
    call: CreateTopicRuleDestination,
) -> Result<CreateTopicRuleDestinationOutput, Fault> {
    let configuration = call.destination_configuration;
    for (name, is_given) in [
        ("VPC", configuration.vpc_configuration.is_some()),
        ("InfluxDB", configuration.influx_db_configuration.is_some()),
    ] {
        if is_given {
            let text = format!("{name} destinations are not served by Thingstead: use httpUrlConfiguration");
            return Err(Fault::invalid_request(text));
        }
    }
    let Some(http) = configuration.http_url_configuration else {
        return Err(Fault::invalid_request("destinationConfiguration names no httpUrlConfiguration"));
    };
    let destination = new(http.confirmation_url, plane.now_ms).map_err(|error| fault(&error))?;
    let made = destination.clone();
    at_desk(plane, Need::Room, move |hub, _, scope, plan| hub.create_destination(scope, made, plan))
        .await?
        .map_err(|error| fault(&error))?;
    Ok(CreateTopicRuleDestinationOutput { topic_rule_destination: shown(plane, &destination) })
}

/// A destination that nobody has confirmed yet.
pub(super) fn new(url: String, now_ms: u64) -> Result<Destination, DestinationError> {
    Destination::new(uuid::Uuid::new_v4().to_string(), url, token(), now_ms)
}

/// Two UUIDs' worth of chance.
fn token() -> String {
    let [a, b] = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
    format!("{}{}", a.simple(), b.simple())
}

pub(super) async fn get(
    plane: &Plane<'_>,
    call: GetTopicRuleDestination,
) -> Result<GetTopicRuleDestinationOutput, Fault> {
    let id = id(plane, &call.arn)?;
    let found = ask(plane, move |hub, scope| hub.destination(scope, &id).cloned()).await?;
    let found = found.ok_or_else(|| fault(&DestinationError::Unknown))?;
    Ok(GetTopicRuleDestinationOutput { topic_rule_destination: shown(plane, &found) })
}

pub(super) async fn list(
    plane: &Plane<'_>,
    call: ListTopicRuleDestinations,
) -> Result<ListTopicRuleDestinationsOutput, Fault> {
    let page = Page::new(call.next_token.as_deref(), call.max_results)?;
    let all: Vec<Destination> = ask(plane, |hub, scope| hub.destinations(scope).cloned().collect()).await?;
    let summary = |destination: Destination| {
        let TopicRuleDestination { arn, status, created_at, last_updated_at, status_reason, .. } =
            shown(plane, &destination);
        let summary = TopicRuleDestinationSummary {
            arn,
            status,
            created_at,
            last_updated_at,
            status_reason,
            http_url_summary: Some(properties(&destination)),
            vpc_destination_summary: None,
            influx_db_summary: None,
        };
        (destination.id, summary)
    };
    let (destination_summaries, next_token) = page.cut_whole(all.into_iter().map(summary));
    Ok(ListTopicRuleDestinationsOutput { destination_summaries, next_token })
}

pub(super) async fn update(
    plane: &Plane<'_>,
    call: UpdateTopicRuleDestination,
) -> Result<UpdateTopicRuleDestinationOutput, Fault> {
    let id = id(plane, &call.arn)?;
    let status = match call.status {
        TopicRuleDestinationStatus::Enabled => DestinationStatus::Enabled,
        TopicRuleDestinationStatus::Disabled => DestinationStatus::Disabled,
        TopicRuleDestinationStatus::InProgress => DestinationStatus::InProgress,
        other => {
            let text =
                format!("the status cannot be set to {}: ENABLED, DISABLED or IN_PROGRESS", other.as_str());
            return Err(Fault::invalid_request(text));
        }
    };
    let wanted = (status, token());
    at_desk(plane, Need::Reserve, move |hub, now_ms, scope, plan| {
        hub.switch_destination(now_ms, scope, &id, wanted, plan)
    })
    .await?
    .map_err(|error| fault(&error))?;
    Ok(UpdateTopicRuleDestinationOutput {})
}

pub(super) async fn delete(
    plane: &Plane<'_>,
    call: DeleteTopicRuleDestination,
) -> Result<DeleteTopicRuleDestinationOutput, Fault> {
    let id = id(plane, &call.arn)?;
    match at_desk(plane, Need::Nothing, move |hub, _, scope, plan| hub.delete_destination(scope, &id, plan))
        .await?
    {
        true => Ok(DeleteTopicRuleDestinationOutput {}),
        false => Err(fault(&DestinationError::Unknown)),
    }
}

pub(super) async fn confirm(
    plane: &Plane<'_>,
    call: ConfirmTopicRuleDestination,
) -> Result<ConfirmTopicRuleDestinationOutput, Fault> {
    let token = call.confirmation_token;
    at_desk(plane, Need::Reserve, move |hub, now_ms, scope, plan| {
        hub.confirm_destination(now_ms, scope, &token, plan)
    })
    .await?
    .map_err(|error| fault(&error))?;
    Ok(ConfirmTopicRuleDestinationOutput {})
}

/// The end of its ARN.
fn id(plane: &Plane<'_>, arn: &str) -> Result<String, Fault> {
    let id = arn.strip_prefix(&plane.arn("ruledestination", "http/"));
    id.map(str::to_owned)
        .ok_or_else(|| Fault::invalid_request("the ARN is no rule destination's of this account and region"))
}

fn shown(plane: &Plane<'_>, destination: &Destination) -> TopicRuleDestination {
    TopicRuleDestination {
        arn: Some(plane.arn("ruledestination", &format!("http/{}", destination.id))),
        status: Some(match destination.status {
            DestinationStatus::InProgress => TopicRuleDestinationStatus::InProgress,
            DestinationStatus::Enabled => TopicRuleDestinationStatus::Enabled,
            DestinationStatus::Disabled => TopicRuleDestinationStatus::Disabled,
            DestinationStatus::Error => TopicRuleDestinationStatus::Error,
        }),
        created_at: Some(date(destination.created_ms)),
        last_updated_at: Some(date(destination.updated_ms)),
        status_reason: destination.reason.clone(),
        http_url_properties: Some(properties(destination)),
        vpc_properties: None,
        influx_db_properties: None,
    }
}

fn properties(destination: &Destination) -> HttpUrlDestinationProperties {
    HttpUrlDestinationProperties { confirmation_url: Some(destination.confirmation_url.clone()) }
}

fn fault(error: &DestinationError) -> Fault {
    let text = error.to_string();
    match error {
        DestinationError::Exists(_) => Fault::resource_already_exists(text),
        // As for rules, the model has no error for what is not there.
        DestinationError::Unknown => Fault::unauthorized(text),
        _ => Fault::invalid_request(text),
    }
}
