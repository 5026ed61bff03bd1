//! A scene: an estate of its own on LocalStack, a folder with its configuration, and the tool run in it.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use super::audit::{Audit, Snapshot};
use super::localstack;

static SCENES: AtomicU32 = AtomicU32::new(1);

pub(crate) struct Scene {
    /// Before every name in it; tests share one LocalStack.
    pub(crate) prefix: String,
    /// What the seed says it made.
    pub(crate) made: Value,
    pub(crate) audit: Audit,
    folder: TempDir,
}

/// What one run of the tool left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    command: String,
}

impl Scene {
    /// An estate that the tool has adopted.
    pub(crate) fn new(scenario: &str) -> Self {
        let scene = Self::untouched(scenario);
        scene.init().expect(0);
        scene
    }

    /// An estate that the tool has not seen yet.
    pub(crate) fn untouched(scenario: &str) -> Self {
        let number = SCENES.fetch_add(1, Ordering::Relaxed);
        // A LocalStack that was started by hand may serve two runs of these tests.
        let prefix = format!("t{number}x{}-", std::process::id() % 1000);
        let made = localstack::seed(scenario, &prefix);
        let audit = Audit::new(localstack::endpoint());
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            prefix,
            made,
            audit,
            folder,
        }
    }

    /// Writes the configuration from what runs, and adopts it.
    pub(crate) fn init(&self) -> Ran {
        self.run_bare(&[
            "init",
            "--from-aws",
            "--load-balancer",
            self.load_balancer(),
            "--yes",
        ])
    }

    /// Runs a command that changes something, without being asked.
    pub(crate) fn go(&self, command: &[&str]) -> Ran {
        self.run_bare(&[command, &["--yes"]].concat())
    }

    /// The same, and it must succeed.
    pub(crate) fn done(&self, command: &[&str]) -> Ran {
        self.go(command).expect(0)
    }

    pub(crate) fn run(&self, command: &[&str]) -> Ran {
        self.run_bare(command)
    }

    fn run_bare(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command(env!("CARGO_BIN_EXE_swingbridge"));
        let output = command.args(arguments).output().expect("the tool runs");
        Ran::of(&output, arguments.join(" "))
    }

    /// A program in the scene's folder. Nothing of the machine or the pipeline these tests run on
    /// may be seen: not its AWS profile, and not that it is a pipeline.
    pub(crate) fn command(&self, program: &str) -> Command {
        let home = self.folder.path();
        let mut command = Command::new(program);
        command
            .current_dir(home)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("XDG_STATE_HOME", home.join("state"))
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("SWINGBRIDGE_ENDPOINT_URL", localstack::endpoint())
            .env("SWINGBRIDGE_CONFIG", self.config())
            .env("SWINGBRIDGE_HEALTH_SOAK", "0s")
            .env("SWINGBRIDGE_PROPAGATION", "0s")
            .env("SWINGBRIDGE_HOLD", "0s");
        command
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("swingbridge.toml")
    }

    /// Changes the text of the configuration.
    pub(crate) fn reconfigure(&self, change: impl FnOnce(String) -> String) {
        let text = std::fs::read_to_string(self.config()).expect("a configuration");
        std::fs::write(self.config(), change(text)).expect("written");
    }

    /// Puts a file beside the configuration and says where it is.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_string_lossy().into_owned()
    }

    pub(crate) fn load_balancer(&self) -> &str {
        self.made["load_balancer"]["name"].as_str().expect("a name")
    }

    /// The full name of something.
    pub(crate) fn name(&self, plain: &str) -> String {
        format!("{}{plain}", self.prefix)
    }

    /// Where a file of the scene is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the tool says of where things stand.
    pub(crate) fn status(&self) -> String {
        self.run(&["status"]).expect(0).stdout
    }

    /// All that AWS has of this estate, by its own account. Names are without the prefix.
    pub(crate) fn look(&self) -> Snapshot {
        self.audit.look(self.load_balancer(), &self.prefix)
    }
}

impl Ran {
    pub(crate) fn of(output: &Output, command: String) -> Self {
        Self {
            // Ended by a signal is no exit code of ours.
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            command,
        }
    }

    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.transcript());
        self
    }

    /// Everything somebody at the terminal would have seen.
    pub(crate) fn transcript(&self) -> String {
        format!(
            "swingbridge {}\nexit code {}\n--- stdout\n{}\n--- stderr\n{}",
            self.command, self.code, self.stdout, self.stderr
        )
    }
}
