//! What a candidate is made of, and in which order.

use super::*;
use crate::model::estate::{Attachment, AttachmentKind};
use crate::model::fixtures::{group_mut, initial, policy};
use crate::model::ids::Size;
use crate::model::policy::Capacity;
use crate::model::release::Source;

/// A release that is built from an image.
fn built(release: &str) -> Intent {
    let mut release = fixtures::release(release);
    release.source = Source::Build {
        image: None,
        user_data: Some("#!/bin/sh".into()),
    };
    Intent::Deploy { release }
}

#[test]
fn a_version_is_made_before_anything_that_starts_from_it() {
    let all = titles(&doors_are_ours(initial()), &built("42"), &policy());
    assert_eq!(
        all[1..4],
        [
            "make a version of launch template shop from version 7",
            "create tg-2 like tg-1",
            "open the staging entrance to tg-2, so that its health is checked",
        ]
    );
    assert!(all.contains(
        &"create asg-2 like asg-1 with 2 instances, launch template version the new one".to_owned()
    ));
}

#[test]
fn live_is_pinned_before_anything_new_is_made() {
    for (follows, title) in [
        ("$Latest", "pin asg-1 to launch template lt-1 $Latest → 8"),
        ("$Default", "pin asg-1 to launch template lt-1 $Default → 7"),
    ] {
        let mut estate = doors_are_ours(initial());
        follow(&mut estate, follows);
        let all = titles(&estate, &built("42"), &policy());
        assert_eq!(all[1], title);
        assert!(all[2].starts_with("make a version"), "{all:#?}");
    }
}

fn follow(estate: &mut Estate, version: &str) {
    let crate::model::estate::Launch::Template { uses, .. } = &mut group_mut(estate, 1).launch else {
        panic!("the fixture has a template");
    };
    uses[0].version = version.into();
}

#[test]
fn what_hangs_on_live_is_copied_before_the_wait_alarms_after_their_policies() {
    let mut estate = doors_are_ours(initial());
    for (kind, name) in [
        (AttachmentKind::Alarm, "asg-1-cpu"),
        (AttachmentKind::WarmPool, "warm pool"),
        (AttachmentKind::Policy, "requests"),
        (AttachmentKind::Schedule, "night"),
        (AttachmentKind::Hook, "drain"),
        (AttachmentKind::Metrics, "GroupDesiredCapacity"),
        (AttachmentKind::Notification, "topic"),
    ] {
        group_mut(&mut estate, 1).attachments.push(Attachment {
            kind,
            name: name.into(),
            detail: String::new(),
            stays: None,
        });
    }
    fixtures::target_group_mut(&mut estate, 1)
        .attributes
        .insert("slow_start.duration_seconds".into(), "0".into());
    let all = titles(&estate, &deploy("42"), &policy());
    assert_eq!(
        all[2..12],
        [
            "set one attribute of tg-2",
            "open the staging entrance to tg-2, so that its health is checked",
            "create asg-2 like asg-1 with 2 instances, launch template version 8",
            "suspend ScheduledActions on asg-2",
            "copy lifecycle hooks to asg-2: drain",
            "copy scaling policies to asg-2: requests",
            "copy alarms of scaling policies to asg-2: asg-2-cpu",
            "copy scheduled actions to asg-2: night",
            "copy notifications to asg-2: topic",
            "copy metrics collection to asg-2",
        ]
    );
}

#[test]
fn a_configured_size_is_what_the_candidate_starts_with() {
    let mut policy = policy();
    policy.capacity = Capacity::Fixed(Size {
        min: 1,
        max: 3,
        desired: 1,
    });
    let plan = planned(&doors_are_ours(initial()), &deploy("42"), &policy);
    assert!(plan.steps.iter().any(|step| step.title()
        == "create asg-2 like asg-1 with 1 instances, launch template version 8"));
    assert!(infos(&plan.notes).contains(
        &"the candidate starts with 1 instances, live has 2; promotion brings it up to live's capacity first"
    ));
}
