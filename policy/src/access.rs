//! Policies and what is known of a connection in, verdicts on its asks out; holds no cache.

use std::sync::Arc;

use crate::ask::{Action, Ask, Resource};
use crate::condition::Context;
use crate::document::{Document, Effect, Statement};
use crate::nearest;
use crate::pattern::Pattern;
use crate::variables::Variables;
use crate::verdict::{Fix, Place, Variable, Verdict, Why, allow_statement};

/// A policy's name, the number of its default version, and that version's document. A clone shares them.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedDocument {
    pub name: Arc<str>,
    pub version: u32,
    pub document: Arc<Document>,
}

impl NamedDocument {
    pub fn new(name: impl Into<Arc<str>>, version: u32, document: impl Into<Arc<Document>>) -> Self {
        Self { name: name.into(), version, document: document.into() }
    }
}

/// The policies of one connection, compiled; a clone shares them.
#[derive(Clone, Debug)]
pub struct Access(Option<Arc<Compiled>>);

#[derive(Debug)]
struct Compiled {
    documents: Box<[NamedDocument]>,
    variables: Variables,
    prefix: String,
    /// The denying ones first. Every connection has its own, so no list in them has room to spare.
    clauses: Box<[Clause]>,
}

/// A statement that can match, with its variables filled in.
#[derive(Debug)]
struct Clause {
    document: usize,
    statement: usize,
    effect: Effect,
    actions: u32,
    not_resource: bool,
    holds_connecting: bool,
    holds_otherwise: bool,
    /// A condition needs a value that comes with the ask.
    asks: bool,
    patterns: Box<[Pattern]>,
    /// For each kind of resource, where each pattern stands behind `prefix` and the kind's word.
    starts: [Box<[(u16, u16)]>; KINDS.len()],
}

const KINDS: [&str; 5] = ["topic/", "topicfilter/", "client/", "thing/", "rolealias/"];

impl Access {
    /// A principal that may do everything.
    pub const fn everything() -> Access {
        Access(None)
    }

    pub fn compile(documents: &[NamedDocument], variables: Variables) -> Access {
        let prefix = variables.arn_prefix();
        let heads = KINDS.map(|kind| format!("{prefix}{kind}"));
        let mut clauses = Vec::new();
        for (document, named) in documents.iter().enumerate() {
            for (position, statement) in named.document.statements().iter().enumerate() {
                clauses.extend(clause(document, position, statement, &variables, &heads));
            }
        }
        clauses.sort_by_key(|clause| clause.effect == Effect::Allow);
        let (documents, clauses) = (documents.into(), clauses.into());
        Access(Some(Arc::new(Compiled { documents, variables, prefix, clauses })))
    }

    /// The decision alone, without allocating for topics, filters, clients, things and role aliases.
    pub fn allows(&self, ask: &Ask<'_>) -> bool {
        match &self.0 {
            None => true,
            Some(compiled) => {
                compiled.matching(ask).next().is_some_and(|clause| clause.effect == Effect::Allow)
            }
        }
    }

    /// Whether verdicts on this action depend on more than action and resource, so that none may be kept.
    pub fn depends_on_moment(&self, action: Action) -> bool {
        self.0.as_ref().is_some_and(|compiled| {
            compiled.clauses.iter().any(|clause| clause.asks && clause.actions & action.bit() != 0)
        })
    }

    /// What the policies were compiled with; none for who may do everything.
    pub fn variables(&self) -> Option<&Variables> {
        self.0.as_ref().map(|compiled| &compiled.variables)
    }

    pub fn evaluate(&self, ask: &Ask<'_>) -> Verdict {
        match &self.0 {
            None => everything(ask),
            Some(compiled) => compiled.evaluate(ask),
        }
    }
}

fn everything(ask: &Ask<'_>) -> Verdict {
    Verdict {
        allowed: true,
        action: ask.action,
        resource: ask.resource.to_string(),
        arn: ask.resource.to_string(),
        principal: String::new(),
        why: Why::Everything,
        allowing: Vec::new(),
        denying: Vec::new(),
        variables: Vec::new(),
        fix: None,
    }
}

fn clause(
    document: usize,
    position: usize,
    statement: &Statement,
    variables: &Variables,
    heads: &[String; KINDS.len()],
) -> Option<Clause> {
    let filled: Vec<_> = statement.resources.iter().map(|resource| resource.fill(variables)).collect();
    // An exception that cannot be worked out must not widen what is allowed.
    if statement.not_resource && statement.effect == Effect::Allow && filled.iter().any(Result::is_err) {
        return None;
    }
    let patterns: Box<[Pattern]> = filled.into_iter().flatten().collect();
    if patterns.is_empty() && !statement.not_resource {
        return None;
    }
    let holds = |connecting| {
        let context = Context::without_ask(variables, connecting);
        let fixed = statement.conditions.iter().filter(|line| !line.comes_with_the_ask());
        fixed.into_iter().all(|line| line.holds(&context, statement.effect))
    };
    let (holds_connecting, holds_otherwise) = (holds(true), holds(false));
    if !holds_connecting && !holds_otherwise {
        return None;
    }
    let starts = heads.each_ref().map(|head| {
        let each = (0u16..).zip(&patterns);
        each.flat_map(|(index, pattern)| {
            pattern.places_after(head).into_iter().map(move |place| (index, place))
        })
        .collect()
    });
    Some(Clause {
        document,
        statement: position,
        effect: statement.effect,
        actions: statement.actions,
        not_resource: statement.not_resource,
        holds_connecting,
        holds_otherwise,
        asks: statement.conditions.iter().any(|line| line.comes_with_the_ask()),
        patterns,
        starts,
    })
}

impl Clause {
    fn covers(&self, action: Action, kind: Option<usize>, name: &str) -> bool {
        let holds = if action == Action::Connect { self.holds_connecting } else { self.holds_otherwise };
        holds && self.actions & action.bit() != 0 && self.lists(kind, name) != self.not_resource
    }

    fn lists(&self, kind: Option<usize>, name: &str) -> bool {
        match kind.and_then(|kind| self.starts.get(kind)) {
            None => self.patterns.iter().any(|pattern| pattern.matches(name)),
            Some(starts) => starts.iter().any(|&(index, place)| {
                self.patterns.get(usize::from(index)).is_some_and(|pattern| pattern.matches_from(place, name))
            }),
        }
    }
}

impl Compiled {
    /// Clauses that cover the ask, the denying ones first.
    fn matching<'a>(&'a self, ask: &'a Ask<'_>) -> impl Iterator<Item = &'a Clause> {
        let (kind, name) = (ask.resource.kind(), ask.resource.name());
        let kind = KINDS.iter().position(|known| *known == kind);
        self.clauses.iter().filter(move |clause| {
            clause.covers(ask.action, kind, &name) && (!clause.asks || self.holds_now(clause, ask))
        })
    }

    fn statement(&self, clause: &Clause) -> Option<&Statement> {
        self.documents.get(clause.document)?.document.statements().get(clause.statement)
    }

    fn holds_now(&self, clause: &Clause, ask: &Ask<'_>) -> bool {
        let context = Context::of(&self.variables, ask);
        self.statement(clause).is_some_and(|statement| {
            statement.conditions.iter().all(|line| line.holds(&context, clause.effect))
        })
    }

    fn evaluate(&self, ask: &Ask<'_>) -> Verdict {
        let arn = match ask.resource {
            Resource::Any | Resource::Arn(_) => ask.resource.to_string(),
            resource => format!("{}{resource}", self.prefix),
        };
        let mut names: [Vec<String>; 2] = Default::default();
        let mut deciding: Option<&Clause> = None;
        for clause in self.matching(ask) {
            deciding.get_or_insert(clause);
            let list = &mut names[usize::from(clause.effect == Effect::Deny)];
            if let Some(named) = self.documents.get(clause.document)
                && !list.iter().any(|name| **name == *named.name)
            {
                list.push(named.name.to_string());
            }
        }
        let [allowing, denying] = names;
        let place = deciding.and_then(|clause| self.place(clause, &arn));
        let allowed = deciding.is_some_and(|clause| clause.effect == Effect::Allow);
        let (why, fix) = match place {
            Some(place) if allowed => (Why::Allowed(place), None),
            Some(place) => (Why::ExplicitDeny(place.clone()), Some(Fix::NarrowDeny(place))),
            None => self.unmatched(ask, &arn),
        };
        Verdict {
            allowed,
            action: ask.action,
            resource: ask.resource.to_string(),
            arn,
            principal: self.variables.principal.clone(),
            why,
            allowing,
            denying,
            variables: self.variables_of(ask),
            fix,
        }
    }

    fn unmatched(&self, ask: &Ask<'_>, arn: &str) -> (Why, Option<Fix>) {
        let statement = allow_statement(ask.action, arn);
        let Some(first) = self.documents.first() else {
            let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
            return (Why::NoPolicy, Some(Fix::AttachPolicy { document }));
        };
        let nearest = nearest::nearest(&self.documents, &self.variables, ask, arn);
        let policy = nearest.as_ref().map_or(&*first.name, |nearest| &nearest.place.policy).to_owned();
        let policies = self.documents.iter().map(|named| (named.name.to_string(), named.version)).collect();
        (Why::NothingMatched { policies, nearest }, Some(Fix::AddStatement { policy, statement }))
    }

    fn place(&self, clause: &Clause, arn: &str) -> Option<Place> {
        let named = self.documents.get(clause.document)?;
        let statement = self.statement(clause)?;
        let matching = statement
            .resources
            .iter()
            .find(|resource| resource.fill(&self.variables).is_ok_and(|pattern| pattern.matches(arn)));
        let resource = nearest::short(matching.or(statement.resources.first())?.text());
        Some(Place {
            policy: named.name.to_string(),
            version: named.version,
            statement: clause.statement + 1,
            sid: statement.sid.clone(),
            resource: if clause.not_resource {
                format!("everything but {resource}")
            } else {
                resource.to_owned()
            },
        })
    }

    fn variables_of(&self, ask: &Ask<'_>) -> Vec<Variable> {
        let mut variables: Vec<Variable> = Vec::new();
        let mut add = |name: &str, value: Option<String>| {
            if !variables.iter().any(|variable| variable.name == name) {
                variables.push(Variable { name: name.to_owned(), value });
            }
        };
        let context = Context::of(&self.variables, ask);
        let statements = self.documents.iter().flat_map(|named| named.document.statements());
        for statement in statements.filter(|statement| statement.covers(ask.action)) {
            let wanted = statement.conditions.iter().flat_map(|line| &line.values);
            for name in statement.resources.iter().chain(wanted).flat_map(|text| text.variable_names()) {
                add(name, self.variables.value(name).map(|value| value.into_owned()));
            }
            for line in &statement.conditions {
                let values = context.values(&line.key);
                add(&line.key, if values.is_empty() { None } else { Some(values.join(", ")) });
            }
        }
        variables
    }
}
