//! One LocalStack for all tests of this binary, started by the script and gone when this process is gone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

struct LocalStack {
    endpoint: String,
    cloudwatch: bool,
}

/// A failed start is remembered as well: forty tests must not wait for it one after the other.
static RUNNING: OnceLock<Result<LocalStack, String>> = OnceLock::new();

/// Where it answers. Starts it when this is the first to ask.
pub(crate) fn endpoint() -> &'static str {
    &running().endpoint
}

/// Whether it has CloudWatch, which it lacks on an old Python.
pub(crate) fn cloudwatch() -> bool {
    running().cloudwatch
}

fn running() -> &'static LocalStack {
    match RUNNING.get_or_init(start) {
        Ok(running) => running,
        Err(why) => panic!("LocalStack does not run:\n{why}"),
    }
}

fn start() -> Result<LocalStack, String> {
    let parent = std::process::id().to_string();
    let line = script("up", &["--port", "0", "--with-parent", &parent])?;
    let said = |key: &str| {
        line.split_whitespace()
            .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
            .ok_or_else(|| format!("no `{key}=` in what it said: {line}"))
    };
    Ok(LocalStack {
        endpoint: said("endpoint")?.to_owned(),
        cloudwatch: said("cloudwatch")? == "yes",
    })
}

/// Builds an estate whose names begin with the prefix, and says what it made.
pub(crate) fn seed(scenario: &str, prefix: &str) -> Value {
    let arguments = [
        "--endpoint",
        endpoint(),
        "--scenario",
        scenario,
        "--prefix",
        prefix,
    ];
    let made = script("seed", &arguments).unwrap_or_else(|why| panic!("no {scenario} estate:\n{why}"));
    let made: Value = serde_json::from_str(&made).expect("the estate as JSON");
    // Without CloudWatch there is no alarm; everything else must have been accepted.
    let refused = made["refused"].as_array().expect("a list of what was refused");
    assert!(refused.is_empty() || !cloudwatch(), "refused: {refused:#?}");
    made
}

fn script(name: &str, arguments: &[&str]) -> Result<String, String> {
    let path = folder().join(name);
    let output = Command::new(&path)
        .args(arguments)
        .output()
        .map_err(|error| format!("{}: {error}", path.display()))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("localstack")
}

/// For a test that this machine cannot run: it says so, and is a failure where that must not pass unseen.
#[expect(
    clippy::print_stderr,
    reason = "the test harness has no word for a skipped test"
)]
pub(crate) fn skip(why: &str) {
    eprintln!("SKIPPED: {why}");
    assert!(std::env::var_os("CI").is_none(), "skipped in CI: {why}");
}
