//! Clients that pin a colour work through deployments by the real binary: nothing fails, and what was begun on a
//! generation finishes on it. The protocol is that of docs/clients.md.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use swingbridge::lab::serve::client::Client;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{sleep, timeout};

use crate::clients::{environment, of_the_tests};
use crate::support::Swing;
use crate::support::ground::Lab;

const PATIENCE: Duration = Duration::from_secs(60);
/// Twice what the longest piece of work takes.
const GRACE: Duration = Duration::from_secs(15);

/// What a program of workers says at its end.
#[derive(Debug, Deserialize)]
struct Account {
    works: usize,
    requests: usize,
    versions: BTreeMap<String, usize>,
    /// How much work was done after production had gone elsewhere, as "1 after 2".
    crossed: BTreeMap<String, usize>,
    failed: usize,
    failures: Vec<String>,
}

/// A program that works until it is told to end.
struct Workers {
    program: Child,
    lines: Lines<BufReader<ChildStdout>>,
    met: BTreeSet<String>,
}

impl Workers {
    fn at_work(python: &str, program: &str, arguments: &[&str]) -> Self {
        let mut program = Command::new(python)
            .arg(of_the_tests(&format!("clients/{program}")))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program can be started");
        let stdout = program.stdout.take().expect("its output");
        Self {
            program,
            lines: BufReader::new(stdout).lines(),
            met: BTreeSet::new(),
        }
    }

    async fn line(&mut self) -> String {
        let line = timeout(PATIENCE, self.lines.next_line()).await.expect("in time");
        line.expect("its output").expect("it says how it went")
    }

    /// A version, or one of which work was done after production had gone to another, as "1 after 2".
    async fn meet(&mut self, what: &str) {
        while !self.met.contains(what) {
            let line = self.line().await;
            self.met.insert(line);
        }
    }

    async fn ended(mut self) -> Account {
        drop(self.program.stdin.take());
        loop {
            let line = self.line().await;
            if line.starts_with('{') {
                return serde_json::from_str(&line).expect("an account");
            }
        }
    }
}

struct Ground {
    _lab: Lab,
    swing: Swing,
    /// Where production is found.
    url: String,
    _estate: TempDir,
}

impl Ground {
    /// An operator of the lab's load balancer whose generations have the colours by turns.
    async fn new(estate: Option<&str>, balancer: &str, listener: u16, header: &str, release: &str) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("estate.toml");
        std::fs::write(&path, estate.unwrap_or_default()).expect("writable");
        let path = path.to_str().expect("a path in words");
        let mut flags = vec!["--speed", "10"];
        if estate.is_some() {
            flags.extend(["--config", path]);
        }
        let lab = Lab::up(&flags).await;
        let url = served(&lab).await;
        let mut swing = Swing::at("000000000000", &lab.endpoint);
        // Longer than the data plane's delay.
        swing.set("SWINGBRIDGE_PROPAGATION", "2s");
        let grace = GRACE.as_secs();
        let settings = format!(
            r#"
            app = "pinned"
            load_balancer = "{balancer}"
            strategy = "preview"

            [lock]
            listener = {listener}

            [doors]
            scheme = "alternate"
            header = "{header}"
            grace = "{grace}s"
            beacon = {{ path = "/.well-known/swingbridge", priority = 12 }}
            "#
        );
        swing.write("swingbridge.toml", &settings);
        swing.write("release.txt", release);
        Self {
            _lab: lab,
            swing,
            url,
            _estate: folder,
        }
    }

    async fn deploy(&self, release: &str) {
        let deploy = [
            "deploy",
            "--release",
            release,
            "--user-data",
            "release.txt",
            "--yes",
        ];
        self.swing.run(&deploy).await.ended(0);
    }

    /// To its end: what was left is open for the grace, and then closed.
    async fn promote(&self) {
        let promoting = self.swing.start(&["promote", "--yes"]);
        self.both_are_open().await;
        promoting.ended().await.ended(0);
        self.closed().await;
    }

    /// What `status` tells of the colours.
    async fn doors(&self) -> Value {
        let status = self.swing.run(&["status", "--format", "json"]).await.ended(0);
        status.json()["doors"].take()
    }

    /// Until production has gone to one of two that are open, and the other says until when it is.
    async fn both_are_open(&self) {
        let began = Instant::now();
        loop {
            let doors = self.doors().await;
            let open = open(&doors).into_iter();
            let (live, left): (Vec<&Value>, Vec<&Value>) =
                open.partition(|colour| colour["value"] == doors["live"]);
            if let ([live], [left]) = (live.as_slice(), left.as_slice())
                && let Some(until) = left["until"].as_str()
            {
                let until: Timestamp = until.parse().expect("a time");
                let now = Timestamp::now();
                assert!(now < until && until <= now + GRACE, "{doors}");
                assert!(live["until"].is_null(), "live's stays open: {doors}");
                return;
            }
            assert!(began.elapsed() < PATIENCE, "production goes nowhere: {doors}");
            sleep(Duration::from_millis(200)).await;
        }
    }

    async fn closed(&self) {
        let doors = self.doors().await;
        let open = open(&doors);
        let [only] = open.as_slice() else {
            panic!("one is open: {doors}")
        };
        assert_eq!(only["value"], doors["live"], "{doors}");
        assert!(only["until"].is_null(), "{doors}");
    }
}

/// Those that lead to somebody.
fn open(doors: &Value) -> Vec<&Value> {
    let colours = doors["colours"].as_array().into_iter().flatten();
    colours.filter(|colour| !colour["generation"].is_null()).collect()
}

/// Where production is found, once somebody healthy is there.
async fn served(lab: &Lab) -> String {
    let port = lab.endpoint.rsplit(':').next().expect("a port");
    let client = Client::new(port.parse().expect("a number"));
    let began = Instant::now();
    loop {
        let state = client.state().await.expect("a lab that answers");
        let mut targets = state.target_groups.iter().flat_map(|one| &one.targets);
        let mut listeners = state.balancers.iter().flat_map(|one| &one.listeners);
        if targets.any(|target| target.health == "healthy")
            && let Some(url) = listeners.find_map(|one| one.url.clone())
        {
            return url;
        }
        assert!(began.elapsed() < PATIENCE, "the lab's instances do not serve");
        sleep(Duration::from_millis(50)).await;
    }
}

/// The lab opens listeners of such ports as they are.
fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    free.local_addr().expect("its address").port()
}

/// Work was done on each of three generations, and on each that production left also after that.
#[track_caller]
fn nothing_was_noticed(account: &Account) {
    assert_eq!(account.failed, 0, "{account:#?}");
    assert!(
        account.works > 200 && account.requests > 2 * account.works,
        "{account:#?}"
    );
    let met: Vec<&str> = account.versions.keys().map(String::as_str).collect();
    assert_eq!(met, ["1", "2", "3"], "{account:#?}");
    for crossed in ["1 after 2", "2 after 3", "3 after 2"] {
        assert!(account.crossed.contains_key(crossed), "{account:#?}");
    }
    assert!(account.failures.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_reference_client_begins_on_a_generation_it_finishes_there_and_nothing_fails() {
    let python = environment("requirements.txt").await;
    let release = "#!sample\nversion = \"{{ release }}\"\n";
    let ground = Ground::new(None, "alb-ks", 80, "x-client-mode", release).await;
    let workers = Workers::at_work(&python, "pinned_load.py", &[&ground.url]);
    ground.deploy("2").await;
    ground.promote().await;
    ground.deploy("3").await;
    ground.promote().await;
    // The door to go back through is closed by now, and opened again.
    ground.swing.run(&["rollback", "--yes"]).await.ended(0);
    ground.closed().await;
    nothing_was_noticed(&workers.ended().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_of_the_public_connector_outlive_promotions_and_a_rollback_in_the_midst_of_one() {
    let python = environment("connector.txt").await;
    let port = free_port();
    let engine = of_the_tests("clients/engine.py");
    let filled = |text: &str| {
        text.replace("{{python}}", &python)
            .replace("{{engine}}", &engine.display().to_string())
            .replace("{{port}}", &port.to_string())
    };
    let estate = std::fs::read_to_string(of_the_tests("clients/connector.toml")).expect("an estate");
    let beacon = "http://127.0.0.1:{{port}}/.well-known/swingbridge";
    let release = format!("#!/bin/sh\nexec {{{{python}}}} {{{{engine}}}} {{{{ release }}}} {beacon}\n");
    let ground = Ground::new(
        Some(&filled(&estate)),
        "alb-engine",
        port,
        "strategy",
        &filled(&release),
    )
    .await;
    let address = ground.url.strip_prefix("http://").expect("cleartext").to_owned();
    let mut programs: Vec<Workers> = ["kept", "fresh"]
        .iter()
        .map(|how| Workers::at_work(&python, "connector_load.py", &[&address, how]))
        .collect();
    ground.deploy("2").await;
    ground.promote().await;
    ground.deploy("3").await;
    // It stays for the grace; somebody has seen enough, and swings back while the colour that was left is open.
    let promoting = ground.swing.start(&["promote", "--yes"]);
    for workers in &mut programs {
        workers.meet("3").await;
        workers.meet("2 after 3").await;
    }
    ground.both_are_open().await;
    promoting.terminate();
    promoting.ended().await;
    ground.swing.run(&["rollback", "--yes"]).await.ended(0);
    ground.closed().await;
    for workers in programs {
        nothing_was_noticed(&workers.ended().await);
    }
}
