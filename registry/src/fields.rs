//! A certificate's DER in, what policy variables can say of it out. Verifies nothing.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

/// The parts of a name that policies can ask for, by their object identifiers.
const NAME_FIELDS: [(&str, &str); 13] = [
    ("2.5.4.3", "CommonName"),
    ("2.5.4.4", "Surname"),
    ("2.5.4.5", "SerialNumber"),
    ("2.5.4.6", "Country"),
    ("2.5.4.8", "State"),
    ("2.5.4.10", "Organization"),
    ("2.5.4.11", "OrganizationalUnit"),
    ("2.5.4.12", "Title"),
    ("2.5.4.42", "GivenName"),
    ("2.5.4.43", "Initials"),
    ("2.5.4.44", "GenerationQualifier"),
    ("2.5.4.46", "DistinguishedNameQualifier"),
    ("2.5.4.65", "Pseudonym"),
];

type Fields = BTreeMap<String, Vec<String>>;

/// By the names that follow `iot:Certificate.`, each with its values in the certificate's order. Of what is no
/// certificate there are none.
#[must_use]
pub fn certificate_fields(der: &[u8]) -> BTreeMap<String, Vec<String>> {
    let mut fields = Fields::new();
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return fields };
    add_name(&mut fields, "Subject", certificate.subject());
    add_name(&mut fields, "Issuer", certificate.issuer());
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => {
                add_alternatives(&mut fields, "Subject", &names.general_names);
            }
            ParsedExtension::IssuerAlternativeName(names) => {
                add_alternatives(&mut fields, "Issuer", &names.general_names);
            }
            _ => {}
        }
    }
    fields.insert("SerialNumber".to_owned(), vec![serial(certificate.raw_serial())]);
    fields
}

/// Pairs of digits with colons between them, as OpenSSL prints a number that is too long for decimal digits.
fn serial(bytes: &[u8]) -> String {
    let bytes = match bytes {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

fn add_name(fields: &mut Fields, side: &str, name: &X509Name<'_>) {
    for attribute in name.iter_attributes() {
        let oid = attribute.attr_type().to_id_string();
        let Some((_, field)) = NAME_FIELDS.iter().find(|(known, _)| *known == oid) else { continue };
        if let Some(value) = text(attribute) {
            fields.entry(format!("{side}.{field}")).or_default().push(value);
        }
    }
}

fn text(attribute: &x509_parser::x509::AttributeTypeAndValue<'_>) -> Option<String> {
    if let Ok(text) = attribute.as_str() {
        return Some(text.to_owned());
    }
    // BMPString: two bytes for each character.
    let units =
        attribute.as_slice().chunks_exact(2).map(|pair| pair.iter().fold(0, |n, b| n << 8 | u16::from(*b)));
    let is_bmp = attribute.attr_value().tag() == x509_parser::asn1_rs::Tag::BmpString;
    is_bmp.then(|| char::decode_utf16(units).collect::<Result<String, _>>().ok()).flatten()
}

fn add_alternatives(fields: &mut Fields, side: &str, names: &[GeneralName<'_>]) {
    for name in names {
        let (field, value) = match name {
            GeneralName::RFC822Name(text) => ("RFC822Name", (*text).to_owned()),
            GeneralName::DNSName(text) => ("DNSName", (*text).to_owned()),
            GeneralName::URI(text) => ("UniformResourceIdentifier", (*text).to_owned()),
            GeneralName::DirectoryName(name) => ("DirectoryName", name.to_string()),
            GeneralName::IPAddress(bytes) => match address(bytes) {
                Some(address) => ("IPAddress", address),
                None => continue,
            },
            _ => continue,
        };
        fields.entry(format!("{side}.AlternativeName.{field}")).or_default().push(value);
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(bytes).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|bytes| Ipv6Addr::from(bytes).to_string())
}
