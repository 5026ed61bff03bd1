//! A run: carries a plan out, and says how it ended.

use std::time::Duration;

use crate::cloud::Cloud;
use crate::model::estate::Estate;
use crate::model::event::{EventKind, Reporter, Verdict};
use crate::model::plan::Plan;
use crate::model::scope::Scope;

mod act;
mod back;
mod bake;
mod blind;
mod course;
mod drive;
mod guarded;
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
mod parts;
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

use identity::Identity;
use interrupt::Interrupt;
use narrate::Narrator;

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
        let verdict = parts::carry_out(job, plan, estate, &mut narrator).await;
        // Whoever answers the failure needs the lock.
        hook::on_failure(job, plan, estate, &verdict, &mut narrator).await;
        verdict
    };
    narrator.say(EventKind::RunFinished {
        verdict: verdict.clone(),
    });
    verdict
}
