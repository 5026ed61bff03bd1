//! Estates that are odd in one way: what arbitrary ones have shown, said once and for all.

use std::time::Duration;

use jiff::Timestamp;

use super::super::later::next_due;
use super::*;
use crate::model::fixtures::{
    asg, deployed, group_mut, initial, point, policy, promoted, target_group_mut, tg, to,
};
use crate::model::fleet;
use crate::model::ids::{GroupName, TargetGroupName};
use crate::model::policy::{RouteSelection, Treatment, Want};
use crate::model::standing::State;

#[test]
fn after_the_highest_number_there_is_no_next_generation() {
    for name in ["tg-4294967295", "tg-4294967294"] {
        let mut estate = initial();
        estate.taken.target_groups.insert(TargetGroupName::from(name));
        let highest = name.ends_with('5');
        let planned = plan(&estate, &deploy("42"), &policy());
        assert_eq!(planned.is_err(), highest, "{name}");
        if let Err(refusal) = planned {
            let names = "asg-4294967295 or tg-4294967295".into();
            assert_eq!(refusal.reasons, [Reason::NumbersUsedUp { names }]);
        }
    }
}

#[test]
fn capacity_that_no_number_holds_is_still_a_large_one() {
    let mut estate = initial();
    for instance in &mut group_mut(&mut estate, 1).instances {
        instance.weight = u32::MAX;
    }
    let (group, target_group) = (&estate.groups[0], &estate.target_groups[0]);
    assert_eq!(fleet::healthy_capacity(group, target_group), u32::MAX);
    assert_eq!(fleet::in_service(group), u32::MAX);
    assert_eq!(Want::Percent(u32::MAX).of(u32::MAX), u32::MAX);
}

#[test]
fn nothing_healthy_is_never_enough() {
    assert_eq!(Want::Count(0).of(4), 1);
    assert_eq!(Want::Percent(100).of(0), 1);
}

#[test]
fn a_hold_that_lasts_longer_than_the_calendar_is_never_over() {
    let mut estate = promoted();
    hold(&mut estate, 2);
    let mut policy = policy();
    policy.swing.hold = Duration::from_secs(i64::MAX as u64);
    assert_eq!(next_due(&estate, &policy), Ok(Some(Timestamp::MAX)));
    assert!(planned(&estate, &Intent::Repair, &policy).is_empty());
}

#[test]
fn a_delay_that_aws_does_not_allow_is_not_waited_for() {
    let mut estate = promoted();
    target_group_mut(&mut estate, 1).attributes.insert(
        "deregistration_delay.timeout_seconds".into(),
        u64::MAX.to_string(),
    );
    let plan = planned(&estate, &retire(None), &policy());
    let saved = serde_json::to_string(&plan).expect("it can be saved");
    assert_eq!(Plan::read(&saved).expect("and read again"), plan);
    assert_eq!(estate.target_groups[0].deregistration_delay(), 3600);
}

#[test]
fn two_that_say_they_are_the_same_generation_are_told_and_not_chosen_from() {
    // Somebody made a target group from live's, and the tags came with it.
    let mut estate = promoted();
    let mut copy = target_group_mut(&mut estate, 2).clone();
    copy.name = "a-copy".into();
    estate.target_groups.push(copy);
    for intent in [rollback(), Intent::Repair, deploy("43")] {
        let what = "tg-2 and a-copy".into();
        let generation = Generation(2);
        assert_eq!(
            reasons(&estate, &intent, &policy()),
            [Reason::SeveralOfOne { generation, what }]
        );
    }
    // One that nothing depends on stands in nobody's way.
    let mut estate = promoted();
    for name in ["asg-7", "asg-7b"] {
        let mut group = fixtures::group(7, 1);
        group.name = GroupName::from(name);
        estate.groups.push(group);
    }
    planned(&estate, &rollback(), &policy());
}

#[test]
fn a_promotion_that_could_not_shrink_live_afterwards_is_refused_before_it_begins() {
    // A rule that is not among the routes leads to live as well, and will go on to.
    let mut estate = deployed();
    let other = fixtures::rule(80, Priority::Numbered(30), &[fixtures::path("/other")], to(1));
    fixtures::add_rule(&mut estate, other);
    let mut policy = policy();
    policy.routes = RouteSelection::Listed(vec![(80, Priority::Default)]);
    for previous in [Treatment::Scale(1), Treatment::Retire] {
        policy.after_promotion.previous = previous;
        assert_eq!(
            reasons(&estate, &Intent::Promote, &policy),
            [Reason::Reachable {
                what: "tg-1".into(),
                rules: ":80 rule 30".into()
            }]
        );
    }
    policy.after_promotion.previous = Treatment::Keep;
    planned(&estate, &Intent::Promote, &policy);
}

#[test]
fn a_group_is_not_removed_from_under_another_target_group_that_it_serves() {
    let mut estate = promoted();
    let mut other = fixtures::target_group(9, &[]);
    (other.name, other.generation) = ("other-app".into(), None);
    estate.target_groups.push(other);
    group_mut(&mut estate, 1).target_groups.push("other-app".into());
    let rule = fixtures::rule(
        80,
        Priority::Numbered(30),
        &[fixtures::path("/other")],
        crate::model::routing::Action::to(&"other-app".into()),
    );
    fixtures::add_rule(&mut estate, rule);
    assert_eq!(
        reasons(&estate, &retire(None), &policy()),
        [Reason::Reachable {
            what: "other-app".into(),
            rules: ":80 rule 30".into()
        }]
    );
    point(&mut estate, 80, Priority::Numbered(30), fixtures::closed(404));
    assert!(titles(&estate, &retire(None), &policy()).contains(&format!("delete {}", asg(1))));
}

#[test]
fn a_generation_whose_target_group_is_out_of_sight_is_not_removed_while_it_is_reached() {
    // Its tags say that it belongs to something else, so that it is not seen as this generation's.
    let mut estate = promoted();
    target_group_mut(&mut estate, 1).generation = None;
    fixtures::remove_rule(&mut estate, 80, Priority::Numbered(fixtures::ENTRANCE));
    let mut policy = policy();
    policy.routes = RouteSelection::Listed(vec![(80, Priority::Default)]);
    // By a rule of its own, and by one that only we get through.
    for (priority, tags) in [(30, tags::Tags::new()), (3, fixtures::entrance(to(1)).tags)] {
        let mut estate = estate.clone();
        let mut rule = fixtures::rule(
            80,
            Priority::Numbered(priority),
            &[fixtures::path("/kept")],
            to(1),
        );
        rule.tags = tags;
        fixtures::add_rule(&mut estate, rule);
        assert_eq!(
            reasons(&estate, &retire(Some(1)), &policy),
            [Reason::Reachable {
                what: tg(1).to_string(),
                rules: format!(":80 rule {priority}")
            }]
        );
    }
}

#[test]
fn a_generation_that_is_being_rolled_back_from_is_not_live_already() {
    let mut estate = promoted();
    fixtures::mark(&mut estate, 2, State::RollingBack, Some(1));
    point(&mut estate, 80, Priority::Default, to(1));
    for blue in [2, 1] {
        point(&mut estate, 80, Priority::Numbered(fixtures::BLUE), to(blue));
        assert_eq!(
            reasons(&estate, &rollback_to(2), &policy()),
            [Reason::RollbackHalfWay { to: Generation(1) }]
        );
        planned(&estate, &rollback(), &policy());
    }
}
