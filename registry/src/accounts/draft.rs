//! Accounts and a list of wishes in, one change out. Each wish sees those before it; a refused wish changes nothing.

use store::Batch;

use super::access_key::{AccessKey, KEY_RANDOM, SESSION_RANDOM, Session, SessionHolder};
use super::fault::AccountsError;
use super::policies::ManagedPolicy;
use super::roles::Role;
use super::table::{DraftTable, TableChange};
use super::trust::{Facts, Trustee, check_trust};
use super::{Accounts, Principal, document, limits};

/// Wishes decided so far, on top of the accounts as they were when the draft began.
#[derive(Debug)]
pub struct Draft<'a> {
    base: &'a Accounts,
    pub(super) keys: DraftTable<'a, AccessKey>,
    pub(super) sessions: DraftTable<'a, Session>,
    pub(super) roles: DraftTable<'a, Role>,
    pub(super) policies: DraftTable<'a, ManagedPolicy>,
}

/// What was decided. Commit `writes` first, then hand it to [`Accounts::apply`]; drop it if the commit fails.
#[derive(Debug, Clone)]
#[must_use = "a change does nothing until its writes are committed and it is applied"]
pub struct Change {
    pub writes: Batch,
    pub(super) keys: TableChange<AccessKey>,
    pub(super) sessions: TableChange<Session>,
    pub(super) roles: TableChange<Role>,
    pub(super) policies: TableChange<ManagedPolicy>,
}

/// Who asks for temporary credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker<'a> {
    pub account: &'a str,
    pub principal: Principal<'a>,
    /// Whether it signed with temporary credentials.
    pub is_temporary: bool,
}

/// What is asked for when a role is assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assumption<'a> {
    /// The account of the role, from its ARN.
    pub account: &'a str,
    /// The path and name of the role, from its ARN: `/service/NAME`.
    pub role: &'a str,
    /// Chosen by the caller; stands in the ARN of the session.
    pub session: &'a str,
    /// One hour, unless it says otherwise.
    pub duration_s: Option<u32>,
    pub external_id: Option<&'a str>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(base: &'a Accounts) -> Self {
        Self {
            base,
            keys: base.keys.draft(),
            sessions: base.sessions.draft(),
            roles: base.roles.draft(),
            policies: base.policies.draft(),
        }
    }

    /// A named key stands for a user of that name, one without a name for the account itself.
    pub fn create_key(
        &mut self,
        account: &str,
        name: Option<&str>,
        random: &[u8; KEY_RANDOM],
        now_ms: u64,
    ) -> Result<&AccessKey, AccountsError> {
        super::check_account(account)?;
        if let Some(name) = name {
            document::check_name("the name of a key", name, limits::NAME_CHARS)?;
        }
        if self.keys.all(account).count() >= limits::ACCESS_KEYS {
            return Err(AccountsError::Limit { what: "access keys", most: limits::ACCESS_KEYS });
        }
        let key = AccessKey::new(name.map(str::to_owned), random, now_ms);
        if self.base.holders.contains_key(&key.id) || self.keys.find(account, &key.id).is_some() {
            return Err(AccountsError::Collision);
        }
        let id = key.id.clone();
        self.keys.put(account, &id, key);
        self.keys.find(account, &id).ok_or(AccountsError::UnknownKey(id))
    }

    /// The temporary credentials that were asked for with it end, too.
    pub fn remove_key(&mut self, account: &str, id: &str) -> Result<(), AccountsError> {
        if self.keys.find(account, id).is_none() {
            return Err(AccountsError::UnknownKey(id.chars().take(20).collect()));
        }
        self.keys.remove(account, id);
        self.end_sessions(account, |holder| matches!(holder, SessionHolder::User { key, .. } if key == id));
        Ok(())
    }

    /// Temporary credentials that act as a role, if its trust policy names the asker.
    pub fn assume_role(
        &mut self,
        asker: &Asker<'_>,
        wanted: &Assumption<'_>,
        random: &[u8; SESSION_RANDOM],
        now_ms: u64,
    ) -> Result<&Session, AccountsError> {
        super::check_account(wanted.account)?;
        document::check_name("the name of a session", wanted.session, limits::NAME_CHARS)?;
        let name = wanted.role.rsplit('/').next().unwrap_or_default();
        let arn = format!("arn:aws:iam::{}:role{}", wanted.account, wanted.role);
        let caller = asker.principal.arn(asker.account);
        let refused =
            |reason| AccountsError::NotTrusted { caller: caller.clone(), role: arn.clone(), reason };
        let Some(role) = self.roles.find(wanted.account, name).filter(|role| role.arn() == arn) else {
            return Err(refused("there is no such role".to_owned()));
        };
        let arns = asker.principal.arns(asker.account, self.base);
        let external: Vec<(&str, &str)> =
            wanted.external_id.map(|id| ("sts:ExternalId", id)).into_iter().collect();
        let facts: &Facts<'_> = &external;
        let trustee = Trustee::Caller { account: asker.account, arns: &arns };
        check_trust(&role.trust, trustee, facts).map_err(refused)?;
        let is_chained = matches!(asker.principal, Principal::AssumedRole { .. });
        let most = if is_chained { limits::ROLE_SESSION_S } else { role.max_session_s };
        let life_s = check_life("DurationSeconds", wanted.duration_s, most)?;
        let holder = SessionHolder::Role {
            role: role.path.clone() + &role.name,
            role_id: role.id.clone(),
            session: wanted.session.to_owned(),
        };
        self.open_session(wanted.account, holder, random, now_ms, life_s)
    }

    /// Temporary credentials that act as the asker. Those who have temporary ones get no others.
    pub fn session_token(
        &mut self,
        asker: &Asker<'_>,
        duration_s: Option<u32>,
        random: &[u8; SESSION_RANDOM],
        now_ms: u64,
    ) -> Result<&Session, AccountsError> {
        super::check_account(asker.account)?;
        let refused = AccountsError::NotForTemporary { caller: asker.principal.arn(asker.account) };
        let (holder, most, usual) = match asker.principal {
            _ if asker.is_temporary => return Err(refused),
            Principal::Root => (SessionHolder::Root, limits::ROLE_SESSION_S, limits::ROLE_SESSION_S),
            Principal::User { name, key } => {
                let (name, key) = (name.to_owned(), key.to_owned());
                (SessionHolder::User { name, key }, limits::USER_SESSION_S, limits::SESSION_S.1)
            }
            Principal::AssumedRole { .. } => return Err(refused),
        };
        let life_s = check_life("DurationSeconds", duration_s.or(Some(usual)), most)?;
        self.open_session(asker.account, holder, random, now_ms, life_s)
    }

    /// Forgets the expired credentials of an account and answers how many there were.
    pub fn sweep(&mut self, account: &str, now_ms: u64) -> usize {
        let expired: Vec<String> =
            self.sessions.all(account).filter(|s| s.expires_ms <= now_ms).map(|s| s.id.clone()).collect();
        for id in &expired {
            self.sessions.remove(account, id);
        }
        expired.len()
    }

    pub(super) fn end_sessions(&mut self, account: &str, ends: impl Fn(&SessionHolder) -> bool) {
        let ended: Vec<String> =
            self.sessions.all(account).filter(|s| ends(&s.holder)).map(|s| s.id.clone()).collect();
        for id in &ended {
            self.sessions.remove(account, id);
        }
    }

    /// Ends the draft. What it created and deleted again leaves no write.
    pub fn finish(self) -> Change {
        let mut writes = Batch::new();
        let keys = self.keys.finish(&mut writes);
        let sessions = self.sessions.finish(&mut writes);
        let roles = self.roles.finish(&mut writes);
        let policies = self.policies.finish(&mut writes);
        Change { writes, keys, sessions, roles, policies }
    }

    fn open_session(
        &mut self,
        account: &str,
        holder: SessionHolder,
        random: &[u8; SESSION_RANDOM],
        now_ms: u64,
        life_s: u32,
    ) -> Result<&Session, AccountsError> {
        let session = Session::new(holder, random, now_ms, life_s);
        if self.base.holders.contains_key(&session.id) || self.sessions.find(account, &session.id).is_some() {
            return Err(AccountsError::Collision);
        }
        let alive = self.sessions.all(account).filter(|session| session.expires_ms > now_ms).count();
        if alive >= limits::SESSIONS {
            let what = "temporary credentials that have not expired";
            return Err(AccountsError::Limit { what, most: limits::SESSIONS });
        }
        self.sweep(account, now_ms);
        let id = session.id.clone();
        self.sessions.put(account, &id, session);
        self.sessions.find(account, &id).ok_or(AccountsError::UnknownKey(id))
    }
}

fn check_life(what: &'static str, wanted_s: Option<u32>, most: u32) -> Result<u32, AccountsError> {
    let (least, _) = limits::SESSION_S;
    let found = wanted_s.unwrap_or(limits::ROLE_SESSION_S);
    if (least..=most).contains(&found) {
        return Ok(found);
    }
    Err(AccountsError::Duration { what, least, most, found })
}
