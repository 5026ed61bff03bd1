//! Runs the real binary in a folder of its own, and keeps what it printed for when a check fails.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::estate::{Estate, REGION};
use super::proxy::Proxy;

/// One operator: a folder with a configuration and a journal, and credentials.
#[derive(Debug)]
pub(crate) struct Swing {
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl Swing {
    /// An operator with nothing but credentials. Durations are those of a test.
    pub(crate) fn new(estate: &Estate) -> Self {
        Self::at(&estate.account, &estate.endpoint)
    }

    /// The same, wherever there is something that answers as AWS does.
    pub(crate) fn at(account: &str, endpoint: &str) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let home = folder.path().to_string_lossy().into_owned();
        let mut swing = Self {
            folder,
            environment: Vec::new(),
        };
        for (name, value) in [
            ("HOME", home.as_str()),
            ("PATH", "/usr/bin:/bin"),
            ("AWS_ACCESS_KEY_ID", account),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", REGION),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("SWINGBRIDGE_ENDPOINT_URL", endpoint),
            ("SWINGBRIDGE_JOURNAL", "journal"),
            ("SWINGBRIDGE_HEALTH_SOAK", "0s"),
            ("SWINGBRIDGE_HEALTH_TIMEOUT", "2m"),
            ("SWINGBRIDGE_PROPAGATION", "0s"),
            ("SWINGBRIDGE_HOLD", "0s"),
        ] {
            swing.set(name, value);
        }
        swing
    }

    /// An operator with the configuration that `init --from-aws` wrote for what runs, which is tagged.
    pub(crate) async fn adopting(estate: &Estate) -> Self {
        Self::with_configuration(estate, &["--yes"]).await
    }

    /// The same, with nothing tagged yet: that is left to the first deploy.
    pub(crate) async fn describing(estate: &Estate) -> Self {
        Self::with_configuration(estate, &[]).await
    }

    async fn with_configuration(estate: &Estate, flags: &[&str]) -> Self {
        let swing = Self::new(estate);
        let balancer = estate.made("/load_balancer/name");
        let init = [
            "init",
            "--from-aws",
            "--load-balancer",
            balancer,
            "--endpoint-url",
            &estate.endpoint,
        ];
        swing.run(&[&init, flags].concat()).await.ended(0);
        // Once is enough where every read is consistent.
        swing.edit("[swing]\n", "[swing]\nconfirmations = 1\n");
        swing
    }

    /// A second operator elsewhere, with the same configuration.
    pub(crate) fn colleague(&self, estate: &Estate) -> Self {
        let other = Self::new(estate);
        std::fs::copy(self.config(), other.config()).expect("a configuration to copy");
        other
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(other, _)| other != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// From now on all calls go through the proxy.
    pub(crate) fn through(&mut self, proxy: &Proxy) {
        self.set("SWINGBRIDGE_ENDPOINT_URL", &proxy.endpoint);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self) -> PathBuf {
        self.path("swingbridge.toml")
    }

    /// Edits the configuration's text, which must contain what is replaced.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.config()).expect("a configuration");
        assert!(text.contains(from), "no {from:?} in the configuration:\n{text}");
        std::fs::write(self.config(), text.replacen(from, to, 1)).expect("writable");
    }

    /// Replaces a whole table of the configuration.
    pub(crate) fn replace_table(&self, name: &str, with: &str) {
        let text = std::fs::read_to_string(self.config()).expect("a configuration");
        let head = format!("\n[{name}]");
        let start = text
            .find(&head)
            .unwrap_or_else(|| panic!("no [{name}] in:\n{text}"))
            + 1;
        let end = text[start + 1..]
            .find("\n[")
            .map_or(text.len(), |at| start + 1 + at + 1);
        let edited = format!("{}[{name}]\n{with}\n{}", &text[..start], &text[end..]);
        std::fs::write(self.config(), edited).expect("writable");
    }

    /// Writes a file into the operator's folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("writable");
    }

    /// Starts a command and does not wait for it. It is killed when the child is dropped.
    pub(crate) fn start(&self, arguments: &[&str]) -> Started {
        let child = Command::new(binary())
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary can be started");
        Started {
            child,
            command: arguments.join(" "),
        }
    }

    /// Runs a shell script as a pipeline would: the tool is on the path, and so are its variables.
    pub(crate) async fn shell(&self, script: &str, variables: &[(String, String)]) -> Ran {
        let folder = binary().parent().expect("the binary has a folder");
        let output = Command::new("bash")
            .args(["-c", script])
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .await
            .expect("bash can be started");
        Ran {
            command: script.to_owned(),
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).ended().await
    }

    /// Runs a command that the proxy is to kill, and kills it when the proxy says so. Without such a
    /// moment it runs to its end.
    pub(crate) async fn run_until_killed(&self, proxy: &Proxy, arguments: &[&str]) -> Ran {
        self.run_until(proxy.wants_death(), "KILL", arguments).await
    }

    /// Runs a command and sends it a signal at this moment, unless it has ended before.
    pub(crate) async fn run_until(
        &self,
        moment: impl Future<Output = ()>,
        name: &str,
        arguments: &[&str],
    ) -> Ran {
        let started = self.start(arguments);
        let pid = started.pid();
        let ended = started.ended();
        tokio::pin!(ended);
        tokio::select! {
            biased;
            ran = &mut ended => ran,
            () = moment => {
                signal(name, pid);
                ended.await
            }
        }
    }
}

/// A command that is running.
#[derive(Debug)]
pub(crate) struct Started {
    child: Child,
    command: String,
}

impl Started {
    fn pid(&self) -> u32 {
        self.child.id().expect("still running")
    }

    /// Asks it to end, as a pipeline that is cancelled does.
    pub(crate) fn terminate(&self) {
        signal("TERM", self.pid());
    }

    pub(crate) async fn ended(self) -> Ran {
        let output = self.child.wait_with_output().await.expect("its output");
        Ran {
            command: self.command,
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

fn signal(name: &str, pid: u32) {
    let sent = std::process::Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status()
        .expect("kill can be started");
    assert!(sent.success(), "no process {pid} to send {name} to");
}

/// A command that has ended, with all it printed.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    command: String,
    /// None when it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    #[track_caller]
    pub(crate) fn killed(self) -> Self {
        assert_eq!(self.code, None, "{self}");
        self
    }

    /// All that it printed contains the text.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "nothing says {text:?}\n{self}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn says_not(self, text: &str) -> Self {
        assert!(
            !self.stdout.contains(text) && !self.stderr.contains(text),
            "something says {text:?}\n{self}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON: {error}\n{self}"))
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            command,
            code,
            stdout,
            stderr,
        } = self;
        write!(
            f,
            "$ swingbridge {command}\nexit code {code:?}\n-- stdout\n{stdout}-- stderr\n{stderr}"
        )
    }
}

/// The binary under test, in a folder of this run's own: a build that runs meanwhile replaces the other one.
pub(crate) fn binary() -> &'static Path {
    static ONE: OnceLock<PathBuf> = OnceLock::new();
    ONE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        remove_what_earlier_runs_left(folder);
        let own = folder.join(format!("{OWN}{}", std::process::id()));
        std::fs::create_dir_all(&own).expect("a folder");
        let (built, own) = (env!("CARGO_BIN_EXE_swingbridge"), own.join("swingbridge"));
        let _ = std::fs::remove_file(&own);
        if std::fs::hard_link(built, &own).is_err() {
            std::fs::copy(built, &own).expect("the binary can be copied");
        }
        own
    })
}

const OWN: &str = "run-of-";

/// Where processes can be seen: folders of those that are gone.
fn remove_what_earlier_runs_left(folder: &Path) {
    let processes = Path::new("/proc");
    if !processes.join("self").exists() {
        return;
    }
    for entry in std::fs::read_dir(folder).expect("cargo made it").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name
            .strip_prefix(OWN)
            .is_some_and(|pid| !processes.join(pid).exists())
        {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
