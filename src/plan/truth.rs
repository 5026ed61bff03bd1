//! What is true now, in sentences: for the end of a run and for anyone who asks.

use crate::model::estate::Estate;
use crate::model::obligation;
use crate::model::policy::Policy;
use crate::model::roles::Roles;
use crate::model::rollout::Rollout;
use crate::model::schema;
use crate::model::standing::{Standing, State};

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
    } else if let Some((candidate, reached)) = roles.shared() {
        lines.push(format!(
            "{} % of production goes to {}, the rest to {}",
            reached.weight,
            name(candidate),
            name(&roles.live)
        ));
        lines.push(reached.told(policy.shift.as_ref()));
    } else if roles.runs() {
        lines.extend(tested(&roles, policy));
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
    let live = roles.live.group.as_ref().and_then(|name| estate.group(name));
    if let Some(stopped) = live.filter(|group| obligation::is_stopped(group)) {
        lines.push(format!("nobody answers: {} is stopped", stopped.name));
    }
    if let Some(candidate) = &roles.candidate {
        lines.push(match candidate.state {
            State::Ready => format!("{} is the candidate and ready", name(candidate)),
            State::Promoting => format!("{} is being promoted", name(candidate)),
            _ => format!("{} is the candidate and not finished", name(candidate)),
        });
    }
    for one in &roles.variants {
        let variant = one.variant.as_deref().unwrap_or_default();
        let won = one.test.as_ref().is_some_and(|test| test.won);
        lines.push(match one.state {
            State::Promoting if won => format!("{} is variant {variant}, and has won", name(one)),
            State::Promoting => format!("{} is variant {variant}, and takes part in a test", name(one)),
            State::Ready => format!("{} is variant {variant}, and ready", name(one)),
            _ => format!("{} is variant {variant}, and not finished", name(one)),
        });
    }
    if roles.has_left_doors() {
        let doors: Vec<String> = roles
            .user_doors
            .iter()
            .map(|rule| format!("{} → {}", rule.at(), rule.action))
            .collect();
        lines.push(format!(
            "doors for some of the users are left: {}",
            doors.join(", ")
        ));
    }
    if let Some(previous) = &roles.previous {
        lines.push(format!("{} can be rolled back to", name(previous)));
    }
    for other in roles.others.iter().filter(|other| other.state.was_left()) {
        lines.push(format!("{} was rolled back and still stands", name(other)));
    }
    for other in roles.others.iter().filter(|other| other.state == State::Lost) {
        lines.push(format!("{} did not win, and still stands", name(other)));
    }
    for group in estate.vacant() {
        lines.push(format!("{} is free for the next release", group.name));
    }
    if let Some(generation) = schema::contract_pending(estate) {
        lines.push(format!(
            "the schema was expanded for generation {generation}; its contract is pending"
        ));
    }
    for group in &estate.groups {
        if let Some(rollout) = Rollout::of(&group.tags) {
            lines.push(rollout.told(group));
        }
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

/// Who has which share of production while a test runs, and until when.
fn tested(roles: &Roles<'_>, policy: &Policy) -> Vec<String> {
    let routes = roles.routes.iter();
    let shares: Vec<String> = routes
        .map(|rule| format!("{} → {}", rule.at(), rule.action))
        .collect();
    let until = roles
        .began()
        .and_then(|began| Some(policy.ab.as_ref()?.ends(began)))
        .map_or_else(String::new, |until| format!(" until {until:.0}"));
    vec![format!("a test runs{until}: {}", shares.join(", "))]
}

fn name(standing: &Standing) -> String {
    match &standing.release {
        Some(release) => format!("generation {} (release {release})", standing.generation),
        None => format!("generation {}", standing.generation),
    }
}
