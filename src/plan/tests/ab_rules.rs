//! Rules that lead to variants: in which order a test that runs makes and removes them, and where a rollback begins.

use super::*;
use crate::model::ab::Taking;
use crate::model::doors::UserDoor;
use crate::model::fixtures::{
    header, minute, policy_of, rule, test, test_by_header, test_running, test_running_by_header, to,
};
use crate::model::routing::Rule;

/// A rule of ours that leads those to generation `n` who have this door.
fn led(priority: u32, door: &str, n: u32) -> Rule {
    let asks = header(&format!("x-{door}"), "yes");
    let mut rule = rule(80, Priority::Numbered(priority), &[asks], to(n));
    rule.tags.insert(tags::APP.into(), fixtures::APP.into());
    rule.tags.insert(tags::RULE.into(), "variant".into());
    rule
}

fn door(name: &str, priority: u32, variant: &str) -> UserDoor {
    UserDoor {
        name: name.into(),
        priority,
        condition: header(&format!("x-{name}"), "yes"),
        ports: vec![80],
        variant: Some(variant.into()),
    }
}

/// What a test by weights that runs does to rules, in its order, when its doors are these by now.
fn order(standing: Vec<Rule>, doors: Vec<UserDoor>) -> Vec<String> {
    let mut estate = doors_are_ours(test_running());
    for rule in standing {
        fixtures::add_rule(&mut estate, rule);
    }
    let policy = Policy {
        user_doors: doors,
        ..policy_of(test())
    };
    let mut all = titles(&estate, &Intent::Promote, &policy);
    all.retain(|title| title.contains("rule"));
    all
}

#[test]
fn a_door_that_moves_while_a_test_runs_stands_at_its_new_place_before_it_leaves_the_old_one() {
    assert_eq!(
        order(vec![led(8, "beta", 2)], vec![door("beta", 9, "bold")]),
        [
            "create the variant's rule as :80 rule 9, x-beta=yes → tg-2",
            "remove the variant's rule at :80 rule 8",
            "read all 2 rules back until they agree",
        ]
    );
}

#[test]
fn a_door_whose_place_another_of_ours_has_waits_for_that_one_alone() {
    let standing = || vec![led(8, "beta", 2), led(9, "gamma", 3)];
    assert_eq!(
        order(standing(), vec![door("beta", 9, "bold")]),
        [
            "remove the variant's rule at :80 rule 9",
            "create the variant's rule as :80 rule 9, x-beta=yes → tg-2",
            "remove the variant's rule at :80 rule 8",
            "read all 2 rules back until they agree",
        ]
    );
    // Two that change places.
    assert_eq!(
        order(
            standing(),
            vec![door("beta", 9, "bold"), door("gamma", 8, "calm")]
        ),
        [
            "remove the variant's rule at :80 rule 8",
            "remove the variant's rule at :80 rule 9",
            "create the variant's rule as :80 rule 9, x-beta=yes → tg-2",
            "create the variant's rule as :80 rule 8, x-gamma=yes → tg-3",
            "read all 3 rules back until they agree",
        ]
    );
}

#[test]
fn a_rollback_of_a_test_by_header_closes_its_rules_before_it_writes_a_route() {
    // Bold has won, and production is there already; the rules still stand.
    let mut estate = doors_are_ours(test_running_by_header());
    fixtures::add_rule(&mut estate, led(4, "beta", 2));
    let won = Taking {
        weight: 0,
        won: true,
        since: minute(0),
    };
    let tags = &mut fixtures::target_group_mut(&mut estate, 2).tags;
    tags.insert(tags::TEST.into(), won.tag());
    fixtures::point(&mut estate, 80, Priority::Default, to(2));
    let all = titles(&estate, &rollback(), &policy_of(test_by_header()));
    assert_eq!(
        all[..4],
        [
            "remove the variant's rule at :80 rule 5",
            "remove the variant's rule at :80 rule 6",
            "remove the variant's rule at :80 rule 4",
            "swing :80 default rule: tg-2 → tg-1",
        ]
    );
}

#[test]
fn a_rollback_of_a_test_by_weights_writes_the_routes_before_it_closes_a_door() {
    let mut estate = doors_are_ours(test_running());
    fixtures::add_rule(&mut estate, led(4, "beta", 2));
    let all = titles(&estate, &rollback(), &policy_of(test()));
    assert_eq!(
        all[..2],
        [
            "swing :80 default rule: tg-1:40 tg-2:30 tg-3:30 → tg-1",
            "remove the variant's rule at :80 rule 4",
        ]
    );
}
