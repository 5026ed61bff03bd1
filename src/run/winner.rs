//! The end of a test: how long it still runs, how the variants compare, and what follows when a measure picks one.

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::bake::Ended;
use super::drive::Drive;
use super::guarded::{locked_patiently, under};
use super::narrate::Narrator;
use super::stop::Stop;
use super::{Job, LOOK_AGAIN, MAY_BE_STALE, blind, variants, verdict};
use crate::cloud::Cloud;
use crate::judge;
use crate::model::ab::Test;
use crate::model::comparison::{Measurements, Picked};
use crate::model::event::{EventKind, Verdict};
use crate::model::judging::Judging;
use crate::model::plan::{Intent, Plan};
use crate::model::roles::Roles;
use crate::plan;

/// What a command comes to that leaves production to the variants.
pub(super) async fn awaited<C: Cloud>(job: &Job<'_, C>, plan: &Plan) -> Ended {
    let began = Instant::now();
    let (estate, (test, ends)) = loop {
        let estate = match blind::look(job, None).await {
            Ok(estate) => estate,
            Err(stop) => return verdict::unseen(plan, &stop).into(),
        };
        let running = match Roles::of(&estate, &plan.policy) {
            Ok(roles) => running(plan, &roles),
            // Nobody can tell how the test stands; it runs all the same.
            Err(reasons) => return verdict::unseen(plan, &Stop::Refused(reasons.into())).into(),
        };
        match running {
            Some(running) => break (estate, running),
            // What was just written may not be read yet; else somebody has ended it meanwhile.
            None if began.elapsed() < MAY_BE_STALE => sleep(LOOK_AGAIN).await,
            None => return verdict::overtaken(plan, &estate).into(),
        }
    };
    if job.cloud.now() < ends {
        let summary = format!("the test runs until {ends:.0}; `swingbridge winner NAME` ends it before");
        return verdict::tested(plan, &estate, summary, Vec::new()).into();
    }
    let judging = test.judging(plan.policy.judge.as_ref());
    let compared = match variants::measured(job.cloud, &estate, &plan.policy).await {
        Ok(Some(measured)) => compared(test, &judging, &measured),
        Ok(None) => Err(vec!["there is nothing to compare".to_owned()]),
        Err(error) => Err(vec![format!("the metrics could not be read: {error}")]),
    };
    match compared {
        Ok((name, why)) => Ended::Picked { name, why },
        Err(reasons) => {
            let summary = format!("the test is over since {ends:.0}; `swingbridge winner NAME` ends it");
            verdict::tested(plan, &estate, summary, reasons).into()
        }
    }
}

/// The winner and why; or what a person should know who names one.
fn compared(
    test: &Test,
    judging: &Judging,
    measured: &Measurements,
) -> Result<(String, String), Vec<String>> {
    let doubt = match test
        .pick
        .as_ref()
        .map(|rule| judge::pick(rule, judging, measured))
    {
        Some(Picked::Winner { name, why }) => return Ok((name, why)),
        Some(Picked::Nobody { why }) => Some(why),
        None => None,
    };
    let mut reasons: Vec<String> = doubt.into_iter().collect();
    reasons.extend(judge::contrast(judging, measured).sentences);
    if reasons.is_empty() {
        reasons.push("no variant differs from the first by more than chance".to_owned());
    }
    Err(reasons)
}

/// The test that runs, and when it is over.
fn running<'a>(plan: &'a Plan, roles: &Roles<'_>) -> Option<(&'a Test, Timestamp)> {
    let test = plan.policy.ab.as_ref()?;
    Some((test, test.ends(roles.began()?)))
}

/// Ends the test with the winner that a measure has picked.
pub(super) async fn crown<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    name: String,
    why: &str,
    deadline: Option<Instant>,
    narrator: &mut Narrator<'_>,
) -> Verdict {
    narrator.say(EventKind::Notice {
        text: format!("{name} wins: {why}"),
    });
    let intent = Intent::Winner { name };
    let (estate, lock) = match locked_patiently(job, plan, deadline, narrator).await {
        Ok(both) => both,
        Err((estate, stop)) => return verdict::kept_out(plan, estate.as_ref(), &stop),
    };
    under(job, &lock, narrator, async |narrator: &mut Narrator<'_>| {
        let estate = match blind::look_for(job, &intent, &plan.policy, deadline).await {
            Ok(estate) => estate,
            Err(stop) => return verdict::between(plan, &estate, &stop),
        };
        let ending = match plan::plan(&estate, &intent, &plan.policy) {
            Ok(ending) => ending,
            Err(refusal) => return verdict::between(plan, &estate, &Stop::Refused(refusal)),
        };
        let mut drive = Drive::new(job, &lock, &ending, estate, deadline);
        let ended = drive.quietly(&ending.steps, narrator).await;
        let estate = drive.last_look().await;
        match ended {
            Ok(()) => verdict::done(&ending, &estate),
            Err(stop) => verdict::stopped(&ending, &estate, &stop, drive.course.production()),
        }
    })
    .await
}
