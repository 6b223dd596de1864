//! A quality of service: the two bits of a packet in, a named level out; it does not say what a server offers.

/// How often a message may arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum QoS {
    AtMostOnce = 0,
    AtLeastOnce = 1,
    ExactlyOnce = 2,
}

impl QoS {
    /// The level of a packet's two bits; `None` for 3 and above.
    pub fn from_u8(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_survives_its_bits() {
        for bits in 0..=u8::MAX {
            assert_eq!(QoS::from_u8(bits).map(|qos| qos as u8), (bits < 3).then_some(bits));
        }
    }
}
