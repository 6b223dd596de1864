//! How much of everything there may be. AWS's quotas where AWS has one.

/// Characters of a thing's name.
pub const THING_NAME_CHARS: usize = 128;

/// Attributes of a thing without a type.
pub const ATTRIBUTES: usize = 3;

/// Characters of an attribute's name.
pub const ATTRIBUTE_NAME_CHARS: usize = 128;

/// Characters of an attribute's value.
pub const ATTRIBUTE_VALUE_CHARS: usize = 800;

/// Bytes of a certificate or a signing request in PEM.
pub const PEM_BYTES: usize = 65_536;

/// Host names and addresses in one server certificate.
pub const SERVER_NAMES: usize = 1_000;

/// Documents read at once while the registry is opened.
pub(crate) const SCAN_DOCUMENTS: usize = 4_096;
