//! In: a command. Out: its success and what it printed, shown while it runs. Does not interpret the output.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::tally::Tally;

/// Runs a command with no standard input, shows its lines and keeps them.
pub(crate) fn watch(command: &mut Command) -> Result<(bool, String)> {
    let name = shown(command);
    println!("$ {name}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("`{name}` did not start"))?;
    let kept = Arc::new(Mutex::new(String::new()));
    let out = child.stdout.take().map(|pipe| copy_lines(pipe, Arc::clone(&kept)));
    let err = child.stderr.take().map(|pipe| copy_lines(pipe, Arc::clone(&kept)));
    let status = child.wait().with_context(|| format!("`{name}` was lost"))?;
    for copier in [out, err].into_iter().flatten() {
        copier.join().ok();
    }
    let text = std::mem::take(&mut *kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
    Ok((status.success(), text))
}

/// Runs a test runner: its closing lines are counted, and a failure that counts nothing counts one.
pub(crate) fn tallied(command: &mut Command) -> Result<Tally> {
    let (success, output) = watch(command)?;
    let mut tally = Tally::read(&output).unwrap_or_default();
    if tally == Tally::default() {
        println!("the runner printed no count of tests, so this part fails");
        tally = Tally::ONE_FAILED;
    } else if !success && tally.failed == 0 {
        println!("the runner reported failure after its count");
        tally.failed = 1;
    }
    Ok(tally)
}

/// Runs a step that either works or not: one passed or one failed.
pub(crate) fn step(command: &mut Command) -> Result<Tally> {
    let (success, _) = watch(command)?;
    Ok(if success { Tally::ONE_PASSED } else { Tally::ONE_FAILED })
}

/// Runs a command that must work before anything else can.
pub(crate) fn must(command: &mut Command) -> Result<()> {
    let name = shown(command);
    let (success, _) = watch(command)?;
    if !success {
        bail!("`{name}` failed");
    }
    Ok(())
}

/// What a command prints, unseen; `None` when it cannot run or fails.
pub(crate) fn quiet(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

fn copy_lines(pipe: impl Read + Send + 'static, kept: Arc<Mutex<String>>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line);
            let mut all = kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            all.push_str(&text);
            let mut screen = std::io::stdout().lock();
            // A closed screen must not end the run whose exit code matters.
            screen.write_all(text.as_bytes()).and_then(|()| screen.flush()).ok();
            line.clear();
        }
    })
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
