//! Watches what Auto Scaling does to a group: no lock is held, so that whoever must can have it taken back.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::bake::{self, Ended};
use super::blind::Blind;
use super::drive::Drive;
use super::guarded::{locked_patiently, under};
use super::narrate::Narrator;
use super::{Job, LOOK_AGAIN, MAY_BE_STALE, blind, verdict};
use crate::cloud::Cloud;
use crate::model::estate::{Estate, Group, Part};
use crate::model::event::{self, EventKind, Verdict};
use crate::model::ids::GroupName;
use crate::model::plan::Plan;
use crate::model::roles::Roles;
use crate::model::rollout::{End, Refresh, Rollout};
use crate::model::standing::State;
use crate::model::step::Step;
use crate::plan::truth;

/// How often it is looked at: replacing an instance takes minutes.
const LOOK: Duration = Duration::from_secs(15);

/// Until the refresh has ended as it should: what is true then.
pub(super) async fn watch<C: Cloud>(
    job: &Job<'_, C>,
    plan: &Plan,
    index: usize,
    (group, wants): (&GroupName, End),
    deadline: Option<Instant>,
    narrator: &mut Narrator<'_>,
) -> Result<Estate, Ended> {
    let mut seen: Option<String> = None;
    let mut odd: Option<Instant> = None;
    let mut blind = Blind::default();
    loop {
        let estate = match blind::look(job, deadline).await {
            Ok(estate) => estate,
            Err(stop) => return Err(verdict::unseen(plan, &stop).into()),
        };
        let seen_now = blind
            .sees(&estate, Part::Refreshes, Some(group.as_str()))
            .map_err(|stop| verdict::between(plan, &estate, &stop))?;
        if !seen_now {
            bake::rest(job, LOOK_AGAIN, deadline)
                .await
                .map_err(|stop| verdict::between(plan, &estate, &stop))?;
            continue;
        }
        let Some(refresh) = estate
            .group(group)
            .and_then(|group| own(group, seen.as_deref()))
            .cloned()
        else {
            // What was just begun may not be read yet; else somebody has gone on, or back.
            let first = *odd.get_or_insert_with(Instant::now);
            if first.elapsed() >= MAY_BE_STALE {
                return Err(verdict::overtaken(plan, &estate).into());
            }
            sleep(LOOK_AGAIN).await;
            continue;
        };
        odd = None;
        narrator.say(EventKind::Progress {
            step: index,
            have: refresh.percent,
            want: 100,
            reasons: refresh.told(),
        });
        match refresh.end() {
            Some(end) if end == wants => return Ok(estate),
            Some(end) => {
                let ended = Ending {
                    group,
                    wants,
                    end,
                    refresh: &refresh,
                };
                return Err(ended.told(job, plan, narrator).await.into());
            }
            None => {}
        }
        seen = Some(refresh.id);
        bake::rest(job, LOOK, deadline)
            .await
            .map_err(|stop| verdict::between(plan, &estate, &stop))?;
    }
}

/// The refresh that is waited for, also once somebody else has written down its end.
fn own<'a>(group: &'a Group, seen: Option<&str>) -> Option<&'a Refresh> {
    match Rollout::of(&group.tags) {
        Some(rollout) => rollout.refresh(group),
        None => group
            .refresh
            .as_ref()
            .filter(|refresh| Some(refresh.id.as_str()) == seen),
    }
}

/// A refresh that has not ended as it should.
struct Ending<'a> {
    group: &'a GroupName,
    wants: End,
    end: End,
    refresh: &'a Refresh,
}

impl Ending<'_> {
    /// Writes down that it is over, and says what it has come to.
    async fn told<C: Cloud>(&self, job: &Job<'_, C>, plan: &Plan, narrator: &mut Narrator<'_>) -> Verdict {
        let estate = match locked_patiently(job, plan, None, narrator).await {
            Ok((estate, lock)) => {
                under(job, &lock, narrator, async |narrator: &mut Narrator<'_>| {
                    let mut drive = Drive::new(job, &lock, plan, estate, None);
                    let steps = self.written_down(&drive.estate, plan);
                    if let Err(stop) = drive.quietly(&steps, narrator).await {
                        // Whoever comes next finds it ended, and says the same.
                        narrator.say(EventKind::Notice {
                            text: format!("it could not be written down that the rollout has ended: {stop}"),
                        });
                    }
                    drive.last_look().await
                })
                .await
            }
            Err((Some(estate), _)) => estate,
            Err((None, stop)) => return verdict::unseen(plan, &stop),
        };
        self.verdict(plan, &estate)
    }

    /// One that was to be taken back and had succeeded by then stays written down: what ran before is known from it.
    fn written_down(&self, estate: &Estate, plan: &Plan) -> Vec<Step> {
        let end = Step::EndRollout {
            group: self.group.clone(),
        };
        match (self.wants, self.end) {
            (End::RolledBack, End::Successful) => Vec::new(),
            // Whoever rolls back now finds that it is done, and does not go one further.
            (End::Successful, End::RolledBack) => restored(estate, plan).into_iter().chain([end]).collect(),
            _ => vec![end],
        }
    }

    fn verdict(&self, plan: &Plan, estate: &Estate) -> Verdict {
        let group = self.group;
        let whole = estate.group(group).is_some_and(is_whole);
        let (ended, code, summary) = match (self.wants, self.end) {
            (End::Successful, End::RolledBack) => (
                event::Ended::SwungBack,
                5,
                format!("{group} was rolled back in place, and is as it was before"),
            ),
            (End::RolledBack, End::Successful) => (
                event::Ended::Stopped,
                6,
                format!("{group}'s instances were all replaced before they could be taken back"),
            ),
            _ if whole => (
                event::Ended::Failed,
                4,
                format!("the instance refresh of {group} has ended, and production is as it was"),
            ),
            _ => (
                event::Ended::Stopped,
                6,
                format!(
                    "the instance refresh of {group} has ended half way: its instances are of two versions"
                ),
            ),
        };
        let refresh = self.refresh;
        let why = refresh
            .reason
            .as_deref()
            .unwrap_or("Auto Scaling gives no reason");
        Verdict {
            ended,
            code,
            summary,
            reasons: vec![format!("{}: {why}", refresh.status)],
            truth: truth(estate, &plan.policy),
            next: match code {
                6 => vec!["swingbridge rollback".into(), "swingbridge status".into()],
                _ => vec!["swingbridge status".into(), verdict::again(plan)],
            },
        }
    }
}

fn restored(estate: &Estate, plan: &Plan) -> Option<Step> {
    let live = Roles::of(estate, &plan.policy).ok()?.live;
    Some(Step::Mark {
        generation: live.generation,
        target_group: live.target_group?,
        state: State::Restored,
        previous: live.previous,
    })
}

/// Every instance is of the version that the group starts instances from.
fn is_whole(group: &Group) -> bool {
    let uses = group.launch.uses();
    group.instances.iter().all(|instance| {
        let version = instance.template_version.as_deref();
        version.is_some_and(|version| uses.iter().any(|used| used.version == version))
    })
}
