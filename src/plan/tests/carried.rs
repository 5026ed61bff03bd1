//! What a plan says about its clone: the list of what is carried, and the notes on what to know.

use super::*;
use crate::model::clone::{Carried, How};
use crate::model::estate::{Attachment, AttachmentKind};
use crate::model::fixtures::{deployed, group_mut, initial, policy, target_group_mut};
use crate::model::ids::Size;
use crate::model::policy::Capacity;
use crate::model::step::{NewGroup, Step};

fn line<'a>(carried: &'a [Carried], of: &str, field: &str) -> (How, &'a str) {
    carried
        .iter()
        .find(|one| one.of == of && one.field == field)
        .map_or_else(
            || panic!("no line for {field} of {of}: {carried:#?}"),
            |one| (one.how, one.value.as_str()),
        )
}

fn new_group(estate: &Estate, policy: &Policy) -> NewGroup {
    planned(estate, &deploy("42"), policy)
        .steps
        .into_iter()
        .find_map(|step| match step {
            Step::CreateGroup(new) => Some(*new),
            _ => None,
        })
        .expect("a group is created")
}

#[test]
fn every_setting_is_listed_as_copied_changed_or_left() {
    let mut estate = initial();
    let group = group_mut(&mut estate, 1);
    for (field, value) in [
        ("HealthCheckType", "ELB"),
        ("HealthCheckGracePeriod", "120"),
        ("ServiceLinkedRoleARN", "arn:role"),
        ("PredictedCapacity", "3"),
        ("VPCZoneIdentifier", "subnet-1"),
        ("AvailabilityZones", "eu-central-1a"),
    ] {
        group.settings.insert(field.into(), value.into());
    }
    let tg = target_group_mut(&mut estate, 1);
    tg.settings.insert("HealthCheckPath".into(), "/health".into());
    tg.attributes
        .insert("slow_start.duration_seconds".into(), "0".into());
    let carried = planned(&estate, &deploy("42"), &policy()).carried;
    for (of, field, expected) in [
        ("asg-2", "HealthCheckType", (How::Copied, "ELB")),
        ("asg-2", "HealthCheckGracePeriod", (How::Copied, "120")),
        ("asg-2", "ServiceLinkedRoleARN", (How::Copied, "arn:role")),
        ("asg-2", "PredictedCapacity", (How::NotCopied, "3")),
        ("asg-2", "VPCZoneIdentifier", (How::Copied, "subnet-1")),
        ("asg-2", "AvailabilityZones", (How::NotCopied, "eu-central-1a")),
        ("asg-2", "MinSize", (How::Changed, "2 until promotion, then 1")),
        ("asg-2", "MaxSize", (How::Copied, "4")),
        ("asg-2", "DesiredCapacity", (How::Changed, "2")),
        ("asg-2", "LaunchTemplate", (How::Changed, "version 8")),
        ("asg-2", "TargetGroupARNs", (How::Changed, "tg-2")),
        ("tg-2", "HealthCheckPath", (How::Copied, "/health")),
        ("tg-2", "attributes", (How::Copied, "1 of them")),
    ] {
        assert_eq!(line(&carried, of, field), expected, "{field}");
    }
    for one in carried.iter().filter(|one| one.how != How::Copied) {
        assert_ne!(one.why, "", "{} is {:?} without a reason", one.field, one.how);
    }
}

#[test]
fn what_hangs_on_the_group_is_listed_one_by_one() {
    let mut estate = initial();
    for (kind, name, stays) in [
        (AttachmentKind::Hook, "drain", None),
        (AttachmentKind::Policy, "requests", None),
        (AttachmentKind::Schedule, "once", Some("it is in the past")),
    ] {
        group_mut(&mut estate, 1).attachments.push(Attachment {
            kind,
            name: name.into(),
            detail: format!("{name} as it is"),
            stays: stays.map(str::to_owned),
        });
    }
    let plan = planned(&estate, &deploy("42"), &policy());
    for (field, expected) in [
        ("lifecycle hooks: drain", (How::Copied, "drain as it is")),
        ("scaling policies: requests", (How::Changed, "requests as it is")),
        ("scheduled actions: once", (How::NotCopied, "once as it is")),
    ] {
        assert_eq!(line(&plan.carried, "asg-2", field), expected);
    }
    assert!(infos(&plan.notes).contains(&"once is not copied: it is in the past"));
    assert!(!plan.steps.iter().any(|step| step.title().contains("once")));
}

#[test]
fn suspended_processes_are_copied_but_not_those_that_keep_targets_out() {
    let mut estate = initial();
    for process in [
        "AZRebalance",
        "Launch",
        "AddToLoadBalancer",
        "RemoveFromLoadBalancerLowPriority",
    ] {
        group_mut(&mut estate, 1)
            .suspended
            .insert(process.into(), String::new());
    }
    let plan = planned(&estate, &deploy("42"), &policy());
    let suspended = plan.steps.iter().find_map(|step| match step {
        Step::SuspendProcesses { processes, .. } => Some(processes.join(" ")),
        _ => None,
    });
    assert_eq!(suspended.as_deref(), Some("AZRebalance ScheduledActions"));
    for (process, how) in [
        ("AZRebalance", How::Copied),
        ("Launch", How::NotCopied),
        ("AddToLoadBalancer", How::NotCopied),
    ] {
        assert_eq!(
            line(&plan.carried, "asg-2", &format!("suspended process: {process}")).0,
            how
        );
    }
    assert_eq!(
        risks(&plan.notes),
        [
            "AddToLoadBalancer is suspended on asg-1; it is not on the clone, whose targets could not register without it",
            "Launch is suspended on asg-1; it is not on the clone, whose targets could not register without it",
        ]
    );
}

#[test]
fn a_clone_of_a_held_group_gets_what_was_before_the_hold() {
    let mut estate = initial();
    hold(&mut estate, 1);
    let new = new_group(&estate, &policy());
    assert_eq!(new.tags.get(tags::OWES_MIN).map(String::as_str), Some("1"));
    assert_eq!(
        new.tags.get(tags::OWES_RESUME).map(String::as_str),
        Some("ScheduledActions")
    );
    let carried = planned(&estate, &deploy("42"), &policy()).carried;
    assert!(!carried.iter().any(|one| one.field.contains("ScheduledActions")));

    // It came back from being scaled down, and its run died before it was released.
    let group = group_mut(&mut estate, 1);
    group.tags.remove(tags::OWES_MIN);
    group.tags.insert(tags::OWES_SIZE.into(), "1/2/4".into());
    let new = new_group(&estate, &policy());
    assert_eq!(new.tags.get(tags::OWES_MIN).map(String::as_str), Some("1"));
}

#[test]
fn schedules_that_their_owner_suspended_are_not_ours_to_resume() {
    let mut estate = initial();
    group_mut(&mut estate, 1)
        .suspended
        .insert(HELD_PROCESS.into(), String::new());
    let new = new_group(&estate, &policy());
    assert_eq!(new.tags.get(tags::OWES_RESUME), None);
    assert!(
        titles(&estate, &deploy("42"), &policy()).contains(&"suspend ScheduledActions on asg-2".to_owned())
    );
}

#[test]
fn a_group_that_needs_no_raised_minimum_owes_none() {
    let mut policy = policy();
    policy.capacity = Capacity::Fixed(Size {
        min: 2,
        max: 2,
        desired: 2,
    });
    let new = new_group(&initial(), &policy);
    assert_eq!(new.tags.get(tags::OWES_MIN), None);
    assert_eq!((new.size.min, new.size.desired, new.size.max), (2, 2, 2));
}

#[test]
fn nothing_is_carried_when_no_group_is_made() {
    assert_eq!(planned(&deployed(), &Intent::Promote, &policy()).carried, []);
    assert_eq!(planned(&deployed(), &deploy("42"), &policy()).carried, []);
}
