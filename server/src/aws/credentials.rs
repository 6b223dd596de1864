//! A request in, who calls and for which account and region out, or why the caller is not believed. Decides nothing
//! about what the caller may do.

use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use ::aws::signature::{self, Rules, SignatureFault, Signed};
use ::aws::{Fault, Service, service_of};
use axum::http::request::Parts;
use broker::ScopeId;
use policy::Access;
use registry::Scope;

use super::unsigned;
use crate::http::{Api, local};
use crate::rights::{Principal, Rights};

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) scope: Arc<Scope>,
    /// The access key, or `local` for who came without one.
    pub(crate) access_key: String,
    /// What the caller may do with messages and connections.
    pub(crate) access: Access,
}

/// How closely signatures are looked at. Other machines are always looked at strictly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Checking {
    /// Not at all; only where the request says it is from and what it is for.
    Off,
    /// What is signed with a key that is known has to be right; who is not known may call from this machine.
    #[default]
    Soft,
    /// Every call has to be signed with a key that is known.
    Strict,
}

impl FromStr for Checking {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Checking::Off),
            "soft" => Ok(Checking::Soft),
            "strict" => Ok(Checking::Strict),
            other => Err(format!("{other:?} is no way of checking signatures: give off, soft or strict")),
        }
    }
}

/// The key that everybody knows, and its secret. Good on this machine only.
const WELL_KNOWN: &str = "test";

/// Tells the service a request is for, and who calls it.
pub(super) fn authenticate(
    api: &Api,
    peer: SocketAddr,
    request: &::aws::Request<'_>,
) -> (Service, Result<Caller, Fault>) {
    let read = signature::read(request);
    let scope = read.as_ref().ok().and_then(Option::as_ref).map(|signed| &signed.scope);
    let service = service_of(request, scope);
    let caller = believe(api, peer, request, read, Rules::Service).map_err(|doubt| match doubt {
        Doubt::Signature(fault) => unsigned(&service, &fault),
        Doubt::Other(fault) => fault,
    });
    (service, caller)
}

/// Who opens a WebSocket. As AWS: a signed URL may be used again while it is valid.
pub(crate) fn caller_of_upgrade(api: &Api, peer: SocketAddr, head: &Parts) -> Result<Principal, Fault> {
    let body = axum::body::Bytes::new();
    let request = super::request_of(head, &body);
    let caller = believe(api, peer, &request, signature::read(&request), Rules::Websocket);
    let caller = caller.map_err(|doubt| match doubt {
        Doubt::Signature(fault) => unsigned(&Service::IotData, &fault),
        Doubt::Other(fault) => fault,
    })?;
    let scope = caller.scope_id(api)?;
    let rights = Rights::Fixed(caller.access);
    Ok(Principal { name: caller.access_key.into(), thing: None, scope, rights })
}

impl Caller {
    /// The number of the caller's account and region.
    pub(crate) fn scope_id(&self, api: &Api) -> Result<ScopeId, Fault> {
        api.shared.scopes.open(&self.scope, &api.shared.desk).ok_or_else(|| {
            Fault::limit_exceeded(
                "there are too many accounts and regions here: use fewer, or a second instance",
            )
        })
    }
}

enum Doubt {
    Signature(SignatureFault),
    Other(Fault),
}

impl From<SignatureFault> for Doubt {
    fn from(fault: SignatureFault) -> Self {
        Doubt::Signature(fault)
    }
}

fn believe(
    api: &Api,
    peer: SocketAddr,
    request: &::aws::Request<'_>,
    read: Result<Option<Signed>, SignatureFault>,
    rules: Rules,
) -> Result<Caller, Doubt> {
    let here = local(peer, request.headers, api.identity.names());
    let checking = if here.is_ok() { api.checking } else { Checking::Strict };
    let signed = match (read, checking) {
        (Ok(signed), _) => signed,
        (Err(_), Checking::Off) => None,
        (Err(fault), _) => return Err(fault.into()),
    };
    let Some(signed) = signed else {
        // Why a page or another machine is not let in without a signature is worth more than that it has none.
        return match (checking, here) {
            (Checking::Strict, Err(why)) => Err(Doubt::Other(Fault::new(403, "AccessDeniedException", why))),
            (Checking::Strict, Ok(())) => Err(SignatureFault::Missing.into()),
            _ => Ok(caller(api.scope.clone(), "local", Access::everything())),
        };
    };
    let scope = scope_of(api, &signed)?;
    let key = signed.scope.access_key.as_str();
    let now_s = crate::identity::machine_now_s();
    let is_well_known = key == WELL_KNOWN || is_account(key);
    match checking {
        Checking::Off => {}
        Checking::Soft if key == WELL_KNOWN => signature::verify(&signed, request, WELL_KNOWN, now_s, rules)?,
        Checking::Soft => {}
        Checking::Strict if is_well_known && here.is_ok() => {
            signature::verify(&signed, request, WELL_KNOWN, now_s, rules)?;
        }
        Checking::Strict => return Err(SignatureFault::UnknownKey { access_key: clip(key) }.into()),
    }
    Ok(caller(scope, key, Access::everything()))
}

fn caller(scope: Arc<Scope>, access_key: &str, access: Access) -> Caller {
    Caller { scope, access_key: access_key.to_owned(), access }
}

/// A key of twelve digits names the account; every other key without a record is the default account's.
fn scope_of(api: &Api, signed: &Signed) -> Result<Arc<Scope>, Doubt> {
    let key = signed.scope.access_key.as_str();
    let account = if is_account(key) { key } else { api.scope.account() };
    if account == api.scope.account() && signed.scope.region == api.scope.region() {
        return Ok(api.scope.clone());
    }
    Scope::new(account, signed.scope.region.as_str())
        .map(Arc::new)
        .map_err(|why| Doubt::Other(Fault::new(400, "IncompleteSignatureException", why.to_string())))
}

fn is_account(key: &str) -> bool {
    key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit())
}

fn clip(key: &str) -> String {
    key.chars().take(128).collect()
}
