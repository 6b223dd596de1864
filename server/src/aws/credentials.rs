//! A request in, who calls and for which account and region out, or why the caller is not believed. Decides nothing
//! about what the caller may do.

use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use ::aws::signature::{self, Rules, SignatureFault, Signed, Timestamp};
use ::aws::{Fault, Service, service_of};
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::ORIGIN;
use axum::http::request::Parts;
use broker::ScopeId;
use policy::Access;
use registry::Scope;
use registry::accounts::{Accounts, Holder, Identity, SessionHolder};

use super::{roles, unsigned};
use crate::http::{Api, local};
use crate::rights::{Principal, Rights, Signer};
use crate::scopes::TOO_MANY;

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) scope: Arc<Scope>,
    /// The access key, or `local` for who came without one.
    pub(crate) access_key: String,
    /// In whose name.
    pub(crate) holder: SessionHolder,
    pub(crate) is_temporary: bool,
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

/// Who calls from this machine without a signature.
pub(crate) const UNSIGNED: &str = "local";

/// The secret of the key `test` and of accounts that call by their number. Good on this machine only.
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
    let doorman = Doorman { api, peer, request, rules: Rules::Service };
    let caller = doorman.believe(read).map_err(|doubt| doubt.into_fault(&service));
    (service, caller)
}

/// Who opens a WebSocket. As AWS: a signed URL may be used again while it is valid.
pub(crate) fn caller_of_upgrade(api: &Api, peer: SocketAddr, head: &Parts) -> Result<Principal, Fault> {
    let body = Bytes::new();
    let request = super::request_of(head, &body);
    let doorman = Doorman { api, peer, request: &request, rules: Rules::Websocket };
    let caller =
        doorman.believe(signature::read(&request)).map_err(|doubt| doubt.into_fault(&Service::IotData))?;
    let scope = caller.scope_id(api)?;
    let is_kept = api.shared.ledger.read().secret_of(&caller.access_key).is_some();
    let rights = match is_kept {
        true => Rights::Signer(Arc::new(signer(&caller, peer))),
        false => Rights::Fixed(caller.access),
    };
    Ok(Principal { name: caller.access_key.into(), thing: None, scope, rights })
}

fn signer(caller: &Caller, peer: SocketAddr) -> Signer {
    let key = match &caller.holder {
        SessionHolder::User { key, .. } => Some(key),
        SessionHolder::Root if !caller.is_temporary => Some(&caller.access_key),
        SessionHolder::Root | SessionHolder::Role { .. } => None,
    };
    let (scope, holder) = (caller.scope.clone(), caller.holder.clone());
    Signer { scope, holder, key: key.cloned(), source_ip: peer.ip() }
}

/// Who calls with a client certificate. Looked at for each call: the connection may be older than a change.
pub(super) fn device(api: &Api, peer: SocketAddr, principal: &Principal) -> Result<Caller, Fault> {
    let shared = &api.shared;
    let presented = match &principal.rights {
        Rights::Certificate(presented) => presented,
        Rights::Fixed(access) => {
            let access = access.clone();
            return Ok(Caller { access, ..Caller::root(api.scope.clone(), &principal.name) });
        }
        Rights::Signer(_) => return Err(Fault::forbidden("this door is for client certificates")),
    };
    let now_s = shared.clock.wall_s();
    let registry = shared.registry();
    let record = registry.find_certificate(&presented.id);
    registry::verify_presented(&presented.id, record, now_s)
        .map_err(|refusal| Fault::forbidden(refusal.to_string()))?;
    let scope = record.map_or_else(|| api.scope.clone(), |record| record.scope.clone());
    let access = registry.access(
        &presented.id,
        &registry::Caller {
            certificate_fields: presented.fields.clone(),
            source_ip: Some(peer.ip().to_canonical()),
            domain_name: presented.host.clone(),
            ..registry::Caller::default()
        },
    );
    Ok(Caller { access, ..Caller::root(scope, &principal.name) })
}

impl Caller {
    /// The number of the caller's account and region.
    pub(crate) fn scope_id(&self, api: &Api) -> Result<ScopeId, Fault> {
        let opened = api.shared.scopes.open(&self.scope, &api.shared.desk);
        opened.ok_or_else(|| Fault::limit_exceeded(TOO_MANY))
    }

    fn root(scope: Arc<Scope>, access_key: &str) -> Caller {
        Caller {
            scope,
            access_key: access_key.chars().take(128).collect(),
            holder: SessionHolder::Root,
            is_temporary: false,
            access: Access::everything(),
        }
    }
}

/// Why a caller is not believed.
enum Doubt {
    Signature(SignatureFault),
    Other(Fault),
}

impl From<SignatureFault> for Doubt {
    fn from(fault: SignatureFault) -> Self {
        Doubt::Signature(fault)
    }
}

impl Doubt {
    fn into_fault(self, service: &Service) -> Fault {
        match self {
            Doubt::Signature(fault) => unsigned(service, &fault),
            Doubt::Other(fault) => fault,
        }
    }
}

/// One request at the door.
struct Doorman<'a> {
    api: &'a Api,
    peer: SocketAddr,
    request: &'a ::aws::Request<'a>,
    rules: Rules,
}

impl Doorman<'_> {
    fn believe(&self, read: Result<Option<Signed>, SignatureFault>) -> Result<Caller, Doubt> {
        let api = self.api;
        let here = local(self.peer, self.request.headers, api.identity.names())
            .and_then(|()| check_page(self.request.headers));
        let checking = if here.is_ok() { api.checking } else { Checking::Strict };
        let signed = match (read, checking) {
            (Ok(signed), _) => signed,
            (Err(_), Checking::Off) => None,
            (Err(fault), _) => return Err(fault.into()),
        };
        let Some(signed) = signed else {
            // Why a page or another machine is not let in without a signature is worth more than that it has none.
            return match (checking, here) {
                (Checking::Strict, Err(why)) => {
                    Err(Doubt::Other(Fault::new(403, "AccessDeniedException", why)))
                }
                (Checking::Strict, Ok(())) => Err(SignatureFault::Missing.into()),
                _ => Ok(Caller::root(api.scope.clone(), UNSIGNED)),
            };
        };
        let key = signed.scope.access_key.as_str();
        let accounts = api.shared.ledger.read();
        match accounts.holder_of(key) {
            Holder::Known(identity) => self.known(&accounts, &signed, &identity, checking),
            Holder::Account(account) => {
                if checking == Checking::Strict {
                    self.verify(&signed, WELL_KNOWN, here.is_ok())?;
                }
                Ok(Caller::root(self.scope(account, &signed)?, key))
            }
            Holder::Test => {
                if checking != Checking::Off {
                    self.verify(&signed, WELL_KNOWN, here.is_ok())?;
                }
                Ok(Caller::root(self.scope(api.scope.account(), &signed)?, key))
            }
            Holder::Unknown if checking == Checking::Strict => Err(unknown(key)),
            // Who signs with a key made here wants to be its holder, not the default account.
            Holder::Gone if checking != Checking::Off => Err(unknown(key)),
            Holder::Gone | Holder::Unknown => {
                Ok(Caller::root(self.scope(api.scope.account(), &signed)?, key))
            }
        }
    }

    /// A key with a record: its secret proves it, wherever it comes from.
    fn known(
        &self,
        accounts: &Accounts,
        signed: &Signed,
        identity: &Identity<'_>,
        checking: Checking,
    ) -> Result<Caller, Doubt> {
        let access_key = identity.access_key.to_owned();
        if checking != Checking::Off {
            let now_s = crate::identity::machine_now_s();
            if let Some(temporary) = identity.temporary {
                let given = signed.session_token.as_deref().unwrap_or_default();
                if !::aws::signature::is_same_token(given, temporary.token.expose()) {
                    return Err(SignatureFault::WrongToken { access_key }.into());
                }
                let expires_ms = temporary.expires_ms;
                if expires_ms <= self.api.shared.clock.wall_ms() {
                    let at = Timestamp::from_unix_s((expires_ms / 1000).cast_signed());
                    return Err(SignatureFault::TokenExpired { at }.into());
                }
            } else if signed.session_token.is_some() {
                return Err(SignatureFault::WrongToken { access_key }.into());
            }
            signature::verify(signed, self.request, identity.secret.expose(), now_s, self.rules)?;
        }
        let scope = self.scope(identity.account, signed)?;
        let holder = identity.principal.to_holder();
        let access = match &holder {
            SessionHolder::Role { role, role_id, .. } => {
                roles::access(accounts, &scope, role, role_id, self.peer.ip())
            }
            SessionHolder::Root | SessionHolder::User { .. } => Access::everything(),
        };
        Ok(Caller { scope, access_key, holder, is_temporary: identity.temporary.is_some(), access })
    }

    fn verify(&self, signed: &Signed, secret: &str, is_here: bool) -> Result<(), Doubt> {
        if !is_here {
            let access_key = signed.scope.access_key.clone();
            return Err(SignatureFault::UnknownKey { access_key }.into());
        }
        let now_s = crate::identity::machine_now_s();
        Ok(signature::verify(signed, self.request, secret, now_s, self.rules)?)
    }

    fn scope(&self, account: &str, signed: &Signed) -> Result<Arc<Scope>, Doubt> {
        let own = &self.api.scope;
        if account == own.account() && signed.scope.region == own.region() {
            return Ok(own.clone());
        }
        Scope::new(account, signed.scope.region.as_str())
            .map(Arc::new)
            .map_err(|why| Doubt::Other(Fault::new(400, "IncompleteSignatureException", why.to_string())))
    }
}

fn unknown(access_key: &str) -> Doubt {
    SignatureFault::UnknownKey { access_key: access_key.chars().take(128).collect() }.into()
}

/// A picture or a link of another site's page makes a GET without an Origin, and a call of the query protocol may be
/// a GET; browsers still say where it comes from.
fn check_page(headers: &HeaderMap) -> Result<(), String> {
    let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
    if site == Some(b"cross-site") && !headers.contains_key(ORIGIN) {
        return Err(
            "a page of another site may not act here without credentials: serve the page from localhost, \
                    or sign with a key of `thingstead keys new`"
                .to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_picture_on_a_page_of_another_site_is_no_caller() {
        let check = |site: Option<&'static str>, origin: Option<&'static str>, fits: bool| {
            let mut headers = HeaderMap::new();
            if let Some(site) = site {
                headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            }
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(check_page(&headers).is_ok(), fits, "{site:?} {origin:?}");
        };
        check(None, None, true);
        check(Some("same-origin"), None, true);
        check(Some("same-site"), None, true);
        check(Some("none"), None, true);
        check(Some("cross-site"), None, false);
        // Where there is an Origin, it decides.
        check(Some("cross-site"), Some("http://app.localhost"), true);
    }
}
