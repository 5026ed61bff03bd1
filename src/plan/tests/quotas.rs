//! What `check` counts and compares: quotas, names, and findings by weight.

use super::super::checkup;
use super::checkup::{found, varied};
use super::*;
use crate::model::account::{Limits, Weight};
use crate::model::fixtures::{halfway, initial, policy};
use crate::model::routing::Action;
use crate::model::scope::NameTemplate;

#[test]
fn quotas_are_compared_with_what_a_deploy_adds() {
    let limits = |rules, target_groups, groups| Limits {
        rules_per_load_balancer: Some(rules),
        target_groups_per_region: Some(target_groups),
        groups: Some(groups),
        unknown: Vec::new(),
    };
    // Two doors stand; the lock and the entrance are added.
    assert_eq!(
        found(&initial(), &policy(), &limits(4, 2, 2), Weight::Breaks),
        [""; 0]
    );
    assert_eq!(
        found(&initial(), &policy(), &limits(3, 1, 1), Weight::Breaks),
        [
            "rules on the load balancer: 2, 2 more needed, 3 allowed",
            "target groups in the region: 1, 1 more needed, 1 allowed",
            "Auto Scaling groups in the region: 1, 1 more needed, 1 allowed",
        ]
    );
    // Without doors, and doors wanted: two more.
    assert_eq!(
        found(
            &without_doors(initial()),
            &policy(),
            &limits(3, 2, 2),
            Weight::Breaks
        ),
        ["rules on the load balancer: 0, 4 more needed, 3 allowed"]
    );
}

#[test]
fn a_quota_that_nobody_would_tell_is_a_risk() {
    let limits = Limits {
        unknown: vec!["DescribeAccountLimits: AccessDenied".into()],
        ..Limits::default()
    };
    assert_eq!(
        found(&initial(), &policy(), &limits, Weight::Risk),
        ["a quota could not be read: DescribeAccountLimits: AccessDenied"]
    );
}

#[test]
fn names_that_cannot_be_used_are_found_before_the_first_deploy() {
    let mut policy = policy();
    policy.names.target_group =
        NameTemplate::try_from(format!("{}{{n}}", "t".repeat(32))).expect("a template");
    let breaks = found(&initial(), &policy, &Limits::default(), Weight::Breaks);
    assert!(
        breaks[0].ends_with("a target group's name has at most 32 characters"),
        "{breaks:#?}"
    );
}

#[test]
fn an_estate_that_cannot_be_read_says_so_and_still_counts() {
    let estate = varied(|estate| {
        estate.listeners[0]
            .rules
            .last_mut()
            .expect("a default rule")
            .action = Action::to(&"other".into());
        for number in [fixtures::BLUE, fixtures::GREEN] {
            fixtures::remove_rule(estate, 80, Priority::Numbered(number));
        }
    });
    let limits = Limits {
        groups: Some(1),
        ..Limits::default()
    };
    assert_eq!(
        found(&estate, &policy(), &limits, Weight::Breaks),
        [
            "no route forwards to a generation of this app",
            "Auto Scaling groups in the region: 1, 1 more needed, 1 allowed",
        ]
    );
}

#[test]
fn the_heaviest_finding_comes_first() {
    let mut estate = halfway();
    estate.load_balancer.state = "failed".into();
    let weights: Vec<Weight> = checkup(&estate, &policy(), &Limits::default())
        .into_iter()
        .map(|finding| finding.weight)
        .collect();
    assert!(weights.is_sorted(), "{weights:?}");
}
