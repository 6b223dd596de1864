//! Policies: listed, shown, asked for one action of a device, and widened by the smallest statement.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use policy::{Verdict, Why};
use registry::{Order, Policy, Registry, Tags, Target};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::control::parse;
use super::devices::{Wrong, change};
use super::refusal::Refused;
use super::starter::own_name;
use super::subject::{Subject, ask};
use super::why::fix;
use crate::activity::Told;

/// What a device wants to do.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    action: String,
    resource: String,
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
}

pub(super) async fn list(State(api): State<Arc<Api>>) -> Json<Value> {
    let registry = api.shared.registry();
    let policies = registry.policies(&api.scope, None, Order::OldestFirst);
    let policies: Vec<Value> = policies.map(|policy| described(&api, &registry, policy)).collect();
    Json(json!({ "policies": policies }))
}

pub(super) async fn show(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refused> {
    let registry = api.shared.registry();
    let policy = registry.find_policy(&api.scope, &name).ok_or_else(|| {
        Refused::not_found(format!("there is no policy {name}: `thingstead policy show` lists them"))
    })?;
    let mut shown = described(&api, &registry, policy);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("document".into(), json_of(policy.document()));
    }
    Ok(Json(shown))
}

/// The policies that count for a device.
pub(super) async fn of_device(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refused> {
    let subject = Subject::find(&api, &name).await?;
    let policies: Vec<Value> = effective(&api, &subject)
        .into_iter()
        .map(|policy| json!({ "name": policy.name, "version": policy.version, "document": json_of(&policy.document) }))
        .collect();
    Ok(Json(json!({
        "device": name, "certificate": subject.certificate.map(|id| id.to_string()), "policies": policies,
    })))
}

pub(super) fn effective(api: &Api, subject: &Subject) -> Vec<registry::EffectivePolicy> {
    let target = subject.certificate.map(Target::Certificate);
    let thing = subject.is_thing.then_some(subject.device.as_str());
    api.shared.registry().effective_policies(&api.scope, target.as_ref(), thing)
}

pub(super) async fn check(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refused> {
    let wish: Wish = parse(&body)?;
    let subject = Subject::find(&api, &name).await?;
    let verdict = judge(&api, &subject, &wish)?;
    let told = Told::of(&verdict);
    let fixes: Vec<String> = told.fix.as_ref().map(|_| fix(&name, &told)).into_iter().collect();
    Ok(Json(json!({
        "device": name,
        "client": subject.client,
        "certificate": subject.certificate.map(|id| id.to_string()),
        "allowed": verdict.allowed,
        "verdict": told,
        "fixes": fixes,
    })))
}

fn judge(api: &Api, subject: &Subject, wish: &Wish) -> Result<Verdict, Refused> {
    let ask = ask(&wish.action, &wish.resource, api.shared.clock.wall_ms())?;
    // A CONNECT is judged under the client id that it would have.
    let access = match ask.resource {
        policy::Resource::Client(client) if ask.action == policy::Action::Connect => {
            subject.access_as(&api.shared, client)
        }
        _ => subject.access(&api.shared),
    };
    Ok(access.evaluate(&ask))
}

pub(super) async fn allow(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refused> {
    let wish: Wish = parse(&body)?;
    // A caller that hangs up must not leave a committed change that memory does not have.
    let done = tokio::spawn(async move { widen(&api, &name, &wish).await }).await;
    done.map_err(|error| Refused::unavailable(error.to_string()))?.map(Json)
}

async fn widen(api: &Arc<Api>, device: &str, wish: &Wish) -> Result<Value, Refused> {
    let subject = Subject::find(api, device).await?;
    let verdict = judge(api, &subject, wish)?;
    if verdict.allowed {
        let text = format!("nothing to do: {verdict}");
        return Ok(json!({ "device": device, "changed": false, "text": text, "allowed": true }));
    }
    if let Why::ExplicitDeny(place) = &verdict.why {
        return Err(Refused::conflict(format!(
            "{verdict}; no statement that is added can change that: look at it with `thingstead policy show {}`",
            place.policy
        )));
    }
    let statement = json!({
        "Effect": "Allow", "Action": verdict.action.to_string(), "Resource": verdict.arn,
    });
    let plan = plan(api, &subject, &statement)?;
    if !wish.dry_run {
        plan.carry_out(api, &subject).await?;
        api.shared.explain(device, "policy", &plan.text(false));
    }
    let allowed = match wish.dry_run {
        true => false,
        false => judge(api, &subject, wish)?.allowed,
    };
    Ok(json!({
        "device": device,
        "changed": !wish.dry_run,
        "policy": plan.policy,
        "new_policy": plan.base.is_none(),
        "statement": statement,
        "document": json_of(&plan.document),
        "text": plan.text(wish.dry_run),
        "allowed": allowed,
    }))
}

fn plan(api: &Api, subject: &Subject, statement: &Value) -> Result<Widening, Refused> {
    let id = subject.certificate.ok_or_else(|| no_certificate(&subject.device))?;
    let registry = api.shared.registry();
    let target = Target::Certificate(id);
    for policy in own_policies(&registry, api, &target) {
        if let Some(document) = with_statement(policy.document(), statement) {
            let (name, base) = (policy.name.to_string(), Some(policy.document().to_owned()));
            return Ok(Widening { policy: name, base, document, instead: Vec::new(), target });
        }
    }
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let policy = free_name(&registry, api, &subject.device);
    Ok(Widening { policy, base: None, document, instead: Vec::new(), target })
}

pub(super) fn no_certificate(device: &str) -> Refused {
    Refused::not_found(format!(
        "no certificate of {device} is known, and policies hang on certificates: `thingstead device doctor {device}` says more"
    ))
}

/// Policies that are attached to this certificate and to nothing else.
pub(super) fn own_policies<'a>(registry: &'a Registry, api: &Api, target: &Target) -> Vec<&'a Policy> {
    let names = registry.attached_to(&api.scope, target, false);
    let sole = |name: &&Arc<str>| registry.targets_of(&api.scope, name, None).take(2).count() == 1;
    names.iter().filter(sole).filter_map(|name| registry.find_policy(&api.scope, name)).collect()
}

/// A name for a policy of the device's own.
pub(super) fn free_name(registry: &Registry, api: &Api, device: &str) -> String {
    const CHARS: usize = 120;
    let own: String = own_name(device).chars().take(CHARS).collect();
    let numbered = (2..).map(|number| format!("{own}-{number}"));
    let mut names = std::iter::once(own.clone()).chain(numbered);
    let free = names.find(|name| registry.find_policy(&api.scope, name).is_none());
    free.unwrap_or(own)
}

/// The document with one statement more, or one resource more in a statement that says the rest already. None: it
/// would not fit.
fn with_statement(document: &str, statement: &Value) -> Option<String> {
    let mut document: Value = serde_json::from_str(document).ok()?;
    let list = document.get_mut("Statement")?;
    if list.is_object() {
        *list = Value::Array(vec![list.take()]);
    }
    let list = list.as_array_mut()?;
    let alike = |known: &&mut Value| {
        known.as_object().is_some_and(|fields| fields.len() == 3)
            && known["Effect"] == "Allow"
            && known["Action"] == statement["Action"]
            && !known["Resource"].is_null()
    };
    match list.iter_mut().find(alike).map(|known| &mut known["Resource"]) {
        Some(Value::Array(resources)) => resources.push(statement["Resource"].clone()),
        Some(resource) => *resource = json!([resource.take(), statement["Resource"]]),
        None => list.push(statement.clone()),
    }
    let text = document.to_string();
    policy::Document::parse(&text).is_ok().then_some(text)
}

/// A change of what one certificate may do.
pub(super) struct Widening {
    pub(super) policy: String,
    /// The document that this one takes the place of; none: the policy is new.
    pub(super) base: Option<String>,
    pub(super) document: String,
    /// Policies to detach.
    pub(super) instead: Vec<Arc<str>>,
    pub(super) target: Target,
}

impl Widening {
    pub(super) fn text(&self, dry_run: bool) -> String {
        let done = if dry_run { "would be" } else { "was" };
        let (policy, target) = (&self.policy, shortened(&self.target));
        let mut text = match self.base.is_none() {
            true => format!("policy {policy:?} {done} made and attached to {target}"),
            false => {
                format!("policy {policy:?}, which only {target} uses, {done} given a new default version")
            }
        };
        for name in &self.instead {
            text.push_str(&format!("; policy {name:?} {done} detached from it"));
        }
        text
    }

    pub(super) async fn carry_out(&self, api: &Api, subject: &Subject) -> Result<(), Refused> {
        let (scope, name, document) = (api.scope.clone(), self.policy.clone(), self.document.clone());
        let (target, base, instead) = (self.target.clone(), self.base.clone(), self.instead.clone());
        let now_ms = api.shared.clock.wall_ms();
        let changed = change(api, move |draft| {
            if let Some(base) = base {
                // Others may have changed the policy since it was looked at, or share it now.
                let policy = draft.find_policy(&scope, &name).filter(|policy| policy.document() == base);
                let policy = policy.filter(|_| draft.targets_of(&scope, &name).eq([&target]));
                let policy = policy.ok_or_else(|| Wrong::PolicyChanged(name.clone()))?;
                let others = policy.versions.iter().map(|version| version.id);
                let surplus = others.clone().find(|id| *id != policy.default_version);
                if let Some(oldest) = surplus.filter(|_| others.count() >= VERSIONS) {
                    draft.delete_policy_version(&scope, &name, oldest, now_ms)?;
                }
                draft.create_policy_version(&scope, &name, &document, true, now_ms)?;
            } else {
                draft.create_policy(&scope, &name, &document, Tags::default(), now_ms)?;
                draft.attach_policy(&scope, &name, &target)?;
            }
            for name in &instead {
                draft.detach_policy(&scope, name, &target)?;
            }
            Ok::<_, Wrong>(())
        });
        changed.await.map_err(|wrong| wrong.refused(&subject.device))
    }
}

/// In words, with as much of a certificate's id as people compare.
fn shortened(target: &Target) -> String {
    match target {
        Target::Certificate(id) => format!("certificate {:.8}…", id.to_string()),
        target => target.to_string(),
    }
}

/// Beyond these the oldest one makes room.
const VERSIONS: usize = registry::limits::POLICY_VERSIONS;

fn described(api: &Api, registry: &Registry, policy: &Policy) -> Value {
    let targets: Vec<String> = registry
        .targets_of(&api.scope, &policy.name, None)
        .take(20)
        .map(|target| target.text(&api.scope))
        .collect();
    json!({
        "name": policy.name,
        "default_version": policy.default_version,
        "versions": policy.versions.iter().map(|version| version.id).collect::<Vec<_>>(),
        "modified_ms": policy.modified_ms,
        "attached_to": targets,
    })
}

fn json_of(document: &str) -> Value {
    serde_json::from_str(document).unwrap_or_else(|_| document.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_finds_the_smallest_place() {
        const ARN: &str = "arn:aws:iot:us-east-1:000000000000:topic/";
        let statement = |name: &str| json!({"Effect": "Allow", "Action": "iot:Publish", "Resource": format!("{ARN}{name}")});
        let document =
            |statements: Value| json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let statements = |text: Option<String>| json_of(&text.expect("it fits"))["Statement"].clone();
        let one = document(statement("a"));
        let both = json!([{"Effect": "Allow", "Action": "iot:Publish", "Resource": [format!("{ARN}a"), format!("{ARN}b")]}]);
        assert_eq!(statements(with_statement(&one, &statement("b"))), both);
        let three = statements(with_statement(&document(both), &statement("c")));
        assert_eq!(three[0]["Resource"].as_array().map(Vec::len), Some(3));
        let mut narrow = statement("a");
        narrow["Condition"] = json!({"StringEquals": {"iot:ClientId": "x"}});
        let apart = statements(with_statement(&document(json!([narrow])), &statement("b")));
        assert_eq!(apart.as_array().map(Vec::len), Some(2));
        assert_eq!(with_statement(&one, &statement(&"x".repeat(2048))), None);
    }
}
