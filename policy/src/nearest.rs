//! An ask that no statement covers: the allowing statement that comes closest, and what differs.

use crate::access::NamedDocument;
use crate::arn;
use crate::ask::{Action, Ask, Resource};
use crate::condition::Context;
use crate::document::{Effect, Statement};
use crate::pattern::Pattern;
use crate::template::{Template, Unresolved};
use crate::variables::Variables;
use crate::verdict::{Difference, Nearest, Place};

/// Smaller is nearer; the second number sets texts with more in common before others.
type Distance = (u8, std::cmp::Reverse<usize>);

struct Question<'a> {
    ask: &'a Ask<'a>,
    arn: &'a str,
    variables: &'a Variables,
}

pub(crate) fn nearest(
    documents: &[NamedDocument],
    variables: &Variables,
    ask: &Ask<'_>,
    arn: &str,
) -> Option<Nearest> {
    let question = Question { ask, arn, variables };
    let mut best: Option<(Distance, Nearest)> = None;
    for named in documents {
        for (position, statement) in named.document.statements().iter().enumerate() {
            if statement.effect == Effect::Deny {
                continue;
            }
            for resource in &statement.resources {
                let Some((distance, difference)) = question.compare(statement, resource) else { continue };
                if best.as_ref().is_none_or(|(best, _)| distance < *best) {
                    let place = place(named, position, statement, resource, &difference);
                    let action = statement.action_texts.join(", ");
                    best = Some((distance, Nearest { place, action, difference }));
                }
            }
        }
    }
    best.map(|(_, nearest)| nearest)
}

fn place(
    named: &NamedDocument,
    position: usize,
    statement: &Statement,
    resource: &Template,
    difference: &Difference,
) -> Place {
    let whole = matches!(
        difference,
        Difference::Region { .. } | Difference::Account { .. } | Difference::Partition { .. }
    );
    let text = if whole { resource.text() } else { short(resource.text()) };
    Place {
        policy: named.name.to_string(),
        version: named.version,
        statement: position + 1,
        sid: statement.sid.clone(),
        resource: if statement.not_resource { format!("everything but {text}") } else { text.to_owned() },
    }
}

/// `topic/a` for `arn:aws:iot:us-east-1:123456789012:topic/a`.
pub(crate) fn short(resource: &str) -> &str {
    match arn::parts(resource).as_slice() {
        [_, _, "iot", _, _, tail] => tail,
        _ => resource,
    }
}

impl Question<'_> {
    fn compare(&self, statement: &Statement, resource: &Template) -> Option<(Distance, Difference)> {
        let at = |rank, common| (rank, std::cmp::Reverse(common));
        let (text, unresolved) = resource.fill_loosely(self.variables);
        let listed = unresolved.is_none() && Pattern::wild(&text).matches(self.arn);
        let covers_resource = listed != statement.not_resource;
        if !statement.covers(self.ask.action) {
            if !covers_resource || statement.not_action {
                return None;
            }
            let asked = self.ask.action;
            if statement.action_texts.iter().any(|text| differs_in_case(text, asked)) {
                return Some((at(1, 0), Difference::ActionCase { asked }));
            }
            let broad = text == "*" || short(&text).split_once('/').is_none_or(|(_, name)| name == "*");
            return Some((at(if broad { 8 } else { 6 }, text.len()), Difference::Action { asked }));
        }
        if let Some(unresolved) = unresolved {
            let fits = statement.not_resource || Pattern::wild(&text).matches(self.arn);
            return Some((at(if fits { 4 } else { 9 }, 0), unresolved.into()));
        }
        if statement.not_resource && listed {
            return Some((at(7, 0), Difference::Excluded));
        }
        if covers_resource {
            return self.failing_condition(statement).map(|difference| (at(0, 0), difference));
        }
        let (rank, common, difference) = self.text_difference(&text);
        Some((at(rank, common), difference))
    }

    fn failing_condition(&self, statement: &Statement) -> Option<Difference> {
        let context = Context::of(self.variables, self.ask);
        let fails = statement.conditions.iter().find(|line| !line.holds(&context, Effect::Allow))?;
        Some(Difference::Condition {
            operator: fails.operator_text.clone(),
            key: fails.key.clone(),
            wanted: fails.values.iter().map(|value| value.text().to_owned()).collect(),
            found: context.values(&fails.key).into_iter().map(|value| value.into_owned()).collect(),
        })
    }

    /// The action is covered, the resource is not.
    fn text_difference(&self, text: &str) -> (u8, usize, Difference) {
        if self.ask.resource == Resource::Any {
            return (5, 0, Difference::NeedsStar);
        }
        if Pattern::wild(&text.to_lowercase()).matches(&self.arn.to_lowercase()) {
            return (1, 0, Difference::Case);
        }
        if let Some(difference) = self.other_head(text) {
            return (5, 0, difference);
        }
        let (Some(asked), Some(found)) = (arn::tail(self.arn), arn::tail(text)) else {
            return (10, 0, Difference::Other);
        };
        let (Some((asked_kind, asked)), Some((found_kind, found))) =
            (asked.split_once('/'), found.split_once('/'))
        else {
            return (10, 0, Difference::Other);
        };
        if asked_kind != found_kind {
            let swapped = Pattern::wild(found).matches(asked);
            let kind = |kind: &str| format!("{kind}/");
            let difference = Difference::Kind { asked: kind(asked_kind), found: kind(found_kind) };
            return (if swapped { 2 } else { 9 }, 0, difference);
        }
        if has_literal_wildcard(found) && Pattern::wild(&with_stars(found)).matches(asked) {
            return (3, 0, Difference::LiteralWildcard);
        }
        if asked_kind == "client" {
            let difference = Difference::ClientId { asked: asked.to_owned(), found: found.to_owned() };
            return (7, common_start(asked, found), difference);
        }
        level_difference(asked, found)
    }

    /// Only the region, the account or the partition keeps the text from matching.
    fn other_head(&self, text: &str) -> Option<Difference> {
        let (asked, found) = (arn::parts(self.arn), arn::parts(text));
        for place in [3, 4, 1] {
            let (Some(asked), Some(found)) = (asked.get(place), found.get(place)) else { continue };
            let with_asked = arn::with_part(text, place, asked);
            if asked != found && Pattern::wild(&with_asked).matches(self.arn) {
                let (asked, found) = ((*asked).to_owned(), (*found).to_owned());
                return Some(match place {
                    3 => Difference::Region { asked, found },
                    4 => Difference::Account { asked, found },
                    _ => Difference::Partition { asked, found },
                });
            }
        }
        None
    }
}

impl From<Unresolved> for Difference {
    fn from(unresolved: Unresolved) -> Difference {
        let Unresolved { name, value, reason } = unresolved;
        Difference::Unresolved { name, value, reason }
    }
}

fn differs_in_case(text: &str, action: Action) -> bool {
    let pattern = Pattern::wild(&text.to_lowercase());
    action.names().iter().any(|name| pattern.matches(&name.to_lowercase()))
}

fn has_literal_wildcard(name: &str) -> bool {
    name.split('/').any(|level| level == "+" || level == "#")
}

fn with_stars(name: &str) -> String {
    let star = |level| if level == "+" || level == "#" { "*" } else { level };
    name.split('/').map(star).collect::<Vec<_>>().join("/")
}

fn common_start(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count()
}

fn level_difference(asked: &str, found: &str) -> (u8, usize, Difference) {
    let (mut asked, mut found) = (asked.split('/'), found.split('/'));
    let mut number = 1;
    loop {
        match (asked.next(), found.next()) {
            (Some(asked), Some(found)) if Pattern::wild(found).matches(asked) => number += 1,
            (None, None) => return (10, 0, Difference::Other),
            (asked, found) => {
                let [asked, found] = [asked, found].map(|level| level.unwrap_or_default().to_owned());
                let rank = if number == 1 { 9 } else { 7 };
                return (rank, number, Difference::Level { number, asked, found });
            }
        }
    }
}
