//! What a rule's statement asks of the outside in; a value, or why there is none, out.

use std::sync::Arc;

use broker::ScopeId;
use hub::{Asker, Hub, Plan};
use serde_json::json;
use shadow::ShadowId;
use shadow::history::Source;
use shadow::topic::{Request, Verb};
use sql::{Answer, Need, Version};

use crate::shared::Shared;

/// The answer, which may be that there is none.
pub(super) async fn to(shared: &Arc<Shared>, scope: ScopeId, need: &Need) -> Answer {
    match need {
        Need::Shadow { thing, name, .. } => shadow_of(shared, scope, thing, name.as_deref()).await,
        Need::Registry { api, thing, .. } => registry_data(shared, scope, api, thing),
        Need::Lambda { .. } | Need::DynamoDb { .. } | Need::Secret { .. } => {
            shared.outgoing.ask(shared, scope, need).await
        }
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

fn read(json: &[u8]) -> Answer {
    let text = std::str::from_utf8(json).map_err(|error| error.to_string())?;
    sql::json::read(text, Version::V2016).ok_or_else(|| "the answer is no JSON".to_owned())
}
