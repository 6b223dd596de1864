//! What in a valid rule is probably not meant: a definition in, findings with their fixes out.

use message::{Dialect, Reserved, Topic, Tree, can_publish};
use sql::{Statement, Version};

use crate::action::{Action, Http, Republish};
use crate::definition::Definition;

/// One thing that is probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Part of the rule: `sql`, or an action with its field.
    pub place: String,
    pub text: String,
    pub fix: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.text, self.fix)
    }
}

/// Looks through a rule. What does not parse has no findings: it is refused with its position.
pub fn lint(definition: &Definition) -> Vec<Finding> {
    let version = definition.sql_version.as_deref().and_then(Version::parse).unwrap_or_default();
    Statement::parse(&definition.sql, version)
        .map_or_else(|_| Vec::new(), |statement| of(definition, &statement))
}

/// The same for a definition whose statement is parsed.
pub(crate) fn of(definition: &Definition, statement: &Statement) -> Vec<Finding> {
    let mut findings: Vec<Finding> = sql::lint::lint(statement)
        .into_iter()
        .map(|finding| Finding { place: "sql".to_owned(), text: finding.text, fix: finding.fix })
        .collect();
    if definition.actions.is_empty() {
        findings.push(finding(
            "actions",
            "the rule has none, so nothing happens when it fires",
            "add an action",
        ));
    }
    let all = definition.actions.iter().chain(&definition.error_action);
    all.for_each(|action| of_action(action, statement, &mut findings));
    findings
}

fn finding(place: &str, text: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding { place: place.to_owned(), text: text.into(), fix: fix.into() }
}

fn of_action(action: &Action<String>, statement: &Statement, findings: &mut Vec<Finding>) {
    match action {
        Action::Republish(republish) => of_republish(republish, statement, findings),
        Action::Firehose(firehose) if firehose.separator.is_none() => findings.push(finding(
            "firehose.separator",
            "there is none, so records stand in the object without anything between them",
            "set separator to \"\\n\" if the reader expects a line for each record",
        )),
        Action::S3(s3) if !s3.key.contains("${") => findings.push(finding(
            "s3.key",
            "the key is the same for every message: each overwrites the one before",
            "add a template, as in ${topic()}/${timestamp()}.json",
        )),
        Action::Http(http) => of_http(http, findings),
        _ => {}
    }
}

fn of_http(http: &Http<String>, findings: &mut Vec<Finding>) {
    if http.url.starts_with("http://") {
        findings.push(finding(
            "http.url",
            "AWS posts to https:// only, on port 443 or 8443",
            "use https:// for what is to run on AWS, too",
        ));
    }
    let asked = http.confirmation_url.as_ref().unwrap_or(&http.url);
    if asked.contains("${") {
        findings.push(finding(
            "http.confirmationUrl",
            "nobody is asked to confirm an address that is made of templates, so nothing is posted there",
            "give the part of the URL before the first template as confirmationUrl, or make a destination for it",
        ));
    }
}

fn of_republish(republish: &Republish<String>, statement: &Statement, findings: &mut Vec<Finding>) {
    let place = "republish.topic";
    let topic = &republish.topic;
    if topic.starts_with('$') && !topic.starts_with("$$") && !topic.starts_with("${") {
        let text = "one dollar begins a template, so this never reaches the reserved topic";
        findings.push(finding(place, text, format!("write ${topic}")));
        return;
    }
    let target = topic.strip_prefix('$').filter(|topic| topic.starts_with('$')).unwrap_or(topic);
    if target.contains("${") {
        return;
    }
    let Ok(parsed) = Topic::parse(target) else { return };
    if parsed.is_reserved() && !can_publish(target) {
        let text = format!("nobody may publish to {target}");
        findings.push(finding(place, text, "requests end in /get, /update and /delete"));
    }
    if feeds_itself(statement, target) {
        let text = format!("the rule hears what it republishes to {target}: each message begins a loop");
        findings.push(finding(
            place,
            text,
            "republish to a topic that FROM does not match, or leave such messages out in WHERE",
        ));
    }
    if let Some(Reserved::Shadow { thing, .. }) = Reserved::parse(target)
        && statement.filter().is_some_and(|filter| filter.has_wildcard())
    {
        let text = format!("FROM matches many things and all of them write the shadow of {thing}");
        findings.push(finding(
            place,
            text,
            "name the thing by its level of the topic, as in $$aws/things/${topic(3)}/shadow/update",
        ));
    }
}

fn feeds_itself(statement: &Statement, target: &str) -> bool {
    let Some(filter) = statement.filter() else { return false };
    let mut tree = Tree::new(Dialect::Aws);
    tree.insert(filter.pattern(), 0, ());
    tree.any_match(target)
}
