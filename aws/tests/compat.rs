//! COMPAT.md's lists of operations are those of the code. `BLESS=1` writes them.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

const BEGIN: &str = "<!-- operations: written by `BLESS=1 cargo test -p aws --test compat` -->";
const END: &str = "<!-- end of operations -->";

#[test]
fn compat_lists_every_operation_as_served_or_not() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../COMPAT.md");
    let page = std::fs::read_to_string(&path).expect("COMPAT.md");
    let (before, rest) = page.split_once(BEGIN).expect("the mark before the operations");
    let (_, after) = rest.split_once(END).expect("the mark after the operations");
    let wanted = format!("{before}{BEGIN}\n\n{}\n{END}{after}", lists());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, wanted).expect("a writable COMPAT.md");
    } else {
        assert!(page == wanted, "COMPAT.md is behind the code: BLESS=1 cargo test -p aws --test compat");
    }
}

fn lists() -> String {
    let described = aws::describe();
    let mut text = String::new();
    for (service, name) in [
        ("iot", "AWS IoT control plane"),
        ("iot-data", "AWS IoT data plane"),
        ("sts", "STS"),
        ("iam", "IAM"),
        ("logs", "CloudWatch Logs"),
    ] {
        let served =
            ["served", "query", "target"].map(|protocol| names(&described[protocol], service)).concat();
        let _ = writeln!(text, "**{name}** (`{service}`), served: {served}.\n");
    }
    let known = [
        ("iot", "control plane"),
        ("iot-data", "data plane"),
        ("iot-jobs-data", "jobs data plane"),
        ("logs", "CloudWatch Logs"),
    ];
    for (service, name) in known {
        let unserved = ["unserved", "target_unserved"].map(|kind| names(&described[kind], service)).concat();
        // Of some services everything is served.
        if !unserved.is_empty() {
            let _ = writeln!(
                text,
                "<details><summary>Not served, {name}</summary>\n\n{unserved}.\n\n</details>\n"
            );
        }
    }
    text
}

fn names(operations: &Value, service: &str) -> String {
    let all = operations.as_array().map(Vec::as_slice).unwrap_or_default();
    let of_service = all.iter().filter(|operation| operation["service"] == service);
    let mut names: Vec<&str> = of_service.filter_map(|operation| operation["name"].as_str()).collect();
    names.sort_unstable();
    names.join(" · ")
}
