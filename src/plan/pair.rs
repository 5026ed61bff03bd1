//! `generations = "pair"`: two groups stay and take turns. Whoever stands on the next one is given up for the candidate,
//! and the group is made live's image instead of a clone.

use super::clone::Clone;
use super::promote::Side;
use super::{Context, doors, preflight, removal, swing, variant};
use crate::model::clone::alarm_name;
use crate::model::estate::{Attachment, AttachmentKind, Group};
use crate::model::ids::{Generation, GroupName, TargetGroupName};
use crate::model::plan::Note;
use crate::model::policy::Strategy;
use crate::model::refusal::Reason;
use crate::model::routing::Priority;
use crate::model::standing::{Standing, State};
use crate::model::step::Step;
use crate::model::tags;

/// The group of the next generation, or of a candidate that has none yet: the one that live does not have.
pub(super) fn next(context: &Context<'_>, generation: Generation) -> Option<GroupName> {
    let [one, other] = context.policy.names.pair()?;
    let roles = &context.roles;
    let own = roles
        .candidate
        .as_ref()
        .filter(|candidate| candidate.generation == generation)
        .and_then(|candidate| candidate.group.clone());
    Some(own.unwrap_or_else(|| {
        if roles.live.group.as_ref() == Some(&one) {
            other
        } else {
            one
        }
    }))
}

/// The group of the next generation and what is on it, for somebody who asks whether that has changed.
pub(super) fn turn(context: &Context<'_>) -> Option<(GroupName, String)> {
    let group = next(context, context.roles.live.generation)?;
    let holds = match context.estate.group(&group) {
        None => "it is not there".to_owned(),
        Some(found) => match found.generation {
            Some(generation) => format!("generation {generation}"),
            None => "nothing".to_owned(),
        },
    };
    Some((group, holds))
}

/// The group, if it is there to be used again.
fn reused<'a>(context: &'a Context<'_>, group: &GroupName) -> Option<&'a Group> {
    let estate = context.estate;
    estate.group(group).filter(|_| context.policy.names.keeps(group))
}

/// Whether live would be copied: onto a group that is not the generation's own yet.
pub(super) fn copies(context: &Context<'_>, group: &GroupName, generation: Generation) -> bool {
    match context.estate.group(group) {
        Some(found) if context.policy.names.keeps(group) => found.generation != Some(generation),
        found => found.is_none(),
    }
}

/// What frees a group for a generation, in the order in which a removal has it; `None` where there is nothing to free,
/// because the group is still to be made.
pub(super) fn freed(
    context: &Context<'_>,
    group: &GroupName,
    generation: Generation,
    target_group: &TargetGroupName,
) -> Result<Option<Vec<Step>>, Vec<Reason>> {
    let Some(found) = reused(context, group) else {
        return Ok(None);
    };
    let mut reasons = preflight::untouchable(found);
    if let Some(refresh) = found.refreshing() {
        reasons.push(Reason::Refreshing {
            group: found.name.clone(),
            status: refresh.status.clone(),
        });
    }
    let vacant = found.generation.is_none();
    let ours = |name: &&TargetGroupName| {
        let target_group = context.estate.target_group(name);
        target_group.is_some_and(|tg| tags::owned_by(&tg.tags, &context.estate.app))
    };
    let others = found
        .target_groups
        .iter()
        .filter(|name| vacant && !ours(name))
        .map(ToString::to_string);
    let strange: Vec<String> = found.other_traffic.iter().cloned().chain(others).collect();
    if !strange.is_empty() {
        reasons.push(Reason::ExtraTraffic {
            group: found.name.clone(),
            what: strange.join(", "),
        });
    }
    if !reasons.is_empty() {
        return Err(reasons);
    }
    let leaving = leaving(context, group, generation);
    let mut steps = given_up(context, &leaving, target_group)?;
    let empty = found.instances.is_empty() && found.size.desired == 0 && found.size.min == 0;
    if vacant && !empty {
        // Somebody has started instances on it all the same.
        steps.extend(removal::emptied(group, 0));
    }
    if vacant && !found.target_groups.is_empty() {
        // It takes a moment until it has left.
        let deleted = |step: &Step| matches!(step, Step::DeleteTargetGroup { .. });
        let before = steps.iter().position(deleted).unwrap_or(steps.len());
        steps.insert(before, Step::Vacate { group: group.clone() });
    }
    Ok(Some(steps))
}

/// Who has to go: the generation on the group, and what is left of earlier ones that have lost theirs.
fn leaving<'a>(context: &'a Context<'_>, group: &GroupName, generation: Generation) -> Vec<&'a Standing> {
    let roles = &context.roles;
    roles
        .variants
        .iter()
        .chain(&roles.previous)
        .chain(&roles.others)
        .filter(|one| one.generation != generation)
        .filter(|one| match &one.group {
            Some(stands_on) => stands_on == group,
            None => one.ours && (one.generation < roles.live.generation || one.state.was_left()),
        })
        .collect()
}

/// What `retire` would do to them, and refuse for the same reasons.
fn given_up(
    context: &Context<'_>,
    leaving: &[&Standing],
    candidate: &TargetGroupName,
) -> Result<Vec<Step>, Vec<Reason>> {
    let roles = &context.roles;
    if leaving.is_empty() {
        return Ok(Vec::new());
    }
    // The last rule may have been swung and the doors not: they still lead to what would be removed.
    if roles.live.state == State::Promoting {
        return Err(vec![Reason::PromotionHalfWay {
            generation: roles.live.generation,
        }]);
    }
    if let Some(takes_part) = roles
        .variants
        .iter()
        .find(|one| leaving.iter().any(|other| other.generation == one.generation))
    {
        return Err(vec![variant::exists(takes_part)]);
    }
    let mut steps = doors::left_by(context, leaving)?;
    steps.extend(swing::confirmed(context, &steps));
    let at_entrance = |one: &&Standing| {
        let target_group = one.target_group.as_ref();
        let mut at = target_group.into_iter().zip(roles.entrance);
        at.any(|(name, rule)| rule.weight_of(name).is_some())
    };
    if leaving.iter().any(at_entrance) {
        steps.extend(swing::entrance(context, &waiting(context, leaving, candidate)));
    }
    let mut reasons = Vec::new();
    for standing in leaving {
        match removal::steps(context, standing, &steps) {
            Ok(more) => steps.extend(more),
            Err(reason) => reasons.push(reason),
        }
    }
    if reasons.is_empty() {
        Ok(steps)
    } else {
        Err(reasons)
    }
}

/// Whom nothing but the entrance keeps health-checked from here on.
fn waiting(
    context: &Context<'_>,
    leaving: &[&Standing],
    candidate: &TargetGroupName,
) -> Vec<TargetGroupName> {
    let roles = &context.roles;
    if context.policy.strategy == Strategy::Direct {
        // As its promotion will have it.
        return swing::waits_for_return(context, roles.live.target_group.as_ref())
            .into_iter()
            .collect();
    }
    let stays = |one: &&Standing| !leaving.iter().any(|other| other.generation == one.generation);
    let previous = roles.previous.as_ref().filter(stays);
    let shown = context.policy.shows_candidate();
    (!shown)
        .then(|| candidate.clone())
        .into_iter()
        .chain(swing::waits_for_return(
            context,
            previous.and_then(|previous| previous.target_group.as_ref()),
        ))
        .collect()
}

/// A group that was being freed is no way back any more, nor one that somebody has taken off its target group.
pub(super) fn stands(context: &Context<'_>, side: &Side) -> Result<(), Vec<Reason>> {
    let on_it = context
        .estate
        .group(&side.group)
        .is_some_and(|group| group.target_groups.contains(&side.target_group));
    if on_it {
        return Ok(());
    }
    Err(vec![Reason::NoGroup {
        generation: side.generation,
        target_group: side.target_group.clone(),
    }])
}

/// Whether a generation goes for this one.
pub(super) fn goes(context: &Context<'_>, clone: &Clone<'_>, standing: &Standing) -> bool {
    clone.freed.is_some()
        && leaving(context, &clone.group, clone.generation)
            .iter()
            .any(|one| one.generation == standing.generation)
}

/// The same steps without those that write a rule which was written to free the group: it is as it is to be.
pub(super) fn not_again(clone: &Clone<'_>, steps: Vec<Step>) -> Vec<Step> {
    let written: Vec<_> = clone.freed.iter().flatten().filter_map(place).collect();
    steps
        .into_iter()
        .filter(|step| !place(step).is_some_and(|at| written.contains(&at)))
        .collect()
}

/// The same steps, going on from rules as they were left when the group was freed.
pub(super) fn continued(clone: &Clone<'_>, mut steps: Vec<Step>) -> Vec<Step> {
    for earlier in clone.freed.iter().flatten() {
        let Some(at) = place(earlier) else { continue };
        let Some(index) = steps.iter().position(|step| place(step) == Some(at)) else {
            continue;
        };
        let nothing_left = match (earlier, &mut steps[index]) {
            (
                Step::Point { after: left, .. },
                Step::Point {
                    before,
                    after,
                    sticky,
                    ..
                },
            ) => {
                before.clone_from(left);
                sticky.is_none() && before.same_effect(after)
            }
            (earlier, later) => *earlier == *later,
        };
        if nothing_left {
            steps.remove(index);
        }
    }
    steps
}

/// The rule that a step writes.
fn place(step: &Step) -> Option<(u16, Priority)> {
    match step {
        Step::Point { rule, .. } | Step::DeleteRule { rule, .. } => Some((rule.port, rule.priority)),
        Step::CreateRule { port, priority, .. } => Some((*port, Priority::Numbered(*priority))),
        _ => None,
    }
}

/// Who goes for good, and what stays on the group that live does not have.
pub(super) fn notes(context: &Context<'_>, clone: &Clone<'_>) -> Vec<Note> {
    let Some(group) = clone
        .freed
        .as_ref()
        .and_then(|_| context.estate.group(&clone.group))
    else {
        return Vec::new();
    };
    let mut notes: Vec<Note> = leaving(context, &clone.group, clone.generation)
        .into_iter()
        .filter(|one| one.group.is_some())
        .map(|one| match one.state.was_left() {
            true => Note::info(format!(
                "generation {}, which was rolled back, goes with this deploy: {} is used again",
                one.generation, clone.group
            )),
            false => Note::risk(format!(
                "the way back to generation {} ends with this deploy: {} is used again",
                one.generation, clone.group
            )),
        })
        .collect();
    let copied = |one: &Attachment| match one.kind {
        AttachmentKind::Alarm => alarm_name(&one.name, clone.original.name.as_str(), clone.group.as_str()),
        _ => one.name.clone(),
    };
    let wanted: Vec<(AttachmentKind, String)> = clone
        .original
        .attachments
        .iter()
        .map(|one| (one.kind, copied(one)))
        .collect();
    let beyond: Vec<String> = group
        .attachments
        .iter()
        .filter(|one| group.generation != Some(clone.generation) && one.kind != AttachmentKind::WarmPool)
        .filter(|one| !wanted.contains(&(one.kind, one.name.clone())))
        .map(|one| one.name.clone())
        .collect();
    if !beyond.is_empty() {
        notes.push(Note::info(format!(
            "{} has what {} has not, and keeps it: {}",
            clone.group,
            clone.original.name,
            beyond.join(", ")
        )));
    }
    notes
}
