//! What every planner refuses about places: priorities that are taken or shadowed, listeners that are not there.

use super::refusals::all_refuse;
use super::*;
use crate::model::doors::UserDoor;
use crate::model::fixtures::{initial, policy, promoted, rule, to};
use crate::model::routing::Action;

#[test]
fn every_place_that_is_wrong_is_reported_at_once() {
    let mut estate = initial();
    for (number, text) in [(1, "/one"), (2, "/two")] {
        fixtures::add_rule(
            &mut estate,
            rule(
                80,
                Priority::Numbered(number),
                &[fixtures::path(text)],
                Action::to(&"other-app".into()),
            ),
        );
    }
    let mut policy = policy();
    policy.doors.as_mut().expect("doors").ports.push(8443);
    all_refuse(
        &estate,
        &policy,
        &[
            Reason::PriorityTaken {
                port: 80,
                priority: 1,
                what: "path /one".into(),
                setting: "[lock] priority".into(),
            },
            Reason::PriorityTaken {
                port: 80,
                priority: 2,
                what: "path /two".into(),
                setting: "[lock] entrance_priority".into(),
            },
            Reason::NoListener {
                port: 8443,
                wanted_by: "[doors] listeners".into(),
            },
        ],
    );
}

#[test]
fn a_lock_or_entrance_behind_a_route_is_refused() {
    let mut policy = policy();
    policy.lock.priority = 90;
    policy.entrance = 91;
    let mut estate = initial();
    fixtures::add_rule(
        &mut estate,
        rule(80, Priority::Numbered(20), &[fixtures::path("/api/*")], to(1)),
    );
    let too_low = |what: &str, priority, setting: &str| Reason::PriorityTooLow {
        what: what.into(),
        port: 80,
        priority,
        first: 20,
        setting: setting.into(),
    };
    all_refuse(
        &estate,
        &policy,
        &[
            too_low("the lock", 90, "[lock] priority"),
            too_low("the entrance", 91, "[lock] entrance_priority"),
        ],
    );
}

#[test]
fn a_door_for_some_of_the_users_that_could_not_be_made_is_refused_before_anything_is() {
    let mut estate = initial();
    fixtures::add_rule(
        &mut estate,
        rule(80, Priority::Numbered(20), &[fixtures::path("/api/*")], to(1)),
    );
    let said = |port, priority| {
        let mut policy = policy();
        policy.user_doors = vec![UserDoor {
            name: "beta".into(),
            priority,
            condition: fixtures::header("x-beta", "yes"),
            ports: vec![port],
            variant: None,
        }];
        let found = reasons(&estate, &deploy("42"), &policy);
        // Nobody who takes production back needs it.
        assert!(plan(&promoted(), &rollback(), &policy).is_ok());
        found
    };
    let setting = || "the priority of beta under [doors]".to_owned();
    assert_eq!(
        said(8443, 13),
        [Reason::NoListener {
            port: 8443,
            wanted_by: "[doors] listeners".into()
        }]
    );
    assert_eq!(
        said(80, 10),
        [Reason::PriorityTaken {
            port: 80,
            priority: 10,
            what: "tg-1".into(),
            setting: setting()
        }]
    );
    assert_eq!(
        said(80, 30),
        [Reason::PriorityTooLow {
            what: "the door for beta".into(),
            port: 80,
            priority: 30,
            first: 20,
            setting: setting()
        }]
    );
}

#[test]
fn a_lock_on_a_listener_that_does_not_exist_is_refused() {
    let mut policy = policy();
    policy.lock.port = 8080;
    all_refuse(
        &initial(),
        &policy,
        &[Reason::NoListener {
            port: 8080,
            wanted_by: "[lock] listener".into(),
        }],
    );
}

#[test]
fn a_lock_that_somebody_holds_does_not_keep_anybody_from_planning() {
    let mut estate = initial();
    let free = titles(&estate, &deploy("42"), &policy());
    fixtures::add_rule(&mut estate, fixtures::lock_rule(&fixtures::holder(), to(2)));
    assert_eq!(titles(&estate, &deploy("42"), &policy()), free);
}
