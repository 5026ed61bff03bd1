//! What a promotion does, step by step, from each estate it can begin in.

use super::*;
use crate::model::estate::TargetState;
use crate::model::fixtures::{deployed, group_mut, halfway, policy, promoted, target_group_mut, tg, to};
use crate::model::policy::{RouteSelection, Want};
use crate::model::step::{Purpose, Step};

#[test]
fn a_promotion_holds_both_swings_every_rule_and_hands_scaling_over() {
    assert_eq!(
        titles(&deployed(), &Intent::Promote, &policy()),
        [
            "adopt the door at :80 rule 10 (tags only)",
            "adopt the door at :80 rule 11 (tags only)",
            "hold asg-1 from scaling in",
            "hold asg-2 from scaling in",
            "wait for as many healthy targets in tg-2 as asg-2 has capacity",
            "mark generation 2 as promoting",
            "create the entrance as :80 rule 2 → tg-1",
            "swing :80 default rule: tg-1 → tg-2",
            "point the blue door at :80 rule 10: tg-1 → tg-2",
            "close the green door at :80 rule 11: tg-2 → closed (404)",
            "read all 3 rules back until they agree",
            "mark generation 2 as live",
            "mark generation 1 as previous",
            "release asg-2: undo what was held",
        ]
    );
}

#[test]
fn a_promotion_that_stopped_half_way_goes_on_with_the_rules_that_are_left() {
    assert_eq!(
        titles(&halfway(), &Intent::Promote, &policy()),
        [
            "adopt the door at :80 rule 10 (tags only)",
            "adopt the door at :80 rule 11 (tags only)",
            "hold asg-1 from scaling in",
            "hold asg-2 from scaling in",
            "wait for as many healthy targets in tg-2 as asg-2 has capacity",
            "create the entrance as :80 rule 2 → tg-1",
            "swing :80 rule 20: tg-1 → tg-2",
            "point the blue door at :80 rule 10: tg-1 → tg-2",
            "close the green door at :80 rule 11: tg-2 → closed (404)",
            "read all 4 rules back until they agree",
            "mark generation 2 as live",
            "mark generation 1 as previous",
            "release asg-2: undo what was held",
        ]
    );
}

#[test]
fn a_promotion_that_is_done_does_nothing() {
    let plan = planned(&doors_are_ours(promoted()), &Intent::Promote, &policy());
    assert_eq!(plan.steps, []);
    assert_eq!(plan.summary, "generation 2 (release 42) is live already");
}

#[test]
fn a_promotion_that_stopped_after_the_swing_still_closes_the_door_and_hands_over() {
    let mut estate = doors_are_ours(promoted());
    fixtures::mark(&mut estate, 2, crate::model::standing::State::Promoting, Some(1));
    fixtures::mark(&mut estate, 1, crate::model::standing::State::Live, None);
    fixtures::point(&mut estate, 80, Priority::Numbered(fixtures::BLUE), to(1));
    fixtures::point(&mut estate, 80, Priority::Numbered(fixtures::GREEN), to(2));
    hold(&mut estate, 2);
    assert_eq!(
        titles(&estate, &Intent::Promote, &policy()),
        [
            "point the blue door at :80 rule 10: tg-1 → tg-2",
            "close the green door at :80 rule 11: tg-2 → closed (404)",
            "read all 3 rules back until they agree",
            "mark generation 2 as live",
            "mark generation 1 as previous",
            "release asg-2: undo what was held",
        ]
    );
}

#[test]
fn live_that_has_grown_is_caught_up_with_before_the_swing() {
    let mut estate = doors_are_ours(deployed());
    group_mut(&mut estate, 1).size.desired = 3;
    let all = titles(&estate, &Intent::Promote, &policy());
    assert_eq!(
        all[2..4],
        [
            "bring asg-2 to at least what asg-1 has by then",
            // Instances that were just started have to soak like any other.
            "wait for as many healthy targets in tg-2 as asg-2 has capacity, for 30s",
        ]
    );
}

#[test]
fn without_doors_the_entrance_keeps_both_checked_and_is_no_production_rule() {
    let mut estate = without_doors(deployed());
    fixtures::add_rule(&mut estate, fixtures::entrance(to(2)));
    let plan = planned(&estate, &Intent::Promote, &doorless());
    let all: Vec<String> = plan.steps.iter().map(|step| step.title()).collect();
    assert_eq!(
        all,
        [
            "hold asg-1 from scaling in",
            "hold asg-2 from scaling in",
            "wait for as many healthy targets in tg-2 as asg-2 has capacity",
            "mark generation 2 as promoting",
            "point the entrance at :80 rule 2: tg-2 → tg-1:1 tg-2:0",
            "swing :80 default rule: tg-1 → tg-2",
            "read the rule back until it agrees",
            "mark generation 2 as live",
            "mark generation 1 as previous",
            "release asg-2: undo what was held",
        ]
    );
    let moving = plan.steps.iter().filter(|step| step.moves_production()).count();
    assert_eq!(moving, 1);
}

#[test]
fn every_listener_and_every_rule_is_swung_the_default_rule_of_each_last() {
    let mut estate = doors_are_ours(deployed());
    fixtures::add_rule(
        &mut estate,
        fixtures::rule(80, Priority::Numbered(20), &[fixtures::path("/api/*")], to(1)),
    );
    estate.listeners.insert(
        0,
        fixtures::listener(
            443,
            vec![
                fixtures::rule(443, Priority::Numbered(30), &[fixtures::path("/api/*")], to(1)),
                fixtures::default_rule(443, to(1)),
            ],
        ),
    );
    let plan = planned(&estate, &Intent::Promote, &policy());
    let swung: Vec<String> = plan
        .steps
        .iter()
        .filter(|step| step.moves_production())
        .map(|step| step.title())
        .collect();
    assert_eq!(
        swung,
        [
            "swing :80 rule 20: tg-1 → tg-2",
            "swing :80 default rule: tg-1 → tg-2",
            "swing :443 rule 30: tg-1 → tg-2",
            "swing :443 default rule: tg-1 → tg-2",
        ]
    );
    assert!(
        titles(&estate, &Intent::Promote, &policy())
            .contains(&"read all 6 rules back until they agree".to_owned())
    );
    assert!(risks(&plan.notes)[0].starts_with("4 rules are swung one after another"));
}

#[test]
fn only_the_routes_that_are_listed_are_swung() {
    let mut estate = doors_are_ours(deployed());
    fixtures::add_rule(
        &mut estate,
        fixtures::rule(80, Priority::Numbered(20), &[fixtures::path("/api/*")], to(1)),
    );
    let mut policy = policy();
    policy.routes = RouteSelection::Listed(vec![(80, Priority::Default)]);
    let plan = planned(&estate, &Intent::Promote, &policy);
    let swung: Vec<String> = plan
        .steps
        .iter()
        .filter(|step| step.moves_production())
        .map(|step| step.title())
        .collect();
    assert_eq!(swung, ["swing :80 default rule: tg-1 → tg-2"]);
}

#[test]
fn a_rule_with_any_weight_for_live_is_swung_whole() {
    let mut estate = doors_are_ours(deployed());
    fixtures::point(
        &mut estate,
        80,
        Priority::Default,
        crate::model::routing::Action::Forward {
            shares: vec![crate::model::routing::Share {
                target_group: tg(1),
                weight: 100,
            }],
        },
    );
    let all = titles(&estate, &Intent::Promote, &policy());
    assert!(
        all.contains(&"swing :80 default rule: tg-1 → tg-2".to_owned()),
        "{all:#?}"
    );
}

#[test]
fn what_waits_in_a_route_at_weight_zero_and_is_not_ours_stays_in_it() {
    use crate::model::routing::{Action, Share};
    let share = |name: &str, weight| Share {
        target_group: crate::model::ids::TargetGroupName::from(name),
        weight,
    };
    let mut estate = doors_are_ours(deployed());
    let before = Action::Forward {
        shares: vec![share("tg-1", 100), share("maintenance", 0)],
    };
    fixtures::point(&mut estate, 80, Priority::Default, before);
    let plan = planned(&estate, &Intent::Promote, &policy());
    let after = plan.steps.iter().find_map(|step| match step {
        Step::Point {
            rule,
            purpose: Purpose::Route,
            after,
            ..
        } if rule.priority == Priority::Default => Some(after.clone()),
        _ => None,
    });
    assert_eq!(
        after,
        Some(Action::Forward {
            shares: vec![share("tg-2", 1), share("maintenance", 0)],
        })
    );
}

#[test]
fn what_a_reviewer_should_know_is_said() {
    let mut estate = deployed();
    fixtures::rule_mut(&mut estate, 80, Priority::Default).also = vec!["stickiness for 3600 s".into()];
    let mut policy = policy();
    policy.health.want = Want::Percent(50);
    let notes = planned(&estate, &Intent::Promote, &policy).notes;
    assert_eq!(
        risks(&notes),
        [
            ":80 default rule: stickiness for 3600 s; clients that hold its cookie are moved as well, because only one target group is named",
            "production may swing when 50 % of live's capacity is healthy",
        ]
    );
    assert_eq!(
        infos(&notes),
        ["the previous generation stays at full capacity: rollback swings at once"]
    );
}

#[test]
fn a_candidate_that_has_fallen_ill_is_waited_for_not_refused() {
    let mut estate = doors_are_ours(deployed());
    target_group_mut(&mut estate, 2).targets[0].state = TargetState::Unhealthy;
    let all = titles(&estate, &Intent::Promote, &policy());
    assert_eq!(
        all[2],
        "wait for as many healthy targets in tg-2 as asg-2 has capacity"
    );
}
