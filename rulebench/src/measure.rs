//! Subjects in, what an event costs each of them out. They take turns in short slices, so that what else the machine does
//! hits all alike; the thread's own CPU time counts, not the clock's.

use std::hint::black_box;

use anyhow::Result;
use rustix::time::{ClockId, clock_gettime};

/// Does this many events.
pub type Subject<'a> = Box<dyn FnMut(usize) -> Result<()> + 'a>;

/// How long a slice is meant to be.
const SLICE_NS: f64 = 3e6;

/// A quantity over the rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub median: f64,
    /// Nine rounds of ten lie between these.
    pub low: f64,
    pub high: f64,
}

/// For each subject, nanoseconds of CPU time for an event in each round.
pub fn take_turns(subjects: &mut [Subject<'_>], rounds: usize) -> Result<Vec<Vec<f64>>> {
    let mut sizes = Vec::new();
    for subject in subjects.iter_mut() {
        sizes.push(size(subject)?);
    }
    let mut costs = vec![Vec::with_capacity(rounds); subjects.len()];
    for round in 0..rounds {
        for turn in 0..subjects.len() {
            // Who comes first changes.
            let at = (round + turn) % subjects.len();
            costs[at].push(cost(&mut subjects[at], sizes[at])?);
        }
    }
    Ok(costs)
}

/// In each round, how many times as much the one costs as the other.
pub fn ratios(one: &[f64], other: &[f64]) -> Spread {
    spread(one.iter().zip(other).map(|(one, other)| one / other).collect())
}

pub fn spread(mut values: Vec<f64>) -> Spread {
    values.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    Spread { median: at(0.5), low: at(0.05), high: at(0.95) }
}

/// How many events fill a slice, after a warm-up.
fn size(subject: &mut Subject<'_>) -> Result<usize> {
    cost(subject, 2000)?;
    Ok((SLICE_NS / cost(subject, 2000)?).ceil().max(64.0) as usize)
}

fn cost(subject: &mut Subject<'_>, events: usize) -> Result<f64> {
    let start = cpu_ns();
    black_box(&mut *subject)(events)?;
    Ok((cpu_ns() - start) / events as f64)
}

fn cpu_ns() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_leaves_out_one_in_twenty_on_either_side() {
        let spread = spread((0..=100).rev().map(f64::from).collect());
        assert_eq!(spread, Spread { median: 50.0, low: 5.0, high: 95.0 });
    }

    #[test]
    fn subjects_take_turns_and_are_told_apart() {
        let spin = |steps: u64| -> Subject<'static> {
            Box::new(move |events| {
                for _ in 0..events as u64 * steps {
                    black_box(steps);
                }
                Ok(())
            })
        };
        let costs = take_turns(&mut [spin(100), spin(1000)], 9).unwrap();
        assert_eq!((costs[0].len(), costs[1].len()), (9, 9));
        assert!(ratios(&costs[1], &costs[0]).median > 3.0, "{costs:?}");
    }
}
