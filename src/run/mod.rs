//! The one loop that carries a plan out: observe; reached already? safe? act; observe until reached.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::cloud::Cloud;
use crate::model::estate::Estate;
use crate::model::event::{Ended, EventKind, Reporter, Verdict};
use crate::model::plan::{Intent, Plan};
use crate::model::policy::{AfterRollback, OnFailure};
use crate::model::scope::Scope;
use crate::model::step::Step;
use crate::plan;

mod act;
mod bake;
mod blind;
mod course;
mod drive;
pub mod hook;
pub mod identity;
pub mod interrupt;
pub mod journal;
mod judged;
mod later;
mod lock;
mod look;
mod narrate;
pub mod notify;
mod post;
mod replace;
mod reuse;
mod rollout;
mod stop;
pub mod variants;
mod verdict;
mod winner;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;

pub use blind::{look_patiently, look_to_plan};
pub use later::{Stayed, stay};
pub use lock::LockSettings;

use blind::PATIENCE;
use drive::Drive;
use identity::Identity;
use interrupt::Interrupt;
use lock::Lock;
use narrate::Narrator;
use stop::Stop;

/// For how long what is read may be from before what was written.
const MAY_BE_STALE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What a run needs besides its plan.
#[derive(Debug)]
pub struct Job<'a, C> {
    pub cloud: &'a C,
    pub scope: &'a Scope,
    /// As the user would type it, for the lock and the journal.
    pub command: String,
    pub run: String,
    pub identity: Identity,
    pub lock: LockSettings,
    /// How long the whole run may take.
    pub timeout: Option<Duration>,
    pub interrupt: Interrupt,
    /// Whoever calls hooks.
    pub hooks: &'a dyn hook::Caller,
}

/// Carries a plan out and says how it ended. Every event goes to the reporter, the verdict last.
pub async fn carry_out<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    estate: &Estate,
    reporter: &mut (dyn Reporter + Send),
) -> Verdict {
    let mut narrator = Narrator::new(&job.run, reporter);
    narrator.say(EventKind::RunStarted {
        app: plan.app.clone(),
        command: job.command.clone(),
        summary: plan.summary.clone(),
        plan: Some(Box::new(plan.without_secrets())),
        steps: plan.steps.iter().map(|step| step.title()).collect(),
    });
    let verdict = if plan.is_empty() {
        lock::sweep(job, plan, estate, &mut narrator).await;
        verdict::nothing_to_do(plan, estate)
    } else {
        let verdict = in_parts(job, plan, estate, &mut narrator).await;
        // Whoever answers the failure needs the lock.
        hook::on_failure(job, plan, estate, &verdict, &mut narrator).await;
        verdict
    };
    narrator.say(EventKind::RunFinished {
        verdict: verdict.clone(),
    });
    verdict
}

/// From wait to wait: while production is only watched no lock is held, so that whoever must can swing it back.
async fn in_parts<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    estate: &Estate,
    narrator: &mut Narrator<'_>,
) -> Verdict {
    let mut seen = estate.clone();
    let mut part = Part { from: 0, to: 0 };
    // A time that is past the end of all clocks is none.
    let deadline = job
        .timeout
        .and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        let wait = plan.steps[part.from..].iter().position(Step::lets_go);
        part.to = wait.map_or(plan.steps.len(), |length| part.from + length);
        if part.from == part.to && matches!(plan.steps.get(part.to), Some(Step::AwaitWinner { .. })) {
            // Only looked at: nobody is kept out for that.
            lock::sweep(job, plan, &seen, narrator).await;
        } else {
            seen = match locked(job, plan, part, deadline, &seen, narrator).await {
                Ok(estate) => estate,
                Err(verdict) => return verdict,
            };
        }
        let Some(step) = plan.steps.get(part.to) else {
            // Whatever a step touched was read back by it.
            return verdict::done(plan, &seen);
        };
        let watched = bake::watch(job, plan, part.to, step, deadline, narrator).await;
        match watched {
            Ok(estate) => seen = estate,
            Err(bake::Ended::Is(verdict)) => return *verdict,
            Err(bake::Ended::TakeBack(intent, stop)) => {
                return take_back(job, plan, &intent, &stop, narrator).await;
            }
            Err(bake::Ended::Picked { name, why }) => {
                return winner::crown(job, plan, name, &why, deadline, narrator).await;
            }
        }
        part.from = part.to + 1;
    }
}

/// The steps that are taken under one lock.
#[derive(Clone, Copy, Debug)]
struct Part {
    from: usize,
    to: usize,
}

/// Everything that happens under the lock.
async fn locked<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    part: Part,
    deadline: Option<Instant>,
    estate: &Estate,
    narrator: &mut Narrator<'_>,
) -> Result<Estate, Verdict> {
    let lock = match Lock::acquire(job, plan, estate, (job.lock.wait, deadline), narrator).await {
        Ok(lock) => lock,
        Err(stop) if part.from == 0 => return Err(verdict::not_started(plan, &stop)),
        Err(stop) => return Err(verdict::between(plan, estate, &stop)),
    };
    under(job, &lock, narrator, async |narrator: &mut Narrator<'_>| {
        checked(job, plan, part, deadline, &lock, narrator).await
    })
    .await
}

/// Does something while our lock is kept alive, and gives it up.
async fn under<'n, C: Cloud, T>(
    job: &Job<'_, C>,
    lock: &Lock,
    narrator: &mut Narrator<'n>,
    work: impl AsyncFnOnce(&mut Narrator<'n>) -> T,
) -> T {
    let beating = lock.beat(job);
    tokio::pin!(beating);
    let done = tokio::select! {
        biased;
        done = work(narrator) => done,
        never = &mut beating => match never {},
    };
    if let Err(error) = lock.release(job).await {
        narrator.say(EventKind::Notice {
            text: format!("the lock could not be released ({error}); it expires by itself, or `swingbridge unlock` frees it"),
        });
    }
    done
}

/// The basis check, then the steps.
async fn checked<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    part: Part,
    deadline: Option<Instant>,
    lock: &Lock,
    narrator: &mut Narrator<'_>,
) -> Result<Estate, Verdict> {
    let first = Instant::now();
    let mut began = first;
    let estate = loop {
        let estate = match blind::look(job, deadline).await {
            Ok(estate) => estate,
            Err(stop) if part.from == 0 => return Err(verdict::not_started(plan, &stop)),
            Err(stop) => return Err(verdict::unseen(plan, &stop)),
        };
        let planned = plan::plan(&estate, &plan.intent, &plan.policy);
        if let Err(refusal) = &planned
            && first.elapsed() < PATIENCE
            && blind::may_pass(refusal, &estate)
        {
            let rested = bake::rest(job, LOOK_AGAIN, deadline).await;
            rested.map_err(|stop| match part.from {
                0 => verdict::not_started(plan, &stop),
                _ => verdict::between(plan, &estate, &stop),
            })?;
            began = Instant::now();
            continue;
        }
        // AWS may answer with what was before: what seems to have changed is looked at again.
        let may_be_stale = began.elapsed() < MAY_BE_STALE;
        match planned {
            Ok(fresh) if part.from == 0 && fresh.basis == plan.basis => break estate,
            Ok(fresh) if part.from > 0 && plan::goes_on(&fresh, &plan.steps[part.from..]) => break estate,
            _ if may_be_stale => sleep(LOOK_AGAIN).await,
            Ok(fresh) if part.from == 0 => {
                return Err(verdict::stale(
                    plan,
                    &estate,
                    &plan.basis.changes_to(&fresh.basis),
                ));
            }
            Ok(_) => return Err(verdict::overtaken(plan, &estate)),
            Err(refusal) if part.from == 0 => return Err(verdict::refused(&refusal)),
            Err(refusal) => return Err(verdict::between(plan, &estate, &Stop::Refused(refusal))),
        }
    };
    let mut drive = Drive::new(job, lock, plan, estate, deadline);
    // Every instance was replaced while nobody held the lock.
    let before = part.from.checked_sub(1).and_then(|index| plan.steps.get(index));
    drive.course.moved |= matches!(before, Some(Step::AwaitRefresh { .. }));
    match drive
        .steps(part.from, &plan.steps[part.from..part.to], narrator)
        .await
    {
        Ok(()) => Ok(drive.estate),
        Err(stop) => Err(stopped(&mut drive, stop, narrator).await),
    }
}

/// What is true now, and the lock, for what must be done about a share. Whoever holds the lock is waited for: perhaps
/// they are doing it already.
async fn locked_patiently<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    deadline: Option<Instant>,
    narrator: &mut Narrator<'_>,
) -> Result<(Estate, Lock), (Option<Estate>, Stop)> {
    let estate = match blind::look(job, deadline).await {
        Ok(estate) => estate,
        Err(stop) => return Err((None, stop)),
    };
    let patience = job.lock.wait.max(job.lock.lease * 3);
    match Lock::acquire(job, plan, &estate, (patience, deadline), narrator).await {
        Ok(lock) => Ok((estate, lock)),
        Err(stop) => Err((Some(estate), stop)),
    }
}

/// Writes down, after a bake, that a person decides now: nobody goes on by themselves.
async fn hold<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    bake: &Step,
    why: &str,
    narrator: &mut Narrator<'_>,
) -> Verdict {
    let (estate, lock) = match locked_patiently(job, plan, None, narrator).await {
        Ok(both) => both,
        Err((estate, stop)) => return verdict::kept_out(plan, estate.as_ref(), &stop),
    };
    under(job, &lock, narrator, async |narrator: &mut Narrator<'_>| {
        let mut drive = Drive::new(job, &lock, plan, estate, None);
        let marked = drive.quietly(bake.held().as_slice(), narrator).await;
        let estate = drive.last_look().await;
        match marked {
            Ok(()) => verdict::held(plan, &estate, why),
            Err(stop) => verdict::between(plan, &estate, &stop),
        }
    })
    .await
}

/// Production goes back because of what a watch has seen.
async fn take_back<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    intent: &Intent,
    stop: &Stop,
    narrator: &mut Narrator<'_>,
) -> Verdict {
    narrator.say(EventKind::Notice {
        text: format!("{stop}; production is put back to where it was"),
    });
    let unable = |estate: Option<&Estate>, second: &Stop| verdict::not_taken_back(plan, estate, stop, second);
    let (estate, lock) = match locked_patiently(job, plan, None, narrator).await {
        Ok(both) => both,
        Err((estate, second)) => return unable(estate.as_ref(), &second),
    };
    under(job, &lock, narrator, async |narrator: &mut Narrator<'_>| {
        let mut drive = Drive::new(job, &lock, plan, estate, None);
        let back = put_production_back(&mut drive, intent, narrator).await;
        let estate = drive.last_look().await;
        match back {
            Ok(()) => verdict::judged_bad(plan, &estate, stop),
            Err(second) => unable(Some(&estate), &second),
        }
    })
    .await
}

/// Production must not be left half way by a failure that we can still answer.
async fn stopped<C: Cloud>(drive: &mut Drive<'_, C>, stop: Stop, narrator: &mut Narrator<'_>) -> Verdict {
    let plan = drive.plan;
    let goes_forward = matches!(
        plan.intent,
        Intent::Deploy { .. }
            | Intent::Promote
            | Intent::PromoteFully
            | Intent::Shift { .. }
            | Intent::Resume
    );
    let down = drive.course.down;
    let put_back = (down.is_some() || (drive.course.moved && !drive.course.settled))
        && goes_forward
        && plan.policy.swing.on_failure == OnFailure::PutBack
        && stop.leaves_us_in_charge();
    if put_back {
        narrator.say(EventKind::Notice {
            text: if down.is_some() {
                format!("{stop}; what ran before is started again")
            } else {
                format!("{stop}; production is put back to where it was")
            },
        });
        let intent = Intent::Rollback {
            to: None,
            failed: Some(AfterRollback::Keep),
        };
        match put_production_back(drive, &intent, narrator).await {
            Ok(()) => {
                let estate = drive.last_look().await;
                if let Some(since) = down {
                    let downtime = drive::downtime(since, drive.job.cloud.now(), drive.course.found_down);
                    return verdict::started_again(plan, &estate, &stop, downtime);
                }
                return verdict::swung_back(plan, &estate, &stop);
            }
            Err(second) => {
                let estate = drive.last_look().await;
                let mut verdict = verdict::stopped(plan, &estate, &stop, drive.course.production());
                verdict
                    .reasons
                    .push(format!("production could not be put back: {second}"));
                verdict.ended = Ended::Stopped;
                verdict.code = 6;
                return verdict;
            }
        }
    }
    let estate = drive.last_look().await;
    verdict::stopped(plan, &estate, &stop, drive.course.production())
}

/// A way back planned from what is true now; it keeps the candidate for a look at it.
async fn put_production_back<C: Cloud>(
    drive: &mut Drive<'_, C>,
    intent: &Intent,
    narrator: &mut Narrator<'_>,
) -> Result<(), Stop> {
    // The way back is taken whatever time the run was given.
    drive.deadline = None;
    let mut seen: Option<Instant> = None;
    let back = loop {
        let (job, policy) = (drive.job, &drive.plan.policy);
        drive.estate = blind::look_for(job, intent, policy, None).await?;
        let began = *seen.get_or_insert_with(Instant::now);
        match plan::plan(&drive.estate, intent, policy) {
            Ok(back) => break back,
            // It may have been read as of two moments.
            Err(_) if began.elapsed() < MAY_BE_STALE => sleep(LOOK_AGAIN).await,
            Err(refusal) => return Err(Stop::Refused(refusal)),
        }
    };
    drive.quietly(&back.steps, narrator).await
}
