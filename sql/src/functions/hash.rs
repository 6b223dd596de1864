//! Hashes: anything that converts to a string in, lower-case hexadecimal digits out.

use md2::Md2;
use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use crate::convert;
use crate::function::Function;
use crate::value::Value;
use crate::version::Version::V2015;

pub(super) static TABLE: &[Function] = &[
    Function::pure("md2", V2015, (1, 1), hash::<Md2>),
    Function::pure("md5", V2015, (1, 1), hash::<Md5>),
    Function::pure("sha1", V2015, (1, 1), hash::<Sha1>),
    Function::pure("sha224", V2015, (1, 1), hash::<Sha224>),
    Function::pure("sha256", V2015, (1, 1), hash::<Sha256>),
    Function::pure("sha384", V2015, (1, 1), hash::<Sha384>),
    Function::pure("sha512", V2015, (1, 1), hash::<Sha512>),
];

fn hash<D: Digest>(arguments: &[Value]) -> Option<Value> {
    let text = convert::text(arguments.first()?)?;
    let digest = D::digest(text.as_bytes());
    Some(Value::String(digest.iter().map(|byte| format!("{byte:02x}")).collect()))
}

#[cfg(test)]
mod tests {
    use super::super::trial::check;

    #[test]
    fn hashes_are_those_that_others_publish() {
        check(r#"md2("hello")"#, r#""a9046c73e00331af68917d3804f70655""#);
        check(r#"md5("hello")"#, r#""5d41402abc4b2a76b9719d911017c592""#);
        check(r#"sha1("hello")"#, r#""aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d""#);
        check(r#"sha224("hello")"#, r#""ea09ae9cc6768c50fcee903ed054556e5bfc8347907f12598aa24193""#);
        check(r#"sha256("hello")"#, r#""2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824""#);
        check(
            r#"sha384("abc")"#,
            concat!(
                "\"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163",
                "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7\""
            ),
        );
        check(
            r#"sha512("abc")"#,
            concat!(
                "\"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a",
                "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f\""
            ),
        );
    }

    #[test]
    fn what_is_no_text_is_hashed_as_its_text() {
        check("md5(12)", r#""c20ad4d76fe97759aa27a0c99bff6710""#);
        check(r#"md5("12")"#, r#""c20ad4d76fe97759aa27a0c99bff6710""#);
        for name in ["md2", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"] {
            for argument in ["null", "undefined", "", r#""a", "b""#] {
                check(&format!("{name}({argument})"), "undefined");
            }
        }
    }
}
