//! What a rollback does, step by step: of a candidate, of a half-done swing, of a promotion.

use super::*;
use crate::model::estate::TargetState;
use crate::model::fixtures::{deployed, group_mut, halfway, policy, promoted, target_group_mut, tg, to};
use crate::model::policy::Treatment;
use crate::model::standing::State;

#[test]
fn a_candidate_is_closed_and_production_does_not_move() {
    let plan = planned(&deployed(), &rollback(), &policy());
    let all: Vec<String> = plan.steps.iter().map(|step| step.title()).collect();
    assert_eq!(
        all,
        [
            "close the green door at :80 rule 11: tg-2 → closed (404)",
            "read all 3 rules back until they agree",
            "mark generation 1 as restored",
            "mark generation 2 as rolled-back",
            "release asg-2: undo what was held",
        ]
    );
    assert!(!plan.moves_production());
    assert_eq!(
        plan.summary,
        "close the candidate, generation 2; production stays on generation 1"
    );
}

#[test]
fn a_swing_that_stopped_half_way_is_put_back_rule_by_rule() {
    let plan = planned(&halfway(), &rollback(), &policy());
    let all: Vec<String> = plan.steps.iter().map(|step| step.title()).collect();
    assert_eq!(
        all,
        [
            "keep tg-2 in use while this runs, neither cut off nor unchecked",
            "swing :80 default rule: tg-2 → tg-1",
            "close the green door at :80 rule 11: tg-2 → closed (404)",
            "read all 4 rules back until they agree",
            "mark generation 1 as restored",
            "mark generation 2 as rolled-back",
            "release asg-2: undo what was held",
        ]
    );
    assert_eq!(
        plan.summary,
        "close the candidate, generation 2; production goes back to generation 1"
    );
}

#[test]
fn a_promotion_is_swung_back_at_once_when_the_previous_generation_stands_ready() {
    let plan = planned(&promoted(), &rollback(), &policy());
    let all: Vec<String> = plan.steps.iter().map(|step| step.title()).collect();
    assert_eq!(
        all,
        [
            "hold asg-1 from scaling in",
            "mark generation 2 as rolling-back",
            "keep tg-2 in use while this runs, neither cut off nor unchecked",
            "swing :80 default rule: tg-2 → tg-1",
            "point the blue door at :80 rule 10: tg-2 → tg-1",
            "read all 3 rules back until they agree",
            "mark generation 1 as restored",
            "mark generation 2 as rolled-back",
            "remove the entrance at :80 rule 2",
            "release asg-1: undo what was held",
        ]
    );
    assert_eq!(
        infos(&plan.notes),
        ["generation 1 stands ready: production swings at once"]
    );
}

#[test]
fn a_previous_generation_that_was_scaled_down_is_grown_and_waited_for_first() {
    let mut estate = doors_are_ours(promoted());
    target_group_mut(&mut estate, 1).targets.truncate(1);
    let group = group_mut(&mut estate, 1);
    group.instances.truncate(1);
    group.size = crate::model::ids::Size {
        min: 1,
        max: 4,
        desired: 1,
    };
    group.tags.remove(tags::OWES_MIN);
    group.tags.insert(tags::OWES_SIZE.into(), "1/2/4".into());
    let plan = planned(&estate, &rollback(), &policy());
    let all: Vec<String> = plan.steps.iter().map(|step| step.title()).collect();
    assert_eq!(
        all[..4],
        [
            "bring asg-1 to at least what asg-2 has by then",
            "hold asg-1 from scaling in",
            "wait for as many healthy targets in tg-1 as asg-1 has capacity",
            "mark generation 2 as rolling-back",
        ]
    );
    assert_eq!(
        infos(&plan.notes),
        ["generation 1 is brought to live's capacity and health first"]
    );
}

#[test]
fn a_previous_generation_that_is_large_enough_but_ill_is_waited_for() {
    let mut estate = promoted();
    target_group_mut(&mut estate, 1).targets[0].state = TargetState::Unhealthy;
    let all = titles(&estate, &rollback(), &policy());
    assert!(
        all.contains(&"wait for as many healthy targets in tg-1 as asg-1 has capacity".to_owned()),
        "{all:#?}"
    );
}

#[test]
fn a_rollback_can_remove_what_it_leaves_after_production_has_left_it() {
    let all = titles(&promoted(), &rollback_and_remove(), &policy());
    assert_eq!(
        all[all.len() - 6..],
        [
            "release asg-1: undo what was held",
            "scale asg-2 down to 0",
            "wait until asg-2 has drained and is empty",
            "let go of what was kept in use",
            "delete asg-2",
            "delete tg-2",
        ]
    );
}

/// Generation 3 is the candidate, generation 1 is kept behind the entrance.
fn beside_live() -> Estate {
    let mut estate = doors_are_ours(promoted());
    fixtures::add_generation(&mut estate, 3, "43", &[TargetState::Healthy; 2]);
    fixtures::mark(&mut estate, 3, State::Ready, None);
    hold(&mut estate, 3);
    fixtures::point(&mut estate, 80, Priority::Numbered(fixtures::GREEN), to(3));
    estate
}

#[test]
fn a_candidate_goes_and_the_way_back_stays_checked() {
    assert_eq!(
        titles(&beside_live(), &rollback(), &policy()),
        [
            "close the green door at :80 rule 11: tg-3 → closed (404)",
            "read all 4 rules back until they agree",
            "mark generation 2 as restored",
            "mark generation 3 as rolled-back",
            "release asg-3: undo what was held",
        ]
    );
}

#[test]
fn who_closes_a_candidate_is_told_that_production_does_not_go_further_back() {
    let plan = planned(&beside_live(), &rollback(), &policy());
    assert_eq!(
        infos(&plan.notes),
        [
            "production is not swung back to generation 1: `swingbridge rollback --to 1` does that, once this is done"
        ]
    );
    // There is nothing to go back to.
    let first = planned(&deployed(), &rollback(), &policy());
    assert_eq!(infos(&first.notes), [""; 0]);
    // Production does go back.
    let mut moving = beside_live();
    fixtures::mark(&mut moving, 3, State::Promoting, Some(2));
    fixtures::add_rule(
        &mut moving,
        fixtures::rule(80, Priority::Numbered(20), &[fixtures::path("/api/*")], to(2)),
    );
    fixtures::point(&mut moving, 80, Priority::Default, to(3));
    let back = planned(&moving, &rollback(), &policy());
    assert_eq!(
        back.summary,
        "close the candidate, generation 3; production goes back to generation 2"
    );
    assert_eq!(infos(&back.notes), [""; 0]);
}

#[test]
fn production_does_not_go_further_back_before_the_candidate_is_closed() {
    let mut estate = beside_live();
    let refused = reasons(&estate, &rollback_to(1), &policy());
    assert_eq!(
        refused,
        [Reason::CandidateBeside {
            generation: Generation(3),
            to: Generation(1)
        }]
    );
    assert_eq!(
        refused[0].way_out(),
        "`swingbridge rollback --keep` closes it at once, then `swingbridge rollback --to 1`"
    );
    // As the first of the two leaves it.
    fixtures::point(
        &mut estate,
        80,
        Priority::Numbered(fixtures::GREEN),
        fixtures::closed(404),
    );
    fixtures::mark(&mut estate, 2, State::Restored, None);
    fixtures::mark(&mut estate, 3, State::RolledBack, None);
    assert_eq!(
        planned(&estate, &rollback_to(1), &policy()).summary,
        "swing production back from generation 2 to generation 1"
    );
}

#[test]
fn without_doors_only_rules_and_the_entrance_are_touched() {
    let estate = without_doors(promoted());
    let all = titles(&estate, &rollback(), &doorless());
    assert_eq!(
        all,
        [
            "hold asg-1 from scaling in",
            "mark generation 2 as rolling-back",
            "keep tg-2 in use while this runs, neither cut off nor unchecked",
            "swing :80 default rule: tg-2 → tg-1",
            "read the rule back until it agrees",
            "mark generation 1 as restored",
            "mark generation 2 as rolled-back",
            "remove the entrance at :80 rule 2",
            "release asg-1: undo what was held",
        ]
    );
}

#[test]
fn the_strategy_and_what_would_follow_a_promotion_do_not_change_the_way_back() {
    let expected = titles(&promoted(), &rollback(), &policy());
    assert_eq!(titles(&promoted(), &rollback(), &direct()), expected);
    for previous in [Treatment::Scale(1), Treatment::Retire] {
        let mut policy = policy();
        policy.after_promotion.previous = previous;
        assert_eq!(titles(&promoted(), &rollback(), &policy), expected);
    }
}

#[test]
fn a_rollback_is_refused_to_a_group_that_somebody_has_taken_off_its_target_group() {
    let mut estate = promoted();
    group_mut(&mut estate, 1).target_groups.clear();
    for strategy in [Strategy::Preview, Strategy::Recreate] {
        let policy = Policy { strategy, ..policy() };
        assert_eq!(
            reasons(&estate, &rollback(), &policy),
            [Reason::NoGroup {
                generation: Generation(1),
                target_group: tg(1),
            }],
            "{strategy:?}"
        );
    }
}
