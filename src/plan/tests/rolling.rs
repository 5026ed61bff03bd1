//! What rolling a release out in place plans, from each estate it can begin in.

use super::*;
use crate::model::estate::Launch;
use crate::model::fixtures::{asg, initial};
use crate::model::rollout::{Before, Direction, Kept, Released, Rolling, Rollout};
use crate::model::step::{PickedVersion, Step};

pub(super) fn policy() -> Policy {
    Policy {
        strategy: Strategy::Rolling,
        rolling: Some(Rolling {
            min_healthy: 90,
            max_healthy: 110,
            checkpoints: vec![50],
            checkpoint_delay: std::time::Duration::from_secs(600),
            warmup: None,
            bake: std::time::Duration::ZERO,
            alarms: Vec::new(),
            skip_matching: true,
            rolls_back: true,
            protected: Kept::Wait,
            standby: Kept::Wait,
        }),
        ..fixtures::policy()
    }
}

fn released(name: &str) -> Released {
    Released {
        release: Some(name.into()),
        inputs: Some(format!("inputs-of-{name}")),
    }
}

/// Release 42 is on its way on asg-1, with a refresh of this status.
pub(super) fn under_way(status: &str) -> Estate {
    let mut estate = initial();
    let rollout = Rollout {
        direction: Direction::Forward,
        to: 8,
        from: 7,
        after: None,
        released: released("42"),
    };
    for name in ["asg-1", "tg-1"] {
        let own = if name == "asg-1" {
            &mut fixtures::group_mut(&mut estate, 1).tags
        } else {
            &mut fixtures::target_group_mut(&mut estate, 1).tags
        };
        own.insert(tags::APP.into(), fixtures::APP.into());
        own.insert(tags::GENERATION.into(), "1".into());
    }
    let group = fixtures::group_mut(&mut estate, 1);
    group.tags.extend(rollout.written().0);
    let mut refresh = fixtures::refresh(status);
    refresh.to = Some(8);
    group.refresh = Some(refresh);
    estate
}

/// Every instance is of release 42, and nobody has written it down yet.
fn replaced() -> Estate {
    let mut estate = under_way("Successful");
    if let Launch::Template { uses, .. } = &mut fixtures::group_mut(&mut estate, 1).launch {
        uses[0].version = "8".into();
    }
    estate
}

/// Release 42 is live on asg-1; what ran before it is known.
pub(super) fn ended() -> Estate {
    let mut estate = replaced();
    let group = fixtures::group_mut(&mut estate, 1);
    group
        .tags
        .retain(|key, _| !Rollout::keys().contains(&key.as_str()));
    group.tags.extend(released("42").written().0);
    let before = Before {
        version: 7,
        released: Released::default(),
    };
    group.tags.extend(Before::written(Some(&before)).0);
    fixtures::target_group_mut(&mut estate, 1)
        .tags
        .extend(released("42").written().0);
    estate
}

#[test]
fn a_first_rollout_replaces_lives_instances_and_writes_down_what_was_before() {
    assert_eq!(
        titles(&initial(), &deploy("42"), &policy()),
        [
            "adopt asg-1 and tg-1 as generation 1 (tags only)",
            "replace asg-1's instances in place, from launch template version 7 to 8: 90 % always serve, 110 % at most",
            "wait until all of asg-1's instances are replaced",
            "mark generation 1 as live",
            "write down that asg-1 runs release 42",
            "write down that the rollout on asg-1 has ended",
        ]
    );
}

#[test]
fn a_floating_version_is_pinned_first_so_that_there_is_a_way_back() {
    let mut estate = initial();
    let group = fixtures::group_mut(&mut estate, 1);
    if let Launch::Template { uses, .. } = &mut group.launch {
        uses[0].version = "$Latest".into();
    }
    let titles = titles(&estate, &deploy("42"), &policy());
    assert_eq!(titles[1], "pin asg-1 to launch template lt-1 $Latest → 8");
    assert!(titles[2].contains("from launch template version 8"), "{titles:?}");
}

#[test]
fn the_plan_says_that_traffic_cannot_swing_back_at_once() {
    let plan = planned(&initial(), &deploy("42"), &policy());
    let risks: Vec<&str> = plan
        .notes
        .iter()
        .filter(|note| note.severity == Severity::Risk)
        .map(|note| note.text.as_str())
        .collect();
    assert!(
        risks[0].starts_with("traffic cannot swing back at once"),
        "{risks:?}"
    );
    assert!(
        risks
            .iter()
            .any(|risk| risk.contains("no load balancer health checks")),
        "{risks:?}"
    );
}

#[test]
fn a_rollout_under_way_is_only_waited_for() {
    for status in [
        "Pending",
        "InProgress",
        "Baking",
        "RollbackInProgress",
        "Successful",
    ] {
        assert_eq!(
            titles(&under_way(status), &deploy("42"), &policy()),
            [
                "wait until all of asg-1's instances are replaced",
                "mark generation 1 as live",
                "write down that asg-1 runs release 42",
                "write down that the rollout on asg-1 has ended",
            ],
            "{status}"
        );
    }
}

#[test]
fn another_release_waits_for_the_one_under_way() {
    let estate = under_way("InProgress");
    assert_eq!(
        reasons(&estate, &deploy("43"), &policy()),
        [Reason::RollingOut {
            group: asg(1),
            release: "release 42".into(),
        }]
    );
}

#[test]
fn what_is_under_way_is_taken_back_by_auto_scaling_itself() {
    assert_eq!(
        titles(&under_way("Baking"), &rollback(), &policy()),
        [
            "have asg-1's instance refresh take back what it has replaced",
            "wait until asg-1's instances are as they were before",
            "mark generation 1 as restored",
            "write down that the rollout on asg-1 has ended",
        ]
    );
}

#[test]
fn what_has_ended_is_taken_back_by_replacing_once_more() {
    let back = [
        "replace asg-1's instances in place, from launch template version 8 back to 7: 90 % always serve, 110 % at most",
        "wait until all of asg-1's instances are replaced",
        "mark generation 1 as restored",
        "write down that asg-1 runs what was there before any release",
        "write down that the rollout on asg-1 has ended",
    ];
    assert_eq!(titles(&replaced(), &rollback(), &policy()), back);
    assert_eq!(titles(&ended(), &rollback(), &policy()), back);
}

#[test]
fn somebody_elses_refresh_is_in_the_way_of_everything() {
    let mut estate = under_way("InProgress");
    let refresh = fixtures::group_mut(&mut estate, 1).refresh.as_mut().expect("one");
    refresh.to = Some(99);
    for intent in [deploy("42"), rollback()] {
        let found = reasons(&estate, &intent, &policy());
        assert!(
            matches!(found.as_slice(), [Reason::Refreshing { .. }]),
            "{found:?}"
        );
    }
}

#[test]
fn a_process_without_which_nothing_is_replaced_is_not_suspended() {
    let mut estate = initial();
    let suspended = &mut fixtures::group_mut(&mut estate, 1).suspended;
    suspended.insert("AZRebalance".into(), "User suspended".into());
    planned(&estate, &deploy("42"), &policy());
    let suspended = &mut fixtures::group_mut(&mut estate, 1).suspended;
    suspended.insert("AddToLoadBalancer".into(), "User suspended".into());
    assert_eq!(
        reasons(&estate, &deploy("42"), &policy()),
        [Reason::Suspended {
            group: asg(1),
            process: "AddToLoadBalancer".into(),
        }]
    );
}

#[test]
fn what_must_be_seen_to_replace_instances_is_refused_unseen() {
    use crate::model::estate::{Gap, Part};
    for part in [Part::Refreshes, Part::Templates] {
        let mut estate = initial();
        estate.gaps.push(Gap {
            part,
            about: "asg-1".into(),
            error: "no".into(),
            denied: true,
            passes: false,
        });
        let found = reasons(&estate, &deploy("42"), &policy());
        assert!(matches!(found.as_slice(), [Reason::Unseen { .. }]), "{found:?}");
    }
}

#[test]
fn after_a_rollout_that_ended_half_way_instances_go_back_to_what_is_live_and_no_further() {
    let went = |versions: [&str; 2]| {
        let mut estate = ended();
        let group = fixtures::group_mut(&mut estate, 1);
        for (instance, version) in group.instances.iter_mut().zip(versions) {
            instance.template_version = Some(version.into());
        }
        let steps = planned(&estate, &rollback(), &policy()).steps;
        let picked = steps.into_iter().find_map(|step| match step {
            Step::StartRefresh {
                versions, rollout, ..
            } => Some((versions, rollout.released.release)),
            _ => None,
        });
        let (versions, release) = picked.expect("instances are replaced");
        match versions[0].version {
            PickedVersion::Number(number) => (number, release),
            PickedVersion::Described(_) => panic!("{versions:?}"),
        }
    };
    let live = Some("42".to_owned());
    // Live is version 8, and 7 was before it; 9 was being rolled out.
    assert_eq!(went(["9", "8"]), (8, live.clone()));
    assert_eq!(went(["9", "9"]), (8, live));
    assert_eq!(went(["8", "8"]), (7, None));
    // Some have stayed of what was before.
    assert_eq!(went(["8", "7"]), (7, None));
}
