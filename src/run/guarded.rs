//! What is done under our lock, which is kept alive meanwhile and given up at the end.

use tokio::time::Instant;

use super::lock::Lock;
use super::narrate::Narrator;
use super::stop::Stop;
use super::{Job, blind};
use crate::cloud::Cloud;
use crate::model::estate::Estate;
use crate::model::event::EventKind;
use crate::model::plan::Plan;

/// Does something while our lock is kept alive, and gives it up.
pub(super) async fn under<'n, C: Cloud, T>(
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

/// What is true now, and the lock, for what must be done about a share. Whoever holds the lock is waited for: perhaps
/// they are doing it already.
pub(super) async fn locked_patiently<C: Cloud>(
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
