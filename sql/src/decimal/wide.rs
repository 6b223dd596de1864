//! Numbers of twice 34 digits, for what arithmetic comes to before it is rounded. They have no sign and no point.

use crate::limits::DIGITS;

/// 10^34: what the lower half stays under.
const BASE: u128 = 10u128.pow(DIGITS);

/// `high × 10^34 + low`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wide {
    high: u128,
    low: u128,
}

impl From<u128> for Wide {
    fn from(small: u128) -> Wide {
        Wide { high: small / BASE, low: small % BASE }
    }
}

impl Wide {
    /// Of two factors of no more than 34 digits.
    pub(super) fn product(left: u128, right: u128) -> Wide {
        // By halves of 17 digits, whose products fit.
        const HALF: u128 = 10u128.pow(DIGITS / 2);
        let (left_high, left_low) = (left / HALF, left % HALF);
        let (right_high, right_low) = (right / HALF, right % HALF);
        let middle = left_high * right_low + left_low * right_high;
        let low = left_low * right_low + middle % HALF * HALF;
        Wide { high: left_high * right_high + middle / HALF + low / BASE, low: low % BASE }
    }

    /// `magnitude × 10^places`, for no more than 34 digits and 34 places.
    pub(super) fn shifted(magnitude: u128, places: u32) -> Wide {
        let split = power(DIGITS - places);
        Wide { high: magnitude / split, low: magnitude % split * power(places) }
    }

    pub(super) fn plus(self, small: u128) -> Wide {
        let low = self.low + small;
        Wide { high: self.high + low / BASE, low: low % BASE }
    }

    /// The distance between the two, and whether this one is the smaller.
    pub(super) fn minus(self, small: u128) -> (bool, Wide) {
        if self.high > 0 && self.low < small {
            // `small` may have 34 digits and `low` none, so one unit of the upper half is enough.
            (false, Wide { high: self.high - 1, low: self.low + BASE - small })
        } else if self.low < small {
            (true, Wide::from(small - self.low))
        } else {
            (false, Wide { high: self.high, low: self.low - small })
        }
    }

    /// To the nearest number of 34 digits, from the middle to the even one; and how many digits were dropped.
    pub(super) fn rounded(self) -> (u128, u32) {
        if self.high == 0 {
            return (self.low, 0);
        }
        let dropped = digits(self.high);
        let unit = power(dropped);
        let kept = self.high * power(DIGITS - dropped) + self.low / unit;
        let rest = self.low % unit;
        let up = rest * 2 > unit || (rest * 2 == unit && kept % 2 == 1);
        match kept + u128::from(up) {
            BASE => (BASE / 10, dropped + 1),
            magnitude => (magnitude, dropped),
        }
    }
}

/// How many digits a number is written with: 1 for zero.
pub(super) fn digits(magnitude: u128) -> u32 {
    magnitude.checked_ilog10().map_or(1, |log| log + 1)
}

/// 10^exponent. There is none above 10^38.
pub(super) fn power(exponent: u32) -> u128 {
    10u128.pow(exponent)
}
