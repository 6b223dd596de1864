//! Access keys and the scope they sign for: text in, parts out. Knows no secrets.

/// `AKID/20260102/us-east-1/iot/aws4_request`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialScope {
    pub access_key: String,
    /// `YYYYMMDD`.
    pub date: String,
    pub region: String,
    pub service: String,
}

impl CredentialScope {
    /// The five parts of a credential, separated by slashes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let mut part = || parts.next().filter(|part| !part.is_empty()).map(str::to_owned);
        let (access_key, date, region, service, end) = (part()?, part()?, part()?, part()?, part()?);
        (end == "aws4_request" && part().is_none()).then_some(Self { access_key, date, region, service })
    }
}
