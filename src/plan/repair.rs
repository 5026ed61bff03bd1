//! Repair: pay what is owed by nobody any more.

use super::{Context, Draft};
use crate::model::obligation;
use crate::model::plan::Note;
use crate::model::roles::{Standing, State};
use crate::model::step::Step;

pub(super) fn draft(context: &Context<'_>) -> Draft {
    let roles = &context.roles;
    let mut names = Vec::new();
    let mut steps = Vec::new();
    let mut notes = Vec::new();
    let all = std::iter::once(&roles.live)
        .chain(&roles.candidate)
        .chain(&roles.previous)
        .chain(&roles.others);
    for standing in all {
        let Some(group) = standing
            .group
            .as_ref()
            .and_then(|name| context.estate.group(name))
        else {
            continue;
        };
        let owed = obligation::owed(&group.tags);
        if owed.is_empty() {
            continue;
        }
        match held_by_design(context, standing) {
            Some(why) => notes.push(Note::info(format!("{} stays held: {why}", group.name))),
            None => {
                names.push(group.name.to_string());
                steps.push(Step::PayObligations {
                    group: group.name.clone(),
                });
                for obligation in owed {
                    notes.push(Note::info(format!("{}: {obligation}", group.name)));
                }
            }
        }
    }
    Draft {
        summary: if steps.is_empty() {
            "nothing is owed".into()
        } else {
            format!("undo what was left on {}", names.join(", "))
        },
        steps,
        notes,
        ..Draft::default()
    }
}

fn held_by_design(context: &Context<'_>, standing: &Standing) -> Option<&'static str> {
    let roles = &context.roles;
    let is = |other: &Option<Standing>| {
        other
            .as_ref()
            .is_some_and(|one| one.generation == standing.generation)
    };
    if is(&roles.candidate) {
        Some("it is the candidate, and idle until it is promoted")
    } else if is(&roles.previous) {
        Some("it is kept for a rollback")
    } else if standing.generation == roles.live.generation
        && (roles.halfway
            || roles
                .candidate
                .as_ref()
                .is_some_and(|one| one.state == State::Promoting))
    {
        Some("a promotion is under way")
    } else {
        None
    }
}
