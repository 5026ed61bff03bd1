//! Holding the lock: one rule at a reserved priority, taken, kept alive, checked, released.

use std::convert::Infallible;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Job;
use super::act::unguessable;
use super::blind::{Blind, PATIENCE};
use super::identity;
use super::narrate::Narrator;
use super::stop::Stop;
use crate::cloud::{Cloud, CloudError, Look, NewRule};
use crate::model::ab::PER_RULE;
use crate::model::estate::{Estate, Part};
use crate::model::event::EventKind;
use crate::model::ids::{Arn, TargetGroupName};
use crate::model::lock::{self, Holder, LockState};
use crate::model::plan::Plan;
use crate::model::routing::{Action, Condition, FixedResponse, Rule, Share};
use crate::model::tags::{self, Tags};
use crate::plan::ENTRANCE_HEADER;

/// How the lock is kept, and how long somebody else's is waited for.
#[derive(Clone, Debug)]
pub struct LockSettings {
    pub lease: Duration,
    pub wait: Duration,
}

/// Somebody else's lock is not looked at more often: every look is paid from a shared budget.
const LOOK_AGAIN: Duration = Duration::from_secs(3);
/// How often, and how soon, a rule without a word of ours on it is looked at again.
const FOREIGN: u32 = 5;
const LOOK_AGAIN_SOON: Duration = Duration::from_secs(2);
/// How long releasing is tried.
const RELEASE: Duration = Duration::from_secs(30);

/// Our own rule at the reserved priority.
pub(super) struct Lock {
    rule: Arn,
}

impl Lock {
    pub(super) async fn acquire<C: Cloud>(
        job: &Job<'_, C>,
        plan: &Plan,
        seen: &Estate,
        (wait, deadline): (Duration, Option<Instant>),
        narrator: &mut Narrator<'_>,
    ) -> Result<Self, Stop> {
        let began = Instant::now();
        // What was seen when the plan was made is good enough to try: AWS decides who comes first.
        let mut estate = seen.clone();
        let mut doubted: Option<(Instant, Holder)> = None;
        let mut foreign = 0;
        let mut blind = Blind::default();
        let may_pass = |error: &CloudError| error.may_pass() && began.elapsed() < PATIENCE;
        loop {
            if let Some(signal) = job.interrupt.wished() {
                return Err(given_up(job, plan, &estate, Stop::Interrupted(signal)).await);
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(given_up(job, plan, &estate, Stop::OutOfTime).await);
            }
            // Without tags nobody's rule can be told from ours.
            let seen = blind.sees(&estate, Part::RuleTags, None)?;
            match lock::state(&estate, plan.policy.lock) {
                _ if !seen => sleep(LOOK_AGAIN).await,
                LockState::Free | LockState::NoListener => match create(job, plan, &estate).await {
                    Ok(rule) => return Ok(Self { rule }),
                    Err(CloudError::PriorityInUse { .. }) => {}
                    // It may have been made all the same: then it is seen to be ours.
                    Err(error) if may_pass(&error) => sleep(LOOK_AGAIN).await,
                    Err(error) => return Err(error.into()),
                },
                LockState::Held { rule, holder }
                    if identity::has_ended(&holder.process) || is_left_by_us(&holder, job) =>
                {
                    take_over(job, &rule, &holder, narrator).await?;
                }
                LockState::Held { rule, holder } if holder.expired(job.cloud.now()) => match &doubted {
                    // Its clock may be behind ours: dead is who says nothing while we listen.
                    Some((since, seen)) if seen.beat == holder.beat => {
                        let listening = listening(job, &holder);
                        if since.elapsed() >= listening {
                            take_over(job, &rule, &holder, narrator).await?;
                        } else {
                            sleep(LOOK_AGAIN.min(listening)).await;
                        }
                    }
                    // It lives, and is waited for like any other.
                    Some(_) if began.elapsed() >= wait => return Err(Stop::Locked(Box::new(holder))),
                    _ => doubted = Some((Instant::now(), holder)),
                },
                LockState::Held { holder, .. } if began.elapsed() >= wait => {
                    return Err(Stop::Locked(Box::new(holder)));
                }
                LockState::Held { .. } => sleep(LOOK_AGAIN).await,
                // Its tags may not be there yet: AWS shows a rule before what is said about it.
                LockState::Foreign { .. } if foreign < FOREIGN => {
                    foreign += 1;
                    sleep(LOOK_AGAIN_SOON).await;
                }
                LockState::Foreign { what, .. } => return Err(Stop::ForeignLock { what }),
            }
            match job.cloud.look(job.scope, &estate, Look::Everything, &[]).await {
                Ok(seen) => estate = seen,
                Err(error) if may_pass(&error) => sleep(LOOK_AGAIN).await,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Says that we are alive, for as long as it is polled.
    pub(super) async fn beat<C: Cloud>(&self, job: &Job<'_, C>) -> Infallible {
        loop {
            sleep(job.lock.lease / 4).await;
            let beat = Tags::from([(tags::LOCK_BEAT.to_owned(), job.cloud.now().to_string())]);
            // A beat that fails is followed by another; a lock that is lost is seen before the next change.
            if let Err(error) = job.cloud.tag(&self.rule, &beat, &[]).await {
                tracing::warn!(%error, "the lock's heartbeat could not be written");
            }
        }
    }

    pub(super) fn stands_in(&self, estate: &Estate) -> bool {
        estate.rule(&self.rule).is_some()
    }

    pub(super) fn rule<'a>(&self, estate: &'a Estate) -> Option<&'a Rule> {
        estate.rule(&self.rule)
    }

    /// Tried for a while: a lock left behind stops everybody for its lease.
    pub(super) async fn release<C: Cloud>(&self, job: &Job<'_, C>) -> Result<(), CloudError> {
        let began = Instant::now();
        loop {
            match job.cloud.delete_rule(&self.rule).await {
                Err(error) if error.may_pass() && began.elapsed() < RELEASE => {
                    sleep(Duration::from_secs(1)).await
                }
                other => return other,
            }
        }
    }
}

/// When all is done already, the lock of the run that died doing it is all that is left.
pub(super) async fn sweep<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    estate: &Estate,
    narrator: &mut Narrator<'_>,
) {
    let LockState::Held { rule, holder } = lock::state(estate, plan.policy.lock) else {
        return;
    };
    let is_dead = identity::has_ended(&holder.process)
        || (holder.expired(job.cloud.now()) && says_nothing(job, plan, estate, &holder).await);
    if !is_dead {
        return;
    }
    let text = match job.cloud.delete_rule(&rule).await {
        Ok(()) => format!("the lock of {holder}, which has died, is removed"),
        Err(error) => format!("the lock of {holder}, which has died, could not be removed: {error}"),
    };
    narrator.say(EventKind::Notice { text });
}

async fn create<C: Cloud>(job: &Job<'_, C>, plan: &Plan, estate: &Estate) -> Result<Arn, CloudError> {
    let now = job.cloud.now();
    let holder = Holder {
        owner: job.identity.owner.clone(),
        host: job.identity.host.clone(),
        process: job.identity.process.clone(),
        command: job.command.clone(),
        run: job.run.clone(),
        url: job.identity.url.clone(),
        since: now,
        beat: now,
        lease: job.lock.lease,
    };
    let new = NewRule {
        port: plan.policy.lock.port,
        priority: plan.policy.lock.priority,
        condition: Condition::Header {
            name: ENTRANCE_HEADER.to_owned(),
            values: vec![unguessable()],
        },
        action: names_nobody(),
        tags: holder.to_tags(&plan.app),
    };
    job.cloud.create_rule(estate, &new).await
}

fn names_nobody() -> Action {
    Action::Fixed(FixedResponse {
        status: 404,
        content_type: None,
        body: None,
    })
}

/// What the lock's rule does so that these stay in use beside those that it names; nobody when there are none. No request
/// can meet it.
pub(super) fn keeping(action: &Action, also: &[TargetGroupName]) -> Action {
    if also.is_empty() {
        return names_nobody();
    }
    let named = action.shares().iter().map(|share| &share.target_group);
    let mut names: Vec<&TargetGroupName> = Vec::new();
    for name in named.chain(also) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let shares = names.into_iter().take(PER_RULE).enumerate();
    Action::Forward {
        shares: shares
            .map(|(place, name)| Share {
                target_group: name.clone(),
                weight: u32::from(place == 0),
            })
            .collect(),
    }
}

/// Whether a holder whose lease is over by our clock is silent, too: its clock may be behind ours.
async fn says_nothing<C: Cloud>(job: &Job<'_, C>, plan: &Plan, estate: &Estate, holder: &Holder) -> bool {
    tokio::select! {
        biased;
        _ = job.interrupt.wait() => return false,
        () = sleep(listening(job, holder)) => {}
    }
    let seen = job.cloud.look(job.scope, estate, Look::Everything, &[]).await;
    seen.is_ok_and(|seen| {
        matches!(lock::state(&seen, plan.policy.lock),
            LockState::Held { holder: now, .. } if (&now.run, now.beat) == (&holder.run, holder.beat))
    })
}

/// A living holder says so four times in its lease, which may be longer than ours.
fn listening<C>(job: &Job<'_, C>, holder: &Holder) -> Duration {
    job.lock.lease.max(holder.lease) / 3
}

async fn take_over<C: Cloud>(
    job: &Job<'_, C>,
    rule: &Arn,
    holder: &Holder,
    narrator: &mut Narrator<'_>,
) -> Result<(), CloudError> {
    narrator.say(EventKind::Notice {
        text: format!("the lock is taken over from {holder}, which has died"),
    });
    // By its arn: if somebody else was quicker, this deletes nothing of theirs.
    job.cloud.delete_rule(rule).await
}

/// Nobody waits for the lock any more. One that we made by a call whose answer never came must not keep others out.
async fn given_up<C: Cloud>(job: &Job<'_, C>, plan: &Plan, estate: &Estate, stop: Stop) -> Stop {
    match lock::state(estate, plan.policy.lock) {
        LockState::Held { rule, holder } if is_left_by_us(&holder, job) => {
            if let Err(error) = job.cloud.delete_rule(&rule).await {
                tracing::warn!(%error, "the lock could not be released; it expires by itself");
            }
            stop
        }
        LockState::Held { holder, .. }
            if matches!(stop, Stop::OutOfTime) && !holder.expired(job.cloud.now()) =>
        {
            Stop::Locked(Box::new(holder))
        }
        _ => stop,
    }
}

/// A process carries out one plan at a time: what it still holds is of one that could not give the lock up.
fn is_left_by_us<C>(holder: &Holder, job: &Job<'_, C>) -> bool {
    !holder.process.is_empty() && holder.process == job.identity.process && holder.host == job.identity.host
}
