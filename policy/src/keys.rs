//! The names of policy variables and condition keys that AWS IoT knows; holds no values.

const FIXED: &[&str] = &[
    "iot:ClientId",
    "iot:DomainName",
    "iot:Connection.Thing.ThingName",
    "iot:Connection.Thing.ThingTypeName",
    "iot:Connection.Thing.IsAttached",
    "iot:Certificate.SerialNumber",
    "iot:Certificate.AvailableKeys",
    CONNECT_ATTRIBUTES,
    LAST_WILL_TOPIC,
    INCLUDE_SOCKET_INFORMATION,
    CURRENT_TIME,
    EPOCH_TIME,
    "aws:SourceIp",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "cognito-identity.amazonaws.com:sub",
    "cognito-identity.amazonaws.com:aud",
];

pub(crate) const CONNECT_ATTRIBUTES: &str = "iot:ConnectAttributes";
pub(crate) const LAST_WILL_TOPIC: &str = "iot:LastWillTopic";
pub(crate) const INCLUDE_SOCKET_INFORMATION: &str = "iot:IncludeSocketInformation";
pub(crate) const CURRENT_TIME: &str = "aws:CurrentTime";
pub(crate) const EPOCH_TIME: &str = "aws:EpochTime";

const NAME_FIELDS: &[&str] = &[
    "DistinguishedNameQualifier",
    "Country",
    "Organization",
    "OrganizationalUnit",
    "State",
    "CommonName",
    "SerialNumber",
    "Title",
    "Surname",
    "GivenName",
    "Initials",
    "Pseudonym",
    "GenerationQualifier",
];

const ALTERNATIVE_FIELDS: &[&str] =
    &["RFC822Name", "DNSName", "DirectoryName", "UniformResourceIdentifier", "IPAddress"];

const ATTRIBUTES: &str = "iot:Connection.Thing.Attributes[";

/// The spelling of a known name; upper and lower case do not count, as in IAM.
pub(crate) fn canonical(name: &str) -> Option<String> {
    if let Some(fixed) = FIXED.iter().find(|fixed| fixed.eq_ignore_ascii_case(name)) {
        return Some((*fixed).to_owned());
    }
    if let Some(attribute) = after(name, ATTRIBUTES) {
        let attribute = attribute.strip_suffix(']').filter(|attribute| !attribute.is_empty())?;
        return Some(format!("{ATTRIBUTES}{attribute}]"));
    }
    ["iot:Certificate.Subject.", "iot:Certificate.Issuer."].iter().find_map(|side| {
        let field = after(name, side)?;
        let (group, fields, field) = match after(field, "AlternativeName.") {
            Some(field) => ("AlternativeName.", ALTERNATIVE_FIELDS, field),
            None => ("", NAME_FIELDS, field),
        };
        let (field, suffix) = field.split_once('.').unwrap_or((field, ""));
        let field = fields.iter().find(|known| known.eq_ignore_ascii_case(field))?;
        let suffix = match suffix {
            "" => String::new(),
            list if list.eq_ignore_ascii_case("List") => ".List".to_owned(),
            digits => format!(".{}", digits.parse::<u8>().ok()?),
        };
        Some(format!("{side}{group}{field}{suffix}"))
    })
}

/// Whether the value is part of a distinguished name, in which AWS escapes special characters.
pub(crate) fn is_name_field(key: &str) -> bool {
    ["iot:Certificate.Subject.", "iot:Certificate.Issuer."]
        .iter()
        .any(|side| key.strip_prefix(side).is_some_and(|field| !field.starts_with("AlternativeName.")))
}

/// Whether the value is known only when something is asked.
pub(crate) fn comes_with_the_ask(key: &str) -> bool {
    [INCLUDE_SOCKET_INFORMATION, CURRENT_TIME, EPOCH_TIME].contains(&key)
}

fn after<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let head = name.get(..prefix.len())?;
    if head.eq_ignore_ascii_case(prefix) { name.get(prefix.len()..) } else { None }
}
