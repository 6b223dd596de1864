//! What waits and what is being done in, what is begun next out: every account has its turn, and within it everyone who
//! is called. Whoever does not answer holds up nobody else. Does nothing itself.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound::{Excluded, Unbounded};

use broker::ScopeId;

/// Pieces of work that are done at a time; of one account and region; for one who is called.
const AT_ONCE: usize = 128;
const AT_ONCE_OF_SCOPE: usize = 32;
const AT_ONCE_OF_LANE: usize = 8;
/// Pieces of one scope that wait here; what is behind them is left on disk until some are done.
const WAITING_OF_SCOPE: usize = 100_000;

/// Work that waits, by scope and by lane: who is called for it.
#[derive(Debug)]
pub(super) struct Fair<T> {
    scopes: BTreeMap<ScopeId, Lanes<T>>,
    running: usize,
    /// Who had the latest turn.
    latest: Option<ScopeId>,
}

#[derive(Debug)]
struct Lanes<T> {
    lanes: BTreeMap<String, Lane<T>>,
    waiting: usize,
    running: usize,
    latest: Option<String>,
}

#[derive(Debug)]
struct Lane<T> {
    waiting: VecDeque<T>,
    running: usize,
}

impl<T> Default for Fair<T> {
    fn default() -> Self {
        Fair { scopes: BTreeMap::new(), running: 0, latest: None }
    }
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Lanes { lanes: BTreeMap::new(), waiting: 0, running: 0, latest: None }
    }
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Lane { waiting: VecDeque::new(), running: 0 }
    }
}

impl<T> Fair<T> {
    pub(super) fn push(&mut self, scope: ScopeId, lane: String, piece: T) {
        let lanes = self.scopes.entry(scope).or_default();
        lanes.waiting += 1;
        lanes.lanes.entry(lane).or_default().waiting.push_back(piece);
    }

    /// Whether something more of the scope could be begun that is not here yet.
    pub(super) fn wants(&self, scope: ScopeId) -> bool {
        let has_room =
            |lanes: &Lanes<T>| lanes.waiting < WAITING_OF_SCOPE && lanes.running < AT_ONCE_OF_SCOPE;
        let wants = |lanes: &Lanes<T>| has_room(lanes) && lanes.next().is_none();
        self.running < AT_ONCE && self.scopes.get(&scope).is_none_or(wants)
    }

    /// Begins a piece, until `done` is called for it.
    pub(super) fn next(&mut self) -> Option<(ScopeId, String, T)> {
        if self.running >= AT_ONCE {
            return None;
        }
        let ready =
            |(scope, lanes): (&ScopeId, &Lanes<T>)| lanes.next().map(|lane| (*scope, lane.to_owned()));
        let from = self.latest.map_or(Unbounded, Excluded);
        let (scope, lane) = self
            .scopes
            .range((from, Unbounded))
            .find_map(ready)
            .or_else(|| self.scopes.iter().find_map(ready))?;
        let piece = self.scopes.get_mut(&scope)?.begin(&lane)?;
        self.running += 1;
        self.latest = Some(scope);
        Some((scope, lane, piece))
    }

    pub(super) fn done(&mut self, scope: ScopeId, lane: &str) {
        let Some(lanes) = self.scopes.get_mut(&scope) else { return };
        let Some(of) = lanes.lanes.get_mut(lane) else { return };
        of.running = of.running.saturating_sub(1);
        lanes.running = lanes.running.saturating_sub(1);
        self.running = self.running.saturating_sub(1);
        if of.running == 0 && of.waiting.is_empty() {
            lanes.lanes.remove(lane);
        }
        if lanes.lanes.is_empty() {
            self.scopes.remove(&scope);
        }
    }
}

impl<T> Lanes<T> {
    /// The lane whose turn it is, of those that may begin something.
    fn next(&self) -> Option<&str> {
        if self.running >= AT_ONCE_OF_SCOPE {
            return None;
        }
        let ready =
            |(_, lane): &(&String, &Lane<T>)| !lane.waiting.is_empty() && lane.running < AT_ONCE_OF_LANE;
        let from = self.latest.as_deref().map_or(Unbounded, Excluded);
        let after = self.lanes.range::<str, _>((from, Unbounded)).find(ready);
        after.or_else(|| self.lanes.iter().find(ready)).map(|(name, _)| name.as_str())
    }

    fn begin(&mut self, name: &str) -> Option<T> {
        let lane = self.lanes.get_mut(name)?;
        let piece = lane.waiting.pop_front()?;
        lane.running += 1;
        self.running += 1;
        self.waiting -= 1;
        self.latest = Some(name.to_owned());
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ScopeId = ScopeId(0);
    const B: ScopeId = ScopeId(1);

    fn begun(fair: &mut Fair<u32>) -> Vec<(ScopeId, String, u32)> {
        std::iter::from_fn(|| fair.next()).collect()
    }

    #[test]
    fn who_does_not_answer_holds_up_nobody_else() {
        let mut fair = Fair::default();
        (0..300).for_each(|number| fair.push(A, "hangs".to_owned(), number));
        assert_eq!(begun(&mut fair).len(), AT_ONCE_OF_LANE);
        assert!(fair.wants(A), "what is behind the jobs of one that hangs is read, too");
        fair.push(A, "well".to_owned(), 1000);
        fair.push(B, "hangs".to_owned(), 2000);
        let more = begun(&mut fair);
        assert_eq!(more, [(B, "hangs".to_owned(), 2000), (A, "well".to_owned(), 1000)]);
        fair.done(A, "hangs");
        assert_eq!(begun(&mut fair), [(A, "hangs".to_owned(), 8)]);
    }

    #[test]
    fn scopes_and_lanes_take_turns() {
        let mut fair = Fair::default();
        for number in 0..3 {
            fair.push(A, "x".to_owned(), number);
            fair.push(A, "y".to_owned(), 10 + number);
            fair.push(B, "x".to_owned(), 20 + number);
        }
        let order: Vec<u32> = begun(&mut fair).into_iter().map(|(_, _, number)| number).collect();
        assert_eq!(order, [0, 20, 10, 21, 1, 22, 11, 2, 12]);
    }

    #[test]
    fn a_scope_has_its_share_and_all_of_them_have_a_limit() {
        let mut fair = Fair::default();
        for lane in 0..100_u32 {
            fair.push(A, format!("{lane}"), lane);
        }
        assert_eq!(begun(&mut fair).len(), AT_ONCE_OF_SCOPE);
        assert!(!fair.wants(A));
        for scope in 1..10 {
            for lane in 0..100_u32 {
                fair.push(ScopeId(scope), format!("{lane}"), lane);
            }
        }
        assert_eq!(begun(&mut fair).len(), AT_ONCE - AT_ONCE_OF_SCOPE);
        assert!(!fair.wants(ScopeId(99)));
    }

    #[test]
    fn nothing_is_left_of_what_is_done_and_waiting_is_bounded() {
        let mut fair = Fair::default();
        fair.push(A, "x".to_owned(), 1);
        assert!(!fair.wants(A), "it can begin what is here");
        assert_eq!(fair.next(), Some((A, "x".to_owned(), 1)));
        fair.done(A, "x");
        fair.done(A, "x");
        assert!(fair.scopes.is_empty() && fair.running == 0);
        (0..=AT_ONCE_OF_LANE).for_each(|_| fair.push(A, "x".to_owned(), 1));
        begun(&mut fair);
        assert!(fair.wants(A));
        (0..WAITING_OF_SCOPE).for_each(|_| fair.push(A, "x".to_owned(), 1));
        assert!(!fair.wants(A));
    }
}
