//! Text files of policies and asks in, one failure naming every wrong line out; its format is in `cases/README.md`.

use std::fmt::Write as _;

use policy::{Access, Action, Ask, ConnectAttribute, Document, NamedDocument, Resource, Variables};

const PREFIX: &str = "arn:aws:iot:us-east-1:123456789012:";

#[derive(Default)]
struct Case {
    policies: Vec<(String, u32, Vec<String>)>,
    documents: Vec<NamedDocument>,
    variables: Variables,
    moment: (Option<bool>, Option<u64>),
}

fn check_file(name: &str, text: &str) {
    let mut wrong = String::new();
    let mut asks = 0;
    let mut case = Case::default();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let outcome = match word {
            "" | "#" => Ok(()),
            "==" => {
                case = Case::default();
                case.variables.account = "123456789012".to_owned();
                case.variables.region = "us-east-1".to_owned();
                Ok(())
            }
            "policy" => case.begin_policy(rest),
            "Allow" | "Deny" => case.statement(word, rest),
            "document" => case.document(rest),
            "with" => rest.split_whitespace().try_for_each(|pair| case.variable(pair)),
            "ask" => {
                asks += 1;
                case.ask(rest)
            }
            other => Err(format!("the word {other:?} is unknown")),
        };
        if let Err(reason) = outcome {
            let _ = writeln!(wrong, "{name}:{}: {reason}\n    {line}", number + 1);
        }
    }
    assert!(asks > 0, "{name} asks nothing");
    assert!(wrong.is_empty(), "\n{wrong}");
}

impl Case {
    fn begin_policy(&mut self, rest: &str) -> Result<(), String> {
        let (name, version) = rest.split_once(' ').unwrap_or((rest, "1"));
        let version = version.parse().map_err(|_| "the version is no number")?;
        self.policies.push((name.to_owned(), version, Vec::new()));
        Ok(())
    }

    /// `Allow ACTIONS RESOURCES [if OPERATOR KEY VALUES]…`, lists with commas, `!` before what is excepted.
    fn statement(&mut self, effect: &str, rest: &str) -> Result<(), String> {
        let mut words = rest.split_whitespace();
        let (actions, resources) =
            words.next().zip(words.next()).ok_or("actions and resources are missing")?;
        let mut conditions = serde_json::Map::new();
        while let Some(word) = words.next() {
            let (Some(operator), Some(key), true) = (words.next(), words.next(), word == "if") else {
                return Err("a condition is: if OPERATOR KEY VALUES".to_owned());
            };
            let values: Vec<&str> = words.next().unwrap_or_default().split(',').collect();
            let line = conditions.entry(operator).or_insert_with(|| serde_json::json!({}));
            line[key] = serde_json::json!(values);
        }
        let listed = |text: &str, field: &str, prefix: &str| {
            let (field, text) = match text.strip_prefix('!') {
                Some(text) => (format!("Not{field}"), text),
                None => (field.to_owned(), text),
            };
            let whole = |text: &str| {
                let kept = text == "*" || text.starts_with("arn:") || text.contains(':') && prefix == "iot:";
                if kept { text.to_owned() } else { format!("{prefix}{text}") }
            };
            (field, text.split(',').map(whole).collect::<Vec<_>>())
        };
        let (action_field, actions) = listed(actions, "Action", "iot:");
        let (resource_field, resources) = listed(resources, "Resource", PREFIX);
        let mut statement = serde_json::json!({ "Effect": effect });
        statement[&action_field] = serde_json::json!(actions);
        statement[&resource_field] = serde_json::json!(resources);
        if !conditions.is_empty() {
            statement["Condition"] = conditions.into();
        }
        let policy = self.policies.last_mut().ok_or("there is no policy yet")?;
        policy.2.push(statement.to_string());
        Ok(())
    }

    fn document(&mut self, json: &str) -> Result<(), String> {
        let (name, version, _) = self.policies.pop().ok_or("there is no policy yet")?;
        let document = Document::parse(json).map_err(|error| error.to_string())?;
        self.documents.push(NamedDocument::new(name, version, document));
        Ok(())
    }

    fn variable(&mut self, pair: &str) -> Result<(), String> {
        let (name, value) = pair.split_once('=').ok_or("a variable is name=value")?;
        let value = value.replace('_', " ");
        let variables = &mut self.variables;
        match name {
            "client" => variables.client_id = Some(value),
            "thing" => variables.thing_name = Some(value),
            "type" => variables.thing_type = Some(value),
            "attached" => variables.thing_is_attached = value.parse().ok(),
            "ip" => variables.source_ip = Some(value.parse().map_err(|_| "no address")?),
            "domain" => variables.domain_name = Some(value),
            "will" => variables.last_will_topic = Some(value),
            "account" => variables.account = value,
            "region" => variables.region = value,
            "principal" => variables.principal = value,
            "persistent" => variables.connect_attributes.push(ConnectAttribute::PersistentConnect),
            "lastwill" => variables.connect_attributes.push(ConnectAttribute::LastWill),
            "sockets" => self.moment.0 = value.parse().ok(),
            "now_ms" => self.moment.1 = value.parse().ok(),
            name => {
                let many = value.split(';').map(str::to_owned).collect();
                if let Some(name) = name.strip_prefix("attribute.") {
                    variables.thing_attributes.insert(name.to_owned(), value);
                } else if let Some(field) = name.strip_prefix("cert.") {
                    variables.certificate.insert(field.to_owned(), many);
                } else if name.contains(':') {
                    variables.others.insert(name.to_owned(), many);
                } else {
                    return Err(format!("the variable {name} is unknown"));
                }
            }
        }
        Ok(())
    }

    fn ask(&mut self, rest: &str) -> Result<(), String> {
        let (question, expected) = rest.split_once(" => ").ok_or("an ask is: ACTION RESOURCE => OUTCOME")?;
        let (action, resource) = question.split_once(' ').ok_or("the resource is missing")?;
        let name = if action.contains(':') { action.to_owned() } else { format!("iot:{action}") };
        let action = Action::from_name(&name).ok_or("the action is unknown")?;
        let mut ask = Ask::new(action, resource_of(resource)?);
        (ask.include_socket_information, ask.now_ms) = self.moment;
        let mut documents = self.documents.clone();
        for (name, version, statements) in &self.policies {
            let json = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
            let document = Document::parse(&json).map_err(|error| error.to_string())?;
            documents.push(NamedDocument::new(name.as_str(), *version, document));
        }
        let access = Access::compile(&documents, self.variables.clone());
        let verdict = access.evaluate(&ask);
        let sentence = verdict.to_string();
        if access.allows(&ask) != verdict.allowed {
            return Err(format!("allows and evaluate differ: {sentence}"));
        }
        let (outcome, phrases) = expected.split_once(' ').unwrap_or((expected, ""));
        if verdict.allowed != (outcome == "allowed") {
            return Err(format!("found: {sentence}"));
        }
        if !["allowed", "denied"].contains(&outcome) {
            return Err("an outcome is allowed or denied".to_owned());
        }
        match phrases.split(" & ").find(|phrase| !sentence.contains(phrase)) {
            Some(phrase) => Err(format!("{phrase:?} is not in: {sentence}")),
            None => Ok(()),
        }
    }
}

fn resource_of(text: &str) -> Result<Resource<'_>, String> {
    if text == "*" {
        return Ok(Resource::Any);
    }
    if text.starts_with("arn:") {
        return Ok(Resource::Arn(text));
    }
    let (kind, name) = text.split_once('/').ok_or("the resource has no kind")?;
    Ok(match kind {
        "client" => Resource::Client(name),
        "topic" => Resource::Topic(name),
        "topicfilter" => Resource::TopicFilter(name),
        "rolealias" => Resource::RoleAlias(name),
        "thing" => match name.split_once('/') {
            Some((thing, name)) => Resource::Shadow { thing, name },
            None => Resource::Thing(name),
        },
        kind => return Err(format!("the kind {kind} is unknown")),
    })
}

macro_rules! files {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check_file(stringify!($name), include_str!(concat!("cases/", stringify!($name), ".txt")));
        })*
    };
}

files! { matching variables conditions evaluation explanations }
