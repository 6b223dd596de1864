//! Which of AWS's SQL versions a rule is written for: its name in, the version out.

/// A version of the language. `beta` reads as the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Version {
    /// What AWS's API takes a rule for that names no version.
    #[default]
    V2015,
    V2016,
    Beta,
}

impl Version {
    pub fn parse(name: &str) -> Option<Version> {
        match name {
            "2015-10-08" => Some(Version::V2015),
            "2016-03-23" => Some(Version::V2016),
            "beta" => Some(Version::Beta),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Version::V2015 => "2015-10-08",
            Version::V2016 => "2016-03-23",
            Version::Beta => "beta",
        }
    }
}
