//! Values to compact JSON. What is Undefined is left out of objects and arrays; alone it is no text.

use std::io::Write;

use crate::value::Value;

/// A value as compact JSON; Undefined is the empty text.
pub fn write(value: &Value) -> String {
    let mut out = Vec::new();
    write_into(value, &mut out);
    String::from_utf8(out).expect("JSON is written from strings and ASCII characters")
}

pub(crate) fn write_into(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Undefined => {}
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(int) => match i64::try_from(*int) {
            // Printing 128 bits takes several times as long.
            Ok(short) => display(&short, out),
            Err(_) => display(int, out),
        },
        Value::Decimal(decimal) => display(decimal, out),
        Value::String(text) => write_text(text, out),
        Value::Array(elements) => {
            out.push(b'[');
            for element in elements.iter().filter(|element| **element != Value::Undefined) {
                write_into(element, out);
                out.push(b',');
            }
            close(b']', out);
        }
        Value::Object(object) => {
            out.push(b'{');
            for (name, value) in object.iter().filter(|(_, value)| **value != Value::Undefined) {
                write_text(name, out);
                out.push(b':');
                write_into(value, out);
                out.push(b',');
            }
            close(b'}', out);
        }
    }
}

/// Puts the bracket in the place of the last comma.
fn close(bracket: u8, out: &mut Vec<u8>) {
    match out.last_mut() {
        Some(last) if *last == b',' => *last = bracket,
        _ => out.push(bracket),
    }
}

fn display(shown: &dyn std::fmt::Display, out: &mut Vec<u8>) {
    write!(out, "{shown}").expect("a Vec takes every byte");
}

pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (clean, dirty) = rest.split_at(super::text::plain_length(rest));
        out.extend_from_slice(clean);
        let Some((byte, behind)) = dirty.split_first() else { break };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            8 => out.extend_from_slice(b"\\b"),
            12 => out.extend_from_slice(b"\\f"),
            control => display(&format_args!("\\u{control:04x}"), out),
        }
        rest = behind;
    }
    out.push(b'"');
}
