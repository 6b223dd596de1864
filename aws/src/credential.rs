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
        let (access_key, date, region, service) = (part()?, part()?, part()?, part()?);
        let ends = parts.next() == Some("aws4_request") && parts.next().is_none();
        ends.then_some(Self { access_key, date, region, service })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_has_five_parts() {
        let check = |text: &str, expected: Option<[&str; 4]>| {
            let found = CredentialScope::parse(text);
            let found = found.as_ref().map(|scope| {
                [&scope.access_key, &scope.date, &scope.region, &scope.service].map(String::as_str)
            });
            assert_eq!(found, expected, "{text}");
        };
        let iot = Some(["AKID", "20260102", "us-east-1", "iot"]);
        check("AKID/20260102/us-east-1/iot/aws4_request", iot);
        check("AKID/20260102/us-east-1/iot/aws4_request/", None);
        check("AKID/20260102/us-east-1/iot/aws3_request", None);
        check("AKID/20260102/us-east-1/iot", None);
        check("AKID//us-east-1/iot/aws4_request", None);
        check("/20260102/us-east-1/iot/aws4_request", None);
        check("", None);
    }
}
