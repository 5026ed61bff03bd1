//! The LocalStack that all tests of one run share: brought up by the first that asks, gone when this process is.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where LocalStack answers, and what it can do.
#[derive(Debug)]
pub(crate) struct LocalStack {
    pub(crate) endpoint: String,
    python: String,
    /// For what may be left out unnoticed; a check asks [`Self::has_cloudwatch`].
    pub(crate) cloudwatch: bool,
}

/// How many checks were left out so far.
static SKIPPED: AtomicUsize = AtomicUsize::new(0);

impl LocalStack {
    /// Starts it if nobody did. It watches this process and ends with it, even when that is killed.
    pub(crate) fn get() -> &'static Self {
        static ONE: OnceLock<LocalStack> = OnceLock::new();
        ONE.get_or_init(|| {
            let output = Command::new(script("up"))
                .args(["--port", "0", "--with-parent", &std::process::id().to_string()])
                .output()
                .expect("localstack/up can be started");
            assert!(
                output.status.success(),
                "localstack/up failed:\n{}",
                String::from_utf8_lossy(&output.stderr)
            );
            Self::parse(&String::from_utf8_lossy(&output.stdout))
        })
    }

    /// From the one line that `up` prints.
    fn parse(line: &str) -> Self {
        let value = |key: &str| {
            line.split_whitespace()
                .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
                .unwrap_or_else(|| panic!("no {key} in: {line}"))
                .to_owned()
        };
        Self {
            endpoint: value("endpoint"),
            python: value("python"),
            cloudwatch: value("cloudwatch") == "yes",
        }
    }

    /// Whether alarms can be checked. When not, it is said aloud which check is left out; where skips
    /// are not allowed, the test fails.
    pub(crate) fn has_cloudwatch(&self, check: &str) -> bool {
        if !self.cloudwatch {
            skip(&format!(
                "{check}: no CloudWatch in this LocalStack (Python {})",
                self.python
            ));
        }
        self.cloudwatch
    }
}

/// Leaves a check out, loudly. The last such line of a run says how many there were.
pub(crate) fn skip(what: &str) {
    use std::io::Write;
    let count = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
    // Not by `eprintln!`, which is hidden for a test that passes.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what} ({count} left out so far)");
    let set =
        |name: &str| std::env::var(name).is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    assert!(
        !set("CI") && !set("SWINGBRIDGE_NO_SKIPS"),
        "left out, which CI and SWINGBRIDGE_NO_SKIPS do not allow: {what}"
    );
}

/// One of the scripts beside the tests.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("localstack")
        .join(name)
}
