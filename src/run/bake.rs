//! Watches production while two generations share it: no lock is held, so that whoever must can swing it back.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::blind::Blind;
use super::judged::{Bad, Judge, LastWord};
use super::narrate::Narrator;
use super::stop::Stop;
use super::{Job, LOOK_AGAIN, MAY_BE_STALE, back, blind, rollout, verdict, winner};
use crate::cloud::Cloud;
use crate::model::estate::{Estate, Part};
use crate::model::event::{EventKind, Outcome, Verdict};
use crate::model::ids::TargetGroupName;
use crate::model::plan::{Intent, Plan};
use crate::model::policy::AfterRollback;
use crate::model::shift::{Held, Reached};
use crate::model::step::Step;
use crate::plan;

/// How often production is looked at: what is wrong is not left for longer, and the account's budget not used up.
const LOOK: Duration = Duration::from_secs(15);
/// How many looks in a row must find nobody healthy: a single one may be wrong.
const LOOKS: u32 = 2;

/// How a watch ends when nothing comes after it.
pub(super) enum Ended {
    Is(Box<Verdict>),
    /// Production must go back by this way.
    TakeBack(Intent, Stop),
    /// A test is over, and a measure has picked its winner.
    Picked {
        name: String,
        why: String,
    },
}

impl From<Verdict> for Ended {
    fn from(verdict: Verdict) -> Self {
        Self::Is(Box::new(verdict))
    }
}

/// Until the wait is over: what is true then.
pub(super) async fn watch<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    index: usize,
    step: &Step,
    deadline: Option<Instant>,
    narrator: &mut Narrator<'_>,
) -> Result<Estate, Ended> {
    narrator.say(EventKind::StepStarted { step: index });
    let watched = match step {
        Step::AwaitRefresh { group, wants } => {
            rollout::watch(job, plan, index, (group, *wants), deadline, narrator).await
        }
        Step::AwaitWinner { .. } => Err(winner::awaited(job, plan).await),
        _ => bake(job, plan, index, step, deadline, narrator).await,
    };
    let outcome = match &watched {
        Ok(_) => Outcome::Done,
        Err(Ended::Is(verdict)) if verdict.code == verdict::PAUSED => Outcome::Done,
        Err(Ended::Is(verdict)) => Outcome::Failed {
            error: verdict.summary.clone(),
        },
        Err(Ended::Picked { .. }) => Outcome::Done,
        Err(Ended::TakeBack(_, stop)) => Outcome::Failed {
            error: stop.to_string(),
        },
    };
    narrator.say(EventKind::StepFinished { step: index, outcome });
    watched
}

/// A stage that waits for a person.
async fn paused<C: Cloud>(job: &Job<'_, C>, plan: &Plan) -> Ended {
    match blind::look(job, None).await {
        Ok(estate) => verdict::paused(plan, &estate).into(),
        Err(stop) => verdict::unseen(plan, &stop).into(),
    }
}

async fn bake<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    index: usize,
    step: &Step,
    deadline: Option<Instant>,
    narrator: &mut Narrator<'_>,
) -> Result<Estate, Ended> {
    let Step::Bake {
        target_group,
        stage,
        weight,
        lasts,
        ..
    } = step
    else {
        // A stage that waits for a person is not watched.
        return Err(paused(job, plan).await);
    };
    let mut nobody = 0;
    let mut odd: Option<Instant> = None;
    let mut blind = Blind::default();
    let mut judge = Judge::of(plan, index);
    loop {
        let estate = match blind::look(job, deadline).await {
            Ok(estate) => estate,
            Err(stop) => return Err(verdict::unseen(plan, &stop).into()),
        };
        let reached = estate
            .target_group(target_group)
            .and_then(|tg| Reached::of(&tg.tags));
        let since = match reached {
            Some(reached) if (reached.stage, reached.weight) == (*stage, *weight) => match reached.held {
                None => Some(reached.since),
                // It is being taken back.
                Some(Held::Retreating) => return Err(verdict::overtaken(plan, &estate).into()),
                Some(_) => return Err(verdict::paused(plan, &estate).into()),
            },
            _ => None,
        };
        let Some(since) = since else {
            // What was just written may not be read yet; else somebody has gone on, or back.
            let first = *odd.get_or_insert_with(Instant::now);
            if first.elapsed() >= MAY_BE_STALE {
                return Err(verdict::overtaken(plan, &estate).into());
            }
            sleep(LOOK_AGAIN).await;
            continue;
        };
        odd = None;
        let seen = blind
            .sees(&estate, Part::TargetHealth, Some(target_group.as_str()))
            .map_err(|stop| verdict::between(plan, &estate, &stop))?;
        nobody = match serves(&estate, target_group) {
            true => 0,
            // Whose health is not known is not dead.
            false if !seen => nobody,
            false => nobody + 1,
        };
        if nobody >= LOOKS {
            let stop = Stop::NobodyHealthy {
                target_group: target_group.clone(),
                weight: *weight,
            };
            return Err(Ended::TakeBack(back(), stop));
        }
        if let Some(bad) = judge.look(job, &estate, since, narrator).await {
            return Err(ended(job, plan, step, bad, narrator).await);
        }
        let baked = Duration::try_from(job.cloud.now().duration_since(since)).unwrap_or_default();
        let left = lasts.saturating_sub(baked);
        narrator.say(EventKind::Progress {
            step: index,
            have: seconds(baked.min(*lasts)),
            want: seconds(*lasts),
            reasons: Vec::new(),
        });
        if left.is_zero() && nobody == 0 && seen {
            match judge.last_word(job.cloud.now()) {
                LastWord::GoOn => return Ok(estate),
                LastWord::NotYet => {}
                LastWord::Bad(bad) => return Err(ended(job, plan, step, bad, narrator).await),
            }
        }
        // Over, it waits for its last metrics.
        let pause = if left.is_zero() { LOOK } else { left.min(LOOK) };
        rest(job, pause, deadline)
            .await
            .map_err(|stop| verdict::between(plan, &estate, &stop))?;
    }
}

/// What a verdict that is no pass comes to.
async fn ended<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    step: &Step,
    bad: Bad,
    narrator: &mut Narrator<'_>,
) -> Ended {
    match bad {
        Bad::TakeBack(intent, stop) => Ended::TakeBack(*intent, stop),
        Bad::Hold(why) => back::hold(job, plan, step, &why, narrator).await.into(),
    }
}

/// At once, and the candidate stays for a look at it.
pub(super) fn back() -> Intent {
    Intent::Rollback {
        to: None,
        failed: Some(AfterRollback::Keep),
    }
}

fn serves(estate: &Estate, target_group: &TargetGroupName) -> bool {
    plan::healthy(estate, target_group) > 0
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

/// Sleeps, unless somebody wants us to stop or the time is over.
pub(super) async fn rest<C: Cloud>(
    job: &Job<'_, C>,
    pause: Duration,
    deadline: Option<Instant>,
) -> Result<(), Stop> {
    if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
        return Err(Stop::OutOfTime);
    }
    tokio::select! {
        biased;
        signal = job.interrupt.wait() => Err(Stop::Interrupted(signal)),
        () = sleep(pause) => Ok(()),
    }
}
