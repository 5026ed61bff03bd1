//! What holds of any plan that takes live's place instead of standing beside it: rolling and recreate.

use proptest::prelude::{Just, Strategy as _};
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestCaseResult, TestRunner};
use proptest::{prop_assert, prop_oneof, proptest};

use super::arbitrary::{Scene, intents, policies, scenes_of};
use super::properties::{is_planned_alike_or_refused_with_a_way_out, takes_its_steps_in_order};
use super::rolling::{ended, under_way};
use super::*;
use crate::cases::cases;
use crate::model::fixtures::{deployed, group_mut, initial, mark, promoted, rolled_back};
use crate::model::ids::{GroupName, Size};
use crate::model::rollout::Rolling;
use crate::model::standing::State;
use crate::model::step::{Purpose, Step};
use crate::plan::reached;

fn rolled() -> impl proptest::strategy::Strategy<Value = Scene> {
    let statuses = [
        "Pending",
        "InProgress",
        "Baking",
        "Failed",
        "Cancelled",
        "RollbackInProgress",
        "RollbackSuccessful",
        "RollbackFailed",
        "Successful",
        "a word that comes later",
    ];
    let begun = [initial(), ended(), deployed(), promoted()]
        .into_iter()
        .chain(statuses.map(under_way))
        .collect();
    let rolling = (select(vec![0, 50, 90, 100]), select(vec![100, 110, 200])).prop_map(|(min, max)| {
        let configured = super::rolling::policy().rolling;
        configured.map(|rolling| Rolling {
            min_healthy: min,
            max_healthy: max,
            ..rolling
        })
    });
    let policies = (policies(), rolling).prop_map(|(policy, rolling)| Policy {
        strategy: Strategy::Rolling,
        shift: None,
        rolling,
        ..policy
    });
    // Half of all deploys are of the release that is on its way already.
    let intents = prop_oneof![2 => Just(deploy("42")), 1 => Just(deploy("43")), 2 => intents()];
    scenes_of(begun, policies, intents)
}

/// Live was stopped, and its successor is built and empty, or has come already.
fn between(capacity: u32) -> Estate {
    let mut estate = deployed();
    mark(&mut estate, 2, State::Promoting, Some(1));
    for (n, left) in [(1, 0), (2, capacity)] {
        let group = group_mut(&mut estate, n);
        group.size = Size {
            min: 0,
            max: left.max(1),
            desired: left,
        };
        group.instances.truncate(left as usize);
    }
    let stopped = &mut group_mut(&mut estate, 1).tags;
    stopped.insert(tags::OWES_SIZE.into(), "1/2/4".into());
    fixtures::target_group_mut(&mut estate, 1).targets.clear();
    estate
}

fn recreated() -> impl proptest::strategy::Strategy<Value = Scene> {
    let begun = vec![
        initial(),
        deployed(),
        between(0),
        between(2),
        promoted(),
        rolled_back(),
    ];
    let policies = (policies(), 0..3_u8).prop_map(|(mut policy, with_doors)| {
        policy.strategy = Strategy::Recreate;
        policy.shift = None;
        policy.doors = policy.doors.filter(|_| with_doors == 0);
        policy
    });
    scenes_of(begun, policies, intents())
}

fn planned(scene: &Scene) -> Option<Plan> {
    plan(&scene.estate, &scene.intent, &scene.policy).ok()
}

/// A release is rolled out on live's own group: nothing is made beside it, and no route is touched.
fn stays_in_its_group(plan: &Plan) -> TestCaseResult {
    let mut begun: Option<&GroupName> = None;
    for step in &plan.steps {
        match step {
            Step::Point {
                purpose: Purpose::Route,
                ..
            }
            | Step::CreateGroup { .. }
            | Step::CreateTargetGroup { .. } => prop_assert!(false, "{}", step.title()),
            Step::StartRefresh { group, .. } => begun = Some(group),
            Step::AwaitRefresh { group, .. } if begun == Some(group) => begun = None,
            Step::MarkRelease { .. } | Step::EndRollout { .. } => {
                prop_assert!(begun.is_none(), "{} before it has ended", step.title());
            }
            _ => {}
        }
    }
    prop_assert!(begun.is_none(), "nobody waits for the end of it");
    Ok(())
}

/// Whoever is to run alone starts when the other has gone; and whoever is stopped has a successor.
fn runs_one_at_a_time(scene: &Scene, plan: &Plan) -> TestCaseResult {
    let is_gone = |name: &GroupName, by: usize| {
        let before = &plan.steps[..by];
        let awaited = before
            .iter()
            .any(|step| matches!(step, Step::AwaitEmpty { group, .. } if group == name));
        let group = scene.estate.group(name);
        awaited || group.is_none_or(|group| group.size.desired == 0 && group.instances.is_empty())
    };
    for (at, step) in plan.steps.iter().enumerate() {
        match step {
            Step::Start { after, .. } => {
                prop_assert!(is_gone(after, at), "{} while {after} runs", step.title());
            }
            Step::Stop { next, .. } => {
                let starts = |step: &Step| matches!(step, Step::Start { group, .. } if group == next);
                let runs = scene
                    .estate
                    .group(next)
                    .is_some_and(|group| group.size.desired > 0);
                prop_assert!(
                    runs || plan.steps[at..].iter().any(starts),
                    "{} and nobody starts {next}",
                    step.title()
                );
            }
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn any_rollout_is_planned_or_refused_with_a_way_out_and_in_order(scene in rolled()) {
        is_planned_alike_or_refused_with_a_way_out(&scene)?;
        takes_its_steps_in_order(&scene)?;
        if let (Some(plan), Intent::Deploy { .. }) = (planned(&scene), &scene.intent) {
            stays_in_its_group(&plan)?;
        }
    }

    #[test]
    fn any_recreation_is_planned_or_refused_with_a_way_out_and_in_order(scene in recreated()) {
        is_planned_alike_or_refused_with_a_way_out(&scene)?;
        takes_its_steps_in_order(&scene)?;
        if let Some(plan) = planned(&scene) {
            runs_one_at_a_time(&scene, &plan)?;
        }
    }
}

/// How many of some thousand scenes come to a plan with such a step, by the command's word.
fn with(
    scenes: impl proptest::strategy::Strategy<Value = Scene>,
    is_such: impl Fn(&Step) -> bool,
) -> std::collections::BTreeMap<&'static str, u32> {
    let mut runner = TestRunner::new(cases(1));
    let mut words = std::collections::BTreeMap::new();
    for _ in 0..3000 {
        let scene = scenes.new_tree(&mut runner).expect("a scene").current();
        if planned(&scene).is_some_and(|plan| plan.steps.iter().any(&is_such)) {
            *words.entry(scene.intent.word()).or_insert(0) += 1;
        }
    }
    words
}

/// A property that is only ever tried on refusals holds of nothing.
#[test]
fn the_scenes_lead_to_rollouts_and_to_stops_in_both_directions() {
    let refreshes = with(rolled(), |step| matches!(step, Step::StartRefresh { .. }));
    let stops = with(recreated(), |step| matches!(step, Step::Stop { .. }));
    for (what, words) in [("rolling", refreshes), ("recreate", stops)] {
        for word in ["deploy", "rollback"] {
            assert!(
                words.get(word).is_some_and(|count| *count >= 5),
                "{what}, {word}: {words:?}"
            );
        }
    }
}

#[test]
fn whoever_keeps_instances_from_ending_is_asked_before_live_is_stopped() {
    let policy = Policy {
        strategy: Strategy::Recreate,
        doors: None,
        ..fixtures::policy()
    };
    let mut estate = initial();
    let suspended = &mut group_mut(&mut estate, 1).suspended;
    suspended.insert("Terminate".into(), "User suspended".into());
    assert_eq!(
        reasons(&estate, &deploy("42"), &policy),
        [Reason::Suspended {
            group: fixtures::asg(1),
            process: "Terminate".into(),
        }]
    );
    assert!(
        plan(&estate, &deploy("42"), &direct()).is_ok(),
        "beside live nobody ends"
    );
}

/// It may have a warm pool, whose instances are to go as well.
#[test]
fn an_empty_group_whose_instances_may_not_end_is_not_small_enough_yet() {
    let mut estate = between(0);
    let shrink = Step::Shrink {
        group: fixtures::asg(2),
        to: 0,
    };
    group_mut(&mut estate, 2).size.max = 0;
    assert!(reached(&shrink, &estate));
    let suspended = &mut group_mut(&mut estate, 2).suspended;
    suspended.insert("Terminate".into(), "User suspended".into());
    assert!(!reached(&shrink, &estate));
}

#[test]
fn a_stop_that_was_only_written_down_is_given_up_by_an_abort() {
    let policy = Policy {
        strategy: Strategy::Recreate,
        ..fixtures::policy()
    };
    let mut estate = between(0);
    assert!(matches!(
        reasons(&estate, &Intent::Abort, &policy)[..],
        [Reason::PromotionHalfWay { .. }]
    ));
    let tags = group_mut(&mut estate, 1).tags.clone();
    *group_mut(&mut estate, 1) = group_mut(&mut initial(), 1).clone();
    group_mut(&mut estate, 1).tags = tags;
    *fixtures::target_group_mut(&mut estate, 1) = fixtures::target_group_mut(&mut deployed(), 1).clone();
    let all = titles(&estate, &Intent::Abort, &policy);
    assert_eq!(
        [all.first(), all.last()].map(|title| title.map(String::as_str)),
        [Some("mark generation 2 as removing"), Some("delete tg-2")]
    );
}
