//! The binary as a process: every promise of the command line that needs a running instance. Uses free ports and
//! folders of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_thingstead");
const FREE_PORTS: [&str; 8] = ["--api", "0", "--mqtt", "0", "--tls443", "0", "--https", "0"];

/// An instance that ends with the test.
struct Instance {
    folder: TempDir,
    process: Child,
    out: BufReader<ChildStdout>,
}

impl Instance {
    fn start(more: &[&str]) -> Instance {
        Instance::start_in(tempfile::tempdir().expect("a folder"), more)
    }

    fn start_in(folder: TempDir, more: &[&str]) -> Instance {
        let mut process = Command::new(BINARY)
            .arg("up")
            .arg("--data")
            .arg(folder.path().join("data"))
            .args(FREE_PORTS)
            .args(["--log", "error"])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let mut out = BufReader::new(process.stdout.take().expect("a pipe"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a banner");
        assert!(line.contains("ready in") || line.contains("ready_ms"), "{line}");
        Instance { folder, process, out }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(words).arg("--data").arg(self.data()).current_dir(self.folder.path());
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).stdin(Stdio::null()).output().expect("ran")
    }

    /// What a verb that has to succeed prints.
    fn done(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let (out, err) = texts(&output);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {out}{err}");
        out
    }

    fn json(&self, words: &[&str]) -> Value {
        let words = [words, &["--json"]].concat();
        serde_json::from_str(&self.done(&words)).expect("JSON")
    }

    /// What a verb that has to fail says.
    fn refused(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let (out, err) = texts(&output);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {out}{err}");
        err
    }

    fn terminate(&mut self) -> Option<i32> {
        let killed = Command::new("kill").arg(self.process.id().to_string()).status().expect("kill");
        assert!(killed.success());
        self.process.wait().expect("ended").code()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).expect("metadata").permissions().mode() & 0o777
}

/// A subscriber that is ready when this returns.
fn subscriber(instance: &Instance, words: &[&str]) -> (Child, BufReader<ChildStdout>) {
    let mut child =
        instance.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let mut said = String::new();
    let mut err = BufReader::new(child.stderr.take().expect("a pipe"));
    err.read_line(&mut said).expect("a line");
    assert!(said.starts_with("subscribed"), "{said}");
    let out = BufReader::new(child.stdout.take().expect("a pipe"));
    (child, out)
}

#[test]
fn a_device_publishes_over_tls_and_sub_prints_it() {
    let instance = Instance::start(&[]);
    let made = instance.json(&["device", "new", "pump-1", "--policy", "open", "--key", "p256"]);
    assert_eq!(made["name"], "pump-1");
    let folder = instance.folder.path().join("pump-1");
    assert_eq!(mode(&folder.join("pump-1-private.pem.key")), 0o600);
    let (mut child, mut out) = subscriber(&instance, &["sub", "-n", "1", "--within", "20s", "bme680/#"]);
    instance.done(&[
        "pub",
        "-t",
        "bme680/temperature",
        "-m",
        "23.6",
        "-i",
        "pump-1",
        "-r",
        "pump-1/AmazonRootCA1.pem",
        "-c",
        "pump-1/pump-1-certificate.pem.crt",
        "-k",
        "pump-1/pump-1-private.pem.key",
    ]);
    let mut line = String::new();
    out.read_line(&mut line).expect("a message");
    assert_eq!(line, "bme680/temperature  23.6\n");
    assert!(child.wait().expect("ended").success());
    let steps = instance.done(&["trace", "last"]);
    assert!(steps.contains("pump-1 → bme680/temperature"), "{steps}");
}

#[test]
fn a_removed_device_cannot_connect_again() {
    let instance = Instance::start(&[]);
    instance.done(&["device", "new", "pump-1", "--policy", "open", "--key", "p256", "--out", "files"]);
    let certificate = "files/pump-1-certificate.pem.crt";
    let publish = ["pub", "a", "b", "-c", certificate, "-k", "files/pump-1-private.pem.key"];
    instance.done(&publish);
    let listed = instance.json(&["device", "ls"]);
    assert_eq!(listed["devices"][0]["certificates"][0]["status"], "ACTIVE");
    assert!(instance.refused(&["device", "new", "pump-1", "--out", "other"]).contains("exists"));
    instance.done(&["device", "rm", "pump-1"]);
    instance.refused(&publish);
    let events = instance.done(&["events"]);
    assert!(events.contains("is not registered here"), "{events}");
    assert_eq!(instance.json(&["device", "ls"])["devices"], serde_json::json!([]));
    assert!(instance.refused(&["device", "show", "pump-1"]).contains("there is no device pump-1"));
}

#[test]
fn a_refused_device_leaves_no_folder_and_a_made_one_keeps_what_lay_there() {
    let instance = Instance::start(&[]);
    let folder = instance.data().parent().expect("a folder").to_owned();
    instance.refused(&["device", "new", "no name"]);
    instance.refused(&["device", "rotate", "nobody"]);
    assert!(!folder.join("no name").exists() && !folder.join("nobody").exists());
    std::fs::create_dir(folder.join("files")).expect("made");
    std::fs::write(folder.join("files/pump-1-private.pem.key"), "of another server").expect("written");
    instance.done(&["device", "new", "pump-1", "--key", "p256", "--out", "files"]);
    let kept = std::fs::read_to_string(folder.join("files/pump-1-private.pem.key.previous"));
    assert_eq!(kept.expect("kept"), "of another server");
    let refused = instance.refused(&["device", "new", "pump-2", "--out", "files/pump-1-private.pem.key"]);
    assert!(refused.contains("--out"), "{refused}");
}

#[test]
fn a_file_without_an_end_is_read_up_to_a_bound() {
    let instance = Instance::start(&[]);
    for words in [["--policy", "/dev/zero"], ["--csr", "/dev/zero"]] {
        let refused = instance.refused(&["device", "new", "pump-1", words[0], words[1]]);
        assert!(refused.contains("65536 bytes"), "{refused}");
    }
}

#[test]
fn a_restart_keeps_devices_and_identity() {
    let mut instance = Instance::start(&[]);
    instance.done(&["device", "new", "pump-1", "--policy", "open", "--key", "p256", "--out", "files"]);
    let ca = std::fs::read(instance.data().join("ca/AmazonRootCA1.pem")).expect("a certificate");
    let before = instance.json(&["status"])["endpoint"].clone();
    assert_eq!(instance.terminate(), Some(0));
    let folder = std::mem::replace(&mut instance.folder, tempfile::tempdir().expect("a folder"));
    let again = Instance::start_in(folder, &[]);
    assert_eq!(std::fs::read(again.data().join("ca/AmazonRootCA1.pem")).expect("a certificate"), ca);
    assert_eq!(again.json(&["status"])["endpoint"], before);
    let files = ["-c", "files/pump-1-certificate.pem.crt", "-k", "files/pump-1-private.pem.key"];
    again.done(&[["pub", "a", "b"].as_slice(), &files].concat());
}

#[test]
fn a_device_may_keep_its_key_to_itself() {
    let instance = Instance::start(&[]);
    let asked = Command::new("openssl")
        .args(["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "own.key", "-out", "own.csr"])
        .args(["-subj", "/CN=anything"])
        .current_dir(instance.folder.path())
        .stderr(Stdio::null())
        .status()
        .expect("openssl");
    assert!(asked.success());
    let made = instance.json(&["device", "new", "own", "--policy", "open", "--csr", "own.csr"]);
    let files = made["files"].as_array().expect("files");
    assert!(!files.iter().any(|file| file == "own-private.pem.key"), "{files:?}");
    instance.done(&["pub", "a", "b", "-c", "own/own-certificate.pem.crt", "-k", "own.key"]);
}

#[test]
fn time_advances_only_for_the_platform() {
    let instance = Instance::start(&[]);
    let now_ms = |reading: &Value| reading["now_ms"].as_u64().expect("a time");
    let frozen = now_ms(&instance.json(&["time", "freeze"]));
    assert_eq!(now_ms(&instance.json(&["time", "advance", "1h30m"])), frozen + 5_400_000);
    assert_eq!(now_ms(&instance.json(&["time", "show"])), frozen + 5_400_000);
    let running = instance.json(&["time", "resume"]);
    assert!(now_ms(&running) >= frozen + 5_400_000 && running["frozen"] == false);
    assert_eq!(instance.run(&["time", "advance", "soon"]).status.code(), Some(2));
}

#[test]
fn status_tells_faces_and_numbers() {
    let instance = Instance::start(&["--plain", "0"]);
    let status = instance.json(&["status"]);
    let written: Value =
        serde_json::from_slice(&std::fs::read(instance.data().join("endpoints.json")).expect("written"))
            .expect("JSON");
    assert_eq!(status["endpoints"], written);
    assert_eq!(written["pid"], instance.process.id());
    assert!(written["plain"].is_string() && written["https"].is_string());
    assert!(status["numbers"]["connections"].is_u64());
    assert_eq!(instance.done(&["endpoint"]).trim(), written["mqtt"]);
    assert!(instance.done(&["env"]).contains("export AWS_ENDPOINT_URL='http://127.0.0.1:"));
}

#[test]
fn watch_counts_gaps_and_duplicates() {
    let instance = Instance::start(&[]);
    let words = ["watch", "a/#", "--seq", "n", "--every", "100ms", "--json"];
    let mut child = instance.command(&words).stdout(Stdio::piped()).spawn().expect("started");
    let out = BufReader::new(child.stdout.take().expect("a pipe"));
    let (sender, reports) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            let _ = sender.send(serde_json::from_str::<Value>(&line).expect("JSON"));
        }
    });
    while reports.try_recv().is_err() {
        instance.done(&["pub", "a/ready", "{}"]);
    }
    for n in [1, 2, 4, 4] {
        instance.done(&["pub", "a/b", &format!("{{\"n\":{n}}}")]);
    }
    let counted = |report: &Value| report["topic"] == "a/b" && report["messages"] == 4;
    let report = reports.iter().find(counted).expect("a report");
    assert_eq!((&report["missing"], &report["duplicates"]), (&1.into(), &1.into()), "{report}");
    child.kill().expect("killed");
    child.wait().expect("ended");
}

/// The whole reply to one request.
fn http(instance: &Instance, method: &str, path: &str, headers: &str, body: &str) -> String {
    let url = instance.done(&["endpoint", "api"]);
    let mut stream =
        std::net::TcpStream::connect(url.trim().trim_start_matches("http://")).expect("connected");
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
    .expect("sent");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply");
    reply
}

#[test]
fn the_http_face_answers_or_names_what_it_refuses() {
    let instance = Instance::start(&[]);
    let (html, foreign) = ("accept: text/html\r\n", "origin: https://example.com\r\n");
    let device = "{\"name\":\"d\",\"key\":\"p256\"}";
    for (method, path, headers, body, status, word) in [
        ("GET", "/_thingstead/health", "", "", "200", "\"mqtt\":\"running\""),
        ("GET", "/_localstack/health", "", "", "200", "\"version\""),
        ("GET", "/metrics", "", "", "200", "thingstead_messages_received_total 0"),
        ("GET", "/", html, "", "303", "location: /_thingstead/"),
        ("GET", "/_thingstead/", "", "", "200", "<h1>Thingstead"),
        ("GET", "/", "", "", "404", "no service that is served here"),
        ("POST", "/things/a", "", "", "200", "\"thingName\":\"a\""),
        ("GET", "/endpoint?endpointType=iot:Data-ATS", "", "", "200", "-ats.iot.us-east-1.amazonaws.com\"}"),
        ("GET", "/endpoint?endpointType=x", "", "", "400", "x-amzn-errortype: InvalidRequestException"),
        ("GET", "/_thingstead/nothing", "", "", "404", "does not exist"),
        ("POST", "/_thingstead/api/time", "", "{\"do\":\"stop\"}", "400", "unknown variant"),
        ("POST", "/_thingstead/api/devices", foreign, device, "403", "https://example.com"),
        ("POST", "/_thingstead/api/devices", "", device, "201", "BEGIN CERTIFICATE"),
        ("POST", "/_thingstead/api/devices", "", device, "409", "exists"),
        ("GET", "/mqtt", "", "", "400", "WebSocket"),
    ] {
        let reply = http(&instance, method, path, headers, body);
        assert!(reply.starts_with(&format!("HTTP/1.1 {status} ")) && reply.contains(word), "{path}: {reply}");
    }
    let large = "x".repeat(1024 * 1024 + 1);
    let reply = http(&instance, "POST", "/_thingstead/api/devices", "", &large);
    assert!(reply.starts_with("HTTP/1.1 413 "), "{reply}");
}

#[test]
fn a_port_in_use_is_named_with_its_owner_and_the_flag() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(BINARY)
        .args(["up", "--api", "0", "--tls443", "off", "--mqtt", &address, "--data"])
        .arg(folder.path().join("data"))
        .output()
        .expect("ran");
    let (_, err) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains(&format!("(pid {})", std::process::id())), "{err}");
    assert!(err.contains(&address) && err.contains("--mqtt"), "{err}");
}

#[test]
fn sigterm_ends_with_zero_and_removes_the_endpoints() {
    let mut instance = Instance::start(&[]);
    assert!(instance.data().join("endpoints.json").exists());
    assert_eq!(instance.terminate(), Some(0));
    assert!(!instance.data().join("endpoints.json").exists());
    assert!(instance.refused(&["status"]).contains("thingstead up --data"));
}

#[test]
fn the_demo_shows_readings_that_went_through_tls() {
    let mut instance = Instance::start(&["--demo"]);
    let mut lines = std::iter::from_fn(|| {
        let mut line = String::new();
        instance.out.read_line(&mut line).ok().filter(|count| *count > 0).map(|_| line)
    });
    let reading = lines.find(|line| line.contains("bme680/temperature")).expect("a reading");
    assert!(reading.contains("pump-1  → bme680/temperature") && reading.ends_with(" °C\n"), "{reading}");
    assert_eq!(instance.json(&["device", "show", "pump-1"])["connected"], true);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn wrong_usage_ends_with_two() {
    for words in [vec!["bogus"], vec!["up", "--nothing"], vec!["pub"], vec!["up", "--mqtt", "nowhere"]] {
        let output = Command::new(BINARY).args(&words).output().expect("ran");
        assert_eq!(output.status.code(), Some(2), "{words:?}");
    }
}

#[test]
fn the_command_line_is_free_of_contradictions() {
    for verb in [
        "up", "status", "env", "endpoint", "device", "policy", "why", "pub", "sub", "watch", "time", "trace",
        "demo",
    ] {
        let output = Command::new(BINARY).args([verb, "--help"]).output().expect("ran");
        assert_eq!(output.status.code(), Some(0), "{verb}: {}", texts(&output).1);
    }
}

#[test]
fn shadow_verbs_change_compare_list_and_remove_documents() {
    let instance = Instance::start(&[]);
    let said = instance.done(&["shadow", "ls", "pump-1"]);
    assert!(said.contains("no shadow: `thingstead shadow set pump-1 --desired"), "{said}");
    let said =
        instance.done(&["shadow", "set", "pump-1", "--reported", r#"{"on":false,"engine":{"speed":2}}"#]);
    assert_eq!(said, "the shadow of pump-1 is at version 1\n");
    let desired = r#"{"on":false,"engine":{"speed":3},"n":12345678901234567890123}"#;
    assert_eq!(instance.json(&["shadow", "set", "pump-1", "--desired", desired])["version"], 2);
    let text = instance.done(&["shadow", "get", "pump-1", "--json"]);
    assert!(text.contains(r#""delta":{"engine":{"speed":3},"n":12345678901234567890123}"#), "{text}");
    let shown = instance.done(&["shadow", "get", "pump-1"]);
    assert!(shown.starts_with("the shadow of pump-1, version 2\n{\n"), "{shown}");
    assert!(shown.contains("    \"n\": 12345678901234567890123"), "{shown}");
    let shown = instance.done(&["shadow", "diff", "pump-1"]);
    let line = shown.lines().nth(1).expect("a difference");
    let cells: Vec<&str> = line.split_whitespace().take(3).collect();
    assert_eq!(cells, ["engine.speed", "3", "2"], "{shown}");
    std::fs::write(instance.folder.path().join("state.json"), r#"{"desired":{"a":1},"reported":{"a":1}}"#)
        .expect("written");
    let named = ["pump-1", "--name", "config"];
    instance.done(&[["shadow", "set"].as_slice(), &named, &["--state", "state.json"]].concat());
    let diff = instance.json(&[["shadow", "diff"].as_slice(), &named].concat());
    assert_eq!((&diff["version"], &diff["differences"]), (&Value::from(1), &serde_json::json!([])));
    let list = instance.json(&["shadow", "ls", "pump-1"]);
    let found: Vec<_> = list["shadows"]
        .as_array()
        .expect("shadows")
        .iter()
        .map(|one| (&one["name"], &one["differences"]))
        .collect();
    assert_eq!(found, [(&Value::Null, &Value::from(2)), (&Value::from("config"), &Value::from(0))]);
    assert!(instance.done(&["shadow", "rm", "pump-1"]).contains("was removed"));
    assert_eq!(instance.json(&["shadow", "ls", "pump-1"])["shadows"].as_array().expect("shadows").len(), 1);
}

#[test]
fn an_earlier_version_of_a_shadow_comes_back_whole() {
    let instance = Instance::start(&["--shadow-history", "5"]);
    let state = || instance.json(&["shadow", "get", "pump-1"])["state"].clone();
    let set = |part: &str, json: &str| instance.done(&["shadow", "set", "pump-1", part, json]);
    set("--reported", r#"{"on":true,"engine":{"speed":2},"n":12345678901234567890123}"#);
    let first = state();
    set("--reported", r#"{"on":"yes","engine":{"speed":null,"gear":[1]}}"#);
    set("--desired", r#"{"on":false}"#);
    let said = instance.done(&["shadow", "restore", "pump-1", "--version", "1"]);
    assert_eq!(said, "the shadow of pump-1 is at version 4, with the state of version 1\n");
    assert_eq!(state(), first);
    instance.done(&["shadow", "rm", "pump-1"]);
    let reply = instance.json(&["shadow", "restore", "pump-1", "--version", "3"]);
    assert_eq!((&reply["version"], &state()["desired"]["on"]), (&Value::from(5), &Value::from(false)));
    let log = instance.json(&["shadow", "log", "pump-1"]);
    let changes = log["changes"].as_array().expect("changes");
    let sources: Vec<_> = changes.iter().map(|change| change["source"].as_str().unwrap_or("-")).collect();
    assert_eq!(sources, ["operator", "operator", "restore", "operator", "restore"]);
    assert!(instance.done(&["shadow", "log", "pump-1"]).contains("deleted"));
    for (version, why) in [("1", "goes from version 2 to 5"), ("9", "has no version 9")] {
        let said = instance.refused(&["shadow", "restore", "pump-1", "--version", version]);
        assert!(said.contains(why), "{said}");
    }
    let said = instance.refused(&["shadow", "restore", "pump-2", "--version", "1"]);
    assert!(said.contains("its history is empty"), "{said}");
}

#[test]
fn shadow_verbs_say_what_is_wrong_and_what_to_do() {
    let instance = Instance::start(&[]);
    let check = |words: &[&str], parts: &[&str]| {
        let said = instance.refused(&[["shadow"].as_slice(), words].concat());
        assert!(parts.iter().all(|part| said.contains(part)), "{words:?}: {said}");
    };
    for verb in ["get", "diff", "rm"] {
        check(&[verb, "pump-1"], &["No shadow exists with name: 'pump-1'", "update it once to create it"]);
    }
    check(&["set", "pump-1", "--desired", "{on:true}"], &["--desired is no JSON", "quote it for the shell"]);
    check(&["set", "pump-1", "--desired", "7"], &["Desired node must be an object", "send an object"]);
    check(&["set", "pump-1", "--state", "none.json"], &["none.json cannot be read", "name a file"]);
    check(&["get", "pump 1"], &["\"pump 1\"", "correct the name"]);
    instance.done(&["shadow", "set", "pump-1", "--reported", "{}"]);
    let mut child = instance.command(&["shadow", "set", "pump-1", "--state", "-"]);
    let mut child = child.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(br#"{"state":{"desired":{"on":true}},"version":9}"#).expect("written");
    drop(pipe);
    let (_, said) = texts(&child.wait_with_output().expect("ended"));
    assert!(said.contains("Version conflict: the request names version 9, the shadow is at 1"), "{said}");
}
