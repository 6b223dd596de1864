//! A device's files and programs in, what their readers make of them out.

use std::process::Command;

use registry::{Authority, Endpoint, FolderFile, KeyChoice, SnippetKind, device_folder, snippet};
use tempfile::TempDir;

const NOW_S: i64 = 1_790_000_000;

fn endpoint(port: u16) -> Endpoint {
    Endpoint { host: "localhost".into(), port, https_port: 8443 }
}

fn folder(name: &str, key: KeyChoice<'_>) -> Vec<FolderFile> {
    let authority = Authority::create(NOW_S).unwrap();
    let identity = authority.issue_device(key, NOW_S).unwrap();
    device_folder(name, &identity, authority.cert_pem(), &endpoint(8883)).unwrap()
}

#[test]
fn a_folder_has_the_files_that_the_console_of_aws_gives() {
    let files = folder("pump-1", KeyChoice::P256);
    let listed: Vec<(&str, bool)> = files.iter().map(|file| (file.name.as_str(), file.is_private)).collect();
    assert_eq!(
        listed,
        [
            ("pump-1-certificate.pem.crt", false),
            ("pump-1-private.pem.key", true),
            ("pump-1-public.pem.key", false),
            ("AmazonRootCA1.pem", false),
            ("config.toml", false),
        ]
    );
    assert!(files.iter().all(|file| file.is_private == file.contents.contains("PRIVATE KEY")));
}

#[test]
fn a_name_that_leaves_the_folder_is_refused() {
    let authority = Authority::create(NOW_S).unwrap();
    let identity = authority.issue_device(KeyChoice::P256, NOW_S).unwrap();
    for name in ["../pump", "/etc/passwd", "a/b", ""] {
        assert!(device_folder(name, &identity, authority.cert_pem(), &endpoint(8883)).is_err(), "{name}");
    }
}

#[test]
fn the_agent_reads_the_configuration_it_is_given() {
    let files = folder("pump:1", KeyChoice::P256);
    let config = files.iter().find(|file| file.name == "config.toml").unwrap();
    let lines: Vec<&str> = config.contents.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "client_id = \"pump:1\"",
            "endpoint = \"localhost\"",
            "port = 8883",
            "certificate = \"pump:1-certificate.pem.crt\"",
            "private_key = \"pump:1-private.pem.key\"",
            "root_ca = \"AmazonRootCA1.pem\"",
        ]
    );
}

#[test]
fn every_snippet_can_be_read_by_its_language() {
    let place = TempDir::new().unwrap();
    let check = |file: &str, text: &str, program: &str, arguments: &[&str]| {
        std::fs::write(place.path().join(file), text).unwrap();
        let output =
            Command::new(program).args(arguments).arg(file).current_dir(place.path()).output().unwrap();
        assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stderr));
    };
    for kind in SnippetKind::ALL {
        for port in [8883, 443] {
            let text = snippet(kind, "pump-1", &endpoint(port), "/tmp/it's {root} \"a\\b\"");
            match kind {
                SnippetKind::JsV2 => check("a.js", &text, "node", &["--check"]),
                SnippetKind::Mosquitto | SnippetKind::Curl => check("a.sh", &text, "sh", &["-n"]),
                // Compiled where it is run.
                SnippetKind::Rust => {}
                _ => check("a.py", &text, "python3", &["-m", "py_compile"]),
            }
        }
    }
}

#[test]
fn every_snippet_names_host_port_files_and_topic() {
    for kind in SnippetKind::ALL {
        let text = snippet(kind, "pump-1", &endpoint(8884), "devices/pump-1/");
        let port = if kind == SnippetKind::Curl { "8443" } else { "8884" };
        for part in [
            "localhost",
            port,
            "devices/pump-1/AmazonRootCA1.pem",
            "devices/pump-1/pump-1-private.pem.key",
            "devices/pump-1/pump-1-certificate.pem.crt",
            "pump-1/data",
        ] {
            assert!(text.contains(part), "{kind} lacks {part}:\n{text}");
        }
        assert!(!text.contains("x-amzn-mqtt-ca"), "{text}");
        assert_eq!(kind.as_str().parse(), Ok(kind));
    }
    assert!("netcat".parse::<SnippetKind>().unwrap_err().to_string().contains("mosquitto"));
}

#[test]
fn on_port_443_clients_that_do_not_know_aws_ask_for_mqtt() {
    for kind in [SnippetKind::Paho, SnippetKind::Mosquitto] {
        assert!(snippet(kind, "pump-1", &endpoint(443), ".").contains("x-amzn-mqtt-ca"));
    }
}

#[test]
fn the_shell_sees_a_path_with_marks_as_one_word() {
    let text = snippet(SnippetKind::Mosquitto, "pump-1", &endpoint(8883), "it's here");
    let script = format!("mosquitto_pub() {{ for word; do echo \"<$word>\"; done; }}\n{text}");
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let words = String::from_utf8(output.stdout).unwrap();
    assert!(words.contains("<it's here/AmazonRootCA1.pem>"), "{words}");
    assert!(words.contains("<{\"temperature\": 23.6}>"), "{words}");
}
