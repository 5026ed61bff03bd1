//! What must be read again to see whether a step is reached.

use crate::cloud::Look;
use crate::model::estate::Estate;
use crate::model::ids::{GroupName, TargetGroupName};
use crate::model::step::Step;

pub(super) type Fleets = Vec<(GroupName, TargetGroupName)>;

/// The smallest look that shows a step's end.
pub(super) fn for_step(step: &Step, estate: &Estate) -> (Look, Fleets) {
    let (look, fleets) = match step {
        Step::Point { .. }
        | Step::CreateRule { .. }
        | Step::DeleteRule { .. }
        | Step::OpenStaging { .. }
        | Step::StayInUse { .. }
        | Step::Hook { .. }
        | Step::Confirm { .. } => return (Look::Rules, Vec::new()),
        // Anything may have changed meanwhile.
        Step::Bake { .. } | Step::Pause { .. } | Step::AwaitWinner { .. } | Step::AwaitRefresh { .. } => {
            return (Look::Everything, Vec::new());
        }
        Step::Pin { .. }
        | Step::BuildTemplateVersion { .. }
        | Step::CreateTargetGroup { .. }
        | Step::CreateGroup(_)
        | Step::ReuseGroup(_)
        // A look at the rules keeps the tags of those it knows.
        | Step::AdoptRule { .. }
        | Step::DeleteGroup { .. }
        | Step::Vacate { .. }
        | Step::DeleteTargetGroup { .. } => return (Look::Everything, Vec::new()),
        Step::Adopt {
            group, target_group, ..
        } => (Look::Fleet, vec![Some((group.clone(), target_group.clone()))]),
        Step::Mark { target_group, .. }
        | Step::MarkStage { target_group, .. }
        | Step::MarkTest { target_group, .. }
        | Step::MarkSchema { target_group, .. } => {
            (Look::Fleet, vec![of_target_group(target_group, estate)])
        }
        Step::SetTargetGroupAttributes { target_group, .. } => {
            (Look::Generation, vec![of_target_group(target_group, estate)])
        }
        Step::Attach {
            group, target_group, ..
        } => (
            Look::Generation,
            vec![Some((group.clone(), target_group.clone()))],
        ),
        Step::StartRefresh { group, .. } | Step::TakeRefreshBack { group } => {
            (Look::Generation, vec![of_group(group, estate)])
        }
        Step::MarkRelease {
            group, target_group, ..
        } => (Look::Fleet, vec![Some((group.clone(), target_group.clone()))]),
        Step::SuspendProcesses { group, .. }
        | Step::EndRollout { group }
        | Step::Hold { group }
        | Step::PayObligations { group }
        | Step::Shrink { group, .. }
        | Step::AwaitEmpty { group, .. } => (Look::Fleet, vec![of_group(group, estate)]),
        Step::Start { group, after } => {
            (Look::Fleet, vec![of_group(group, estate), of_group(after, estate)])
        }
        Step::Stop {
            group,
            target_group,
            next,
        } => (
            Look::Fleet,
            vec![
                Some((group.clone(), target_group.clone())),
                of_group(next, estate),
            ],
        ),
        Step::MatchCapacity { group, like } => {
            (Look::Fleet, vec![of_group(group, estate), of_group(like, estate)])
        }
        Step::AwaitHealthy {
            group,
            target_group,
            like,
            ..
        } => (
            Look::Fleet,
            vec![
                Some((group.clone(), target_group.clone())),
                of_group(like, estate),
            ],
        ),
    };
    match fleets.into_iter().collect::<Option<Fleets>>() {
        Some(mut fleets) => {
            fleets.dedup();
            (look, fleets)
        }
        // A part of a generation is not known yet, or already gone.
        None => (Look::Everything, Vec::new()),
    }
}

/// The fleets that a rule is about to lead to.
pub(super) fn serving(step: &Step, estate: &Estate) -> Fleets {
    let (Step::Point { after: action, .. } | Step::CreateRule { action, .. }) = step else {
        return Vec::new();
    };
    action
        .shares()
        .iter()
        .filter_map(|share| of_target_group(&share.target_group, estate))
        .collect()
}

/// Whether what was just read shows all that is to be read now.
pub(super) fn covers(seen: (Look, &Fleets), wanted: (Look, &Fleets)) -> bool {
    let wide = |look| match look {
        Look::Rules => 0,
        Look::Fleet => 1,
        Look::Generation => 2,
        Look::Everything => 3,
    };
    match (seen.0, wanted.0) {
        (Look::Everything, _) => true,
        (_, Look::Everything) => false,
        (seen_look, look) => {
            wide(seen_look) >= wide(look) && wanted.1.iter().all(|fleet| seen.1.contains(fleet))
        }
    }
}

fn of_group(group: &GroupName, estate: &Estate) -> Option<(GroupName, TargetGroupName)> {
    let target_group = estate.group(group)?.target_groups.first()?;
    Some((group.clone(), target_group.clone()))
}

fn of_target_group(target_group: &TargetGroupName, estate: &Estate) -> Option<(GroupName, TargetGroupName)> {
    let generation = estate.target_group(target_group)?.generation?;
    let group = estate
        .groups
        .iter()
        .find(|group| group.generation == Some(generation))?;
    Some((group.name.clone(), target_group.clone()))
}
