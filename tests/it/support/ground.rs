//! Where a scenario is played: a LocalStack that all share, or a lab of its own.

use std::process::Stdio;
use std::time::{Duration, Instant};

use http::Uri;
use swingbridge::lab::serve::client::Client;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::localstack::LocalStack;
use super::swing::binary;

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ground {
    LocalStack,
    /// Real health, real instances, real traffic.
    Lab,
}

/// A lab that is up. Dropped, it is gone with everything in it.
#[derive(Debug)]
pub(crate) struct Lab {
    pub(crate) endpoint: String,
    process: Child,
}

impl Lab {
    /// An account with a network and nothing else, in which AWS's things take a twentieth of their time.
    pub(crate) async fn empty() -> Self {
        Self::up(&["--empty", "--speed", "20", "--data-plane-delay", "100ms"]).await
    }

    pub(crate) async fn up(flags: &[&str]) -> Self {
        let mut process = Command::new(binary())
            .args(["lab", "up", "--port", "0"])
            .args(flags)
            // Word of a test's lab is not for whoever works on this machine.
            .env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"))
            // A lab that is killed leaves its folder.
            .env("TMPDIR", env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary can be started");
        let stdout = process.stdout.take().expect("its output");
        let mut lines = BufReader::new(stdout).lines();
        let mut said = Vec::new();
        while let Some(line) = lines.next_line().await.expect("its output") {
            if let Some(endpoint) = line.split("SWINGBRIDGE_ENDPOINT_URL=").nth(1) {
                let endpoint = endpoint.to_owned();
                // What it says later must go somewhere.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Self { endpoint, process };
            }
            said.push(line);
        }
        panic!("the lab did not come up:\n{}", said.join("\n"));
    }
}

impl Lab {
    /// Where production is asked, once both instances of the initial scenario serve.
    pub(crate) async fn serves(&self) -> Uri {
        let port = self.endpoint.rsplit(':').next().expect("a port");
        let client = Client::new(port.parse().expect("a number"));
        let began = Instant::now();
        loop {
            let state = client.state().await.expect("a lab that answers");
            let healthy = state.target_groups.iter().any(|one| {
                one.targets
                    .iter()
                    .filter(|target| target.health == "healthy")
                    .count()
                    == 2
            });
            let url = state
                .balancers
                .iter()
                .flat_map(|one| &one.listeners)
                .find_map(|one| one.url.clone());
            if let (true, Some(url)) = (healthy, url) {
                return url.parse().expect("a url");
            }
            assert!(began.elapsed() < PATIENCE, "the lab's instances do not serve");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id().expect("it runs")
    }
}

impl Ground {
    pub(crate) async fn lab(self) -> Option<Lab> {
        match self {
            Self::LocalStack => None,
            Self::Lab => Some(Lab::empty().await),
        }
    }

    /// Whether alarms can be checked here. Where not, what is left out is said.
    pub(crate) fn has_cloudwatch(self, check: &str) -> bool {
        self == Self::Lab || LocalStack::get().has_cloudwatch(check)
    }
}

/// Plays scenarios, each a function of an estate, on a LocalStack and on the lab.
macro_rules! on_both_grounds {
    ($estate:ident: $($scenario:ident),* $(,)?) => {
        mod on_localstack {
            use crate::support::{Estate, Ground};
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $scenario() {
                    super::$scenario(Estate::$estate(Ground::LocalStack).await).await;
                }
            )*
        }

        mod on_the_lab {
            use crate::support::{Estate, Ground};
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $scenario() {
                    super::$scenario(Estate::$estate(Ground::Lab).await).await;
                }
            )*
        }
    };
}

pub(crate) use on_both_grounds;
