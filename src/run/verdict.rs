//! How a run ended: the exit code, what is true now, and what to do next.

use super::stop::Stop;
use crate::model::estate::Estate;
use crate::model::event::{Ended, Verdict};
use crate::model::plan::{Intent, Plan};
use crate::model::refusal::Refusal;
use crate::model::roles::Roles;
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
        reasons: stop.way_out().into_iter().collect(),
        truth: Vec::new(),
        next: match stop {
            Stop::Locked(_) => vec!["swingbridge status".into(), "swingbridge unlock".into()],
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
        next: vec![format!("swingbridge plan {}", plan.intent.word())],
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
        reasons: stop.way_out().into_iter().collect(),
        truth: truth(estate, &plan.policy),
        next: vec!["swingbridge status".into()],
    }
}

/// How far a run had come with production when it stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Production {
    Untouched,
    Moving,
    /// Every route was written and read back.
    Moved,
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
        Production::Moved => "production has swung, and what follows is not finished",
    };
    let mut next = vec!["swingbridge status".to_owned(), again(plan)];
    match &plan.intent {
        Intent::Deploy { .. } if !moved => next.push("swingbridge abort".into()),
        Intent::Deploy { .. } | Intent::Promote => next.push("swingbridge rollback".into()),
        _ => {}
    }
    Verdict {
        ended,
        code,
        summary: format!("{place}: {stop}"),
        reasons: stop.way_out().into_iter().collect(),
        truth: truth(estate, &plan.policy),
        next,
    }
}

fn again(plan: &Plan) -> String {
    match &plan.intent {
        Intent::Deploy { release } => format!(
            "swingbridge deploy --release {} …  # the same command: it continues",
            release.name
        ),
        other => format!("swingbridge {}  # continues", other.word()),
    }
}

/// What makes sense after it went well.
fn after(plan: &Plan, estate: &Estate) -> Vec<String> {
    let Ok(roles) = Roles::of(estate, &plan.policy) else {
        return vec!["swingbridge status".into()];
    };
    let mut next = Vec::new();
    if roles.candidate.is_some() {
        next.push("swingbridge promote".to_owned());
        next.push("swingbridge rollback".to_owned());
    } else if roles.previous.is_some() && !matches!(plan.intent, Intent::Rollback { .. }) {
        next.push("swingbridge rollback".to_owned());
        next.push("swingbridge retire".to_owned());
    } else if roles.rolled_back().is_some() {
        next.push("swingbridge abort".to_owned());
    }
    next
}
