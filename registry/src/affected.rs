//! What a draft changes in, whose rights or admission may be others afterwards out. Compiles nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::draft::Certificates;
use crate::shelf::Shelf;
use crate::view::View;
use crate::{CertificateId, Registry, Scope, Target};

/// Whose connections to look at again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Affected {
    pub certificates: BTreeSet<CertificateId>,
    /// Connections with one of these names as their client id.
    pub things: BTreeSet<(Arc<Scope>, String)>,
}

impl Affected {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty() && self.things.is_empty()
    }

    pub(crate) fn of(
        base: &Registry,
        scopes: &BTreeMap<Arc<Scope>, Shelf>,
        certificates: &Certificates,
    ) -> Self {
        let mut affected = Self::default();
        affected.certificates.extend(certificates.entries().map(|(id, _)| *id));
        for (scope, top) in scopes {
            let old = View::of(base.shelf(scope));
            let new = View { below: base.shelf(scope), top };
            affected.add_things(scope, old, new);
            affected.add_groups(old, new);
            affected.add_policies(old, new);
        }
        affected
    }

    fn add_things(&mut self, scope: &Arc<Scope>, old: View<'_>, new: View<'_>) {
        for (name, _) in new.top.things.entries() {
            self.things.insert((scope.clone(), name.to_string()));
            self.certificates.extend(old.principals(name));
            self.certificates.extend(new.principals(name));
        }
    }

    fn add_groups(&mut self, old: View<'_>, new: View<'_>) {
        for (name, group) in new.top.groups.entries() {
            let before = old.group(name).map_or(&[][..], |group| &group.policies);
            let after = group.map_or(&[][..], |group| &group.policies);
            if before != after {
                self.add_members(old, name);
                self.add_members(new, name);
            }
        }
    }

    fn add_policies(&mut self, old: View<'_>, new: View<'_>) {
        for (name, policy) in new.top.policies.entries() {
            let before =
                old.policy(name).map(|policy| (policy.created_ms, policy.default_version, policy.document()));
            let after = policy.map(|policy| (policy.created_ms, policy.default_version, policy.document()));
            if before == after {
                continue;
            }
            for view in [old, new] {
                for target in view.targets(name) {
                    match target {
                        Target::Certificate(id) => {
                            self.certificates.insert(*id);
                        }
                        Target::Group(group) => self.add_members(view, group),
                        // Nothing connects as an identity yet.
                        Target::Identity(_) => {}
                    }
                }
            }
        }
    }

    /// The certificates of all things in the group and below it.
    fn add_members(&mut self, view: View<'_>, group: &str) {
        for group in view.descendants(group) {
            for thing in view.members(&group) {
                self.certificates.extend(view.principals(thing));
            }
        }
    }
}
