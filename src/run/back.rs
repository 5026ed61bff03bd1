//! What a run does about production when it cannot go on, or when a watch says that it must not.

use tokio::time::{Instant, sleep};

use super::course::leads_on;
use super::drive::{self, Drive};
use super::guarded::{locked_patiently, under};
use super::narrate::Narrator;
use super::stop::Stop;
use super::{Job, LOOK_AGAIN, MAY_BE_STALE, blind, verdict};
use crate::cloud::Cloud;
use crate::model::estate::Estate;
use crate::model::event::{Ended, EventKind, Verdict};
use crate::model::plan::{Intent, Plan};
use crate::model::policy::{AfterRollback, OnFailure};
use crate::model::shift::{Held, Reached};
use crate::model::step::Step;
use crate::plan;

/// Writes down, after a bake, that a person decides now: nobody goes on by themselves.
pub(super) async fn hold<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    bake: &Step,
    why: &str,
    narrator: &mut Narrator<'_>,
) -> Verdict {
    let (_, lock) = match locked_patiently(job, plan, None, narrator).await {
        Ok(both) => both,
        Err((estate, stop)) => return verdict::kept_out(plan, estate.as_ref(), &stop),
    };
    under(job, &lock, narrator, async |narrator: &mut Narrator<'_>| {
        let estate = match still_watched(job, plan, bake).await {
            Ok(Ok(estate)) => estate,
            Ok(Err(decided)) => return decided,
            Err(stop) => return verdict::unseen(plan, &stop),
        };
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
pub(super) async fn take_back<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    watched: &Step,
    intent: &Intent,
    stop: &Stop,
    narrator: &mut Narrator<'_>,
) -> Verdict {
    narrator.say(EventKind::Notice {
        text: format!("{stop}; production is put back to where it was"),
    });
    let unable = |estate: Option<&Estate>, second: &Stop| verdict::not_taken_back(plan, estate, stop, second);
    let (_, lock) = match locked_patiently(job, plan, None, narrator).await {
        Ok(both) => both,
        Err((estate, second)) => return unable(estate.as_ref(), &second),
    };
    under(job, &lock, narrator, async |narrator: &mut Narrator<'_>| {
        let estate = match still_watched(job, plan, watched).await {
            Ok(Ok(estate)) => estate,
            Ok(Err(decided)) => return decided,
            Err(second) => return unable(None, &second),
        };
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

/// What is true under our lock, if the stage that was watched is still the one that there is; else how that ends. While
/// the lock was waited for, whoever held it may have decided.
async fn still_watched<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    watched: &Step,
) -> Result<Result<Estate, Verdict>, Stop> {
    let began = Instant::now();
    loop {
        let estate = blind::look(job, None).await?;
        let held = match watched {
            Step::Bake {
                target_group,
                stage,
                weight,
                ..
            } => estate
                .target_group(target_group)
                .and_then(|tg| Reached::of(&tg.tags))
                .filter(|reached| (reached.stage, reached.weight) == (*stage, *weight))
                .map(|reached| reached.held),
            _ => Some(None),
        };
        if held == Some(None) {
            return Ok(Ok(estate));
        }
        // What was just written may not be read yet.
        if began.elapsed() >= MAY_BE_STALE {
            return Ok(Err(match held.flatten() {
                Some(Held::Asked | Held::Judged | Held::Anew) => verdict::paused(plan, &estate),
                Some(Held::Retreating) | None => verdict::overtaken(plan, &estate),
            }));
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// Production must not be left half way by a failure that we can still answer.
pub(super) async fn stopped<C: Cloud>(
    drive: &mut Drive<'_, C>,
    stop: Stop,
    narrator: &mut Narrator<'_>,
) -> Verdict {
    let plan = drive.plan;
    let down = drive.course.down;
    let put_back = (down.is_some() || (drive.course.moved && !drive.course.settled))
        && leads_on(plan)
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
