//! A plan from wait to wait: while production is only watched no lock is held, so that whoever must can swing it back.

use tokio::time::{Instant, sleep};

use super::blind::PATIENCE;
use super::drive::Drive;
use super::guarded::under;
use super::lock::Lock;
use super::narrate::Narrator;
use super::stop::Stop;
use super::{Job, LOOK_AGAIN, MAY_BE_STALE, back, bake, blind, lock, verdict, winner};
use crate::cloud::Cloud;
use crate::model::estate::Estate;
use crate::model::event::Verdict;
use crate::model::plan::Plan;
use crate::model::step::Step;
use crate::plan;

pub(super) async fn carry_out<C: Cloud>(
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
                return back::take_back(job, plan, step, &intent, &stop, narrator).await;
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
        Err(stop) => Err(back::stopped(&mut drive, stop, narrator).await),
    }
}
