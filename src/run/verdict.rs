//! How a run ended: the exit code, what is true now, and what to do next.

use super::stop::Stop;
use crate::model::estate::Estate;
use crate::model::event::{Ended, Verdict};
use crate::model::ids::GroupName;
use crate::model::plan::{Intent, Plan};
use crate::model::policy::Strategy;
use crate::model::refusal::{Reason, Refusal};
use crate::model::roles::Roles;
use crate::model::rollout::{Before, Rollout};
use crate::plan::truth;

pub(super) fn nothing_to_do(plan: &Plan, estate: &Estate) -> Verdict {
    Verdict {
        ended: Ended::NothingToDo,
        code: 0,
        summary: format!("nothing to do: {}", plan.summary),
        reasons: Vec::new(),
        truth: truth(estate, &plan.policy),
        next: after(plan, estate),
    }
}

pub(super) fn done(plan: &Plan, estate: &Estate) -> Verdict {
    Verdict {
        ended: Ended::Done,
        code: 0,
        summary: format!("done: {}", plan.summary),
        reasons: Vec::new(),
        truth: truth(estate, &plan.policy),
        next: after(plan, estate),
    }
}

/// Nothing was changed.
pub(super) fn not_started(plan: &Plan, stop: &Stop) -> Verdict {
    let (ended, code) = match stop {
        Stop::Locked(_) => (Ended::Locked, 7),
        Stop::Interrupted(signal) => (Ended::Interrupted, signal.code()),
        Stop::ForeignLock { .. } | Stop::Unsafe(_) | Stop::Refused(_) => (Ended::Refused, 3),
        _ => (Ended::Failed, 4),
    };
    Verdict {
        ended,
        code,
        summary: format!("nothing was changed: {stop}"),
        reasons: stop.ways_out(),
        truth: Vec::new(),
        next: match stop {
            Stop::Locked(_) => {
                let patient = matches!(plan.intent, Intent::Rollback { .. } | Intent::Retreat);
                let wait = patient.then(|| format!("{} --wait-for-lock 5m", plan.intent.command()));
                let look = ["swingbridge status".into(), "swingbridge unlock".into()];
                wait.into_iter().chain(look).collect()
            }
            _ => vec![again(plan)],
        },
    }
}

pub(super) fn stale(plan: &Plan, estate: &Estate, changes: &[String]) -> Verdict {
    Verdict {
        ended: Ended::Stale,
        code: 8,
        summary: "nothing was changed: the plan is stale, what it was decided on has changed".into(),
        reasons: changes.to_vec(),
        truth: truth(estate, &plan.policy),
        next: vec![plan.intent.plan_command()],
    }
}

pub(super) fn refused(refusal: &Refusal) -> Verdict {
    Verdict {
        ended: Ended::Refused,
        code: 3,
        summary: "nothing was changed: refused as unsafe".into(),
        reasons: refusal
            .reasons
            .iter()
            .map(crate::model::refusal::Reason::in_full)
            .collect(),
        truth: Vec::new(),
        next: vec!["swingbridge status".into()],
    }
}

pub(super) fn swung_back(plan: &Plan, estate: &Estate, stop: &Stop) -> Verdict {
    Verdict {
        ended: Ended::SwungBack,
        code: 5,
        summary: format!("failed after production had begun to move, and swung back: {stop}"),
        reasons: stop.ways_out(),
        truth: truth(estate, &plan.policy),
        next: std::iter::once("swingbridge status".into())
            .chain(closing(plan))
            .collect(),
    }
}

/// Production was stopped for what did not come up, and what ran before is back.
pub(super) fn started_again(plan: &Plan, estate: &Estate, stop: &Stop, downtime: String) -> Verdict {
    Verdict {
        reasons: std::iter::once(downtime).chain(stop.ways_out()).collect(),
        summary: format!(
            "failed while production was stopped, and what ran before was started again: {stop}"
        ),
        ..swung_back(plan, estate, stop)
    }
}

/// The exit code of a promotion that waits for a person.
pub(super) const PAUSED: u8 = 9;

/// Production is shared, and stays so until a person goes on or back.
pub(super) fn paused(plan: &Plan, estate: &Estate) -> Verdict {
    Verdict {
        ended: Ended::Paused,
        code: PAUSED,
        summary: format!("paused: {}, until a person goes on", shared(plan, estate)),
        reasons: Vec::new(),
        truth: truth(estate, &plan.policy),
        next: onward(),
    }
}

/// The judge would not decide it: production is shared, and stays so until a person goes on or back.
pub(super) fn held(plan: &Plan, estate: &Estate, why: &str) -> Verdict {
    Verdict {
        reasons: vec![why.to_owned()],
        ..paused(plan, estate)
    }
}

/// A test that runs, or whose winner a person names.
pub(super) fn tested(plan: &Plan, estate: &Estate, summary: String, reasons: Vec<String>) -> Verdict {
    Verdict {
        ended: Ended::Paused,
        code: PAUSED,
        summary,
        reasons,
        truth: truth(estate, &plan.policy),
        next: vec![
            "swingbridge winner NAME".into(),
            "swingbridge metrics".into(),
            "swingbridge rollback".into(),
        ],
    }
}

/// Stopped while production was only watched.
pub(super) fn between(plan: &Plan, estate: &Estate, stop: &Stop) -> Verdict {
    let told = matches!(stop, Stop::Interrupted(_) | Stop::Locked(_));
    if !told && hidden(plan, estate).is_some() {
        return unseen(plan, stop);
    }
    let rolling = rolling_out(estate);
    let halfway = Roles::of(estate, &plan.policy).is_ok_and(|roles| roles.halfway && !roles.runs())
        || rolling.is_some();
    let (ended, code) = match stop {
        Stop::Interrupted(signal) => (Ended::Interrupted, signal.code()),
        Stop::Locked(_) => (Ended::Locked, 7),
        _ if halfway => (Ended::Stopped, 6),
        _ => (Ended::Failed, 4),
    };
    Verdict {
        ended,
        code,
        summary: match &rolling {
            Some(group) => format!("Auto Scaling goes on with {group} by itself: {stop}"),
            None => format!("{}: {stop}", shared(plan, estate)),
        },
        reasons: stop.ways_out(),
        truth: truth(estate, &plan.policy),
        next: match &rolling {
            Some(_) => vec![
                again(plan),
                "swingbridge rollback".into(),
                "swingbridge status".into(),
            ],
            None => onward(),
        },
    }
}

/// The same, when not even what is true can be seen.
pub(super) fn unseen(plan: &Plan, stop: &Stop) -> Verdict {
    let (ended, code) = match stop {
        Stop::Interrupted(signal) => (Ended::Interrupted, signal.code()),
        _ => (Ended::Stopped, 6),
    };
    Verdict {
        ended,
        code,
        summary: match plan.policy.strategy {
            Strategy::Rolling => format!("Auto Scaling goes on by itself, and it cannot be seen: {stop}"),
            _ => format!("production is shared as the plan says, and cannot be seen: {stop}"),
        },
        reasons: stop.ways_out(),
        truth: Vec::new(),
        next: vec!["swingbridge status".into(), again(plan)],
    }
}

/// The lock could not be had again for what is to be done about a share.
pub(super) fn kept_out(plan: &Plan, estate: Option<&Estate>, stop: &Stop) -> Verdict {
    match estate {
        Some(estate) => between(plan, estate, stop),
        None => unseen(plan, stop),
    }
}

/// Why it cannot be told where production goes, when AWS does not show what tells it.
fn hidden(plan: &Plan, estate: &Estate) -> Option<Stop> {
    let reasons = Roles::of(estate, &plan.policy).err()?;
    let unseen = |reason: &Reason| matches!(reason, Reason::Unseen { .. });
    reasons
        .iter()
        .any(unseen)
        .then_some(Stop::Refused(Refusal { reasons }))
}

/// Somebody else has gone on, or back, meanwhile; or it looks so, because not all is seen.
pub(super) fn overtaken(plan: &Plan, estate: &Estate) -> Verdict {
    if let Some(stop) = hidden(plan, estate) {
        return unseen(plan, &stop);
    }
    Verdict {
        ended: Ended::Overtaken,
        code: 8,
        summary: "somebody has changed production while it was watched".into(),
        reasons: Vec::new(),
        truth: truth(estate, &plan.policy),
        next: vec!["swingbridge status".into(), again(plan)],
    }
}

/// What was watched is bad, and production was taken back.
pub(super) fn judged_bad(plan: &Plan, estate: &Estate, stop: &Stop) -> Verdict {
    Verdict {
        ended: Ended::SwungBack,
        code: 5,
        summary: format!("swung back: {stop}"),
        reasons: stop.ways_out(),
        truth: truth(estate, &plan.policy),
        next: std::iter::once("swingbridge status".into())
            .chain(closing(plan))
            .chain(["swingbridge abort".into()])
            .collect(),
    }
}

/// What closes the colour that was opened for the candidate: nobody stays for its grace.
fn closing(plan: &Plan) -> Option<String> {
    plan.policy
        .grace()
        .map(|_| "swingbridge repair  # closes the candidate's colour, once its grace is over".into())
}

/// It is bad, and could not be taken back.
pub(super) fn not_taken_back(plan: &Plan, estate: Option<&Estate>, stop: &Stop, second: &Stop) -> Verdict {
    Verdict {
        ended: Ended::Stopped,
        code: 6,
        summary: format!("production must go back, and could not be put back: {stop}"),
        reasons: vec![format!("production could not be put back: {second}")],
        truth: estate.map_or_else(Vec::new, |estate| truth(estate, &plan.policy)),
        next: vec!["swingbridge rollback".into(), "swingbridge status".into()],
    }
}

/// Which share the candidate has now.
fn shared(plan: &Plan, estate: &Estate) -> String {
    let candidate = Roles::of(estate, &plan.policy)
        .ok()
        .and_then(|roles| roles.candidate);
    match candidate.map(|candidate| (candidate.generation, candidate.stage)) {
        Some((generation, Some(reached))) => {
            format!(
                "{} % of production stays on generation {generation}",
                reached.weight
            )
        }
        _ => "production stays as it is".into(),
    }
}

/// The group on which something is being rolled out.
fn rolling_out(estate: &Estate) -> Option<GroupName> {
    let mut groups = estate.groups.iter();
    let rolling = groups.find(|group| Rollout::of(&group.tags).is_some());
    rolling.map(|group| group.name.clone())
}

fn onward() -> Vec<String> {
    vec![
        "swingbridge promote  # goes on".into(),
        "swingbridge rollback".into(),
        "swingbridge status".into(),
    ]
}

/// How far a run had come with production when it stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Production {
    Untouched,
    Moving,
    /// Every route was written and read back.
    Moved,
    /// It was stopped, and nobody answers.
    Down,
    /// Auto Scaling was told to replace its instances, and goes on by itself.
    Replaced,
}

/// Stopped between the first step and the last.
pub(super) fn stopped(plan: &Plan, estate: &Estate, stop: &Stop, production: Production) -> Verdict {
    let moved = production != Production::Untouched;
    let (ended, code) = match stop {
        Stop::Interrupted(signal) => (Ended::Interrupted, signal.code()),
        Stop::LockLost => (Ended::Stopped, 6),
        _ if moved => (Ended::Stopped, 6),
        _ => (Ended::Failed, 4),
    };
    let place = match production {
        Production::Untouched => "production is where it was",
        Production::Moving => "production had begun to move",
        Production::Down => "production is stopped, and nobody answers",
        Production::Replaced => "production is being replaced in place, and Auto Scaling goes on by itself",
        Production::Moved => "production has swung, and what follows is not finished",
    };
    let mut next = vec!["swingbridge status".to_owned(), again(plan)];
    match &plan.intent {
        Intent::Deploy { .. } if !moved && plan.policy.strategy == Strategy::Rolling => {}
        Intent::Deploy { .. } if !moved => next.push("swingbridge abort".into()),
        Intent::Rollback { .. } => {}
        Intent::Deploy { .. }
        | Intent::Promote
        | Intent::PromoteFully
        | Intent::Shift { .. }
        | Intent::Winner { .. }
        | Intent::Resume
        | Intent::Retreat => {
            next.push("swingbridge rollback".into());
        }
        _ => {}
    }
    Verdict {
        ended,
        code,
        summary: format!("{place}: {stop}"),
        reasons: stop.ways_out(),
        truth: truth(estate, &plan.policy),
        next,
    }
}

pub(super) fn again(plan: &Plan) -> String {
    match &plan.intent {
        deploy @ Intent::Deploy { .. } => {
            format!("{} …  # the same command: it continues", deploy.command())
        }
        other => format!("{}  # continues", other.command()),
    }
}

/// What makes sense after it went well.
fn after(plan: &Plan, estate: &Estate) -> Vec<String> {
    let Ok(roles) = Roles::of(estate, &plan.policy) else {
        return vec!["swingbridge status".into()];
    };
    let mut next = Vec::new();
    if roles.candidate.is_some() || !roles.variants.is_empty() {
        next.push("swingbridge promote".to_owned());
        next.push("swingbridge rollback".to_owned());
    } else if roles.previous.is_some() && !matches!(plan.intent, Intent::Rollback { .. }) {
        next.push("swingbridge rollback".to_owned());
        next.push("swingbridge retire".to_owned());
    } else if roles.rolled_back().is_some() {
        next.push("swingbridge abort".to_owned());
    } else if plan.policy.strategy == Strategy::Rolling
        && matches!(plan.intent, Intent::Deploy { .. })
        && estate
            .groups
            .iter()
            .any(|group| Before::of(&group.tags).is_some())
    {
        next.push("swingbridge rollback".to_owned());
    }
    next
}
