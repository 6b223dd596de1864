//! In: the source of floors 0 to 3. Out: uses of clocks, locks, threads, files, sockets. Does not read tests.

use super::floors;
use super::tree::{TextFile, Tree};

/// Whole words or paths, with what to do instead.
const IMPURE: [(&str, &str); 18] = [
    ("SystemTime", CLOCK),
    ("Instant::now", CLOCK),
    ("time::Instant", CLOCK),
    ("Mutex", LOCK),
    ("RwLock", LOCK),
    ("Condvar", LOCK),
    ("std::thread", THREAD),
    ("thread::spawn", THREAD),
    ("thread::sleep", THREAD),
    ("tokio", THREAD),
    ("std::fs", FILE),
    ("fs::File", FILE),
    ("fs::read", FILE),
    ("fs::write", FILE),
    ("TcpStream", SOCKET),
    ("TcpListener", SOCKET),
    ("UdpSocket", SOCKET),
    ("ToSocketAddrs", SOCKET),
];
const CLOCK: &str = "time is handed in";
const LOCK: &str = "locks live in the shell";
const THREAD: &str = "threads and tasks live in the shell";
const FILE: &str = "files live in the shell and in `store`";
const SOCKET: &str = "sockets live in the shell";

pub(super) fn impurities(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for file in tree.rust() {
        let Some((name, rest)) = file.path.split_once('/') else { continue };
        if floors::is_pure(name) && rest.starts_with("src/") && !rest.ends_with("tests.rs") {
            breaches.extend(in_file(file, name));
        }
    }
    breaches
}

fn in_file(file: &TextFile, name: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    for (at, line) in file.text.lines().enumerate() {
        // By custom the tests are the last thing in a file.
        if line.trim() == "#[cfg(test)]" && !next_is_elsewhere(&file.text, at) {
            break;
        }
        let code = line.split("//").next().unwrap_or_default();
        for (word, instead) in IMPURE {
            // The store is the floor where files and the one writer's lock are at home.
            let at_home = name == "store" && [FILE, LOCK, THREAD].contains(&instead);
            if !at_home && has_word(code, word) {
                breaches.push(format!("{}:{}: `{word}`: {instead}", file.path, at + 1));
            }
        }
    }
    breaches
}

/// `#[cfg(test)] mod tests;` takes one line, and code may follow.
fn next_is_elsewhere(text: &str, at: usize) -> bool {
    text.lines().nth(at + 1).is_some_and(|line| line.trim().ends_with(';'))
}

fn has_word(code: &str, word: &str) -> bool {
    let joins = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[&str]) {
        let found = impurities(&Tree::of(&[(path, text)]));
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found} should name {expected}");
        }
    }

    #[test]
    fn pure_crates_have_no_clock_lock_thread_file_or_socket() {
        check("hub/src/a.rs", "let now = SystemTime::now();", &["SystemTime"]);
        check("hub/src/a.rs", "use std::sync::{Arc, Mutex};", &["Mutex"]);
        check("hub/src/a.rs", "tokio::spawn(work);", &["tokio"]);
        check("mqtt/src/a.rs", "use std::net::TcpStream;", &["TcpStream"]);
        check("broker/src/a.rs", "let x = std::fs::metadata(p);", &["std::fs"]);
    }

    #[test]
    fn addresses_and_similar_names_are_no_impurity() {
        check("hub/src/a.rs", "use std::net::IpAddr; struct TokioLike; // a Mutex would wait", &[]);
    }

    #[test]
    fn the_shell_and_the_tests_may_use_them() {
        check("server/src/a.rs", "SystemTime::now()", &[]);
        check("hub/tests/a.rs", "SystemTime::now()", &[]);
        check("hub/src/a.rs", "#[cfg(test)]\nmod tests {\n    std::fs::read(p);\n}", &[]);
        check("hub/src/a.rs", "#[cfg(test)]\nmod tests;\nuse std::fs;", &["std::fs"]);
    }

    #[test]
    fn the_store_may_use_files_and_its_own_lock_but_no_clock() {
        check("store/src/a.rs", "use std::fs; use std::sync::Mutex;", &[]);
        check("store/src/a.rs", "SystemTime::now()", &["SystemTime"]);
    }
}
