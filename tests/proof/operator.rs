//! One operator at work: the real adapter, the real SDK and its retries, and what a command does around a run.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use futures_util::future::BoxFuture;
use swingbridge::cloud::aws::Aws;
use swingbridge::cloud::{Cloud, CloudError};
use swingbridge::config::Config;
use swingbridge::model::estate::Estate;
use swingbridge::model::event::{self, Event, Reporter, Verdict};
use swingbridge::model::hook::Hook;
use swingbridge::model::lock::{self, LockState};
use swingbridge::model::plan::{Intent, Plan};
use swingbridge::model::refusal::Refusal;
use swingbridge::model::told::Told;
use swingbridge::plan;
use swingbridge::run::hook::{Answer, Caller, Reply};
use swingbridge::run::identity::Identity;
use swingbridge::run::interrupt::Interrupt;
use swingbridge::run::{Job, LockSettings, Stayed, carry_out, look_to_plan, stay};

use crate::stage::{Scene, begin_chance};
use crate::tap::{Call, Hit, Line, Tap};

/// As often as the command itself plans again.
const PLANNED_AGAIN: u32 = 3;

pub(crate) struct Operator<'a> {
    pub(crate) tap: Arc<Tap>,
    aws: Aws,
    config: &'a Config,
    who: Who,
}

/// The SDK's configuration for somebody whose calls go through a tap.
pub(crate) fn sdk(key: &str, tap: &Arc<Tap>) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            key, "secret", None, None, "proof",
        )))
        .sleep_impl(TokioSleep::new())
        .http_client(Line(Arc::clone(tap)))
        .build()
}

/// Who somebody is to others.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    /// Their access key, by which the lab's timeline tells calls apart.
    pub(crate) key: &'static str,
    pub(crate) process: Process,
    /// How long they wait for somebody else's lock.
    pub(crate) patience: Duration,
}

/// What others can find out about a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Process {
    Runs,
    /// On this machine, where it is seen that it has ended.
    HasEnded,
    /// On another machine: only its silence tells.
    Elsewhere,
}

impl Who {
    pub(crate) fn somebody() -> Self {
        Self {
            key: "operator",
            process: Process::Runs,
            patience: Duration::ZERO,
        }
    }

    fn identity(&self) -> Identity {
        let mut identity = Identity::from_environment(&|_| None);
        self.key.clone_into(&mut identity.owner);
        match self.process {
            Process::Runs => {}
            Process::HasEnded => {
                let mut parts: Vec<&str> = identity.process.split(' ').collect();
                parts[2] = "999999999";
                identity.process = parts.join(" ");
            }
            Process::Elsewhere => identity.process = format!("another-boot 1 1 {}", self.key),
        }
        identity
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Verdict(Verdict),
    Refused(Refusal),
    /// The estate could not be seen.
    Unseen(CloudError),
    /// Production has swung, and what that leaves could not be done.
    Unfinished(String),
    /// The saved plan does not fit any more.
    Stale(Vec<String>),
    Killed,
}

impl Ended {
    /// Whether it tells to run this command.
    pub(crate) fn names(&self, command: &str) -> bool {
        matches!(self, Self::Verdict(verdict) if verdict.next.iter().any(|next| next.starts_with(command)))
    }

    /// The process's exit code; none when it was killed.
    pub(crate) fn code(&self) -> Option<u8> {
        match self {
            Self::Verdict(verdict) => Some(verdict.code),
            Self::Refused(_) => Some(3),
            Self::Unseen(_) => Some(4),
            Self::Unfinished(_) => Some(6),
            Self::Stale(_) => Some(8),
            Self::Killed => None,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verdict(verdict) => {
                write!(f, "{}: {} {:?}", verdict.code, verdict.summary, verdict.reasons)
            }
            Self::Refused(refusal) => write!(f, "refused: {refusal}"),
            Self::Unseen(error) => write!(f, "could not look: {error}"),
            Self::Unfinished(why) => write!(f, "swung, and not finished: {why}"),
            Self::Stale(why) => write!(f, "a stale plan: {}", why.join("; ")),
            Self::Killed => f.write_str("killed"),
        }
    }
}

struct Deaf;

impl Reporter for Deaf {
    fn on(&mut self, _: &Event) -> io::Result<()> {
        Ok(())
    }
}

/// Whoever calls hooks: each takes its time, and passes.
#[derive(Debug)]
struct Obliging;

impl Caller for Obliging {
    fn call<'a>(&'a self, _: &'a Hook, _: &'a Told, _: BoxFuture<'a, ()>) -> BoxFuture<'a, Reply> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            Reply {
                answer: Answer::Passed,
                said: Vec::new(),
            }
        })
    }
}

impl<'a> Operator<'a> {
    pub(crate) fn on(
        scene: &Scene,
        config: &'a Config,
        who: Who,
        script: impl FnMut(&Call) -> Option<Hit> + Send + 'static,
    ) -> Self {
        begin_chance();
        let tap = Tap::new(&scene.keeper, Box::new(script));
        let sdk = sdk(who.key, &tap);
        Self {
            aws: Aws::from_config(&sdk, "the lab".into()).with_clock(scene.clock.clone()),
            tap,
            config,
            who,
        }
    }

    /// To whom nothing happens.
    pub(crate) fn calm(scene: &Scene, config: &'a Config) -> Self {
        Self::on(scene, config, Who::somebody(), |_| None)
    }

    pub(crate) async fn sees(&self) -> Result<Estate, CloudError> {
        self.aws.observe(&self.config.scope).await
    }

    /// A command from its first look to its end, what it leaves for later included, or until it is killed.
    pub(crate) async fn does(&self, intent: &Intent) -> Ended {
        self.until_killed(self.to_its_end(intent)).await
    }

    /// The same by somebody who goes away once production has swung.
    pub(crate) async fn does_without_staying(&self, intent: &Intent) -> Ended {
        self.until_killed(async { self.once(intent).await.1 }).await
    }

    /// A saved plan, as `apply` carries it out, likewise.
    pub(crate) async fn applies(&self, saved: &Plan) -> Ended {
        self.until_killed(self.applies_to_its_end(saved)).await
    }

    /// Frees the lock whoever holds it, as `unlock --force` does. Does nothing where there is none.
    pub(crate) async fn unlocks(&self) -> Result<(), CloudError> {
        let estate = self.sees().await?;
        match lock::state(&estate, self.config.policy.lock) {
            LockState::Held { rule, .. } => self.aws.delete_rule(&rule).await,
            _ => Ok(()),
        }
    }

    async fn until_killed(&self, command: impl Future<Output = Ended>) -> Ended {
        tokio::select! {
            biased;
            () = self.tap.died.notified() => Ended::Killed,
            ended = command => ended,
        }
    }

    async fn applies_to_its_end(&self, saved: &Plan) -> Ended {
        let estate = match self.looks(&saved.intent).await {
            Ok(estate) => estate,
            Err(error) => return Ended::Unseen(error),
        };
        match plan::resume(saved, &estate, &self.config.policy) {
            Ok(rest) => {
                let ended = Ended::Verdict(self.carries_out(&rest, &estate).await);
                match ended.code() {
                    Some(0) => self.later((&rest, &estate), ended).await,
                    _ => ended,
                }
            }
            Err(why) => Ended::Stale(why),
        }
    }

    async fn to_its_end(&self, intent: &Intent) -> Ended {
        let mut again = 0;
        loop {
            let (plan, ended) = self.once(intent).await;
            let is_stale = matches!(&ended, Ended::Verdict(verdict) if verdict.ended == event::Ended::Stale);
            match (ended.code(), plan) {
                _ if is_stale && again < PLANNED_AGAIN => again += 1,
                (Some(0), Some((plan, found))) => return self.later((&plan, &found), ended).await,
                _ => return ended,
            }
        }
    }

    async fn looks(&self, intent: &Intent) -> Result<Estate, CloudError> {
        let Config { scope, policy, .. } = self.config;
        look_to_plan(&self.aws, scope, intent, policy).await
    }

    async fn once(&self, intent: &Intent) -> (Option<(Plan, Estate)>, Ended) {
        let estate = match self.looks(intent).await {
            Ok(estate) => estate,
            Err(error) => return (None, Ended::Unseen(error)),
        };
        match plan::plan(&estate, intent, &self.config.policy) {
            Ok(plan) => {
                let verdict = self.carries_out(&plan, &estate).await;
                (Some((plan, estate)), Ended::Verdict(verdict))
            }
            Err(refusal) => (None, Ended::Refused(refusal)),
        }
    }

    /// Stays for what a swing leaves to be done.
    async fn later(&self, plan: (&Plan, &Estate), done: Ended) -> Ended {
        let (_stopper, interrupt) = Interrupt::pair();
        let finish = async |rest: Plan, estate: Estate| self.carries_out(&rest, &estate).await.code;
        match stay(&self.aws, &self.config.scope, plan, &interrupt, |_| {}, finish).await {
            Stayed::Unfinished(why) => Ended::Unfinished(why),
            _ => done,
        }
    }

    async fn carries_out(&self, plan: &Plan, estate: &Estate) -> Verdict {
        let (_stopper, interrupt) = Interrupt::pair();
        let job = Job {
            cloud: &self.aws,
            scope: &self.config.scope,
            command: format!("swingbridge {}", plan.intent.word()),
            run: self.who.key.into(),
            identity: self.who.identity(),
            lock: LockSettings {
                lease: self.config.lease,
                wait: self.who.patience,
            },
            timeout: None,
            interrupt,
            hooks: &Obliging,
        };
        carry_out(&job, plan, estate, &mut Deaf).await
    }
}
