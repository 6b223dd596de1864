//! Calls of CloudWatch Logs in, their outcomes out. What becomes of groups, streams and events is decided by the crate
//! `logs` on the hub's change lane; events are read beside it.

mod events;
mod groups;
mod pages;
mod streams;
mod tags;

use std::sync::Arc;

use ::aws::logs::{Call, faults};
use ::aws::target::reply;
use ::aws::{Fault, Operation, Output, Service};
use ::logs::{Kind, Logs, Refusal};
use axum::http::Response;
use broker::ScopeId;
use hub::{Hub, NotLogged, Plan};
use store::Write;

use super::credentials::Caller;
use crate::http::Api;
use crate::link::Link;

/// Who answers which call, and with which errors.
macro_rules! calls {
    ($($name:ident $family:ident $answer:path;)*) => {
        pub(super) async fn answer(
            api: &Arc<Api>,
            caller: &Caller,
            call: Call,
            request_id: &str,
        ) -> Result<Response<Vec<u8>>, Fault> {
            let plane = Plane { api, caller, scope: caller.scope_id(api)? };
            match call {
                $(Call::$name(call) => {
                    let answered = $answer(&plane, call).await;
                    let output = answered.map_err(known_to::<::aws::logs::$family::$name>)?;
                    Ok(reply(&output, request_id))
                })*
            }
        }
    };
}

calls! {
    CreateLogGroup groups groups::create;
    DeleteLogGroup groups groups::delete;
    DescribeLogGroups groups groups::describe;
    PutRetentionPolicy groups groups::set_retention;
    DeleteRetentionPolicy groups groups::delete_retention;
    CreateLogStream streams streams::create;
    DeleteLogStream streams streams::delete;
    DescribeLogStreams streams streams::describe;
    PutLogEvents events events::put;
    GetLogEvents events events::get;
    FilterLogEvents events events::filter;
    TagResource tags tags::tag;
    UntagResource tags tags::untag;
    ListTagsForResource tags tags::list;
    TagLogGroup tags tags::tag_group;
    UntagLogGroup tags tags::untag_group;
    ListTagsLogGroup tags tags::list_of_group;
}

/// One call's surroundings.
struct Plane<'a> {
    api: &'a Arc<Api>,
    caller: &'a Caller,
    scope: ScopeId,
}

impl Plane<'_> {
    /// Decides something about the scope's logs, and answers when it is on disk. `bytes`: what it holds of the caller's.
    async fn decide<T: Send + 'static>(
        &self,
        bytes: usize,
        decide: impl FnOnce(&mut Hub<Arc<Link>>, u64, &mut Plan<Arc<Link>>) -> Result<T, NotLogged>
        + Send
        + 'static,
    ) -> Result<T, Fault> {
        let decided = self.api.shared.desk.call(bytes, decide).await;
        decided.map_err(faults::service_unavailable)?.map_err(|why| fault(&why))
    }

    async fn change(
        &self,
        change: impl FnOnce(&mut Logs, u64) -> Result<Vec<Write>, Refusal> + Send + 'static,
    ) -> Result<(), Fault> {
        let scope = self.scope;
        self.decide(0, move |hub, now_ms, plan| hub.change_logs(scope, plan, |logs| change(logs, now_ms)))
            .await
    }

    async fn delete(
        &self,
        delete: impl FnOnce(&mut Logs) -> Result<Vec<Write>, Refusal> + Send + 'static,
    ) -> Result<(), Fault> {
        let scope = self.scope;
        self.decide(0, move |hub, _, plan| hub.delete_logs(scope, plan, delete)).await
    }

    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Logs, u64) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Fault> {
        let scope = self.scope;
        self.decide(0, move |hub, now_ms, _| Ok(look(hub.logs(scope)?, now_ms)?)).await
    }

    /// `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`
    fn group_arn(&self, name: &str) -> String {
        format!(
            "arn:aws:logs:{}:{}:log-group:{name}",
            self.caller.scope.region(),
            self.caller.scope.account()
        )
    }

    /// The name of a group of this account and region that is given by its name or its ARN.
    fn group_of(&self, name: Option<String>, identifier: Option<String>) -> Result<String, Fault> {
        match (name, identifier) {
            (Some(name), None) => Ok(name),
            (None, Some(identifier)) => self.group_of_arn(&identifier),
            (Some(_), Some(_)) => {
                Err(faults::invalid_parameter("give either logGroupName or logGroupIdentifier, not both"))
            }
            (None, None) => Err(faults::invalid_parameter("give logGroupName or logGroupIdentifier")),
        }
    }

    fn group_of_arn(&self, identifier: &str) -> Result<String, Fault> {
        if !identifier.starts_with("arn:") {
            return Ok(identifier.to_owned());
        }
        let own = self.group_arn("");
        let name = identifier.strip_prefix(&own).map(|name| name.strip_suffix(":*").unwrap_or(name));
        name.filter(|name| !name.is_empty()).map(str::to_owned).ok_or_else(|| {
            let shown: String = identifier.chars().take(200).collect();
            faults::invalid_parameter(format!(
                "{shown} is no log group of this account and region: those are {own}NAME"
            ))
        })
    }
}

fn fault(why: &NotLogged) -> Fault {
    let text = why.to_string();
    match why {
        NotLogged::Refused(refusal) => match refusal.kind() {
            Kind::Invalid => faults::invalid_parameter(text),
            Kind::NotFound => faults::resource_not_found(text),
            Kind::Exists => faults::resource_already_exists(text),
            Kind::Limit => faults::limit_exceeded(text),
            Kind::TooManyTags => faults::too_many_tags(text),
        },
        NotLogged::DiskFull | NotLogged::Unreadable(_) | NotLogged::NoScope => {
            faults::service_unavailable(text)
        }
    }
}

/// Clients have classes for the errors that an operation's model names: any other refusal becomes an
/// `InvalidParameterException`.
fn known_to<O: Operation>(fault: Fault) -> Fault {
    let known = <O::Output as Output>::DESCRIPTOR.errors;
    match fault.status < 500 && !known.contains(&&*fault.code) {
        true => Fault { extra: fault.extra, ..faults::invalid_parameter(fault.message) },
        false => fault,
    }
}

/// What would change the meaning of a call if it were left out of account.
fn unserved<O: Operation>(member: &str, instead: &str) -> Fault {
    let name = O::DESCRIPTOR.name;
    let text = format!("`{member}` of {name} is not served by Thingstead: {instead}");
    Fault { message: text, ..Fault::not_served(&Service::Logs, name) }
}

fn ms(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
