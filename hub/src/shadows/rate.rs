//! A request to a shadow in, whether its rate is AWS's to serve out. Remembers a shadow for as long as that counts.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Requests that each shadow may still make.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    /// By a hash of the shadow's key: a million shadows in a second should cost little.
    of: HashMap<u64, Allowance>,
}

#[derive(Debug, Clone, Copy)]
struct Allowance {
    left: u32,
    since_ms: u64,
    /// The latest second of which it was said that it comes near, and that it was too much.
    warned_s: Option<u64>,
    refused_s: Option<u64>,
}

/// What a request's rate means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    Served,
    /// Served; more than half of what a second allows is gone, and nobody was told so in this second.
    Near {
        per_second: u32,
    },
    /// Refused; the first of this second says so.
    Refused {
        first: bool,
    },
}

impl Rates {
    /// A bucket of one second's requests, filled at that rate. 0: no limit.
    pub(crate) fn admit(&mut self, seed: u64, key: &[u8], per_s: u32, now_ms: u64) -> Admission {
        if per_s == 0 {
            return Admission::Served;
        }
        let mut hasher = DefaultHasher::new();
        (seed, key).hash(&mut hasher);
        let full = Allowance { left: per_s, since_ms: now_ms, warned_s: None, refused_s: None };
        let allowance = self.of.entry(hasher.finish()).or_insert(full);
        let earned = now_ms.saturating_sub(allowance.since_ms).saturating_mul(u64::from(per_s)) / 1000;
        if earned > 0 {
            let earned = u32::try_from(earned).unwrap_or(per_s);
            let left = allowance.left.saturating_add(earned);
            // What is earned of the next one counts on.
            allowance.since_ms = match left >= per_s {
                true => now_ms,
                false => allowance.since_ms + u64::from(earned) * 1000 / u64::from(per_s),
            };
            allowance.left = left.min(per_s);
        }
        let second = Some(now_ms / 1000);
        if allowance.left == 0 {
            return Admission::Refused {
                first: std::mem::replace(&mut allowance.refused_s, second) != second,
            };
        }
        allowance.left -= 1;
        let used = per_s - allowance.left;
        if used > per_s / 2 && std::mem::replace(&mut allowance.warned_s, second) != second {
            return Admission::Near { per_second: used };
        }
        Admission::Served
    }

    /// Gives back what a full bucket would hold anyway.
    pub(crate) fn forget(&mut self, now_ms: u64) {
        self.of.retain(|_, allowance| now_ms.saturating_sub(allowance.since_ms) < 1000);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(rates: &mut Rates, key: &[u8], now_ms: u64) -> Admission {
        rates.admit(7, key, 20, now_ms)
    }

    #[test]
    fn twenty_in_a_second_are_served_and_the_next_is_not() {
        let mut rates = Rates::default();
        for number in 0..20 {
            let expected = if number == 10 { Admission::Near { per_second: 11 } } else { Admission::Served };
            assert_eq!(admit(&mut rates, b"a", 500), expected, "{number}");
        }
        assert_eq!(admit(&mut rates, b"a", 500), Admission::Refused { first: true });
        assert_eq!(admit(&mut rates, b"b", 500), Admission::Served);
        // A twentieth of a second earns one.
        assert_eq!(admit(&mut rates, b"a", 549), Admission::Refused { first: false });
        assert_eq!(admit(&mut rates, b"a", 550), Admission::Served);
        assert_eq!(admit(&mut rates, b"a", 1_000), Admission::Near { per_second: 12 });
    }

    #[test]
    fn the_first_refusal_of_each_second_says_so() {
        let mut rates = Rates::default();
        for _ in 0..20 {
            admit(&mut rates, b"a", 999);
        }
        assert_eq!(admit(&mut rates, b"a", 1_000), Admission::Refused { first: true });
        assert_eq!(admit(&mut rates, b"a", 1_001), Admission::Refused { first: false });
    }

    #[test]
    fn a_shadow_at_rest_costs_nothing_and_no_limit_costs_nothing() {
        let mut rates = Rates::default();
        admit(&mut rates, b"a", 0);
        rates.forget(999);
        assert_eq!(rates.of.len(), 1);
        rates.forget(1_000);
        assert!(rates.of.is_empty());
        assert_eq!(rates.admit(7, b"a", 0, 0), Admission::Served);
        assert!(rates.of.is_empty());
    }

    #[test]
    fn a_clock_that_goes_on_slowly_earns_what_it_should() {
        let mut rates = Rates::default();
        let served = (0..2_000)
            .filter(|ms| !matches!(admit(&mut rates, b"a", *ms), Admission::Refused { .. }))
            .count();
        assert_eq!(served, 20 + 39);
    }
}
