//! Free bytes of the disk in, what may still be decided out. It looks at no disk itself.

use store::Need;

/// A group that is decided, and the journal's next file.
const MARGIN_BYTES: u64 = 16 * 1024 * 1024;
/// Parts of what is kept free: the last of four is not for what replaces documents, the last of eight for nothing.
const REPLACING_PARTS: u64 = 4;
const LAST_PARTS: u64 = 8;

/// How much of the disk is kept free.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reserve {
    pub(crate) keep_free_bytes: u64,
    /// What may be in memory on its way to the tables.
    pub(crate) tables_bytes: u64,
}

impl Reserve {
    /// Below this the store itself refuses what needs the disk: far below what is decided here, so that what nobody can
    /// refuse, like a packet id that became free, still has room.
    pub(crate) fn last_bytes(self) -> u64 {
        self.keep_free_bytes / LAST_PARTS
    }

    /// The most that the disk takes, and how much has to be free for more.
    pub(crate) fn takes(self, free: u64) -> (Need, u64) {
        let room = self.keep_free_bytes.saturating_add(MARGIN_BYTES).saturating_add(self.tables_bytes);
        let some = (self.keep_free_bytes / REPLACING_PARTS).saturating_add(MARGIN_BYTES);
        match free {
            free if free >= room => (Need::Room, 0),
            free if free >= some => (Need::Reserve, room),
            _ => (Need::Nothing, some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_is_taken_the_less_is_free_and_the_store_is_the_last_to_refuse() {
        const MIB: u64 = 1024 * 1024;
        let reserve = Reserve { keep_free_bytes: 64 * MIB, tables_bytes: 20 * MIB };
        for (free_mib, taken) in [
            (200, Need::Room),
            (100, Need::Room),
            (99, Need::Reserve),
            (32, Need::Reserve),
            (31, Need::Nothing),
            (0, Need::Nothing),
        ] {
            assert_eq!(reserve.takes(free_mib * MIB).0, taken, "{free_mib} MiB");
        }
        assert_eq!(reserve.last_bytes(), 8 * MIB);
        let nothing = Reserve { keep_free_bytes: u64::MAX, tables_bytes: u64::MAX };
        assert_eq!(nothing.takes(1 << 60).0, Need::Nothing);
    }
}
