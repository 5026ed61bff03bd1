//! Puts the configured hooks where they belong among the steps that are left. The places are found by
//! the steps around them: what is done already needs its hooks no more, and no planner knows of them.

use super::Context;
use crate::model::hook::{Hook, Place};
use crate::model::ids::{Generation, GroupName, TargetGroupName};
use crate::model::plan::{Intent, Note};
use crate::model::schema::Change;
use crate::model::standing::State;
use crate::model::step::{Purpose, Step};

/// The same steps with every hook before the step that it must come before.
pub(super) fn woven(context: &Context<'_>, intent: &Intent, steps: Vec<Step>) -> Vec<Step> {
    if context.policy.hooks.is_empty() || steps.is_empty() {
        return steps;
    }
    let mut weave = Weave {
        hooks: &context.policy.hooks,
        added: Vec::new(),
    };
    match intent {
        Intent::Deploy { .. } => {
            weave.build(&steps);
            weave.roll(&steps);
            weave.recreate(&steps);
            weave.swing(&steps);
            weave.retire(context, &steps);
        }
        Intent::Promote
        | Intent::PromoteFully
        | Intent::Shift { .. }
        | Intent::Resume
        | Intent::Winner { .. } => {
            weave.swing(&steps);
            weave.retire(context, &steps);
        }
        Intent::Retire { .. } | Intent::Repair => weave.retire(context, &steps),
        Intent::Rollback { .. } | Intent::Retreat => weave.rollback(&steps),
        Intent::Pause | Intent::Abort => {}
    }
    weave.into_steps(steps)
}

/// What is called only when the plan fails is no step of it, but somebody should know.
pub(super) fn note(context: &Context<'_>, steps: &[Step]) -> Option<Note> {
    let told: Vec<String> = of(&context.policy.hooks, Place::OnFailure)
        .map(Hook::subject)
        .collect();
    (!told.is_empty() && !steps.is_empty())
        .then(|| Note::info(format!("if it fails, this is called: {}", told.join("; "))))
}

fn of(hooks: &[Hook], at: Place) -> impl Iterator<Item = &Hook> {
    hooks.iter().filter(move |hook| hook.at == at)
}

struct Weave<'a> {
    hooks: &'a [Hook],
    /// What is added, and before which step.
    added: Vec<(usize, Vec<Step>)>,
}

impl Weave<'_> {
    /// Says whether there was anything to add.
    fn before(&mut self, index: usize, at: Place) -> bool {
        let hooks: Vec<Step> = of(self.hooks, at)
            .map(|hook| Step::Hook { hook: hook.clone() })
            .collect();
        let some = !hooks.is_empty();
        self.added.push((index, hooks));
        some
    }

    fn into_steps(mut self, steps: Vec<Step>) -> Vec<Step> {
        // Stable: what was added first for a step comes first.
        self.added.sort_by_key(|(index, _)| *index);
        let mut added = self.added.into_iter().peekable();
        let mut all = Vec::new();
        for (index, step) in steps.into_iter().enumerate() {
            while let Some((_, hooks)) = added.next_if(|(before, _)| *before <= index) {
                all.extend(hooks);
            }
            all.push(step);
        }
        all.extend(added.flat_map(|(_, hooks)| hooks));
        all
    }

    /// Until the candidate is ready.
    fn build(&mut self, steps: &[Step]) {
        let created = steps.iter().enumerate().find_map(|(index, step)| match step {
            Step::CreateGroup(new) | Step::ReuseGroup(new) => Some((index, new)),
            _ => None,
        });
        if let Some((index, new)) = created {
            self.before(0, Place::BeforeDeploy);
            // Its instances ask for what they need as soon as they boot, and its target group is there to be
            // written on.
            if self.before(index, Place::Expand) {
                let mark = Step::MarkSchema {
                    target_group: new.target_group.clone(),
                    generation: new.generation,
                    change: Change::Expanded,
                };
                self.added.push((index, vec![mark]));
            }
        }
        if let Some(ready) = steps.iter().position(|step| marks(step, State::Ready)) {
            let healthy = steps[..ready]
                .iter()
                .rposition(|step| matches!(step, Step::AwaitHealthy { .. }));
            self.before(healthy.map_or(ready, |index| index + 1), Place::BeforeTraffic);
            let opened = ready
                .checked_sub(1)
                .is_some_and(|index| matches!(steps[index], Step::Confirm { .. }));
            if opened {
                self.before(ready, Place::AfterPreview);
            }
        }
    }

    /// One group, in place: its instances meet production as soon as they are there.
    fn roll(&mut self, steps: &[Step]) {
        let begins = |step: &Step| matches!(step, Step::StartRefresh { .. });
        if let Some(index) = steps.iter().position(begins) {
            self.before(0, Place::BeforeDeploy);
            self.before(index, Place::Expand);
            self.before(index, Place::BeforePromote);
        }
        if let Some(index) = steps.iter().position(ends_rollout) {
            self.before(index, Place::AfterPromote);
        }
    }

    /// Nobody is ready before production has stopped: what is to be tried out is tried out as soon as it is healthy.
    fn recreate(&mut self, steps: &[Step]) {
        let started = steps.iter().position(|step| matches!(step, Step::Start { .. }));
        let healthy = started.and_then(|start| {
            let later = steps[start..].iter();
            let waited = later.take_while(|step| !step.moves_production());
            waited
                .enumerate()
                .find(|(_, step)| matches!(step, Step::AwaitHealthy { .. }))
                .map(|(index, _)| start + index)
        });
        if let Some(healthy) = healthy {
            self.before(healthy + 1, Place::BeforeTraffic);
        }
    }

    /// From a ready candidate to a promoted one.
    fn swing(&mut self, steps: &[Step]) {
        let begins =
            |step: &Step| marks(step, State::Promoting) || matches!(step, Step::MarkTest { won: true, .. });
        if let Some(begun) = steps.iter().position(begins) {
            // Before anything is held or raised for it: a gate may take hours, and health is waited for after it.
            let prepares = steps[..begun]
                .iter()
                .rev()
                .take_while(|step| prepares_swing(step))
                .count();
            self.before(begun - prepares, Place::BeforePromote);
        }
        let mut moved = false;
        for (index, step) in steps.iter().enumerate() {
            let rest = steps[index + 1..].iter();
            let mut onward =
                rest.take_while(|next| !next.leads_users() && !matches!(next, Step::Confirm { .. }));
            let ends = onward.any(|next| {
                // Live that wins against its variants is there again.
                marks(next, State::Live)
                    || marks(next, State::Restored)
                    || matches!(next, Step::MarkStage { .. } | Step::MarkTest { .. })
            });
            match step {
                // What was moved by a run that was cut off is still to be read back.
                Step::Confirm { .. } if moved || ends => {
                    self.before(index + 1, Place::EachStep);
                    moved = false;
                }
                step => moved |= step.leads_users(),
            }
        }
        if let Some(swung) = steps.iter().position(|step| marks(step, State::Previous)) {
            self.before(swung, Place::AfterPromote);
        }
    }

    /// Once production is back: an incident does not wait for a hook.
    fn rollback(&mut self, steps: &[Step]) {
        let back = steps.iter().position(|step| {
            marks(step, State::RolledBack) || marks(step, State::Removing) || ends_rollout(step)
        });
        if let Some(index) = back {
            self.before(index, Place::OnRollback);
        }
    }

    fn retire(&mut self, context: &Context<'_>, steps: &[Step]) {
        let live = live_at_the_end(context, steps);
        let retired = retired(context, steps, live.generation);
        let is_of = |step: &Step| generation_of(context, step).is_some_and(|one| retired.contains(&one));
        if let Some(first) = steps.iter().position(is_of) {
            self.before(first, Place::BeforeRetire);
        }
        if !is_alone(
            context,
            live.generation,
            &deleted(context, steps),
            reused_for(steps),
        ) || Change::Contracted.up_to(context.estate) >= Some(live.generation)
        {
            return;
        }
        // Once nobody is left who needs it, and while a step is still to be done that brings a run that was cut off
        // here again.
        let emptied = steps
            .iter()
            .rposition(|step| matches!(step, Step::Shrink { .. } | Step::AwaitEmpty { .. }) && is_of(step));
        let deleted = steps
            .iter()
            .enumerate()
            .skip(emptied.map_or(0, |index| index + 1))
            .find(|(_, step)| deletes(step) && is_of(step));
        if let (Some((index, _)), Some(target_group)) = (deleted, live.target_group)
            && self.before(index, Place::Contract)
        {
            let mark = Step::MarkSchema {
                target_group,
                generation: live.generation,
                change: Change::Contracted,
            };
            self.added.push((index, vec![mark]));
        }
    }
}

fn marks(step: &Step, wanted: State) -> bool {
    matches!(step, Step::Mark { state, .. } if *state == wanted)
}

fn ends_rollout(step: &Step) -> bool {
    matches!(step, Step::EndRollout { .. })
}

fn deletes(step: &Step) -> bool {
    matches!(step, Step::DeleteGroup { .. } | Step::DeleteTargetGroup { .. })
}

/// What a promotion does before it writes down that it has begun.
fn prepares_swing(step: &Step) -> bool {
    step.only_prepares()
        || matches!(
            step,
            Step::Adopt { .. }
                | Step::AdoptRule { .. }
                | Step::Hold { .. }
                | Step::MatchCapacity { .. }
                | Step::Point {
                    purpose: Purpose::Entrance,
                    ..
                }
        )
}

/// Who production goes to when the plan is done.
struct Live {
    generation: Generation,
    target_group: Option<TargetGroupName>,
}

fn live_at_the_end(context: &Context<'_>, steps: &[Step]) -> Live {
    let marked = steps.iter().find_map(|step| match step {
        Step::Mark {
            generation,
            target_group,
            state: State::Live,
            ..
        } => Some(Live {
            generation: *generation,
            target_group: Some(target_group.clone()),
        }),
        _ => None,
    });
    marked.unwrap_or_else(|| Live {
        generation: context.roles.live.generation,
        target_group: context.roles.live.target_group.clone(),
    })
}

/// The generations before live that the plan deletes.
fn retired(context: &Context<'_>, steps: &[Step], live: Generation) -> Vec<Generation> {
    let mut gone = deleted(context, steps);
    gone.retain(|generation| *generation < live);
    gone
}

fn deleted(context: &Context<'_>, steps: &[Step]) -> Vec<Generation> {
    let deleting = steps.iter().filter(|step| deletes(step));
    deleting.filter_map(|step| generation_of(context, step)).collect()
}

/// The generation that is still to get a group which others are given up for.
fn reused_for(steps: &[Step]) -> Option<Generation> {
    steps.iter().find_map(|step| match step {
        Step::ReuseGroup(new) => Some(new.generation),
        _ => None,
    })
}

/// Whether nobody is left whom a contracted schema could break: none before live, and none on its way.
fn is_alone(
    context: &Context<'_>,
    live: Generation,
    gone: &[Generation],
    reused_for: Option<Generation>,
) -> bool {
    let roles = &context.roles;
    let waits = roles
        .candidate
        .iter()
        .chain(&roles.variants)
        // Nobody of it is there before its group is.
        .filter(|standing| Some(standing.generation) != reused_for)
        .any(|standing| standing.generation != live && !gone.contains(&standing.generation));
    let before = roles
        .all()
        .map(|standing| standing.generation)
        .any(|generation| generation < live && !gone.contains(&generation));
    !waits && !before && gone.iter().any(|generation| *generation < live)
}

/// Whose resources a step takes away.
fn generation_of(context: &Context<'_>, step: &Step) -> Option<Generation> {
    let of_group = |name: &GroupName| context.estate.group(name)?.generation;
    match step {
        Step::Shrink { group, .. } | Step::AwaitEmpty { group, .. } | Step::DeleteGroup { group } => {
            of_group(group)
        }
        Step::DeleteTargetGroup { target_group } => context.estate.target_group(target_group)?.generation,
        _ => None,
    }
}
