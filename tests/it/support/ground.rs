//! Where a scenario is played: a LocalStack that all share, or a lab of its own.

use std::process::Stdio;
use std::time::{Duration, Instant};

use swingbridge::lab::serve::client::Client;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::localstack::LocalStack;
use super::swing::binary;

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

/// How long the instances of an estate may take to serve.
const PATIENCE: Duration = Duration::from_secs(60);

impl Lab {
    /// Where its load balancer listens, once every target is healthy.
    pub(crate) async fn serving(&self) -> String {
        let port = self.endpoint.rsplit(':').next().expect("a port");
        let client = Client::new(port.parse().expect("a number"));
        let began = Instant::now();
        loop {
            let state = client.state().await.expect("a lab that answers");
            let targets: Vec<_> = state.target_groups.iter().flat_map(|one| &one.targets).collect();
            let healthy = targets.iter().all(|target| target.health == "healthy");
            let mut listeners = state.balancers.iter().flat_map(|one| &one.listeners);
            let url = listeners.find_map(|one| one.url.clone());
            if let (false, true, Some(url)) = (targets.is_empty(), healthy, url)
                // The data plane hears of it a little later.
                && answers(&url).await
            {
                return url;
            }
            assert!(began.elapsed() < PATIENCE, "the lab's instances do not serve");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id().expect("it runs")
    }
}

/// Whether a load balancer has somebody to pass a request to.
async fn answers(url: &str) -> bool {
    let authority = url.trim_start_matches("http://").trim_end_matches('/');
    let Ok(mut stream) = TcpStream::connect(authority).await else {
        return false;
    };
    let request = format!("GET /health HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).await.is_ok()
        && stream.read_to_string(&mut answer).await.is_ok()
        && answer.starts_with("HTTP/1.1 200")
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
