//! Where rounds are played: a lab, an operator whose calls are watched, and what a command usually takes there.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use swingbridge::lab::load::{Door, Load, Slow, Sockets};
use swingbridge::lab::serve::client::Client;

use super::estate::Estate;
use super::judge::DOORS;
use super::record::{Record, Way};
use super::round::{Act, Fate, Moment, Signal};
use super::timeline::{Happening, Timeline};
use crate::support::ground::Lab;
use crate::support::swing::Ran;
use crate::support::{Proxy, Swing};

/// How much faster than on AWS the lab's things happen.
const SPEED: &str = "10";
/// What no speed shortens.
const DATA_PLANE_DELAY: &str = "250ms";
/// How long the lab's first instances may take.
const PATIENCE: Duration = Duration::from_secs(60);
const RATE: f64 = 150.0;

/// What a command goes through when nobody disturbs it.
#[derive(Clone, Copy, Debug)]
struct Usual {
    time: Duration,
    changes: usize,
}

pub(super) struct Stage {
    _lab: Lab,
    client: Client,
    timeline: Timeline,
    swing: Swing,
    proxy: Proxy,
    url: Uri,
    usual: BTreeMap<Act, Usual>,
    releases: usize,
    /// Where the ways led since the lab began.
    pub(super) record: Record,
    /// Which version is behind each target group there ever was.
    pub(super) versions: BTreeMap<String, String>,
}

impl Stage {
    /// A lab with one generation live, adopted, and each command measured once.
    pub(super) async fn set() -> Result<Self> {
        let config = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/rounds/estate.toml");
        let delay = ["--data-plane-delay", DATA_PLANE_DELAY];
        let lab = Lab::up(&[&["--config", config, "--speed", SPEED], &delay[..]].concat()).await;
        let port = lab.endpoint.rsplit(':').next().context("a port")?.parse()?;
        let client = Client::new(port);
        let began = Instant::now();
        let estate = loop {
            let estate = Estate(client.state().await?);
            if estate.healthy("tg-1") == 2 {
                break estate;
            }
            ensure!(
                began.elapsed() < PATIENCE,
                "the lab's instances do not serve: {estate:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let listeners = estate.0.balancers.iter().flat_map(|one| &one.listeners);
        let url = listeners
            .into_iter()
            .find_map(|one| one.url.as_ref())
            .context("a url")?
            .parse()?;
        let mut record = Record::default();
        for way in Way::ALL {
            record.note(estate.0.started, way, &estate.leads(way));
        }
        let proxy = Proxy::before(&lab.endpoint).await;
        let mut stage = Self {
            timeline: Timeline::of(&lab.endpoint),
            swing: operator(&proxy).await,
            _lab: lab,
            client,
            proxy,
            url,
            usual: BTreeMap::new(),
            releases: 0,
            record,
            versions: BTreeMap::new(),
        };
        stage.measure().await?;
        Ok(stage)
    }

    async fn measure(&mut self) -> Result<()> {
        for act in [Act::Deploy, Act::Promote] {
            let command = self.command(act).await?;
            self.proxy.heal();
            let began = Instant::now();
            self.run(&command).await?;
            let usual = Usual {
                time: began.elapsed(),
                changes: self.proxy.changes().len(),
            };
            self.usual.insert(act, usual);
        }
        self.run(&words("retire --yes")).await
    }

    /// What is true now. What the lab told since the last look goes into the record.
    pub(super) async fn look(&mut self) -> Result<Estate> {
        let estate = Estate(self.client.state().await?);
        self.versions.extend(estate.versions());
        Ok(estate)
    }

    /// What has happened since this was asked the last time.
    pub(super) async fn news(&mut self) -> Result<Vec<Happening>> {
        let news = self.timeline.news().await?;
        for happening in &news {
            self.record.read(happening.at, &happening.text);
        }
        Ok(news)
    }

    /// A command as it is typed; a deploy is of a new release, of the version that is not live.
    pub(super) async fn command(&mut self, act: Act) -> Result<Vec<String>> {
        if act == Act::Promote {
            return Ok(words("promote --yes"));
        }
        let live = self.look().await?.leads(Way::Production);
        let version = match self.versions.get(&live).map(String::as_str) {
            Some("1") => "2",
            _ => "1",
        };
        self.releases += 1;
        Ok(words(&format!(
            "deploy --release r{} --launch-template-version {version} --yes",
            self.releases
        )))
    }

    /// Runs a command to its end, which must be a good one.
    pub(super) async fn run(&self, command: &[String]) -> Result<()> {
        let ran = self.ran(command).await;
        ensure!(ran.code == Some(0), "{ran}");
        Ok(())
    }

    pub(super) async fn ran(&self, command: &[String]) -> Ran {
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        self.swing.run(&command).await
    }

    /// Runs a command that is sent a signal at its moment. Says which moment that was.
    pub(super) async fn struck(
        &self,
        act: Act,
        command: &[String],
        signal: Signal,
        moment: Moment,
    ) -> (Ran, String) {
        let Usual { time, changes } = self.usual[&act];
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        self.proxy.heal();
        match moment {
            Moment::Time(share) => {
                let after = time.mul_f64(share);
                let moment = tokio::time::sleep(after);
                let ran = self.swing.run_until(moment, signal.name(), &command).await;
                (
                    ran,
                    format!(
                        "{:.2} s of {:.2} s after its start",
                        after.as_secs_f64(),
                        time.as_secs_f64()
                    ),
                )
            }
            Moment::Change(share) => {
                let number = nth(share, changes);
                let moment = self.proxy.carried_out(number);
                let ran = self.swing.run_until(moment, signal.name(), &command).await;
                let call = self.proxy.changes().get(number - 1).map(ToString::to_string);
                (
                    ran,
                    format!("after change {number} of {changes}, {}", call.unwrap_or_default()),
                )
            }
        }
    }

    /// Everybody's requests: short ones, long ones, WebSockets, and those who name a door.
    pub(super) fn load(&self, fate: &Fate) -> Load {
        let door = |way: Way| {
            let name = if way == Way::Blue { "blue" } else { "green" };
            Door {
                name: name.to_owned(),
                headers: HeaderMap::from_iter([(
                    HeaderName::from_static("x-client-mode"),
                    HeaderValue::from_static(name),
                )]),
                share: 0.15,
                expects: match way {
                    Way::Green => vec![http::StatusCode::NOT_FOUND],
                    _ => Vec::new(),
                },
            }
        };
        Load {
            rate: RATE,
            connections: 2_000,
            keep_alive: 0.5,
            slow: Slow {
                share: 0.02,
                takes: fate.slow,
            },
            sockets: Sockets {
                share: 0.01,
                held: Duration::from_millis(1_500),
                every: Duration::from_millis(200),
            },
            doors: DOORS.map(door).into(),
            ..Load::on(self.url.clone())
        }
    }
}

/// An operator with the configuration that `init` wrote for what runs there.
async fn operator(proxy: &Proxy) -> Swing {
    let mut swing = Swing::at("000000000000", &proxy.endpoint);
    swing
        .run(&["init", "--from-aws", "--load-balancer", "alb-ks", "--yes"])
        .await
        .ended(0);
    // Short, but longer than the data plane's delay.
    for name in [
        "SWINGBRIDGE_HEALTH_SOAK",
        "SWINGBRIDGE_PROPAGATION",
        "SWINGBRIDGE_HOLD",
    ] {
        swing.set(name, "1s");
    }
    swing
}

/// The change that lies at this share of them, counted from 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "some twenty changes"
)]
fn nth(share: f64, changes: usize) -> usize {
    (share * changes as f64) as usize + 1
}

pub(super) fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}
