//! What cannot be seen for now: looked for again for a while, and then told as that.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::stop::Stop;
use super::{Job, LOOK_AGAIN, bake};
use crate::cloud::{Cloud, CloudError};
use crate::model::estate::{Estate, Gap, Part};
use crate::model::plan::Intent;
use crate::model::policy::Policy;
use crate::model::refusal::{Reason, Refusal};
use crate::model::scope::Scope;
use crate::plan;

/// How long what fails in a way that may pass is tried again: no deployment fails for a throttled read.
pub(super) const PATIENCE: Duration = Duration::from_secs(180);

/// Without the tags nobody can tell whose anything is.
const NEEDED: [Part; 2] = [Part::RuleTags, Part::TargetGroupTags];

/// Looks until what every plan needs was seen: a throttled read is no reason to refuse or to fail anything.
pub async fn look_patiently<C: Cloud>(cloud: &C, scope: &Scope) -> Result<Estate, CloudError> {
    patiently(cloud, scope, hidden_tags, pause).await
}

/// Looks until this is not refused for nothing but what could not be seen for now.
pub async fn look_to_plan<C: Cloud>(
    cloud: &C,
    scope: &Scope,
    intent: &Intent,
    policy: &Policy,
) -> Result<Estate, CloudError> {
    patiently(cloud, scope, |estate| hidden_to(intent, policy, estate), pause).await
}

/// The same in a run, which somebody may want to stop meanwhile, and whose time may end.
pub(super) async fn look<C: Cloud>(job: &Job<'_, C>, deadline: Option<Instant>) -> Result<Estate, Stop> {
    let rest = async || bake::rest(job, LOOK_AGAIN, deadline).await;
    patiently(job.cloud, job.scope, hidden_tags, rest).await
}

pub(super) async fn look_for<C: Cloud>(
    job: &Job<'_, C>,
    intent: &Intent,
    policy: &Policy,
    deadline: Option<Instant>,
) -> Result<Estate, Stop> {
    let rest = async || bake::rest(job, LOOK_AGAIN, deadline).await;
    patiently(
        job.cloud,
        job.scope,
        |estate| hidden_to(intent, policy, estate),
        rest,
    )
    .await
}

async fn pause() -> Result<(), CloudError> {
    sleep(LOOK_AGAIN).await;
    Ok(())
}

fn hidden_tags(estate: &Estate) -> Option<String> {
    let mut gaps = estate.gaps.iter();
    let gap = gaps.find(|gap| !gap.denied && NEEDED.contains(&gap.part))?;
    Some(Reason::unseen(gap).to_string())
}

fn hidden_to(intent: &Intent, policy: &Policy, estate: &Estate) -> Option<String> {
    let refusal = plan::plan(estate, intent, policy).err()?;
    may_pass(&refusal, estate).then(|| refusal.to_string())
}

/// Whether a plan is refused for nothing but what did not answer for now.
pub(super) fn may_pass(refusal: &Refusal, estate: &Estate) -> bool {
    let passes = |reason: &Reason| {
        let mut gaps = estate.gaps.iter().filter(|gap| gap.passes);
        gaps.any(|gap| *reason == Reason::unseen(gap))
    };
    refusal.reasons.iter().all(passes)
}

async fn patiently<C: Cloud, E: From<CloudError>>(
    cloud: &C,
    scope: &Scope,
    hides: impl Fn(&Estate) -> Option<String>,
    rest: impl AsyncFn() -> Result<(), E>,
) -> Result<Estate, E> {
    let (began, mut told) = (Instant::now(), false);
    loop {
        let looked = cloud.observe(scope).await;
        let hidden = match &looked {
            Err(error) => error.may_pass().then(|| error.to_string()),
            Ok(estate) => hides(estate),
        };
        let Some(why) = hidden.filter(|_| began.elapsed() < PATIENCE) else {
            return Ok(looked?);
        };
        if !std::mem::replace(&mut told, true) {
            tracing::warn!("{why}; looking again for up to {} s", PATIENCE.as_secs());
        }
        rest().await?;
    }
}

/// Since when a part of the estate has not been seen.
#[derive(Debug, Default)]
pub(super) struct Blind(Option<Instant>);

impl Blind {
    /// Whether this part is seen now; an error when it never will be, or has not been for too long. `about`: of whom,
    /// else of anybody.
    pub(super) fn sees(&mut self, estate: &Estate, part: Part, about: Option<&str>) -> Result<bool, Stop> {
        let of = |gap: &&Gap| gap.part == part && about.is_none_or(|about| gap.about == about);
        let Some(gap) = estate.gaps.iter().find(of) else {
            self.0 = None;
            return Ok(true);
        };
        let since = *self.0.get_or_insert_with(Instant::now);
        if gap.denied || since.elapsed() >= PATIENCE {
            let reasons = vec![Reason::unseen(gap)];
            return Err(Stop::Refused(Refusal { reasons }));
        }
        Ok(false)
    }
}
