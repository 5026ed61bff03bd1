//! What `check` finds: every trap it knows, how heavy it is, and that each has a way out.

use super::super::checkup;
use super::*;
use crate::model::account::{Limits, Weight};
use crate::model::doors::UserDoor;
use crate::model::estate::{Activity, Gap, Launch, Part, TargetState};
use crate::model::fixtures::{
    closed, group_mut, halfway, initial, minute, policy, rule, rule_mut, target_group_mut, to,
};
use crate::model::fixtures::{policy_of, test, test_by_header};

pub(super) type Change = fn(&mut Estate);

pub(super) fn found(estate: &Estate, policy: &Policy, limits: &Limits, weight: Weight) -> Vec<String> {
    checkup(estate, policy, limits)
        .into_iter()
        .filter(|finding| finding.weight == weight)
        .map(|finding| {
            assert_eq!(
                finding.way_out.as_ref().is_some_and(|way| way.len() > 8),
                weight != Weight::Fine,
                "{finding:?}"
            );
            finding.text
        })
        .collect()
}

pub(super) fn varied(change: Change) -> Estate {
    let mut estate = initial();
    change(&mut estate);
    estate
}

/// Each of these estates has exactly this one thing wrong with it.
fn only(weight: Weight, table: &[(Change, &str)]) {
    for (change, text) in table {
        let estate = varied(*change);
        let limits = Limits::default();
        for other in [Weight::Breaks, Weight::Risk] {
            let expected: &[&str] = if other == weight { &[text] } else { &[] };
            assert_eq!(found(&estate, &policy(), &limits, other), expected, "{other:?}");
        }
    }
}

#[test]
fn an_estate_as_it_should_be_has_only_good_news() {
    let limits = Limits {
        rules_per_load_balancer: Some(100),
        target_groups_per_region: Some(3000),
        groups: Some(500),
        unknown: Vec::new(),
    };
    for weight in [Weight::Breaks, Weight::Risk] {
        assert_eq!(found(&initial(), &policy(), &limits, weight), [""; 0]);
    }
    assert_eq!(
        found(&initial(), &policy(), &limits, Weight::Fine),
        [
            "generation 1 is live by :80 default rule",
            "asg-1 can be cloned",
            "the next generation is asg-2 with tg-2; both names are free",
            "rules on the load balancer: 2 of 100",
            "target groups in the region: 1 of 3000",
            "Auto Scaling groups in the region: 1 of 500",
        ]
    );
}

#[test]
fn what_would_break_a_deploy_is_found() {
    only(
        Weight::Breaks,
        &[
            (
                |estate| estate.load_balancer.state = "provisioning".into(),
                "load balancer alb-ks is provisioning",
            ),
            (
                |estate| {
                    group_mut(estate, 1).settings = [
                        ("HealthCheckType".into(), "ELB".into()),
                        ("HealthCheckGracePeriod".into(), "0".into()),
                    ]
                    .into();
                },
                "asg-1 has load balancer health checks and no grace period: a clone's instances are replaced while they boot",
            ),
            (
                |estate| {
                    target_group_mut(estate, 1).settings =
                        [("HealthCheckEnabled".into(), "false".into())].into();
                },
                "tg-1 has no health check: no target will ever count as healthy",
            ),
            (
                |estate| target_group_mut(estate, 1).targets[0].zonal_override = Some("eu-central-1a".into()),
                "availability zone eu-central-1a is shifted away from tg-1",
            ),
            (
                |estate| group_mut(estate, 1).launch = Launch::Configuration { name: "lc-7".into() },
                "asg-1 starts from launch configuration lc-7, which has no versions",
            ),
            (
                |estate| group_mut(estate, 1).operator = Some("ecs.amazonaws.com".into()),
                "asg-1 is operated by ecs.amazonaws.com, which refuses changes by others",
            ),
            (
                |estate| group_mut(estate, 1).other_traffic = vec!["lattice-1".into()],
                "asg-1 also takes traffic from lattice-1, which a clone would join at once",
            ),
            (
                |estate| {
                    fixtures::add_rule(
                        estate,
                        rule(80, Priority::Numbered(1), &[fixtures::path("/x")], closed(410)),
                    );
                },
                "priority 1 on :80 is taken by another rule (path /x)",
            ),
            (
                |estate| {
                    let mut door = fixtures::door(80, 5, "green", closed(404));
                    door.tags.insert(tags::APP.into(), "till".into());
                    fixtures::add_rule(estate, door);
                },
                ":80 rule 5 asks for x-client-mode=green, as a door of this app does, and is a rule of app till",
            ),
            (
                |estate| fixtures::add_rule(estate, fixtures::door(80, 15, "blue", to(9))),
                ":80 rule 15 asks for x-client-mode=blue, as a door of this app does, and leads to tg-9, which is no generation of this app",
            ),
        ],
    );
}

#[test]
fn what_would_surprise_an_operator_is_found() {
    only(
        Weight::Risk,
        &[
            (
                |estate| {
                    let Launch::Template { uses, .. } = &mut group_mut(estate, 1).launch else {
                        panic!("the fixture has a template");
                    };
                    uses[0].version = "$Latest".into();
                },
                "asg-1 follows $Latest of shop: a new version would leak into live",
            ),
            (
                |estate| {
                    group_mut(estate, 1)
                        .suspended
                        .insert("Launch".into(), String::new());
                },
                "Launch is suspended on asg-1; the clone will not have it suspended",
            ),
            (
                |estate| {
                    group_mut(estate, 1).failures.push(Activity {
                        at: Some(minute(-9)),
                        status: "Failed".into(),
                        message: "no capacity".into(),
                    });
                },
                "asg-1 lately failed to scale: no capacity",
            ),
            (
                |estate| {
                    target_group_mut(estate, 1).attributes =
                        [("stickiness.enabled".into(), "true".into())].into()
                },
                "tg-1 has target stickiness: clients are rebalanced when production swings",
            ),
            (
                |estate| {
                    target_group_mut(estate, 1).attributes =
                        [("slow_start.duration_seconds".into(), "60".into())].into();
                },
                "slow start (60 s) of tg-1 does not protect a generation that starts empty",
            ),
            (
                |estate| {
                    let target = &mut target_group_mut(estate, 1).targets[0];
                    target.state = TargetState::Unhealthy;
                    target.reason = Some("Target.Timeout".into());
                },
                "tg-1 has 1 unhealthy targets now: Target.Timeout",
            ),
            (
                |estate| {
                    fixtures::add_rule(estate, fixtures::lock_rule(&fixtures::holder(), closed(404)));
                },
                "the lock is held by ci on runner-7 (`swingbridge deploy`, since 2026-03-02T11:48:00Z), https://ci.example.com/shop/17",
            ),
            (
                |estate| {
                    estate.gaps.push(Gap {
                        part: Part::Activities,
                        about: "asg-1".into(),
                        error: "AccessDenied".into(),
                        denied: false,
                        passes: true,
                    });
                },
                "could not see the scaling activities of asg-1: AccessDenied",
            ),
            (
                |estate| {
                    rule_mut(estate, 80, Priority::Numbered(fixtures::BLUE)).action = to(1);
                    fixtures::add_rule(
                        estate,
                        rule(80, Priority::Numbered(5), &[fixtures::path("/api/*")], to(1)),
                    );
                    fixtures::remove_rule(estate, 80, Priority::Numbered(fixtures::GREEN));
                },
                ":80 rule 5 takes its requests before the door at :80 rule 10 sees them",
            ),
        ],
    );
}

#[test]
fn an_operation_that_stopped_half_way_is_found() {
    let risks = found(&halfway(), &policy(), &Limits::default(), Weight::Risk);
    assert!(
        risks.contains(&"production is half way between two generations".to_owned()),
        "{risks:#?}"
    );
}

/// A route at 20, behind which no door is asked.
fn with_a_route() -> Estate {
    varied(|estate| {
        fixtures::add_rule(
            estate,
            rule(80, Priority::Numbered(20), &[fixtures::path("/api/*")], to(1)),
        );
    })
}

fn beta(priority: u32, variant: Option<&str>) -> UserDoor {
    UserDoor {
        name: "beta".into(),
        priority,
        condition: fixtures::header("x-beta", "yes"),
        ports: vec![80],
        variant: variant.map(str::to_owned),
    }
}

const BLUE_STANDS_THERE: &str = "priority 10 on :80 is taken by another rule (tg-1)";

#[test]
fn a_place_that_a_door_for_some_of_the_users_cannot_have_is_found() {
    let breaks = |policy: &Policy| found(&with_a_route(), policy, &Limits::default(), Weight::Breaks);
    let of = |priority| Policy {
        user_doors: vec![beta(priority, None)],
        ..policy()
    };
    assert_eq!(breaks(&of(13)), [""; 0]);
    assert_eq!(breaks(&of(fixtures::BLUE)), [BLUE_STANDS_THERE]);
    assert_eq!(
        breaks(&of(30)),
        [
            "the door for beta at :80 rule 30 would be shadowed: it must stand before every route (first is 20)"
        ]
    );
    // What every door misses is said once.
    let mut nowhere = of(13);
    nowhere.user_doors[0].ports = vec![8443];
    nowhere.doors.as_mut().expect("doors").ports.push(8443);
    assert_eq!(
        breaks(&nowhere),
        ["the load balancer has no listener on port 8443"]
    );
}

#[test]
fn a_place_that_a_rule_of_a_test_cannot_have_is_found_and_refused_before_anything_is_built() {
    let mut release = fixtures::release("42");
    release.variant = Some("bold".into());
    let as_bold = Intent::Deploy { release };
    let by_header = |priority| {
        let mut test = test_by_header();
        test.variants[1].priority = Some(priority);
        policy_of(test)
    };
    let by_door = |priority| Policy {
        user_doors: vec![beta(priority, Some("bold"))],
        ..policy_of(test())
    };
    let free = "set the priority of bold under [ab] to a free priority";
    let door_free = "set the priority of beta under [doors] to a free priority";
    for (policy, expected, way_out) in [
        (by_header(fixtures::BLUE), BLUE_STANDS_THERE, free.to_owned()),
        (
            by_header(30),
            "variant bold at :80 rule 30 would be shadowed: it must stand before every route (first is 20)",
            format!("{free} below the first route's"),
        ),
        (by_door(fixtures::BLUE), BLUE_STANDS_THERE, door_free.to_owned()),
        (
            by_door(30),
            "the door for beta at :80 rule 30 would be shadowed: it must stand before every route (first is 20)",
            format!("{door_free} below the first route's"),
        ),
    ] {
        let estate = with_a_route();
        assert_eq!(
            found(&estate, &policy, &Limits::default(), Weight::Breaks),
            [expected]
        );
        let refused = reasons(&estate, &as_bold, &policy);
        let said: Vec<(String, String)> = refused
            .iter()
            .map(|reason| (reason.to_string(), reason.way_out()))
            .collect();
        assert_eq!(said, [(expected.to_owned(), way_out)]);
    }
    for policy in [by_header(5), by_door(5)] {
        let estate = with_a_route();
        assert_eq!(
            found(&estate, &policy, &Limits::default(), Weight::Breaks),
            [""; 0]
        );
        planned(&estate, &as_bold, &policy);
    }
}
