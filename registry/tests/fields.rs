//! Certificates made by OpenSSL in, what policies can say of them out.

use std::collections::BTreeMap;
use std::process::Command;

use registry::{PublicCertificate, certificate_fields};

fn made(subject: &str, extensions: &[&str]) -> BTreeMap<String, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let mut arguments =
        vec!["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    arguments.extend(["-keyout", "key", "-out", "pem", "-utf8", "-subj", subject]);
    arguments.extend(["-set_serial", "0x921285cbb7a5e086"]);
    arguments.extend(extensions.iter().flat_map(|extension| ["-addext", extension]));
    let output = Command::new("openssl").args(&arguments).current_dir(&folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let pem = std::fs::read_to_string(folder.path().join("pem")).unwrap();
    certificate_fields(&PublicCertificate::from_pem(&pem).unwrap().der)
}

fn values<'a>(fields: &'a BTreeMap<String, Vec<String>>, name: &str) -> Vec<&'a str> {
    fields.get(name).into_iter().flatten().map(String::as_str).collect()
}

#[test]
fn every_part_of_a_name_is_found() {
    let subject = "/C=DE/O=Müller, GmbH/OU=Pumps/OU=Valves/ST=BW/CN=pump-1/GN=Bulb/SN=Color/initials=ZZ\
                   /dnQualifier=Q1/title=RGB/pseudonym=P/generationQualifier=4/serialNumber=123";
    let fields = made(subject, &[]);
    let check = |name: &str, expected: &[&str]| {
        for side in ["Subject", "Issuer"] {
            assert_eq!(values(&fields, &format!("{side}.{name}")), expected, "{side}.{name}");
        }
    };
    check("Country", &["DE"]);
    check("Organization", &["Müller, GmbH"]);
    check("OrganizationalUnit", &["Pumps", "Valves"]);
    check("State", &["BW"]);
    check("CommonName", &["pump-1"]);
    check("GivenName", &["Bulb"]);
    check("Surname", &["Color"]);
    check("Initials", &["ZZ"]);
    check("DistinguishedNameQualifier", &["Q1"]);
    check("Title", &["RGB"]);
    check("Pseudonym", &["P"]);
    check("GenerationQualifier", &["4"]);
    check("SerialNumber", &["123"]);
    assert_eq!(values(&fields, "SerialNumber"), ["92:12:85:cb:b7:a5:e0:86"]);
}

#[test]
fn alternative_names_are_found() {
    let subject =
        "subjectAltName=DNS:a.example,DNS:b.example,IP:10.0.0.7,IP:fe80::1,email:me@a.example,URI:urn:pump:1";
    let fields = made("/CN=x", &[subject, "issuerAltName=DNS:ca.example"]);
    let check = |name: &str, expected: &[&str]| assert_eq!(values(&fields, name), expected, "{name}");
    check("Subject.AlternativeName.DNSName", &["a.example", "b.example"]);
    check("Subject.AlternativeName.IPAddress", &["10.0.0.7", "fe80::1"]);
    check("Subject.AlternativeName.RFC822Name", &["me@a.example"]);
    check("Subject.AlternativeName.UniformResourceIdentifier", &["urn:pump:1"]);
    check("Issuer.AlternativeName.DNSName", &["ca.example"]);
}

#[test]
fn what_is_no_certificate_has_no_fields() {
    for der in [&b""[..], b"nonsense", &[0x30, 0x82, 0xff]] {
        assert!(certificate_fields(der).is_empty());
    }
}
