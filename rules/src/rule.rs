//! A rule ready to be evaluated: its definition in; the rule, or what is wrong with it, out.

use std::sync::Arc;

use message::{Filter, Topic};
use sql::{Patterns, SqlError, Statement, Template, Version};

use crate::action::{Action, Http, Republish};
use crate::address::{check_confirmation, check_header, check_template, check_value};
use crate::definition::Definition;
use crate::limits::{ACTIONS, HTTP_HEADERS, NAME_CHARS, RULE_BYTES, USER_PROPERTIES};

/// A checked rule.
#[derive(Debug, Clone)]
pub struct Rule {
    pub name: Arc<str>,
    /// The account that it belongs to.
    pub account: Arc<str>,
    pub is_disabled: bool,
    pub statement: Statement,
    pub actions: Vec<Action<Template>>,
    pub error_action: Option<Action<Template>>,
}

/// What is wrong with a definition.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Invalid {
    #[error("the rule name \"{0}\" is not valid: use 1 to {NAME_CHARS} letters, digits and underscores")]
    Name(String),
    #[error("awsIotSqlVersion \"{0}\" is unknown: 2015-10-08, 2016-03-23 or beta")]
    Version(String),
    #[error("the SQL is not valid: {0}")]
    Sql(Box<SqlError>),
    #[error("{field} of the {action} action is not valid: {error}")]
    Template { action: &'static str, field: &'static str, error: Box<SqlError> },
    #[error("a rule has at most {ACTIONS} actions; this one has {0}")]
    TooManyActions(usize),
    #[error("a rule has at most {RULE_BYTES} bytes; this one has {0}")]
    TooLong(usize),
    #[error("the {action} action is not valid: {reason}")]
    Action { action: &'static str, reason: String },
    #[error("{0} reaches outside, which an error action's template may not do")]
    ErrorActionReachesOut(&'static str),
}

impl Rule {
    /// # Errors
    /// The definition is not valid. Whether its actions can be done here is another question: see `services`.
    pub fn compile(account: &Arc<str>, name: &str, definition: &Definition) -> Result<Rule, Invalid> {
        check_name(name)?;
        let version = match definition.sql_version.as_deref() {
            None => Version::default(),
            Some(name) => Version::parse(name).ok_or_else(|| Invalid::Version(name.to_owned()))?,
        };
        if definition.actions.len() > ACTIONS {
            return Err(Invalid::TooManyActions(definition.actions.len()));
        }
        // Enabled or disabled, it has the same length: a rule that is kept can be switched, and read again.
        let bytes = serde_json::to_vec(definition).map_or(usize::MAX, |json| json.len());
        let bytes = bytes - usize::from(!definition.is_disabled);
        if bytes > RULE_BYTES {
            return Err(Invalid::TooLong(bytes));
        }
        let statement =
            Statement::parse(&definition.sql, version).map_err(|error| Invalid::Sql(Box::new(error)))?;
        let mut patterns = statement.patterns();
        let actions = definition.actions.iter().map(|action| compile(action, &statement, &mut patterns));
        let actions = actions.collect::<Result<_, _>>()?;
        let error_action =
            definition.error_action.as_ref().map(|action| error_action(action, &statement, &mut patterns));
        let error_action = error_action.transpose()?;
        Ok(Rule {
            name: name.into(),
            account: account.clone(),
            is_disabled: definition.is_disabled,
            statement,
            actions,
            error_action,
        })
    }

    /// Whether what it does takes the disk.
    pub fn needs_disk(&self) -> bool {
        let asks = |action: &Action<Template>| {
            action.map(|_, template| if template.reaches_out() { Err(()) } else { Ok(()) }).is_err()
        };
        self.statement.reaches_out()
            || self.actions.iter().any(|action| action.needs_disk(Template::text) || asks(action))
    }

    /// None: only Basic Ingest wakes it.
    pub fn filter(&self) -> Option<&Filter> {
        self.statement.filter()
    }
}

/// # Errors
/// It is no rule's name.
pub fn check_name(name: &str) -> Result<(), Invalid> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.len() > NAME_CHARS || !name.chars().all(fits) {
        return Err(Invalid::Name(name.chars().take(NAME_CHARS).collect()));
    }
    Ok(())
}

/// `patterns` are the regular expressions of the rule so far: all its texts share one limit.
fn compile(
    action: &Action<String>,
    statement: &Statement,
    patterns: &mut Patterns,
) -> Result<Action<Template>, Invalid> {
    let word = action.word();
    let compiled = action.map(|field, text| {
        let template = Template::of(text, statement).map_err(|error| Invalid::Template {
            action: word,
            field,
            error: Box::new(error),
        })?;
        let all = patterns.with(template.patterns());
        *patterns = all.map_err(|reason| Invalid::Action { action: word, reason })?;
        Ok(template)
    })?;
    let checked = match action {
        Action::Republish(republish) => check_republish(republish, &compiled),
        Action::Http(http) => check_http(http),
        Action::Firehose(firehose) => check_separator(firehose.separator.as_deref()),
        Action::DynamoDb(action) => check_operation(action.operation.as_deref()),
        _ => Ok(()),
    };
    checked.map_err(|reason| Invalid::Action { action: word, reason })?;
    Ok(compiled)
}

fn error_action(
    action: &Action<String>,
    statement: &Statement,
    patterns: &mut Patterns,
) -> Result<Action<Template>, Invalid> {
    let compiled = compile(action, statement, patterns)?;
    compiled.map(|field, template| match template.reaches_out() {
        true => Err(Invalid::ErrorActionReachesOut(field)),
        false => Ok(()),
    })?;
    Ok(compiled)
}

fn check_republish(republish: &Republish<String>, compiled: &Action<Template>) -> Result<(), String> {
    if republish.qos > 1 {
        return Err(format!("qos {} is neither 0 nor 1", republish.qos));
    }
    if republish.user_properties.len() > USER_PROPERTIES {
        return Err(format!("more than {USER_PROPERTIES} user properties"));
    }
    if compiled.resource().is_constant() && !republish.topic.starts_with('$') {
        Topic::check(&republish.topic).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn check_http(http: &Http<String>) -> Result<(), String> {
    if http.headers.len() > HTTP_HEADERS {
        return Err(format!("more than {HTTP_HEADERS} headers"));
    }
    for (name, value) in &http.headers {
        check_header(name)?;
        check_value(name, value)?;
    }
    let wrong = |what: &str, url: &str, reason: &str| format!("the {what} {url:?} is not valid: {reason}");
    check_template(&http.url).map_err(|reason| wrong("URL", &http.url, reason))?;
    let Some(confirmation) = http.confirmation_url.as_deref() else { return Ok(()) };
    if !http.url.starts_with(confirmation) {
        return Err(format!("the confirmation URL {confirmation} is no beginning of the URL {}", http.url));
    }
    match confirmation.contains("${") {
        // Nobody can be asked there: its destination is made by hand.
        true => check_template(confirmation),
        false => check_confirmation(confirmation),
    }
    .map_err(|reason| wrong("confirmation URL", confirmation, reason))
}

fn check_separator(separator: Option<&str>) -> Result<(), String> {
    match separator {
        None | Some("\n" | "\t" | "\r\n" | ",") => Ok(()),
        Some(other) => Err(format!("separator {other:?} is none of \"\\n\", \"\\t\", \"\\r\\n\" and \",\"")),
    }
}

fn check_operation(operation: Option<&str>) -> Result<(), String> {
    match operation {
        None | Some("INSERT" | "UPDATE" | "DELETE") => Ok(()),
        Some(template) if template.contains("${") => Ok(()),
        Some(other) => Err(format!("operation \"{other}\" is none of INSERT, UPDATE and DELETE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(actions: Vec<Action<String>>) -> Result<Rule, Invalid> {
        let definition = Definition {
            sql: "SELECT * FROM 'a'".to_owned(),
            sql_version: Some("2016-03-23".to_owned()),
            description: None,
            is_disabled: false,
            actions,
            error_action: None,
        };
        Rule::compile(&"000000000000".into(), "r", &definition)
    }

    #[test]
    fn the_regular_expressions_of_all_templates_share_one_limit() {
        let key = "${regexp_substr(a, '(a|b){2000}')}".repeat(5);
        let put = Action::S3(crate::action::S3 { key, ..crate::action::S3::default() });
        assert!(compile(vec![put.clone()]).is_ok());
        let error = compile(vec![put; 10]).expect_err("too many").to_string();
        assert!(error.contains("4 MiB"), "{error}");
    }

    #[test]
    fn an_http_action_that_cannot_work_is_refused() {
        let check = |url: &str, confirmation: Option<&str>, header: (&str, &str), words: Option<&str>| {
            let action = Action::Http(Http {
                signed: None,
                url: url.to_owned(),
                confirmation_url: confirmation.map(str::to_owned),
                headers: vec![(header.0.to_owned(), header.1.to_owned())],
            });
            let compiled = compile(vec![action]).map(|_| ()).map_err(|invalid| invalid.to_string());
            match words {
                None => assert_eq!(compiled, Ok(()), "{url}"),
                Some(words) => {
                    assert!(compiled.as_ref().is_err_and(|why| why.contains(words)), "{compiled:?}")
                }
            }
        };
        let own = ("x-device", "${clientid()}");
        check("https://a.example/in/${topic()}", Some("https://a.example/in"), own, None);
        check("https://a.example/in?token=1", None, own, None);
        check("https", None, own, Some("neither with https://"));
        check("https://u:p@a.example", None, own, Some("a user and a password"));
        check("https://a.example/in", Some("h"), own, Some("neither with https://"));
        check("https://a.example/in", Some(""), own, Some("neither with https://"));
        check("https://a.example/in?b", Some("https://a.example/in?b"), own, Some("has a query"));
        check("https://a.example", None, ("Content-Length", "1"), Some("belongs to the connection"));
        check("https://a.example", None, ("${a}", "1"), Some("only a header's value"));
        check("https://a.example", None, ("a", "1\r\nb: 2"), Some("control character"));
    }
}
