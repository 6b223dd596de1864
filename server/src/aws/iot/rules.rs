//! Calls about topic rules in, their outcomes out. What a rule does is decided by the hub.

mod definition;

pub use definition::definition_of;

use std::sync::Arc;

use ::aws::iot::rules::{
    CreateTopicRule, CreateTopicRuleOutput, DeleteTopicRule, DeleteTopicRuleOutput, DisableTopicRule,
    DisableTopicRuleOutput, EnableTopicRule, EnableTopicRuleOutput, GetTopicRule, GetTopicRuleOutput,
    ListTopicRules, ListTopicRulesOutput, ReplaceTopicRule, ReplaceTopicRuleOutput, TopicRule,
    TopicRuleListItem,
};
use ::aws::{Fault, Service};
use broker::ScopeId;
use hub::{Hub, Plan};
use registry::Tags;
use rules::{
    Action, Definition, Destination, DestinationError, Entry, Finding, Invalid, Made, Record, RuleError,
    Rules, check_name, without_query,
};
use store::Need;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::pages::Page;
use super::{Plane, date, destinations};
use crate::desk::{DISK_FULL, STOPPING};
use crate::limits::{RULES_COMPILED, RULES_WAITING};
use crate::link::Link;
use crate::rule_roles;

/// Items of a page where the call does not say.
const PAGE: u16 = 100;
static COMPILING: Semaphore = Semaphore::const_new(RULES_COMPILED);
static WAITING: Semaphore = Semaphore::const_new(RULES_WAITING);

pub(super) async fn create(plane: &Plane<'_>, call: CreateTopicRule) -> Result<CreateTopicRuleOutput, Fault> {
    let tags = tags_in_header(call.tags.as_deref())?;
    registry::check_tags(&tags).map_err(|error| plane.fault(&error))?;
    let (made, _turn) = read(plane, &call.rule_name, call.topic_rule_payload, Rules::check_new).await?;
    let owners = owners(plane, made.definition());
    let name = call.rule_name.clone();
    let unasked = change(plane, Need::Room, call.rule_name, move |hub, now_ms, scope, _, plan| {
        hub.create_rule(now_ms, scope, (made, tags), plan)?;
        Ok(ask_owners(hub, scope, owners, plan))
    })
    .await?;
    rule_roles::refresh(&plane.api.shared);
    advise_of_owners(plane, &name, unasked);
    Ok(CreateTopicRuleOutput {})
}

pub(super) async fn replace(
    plane: &Plane<'_>,
    call: ReplaceTopicRule,
) -> Result<ReplaceTopicRuleOutput, Fault> {
    let (made, _turn) = read(plane, &call.rule_name, call.topic_rule_payload, Rules::check_known).await?;
    let owners = owners(plane, made.definition());
    let name = call.rule_name.clone();
    let unasked = change(plane, Need::Room, call.rule_name, move |hub, _, scope, _, plan| {
        hub.replace_rule(scope, made, plan)?;
        Ok(ask_owners(hub, scope, owners, plan))
    })
    .await?;
    advise_of_owners(plane, &name, unasked);
    Ok(ReplaceTopicRuleOutput {})
}

pub(super) async fn enable(plane: &Plane<'_>, call: EnableTopicRule) -> Result<EnableTopicRuleOutput, Fault> {
    switch(plane, call.rule_name, false).await?;
    Ok(EnableTopicRuleOutput {})
}

pub(super) async fn disable(
    plane: &Plane<'_>,
    call: DisableTopicRule,
) -> Result<DisableTopicRuleOutput, Fault> {
    switch(plane, call.rule_name, true).await?;
    Ok(DisableTopicRuleOutput {})
}

async fn switch(plane: &Plane<'_>, name: String, is_disabled: bool) -> Result<(), Fault> {
    change(plane, Need::Reserve, name, move |hub, _, scope, name, plan| {
        hub.switch_rule(scope, name, is_disabled, plan)
    })
    .await
}

pub(super) async fn delete(plane: &Plane<'_>, call: DeleteTopicRule) -> Result<DeleteTopicRuleOutput, Fault> {
    change(plane, Need::Nothing, call.rule_name, |hub, _, scope, name, plan| {
        match hub.delete_rule(scope, name, plan) {
            true => Ok(()),
            false => Err(RuleError::Unknown(name.to_owned())),
        }
    })
    .await?;
    Ok(DeleteTopicRuleOutput {})
}

pub(super) async fn get(plane: &Plane<'_>, call: GetTopicRule) -> Result<GetTopicRuleOutput, Fault> {
    let record = record(plane, call.rule_name).await?;
    Ok(GetTopicRuleOutput { rule_arn: plane.arn("rule", &record.name), rule: shown(&record) })
}

pub(super) async fn list(plane: &Plane<'_>, call: ListTopicRules) -> Result<ListTopicRulesOutput, Fault> {
    let most = call.max_results.unwrap_or(PAGE);
    let page = Page::new(call.next_token.as_deref(), Some(most))?;
    let (after, wanted) = (page.after.clone(), usize::from(most) + 1);
    let chosen = move |entry: &&Entry| {
        let pattern = entry.rule.filter().map(|filter| filter.as_str()).unwrap_or_default();
        call.topic.as_deref().is_none_or(|topic| topic == pattern)
            && call.rule_disabled.is_none_or(|disabled| disabled == entry.rule.is_disabled)
    };
    let found: Vec<Entry> = ask(plane, move |hub, scope| {
        let rules = hub.rules(scope);
        let entries = rules.into_iter().flat_map(|rules| rules.iter_after(after.as_deref()));
        entries.filter(chosen).take(wanted).cloned().collect()
    })
    .await?;
    let (rules, next_token) = page.cut(found.into_iter().map(|entry| {
        let name = entry.record.name.clone();
        (name.clone(), item(plane, &entry, name))
    }));
    Ok(ListTopicRulesOutput { rules, next_token })
}

fn item(plane: &Plane<'_>, entry: &Entry, rule_name: String) -> TopicRuleListItem {
    TopicRuleListItem {
        rule_arn: plane.arn("rule", &rule_name),
        rule_name,
        topic_pattern: entry.rule.filter().map(ToString::to_string).unwrap_or_default(),
        created_at: date(entry.record.created_ms),
        rule_disabled: entry.rule.is_disabled,
    }
}

fn shown(record: &Record) -> TopicRule {
    let definition = &record.definition;
    TopicRule {
        rule_name: record.name.clone(),
        sql: definition.sql.clone(),
        description: definition.description.clone(),
        created_at: date(record.created_ms),
        actions: definition.actions.iter().map(definition::written).collect(),
        rule_disabled: definition.is_disabled,
        aws_iot_sql_version: definition.sql_version.clone().unwrap_or_else(|| "2015-10-08".to_owned()),
        error_action: definition.error_action.as_ref().map(definition::written),
    }
}

/// The rule that an ARN names, if it names one.
pub(super) fn named(plane: &Plane<'_>, arn: &str) -> Option<String> {
    arn.strip_prefix(&plane.arn("rule", "")).map(str::to_owned)
}

pub(super) async fn tags(plane: &Plane<'_>, name: String) -> Result<Tags, Fault> {
    let of = name.clone();
    let entry =
        ask(plane, move |hub, scope| hub.rules(scope).and_then(|rules| rules.get(&of)).cloned()).await?;
    entry.map(|entry| entry.record.tags.clone()).ok_or_else(|| no_resource(&name))
}

pub(super) async fn tag(plane: &Plane<'_>, name: String, tags: Tags) -> Result<(), Fault> {
    let mut all = self::tags(plane, name.clone()).await?;
    all.extend(tags.clone());
    registry::check_tags(&all).map_err(|error| plane.fault(&error))?;
    change(plane, Need::Room, name, move |hub, _, scope, name, plan| {
        hub.tag_rule(scope, name, |known| known.extend(tags), plan)
    })
    .await
}

pub(super) async fn untag(plane: &Plane<'_>, name: String, keys: Vec<String>) -> Result<(), Fault> {
    self::tags(plane, name.clone()).await?;
    change(plane, Need::Room, name, move |hub, _, scope, name, plan| {
        hub.tag_rule(scope, name, |known| known.retain(|key, _| !keys.contains(key)), plan)
    })
    .await
}

fn no_resource(name: &str) -> Fault {
    Fault::resource_not_found(format!("no rule is called {name}"))
}

async fn record(plane: &Plane<'_>, name: String) -> Result<Arc<Record>, Fault> {
    check_name(&name).map_err(|invalid| fault(plane, &name, &invalid.into()))?;
    let of = name.clone();
    let found = ask(plane, move |hub, scope| {
        hub.rules(scope).and_then(|rules| rules.get(&of)).map(|entry| entry.record.clone())
    })
    .await?;
    found.ok_or_else(|| fault(plane, &name, &RuleError::Unknown(name.clone())))
}

/// A compiled rule is counted until it is given back.
type Turn = [SemaphorePermit<'static>; 2];

/// Checks a payload, says what in it is probably not meant, and refuses what would do nothing here.
async fn read(
    plane: &Plane<'_>,
    name: &str,
    payload: ::aws::iot::rules::TopicRulePayload,
    allows: impl Fn(&Rules, &str) -> Result<(), RuleError> + Send + 'static,
) -> Result<(Made, Turn), Fault> {
    let definition = check(plane, name, payload)?;
    // Before anything is compiled that would be refused then.
    let of = name.to_owned();
    let allowed = ask(plane, move |hub, scope| {
        let is_allowed = hub.rules(scope).map_or(Ok(()), |rules| allows(rules, &of));
        (hub.has_room(Need::Room), is_allowed)
    });
    let (has_room, is_allowed) = allowed.await?;
    is_allowed.map_err(|error| fault(plane, name, &error))?;
    if !has_room {
        return Err(Fault::service_unavailable(DISK_FULL));
    }
    let (made, findings, turn) = compile(plane, name, definition).await?;
    for finding in findings {
        plane.api.shared.explain("", "rule advice", &format!("rule {name}: {finding}"));
    }
    Ok((made, turn))
}

fn check(
    plane: &Plane<'_>,
    name: &str,
    payload: ::aws::iot::rules::TopicRulePayload,
) -> Result<Definition, Fault> {
    let definition = definition::read(payload)?;
    let services = &plane.api.shared.services;
    for action in definition.actions.iter().chain(&definition.error_action) {
        services.check(action).map_err(Fault::invalid_request)?;
    }
    let roles = definition.actions.iter().chain(&definition.error_action).filter_map(Action::role);
    let accounts = plane.api.shared.ledger.read();
    for reason in roles.filter_map(|role| rule_roles::check(&accounts, plane.scope, role).err()) {
        if plane.api.shared.settings.strict_roles {
            return Err(Fault::invalid_request(reason));
        }
        plane.api.shared.explain(
            "",
            "rule advice",
            &format!("rule {name}: {reason}; AWS would refuse the rule"),
        );
    }
    drop(accounts);
    Ok(definition)
}

/// Regular expressions take a while and memory, for which other calls and the writer do not wait.
async fn compile(
    plane: &Plane<'_>,
    name: &str,
    definition: Definition,
) -> Result<(Made, Vec<Finding>, Turn), Fault> {
    let stopping = || Fault::service_unavailable(STOPPING);
    let Ok(waiting) = WAITING.try_acquire() else {
        let text = format!("{RULES_WAITING} rules wait to be compiled, the limit: try again in a moment");
        return Err(Fault::throttling(&Service::Iot, text));
    };
    let turn = [waiting, COMPILING.acquire().await.map_err(|_| stopping())?];
    let (account, of) = (Arc::from(plane.scope.account()), name.to_owned());
    let made = tokio::task::spawn_blocking(move || {
        Made::new(&account, &of, definition).map(|made| (made.lint(), made))
    });
    let made = made.await.map_err(|_| stopping())?;
    let (findings, made) = made.map_err(|invalid| fault(plane, name, &invalid.into()))?;
    Ok((made, findings, turn))
}

pub(super) async fn ask<T: Send + 'static>(
    plane: &Plane<'_>,
    look: impl FnOnce(&Hub<Arc<Link>>, ScopeId) -> T + Send + 'static,
) -> Result<T, Fault> {
    let scope = plane.caller.scope_id(plane.api)?;
    plane.api.shared.desk.ask(move |hub| look(hub, scope)).await.map_err(Fault::service_unavailable)
}

/// Decides something at the desk, if the disk has room for it, and answers when it is on disk.
pub(super) async fn at_desk<T: Send + 'static>(
    plane: &Plane<'_>,
    need: Need,
    decide: impl FnOnce(&mut Hub<Arc<Link>>, u64, ScopeId, &mut Plan<Arc<Link>>) -> T + Send + 'static,
) -> Result<T, Fault> {
    let scope = plane.caller.scope_id(plane.api)?;
    let decide = move |hub: &mut Hub<_>, now_ms, plan: &mut Plan<_>| {
        if !hub.has_room(need) {
            return Err(DISK_FULL.to_owned());
        }
        Ok(decide(hub, now_ms, scope, plan))
    };
    let decided = plane.api.shared.desk.call(0, decide).await.map_err(Fault::service_unavailable)?;
    decided.map_err(Fault::service_unavailable)
}

/// Changes one rule.
async fn change<T: Send + 'static>(
    plane: &Plane<'_>,
    need: Need,
    name: String,
    decide: impl FnOnce(&mut Hub<Arc<Link>>, u64, ScopeId, &str, &mut Plan<Arc<Link>>) -> Result<T, RuleError>
    + Send
    + 'static,
) -> Result<T, Fault> {
    let of = name.clone();
    let decided =
        at_desk(plane, need, move |hub, now_ms, scope, plan| decide(hub, now_ms, scope, &of, plan)).await?;
    decided.map_err(|error| fault(plane, &name, &error))
}

/// The addresses that a rule's HTTP actions post to, whose owners have to say yes.
fn owners(plane: &Plane<'_>, definition: &Definition) -> Vec<Destination> {
    let actions = definition.actions.iter().chain(&definition.error_action);
    let addresses = actions.filter_map(|action| match action {
        // A question has a query of its own.
        Action::Http(http) => {
            Some(http.confirmation_url.as_deref().unwrap_or_else(|| without_query(&http.url)))
        }
        _ => None,
    });
    // What is made of templates is known by no one yet: lint says so.
    addresses.filter_map(|url| destinations::new(url.to_owned(), plane.now_ms).ok()).collect()
}

/// Asks each owner who was never asked; gives back for whom that cannot be. The rule is made all the same.
fn ask_owners(
    hub: &mut Hub<Arc<Link>>,
    scope: ScopeId,
    owners: Vec<Destination>,
    plan: &mut Plan<Arc<Link>>,
) -> Vec<DestinationError> {
    let mut unasked = Vec::new();
    for destination in owners {
        if !hub.destinations(scope).any(|known| known.covers(&destination.confirmation_url)) {
            unasked.extend(hub.create_destination(scope, destination, plan).err());
        }
    }
    unasked
}

fn advise_of_owners(plane: &Plane<'_>, name: &str, unasked: Vec<DestinationError>) {
    for error in unasked {
        let text = format!("rule {name}: nobody is asked to confirm an address that it posts to: {error}");
        plane.api.shared.explain("", "rule advice", &text);
    }
}

/// AWS's error for a refusal. The model has none for a rule that is not there: AWS says that access is denied.
fn fault(plane: &Plane<'_>, name: &str, error: &RuleError) -> Fault {
    match error {
        RuleError::Exists(_) => Fault::resource_already_exists(error.to_string())
            .with("resourceId", name)
            .with("resourceArn", plane.arn("rule", name)),
        RuleError::Unknown(_) => {
            Fault::unauthorized(format!("Access to topic rule '{name}' was denied: {error}"))
        }
        RuleError::Invalid(Invalid::Sql(_)) => Fault::sql_parse(error.to_string()),
        RuleError::TooMany | RuleError::Invalid(_) => Fault::invalid_request(error.to_string()),
    }
}

/// `key=value&key=value`, percent-encoded, as the header carries tags.
fn tags_in_header(header: Option<&str>) -> Result<Tags, Fault> {
    Ok(::aws::parameters(header.unwrap_or_default())?.into_iter().collect())
}
