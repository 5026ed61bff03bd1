//! When a step counts as done: before it is, and exactly once what it wants is so.

use super::super::reached;
use super::reached_rules::{of_rules, set_version};
use super::*;
use crate::model::estate::{Attachment, AttachmentKind, TargetState};
use crate::model::fixtures::{add_generation, asg, deployed, group_mut};
use crate::model::fixtures::{target_group_mut, tg};
use crate::model::ids::Size;
use crate::model::standing::State;
use crate::model::step::{NewGroup, Step};
use crate::model::tags::Tags;
use std::time::Duration;

type Change = fn(&mut Estate);

/// Steps about a second generation, each with the change that brings its end about.
fn of_a_generation() -> Vec<(Step, Change)> {
    vec![
        (
            Step::CreateTargetGroup {
                target_group: tg(3),
                copy_of: tg(1),
                tags: Tags::from([(tags::GENERATION.into(), "3".into())]),
            },
            |estate| add_generation(estate, 3, "43", &[TargetState::Healthy]),
        ),
        (
            Step::CreateGroup(Box::new(NewGroup {
                group: asg(3),
                copy_of: asg(1),
                target_group: tg(3),
                instead_of: tg(1),
                generation: Generation(3),
                release: "43".into(),
                size: Size {
                    min: 1,
                    max: 1,
                    desired: 1,
                },
                versions: Vec::new(),
                tags: Tags::new(),
                settings: Default::default(),
                hooks: Vec::new(),
            })),
            |estate| add_generation(estate, 3, "43", &[TargetState::Healthy]),
        ),
        (
            Step::SetTargetGroupAttributes {
                target_group: tg(2),
                attributes: [("a".into(), "1".into()), ("b".into(), "2".into())].into(),
            },
            |estate| {
                target_group_mut(estate, 2).attributes = [
                    ("a".into(), "1".into()),
                    ("b".into(), "2".into()),
                    ("c".into(), "3".into()),
                ]
                .into();
            },
        ),
        (
            Step::SuspendProcesses {
                group: asg(2),
                processes: vec!["AZRebalance".into(), HELD_PROCESS.into()],
            },
            |estate| {
                for process in ["AZRebalance", HELD_PROCESS] {
                    group_mut(estate, 2)
                        .suspended
                        .insert(process.into(), String::new());
                }
            },
        ),
        (
            Step::Attach {
                group: asg(2),
                copy_of: asg(1),
                kind: AttachmentKind::Policy,
                names: vec!["requests".into()],
                target_group: tg(2),
                instead_of: tg(1),
            },
            |estate| attach(estate, AttachmentKind::Policy),
        ),
        (Step::Hold { group: asg(1) }, |estate| hold(estate, 1)),
        (
            Step::MatchCapacity {
                group: asg(2),
                like: asg(1),
            },
            |estate| group_mut(estate, 2).size.desired = 3,
        ),
        (
            Step::Mark {
                generation: Generation(2),
                target_group: tg(2),
                state: State::Promoting,
                previous: Some(Generation(1)),
            },
            |estate| fixtures::mark(estate, 2, State::Promoting, Some(1)),
        ),
        (Step::PayObligations { group: asg(2) }, |estate| {
            group_mut(estate, 2).tags.remove(tags::OWES_MIN);
        }),
        (Step::Shrink { group: asg(2), to: 1 }, |estate| {
            group_mut(estate, 2).size = Size {
                min: 1,
                max: 4,
                desired: 1,
            }
        }),
        (
            Step::AwaitEmpty {
                group: asg(2),
                timeout: Duration::ZERO,
            },
            |estate| group_mut(estate, 2).instances.clear(),
        ),
        (Step::DeleteGroup { group: asg(2) }, |estate| {
            estate.groups.retain(|group| group.name != asg(2));
        }),
        (Step::DeleteTargetGroup { target_group: tg(2) }, |estate| {
            estate.target_groups.retain(|group| group.name != tg(2));
        }),
    ]
}

fn attach(estate: &mut Estate, kind: AttachmentKind) {
    group_mut(estate, 2).attachments.push(Attachment {
        kind,
        name: "requests".into(),
        detail: String::new(),
        stays: None,
    });
}

#[test]
fn a_step_is_reached_when_its_end_is_so_and_not_before() {
    let mut start = deployed();
    set_version(&mut start, "$Latest");
    group_mut(&mut start, 1).size.desired = 3;
    for (step, change) in of_a_generation().into_iter().chain(of_rules(&start)) {
        assert!(!reached(&step, &start), "before: {}", step.title());
        let mut after = start.clone();
        change(&mut after);
        assert!(reached(&step, &after), "after: {}", step.title());
    }
}
