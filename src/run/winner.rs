//! The end of a test: how long it still runs, how the variants compare, and what follows when a measure picks one.

use jiff::Timestamp;

use super::bake::Ended;
use super::drive::Drive;
use super::narrate::Narrator;
use super::stop::Stop;
use super::{Job, locked_patiently, look_patiently, under, verdict};
use crate::cloud::Cloud;
use crate::model::estate::Estate;
use crate::model::event::{EventKind, Verdict};
use crate::model::plan::{Intent, Plan};
use crate::model::roles::Roles;
use crate::plan;

/// What a command comes to that leaves production to the variants.
pub(super) async fn awaited<C: Cloud>(job: &Job<'_, C>, plan: &Plan) -> Ended {
    let estate = match look_patiently(job.cloud, job.scope).await {
        Ok(estate) => estate,
        Err(error) => return verdict::unseen(plan, &Stop::Cloud(error)).into(),
    };
    let Some(ends) = ends(plan, &estate) else {
        // Somebody has ended it meanwhile.
        return verdict::overtaken(plan, &estate).into();
    };
    let summary = format!("the test runs until {ends:.0}; `swingbridge winner NAME` ends it");
    verdict::tested(plan, &estate, summary, Vec::new()).into()
}

fn ends(plan: &Plan, estate: &Estate) -> Option<Timestamp> {
    let roles = Roles::of(estate, &plan.policy).ok()?;
    Some(plan.policy.ab.as_ref()?.ends(roles.began()?))
}

/// Ends the test with the winner that a measure has picked.
pub(super) async fn crown<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    name: String,
    why: &str,
    narrator: &mut Narrator<'_>,
) -> Verdict {
    narrator.say(EventKind::Notice {
        text: format!("{name} wins: {why}"),
    });
    let intent = Intent::Winner { name };
    let (estate, lock) = match locked_patiently(job, plan, narrator).await {
        Ok(both) => both,
        Err((Some(estate), stop)) => return verdict::between(plan, &estate, &stop),
        Err((None, stop)) => return verdict::unseen(plan, &stop),
    };
    under(job, &lock, narrator, async |narrator: &mut Narrator<'_>| {
        let ending = match plan::plan(&estate, &intent, &plan.policy) {
            Ok(ending) => ending,
            Err(refusal) => return verdict::between(plan, &estate, &Stop::Refused(refusal)),
        };
        let mut drive = Drive::new(job, &lock, &ending, estate, None);
        let ended = drive.quietly(&ending.steps, narrator).await;
        let estate = drive.last_look().await;
        match ended {
            Ok(()) => verdict::done(&ending, &estate),
            Err(stop) => verdict::stopped(&ending, &estate, &stop, drive.production()),
        }
    })
    .await
}
