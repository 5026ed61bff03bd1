//! The one loop that carries a plan out: observe; reached already? safe? act; observe until reached.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::cloud::Cloud;
use crate::model::estate::Estate;
use crate::model::event::{Ended, EventKind, Reporter, Verdict};
use crate::model::plan::{Intent, Plan};
use crate::model::policy::OnFailure;
use crate::model::roles::Roles;
use crate::model::scope::Scope;
use crate::plan;

mod act;
mod drive;
pub mod hook;
pub mod identity;
pub mod interrupt;
pub mod journal;
mod later;
mod lock;
mod look;
mod narrate;
pub mod notify;
mod post;
mod stop;
mod verdict;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;

pub use later::{Stayed, look_patiently, stay};
pub use lock::LockSettings;

use drive::{Drive, Freshness};
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
        locked(job, plan, estate, &mut narrator).await
    };
    narrator.say(EventKind::RunFinished {
        verdict: verdict.clone(),
    });
    verdict
}

/// Everything that happens under the lock.
async fn locked<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    estate: &Estate,
    narrator: &mut Narrator<'_>,
) -> Verdict {
    let lock = match Lock::acquire(job, plan, estate, narrator).await {
        Ok(lock) => lock,
        Err(stop) => return verdict::not_started(plan, &stop),
    };
    let beating = lock.beat(job);
    tokio::pin!(beating);
    let verdict = tokio::select! {
        biased;
        verdict = checked(job, plan, &lock, narrator) => verdict,
        never = &mut beating => match never {},
    };
    if let Err(error) = lock.release(job).await {
        narrator.say(EventKind::Notice {
            text: format!("the lock could not be released ({error}); it expires by itself, or `swingbridge unlock` frees it"),
        });
    }
    // Whoever answers the failure needs the lock.
    hook::on_failure(job, plan, estate, &verdict, narrator).await;
    verdict
}

/// The basis check, then the steps.
async fn checked<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    lock: &Lock,
    narrator: &mut Narrator<'_>,
) -> Verdict {
    let began = Instant::now();
    let estate = loop {
        let estate = match look_patiently(job.cloud, job.scope).await {
            Ok(estate) => estate,
            Err(error) => return verdict::not_started(plan, &Stop::Cloud(error)),
        };
        // AWS may answer with what was before: what seems to have changed is looked at again.
        let may_be_stale = began.elapsed() < MAY_BE_STALE;
        match plan::plan(&estate, &plan.intent, &plan.policy) {
            Ok(fresh) if fresh.basis == plan.basis => break estate,
            _ if may_be_stale => sleep(LOOK_AGAIN).await,
            Ok(fresh) => return verdict::stale(plan, &estate, &plan.basis.changes_to(&fresh.basis)),
            Err(refusal) => return verdict::refused(&refusal),
        }
    };
    // A run that was killed half way has moved production for us.
    let halfway = Roles::of(&estate, &plan.policy).is_ok_and(|roles| roles.halfway);
    let mut drive = Drive {
        job,
        lock,
        plan,
        estate,
        built: std::collections::BTreeMap::new(),
        // A time that is past the end of all clocks is none.
        deadline: job
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout)),
        moved: halfway,
        settled: !halfway,
        fresh: Freshness::default(),
        ours_at: job.cloud.now(),
    };
    match drive.steps(&plan.steps, narrator).await {
        // Whatever a step touched was read back by it.
        Ok(()) => verdict::done(plan, &drive.estate),
        Err(stop) => stopped(&mut drive, stop, narrator).await,
    }
}

/// Production must not be left half way by a failure that we can still answer.
async fn stopped<C: Cloud>(drive: &mut Drive<'_, C>, stop: Stop, narrator: &mut Narrator<'_>) -> Verdict {
    let plan = drive.plan;
    let goes_forward = matches!(plan.intent, Intent::Deploy { .. } | Intent::Promote);
    let put_back = drive.moved
        && !drive.settled
        && goes_forward
        && plan.policy.swing.on_failure == OnFailure::PutBack
        && stop.leaves_us_in_charge();
    if put_back {
        narrator.say(EventKind::Notice {
            text: format!("{stop}; production is put back to where it was"),
        });
        match put_production_back(drive, narrator).await {
            Ok(()) => {
                let estate = drive.last_look().await;
                return verdict::swung_back(plan, &estate, &stop);
            }
            Err(second) => {
                let estate = drive.last_look().await;
                let mut verdict = verdict::stopped(plan, &estate, &stop, drive.production());
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
    verdict::stopped(plan, &estate, &stop, drive.production())
}

/// A rollback planned from what is true now; it keeps the candidate for a look at it.
async fn put_production_back<C: Cloud>(
    drive: &mut Drive<'_, C>,
    narrator: &mut Narrator<'_>,
) -> Result<(), Stop> {
    // The way back is taken whatever time the run was given.
    drive.deadline = None;
    drive.estate = drive.job.cloud.observe(drive.job.scope).await?;
    let intent = Intent::Rollback {
        to: None,
        failed: Some(crate::model::policy::AfterRollback::Keep),
    };
    let back = plan::plan(&drive.estate, &intent, &drive.plan.policy).map_err(Stop::Refused)?;
    drive.quietly(&back.steps, narrator).await
}
