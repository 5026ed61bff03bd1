//! What a deploy does, step by step, from each estate it can begin in.

use super::*;
use crate::model::estate::TargetState;
use crate::model::fixtures::{deployed, initial, policy, promoted, tg, to};
use crate::model::standing::State;

#[test]
fn a_first_deploy_builds_beside_live_and_opens_the_green_door_last() {
    assert_eq!(
        titles(&initial(), &deploy("42"), &policy()),
        [
            "adopt asg-1 and tg-1 as generation 1 (tags only)",
            "adopt the door at :80 rule 10 (tags only)",
            "adopt the door at :80 rule 11 (tags only)",
            "create tg-2 like tg-1",
            "open the staging entrance to tg-2, so that its health is checked",
            "create asg-2 like asg-1 with 2 instances, launch template version 8",
            "suspend ScheduledActions on asg-2",
            "wait for as many healthy targets in tg-2 as asg-2 has capacity, for 30s",
            "point the green door at :80 rule 11: closed (404) → tg-2",
            "read all 2 rules back until they agree",
            "mark generation 2 as ready",
        ]
    );
}

#[test]
fn a_deploy_of_the_ready_candidate_again_does_nothing() {
    let mut estate = doors_are_ours(deployed());
    hold(&mut estate, 2);
    assert_eq!(titles(&estate, &deploy("42"), &policy()), [""; 0]);
}

#[test]
fn a_deploy_of_what_is_live_does_nothing_and_says_so() {
    let plan = planned(&doors_are_ours(promoted()), &deploy("42"), &policy());
    assert_eq!(plan.steps, []);
    assert_eq!(plan.summary, "release 42 is live already, as generation 2");
}

#[test]
fn a_second_release_is_made_from_what_is_live_now() {
    assert_eq!(
        titles(&doors_are_ours(promoted()), &deploy("43"), &policy()),
        [
            "create tg-3 like tg-2",
            "open the staging entrance to tg-3, so that its health is checked",
            "create asg-3 like asg-2 with 2 instances, launch template version 8",
            "suspend ScheduledActions on asg-3",
            "wait for as many healthy targets in tg-3 as asg-3 has capacity, for 30s",
            "point the green door at :80 rule 11: closed (404) → tg-3",
            "read all 2 rules back until they agree",
            "mark generation 3 as ready",
        ]
    );
}

#[test]
fn after_a_rollback_the_next_release_gets_a_number_of_its_own() {
    let plan = planned(&fixtures::rolled_back(), &deploy("43"), &policy());
    assert_eq!(
        plan.summary,
        "deploy release 43 as generation 3 beside live generation 1; production stays"
    );
}

#[test]
fn a_number_that_any_name_in_the_region_uses_is_passed_over() {
    let mut estate = initial();
    estate.taken.target_groups.insert(tg(7));
    let all = titles(&estate, &deploy("42"), &policy());
    assert!(all.contains(&"create tg-8 like tg-1".to_owned()), "{all:#?}");
}

#[test]
fn a_direct_deploy_goes_on_to_swing_and_never_opens_the_green_door() {
    assert_eq!(
        titles(&initial(), &deploy("42"), &direct()),
        [
            "adopt asg-1 and tg-1 as generation 1 (tags only)",
            "adopt the door at :80 rule 10 (tags only)",
            "adopt the door at :80 rule 11 (tags only)",
            "create tg-2 like tg-1",
            "open the staging entrance to tg-2, so that its health is checked",
            "create asg-2 like asg-1 with 2 instances, launch template version 8",
            "suspend ScheduledActions on asg-2",
            "wait for as many healthy targets in tg-2 as asg-2 has capacity, for 30s",
            "mark generation 2 as ready",
            "hold asg-1 from scaling in",
            "hold asg-2 from scaling in",
            "bring asg-2 to at least what asg-1 has by then",
            "wait for as many healthy targets in tg-2 as asg-2 has capacity",
            "mark generation 2 as promoting",
            "create the entrance as :80 rule 2 → tg-1",
            "swing :80 default rule: tg-1 → tg-2",
            "point the blue door at :80 rule 10: tg-1 → tg-2",
            "read all 3 rules back until they agree",
            "mark generation 2 as live",
            "mark generation 1 as previous",
            "release asg-2: undo what was held",
        ]
    );
}

#[test]
fn without_doors_the_entrance_takes_over_from_the_lock() {
    assert_eq!(
        titles(&without_doors(initial()), &deploy("42"), &doorless()),
        [
            "adopt asg-1 and tg-1 as generation 1 (tags only)",
            "create tg-2 like tg-1",
            "open the staging entrance to tg-2, so that its health is checked",
            "create asg-2 like asg-1 with 2 instances, launch template version 8",
            "suspend ScheduledActions on asg-2",
            "wait for as many healthy targets in tg-2 as asg-2 has capacity, for 30s",
            "create the entrance as :80 rule 2 → tg-2",
            "read the rule back until it agrees",
            "mark generation 2 as ready",
        ]
    );
}

#[test]
fn doors_that_do_not_exist_yet_are_created_and_blue_leads_to_live() {
    let all = titles(&without_doors(initial()), &deploy("42"), &policy());
    assert_eq!(
        all[6..],
        [
            "create the blue door as :80 rule 10 → tg-1",
            "create the green door as :80 rule 11 → tg-2",
            "read all 2 rules back until they agree",
            "mark generation 2 as ready",
        ]
    );
}

#[test]
fn a_candidate_whose_promotion_has_begun_does_not_get_its_door_back() {
    let mut estate = doors_are_ours(deployed());
    hold(&mut estate, 2);
    fixtures::mark(&mut estate, 2, State::Promoting, Some(1));
    fixtures::point(
        &mut estate,
        80,
        Priority::Numbered(fixtures::GREEN),
        fixtures::closed(404),
    );
    fixtures::point(&mut estate, 80, Priority::Default, to(2));
    fixtures::add_rule(
        &mut estate,
        fixtures::rule(80, Priority::Numbered(20), &[fixtures::path("/api/*")], to(1)),
    );
    assert_eq!(titles(&estate, &deploy("42"), &policy()), [""; 0]);
}

#[test]
fn a_candidate_that_never_became_healthy_is_continued_and_not_built_again() {
    let mut estate = doors_are_ours(initial());
    fixtures::own(&mut estate, 1);
    fixtures::add_generation(&mut estate, 2, "42", &[TargetState::Unused; 2]);
    fixtures::mark(&mut estate, 2, State::Staged, None);
    hold(&mut estate, 2);
    assert_eq!(
        titles(&estate, &deploy("42"), &policy()),
        [
            "open the staging entrance to tg-2, so that its health is checked",
            "wait for as many healthy targets in tg-2 as asg-2 has capacity, for 30s",
            "point the green door at :80 rule 11: closed (404) → tg-2",
            "read all 2 rules back until they agree",
            "mark generation 2 as ready",
        ]
    );
}
