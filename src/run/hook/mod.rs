//! Calls a hook: again while it is to be retried, and again and again while it is a gate.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep, sleep_until};

use super::Job;
use super::bake;
use super::drive::{Drive, Freshness};
use super::narrate::Narrator;
use super::stop::Stop;
use crate::cloud::{Cloud, Swing};
use crate::model::estate::Estate;
use crate::model::event::{Ended, EventKind, Outcome, Verdict};
use crate::model::hook::{Hook, Place};
use crate::model::plan::Plan;
use crate::model::routing::{Action, Condition};
use crate::model::step::span;
use crate::model::told::{Entrance, Told};

mod command;
mod output;
mod outside;
#[cfg(test)]
mod tests;
mod told;
mod webhook;

pub use outside::Outside;

/// Whoever makes the call: this machine, or a table in a test.
pub trait Caller: fmt::Debug + Send + Sync {
    /// One attempt. It ends soon after `stop` does, and leaves nothing running.
    fn call<'a>(&'a self, hook: &'a Hook, told: &'a Told, stop: BoxFuture<'a, ()>) -> BoxFuture<'a, Reply>;
}

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub answer: Answer,
    /// What it wrote, line by line.
    pub said: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Passed,
    /// Only of a gate: it is to be asked again.
    NotYet(String),
    Failed(String),
    /// Nobody waits for the answer any more.
    Stopped,
}

impl Reply {
    fn failed(why: impl Into<String>) -> Self {
        Self {
            answer: Answer::Failed(why.into()),
            said: Vec::new(),
        }
    }
}

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// The step that a hook is. The lock is kept alive meanwhile, as during any wait.
pub(super) async fn take<C: Cloud>(
    drive: &mut Drive<'_, C>,
    index: Option<usize>,
    hook: &Hook,
    narrator: &mut Narrator<'_>,
) -> Result<Outcome, Stop> {
    let mut told = told::told(drive.job, drive.plan, &drive.estate, hook.at);
    if hook.at == Place::BeforeTraffic {
        told.entrance = entrance(drive, &told).await?;
    }
    let settled = drive.course.settled;
    if hook.at == Place::EachStep {
        // Production has not arrived before it passes: its failure is one of the swing.
        drive.course.settled = false;
    }
    let asked = Asking {
        job: drive.job,
        deadline: drive.deadline,
        index,
        hook,
        told: &told,
    }
    .until_passed(narrator)
    .await;
    // It took its time, and may have changed things.
    drive.fresh = Freshness::default();
    match asked {
        Ok(()) => {
            drive.course.settled = settled;
            Ok(Outcome::Done)
        }
        Err(stop @ Stop::Hook { .. }) if !hook.stops() => {
            let warning = stop.to_string();
            if index.is_none() {
                narrator.say(EventKind::Notice {
                    text: warning.clone(),
                });
            }
            Ok(Outcome::Warned { warning })
        }
        Err(stop) => Err(stop),
    }
}

/// The hooks that are called when a command has failed. Nothing that they do changes how it ended.
pub(super) async fn on_failure<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    seen: &Estate,
    verdict: &Verdict,
    narrator: &mut Narrator<'_>,
) {
    let failed = matches!(verdict.ended, Ended::Failed | Ended::SwungBack | Ended::Stopped);
    let hooks: Vec<&Hook> = plan
        .policy
        .hooks
        .iter()
        .filter(|hook| failed && hook.at == Place::OnFailure)
        .collect();
    if hooks.is_empty() {
        return;
    }
    let now = job.cloud.observe(job.scope).await;
    let estate = now.as_ref().unwrap_or(seen);
    for hook in hooks {
        let mut told = told::told(job, plan, estate, hook.at);
        told.failure = Some(verdict.summary.clone());
        told.exit_code = Some(verdict.code);
        narrator.say(EventKind::Notice { text: hook.title() });
        let asking = Asking {
            job,
            deadline: None,
            index: None,
            hook,
            told: &told,
        };
        if let Err(stop) = asking.until_passed(narrator).await {
            narrator.say(EventKind::Notice {
                text: stop.to_string(),
            });
        }
    }
}

/// The lock rule leads to the candidate, and its header lets in whoever is told of it.
async fn entrance<C: Cloud>(drive: &mut Drive<'_, C>, told: &Told) -> Result<Option<Entrance>, Stop> {
    let Some(candidate) = told
        .candidate
        .as_ref()
        .and_then(|side| side.target_group.as_ref())
    else {
        return Ok(None);
    };
    let rule = drive.lock.rule(&drive.estate).ok_or(Stop::LockLost)?;
    let after = Action::to(candidate);
    if !rule.action.same_effect(&after) {
        let swing = Swing {
            rule: &rule.at(),
            before: &rule.action,
            after: &after,
            sticky: None,
        };
        drive.job.cloud.point(&drive.estate, swing).await?;
        drive.entrance_at = Instant::now();
    }
    let entrance = rule.conditions.iter().find_map(|condition| match condition {
        Condition::Header { name, values } => Some(Entrance {
            header: name.clone(),
            value: values.first()?.clone(),
        }),
        _ => None,
    });
    // Until the load balancer obeys it, whoever comes with its header meets live, and finds it well.
    let propagation = drive.plan.policy.swing.propagation;
    let left = propagation.saturating_sub(drive.entrance_at.elapsed());
    if !left.is_zero() {
        bake::rest(drive.job, left, drive.deadline).await?;
    }
    Ok(entrance)
}

/// One hook at one moment.
struct Asking<'a, C> {
    job: &'a Job<'a, C>,
    deadline: Option<Instant>,
    index: Option<usize>,
    hook: &'a Hook,
    told: &'a Told,
}

impl<C: Cloud> Asking<'_, C> {
    async fn until_passed(&self, narrator: &mut Narrator<'_>) -> Result<(), Stop> {
        let began = Instant::now();
        let (mut failures, mut pause) = (0, FIRST_PAUSE);
        let mut said = Vec::new();
        loop {
            let reply = self.once(narrator).await;
            if !reply.said.is_empty() && reply.said != said {
                narrator.say(EventKind::HookOutput {
                    hook: self.hook.title(),
                    lines: reply.said.clone(),
                });
                said = reply.said;
            }
            match (reply.answer, &self.hook.gate) {
                (Answer::Passed, _) => return Ok(()),
                (Answer::Stopped, _) => return Err(self.stopped()),
                (Answer::NotYet(why), Some(gate)) => {
                    let left = gate.expires.saturating_sub(began.elapsed());
                    if left.is_zero() {
                        return Err(
                            self.failed(format!("it did not pass within {}: {why}", span(gate.expires)))
                        );
                    }
                    (failures, pause) = (0, FIRST_PAUSE);
                    self.stands(why, narrator);
                    self.rest(gate.every.min(left)).await?;
                }
                (Answer::Failed(why), _) if failures < self.hook.retries => {
                    failures += 1;
                    match self.index {
                        Some(step) => narrator.say(EventKind::Retrying { step, error: why }),
                        None => narrator.say(EventKind::Notice {
                            text: format!("trying again after: {why}"),
                        }),
                    }
                    self.rest(pause).await?;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                (Answer::Failed(why) | Answer::NotYet(why), _) => return Err(self.failed(why)),
            }
        }
    }

    async fn once(&self, narrator: &mut Narrator<'_>) -> Reply {
        let began = Instant::now();
        let mut call = self
            .job
            .hooks
            .call(self.hook, self.told, Box::pin(self.unwanted()));
        loop {
            tokio::select! {
                biased;
                reply = &mut call => return reply,
                () = sleep(SIGN_OF_LIFE) => {
                    let seconds = began.elapsed().as_secs();
                    self.stands(format!("running for {seconds}s"), narrator);
                }
            }
        }
    }

    fn stands(&self, how: String, narrator: &mut Narrator<'_>) {
        narrator.say(match self.index {
            Some(step) => EventKind::Progress {
                step,
                have: 0,
                want: 1,
                reasons: vec![how],
            },
            // It belongs to a plan that nobody was shown.
            None => EventKind::Notice {
                text: format!("{}: {how}", self.hook.title()),
            },
        });
    }

    /// Ends when the run is to stop, or has used up its time.
    async fn unwanted(&self) {
        tokio::select! {
            _ = self.job.interrupt.wait() => {}
            () = passed(self.deadline) => {}
        }
    }

    async fn rest(&self, pause: Duration) -> Result<(), Stop> {
        tokio::select! {
            biased;
            () = self.unwanted() => Err(self.stopped()),
            () = sleep(pause) => Ok(()),
        }
    }

    fn stopped(&self) -> Stop {
        match self.job.interrupt.wished() {
            Some(signal) => Stop::Interrupted(signal),
            None => Stop::OutOfTime,
        }
    }

    fn failed(&self, why: String) -> Stop {
        Stop::Hook {
            at: self.hook.at,
            what: self.hook.subject(),
            why,
        }
    }
}

async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
