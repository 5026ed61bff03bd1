//! The last look before a change: what must never be done, whatever the plan said.

use super::super::safe;
use super::*;
use crate::model::fixtures::{asg, group_mut, initial, promoted, rule_mut, target_group_mut, tg, to};
use crate::model::routing::{Action, Share};
use crate::model::step::Step;

fn shrink(n: u32, to: u32) -> Step {
    Step::Shrink { group: asg(n), to }
}

fn delete_group(n: u32) -> Step {
    Step::DeleteGroup { group: asg(n) }
}

fn delete_target_group(n: u32) -> Step {
    Step::DeleteTargetGroup { target_group: tg(n) }
}

fn reachable(what: &str, rules: &str) -> Result<(), Reason> {
    Err(Reason::Reachable {
        what: what.into(),
        rules: rules.into(),
    })
}

fn share(n: u32, weight: u32) -> Share {
    Share {
        target_group: tg(n),
        weight,
    }
}

#[test]
fn live_is_neither_shrunk_nor_deleted() {
    let estate = promoted();
    let rules = ":80 rule 10, :80 default rule";
    assert_eq!(safe(&shrink(2, 0), &estate), reachable("asg-2", rules));
    assert_eq!(safe(&shrink(2, 1), &estate), reachable("asg-2", rules));
    assert_eq!(safe(&delete_group(2), &estate), reachable("asg-2", rules));
    assert_eq!(safe(&delete_target_group(2), &estate), reachable("tg-2", rules));
}

#[test]
fn one_request_in_a_thousand_makes_a_generation_reachable() {
    let mut estate = promoted();
    fixtures::remove_rule(&mut estate, 80, Priority::Numbered(fixtures::ENTRANCE));
    rule_mut(&mut estate, 80, Priority::Default).action = Action::Forward {
        shares: vec![share(2, 999), share(1, 1)],
    };
    assert_eq!(
        safe(&shrink(1, 0), &estate),
        reachable("asg-1", ":80 default rule")
    );
    assert_eq!(
        safe(&delete_group(1), &estate),
        reachable("asg-1", ":80 default rule")
    );
}

#[test]
fn a_door_makes_a_generation_reachable_like_any_rule() {
    let mut estate = promoted();
    fixtures::remove_rule(&mut estate, 80, Priority::Numbered(fixtures::ENTRANCE));
    rule_mut(&mut estate, 80, Priority::Numbered(fixtures::GREEN)).action = to(1);
    assert_eq!(safe(&shrink(1, 1), &estate), reachable("asg-1", ":80 rule 11"));
}

#[test]
fn a_rule_on_any_listener_makes_a_generation_reachable() {
    let mut estate = promoted();
    estate.listeners.push(fixtures::listener(
        8443,
        vec![fixtures::default_rule(8443, to(1))],
    ));
    assert_eq!(
        safe(&delete_group(1), &estate),
        reachable("asg-1", ":80 rule 2, :8443 default rule")
    );
}

#[test]
fn behind_the_entrance_a_generation_may_shrink_to_nothing_but_not_be_deleted() {
    let estate = promoted();
    assert_eq!(safe(&shrink(1, 1), &estate), Ok(()));
    assert_eq!(safe(&shrink(1, 0), &estate), Ok(()));
    assert_eq!(safe(&delete_group(1), &estate), reachable("asg-1", ":80 rule 2"));
}

#[test]
fn an_entrance_that_is_not_ours_protects_like_any_rule() {
    let mut estate = promoted();
    rule_mut(&mut estate, 80, Priority::Numbered(fixtures::ENTRANCE))
        .tags
        .insert(tags::APP.into(), "another".into());
    assert_eq!(safe(&shrink(1, 1), &estate), reachable("asg-1", ":80 rule 2"));
}

#[test]
fn a_target_group_that_is_named_at_all_is_not_deleted() {
    let mut estate = promoted();
    fixtures::remove_rule(&mut estate, 80, Priority::Numbered(fixtures::ENTRANCE));
    assert_eq!(safe(&delete_target_group(1), &estate), Ok(()));
    rule_mut(&mut estate, 80, Priority::Default).action = Action::Forward {
        shares: vec![share(2, 1), share(1, 0)],
    };
    assert_eq!(safe(&delete_group(1), &estate), Ok(()), "weight 0 reaches nobody");
    assert_eq!(
        safe(&delete_target_group(1), &estate),
        reachable("tg-1", ":80 default rule")
    );
}

fn disown(tags: &mut tags::Tags, owner: Option<&str>) {
    match owner {
        None => tags.remove(tags::APP),
        Some(owner) => tags.insert(tags::APP.into(), owner.into()),
    };
}

#[test]
fn what_does_not_carry_our_tag_is_neither_shrunk_nor_deleted() {
    let not_ours = |what: &str| Err(Reason::NotOurs { what: what.into() });
    for owner in [None, Some("another")] {
        let mut estate = promoted();
        fixtures::remove_rule(&mut estate, 80, Priority::Numbered(fixtures::ENTRANCE));
        disown(&mut group_mut(&mut estate, 1).tags, owner);
        disown(&mut target_group_mut(&mut estate, 1).tags, owner);
        assert_eq!(safe(&shrink(1, 0), &estate), not_ours("asg-1"));
        assert_eq!(safe(&delete_group(1), &estate), not_ours("asg-1"));
        assert_eq!(safe(&delete_target_group(1), &estate), not_ours("tg-1"));
    }
}

#[test]
fn what_is_gone_already_may_be_deleted_again() {
    for step in [delete_group(9), delete_target_group(9), shrink(9, 0)] {
        assert_eq!(safe(&step, &initial()), Ok(()), "{}", step.title());
    }
}

#[test]
fn live_is_stopped_only_for_a_group_of_ours_that_is_there() {
    let stop = Step::Stop {
        group: asg(1),
        target_group: tg(1),
        next: asg(2),
    };
    let mut estate = fixtures::deployed();
    assert_eq!(safe(&stop, &estate), Ok(()));
    disown(&mut group_mut(&mut estate, 2).tags, None);
    assert!(matches!(safe(&stop, &estate), Err(Reason::NotOurs { .. })));
    let mut unanswered = fixtures::deployed();
    unanswered.target_groups.retain(|found| found.name != tg(2));
    let what = "the target group of asg-2".into();
    assert_eq!(safe(&stop, &unanswered), Err(Reason::Gone { what }));
    estate.groups.retain(|group| group.name != asg(2));
    assert!(matches!(safe(&stop, &estate), Err(Reason::Gone { .. })));
}

#[test]
fn what_ran_before_starts_only_once_the_other_has_no_instance() {
    let start = Step::Start {
        group: asg(1),
        after: asg(2),
    };
    let mut estate = fixtures::deployed();
    assert!(matches!(
        safe(&start, &estate),
        Err(Reason::StillRuns { instances: 2, .. })
    ));
    group_mut(&mut estate, 2).instances.clear();
    assert_eq!(safe(&start, &estate), Ok(()));
}
