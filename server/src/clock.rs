//! The clock: the machine's time for keep-alives and timeouts, a steerable wall clock for everything people mean
//! by time (sessions, wills' delays, expiry, batches).

use std::sync::Mutex;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Both clocks.
#[derive(Debug)]
pub struct Clock {
    start: Instant,
    wall: Mutex<Wall>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Wall {
    /// Added to the machine's wall clock.
    ahead_ms: u64,
    /// Stands still at this time while set.
    frozen_ms: Option<u64>,
}

/// What `thingstead time show` prints.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize, PartialEq, Eq)]
pub struct Reading {
    pub now_ms: u64,
    pub ahead_ms: u64,
    pub frozen: bool,
}

impl Default for Clock {
    fn default() -> Self {
        Clock { start: Instant::now(), wall: Mutex::new(Wall::default()) }
    }
}

impl Clock {
    /// Milliseconds of the machine since the start; never steered, never backwards.
    pub fn machine_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Milliseconds since 1970 as this instance sees them.
    pub fn wall_ms(&self) -> u64 {
        self.lock().now_ms()
    }

    /// The same in whole seconds, as certificates count.
    pub(crate) fn wall_s(&self) -> i64 {
        i64::try_from(self.wall_ms() / 1000).unwrap_or(i64::MAX)
    }

    pub fn read(&self) -> Reading {
        let wall = self.lock();
        Reading { now_ms: wall.now_ms(), ahead_ms: wall.ahead_ms, frozen: wall.frozen_ms.is_some() }
    }

    /// Lets time stand still.
    pub fn freeze(&self) {
        let mut wall = self.lock();
        let now_ms = wall.now_ms();
        wall.frozen_ms.get_or_insert(now_ms);
    }

    /// Moves time forward; it stays frozen if it was.
    pub fn advance(&self, by_ms: u64) {
        let mut wall = self.lock();
        match &mut wall.frozen_ms {
            Some(frozen_ms) => *frozen_ms = frozen_ms.saturating_add(by_ms),
            None => wall.ahead_ms = wall.ahead_ms.saturating_add(by_ms),
        }
    }

    /// Lets time run again from where it stands. Time never goes back: what was advanced stays.
    pub fn resume(&self) {
        let mut wall = self.lock();
        if let Some(frozen_ms) = wall.frozen_ms.take() {
            wall.ahead_ms = frozen_ms.saturating_sub(machine_wall_ms()).max(wall.ahead_ms);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Wall> {
        self.wall.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Wall {
    fn now_ms(self) -> u64 {
        self.frozen_ms.unwrap_or_else(|| machine_wall_ms().saturating_add(self.ahead_ms))
    }
}

fn machine_wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frozen_time_moves_only_when_told() {
        let clock = Clock::default();
        clock.freeze();
        let then = clock.wall_ms();
        clock.advance(60_000);
        assert_eq!(clock.wall_ms(), then + 60_000);
        clock.resume();
        assert!(clock.wall_ms() >= then + 60_000);
    }
}
