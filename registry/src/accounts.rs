//! Access keys, roles and managed policies of whole accounts: documents and asks in, decisions and writes out. Holds no
//! clock and draws no randomness; decides neither signatures nor rights.

mod access_key;
mod document;
mod draft;
mod fault;
pub mod limits;
mod policies;
mod roles;
mod statement;
mod table;
#[cfg(test)]
mod tests;
mod trust;

use std::collections::BTreeMap;

use store::Reader;

use crate::{OpenError, Scope, keys};
use table::{REGION, Table};

pub use access_key::{AccessKey, KEY_RANDOM, SESSION_RANDOM, Secret, Session, SessionHolder};
pub use draft::{Asker, Assumption, Change, Draft};
pub use fault::{AccountsError, Kind};
pub use policies::{ManagedPolicy, NewPolicy, PolicyArn, PolicyVersion};
pub use roles::{NewRole, Role};
pub use trust::{Facts, Trustee, check_trust};

/// What belongs to accounts as a whole, whatever the region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    keys: Table<AccessKey>,
    sessions: Table<Session>,
    roles: Table<Role>,
    policies: Table<ManagedPolicy>,
    /// The account of each access key id.
    holders: BTreeMap<String, String>,
}

/// What an access key id means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder<'a> {
    /// There is such a key.
    Known(Identity<'a>),
    /// Twelve digits: the account itself, for whoever may go without a secret.
    Account(&'a str),
    /// `test`: the default account, for whoever may go without a secret.
    Test,
    /// There is no such key, and it has the form of those made here: it was removed, or its time is over.
    Gone,
    Unknown,
}

/// Whose an access key is, and with which secret it signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity<'a> {
    pub account: &'a str,
    pub access_key: &'a str,
    pub secret: &'a Secret,
    pub principal: Principal<'a>,
    /// Of temporary credentials: what must come with each request, and until when it counts.
    pub temporary: Option<Temporary<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Temporary<'a> {
    pub token: &'a Secret,
    pub expires_ms: u64,
}

/// In whose name a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal<'a> {
    /// The account itself.
    Root,
    /// The user that a named key stands for; `key` is the lasting key, also for temporary credentials.
    User { name: &'a str, key: &'a str },
    /// `role` is the role's path and name.
    AssumedRole { role: &'a str, role_id: &'a str, session: &'a str },
}

impl Accounts {
    /// Reads every account there is.
    pub fn open(reader: &dyn Reader) -> Result<Self, OpenError> {
        let mut accounts = Self::default();
        let mut after: Option<Vec<u8>> = None;
        while let Some((key, _)) = reader.scan(b"", after.as_deref(), 1)?.pop() {
            let scope = Scope::of_key(&key);
            if let Some(scope) = scope.as_ref().filter(|scope| scope.region() == REGION) {
                accounts.read_scope(reader, scope)?;
            }
            after = Some(scope.map_or(key, |scope| keys::after(&scope)));
        }
        Ok(accounts)
    }

    /// What the access key id means. Whether `test` and accounts may go without a secret is the caller's to decide.
    #[must_use]
    pub fn holder_of<'a>(&'a self, access_key: &'a str) -> Holder<'a> {
        match self.secret_of(access_key) {
            Some(identity) => Holder::Known(identity),
            None if access_key == "test" => Holder::Test,
            None if check_account(access_key).is_ok() => Holder::Account(access_key),
            None if access_key::is_made_here(access_key) => Holder::Gone,
            None => Holder::Unknown,
        }
    }

    /// The identity of a stored key. Expired ones are found until they are swept: look at `expires_ms`.
    #[must_use]
    pub fn secret_of(&self, access_key: &str) -> Option<Identity<'_>> {
        let account = self.holders.get(access_key)?;
        if let Some(key) = self.keys.find(account, access_key) {
            let principal = match &key.name {
                Some(name) => Principal::User { name, key: &key.id },
                None => Principal::Root,
            };
            let (access_key, secret) = (key.id.as_str(), &key.secret);
            return Some(Identity { account, access_key, secret, principal, temporary: None });
        }
        let session = self.sessions.find(account, access_key)?;
        let principal = session.holder.as_principal();
        Some(Identity {
            account,
            access_key: &session.id,
            secret: &session.secret,
            principal,
            temporary: Some(Temporary { token: &session.token, expires_ms: session.expires_ms }),
        })
    }

    /// The access keys of an account, in the order of their ids.
    pub fn keys<'a>(&'a self, account: &str) -> impl Iterator<Item = &'a AccessKey> + use<'a> {
        self.keys.all(account)
    }

    /// The temporary credentials of an account, in the order of their ids, expired ones among them.
    pub fn sessions<'a>(&'a self, account: &str) -> impl Iterator<Item = &'a Session> + use<'a> {
        self.sessions.all(account)
    }

    /// The roles of an account, in the order of their names.
    pub fn roles<'a>(&'a self, account: &str) -> impl Iterator<Item = &'a Role> + use<'a> {
        self.roles.all(account)
    }

    pub fn role(&self, account: &str, name: &str) -> Result<&Role, AccountsError> {
        self.roles.find(account, name).ok_or_else(|| AccountsError::UnknownRole(name.to_owned()))
    }

    /// The managed policies of an account, in the order of their names.
    pub fn policies<'a>(&'a self, account: &str) -> impl Iterator<Item = &'a ManagedPolicy> + use<'a> {
        self.policies.all(account)
    }

    pub fn policy(&self, account: &str, arn: &str) -> Result<&ManagedPolicy, AccountsError> {
        let parsed = PolicyArn::parse(arn)?;
        let found = self.policies.find(account, parsed.name).filter(|policy| policy.arn() == arn);
        found.ok_or_else(|| AccountsError::UnknownPolicy(arn.to_owned()))
    }

    /// How many roles of the account have the managed policy attached.
    #[must_use]
    pub fn attachments_of(&self, account: &str, arn: &str) -> usize {
        self.roles(account).filter(|role| role.attached.contains(arn)).count()
    }

    /// Starts a change. Nothing happens before [`Accounts::apply`].
    #[must_use]
    pub fn draft(&self) -> Draft<'_> {
        Draft::new(self)
    }

    /// Takes over a change whose writes are committed.
    pub fn apply(&mut self, change: Change) {
        for (account, id, is_there) in change.keys.rows().chain(change.sessions.rows()) {
            if is_there {
                self.holders.insert(id.to_owned(), account.to_owned());
            } else {
                self.holders.remove(id);
            }
        }
        self.keys.apply(change.keys);
        self.sessions.apply(change.sessions);
        self.roles.apply(change.roles);
        self.policies.apply(change.policies);
    }

    fn read_scope(&mut self, reader: &dyn Reader, scope: &Scope) -> Result<(), OpenError> {
        self.keys.read(reader, scope)?;
        self.sessions.read(reader, scope)?;
        self.roles.read(reader, scope)?;
        self.policies.read(reader, scope)?;
        let account = scope.account();
        let keys = self.keys.all(account).map(|key| key.id.clone());
        let ids: Vec<String> =
            keys.chain(self.sessions.all(account).map(|session| session.id.clone())).collect();
        self.holders.extend(ids.into_iter().map(|id| (id, account.to_owned())));
        Ok(())
    }
}

impl Principal<'_> {
    /// The ARN that GetCallerIdentity answers.
    #[must_use]
    pub fn arn(&self, account: &str) -> String {
        match self {
            Self::Root => format!("arn:aws:iam::{account}:root"),
            Self::User { name, .. } => format!("arn:aws:iam::{account}:user/{name}"),
            Self::AssumedRole { role, session, .. } => {
                // Without the role's path, as AWS has it.
                let name = role.rsplit('/').next().unwrap_or_default();
                format!("arn:aws:sts::{account}:assumed-role/{name}/{session}")
            }
        }
    }

    /// The same, to be kept.
    #[must_use]
    pub fn to_holder(self) -> SessionHolder {
        match self {
            Self::Root => SessionHolder::Root,
            Self::User { name, key } => SessionHolder::User { name: name.to_owned(), key: key.to_owned() },
            Self::AssumedRole { role, role_id, session } => SessionHolder::Role {
                role: role.to_owned(),
                role_id: role_id.to_owned(),
                session: session.to_owned(),
            },
        }
    }

    /// The UserId that GetCallerIdentity answers.
    #[must_use]
    pub fn user_id(&self, account: &str) -> String {
        match self {
            Self::Root => account.to_owned(),
            // A user has no record of its own; its key gives it a lasting id.
            Self::User { key, .. } => format!("AIDA{}", key.get(4..).unwrap_or_default()),
            Self::AssumedRole { role_id, session, .. } => format!("{role_id}:{session}"),
        }
    }

    /// Every ARN under which a trust policy may name it.
    fn arns(&self, account: &str, accounts: &Accounts) -> Vec<String> {
        let mut arns = vec![self.arn(account)];
        if let Self::AssumedRole { role, role_id, .. } = self {
            let name = role.rsplit('/').next().unwrap_or_default();
            let found = accounts.roles.find(account, name).filter(|found| found.id == *role_id);
            arns.extend(found.map(Role::arn));
        }
        arns
    }
}

pub(crate) fn check_account(account: &str) -> Result<(), AccountsError> {
    if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(AccountsError::Account(account.chars().take(64).collect()))
}
