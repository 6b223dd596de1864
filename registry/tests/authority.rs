//! Certificates of the authority in, other people's opinion of them out: OpenSSL, Python's ssl, x509-parser.

use std::path::Path;
use std::process::Command;

use registry::{Authority, AuthorityError, CertificateFault, CertificateId, KeyChoice, PublicCertificate};
use tempfile::TempDir;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

const NOW_S: i64 = 1_790_000_000;
const DAY_S: i64 = 86_400;

fn names() -> Vec<String> {
    ["localhost", "*.iot.localhost", "127.0.0.1", "::1", "abc-ats.iot.us-east-1.amazonaws.com", "Factory_1"]
        .map(String::from)
        .to_vec()
}

fn run(program: &str, folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output().expect(program);
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {text}");
    text
}

fn write(folder: &TempDir, name: &str, contents: &str) {
    std::fs::write(folder.path().join(name), contents).unwrap();
}

/// A signing request made by OpenSSL.
fn request(folder: &TempDir, key: &[&str]) -> String {
    let mut arguments =
        vec!["req", "-new", "-nodes", "-keyout", "own.key", "-out", "own.csr", "-subj", "/CN=my own"];
    arguments.extend(["-addext", "subjectAltName=DNS:evil.example", "-addext", "basicConstraints=CA:TRUE"]);
    arguments.extend(key);
    run("openssl", folder.path(), &arguments);
    std::fs::read_to_string(folder.path().join("own.csr")).unwrap()
}

#[test]
fn openssl_verifies_every_kind_of_certificate_strictly() {
    let folder = TempDir::new().unwrap();
    let authority = Authority::create(NOW_S).unwrap();
    write(&folder, "ca.pem", authority.cert_pem());
    let at = NOW_S.to_string();
    let check = |purpose: &str, pem: &str| {
        write(&folder, "leaf.pem", pem);
        let strict = ["verify", "-x509_strict", "-check_ss_sig", "-attime", &at, "-CAfile", "ca.pem"];
        run("openssl", folder.path(), &[&strict[..], &["-purpose", purpose, "leaf.pem"]].concat());
    };
    check("any", authority.cert_pem());
    check("sslserver", &authority.issue_server(&names(), NOW_S).unwrap().cert_pem);
    check("sslclient", &authority.issue_device(KeyChoice::Rsa2048, NOW_S).unwrap().cert_pem);
    check("sslclient", &authority.issue_device(KeyChoice::P256, NOW_S).unwrap().cert_pem);
    let own: [&[&str]; 5] = [
        &["-newkey", "rsa:2048"],
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha384"],
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha512"],
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521", "-sha512"],
    ];
    for key in own {
        let csr = request(&folder, key);
        check("sslclient", &authority.issue_device(KeyChoice::Request(&csr), NOW_S).unwrap().cert_pem);
    }
}

#[test]
fn python_connects_strictly_with_both_certificates() {
    let folder = TempDir::new().unwrap();
    let now_s: i64 = run("date", folder.path(), &["+%s"]).trim().parse().unwrap();
    let authority = Authority::create(now_s).unwrap();
    let server = authority.issue_server(&names(), now_s).unwrap();
    write(&folder, "ca.pem", authority.cert_pem());
    write(&folder, "server.pem", &server.cert_pem);
    write(&folder, "server.key", &server.key_pem);
    for (kind, choice) in [("rsa", KeyChoice::Rsa2048), ("p256", KeyChoice::P256)] {
        let device = authority.issue_device(choice, now_s).unwrap();
        write(&folder, &format!("{kind}.pem"), &device.cert_pem);
        write(&folder, &format!("{kind}.key"), &device.key_pem.unwrap());
    }
    let printed = run("python3", folder.path(), &["-c", HANDSHAKES]);
    assert_eq!(printed.lines().count(), 8, "{printed}");
}

/// Both ends of a handshake in one process, for every device certificate and several names.
const HANDSHAKES: &str = r#"
import ssl
def context(protocol, pem, key):
    made = ssl.SSLContext(protocol)
    made.load_cert_chain(pem, key)
    made.load_verify_locations("ca.pem")
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    return made
server = context(ssl.PROTOCOL_TLS_SERVER, "server.pem", "server.key")
for kind in ("rsa", "p256"):
    client = context(ssl.PROTOCOL_TLS_CLIENT, kind + ".pem", kind + ".key")
    for name in ("localhost", "127.0.0.1", "pump.iot.localhost", "abc-ats.iot.us-east-1.amazonaws.com"):
        up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
        near = client.wrap_bio(down, up, server_hostname=name)
        far = server.wrap_bio(up, down, server_side=True)
        waiting = [near, far]
        for _ in range(10):
            for end in list(waiting):
                try:
                    end.do_handshake()
                    waiting.remove(end)
                except ssl.SSLWantReadError:
                    pass
        assert not waiting, name
        print(kind, name, far.getpeercert()["subject"])
"#;

#[test]
fn certificates_say_what_aws_certificates_say() {
    let authority = Authority::create(NOW_S).unwrap();
    let device = authority.issue_device(KeyChoice::default(), NOW_S).unwrap();
    let (_, parsed) = X509Certificate::from_der(&device.cert_der).unwrap();
    assert_eq!(parsed.subject().to_string(), "CN=AWS IoT Certificate");
    assert_eq!(parsed.issuer().to_string(), "CN=Thingstead Root CA");
    assert_eq!(parsed.validity().not_before.timestamp(), NOW_S - DAY_S);
    assert_eq!(parsed.validity().not_after.timestamp(), 2_524_607_999);
    assert_eq!(device.id, CertificateId::from_der(&device.cert_der));
    assert!(device.key_pem.unwrap().starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    assert!(device.public_key_pem.unwrap().starts_with("-----BEGIN PUBLIC KEY-----\n"));
    let read = PublicCertificate::from_pem(&device.cert_pem).unwrap();
    assert_eq!((read.id, read.der), (device.id, device.cert_der.clone()));

    let (_, root) = X509Certificate::from_der(authority.cert_der()).unwrap();
    assert_eq!(root.basic_constraints().unwrap().unwrap().value.path_len_constraint, Some(0));
    assert_eq!(root.validity().not_after.timestamp(), NOW_S + 30 * 365 * DAY_S);
    assert!(root.key_usage().unwrap().unwrap().value.crl_sign());

    let server = authority.issue_server(&names(), NOW_S).unwrap();
    assert_eq!(server.not_after_s, NOW_S + 397 * DAY_S);
    assert_eq!(server.cert_pem.matches("BEGIN CERTIFICATE").count(), 2);
    assert!(server.cert_pem.ends_with(authority.cert_pem()));
}

#[test]
fn a_request_gives_its_key_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let authority = Authority::create(NOW_S).unwrap();
    let csr = request(&folder, &["-newkey", "rsa:2048"]);
    let first = authority.issue_device(KeyChoice::Request(&csr), NOW_S).unwrap();
    let second = authority.issue_device(KeyChoice::Request(&csr), NOW_S).unwrap();
    assert_ne!(first.id, second.id, "each call makes a new certificate");
    assert_eq!((&first.key_pem, &first.public_key_pem), (&None, &None));
    let (_, parsed) = X509Certificate::from_der(&first.cert_der).unwrap();
    assert_eq!(parsed.subject().to_string(), "CN=AWS IoT Certificate");
    assert!(!parsed.is_ca());
    assert!(parsed.subject_alternative_name().unwrap().is_none());
    write(&folder, "issued.pem", &first.cert_pem);
    let issued = run("openssl", folder.path(), &["x509", "-in", "issued.pem", "-noout", "-pubkey"]);
    let own = run("openssl", folder.path(), &["pkey", "-in", "own.key", "-pubout"]);
    assert_eq!(issued, own);
}

#[test]
fn bad_requests_are_refused_by_name() {
    let folder = TempDir::new().unwrap();
    let authority = Authority::create(NOW_S).unwrap();
    let check = |csr: &str, expected: &str| {
        let error = authority.issue_device(KeyChoice::Request(csr), NOW_S).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check("", "no certificate signing request");
    check(authority.cert_pem(), "found CERTIFICATE");
    check(&"x".repeat(70_000), "70000 bytes");
    check(
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        "create it again",
    );
    check(&request(&folder, &["-newkey", "rsa:1024"]), "RSA with 1024 bits");
    check(&request(&folder, &["-newkey", "ed25519"]), "RSA with 2048 bits or more");
    check(
        &request(&folder, &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"]),
        "on a curve that is not supported",
    );
    check(
        &request(&folder, &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha3-256"]),
        "SHA-256",
    );
    let good = request(&folder, &["-newkey", "rsa:2048"]);
    let mut lines: Vec<&str> = good.lines().collect();
    let last = lines.len() - 3;
    let broken = lines[last].chars().rev().collect::<String>();
    lines[last] = &broken;
    let error = authority.issue_device(KeyChoice::Request(&lines.join("\n")), NOW_S).unwrap_err();
    assert_eq!(error, AuthorityError::RequestSignature);
}

#[test]
fn names_of_servers_are_checked() {
    let authority = Authority::create(NOW_S).unwrap();
    let check = |name: &str, expected: bool| {
        let issued = authority.issue_server(&[name.to_owned()], NOW_S);
        assert_eq!(issued.is_ok(), expected, "{name}: {issued:?}");
    };
    check("localhost", true);
    check("*.iot.us-east-1.localhost", true);
    check("10.0.0.1", true);
    check("fe80::1", true);
    check("a_b.example", true);
    check("", false);
    check("*", false);
    check("a.*.b", false);
    check("a..b", false);
    check("a.", false);
    check("-a", false);
    check("10.0.0.256", false);
    check("bücher.example", false);
    check("a b", false);
    check("https://localhost", false);
    check(&"a".repeat(64), false);
    check(&["a"; 128].join("."), false);
    assert_eq!(authority.issue_server(&[], NOW_S), Err(AuthorityError::NameCount));
}

#[test]
fn a_root_lasts_through_its_files() {
    let folder = TempDir::new().unwrap();
    let authority = Authority::create(NOW_S).unwrap();
    let again = Authority::from_pem(authority.cert_pem(), &authority.key_pem()).unwrap();
    assert_eq!(again.cert_der(), authority.cert_der());
    write(&folder, "ca.pem", authority.cert_pem());
    write(&folder, "leaf.pem", &again.issue_device(KeyChoice::P256, NOW_S).unwrap().cert_pem);
    let at = NOW_S.to_string();
    run(
        "openssl",
        folder.path(),
        &["verify", "-x509_strict", "-attime", &at, "-CAfile", "ca.pem", "leaf.pem"],
    );
}

#[test]
fn a_root_that_cannot_sign_is_refused_by_name() {
    let authority = Authority::create(NOW_S).unwrap();
    let other = Authority::create(NOW_S).unwrap();
    let leaf = authority.issue_device(KeyChoice::P256, NOW_S).unwrap();
    let check = |cert: &str, key: &str, expected: &str| {
        let error = Authority::from_pem(cert, key).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(authority.cert_pem(), &other.key_pem(), "does not belong");
    check(&leaf.cert_pem, &leaf.key_pem.unwrap(), "not allowed to sign");
    check("", &authority.key_pem(), "no certificate in PEM");
    check(authority.cert_pem(), "", "without a password");
    check(authority.cert_pem(), authority.cert_pem(), "without a password");
}

#[test]
fn an_impossible_clock_is_named() {
    let authority = Authority::create(NOW_S).unwrap();
    for now_s in [i64::MIN, -1, 2_524_608_000, i64::MAX] {
        let refused = authority.issue_device(KeyChoice::P256, now_s);
        assert_eq!(refused, Err(AuthorityError::Clock { now_s }));
    }
    for now_s in [i64::MIN, -1, i64::MAX] {
        assert!(matches!(Authority::create(now_s), Err(AuthorityError::Clock { .. })), "{now_s}");
        let refused = authority.issue_server(&names(), now_s);
        assert_eq!(refused, Err(AuthorityError::Clock { now_s }));
    }
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let authority = Authority::create(NOW_S).unwrap();
    let device = authority.issue_device(KeyChoice::P256, NOW_S).unwrap();
    let server = authority.issue_server(&names(), NOW_S).unwrap();
    let shown = format!("{authority:?} {device:?} {server:?}");
    assert!(!shown.contains("PRIVATE") && shown.contains(&device.id.to_string()), "{shown}");
}

#[test]
fn version_1_certificates_are_refused_by_name() {
    let folder = TempDir::new().unwrap();
    request(&folder, &["-newkey", "rsa:2048"]);
    run(
        "openssl",
        folder.path(),
        &["x509", "-req", "-in", "own.csr", "-signkey", "own.key", "-out", "v1.pem"],
    );
    let pem = std::fs::read_to_string(folder.path().join("v1.pem")).unwrap();
    assert_eq!(PublicCertificate::from_pem(&pem), Err(CertificateFault::Version(1)));
    assert!(CertificateFault::Version(1).to_string().contains("version 1"));
}
