//! Numbers, texts and framed bodies appended to a buffer. Knows no packet.

use crate::limits::{FIELD_BYTES_MAX, REMAINING_LENGTH_MAX};

/// Appends a whole packet: first byte, length, then what `body` writes. Nothing is left behind when the body
/// is longer than a packet can be.
pub(crate) fn frame(out: &mut Vec<u8>, first_byte: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let before = out.len();
    out.push(first_byte);
    if !sized(out, body) {
        out.truncate(before);
    }
}

/// Appends what `body` writes behind its own variable-length size. False when that is too long to say.
pub(crate) fn sized(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) -> bool {
    let start = out.len();
    out.push(0);
    body(out);
    let length = out.len() - start - 1;
    if length > REMAINING_LENGTH_MAX {
        out.truncate(start);
        return false;
    }
    let (digits, used) = varint(length);
    out.splice(start..=start, digits.into_iter().take(used));
    true
}

/// The variable-length form of a number up to 268,435,455, and how many bytes of it count.
pub(crate) const fn varint(value: usize) -> ([u8; 4], usize) {
    let d0 = (value & 0x7f) as u8;
    let d1 = ((value >> 7) & 0x7f) as u8;
    let d2 = ((value >> 14) & 0x7f) as u8;
    let d3 = ((value >> 21) & 0x7f) as u8;
    match varint_size(value) {
        1 => ([d0, 0, 0, 0], 1),
        2 => ([d0 | 0x80, d1, 0, 0], 2),
        3 => ([d0 | 0x80, d1 | 0x80, d2, 0], 3),
        _ => ([d0 | 0x80, d1 | 0x80, d2 | 0x80, d3], 4),
    }
}

pub(crate) const fn varint_size(value: usize) -> usize {
    match value {
        0..=0x7f => 1,
        0x80..=0x3fff => 2,
        0x4000..=0x1f_ffff => 3,
        _ => 4,
    }
}

pub(crate) fn put_varint(out: &mut Vec<u8>, value: usize) {
    let (digits, used) = varint(value);
    out.extend(digits.into_iter().take(used));
}

pub(crate) fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(crate) fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// Appends a text field, cut at a character when it is longer than a field can be.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    let end = text.floor_char_boundary(FIELD_BYTES_MAX);
    put_bytes(out, text.as_bytes().get(..end).unwrap_or_default());
}

/// Appends a binary field, cut when it is longer than a field can be.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = bytes.len().min(FIELD_BYTES_MAX);
    put_u16(out, length as u16);
    out.extend_from_slice(bytes.get(..length).unwrap_or_default());
}
