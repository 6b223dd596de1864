//! What a rule's statement asks of the outside in; a value, or why there is none, out.

use std::sync::Arc;
use std::time::Duration;

use ::aws::outgoing::functions::{Invocation, invoke};
use ::aws::outgoing::secrets::{self, SecretValue};
use ::aws::outgoing::{Call, tables};
use broker::ScopeId;
use bytes::Bytes;
use hub::{Asker, Hub, Plan};
use serde_json::{Map, Value as Json, json};
use shadow::ShadowId;
use shadow::history::Source;
use shadow::topic::{Request, Verb};
use sql::{Answer, Need, Value, Version};

use crate::shared::Shared;

const FUNCTION_TIMEOUT: Duration = Duration::from_secs(2);

/// The answer, which may be that there is none.
pub(super) async fn to(shared: &Arc<Shared>, scope: ScopeId, need: &Need) -> Answer {
    match need {
        Need::Shadow { thing, name, .. } => shadow_of(shared, scope, thing, name.as_deref()).await,
        Need::Registry { api, thing, .. } => registry_data(shared, scope, api, thing),
        Need::Lambda { function, payload } => invoked(shared, scope, function, payload).await,
        Need::DynamoDb { table, partition, sort, .. } => {
            item(shared, scope, table, (partition, sort.as_ref())).await
        }
        Need::Secret { id, binary, key, .. } => secret(shared, scope, id, *binary, key.as_deref()).await,
        Need::Prediction { .. } => {
            Err("machinelearning_predict is not served by Thingstead; AWS has ended that service, too"
                .to_owned())
        }
    }
}

async fn shadow_of(shared: &Arc<Shared>, scope: ScopeId, thing: &str, name: Option<&str>) -> Answer {
    let id = ShadowId::new(thing, name).map_err(|wrong| wrong.to_string())?;
    let asker = Asker { principal: "rule".into(), client: None, source: Source::Operator };
    let request = Request { id, verb: Verb::Get };
    let decide = move |hub: &mut Hub<_>, now_ms, plan: &mut Plan<_>| {
        hub.call_shadow(now_ms, scope, &asker, &request, b"", plan)
    };
    let document = shared.desk.call(0, decide).await??.map_err(|rejection| rejection.to_string())?;
    read(&document)
}

fn registry_data(shared: &Shared, scope: ScopeId, api: &str, thing: &str) -> Answer {
    let Some(place) = shared.scopes.name(scope) else { return Err("the account is gone".to_owned()) };
    let registry = shared.registry();
    let missing = || format!("there is no thing called {thing}");
    let found = registry.find_thing(&place, thing).ok_or_else(missing)?;
    let data = match api {
        "DescribeThing" => {
            let mut data = json!({
                "thingName": thing,
                "thingId": found.id,
                "thingArn": place.arn(&format!("thing/{thing}")),
                "version": found.version,
                "defaultClientId": thing,
                "attributes": found.attributes,
            });
            if let Some(kind) = &found.thing_type {
                data["thingTypeName"] = json!(kind);
            }
            data
        }
        "ListThingGroupsForThing" => {
            let group = |name: &str| json!({ "groupName": name, "groupArn": place.arn(&format!("thinggroup/{name}")) });
            let groups: Vec<_> = found.groups.iter().map(|name| group(name)).collect();
            json!({ "thingGroups": groups })
        }
        other => {
            return Err(format!(
                "get_registry_data knows DescribeThing and ListThingGroupsForThing, not {other}"
            ));
        }
    };
    read(data.to_string().as_bytes())
}

/// AWS waits two seconds for a function.
async fn invoked(shared: &Shared, scope: ScopeId, function: &str, payload: &str) -> Answer {
    let call = invoke(function, Invocation::RequestResponse, payload.as_bytes().to_vec());
    let reply = tokio::time::timeout(FUNCTION_TIMEOUT, called(shared, scope, &call)).await;
    read(
        &reply
            .map_err(|_| format!("{function} did not answer within {} s", FUNCTION_TIMEOUT.as_secs()))??,
    )
}

async fn item(
    shared: &Shared,
    scope: ScopeId,
    table: &str,
    (partition, sort): (&(String, Value), Option<&(String, Value)>),
) -> Answer {
    let mut key = Map::new();
    for (name, value) in std::iter::once(partition).chain(sort) {
        let value = serde_json::from_str(&sql::json::write(value)).map_err(|error| error.to_string())?;
        key.insert(name.clone(), tables::attribute(&value));
    }
    let reply = called(shared, scope, &tables::get_item(table, &key)).await?;
    let item = tables::item(&reply).ok_or_else(|| format!("table {table} has no item with this key"))?;
    read(Json::Object(item).to_string().as_bytes())
}

async fn secret(shared: &Shared, scope: ScopeId, id: &str, is_binary: bool, key: Option<&str>) -> Answer {
    let reply = called(shared, scope, &secrets::get_secret_value(id, None, None)).await?;
    let text = match secrets::value(&reply) {
        Some(SecretValue::Text(text)) if !is_binary => text.0,
        Some(SecretValue::Bytes(bytes)) if is_binary => bytes.0,
        _ => return Err(format!("secret {id} has no value of this kind")),
    };
    let Some(key) = key else { return Ok(Value::String(text)) };
    let members: Json = serde_json::from_str(&text).map_err(|_| format!("secret {id} is no JSON object"))?;
    let member = members.get(key).ok_or_else(|| format!("secret {id} has no member {key}"))?;
    read(member.to_string().as_bytes())
}

async fn called(shared: &Shared, scope: ScopeId, call: &Call) -> Result<Bytes, String> {
    let place = shared.scopes.name(scope).ok_or("the account is gone")?;
    shared.outgoing.call(&place, call).await.map(|reply| reply.body).map_err(|error| error.to_string())
}

fn read(json: &[u8]) -> Answer {
    let text = std::str::from_utf8(json).map_err(|error| error.to_string())?;
    sql::json::read(text, Version::V2016).ok_or_else(|| "the answer is no JSON".to_owned())
}
