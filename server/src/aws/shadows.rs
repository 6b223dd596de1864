//! Calls about shadows in, their documents out. What a document becomes is decided by the hub.

use ::aws::iot_data::shadows::{
    DeleteThingShadow, DeleteThingShadowOutput, GetThingShadow, GetThingShadowOutput,
    ListNamedShadowsForThing, ListNamedShadowsForThingOutput, UpdateThingShadow, UpdateThingShadowOutput,
};
use ::aws::value::Blob;
use ::aws::{Fault, Service};
use hub::{Hub, Plan};
use policy::{Action, Ask, Resource};
use shadow::topic::{Request, Verb};
use shadow::{Rejection, ShadowId};

use super::data::Plane;
use super::token;

/// Names of a page where the call does not say.
const PAGE: u16 = 25;

pub(super) async fn get(plane: &Plane<'_>, call: GetThingShadow) -> Result<GetThingShadowOutput, Fault> {
    let id = id(&call.thing_name, call.shadow_name.as_deref())?;
    let payload = ask(plane, Action::GetThingShadow, id, Verb::Get, Vec::new()).await?;
    Ok(GetThingShadowOutput { payload: Blob(payload) })
}

pub(super) async fn update(
    plane: &Plane<'_>,
    call: UpdateThingShadow,
) -> Result<UpdateThingShadowOutput, Fault> {
    let id = id(&call.thing_name, call.shadow_name.as_deref())?;
    let payload = ask(plane, Action::UpdateThingShadow, id, Verb::Update, call.payload.0).await?;
    Ok(UpdateThingShadowOutput { payload: Blob(payload) })
}

pub(super) async fn delete(
    plane: &Plane<'_>,
    call: DeleteThingShadow,
) -> Result<DeleteThingShadowOutput, Fault> {
    let id = id(&call.thing_name, call.shadow_name.as_deref())?;
    let payload = ask(plane, Action::DeleteThingShadow, id, Verb::Delete, Vec::new()).await?;
    Ok(DeleteThingShadowOutput { payload: Blob(payload) })
}

pub(super) async fn list(
    plane: &Plane<'_>,
    call: ListNamedShadowsForThing,
) -> Result<ListNamedShadowsForThingOutput, Fault> {
    let thing = id(&call.thing_name, None)?.thing().to_owned();
    plane.check(Ask::new(Action::ListNamedShadowsForThing, Resource::Thing(&thing)))?;
    let after = token::read(call.next_token.as_deref())?;
    let most = usize::from(call.page_size.unwrap_or(PAGE));
    let scope = plane.scope;
    let desk = &plane.api.shared.desk;
    let names = desk.ask(move |hub| hub.shadow_names(scope, &thing, after.as_deref(), most + 1)).await;
    let mut results = names
        .map_err(Fault::service_unavailable)?
        .map_err(|error| Fault::internal_failure(format!("the names cannot be read: {error}")))?;
    let next_token = token::next(&mut results, most, |name| name);
    let timestamp = Some((plane.api.shared.clock.wall_ms() / 1000).cast_signed());
    Ok(ListNamedShadowsForThingOutput { results, next_token, timestamp })
}

fn id(thing: &str, name: Option<&str>) -> Result<ShadowId, Fault> {
    ShadowId::new(thing, name.filter(|name| !name.is_empty()))
        .map_err(|wrong| refused(&Rejection::new(shadow::Fault::Name(wrong), None)))
}

async fn ask(
    plane: &Plane<'_>,
    action: Action,
    id: ShadowId,
    verb: Verb,
    payload: Vec<u8>,
) -> Result<Vec<u8>, Fault> {
    let resource = match id.name() {
        None => Resource::Thing(id.thing()),
        Some(name) => Resource::Shadow { thing: id.thing(), name },
    };
    plane.check(Ask::new(action, resource))?;
    let (scope, request, asker) = (plane.scope, Request { id, verb }, plane.asker());
    let bytes = payload.len();
    let decide = move |hub: &mut Hub<_>, now_ms, plan: &mut Plan<_>| {
        hub.call_shadow(now_ms, scope, &asker, &request, &payload, plan)
    };
    let answered = plane.api.shared.desk.call(bytes, decide).await.map_err(Fault::service_unavailable)?;
    answered.map_err(Fault::service_unavailable)?.map_err(|rejection| refused(&rejection))
}

/// The body has the code as a number, which clients must not take for the error's name, and beside AWS's words what
/// to do.
fn refused(rejection: &Rejection) -> Fault {
    let text = rejection.message();
    let fault = match rejection.code() {
        401 => Fault::unauthorized(text),
        403 => Fault::forbidden(text),
        404 => Fault::resource_not_found(text),
        409 => Fault::conflict(text),
        413 => Fault::request_entity_too_large(text),
        415 => Fault::unsupported_document_encoding(text),
        429 => Fault::throttling(&Service::IotData, text),
        500.. => Fault::internal_failure(text),
        _ => Fault::invalid_request(text),
    };
    let trace_id = uuid::Uuid::new_v4().to_string();
    fault.with("code", rejection.code()).with("hint", rejection.fault.hint()).with("traceId", trace_id)
}
