//! The dialect: `aws` or `standard` in, the way wildcards and quotas are read out; it holds no quota itself.

use std::{fmt, str::FromStr};

/// Whose reading of MQTT applies where AWS IoT and the standard differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    #[default]
    Aws,
    Standard,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no dialect {0:?}; write \"aws\" or \"standard\"")]
pub struct UnknownDialect(pub String);

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "aws" => Ok(Self::Aws),
            "standard" => Ok(Self::Standard),
            _ => Err(UnknownDialect(text.to_owned())),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Aws => "aws",
            Self::Standard => "standard",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialect_is_read_as_it_is_written() {
        for dialect in [Dialect::Aws, Dialect::Standard] {
            assert_eq!(dialect.to_string().parse(), Ok(dialect));
        }
        assert_eq!(
            "AWS".parse::<Dialect>().expect_err("capitals are not the name").to_string(),
            "there is no dialect \"AWS\"; write \"aws\" or \"standard\""
        );
    }
}
