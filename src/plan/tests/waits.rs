//! When a step that depends on how things stand counts as done: adoptions, holds, waits.

use super::super::{progress, reached};
use super::reached_rules::place;
use super::*;
use crate::model::estate::TargetState;
use crate::model::fixtures::{asg, closed, deployed, group_mut, initial, rule_mut};
use crate::model::fixtures::{target_group_mut, tg, to};
use crate::model::policy::Want;
use crate::model::routing::Asks;
use crate::model::step::{Purpose, Step};
use crate::model::tags::Tags;
use std::time::Duration;

fn await_healthy(want: Want) -> Step {
    Step::AwaitHealthy {
        group: asg(2),
        target_group: tg(2),
        want,
        like: asg(1),
        soak: Duration::ZERO,
        timeout: Duration::from_secs(1),
    }
}

#[test]
fn an_adoption_needs_both_parts() {
    let mut estate = initial();
    let step = Step::Adopt {
        generation: Generation(1),
        group: asg(1),
        target_group: tg(1),
    };
    group_mut(&mut estate, 1)
        .tags
        .insert(tags::APP.into(), fixtures::APP.into());
    assert!(!reached(&step, &estate));
    fixtures::own(&mut estate, 1);
    assert!(reached(&step, &estate));
}

#[test]
fn a_half_that_somebody_else_made_is_not_ours() {
    let mut estate = deployed();
    let step = Step::CreateTargetGroup {
        target_group: tg(2),
        copy_of: tg(1),
        tags: Tags::from([(tags::GENERATION.into(), "2".into())]),
    };
    assert!(reached(&step, &estate));
    target_group_mut(&mut estate, 2)
        .tags
        .insert(tags::APP.into(), "another".into());
    assert!(!reached(&step, &estate));
}

#[test]
fn a_door_with_another_value_is_not_the_one_that_was_wanted() {
    let step = |value: &str| Step::CreateRule {
        port: 80,
        priority: fixtures::BLUE,
        purpose: Purpose::BlueDoor,
        asks: Asks::This(fixtures::header("X-Client-Mode", value)),
        action: to(1),
    };
    assert!(reached(&step("blue"), &initial()));
    assert!(!reached(&step("green"), &initial()));
}

#[test]
fn a_held_group_has_its_schedules_off_and_its_minimum_up() {
    let step = Step::Hold { group: asg(2) };
    let mut estate = deployed();
    assert!(
        !reached(&step, &estate),
        "a schedule could still lower the minimum"
    );
    hold(&mut estate, 2);
    assert!(reached(&step, &estate));
    group_mut(&mut estate, 2).size.desired += 1;
    assert!(!reached(&step, &estate), "it has grown and could shrink again");
}

#[test]
fn a_wait_counts_healthy_targets_against_what_live_has_now() {
    let mut estate = deployed();
    target_group_mut(&mut estate, 2).targets[1].state = TargetState::Initial;
    for (want, enough) in [
        (Want::Percent(100), false),
        (Want::Percent(51), false),
        (Want::Percent(50), true),
        (Want::Count(1), true),
        (Want::Count(2), false),
        (Want::Percent(1), true),
    ] {
        assert_eq!(reached(&await_healthy(want), &estate), enough, "{want}");
    }
    group_mut(&mut estate, 1).size.desired = 4;
    assert!(!reached(&await_healthy(Want::Percent(50)), &estate));
    let progress = progress(&await_healthy(Want::Percent(50)), &estate).expect("it is a wait");
    assert_eq!((progress.have, progress.want), (1, 2));
    assert_eq!(progress.reasons, ["1 initial"]);
}

#[test]
fn a_closed_door_described_with_its_content_type_is_still_closed() {
    let mut estate = initial();
    let step = Step::Point {
        rule: place(&estate, Priority::Numbered(fixtures::GREEN)),
        purpose: Purpose::GreenDoor,
        before: to(2),
        after: closed(404),
        sticky: None,
        when: String::new(),
    };
    let mut described = fixtures::fixed(404);
    described.content_type = Some("text/plain".into());
    rule_mut(&mut estate, 80, Priority::Numbered(fixtures::GREEN)).action =
        crate::model::routing::Action::Fixed(described);
    assert!(reached(&step, &estate));
}
