//! What makes a saved plan stale, and what does not: the fingerprint and the plan's id.

use super::*;
use crate::model::estate::{Attachment, AttachmentKind, Launch};
use crate::model::fixtures::to;
use crate::model::fixtures::{
    closed, deployed, group_mut, initial, policy, promoted, rule_mut, target_group_mut,
};
use crate::model::standing::State;

pub(super) type Change = fn(&mut Estate);

/// What the basis of the same plan says about a change, in sentences.
pub(super) fn changes(estate: &Estate, intent: &Intent, change: Change) -> Vec<String> {
    let mut later = estate.clone();
    change(&mut later);
    let before = planned(estate, intent, &policy()).basis;
    before.changes_to(&planned(&later, intent, &policy()).basis)
}

fn set_version(estate: &mut Estate, version: &str) {
    let Launch::Template { uses, .. } = &mut group_mut(estate, 1).launch else {
        panic!("the fixture has a template");
    };
    uses[0].version = version.into();
}

/// An initial estate with something of everything a clone is made from.
fn cloneable() -> Estate {
    let mut estate = initial();
    let group = group_mut(&mut estate, 1);
    group.settings.insert("HealthCheckType".into(), "EC2".into());
    group.attachments.push(Attachment {
        kind: AttachmentKind::Policy,
        name: "cpu".into(),
        detail: "at 50 %".into(),
        stays: None,
    });
    let tg = target_group_mut(&mut estate, 1);
    tg.settings.insert("Port".into(), "8080".into());
    tg.attributes.insert("stickiness.enabled".into(), "false".into());
    estate
}

#[test]
fn what_a_clone_is_made_from_makes_a_deploy_stale() {
    let table: [(Change, &str); 9] = [
        (
            |estate| {
                group_mut(estate, 1)
                    .settings
                    .insert("HealthCheckType".into(), "ELB".into());
            },
            "HealthCheckType of asg-1 was EC2, now it is ELB",
        ),
        (
            |estate| {
                group_mut(estate, 1)
                    .settings
                    .insert("PlacementGroup".into(), "near".into());
            },
            "PlacementGroup of asg-1 is there now: near",
        ),
        (
            |estate| group_mut(estate, 1).attachments[0].detail = "at 70 %".into(),
            "Policy cpu of asg-1 was at 50 %, now it is at 70 %",
        ),
        (
            |estate| group_mut(estate, 1).attachments.clear(),
            "Policy cpu of asg-1 was at 50 %, now it is gone",
        ),
        (
            |estate| {
                group_mut(estate, 1)
                    .suspended
                    .insert("Terminate".into(), String::new());
            },
            "suspended processes of asg-1 was , now it is Terminate",
        ),
        (
            |estate| set_version(estate, "8"),
            "the version of shop that asg-1 uses was 7, now it is 8",
        ),
        (
            |estate| {
                target_group_mut(estate, 1)
                    .settings
                    .insert("Port".into(), "9090".into());
            },
            "Port of tg-1 was 8080, now it is 9090",
        ),
        (
            |estate| {
                target_group_mut(estate, 1)
                    .attributes
                    .insert("stickiness.enabled".into(), "true".into());
            },
            "stickiness.enabled of tg-1 was false, now it is true",
        ),
        (
            |estate| rule_mut(estate, 80, Priority::Numbered(fixtures::GREEN)).action = closed(456),
            "the green door at :80 rule 11 was x-client-mode=green → closed (404) [keeps-80-11], now it is x-client-mode=green → closed (456) [keeps-80-11]",
        ),
    ];
    for (change, sentence) in table {
        assert_eq!(changes(&cloneable(), &deploy("42"), change), [sentence]);
    }
}

#[test]
fn what_latest_means_is_part_of_what_a_deploy_was_decided_on() {
    let mut estate = cloneable();
    set_version(&mut estate, "$Latest");
    assert_eq!(
        changes(&estate, &deploy("42"), |estate| estate.templates[0]
            .latest_version = 9),
        ["what $Latest of shop means was 8, now it is 9"]
    );
}

#[test]
fn a_promotion_is_stale_when_rules_marks_or_generations_have_changed() {
    let table: [(Change, &str); 6] = [
        (
            |estate| rule_mut(estate, 80, Priority::Default).keeps = "other".into(),
            "the route at :80 default rule was  → tg-1 [keeps-80-default], now it is  → tg-1 [other]",
        ),
        (
            |estate| {
                fixtures::add_rule(
                    estate,
                    fixtures::rule(80, Priority::Numbered(20), &[fixtures::path("/api/*")], to(1)),
                );
            },
            "the route at :80 rule 20 is there now: path /api/* → tg-1 [keeps-80-20]",
        ),
        (
            |estate| fixtures::mark(estate, 2, State::Promoting, Some(1)),
            "candidate was generation 2 (asg-2, tg-2, 42, ready), now it is generation 2 (asg-2, tg-2, 42, promoting)",
        ),
        (
            // Without its header's value, which lets whoever reads it in.
            |estate| fixtures::add_rule(estate, fixtures::entrance(to(2))),
            "the entrance at :80 rule 2 is there now: tg-2",
        ),
        (
            |estate| {
                group_mut(estate, 2)
                    .tags
                    .insert(tags::OWES_MIN.into(), "2".into());
            },
            "what is owed on asg-2 was put the minimum back to 1, now it is put the minimum back to 2",
        ),
        (
            |estate| {
                target_group_mut(estate, 2)
                    .tags
                    .insert(tags::RELEASE.into(), "other".into());
            },
            "candidate was generation 2 (asg-2, tg-2, 42, ready), now it is generation 2 (asg-2, tg-2, other, ready)",
        ),
    ];
    for (change, sentence) in table {
        assert_eq!(changes(&deployed(), &Intent::Promote, change), [sentence]);
    }
}

#[test]
fn what_a_clone_would_be_made_from_does_not_make_a_promotion_stale() {
    for change in [(|estate| set_version(estate, "8")) as Change, |estate| {
        group_mut(estate, 1)
            .settings
            .insert("HealthCheckType".into(), "ELB".into());
    }] {
        assert_eq!(changes(&deployed(), &Intent::Promote, change), [""; 0]);
    }
}

#[test]
fn another_decision_has_another_id() {
    let plan = planned(&deployed(), &Intent::Promote, &policy());
    let mut policy = policy();
    policy.swing.confirmations += 1;
    let others = [
        planned(&deployed(), &Intent::Promote, &policy).id,
        planned(&deployed(), &rollback(), &fixtures::policy()).id,
        planned(&fixtures::halfway(), &Intent::Promote, &fixtures::policy()).id,
        planned(&deployed(), &rollback_and_remove(), &fixtures::policy()).id,
    ];
    for (at, other) in others.iter().enumerate() {
        assert_ne!(*other, plan.id, "{at}");
        assert!(!others[..at].contains(other), "{at}");
    }
}

#[test]
fn a_plan_survives_being_saved() {
    for plan in [
        planned(&cloneable(), &deploy("42"), &policy()),
        planned(&deployed(), &Intent::Promote, &policy()),
        planned(&promoted(), &rollback_and_remove(), &policy()),
    ] {
        let json = serde_json::to_string(&plan).expect("it serialises");
        assert_eq!(serde_json::from_str::<Plan>(&json).expect("and back"), plan);
    }
}
