//! The names of an object's members in, whether two of them may be the same out; names no member.

/// 2^64 by the golden ratio.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Equal names have equal marks; a chance equality costs time, never a wrong result.
pub(super) fn mark(bytes: &[u8], start: usize, end: usize) -> u64 {
    let mut mark = (end.saturating_sub(start) as u64).wrapping_mul(MIX);
    let mut at = start;
    while at < end {
        let beyond = 8_u32.saturating_sub((end - at).min(8) as u32);
        let word = word(bytes, at) & (u64::MAX >> (8 * beyond));
        mark = (mark ^ word).wrapping_mul(MIX).rotate_left(29);
        at += 8;
    }
    mark
}

/// Whether some are equal. Their order is lost.
pub(super) fn doubled(marks: &mut [u64]) -> bool {
    if marks.len() <= 16 {
        let mut rest: &[u64] = marks;
        let mut doubled = false;
        while let Some((mark, others)) = rest.split_first() {
            doubled |= others.contains(mark);
            rest = others;
        }
        return doubled;
    }
    marks.sort_unstable();
    marks.windows(2).any(|pair| matches!(pair, [one, other] if one == other))
}

/// Eight bytes from here; zeros stand for what is not there.
fn word(bytes: &[u8], at: usize) -> u64 {
    if let Some(Ok(word)) = bytes.get(at..at + 8).map(<[u8; 8]>::try_from) {
        return u64::from_le_bytes(word);
    }
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_mark_wherever_it_stands() {
        for length in 0..40 {
            let name: String = ('a'..='z').cycle().take(length).collect();
            let places = ["", "x", "\":1,\"", "something before it"];
            let marks = places.iter().flat_map(|before| {
                let name = &name;
                ["", "\"", "\":1}", "something behind it"].map(|behind| {
                    let text = format!("{before}{name}{behind}");
                    mark(text.as_bytes(), before.len(), before.len() + name.len())
                })
            });
            let marks: Vec<u64> = marks.collect();
            assert!(marks.iter().all(|mark| Some(mark) == marks.first()), "{name}");
        }
    }

    #[test]
    fn names_that_differ_differ_by_their_marks() {
        let mut marks = Vec::new();
        for name in ["", "a", "b", "aa", "ab", "ba", "a\0", "abcdefgh", "abcdefgi", "abcdefgha", "abcdefgh\0"]
        {
            marks.push(mark(name.as_bytes(), 0, name.len()));
        }
        assert!(!doubled(&mut marks.clone()));
        marks.extend(100..120);
        assert!(!doubled(&mut marks.clone()));
        marks.push(107);
        assert!(doubled(&mut marks));
        assert!(doubled(&mut [3, 1, 3]));
    }
}
