//! The numbers of the protocol and the bounds of this crate's tables.

/// The longest text or binary field.
pub const FIELD_BYTES_MAX: usize = 65_535;
/// The largest value four variable-length bytes can say.
pub const REMAINING_LENGTH_MAX: usize = 268_435_455;
/// The largest whole packet: one byte of kind, four of length, the rest.
pub const PACKET_BYTES_MAX: usize = REMAINING_LENGTH_MAX + 5;
/// The packet ids a connection may have open at once: every id but 0.
pub const OPEN_IDS_MAX: usize = 65_535;
/// The topics a connection gives an alias, however many the peer would take.
pub const OUTBOUND_ALIASES_MAX: usize = 64;
/// The SUBSCRIBE and UNSUBSCRIBE ids kept apart from publishes until they are freed.
pub const RESERVED_IDS_MAX: usize = 256;
