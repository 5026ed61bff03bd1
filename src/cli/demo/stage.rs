//! Where the demo plays: a lab of its own, a folder of its own, and this very executable as the tool.

use std::process::Stdio;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::cli::failure::Failure;
use crate::cli::lab::up;
use crate::cli::session::out;
use crate::lab::estates::{Estate, INITIAL};
use crate::lab::house::{Lab, Settings};
use crate::lab::world;

/// AWS's things take a tenth of their time: a boot and two health checks fit into a look at the screen.
const SPEED: f64 = 10.0;
/// How long the first instances may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Stage {
    lab: Lab,
    folder: tempfile::TempDir,
    url: String,
    step: bool,
    began: Instant,
}

impl Stage {
    /// A lab with the initial estate, all of it healthy.
    pub(super) async fn set(step: bool) -> Result<Self, Failure> {
        let folder = up::scratch()?;
        let lab = Lab::up(Settings {
            world: world::Settings {
                began: Timestamp::now(),
                speed: SPEED,
                ..world::Settings::default()
            },
            port: 0,
            ports: std::collections::BTreeMap::new(),
            folder: None,
            estate: Estate::read(INITIAL).map_err(|error| Failure::unexpected(anyhow::anyhow!(error)))?,
            surroundings: up::surroundings(folder.path())?,
        })
        .await
        .map_err(Failure::unexpected)?;
        let began = Instant::now();
        let mut stage = Self {
            lab,
            folder,
            url: String::new(),
            step,
            began,
        };
        while !stage.serves().await {
            if began.elapsed() > PATIENCE {
                return Err(Failure::unexpected(anyhow::anyhow!(
                    "the lab's first instances did not begin to serve: {:?}",
                    stage.lab.picture().await.target_groups
                )));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(stage)
    }

    /// Whether every target is healthy, and the data plane has heard of it.
    async fn serves(&mut self) -> bool {
        let picture = self.lab.picture().await;
        let listening = picture
            .balancers
            .iter()
            .flat_map(|one| &one.listeners)
            .find_map(|one| one.url.clone());
        let healthy = picture.target_groups.iter().all(|group| {
            !group.targets.is_empty() && group.targets.iter().all(|one| one.health == "healthy")
        });
        self.url = listening.unwrap_or_default();
        healthy
            && self
                .version("")
                .await
                .is_ok_and(|version| version.starts_with("version"))
    }

    /// The load balancer's.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn endpoint(&self) -> String {
        self.lab.endpoint()
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        Ok(std::fs::write(self.folder.path().join(name), text)?)
    }

    /// What `init` wrote, with another strategy and the sections that it needs.
    pub(super) fn configure(&self, more: &str) -> Result<(), Failure> {
        let path = self.folder.path().join("swingbridge.toml");
        let written = std::fs::read_to_string(&path)?;
        let rest = written
            .lines()
            .filter(|line| !line.starts_with("strategy ="))
            .collect::<Vec<_>>()
            .join("\n");
        let (strategy, sections) = more.split_once('\n').unwrap_or((more, ""));
        Ok(std::fs::write(path, format!("{strategy}\n{rest}\n{sections}"))?)
    }

    /// Says what comes next, and waits for somebody who wants to look around.
    pub(super) async fn announce(&self, text: &str) -> Result<(), Failure> {
        out(&format!(
            "\n[{:5.1}s] {text}\n",
            self.began.elapsed().as_secs_f64()
        ))?;
        if self.step {
            out(&format!(
                "         dashboard: {}/_lab/ (Enter goes on) ",
                self.endpoint()
            ))?;
            let mut line = String::new();
            BufReader::new(tokio::io::stdin()).read_line(&mut line).await?;
        }
        Ok(())
    }

    /// Runs the tool as an operator would, and shows what it says.
    pub(super) async fn swingbridge(&self, line: &str) -> Result<Option<i32>, Failure> {
        out(&format!("         $ swingbridge {line}\n"))?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(line.split_whitespace())
            .current_dir(self.folder.path())
            .envs([
                ("AWS_ACCESS_KEY_ID", "demo"),
                ("AWS_SECRET_ACCESS_KEY", "demo"),
                ("AWS_REGION", "us-east-1"),
                ("AWS_EC2_METADATA_DISABLED", "true"),
                ("SWINGBRIDGE_ENDPOINT_URL", &self.lab.endpoint()),
                // As everything here, a tenth of what it is on AWS.
                ("SWINGBRIDGE_HEALTH_SOAK", "3s"),
                ("SWINGBRIDGE_PROPAGATION", "1s"),
                ("SWINGBRIDGE_HOLD", "2s"),
            ])
            .env_remove("SWINGBRIDGE_CONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        tokio::try_join!(show(stdout), show(stderr))?;
        Ok(child.wait().await?.code())
    }

    /// Which version answers a request with these headers now.
    pub(super) async fn version(&self, header: &str) -> Result<String, Failure> {
        let authority = self.url.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(authority).await?;
        let request =
            format!("GET /version HTTP/1.1\r\nhost: {authority}\r\n{header}connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let status = answer.split_whitespace().nth(1).unwrap_or("nothing");
        let version = answer.lines().find_map(|line| line.strip_prefix("x-version: "));
        Ok(version.map_or_else(
            || format!("status {status}"),
            |version| format!("version {version}"),
        ))
    }

    pub(super) async fn strike(self) {
        self.lab.down().await;
    }
}

/// Passes on what a command says, line by line.
async fn show(from: Option<impl AsyncRead + Unpin>) -> Result<(), Failure> {
    let Some(from) = from else { return Ok(()) };
    let mut lines = BufReader::new(from).lines();
    while let Some(line) = lines.next_line().await? {
        out(&format!("         │ {line}\n"))?;
    }
    Ok(())
}
