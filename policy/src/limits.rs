//! The bounds of this crate, beside the AWS quota each stands for.

/// Characters of a policy document, white space not counted (AWS: 2048).
pub const DOCUMENT_CHARS: usize = 2048;
/// Bytes of a document that are read at all: white space is free in AWS, but not without end.
pub const DOCUMENT_BYTES: usize = 64 * 1024;
/// Nesting of JSON values; a valid document needs six.
pub const DEPTH: usize = 16;
/// Characters of a variable's value; AWS leaves longer values unsubstituted.
pub const VALUE_CHARS: usize = 1024;
/// Values of a multi-valued certificate field that AWS looks at.
pub const FIELD_VALUES: usize = 5;
