//! Repair: pay what is owed and due, and finish what a swing left for later. Never moves production, but for a pause
//! whose time is over.

use super::{Context, Draft, Drafted, later, picking, shifting, stages, winner};
use crate::model::obligation::{self, Obligation};
use crate::model::plan::{Intent, Note};
use crate::model::shift::Expired;
use crate::model::standing::State;
use crate::model::step::Step;

/// What it stands for when a pause has waited for its time, or when what a measure has picked was cut off: the command
/// that a person would have ended it with. It is that command in all that follows, with its hooks, its waits and its
/// news.
pub(super) fn meant(context: &Context<'_>) -> Option<Intent> {
    // Whoever is taking production back is not overruled.
    if context.roles.live.state == State::RollingBack {
        return None;
    }
    if let Some(name) = picking::picked(context) {
        return Some(Intent::Winner { name });
    }
    Some(match shifting::expired(context)? {
        Expired::Rollback => Intent::Rollback {
            to: None,
            failed: None,
        },
        Expired::GoOn => Intent::Promote,
    })
}

pub(super) fn draft(context: &Context<'_>) -> Drafted {
    if let Some(draft) = picking::over(context) {
        return Ok(draft);
    }
    let roles = &context.roles;
    let (mut steps, note) = later::hand_over(context);
    let mut notes: Vec<Note> = note.into_iter().collect();
    let (closed, note) = later::close_door(context);
    steps.extend(closed);
    notes.extend(note);
    steps.extend(later::close_user_doors(context));
    // Until it is read back everywhere that production has left, requests may still come there.
    let swings = roles.live.state == State::Promoting;
    let treated = if swings {
        Ok((Vec::new(), None))
    } else {
        later::treat_previous(context, &steps)
    };
    match treated {
        Ok((treated, note)) => {
            steps.extend(treated);
            notes.extend(note);
        }
        // What is held can be released all the same.
        Err(reasons) => notes.extend(
            reasons
                .iter()
                .map(|reason| Note::risk(format!("the previous generation is left as it is: {reason}"))),
        ),
    }
    if let Some(group) = roles.candidate.as_ref().and_then(|one| one.group.as_ref()) {
        notes.push(Note::info(format!(
            "{group} stays held: it is the candidate, and idle until it is promoted"
        )));
    }
    for (one, group) in roles
        .variants
        .iter()
        .filter_map(|one| Some((one, one.group.as_ref()?)))
    {
        notes.push(Note::info(format!(
            "{group} stays held: it is variant {} of a test",
            one.variant.as_deref().unwrap_or_default()
        )));
    }
    for standing in &roles.others {
        let Some(group) = standing
            .group
            .as_ref()
            .and_then(|name| context.estate.group(name))
        else {
            continue;
        };
        let owed = obligation::owed(&group.tags);
        // A generation that was being removed is not brought back to its size.
        let leaving = owed.iter().any(|one| matches!(one, Obligation::Size { .. }));
        if owed.is_empty() || leaving || standing.state == State::Previous {
            continue;
        }
        steps.push(Step::PayObligations {
            group: group.name.clone(),
        });
    }
    // What a measure has picked, this command may have begun.
    if picking::is_picked(context)
        && let Err(reasons) = winner::clear(context, &mut steps)
    {
        notes.extend(
            reasons
                .iter()
                .map(|reason| Note::risk(format!("a variant that has lost is left: {reason}"))),
        );
    }
    // The dead lock that tells of it goes with this run.
    steps.extend(stages::anew(context));
    for step in &steps {
        if let Step::PayObligations { group } = step {
            let owed = context
                .estate
                .group(group)
                .map(|group| obligation::owed(&group.tags));
            notes.extend(
                owed.into_iter()
                    .flatten()
                    .map(|one| Note::info(format!("{group}: {one}"))),
            );
        }
    }
    Ok(Draft {
        summary: "undo what was left held, and finish what a swing left for later".into(),
        when_done: Some("nothing is owed that is due".into()),
        steps,
        notes,
        ..Draft::default()
    })
}
