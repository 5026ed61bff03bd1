//! The last look before a rule is written: what it leads to, and whether somebody has changed it.

use super::super::safe;
use super::*;
use crate::model::estate::TargetState;
use crate::model::fixtures::{closed, group_mut, rule_mut, target_group_mut, tg, to};
use crate::model::routing::{Action, Asks, Condition, Share};
use crate::model::step::{Purpose, Step};

fn share(n: u32, weight: u32) -> Share {
    Share {
        target_group: tg(n),
        weight,
    }
}

fn point(estate: &Estate, priority: Priority, purpose: Purpose, before: Action, after: Action) -> Step {
    Step::Point {
        rule: estate
            .rules()
            .find(|rule| rule.priority == priority)
            .expect("the rule exists")
            .at(),
        purpose,
        before,
        after,
        sticky: None,
        when: String::new(),
    }
}

fn route(estate: &Estate, before: Action, after: Action) -> Step {
    point(estate, Priority::Default, Purpose::Route, before, after)
}

#[test]
fn a_route_is_not_pointed_where_nothing_is_healthy() {
    for state in [
        TargetState::Initial,
        TargetState::Unhealthy,
        TargetState::Unused,
        TargetState::Unavailable,
        TargetState::Draining,
        TargetState::Unknown,
    ] {
        let mut estate = fixtures::deployed();
        for target in &mut target_group_mut(&mut estate, 2).targets {
            target.state = state;
        }
        assert_eq!(
            safe(&route(&estate, to(1), to(2)), &estate),
            Err(Reason::NotHealthy {
                target_group: tg(2),
                healthy: 0,
                wanted: 1
            }),
            "{state}"
        );
        target_group_mut(&mut estate, 2).targets[0].state = TargetState::Healthy;
        assert_eq!(safe(&route(&estate, to(1), to(2)), &estate), Ok(()), "{state}");
    }
}

#[test]
fn some_of_the_users_are_not_led_where_nothing_is_healthy_either() {
    let mut estate = fixtures::deployed();
    let made = Step::CreateRule {
        port: 80,
        priority: 13,
        purpose: Purpose::UserDoor,
        asks: Asks::This(Condition::Header {
            name: "x-beta".into(),
            values: vec!["yes".into()],
        }),
        action: to(2),
    };
    let turned = point(&estate, Priority::Default, Purpose::UserDoor, to(1), to(2));
    assert_eq!(safe(&made, &estate), Ok(()));
    assert_eq!(safe(&turned, &estate), Ok(()));
    target_group_mut(&mut estate, 2).targets.clear();
    for step in [made, turned] {
        assert!(
            matches!(safe(&step, &estate), Err(Reason::NotHealthy { healthy: 0, .. })),
            "{}",
            step.title()
        );
    }
}

#[test]
fn healthy_targets_that_belong_to_no_group_do_not_count() {
    let mut estate = fixtures::deployed();
    group_mut(&mut estate, 2).instances.clear();
    assert!(matches!(
        safe(&route(&estate, to(1), to(2)), &estate),
        Err(Reason::NotHealthy { healthy: 0, .. })
    ));
    assert!(matches!(
        safe(&route(&estate, to(1), to(9)), &estate),
        Err(Reason::NotHealthy { .. })
    ));
}

#[test]
fn a_rule_that_somebody_has_changed_is_not_overwritten() {
    let mut estate = fixtures::deployed();
    let step = route(&estate, to(1), to(2));
    rule_mut(&mut estate, 80, Priority::Default).action = closed(503);
    assert_eq!(
        safe(&step, &estate),
        Err(Reason::RuleChanged {
            rule: ":80 default rule".into(),
            expected: "tg-1".into(),
            found: "closed (503)".into()
        })
    );
    let door = point(
        &estate,
        Priority::Numbered(fixtures::GREEN),
        Purpose::GreenDoor,
        closed(404),
        to(2),
    );
    rule_mut(&mut estate, 80, Priority::Numbered(fixtures::GREEN)).action = closed(456);
    assert!(matches!(safe(&door, &estate), Err(Reason::RuleChanged { .. })));
}

#[test]
fn a_rule_as_before_or_as_after_may_be_written_and_one_that_is_gone_may_not() {
    let mut estate = fixtures::deployed();
    let step = route(&estate, to(1), to(2));
    for action in [
        to(1),
        to(2),
        Action::Forward {
            shares: vec![share(1, 77)],
        },
    ] {
        rule_mut(&mut estate, 80, Priority::Default).action = action;
        assert_eq!(safe(&step, &estate), Ok(()));
    }
    fixtures::remove_rule(&mut estate, 80, Priority::Default);
    assert_eq!(
        safe(&step, &estate),
        Err(Reason::Gone {
            what: ":80 default rule".into()
        })
    );
}

#[test]
fn who_is_on_the_way_out_need_not_answer_and_who_gets_more_must() {
    let mut estate = fixtures::shared(1, 40, None);
    for target in &mut target_group_mut(&mut estate, 2).targets {
        target.state = TargetState::Unhealthy;
    }
    let goes = |after| safe(&route(&estate, fixtures::split(40), after), &estate);
    assert_eq!(goes(fixtures::split(20)), Ok(()));
    assert_eq!(goes(to(1)), Ok(()));
    for percent in [40, 60] {
        assert!(
            matches!(goes(fixtures::split(percent)), Err(Reason::NotHealthy { .. })),
            "{percent}"
        );
    }
    for target in &mut target_group_mut(&mut estate, 1).targets {
        target.state = TargetState::Unhealthy;
    }
    let nobody = safe(&route(&estate, fixtures::split(40), fixtures::split(20)), &estate);
    assert!(matches!(nobody, Err(Reason::NotHealthy { .. })), "live gets more");
}
