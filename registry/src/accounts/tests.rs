//! Wishes about accounts in, what is then there or the refusal out; everything is read back from a store.

use std::collections::BTreeMap;

use proptest::prelude::*;
use store::{Durability, Memory, Store};

use super::*;

const ACCOUNT: &str = "111122223333";
const RIGHTS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}"#;
const AWS_POLICY: &str = "arn:aws:iam::aws:policy/AWSIoTFullAccess";

/// Accounts beside the store they are kept in.
struct Kept {
    accounts: Accounts,
    store: Memory,
}

impl Kept {
    fn new() -> Self {
        Self { accounts: Accounts::default(), store: Memory::new() }
    }

    /// One wish, committed, applied and compared with what a restart reads; a refused one must leave nothing.
    fn wish<T>(
        &mut self,
        wish: impl FnOnce(&mut Draft<'_>) -> Result<T, AccountsError>,
    ) -> Result<T, AccountsError> {
        let mut draft = self.accounts.draft();
        let result = wish(&mut draft);
        let change = draft.finish();
        assert!(result.is_ok() || change.writes.is_empty(), "a refused wish writes nothing");
        self.store.commit(&change.writes, Durability::Synced).unwrap();
        self.accounts.apply(change);
        assert_eq!(Accounts::open(&*self.store.reader()).unwrap(), self.accounts);
        result
    }

    fn key(&mut self, name: Option<&str>, random: u8) -> Result<String, AccountsError> {
        self.wish(|draft| draft.create_key(ACCOUNT, name, &[random; KEY_RANDOM], 5).map(|key| key.id.clone()))
    }

    fn role(&mut self, name: &str, principal: &str) -> Result<String, AccountsError> {
        self.wish(|draft| draft.create_role(ACCOUNT, new_role(name, principal), 5).map(Role::arn))
    }

    fn policy(&mut self, name: &str) -> Result<String, AccountsError> {
        self.wish(|draft| draft.create_policy(ACCOUNT, new_policy(name), 5).map(ManagedPolicy::arn))
    }

    fn assume(&mut self, role: &str, duration_s: Option<u32>, random: u8) -> Result<String, AccountsError> {
        self.assume_as(Principal::Root, role, duration_s, random, 1_000)
    }

    fn assume_as(
        &mut self,
        principal: Principal<'_>,
        role: &str,
        duration_s: Option<u32>,
        random: u8,
        now_ms: u64,
    ) -> Result<String, AccountsError> {
        let asker = Asker { account: ACCOUNT, principal, is_temporary: false };
        let wanted = Assumption { account: ACCOUNT, role, session: "s1", duration_s, external_id: None };
        self.wish(|draft| {
            let session = draft.assume_role(&asker, &wanted, &[random; SESSION_RANDOM], now_ms)?;
            Ok(session.id.clone())
        })
    }
}

fn new_role(name: &str, principal: &str) -> NewRole {
    NewRole {
        name: name.to_owned(),
        path: "/".to_owned(),
        trust: format!(
            r#"{{"Statement":{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{principal}}}}}"#
        ),
        description: None,
        max_session_s: None,
        boundary: None,
        tags: BTreeMap::new(),
        random: [9; 10],
    }
}

fn new_policy(name: &str) -> NewPolicy {
    NewPolicy {
        name: name.to_owned(),
        path: "/".to_owned(),
        document: RIGHTS.to_owned(),
        description: None,
        tags: BTreeMap::new(),
        random: [8; 10],
    }
}

fn is<T: std::fmt::Debug>(result: Result<T, AccountsError>, kind: Kind, words: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(words), "{error} should say {words:?}");
}

#[test]
fn a_key_names_its_account_and_user() {
    let mut kept = Kept::new();
    let (root, user) = (kept.key(None, 1).unwrap(), kept.key(Some("ann"), 2).unwrap());
    let found = kept.accounts.secret_of(&root).unwrap();
    assert_eq!((found.account, found.principal), (ACCOUNT, Principal::Root));
    assert_eq!(found.principal.arn(ACCOUNT), "arn:aws:iam::111122223333:root");
    assert_eq!(found.principal.user_id(ACCOUNT), ACCOUNT);
    let found = kept.accounts.secret_of(&user).unwrap();
    assert_eq!(found.principal.arn(ACCOUNT), "arn:aws:iam::111122223333:user/ann");
    assert_eq!(found.principal.user_id(ACCOUNT), format!("AIDA{}", &user[4..]));
    assert_eq!(found.secret.expose().len(), 40);
    assert_eq!(kept.accounts.keys(ACCOUNT).count(), 2);
    assert_eq!(kept.accounts.keys("999999999999").count(), 0);
}

#[test]
fn an_access_key_id_says_what_it_is() {
    let mut kept = Kept::new();
    let id = kept.key(None, 1).unwrap();
    assert!(matches!(kept.accounts.holder_of(&id), Holder::Known(_)));
    assert_eq!(kept.accounts.holder_of("test"), Holder::Test);
    assert_eq!(kept.accounts.holder_of("123456789012"), Holder::Account("123456789012"));
    for unknown in ["", "Test", "12345678901", "１２３４５６789012", "AKIAUNKNOWN000000000"] {
        assert_eq!(kept.accounts.holder_of(unknown), Holder::Unknown, "{unknown}");
    }
}

#[test]
fn a_removed_key_is_unknown_and_so_are_its_sessions() {
    let mut kept = Kept::new();
    let id = kept.key(Some("ann"), 1).unwrap();
    let principal = Principal::User { name: "ann", key: &id };
    let asker = Asker { account: ACCOUNT, principal, is_temporary: false };
    let session = kept
        .wish(|draft| {
            let session = draft.session_token(&asker, None, &[3; SESSION_RANDOM], 1_000)?;
            Ok(session.id.clone())
        })
        .unwrap();
    let found = kept.accounts.secret_of(&session).unwrap();
    assert_eq!(found.principal, principal);
    assert_eq!(found.temporary.unwrap().expires_ms, 1_000 + 43_200_000);
    is(kept.wish(|draft| draft.remove_key("999999999999", &id)), Kind::NotFound, "no access key");
    kept.wish(|draft| draft.remove_key(ACCOUNT, &id)).unwrap();
    assert_eq!(kept.accounts.secret_of(&id), None);
    assert_eq!(kept.accounts.secret_of(&session), None);
    is(kept.wish(|draft| draft.remove_key(ACCOUNT, &id)), Kind::NotFound, "thingstead keys ls");
}

#[test]
fn keys_are_checked_and_counted() {
    let mut kept = Kept::new();
    kept.key(None, 1).unwrap();
    is(kept.key(None, 1), Kind::Exists, "try again");
    is(kept.key(Some("a b"), 2), Kind::Invalid, "the name of a key");
    is(kept.key(Some(""), 2), Kind::Invalid, "the name of a key");
    let elsewhere = kept
        .wish(|draft| draft.create_key("999999999999", None, &[1; KEY_RANDOM], 5).map(|key| key.id.clone()));
    is(elsewhere, Kind::Exists, "try again");
    let nowhere = kept.wish(|draft| draft.create_key("1", None, &[7; KEY_RANDOM], 5).map(|_| ()));
    is(nowhere, Kind::Invalid, "12 digits");
    for random in 2..=100 {
        kept.key(None, random).unwrap();
    }
    is(kept.key(None, 101), Kind::Limit, "100 access keys");
}

#[test]
fn a_role_is_assumed_by_whom_it_trusts() {
    let mut kept = Kept::new();
    kept.role("open", r#"{"AWS":"111122223333"}"#).unwrap();
    kept.role("service", r#"{"Service":"lambda.amazonaws.com"}"#).unwrap();
    let id = kept.assume("/open", None, 1).unwrap();
    let found = kept.accounts.secret_of(&id).unwrap();
    assert_eq!(found.principal.arn(ACCOUNT), "arn:aws:sts::111122223333:assumed-role/open/s1");
    let role_id = &kept.accounts.role(ACCOUNT, "open").unwrap().id;
    assert_eq!(found.principal.user_id(ACCOUNT), format!("{role_id}:s1"));
    assert_eq!(found.temporary.unwrap().expires_ms, 1_000 + 3_600_000);
    is(kept.assume("/service", None, 2), Kind::Denied, "names the caller");
    is(kept.assume("/missing", None, 2), Kind::Denied, "no such role");
    is(kept.assume("/other/open", None, 2), Kind::Denied, "no such role");
    is(kept.assume("/open", Some(899), 2), Kind::Invalid, "900 to 3600");
    is(kept.assume("/open", Some(3_601), 2), Kind::Invalid, "900 to 3600");
    is(kept.assume("/open", None, 1), Kind::Exists, "try again");
}

#[test]
fn a_role_may_be_assumed_by_another_role_for_an_hour() {
    let mut kept = Kept::new();
    kept.role("first", r#"{"AWS":"111122223333"}"#).unwrap();
    let mut second = new_role("second", r#"{"AWS":"arn:aws:iam::111122223333:role/first"}"#);
    second.max_session_s = Some(43_200);
    kept.wish(|draft| draft.create_role(ACCOUNT, second, 5).map(|_| ())).unwrap();
    is(kept.assume("/second", None, 1), Kind::Denied, "names the caller");
    let role_id = kept.accounts.role(ACCOUNT, "first").unwrap().id.clone();
    let first = Principal::AssumedRole { role: "/first", role_id: &role_id, session: "s" };
    kept.assume_as(first, "/second", Some(3_600), 1, 5).unwrap();
    is(kept.assume_as(first, "/second", Some(3_601), 2, 5), Kind::Invalid, "900 to 3600");
}

#[test]
fn temporary_credentials_ask_for_no_others() {
    let mut kept = Kept::new();
    let check = |kept: &mut Kept, principal: Principal<'_>, is_temporary: bool, fits: bool| {
        let asker = Asker { account: ACCOUNT, principal, is_temporary };
        let result = kept.wish(|draft| {
            draft.session_token(&asker, Some(900), &[4; SESSION_RANDOM], 1).map(|session| session.id.clone())
        });
        match fits {
            true => assert!(result.is_ok()),
            false => is(result, Kind::Denied, "session credentials"),
        }
    };
    check(&mut kept, Principal::AssumedRole { role: "/r", role_id: "AROA", session: "s" }, true, false);
    check(&mut kept, Principal::Root, true, false);
    check(&mut kept, Principal::Root, false, true);
}

#[test]
fn expired_credentials_are_swept() {
    let mut kept = Kept::new();
    kept.role("r", "\"*\"").unwrap();
    let old = kept.assume_as(Principal::Root, "/r", Some(900), 1, 1_000).unwrap();
    let new = kept.assume_as(Principal::Root, "/r", Some(900), 2, 900_000).unwrap();
    assert!(kept.accounts.secret_of(&old).is_some());
    assert_eq!(kept.wish(|draft| Ok(draft.sweep(ACCOUNT, 901_000))), Ok(1));
    assert_eq!(kept.accounts.secret_of(&old), None);
    let newest = kept.assume_as(Principal::Root, "/r", Some(900), 3, 1_800_000).unwrap();
    assert_eq!(kept.accounts.secret_of(&new), None, "a new session sweeps, too");
    assert!(kept.accounts.secret_of(&newest).is_some());
}

#[test]
fn live_sessions_are_bounded() {
    let mut accounts = Accounts::default();
    let mut draft = accounts.draft();
    draft.create_role(ACCOUNT, new_role("r", "\"*\""), 5).unwrap();
    let asker = Asker { account: ACCOUNT, principal: Principal::Root, is_temporary: false };
    let wanted =
        Assumption { account: ACCOUNT, role: "/r", session: "s1", duration_s: None, external_id: None };
    let random = |number: usize| {
        let mut random = [0; SESSION_RANDOM];
        random[..8].copy_from_slice(&number.to_be_bytes());
        random
    };
    let full = Session::new(SessionHolder::Root, &random(0), 0, 3_600);
    for number in 0..limits::SESSIONS {
        let id = format!("ASIA{number:016}");
        draft.sessions.put(ACCOUNT, &id, Session { id: id.clone(), ..full.clone() });
    }
    let change = draft.finish();
    accounts.apply(change);
    let mut draft = accounts.draft();
    is(draft.assume_role(&asker, &wanted, &random(1), 3_599_999), Kind::Limit, "10000 temporary");
    draft.assume_role(&asker, &wanted, &random(1), 3_600_000).unwrap();
    accounts.apply(draft.finish());
    assert_eq!(accounts.sessions(ACCOUNT).count(), 1);
}

#[test]
fn roles_are_checked() {
    let mut kept = Kept::new();
    let arn = kept.role("Reader", "\"*\"").unwrap();
    assert_eq!(arn, "arn:aws:iam::111122223333:role/Reader");
    is(kept.role("reader", "\"*\""), Kind::Exists, "already exists");
    is(kept.role("a/b", "\"*\""), Kind::Invalid, "the name of a role");
    is(kept.role("r2", "1"), Kind::MalformedPolicy, "malformed Principal");
    let check = |kept: &mut Kept, change: &dyn Fn(&mut NewRole), kind: Kind, words: &str| {
        let mut new = new_role("r3", "\"*\"");
        change(&mut new);
        is(kept.wish(|draft| draft.create_role(ACCOUNT, new, 5).map(|_| ())), kind, words);
    };
    check(&mut kept, &|new| new.path = "x".to_owned(), Kind::Invalid, "no path");
    check(&mut kept, &|new| new.max_session_s = Some(3_599), Kind::Invalid, "3600 to 43200");
    check(&mut kept, &|new| new.description = Some("x".repeat(1_001)), Kind::Invalid, "1001");
    check(&mut kept, &|new| new.boundary = Some("x".to_owned()), Kind::Invalid, "no ARN");
    check(
        &mut kept,
        &|new| drop(new.tags.insert("AWS:x".to_owned(), String::new())),
        Kind::Invalid,
        "the tag",
    );
    for (key, value) in [("NOWAY!", ""), ("a", "b!"), ("a\n", "")] {
        let add = |new: &mut NewRole| drop(new.tags.insert(key.to_owned(), value.to_owned()));
        check(&mut kept, &add, Kind::Invalid, "the tag");
    }
    let long = |new: &mut NewRole| {
        new.trust = new.trust.replace("\"*\"", &format!("{{\"AWS\":\"{}\"}}", "x".repeat(4_096)))
    };
    check(&mut kept, &long, Kind::Limit, "4096 characters");
    is(kept.wish(|draft| draft.delete_role(ACCOUNT, "r3")), Kind::NotFound, "cannot be found");
}

#[test]
fn a_role_keeps_what_it_is_given() {
    let mut kept = Kept::new();
    kept.role("r", "\"*\"").unwrap();
    kept.wish(|draft| draft.update_role(ACCOUNT, "r", Some("text".to_owned()), None)).unwrap();
    kept.wish(|draft| draft.update_role(ACCOUNT, "r", None, Some(7_200))).unwrap();
    kept.wish(|draft| draft.put_inline(ACCOUNT, "r", "p", RIGHTS.to_owned())).unwrap();
    kept.wish(|draft| draft.attach(ACCOUNT, "r", AWS_POLICY)).unwrap();
    kept.wish(|draft| draft.attach(ACCOUNT, "r", AWS_POLICY)).unwrap();
    let tags = |value: &str| BTreeMap::from([("a".to_owned(), value.to_owned())]);
    kept.wish(|draft| draft.tag_role(ACCOUNT, "r", tags("1"))).unwrap();
    kept.wish(|draft| draft.tag_role(ACCOUNT, "r", tags("2"))).unwrap();
    let trust = new_role("r", r#"{"AWS":"1"}"#).trust;
    kept.wish(|draft| draft.update_trust(ACCOUNT, "r", trust.clone())).unwrap();
    let role = kept.accounts.role(ACCOUNT, "r").unwrap();
    assert_eq!((role.description.as_deref(), role.max_session_s), (Some("text"), 7_200));
    assert_eq!((role.inline["p"].as_str(), &role.trust), (RIGHTS, &trust));
    assert_eq!((role.attached.len(), role.tags["a"].as_str()), (1, "2"));
    let keys = ["a".to_owned(), "b".to_owned()];
    kept.wish(|draft| draft.untag_role(ACCOUNT, "r", &keys)).unwrap();
    assert!(kept.accounts.role(ACCOUNT, "r").unwrap().tags.is_empty());
}

#[test]
fn a_role_in_use_is_not_deleted() {
    let mut kept = Kept::new();
    kept.role("r", "\"*\"").unwrap();
    let session = kept.assume("/r", None, 1).unwrap();
    kept.wish(|draft| draft.put_inline(ACCOUNT, "r", "p", RIGHTS.to_owned())).unwrap();
    kept.wish(|draft| draft.attach(ACCOUNT, "r", AWS_POLICY)).unwrap();
    is(kept.wish(|draft| draft.delete_role(ACCOUNT, "r")), Kind::InUse, "detach all policies");
    kept.wish(|draft| draft.detach(ACCOUNT, "r", AWS_POLICY)).unwrap();
    is(kept.wish(|draft| draft.detach(ACCOUNT, "r", AWS_POLICY)), Kind::NotFound, "not attached");
    is(kept.wish(|draft| draft.delete_role(ACCOUNT, "r")), Kind::InUse, "delete policies");
    kept.wish(|draft| draft.delete_inline(ACCOUNT, "r", "p")).unwrap();
    is(kept.wish(|draft| draft.delete_inline(ACCOUNT, "r", "p")), Kind::NotFound, "no inline policy");
    kept.wish(|draft| draft.delete_role(ACCOUNT, "r")).unwrap();
    assert_eq!(kept.accounts.secret_of(&session), None, "its sessions end with it");
    assert_eq!(kept.accounts, Accounts::default());
}

#[test]
fn rights_of_a_role_are_bounded() {
    let mut kept = Kept::new();
    kept.role("r", "\"*\"").unwrap();
    let put = |kept: &mut Kept, name: &str, letters: usize| {
        let text = RIGHTS.replace("iot:*", &format!("iot:{}", "x".repeat(letters)));
        kept.wish(|draft| draft.put_inline(ACCOUNT, "r", name, text))
    };
    put(&mut kept, "a", 10_000).unwrap();
    is(put(&mut kept, "b", 300), Kind::Limit, "10240 characters");
    put(&mut kept, "a", 300).unwrap();
    put(&mut kept, "b", 300).unwrap();
    let attach = |kept: &mut Kept, number: usize| {
        let arn = format!("{AWS_POLICY}{number}");
        kept.wish(|draft| draft.attach(ACCOUNT, "r", &arn))
    };
    for number in 0..20 {
        attach(&mut kept, number).unwrap();
    }
    attach(&mut kept, 0).unwrap();
    is(attach(&mut kept, 20), Kind::Limit, "20 managed policies");
}

#[test]
fn managed_policies_have_five_versions_and_one_default() {
    let mut kept = Kept::new();
    let arn = kept.policy("p").unwrap();
    let create = |kept: &mut Kept, set_default| {
        kept.wish(|draft| draft.create_version(ACCOUNT, &arn, RIGHTS.to_owned(), set_default, 6))
    };
    let delete =
        |kept: &mut Kept, version: &str| kept.wish(|draft| draft.delete_version(ACCOUNT, &arn, version, 7));
    assert_eq!(create(&mut kept, true), Ok(2));
    assert_eq!(kept.accounts.policy(ACCOUNT, &arn).unwrap().default, 2);
    for number in 3..=5 {
        assert_eq!(create(&mut kept, false), Ok(number));
    }
    is(create(&mut kept, false), Kind::Limit, "5 versions");
    is(delete(&mut kept, "v2"), Kind::InUse, "default version");
    is(delete(&mut kept, "v6"), Kind::NotFound, "version v6");
    is(delete(&mut kept, "5"), Kind::NotFound, "version 5");
    delete(&mut kept, "v5").unwrap();
    assert_eq!(create(&mut kept, false), Ok(6), "no number is used twice");
    kept.wish(|draft| draft.set_default_version(ACCOUNT, &arn, "v1", 9)).unwrap();
    let policy = kept.accounts.policy(ACCOUNT, &arn).unwrap();
    assert_eq!((policy.default, policy.updated_ms, policy.versions.len()), (1, 9, 5));
    let refused = kept.wish(|draft| draft.set_default_version(ACCOUNT, &arn, "v9", 9));
    is(refused, Kind::NotFound, "version v9");
}

#[test]
fn a_managed_policy_in_use_is_not_deleted() {
    let mut kept = Kept::new();
    kept.role("r", "\"*\"").unwrap();
    is(
        kept.wish(|draft| draft.attach(ACCOUNT, "r", "arn:aws:iam::111122223333:policy/p")),
        Kind::NotFound,
        "does not exist",
    );
    let arn = kept.policy("p").unwrap();
    is(kept.policy("P"), Kind::Exists, "already exists");
    kept.wish(|draft| draft.attach(ACCOUNT, "r", &arn)).unwrap();
    assert_eq!(kept.accounts.attachments_of(ACCOUNT, &arn), 1);
    is(kept.wish(|draft| draft.delete_policy(ACCOUNT, &arn)), Kind::InUse, "detach it");
    kept.wish(|draft| draft.detach(ACCOUNT, "r", &arn)).unwrap();
    kept.wish(|draft| draft.create_version(ACCOUNT, &arn, RIGHTS.to_owned(), false, 6)).unwrap();
    is(kept.wish(|draft| draft.delete_policy(ACCOUNT, &arn)), Kind::InUse, "delete all versions");
    kept.wish(|draft| draft.delete_version(ACCOUNT, &arn, "v2", 6)).unwrap();
    kept.wish(|draft| draft.delete_policy(ACCOUNT, &arn)).unwrap();
    is(kept.wish(|draft| draft.delete_policy(ACCOUNT, &arn)), Kind::NotFound, "does not exist");
}

#[test]
fn a_newer_format_and_damage_are_refused() {
    let open = |kind: &str, value: &str| {
        let mut store = Memory::new();
        let mut batch = store::Batch::new();
        let key = format!("{ACCOUNT}/aws-global\0{kind}\0x");
        batch.put(key.into_bytes(), value.as_bytes(), store::Expect::Absent);
        store.commit(&batch, Durability::Synced).unwrap();
        Accounts::open(&*store.reader())
    };
    assert!(matches!(open("role", r#"{"format":2,"value":null}"#), Err(OpenError::Newer { format: 2, .. })));
    assert!(matches!(open("role", r#"{"format":1,"value":null}"#), Err(OpenError::Damaged { .. })));
    assert!(matches!(open("access-key", "{"), Err(OpenError::Damaged { .. })));
    assert_eq!(open("of another kind", "{").unwrap(), Accounts::default());
}

#[test]
fn documents_of_the_first_format_stay_readable() {
    let mut store = Memory::new();
    let mut batch = store::Batch::new();
    let mut put = |kind: &str, name: &str, value: &str| {
        let key = format!("{ACCOUNT}/aws-global\0{kind}\0{name}");
        batch.put(key.into_bytes(), value.as_bytes(), store::Expect::Absent);
    };
    put(
        "access-key",
        "AKIA1",
        r#"{"format":1,"value":{"id":"AKIA1","secret":"abcdef","name":"ci","created_ms":5}}"#,
    );
    put(
        "temporary-credentials",
        "ASIA1",
        r#"{"format":1,"value":{"id":"ASIA1","secret":"s","token":"t","holder":{"role":{"role":"/r","role_id":"AROA1","session":"x"}},"created_ms":1,"expires_ms":2}}"#,
    );
    put(
        "role",
        "r",
        r#"{"format":1,"value":{"name":"r","path":"/","id":"AROA1","account":"111122223333","trust":"{}","description":null,"max_session_s":3600,"boundary":null,"inline":{"p":"{}"},"attached":["arn:aws:iam::aws:policy/X"],"tags":{"a":"b"},"created_ms":7}}"#,
    );
    put(
        "managed-policy",
        "p",
        r#"{"format":1,"value":{"name":"p","path":"/","id":"ANPA1","account":"111122223333","description":null,"versions":{"1":{"document":"{}","created_ms":3}},"default":1,"next":2,"tags":{},"created_ms":3,"updated_ms":3}}"#,
    );
    store.commit(&batch, Durability::Synced).unwrap();
    let accounts = Accounts::open(&*store.reader()).unwrap();
    assert_eq!(accounts.secret_of("AKIA1").unwrap().secret.ending(), "cdef");
    let session = accounts.secret_of("ASIA1").unwrap();
    assert_eq!(session.principal, Principal::AssumedRole { role: "/r", role_id: "AROA1", session: "x" });
    assert_eq!(accounts.role(ACCOUNT, "r").unwrap().tags["a"], "b");
    assert!(accounts.policy(ACCOUNT, "arn:aws:iam::111122223333:policy/p").unwrap().version("v1").is_some());
}

/// One wish out of few names, so that they meet.
fn step(kept: &mut Kept, what: u8, name: u8, random: u8, now_ms: u64) {
    let role = format!("r{}", name % 3);
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/p{}", name % 2);
    let account = if name.is_multiple_of(5) { "999999999999" } else { ACCOUNT };
    let id = kept.accounts.keys(account).next().map_or_else(String::new, |key| key.id.clone());
    let asker = Asker { account: ACCOUNT, principal: Principal::Root, is_temporary: false };
    let path = format!("/{role}");
    let wanted =
        Assumption { account: ACCOUNT, role: &path, session: "s1", duration_s: Some(900), external_id: None };
    let _ = kept.wish(|draft| match what {
        0 => draft.create_key(account, None, &[random; KEY_RANDOM], now_ms).map(drop),
        1 => draft.remove_key(account, &id),
        2 => draft.create_role(ACCOUNT, new_role(&role, "\"*\""), now_ms).map(drop),
        3 => draft.delete_role(ACCOUNT, &role),
        4 => draft.assume_role(&asker, &wanted, &[random; SESSION_RANDOM], now_ms).map(drop),
        5 => draft.create_policy(ACCOUNT, new_policy(&format!("p{}", name % 2)), now_ms).map(drop),
        6 => draft.attach(ACCOUNT, &role, &arn),
        7 => draft.detach(ACCOUNT, &role, &arn),
        8 => draft.delete_policy(ACCOUNT, &arn),
        9 => {
            draft.create_version(ACCOUNT, &arn, RIGHTS.to_owned(), random.is_multiple_of(2), now_ms).map(drop)
        }
        10 => draft.delete_version(ACCOUNT, &arn, &format!("v{}", random % 4), now_ms),
        11 => draft.put_inline(ACCOUNT, &role, "p", RIGHTS.to_owned()),
        12 => draft.delete_inline(ACCOUNT, &role, "p"),
        _ => {
            draft.sweep(ACCOUNT, now_ms);
            Ok(())
        }
    });
}

proptest! {
    /// `wish` compares with a reopened store after every step.
    #[test]
    fn any_wishes_are_read_back_as_they_were_applied(
        steps in proptest::collection::vec((0_u8..14, 0_u8..6, 0_u8..20, 0_u64..3_000_000), 1..40),
    ) {
        let mut kept = Kept::new();
        for (what, name, random, now_ms) in steps {
            step(&mut kept, what, name, random, now_ms);
        }
    }

    #[test]
    fn no_text_panics(text in ".*", other in "[a-z:/*{}\"\\[\\],0-9]{0,60}") {
        for text in [&text, &other] {
            let accounts = Accounts::default();
            let mut draft = accounts.draft();
            let mut role = new_role(text, "\"*\"");
            prop_assert!(draft.create_role(text, role.clone(), 1).is_err() || text == ACCOUNT);
            role.trust.clone_from(text);
            let _ = draft.create_role(ACCOUNT, role, 1);
            let _ = (PolicyArn::parse(text), accounts.role(text, text), accounts.holder_of(text));
            let _ = check_trust(text, Trustee::Service(text), &[(text, text)]);
            let _ = draft.policy(ACCOUNT, text).map(drop);
        }
    }
}
