//! In: nanoseconds. Out: their quantiles, from 128 buckets per power of two (under 1 % error). Keeps no samples.

const SUB_BITS: u32 = 7;
const SUB: u64 = 1 << SUB_BITS;

pub struct Hist {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

fn slot(v: u64) -> usize {
    if v < SUB {
        return v as usize;
    }
    let shift = 63 - v.leading_zeros() - SUB_BITS;
    ((shift as u64 + 1) * SUB + ((v >> shift) - SUB)) as usize
}

fn value(slot: usize) -> u64 {
    let slot = slot as u64;
    if slot < SUB {
        return slot;
    }
    let shift = slot / SUB - 1;
    (SUB + slot % SUB) << shift
}

impl Hist {
    pub fn new() -> Self {
        Hist { counts: vec![0; slot(u64::MAX) + 1], total: 0, max: 0 }
    }

    #[inline]
    pub fn record(&mut self, v: u64) {
        self.counts[slot(v)] += 1;
        self.total += 1;
        self.max = self.max.max(v);
    }

    /// The value at quantile `q` in nanoseconds, 0 when nothing was recorded.
    pub fn quantile(&self, q: f64) -> u64 {
        let rank = ((self.total as f64 * q).ceil() as u64).max(1);
        let mut seen = 0;
        for (i, n) in self.counts.iter().enumerate() {
            seen += n;
            if seen >= rank {
                return value(i);
            }
        }
        0
    }

    pub fn max(&self) -> u64 {
        self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_monotone_and_tight() {
        let mut last = 0;
        for v in (0..5_000_000u64).step_by(37) {
            let s = slot(v);
            assert!(s >= last);
            last = s;
            let low = value(s);
            assert!(low <= v && (v - low) as f64 <= v as f64 / 127.0, "{v} {low}");
        }
    }

    #[test]
    fn quantiles() {
        let mut h = Hist::new();
        for v in 1..=1000 {
            h.record(v * 1000);
        }
        assert!((h.quantile(0.5) as i64 - 500_000).abs() < 5_000);
        assert!((h.quantile(0.99) as i64 - 990_000).abs() < 10_000);
        assert_eq!(h.max(), 1_000_000);
    }
}
