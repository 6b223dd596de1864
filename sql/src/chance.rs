//! A seed in, everything random about a message out: the same each time it is asked for.

use std::fmt;

/// What splitmix64 makes of a state; the state after it is one [`STEP`] further.
pub fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(STEP);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

pub(crate) const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A message's own UUID as text, without an allocation.
#[derive(Debug, Clone, Copy)]
pub struct TraceId([u8; 36]);

impl TraceId {
    /// Of the message whose evaluations have this seed.
    pub fn of(seed: u64) -> TraceId {
        let (mut bytes, mut state) = ([0u8; 16], seed ^ 0x7472_6163_6569_6421);
        for half in bytes.chunks_exact_mut(8) {
            state = mix(state);
            half.copy_from_slice(&state.to_be_bytes());
        }
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let mut text = [b'-'; 36];
        let places = (0..36).filter(|at| !matches!(at, 8 | 13 | 18 | 23));
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        for (at, digit) in places.zip(digits) {
            if let Some(place) = text.get_mut(at) {
                *place = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
            }
        }
        TraceId(text)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::TraceId;

    proptest! {
        #[test]
        fn a_trace_id_is_a_uuid_of_version_4(seed: u64) {
            let text = TraceId::of(seed).to_string();
            prop_assert_eq!(text.len(), 36);
            prop_assert_eq!(text.as_bytes()[14], b'4');
            prop_assert!(b"89ab".contains(&text.as_bytes()[19]));
            prop_assert!(text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()));
        }
    }
}
