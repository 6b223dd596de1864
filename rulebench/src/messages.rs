//! Out: telemetry messages of 322 bytes each, as devices write them, the same on every run. Does not know who reads them.

/// So many that no branch predictor learns one by heart.
const MESSAGES: u64 = 64;
#[cfg(test)]
const BYTES: usize = 322;

/// Compact, as SDKs in Rust, C and JavaScript write them.
pub fn compact() -> Vec<Vec<u8>> {
    (0..MESSAGES).map(|seed| telemetry(seed).into_bytes()).collect()
}

/// With the blanks that Python's `json.dumps` writes.
pub fn spaced() -> Vec<Vec<u8>> {
    // No string in the message has a comma or a colon.
    let spaced = |seed| telemetry(seed).replace(',', ", ").replace(':', ": ").into_bytes();
    (0..MESSAGES).map(spaced).collect()
}

fn telemetry(seed: u64) -> String {
    let mut draws = Draws(seed);
    let mut draw = |from, to| draws.between(from, to);
    let pump = draw(1, 9);
    let line = draw(10, 99);
    let temperature = format!("{}.{:02}", draw(21, 99), draw(0, 99));
    let humidity = format!("{}.{}", draw(10, 99), draw(0, 9));
    let pressure = format!("{}.{:02}", draw(1000, 1060), draw(0, 99));
    let [first, second, third] = [(); 3].map(|()| draw(1, 30));
    let fourth = draw(1, 9);
    let (minor, battery) = (draw(10, 99), draw(10, 99));
    let (uptime, milliseconds) = (draw(100_000, 999_999), draw(0, 999));
    format!(
        "{{\"deviceId\":\"pump-{pump}\",\"location\":{{\"site\":\"north\",\"line\":{line},\"cell\":\"dryer\"}},\
         \"temperature\":{temperature},\"humidity\":{humidity},\"pressure\":{pressure},\
         \"vibration\":[0.{first:03},0.{second:03},0.{third:03},0.0{fourth}],\"status\":\"ok\",\
         \"firmware\":\"2.{minor}.0\",\"battery\":{battery},\"uptime\":{uptime},\"timestamp\":1700000000{milliseconds:03},\
         \"tags\":[\"bme680\",\"indoor\",\"calibrated\"],\"error\":null,\"active\":true}}"
    )
}

/// Splitmix64.
struct Draws(u64);

impl Draws {
    fn between(&mut self, from: u64, to: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        from + (mixed ^ (mixed >> 31)) % (to - from + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_json_of_322_bytes_and_differs() {
        let messages = compact();
        for (at, message) in messages.iter().enumerate() {
            assert_eq!(message.len(), BYTES, "{}", String::from_utf8_lossy(message));
            assert!(serde_json::from_slice::<serde_json::Value>(message).is_ok());
            assert!(!messages[..at].contains(message));
        }
    }

    #[test]
    fn blanks_change_no_value() {
        for (compact, spaced) in compact().iter().zip(spaced()) {
            let read = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json).unwrap();
            assert_eq!(read(compact), read(&spaced));
            assert!(spaced.len() > compact.len() + 30);
        }
    }
}
