//! What is true now, in sentences: for the end of a run and for anyone who asks.

use crate::model::estate::Estate;
use crate::model::obligation;
use crate::model::policy::Policy;
use crate::model::roles::{Roles, Standing, State};
use crate::model::shift::{Held, Reached, Wait};

/// Where production goes and what stands beside it.
pub fn truth(estate: &Estate, policy: &Policy) -> Vec<String> {
    let roles = match Roles::of(estate, policy) {
        Ok(roles) => roles,
        Err(reasons) => return reasons.iter().map(ToString::to_string).collect(),
    };
    let mut lines = Vec::new();
    let all_on_previous = roles.routes.iter().all(|rule| {
        let previous = roles
            .previous
            .as_ref()
            .and_then(|previous| previous.target_group.as_ref());
        previous.is_some() && rule.action.only_target() == previous
    });
    if let (true, true, Some(previous)) = (roles.halfway, all_on_previous, &roles.previous) {
        lines.push(format!(
            "production goes to {}; the rollback to it is not finished",
            name(previous)
        ));
    } else if let (true, Some((candidate, reached))) = (roles.halfway, shared(&roles)) {
        lines.push(format!(
            "{} % of production goes to {}, the rest to {}",
            reached.weight,
            name(candidate),
            name(&roles.live)
        ));
        lines.push(stage(policy, reached));
    } else if roles.halfway {
        let rules: Vec<String> = roles
            .routes
            .iter()
            .map(|rule| format!("{} → {}", rule.at(), rule.action))
            .collect();
        lines.push(format!("production is half way: {}", rules.join(", ")));
    } else {
        lines.push(format!("production goes to {}", name(&roles.live)));
    }
    if let Some(candidate) = &roles.candidate {
        lines.push(match candidate.state {
            State::Ready => format!("{} is the candidate and ready", name(candidate)),
            State::Promoting => format!("{} is being promoted", name(candidate)),
            _ => format!("{} is the candidate and not finished", name(candidate)),
        });
    }
    if let Some(previous) = &roles.previous {
        lines.push(format!("{} can be rolled back to", name(previous)));
    }
    for other in roles.others.iter().filter(|other| other.state.was_left()) {
        lines.push(format!("{} was rolled back and still stands", name(other)));
    }
    for group in &estate.groups {
        let owed: Vec<String> = obligation::owed(&group.tags)
            .iter()
            .map(ToString::to_string)
            .collect();
        if !owed.is_empty() {
            lines.push(format!("{} is held; owed: {}", group.name, owed.join(", ")));
        }
    }
    lines
}

/// A candidate whose share is as its tag says, on every route.
pub fn shared<'a>(roles: &'a Roles<'_>) -> Option<(&'a Standing, &'a Reached)> {
    let candidate = roles.candidate.as_ref()?;
    let reached = candidate.stage.as_ref()?;
    let target_group = candidate.target_group.as_ref()?;
    let as_written = roles
        .routes
        .iter()
        .all(|rule| rule.percent_of(target_group) == Some(u64::from(reached.weight)));
    as_written.then_some((candidate, reached))
}

/// Where a promotion by stages stands, and what it waits for.
fn stage(policy: &Policy, reached: &Reached) -> String {
    let since = reached.since;
    let of = policy.shift.as_ref().map_or(0, |shift| shift.stages.len());
    let place = match reached.stage {
        0 => "by hand".to_owned(),
        stage => format!("stage {stage} of {of}"),
    };
    let wait = policy
        .shift
        .as_ref()
        .and_then(|shift| Some(shift.stages.get(super::stages::known(shift, reached)?)?.wait));
    match (reached.held, wait) {
        (Some(Held::Retreating), _) => format!("{place}: the weight is being taken back, since {since}"),
        (Some(Held::Judged), _) => {
            format!("{place}: held by the judge since {since}, until a person goes on")
        }
        (Some(Held::Asked), _) | (None, Some(Wait::Pause(None)) | None) => {
            format!("{place}: waits for a person since {since}")
        }
        (None, Some(Wait::Pause(Some(expiry)))) => match since.checked_add(expiry.after) {
            Ok(end) => format!(
                "{place}: waits for a person until {end}; then `repair` {}",
                expiry.then
            ),
            Err(_) => format!("{place}: waits for a person since {since}"),
        },
        (None, Some(Wait::Bake(lasts))) => match since.checked_add(lasts) {
            Ok(end) => format!("{place}: bakes until {end}"),
            Err(_) => format!("{place}: bakes since {since}"),
        },
    }
}

fn name(standing: &Standing) -> String {
    match &standing.release {
        Some(release) => format!("generation {} (release {release})", standing.generation),
        None => format!("generation {}", standing.generation),
    }
}
