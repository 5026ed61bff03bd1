//! When the previous generation is treated, and how: at once, later, or not at all.

use std::time::Duration;

use super::super::later::{Left, left_by, next_due, swings};
use super::*;
use crate::model::doors::Scheme;
use crate::model::estate::{Gap, Part, TargetState};
use crate::model::fixtures::{deployed, group_mut, halfway, mark, minute, policy, promoted, rolled_back};
use crate::model::fixtures::{
    policy_of, test, test_by_header, test_running, test_running_by_header, variants_ready,
};
use crate::model::ids::Size;
use crate::model::policy::Treatment;
use crate::model::standing::State;
use crate::model::tags;

/// The previous generation is treated so many minutes after the promotion, which was five minutes ago.
fn after(minutes: u64, previous: Treatment) -> Policy {
    let mut policy = policy();
    policy.after_promotion.previous = previous;
    policy.after_promotion.after = Duration::from_secs(minutes * 60);
    policy
}

#[test]
fn it_is_due_so_long_after_the_promotion() {
    for previous in [Treatment::Scale(1), Treatment::Retire] {
        assert_eq!(next_due(&promoted(), &after(30, previous)), Ok(Some(minute(25))));
        assert_eq!(next_due(&promoted(), &after(2, previous)), Ok(Some(minute(0))));
    }
}

#[test]
fn nothing_is_due_when_it_is_kept_or_when_nothing_was_promoted() {
    assert_eq!(next_due(&promoted(), &after(30, Treatment::Keep)), Ok(None));
    for (name, estate) in [
        ("deployed", deployed()),
        ("halfway", halfway()),
        ("rolled back", rolled_back()),
    ] {
        assert_eq!(
            next_due(&estate, &after(30, Treatment::Retire)),
            Ok(None),
            "{name}"
        );
    }
}

#[test]
fn whoever_takes_a_share_back_by_steps_stays_for_what_any_rollback_leaves() {
    let mut estate = rolled_back();
    fixtures::owe_minimum(&mut estate, 1, 1);
    let mut policy = after(30, Treatment::Keep);
    policy.swing.hold = Duration::from_secs(30 * 60);
    let left = |intent: &Intent| left_by(&planned(&estate, intent, &policy), &estate);
    assert!(
        matches!(left(&rollback()), Ok(Left::Due(_))),
        "{:?}",
        left(&rollback())
    );
    assert_eq!(left(&Intent::Retreat), left(&rollback()));
}

#[test]
fn only_who_swings_production_or_finishes_a_swing_has_left_anything() {
    let mut begun = deployed();
    mark(&mut begun, 2, State::Promoting, Some(1));
    let mut turns = policy();
    turns.doors.as_mut().expect("doors").scheme = Scheme::Alternate {
        grace: Duration::from_secs(600),
    };
    // Production has come from generation 1 a minute ago, and generation 3 waits.
    let mut closed = promoted();
    fixtures::add_generation(&mut closed, 3, "43", &[TargetState::Healthy; 2]);
    mark(&mut closed, 3, State::Ready, None);
    for (n, state) in [(1, State::Previous), (2, State::Live)] {
        let tags = &mut fixtures::target_group_mut(&mut closed, n).tags;
        tags.insert(tags::STATE.into(), state.tag(minute(-1)));
    }
    // Whoever pins the colour of generation 1 still has it.
    let mut open = closed.clone();
    fixtures::point(
        &mut open,
        80,
        Priority::Numbered(fixtures::GREEN),
        fixtures::to(1),
    );
    for (estate, policy, intent, expected) in [
        (deployed(), policy(), rollback(), false),
        (deployed(), policy(), Intent::Retreat, false),
        (deployed(), policy(), Intent::Abort, false),
        (deployed(), policy(), Intent::Promote, true),
        (begun, policy(), rollback(), true),
        (halfway(), policy(), rollback(), true),
        (promoted(), policy(), rollback(), true),
        (rolled_back(), policy(), rollback(), true),
        (open.clone(), turns.clone(), rollback(), true),
        (open, turns.clone(), Intent::Retreat, true),
        (closed.clone(), turns, rollback(), false),
        (closed, policy(), rollback(), false),
        (variants_ready(), policy_of(test()), rollback(), false),
        (test_running(), policy_of(test()), rollback(), true),
        // No rule of production is written, and it was shared all the same.
        (
            test_running_by_header(),
            policy_of(test_by_header()),
            rollback(),
            true,
        ),
    ] {
        let plan = planned(&estate, &intent, &policy);
        assert_eq!(swings(&plan, &estate), expected, "{}", plan.summary);
    }
}

#[test]
fn a_promotion_that_finds_production_swung_stays_for_what_the_one_that_swung_it_left() {
    let policy = after(30, Treatment::Retire);
    let again = planned(&promoted(), &Intent::Promote, &policy);
    assert!(again.is_empty(), "{:?}", again.steps);
    assert_eq!(left_by(&again, &promoted()), Ok(Left::Due(minute(25))));
    // A deploy that leaves production where it is has nothing to do with what an earlier promotion left.
    let deploy = Intent::Deploy {
        release: fixtures::release("43"),
    };
    let beside = planned(&promoted(), &deploy, &policy);
    assert_eq!(left_by(&beside, &promoted()), Ok(Left::Nothing));
}

#[test]
fn nothing_is_due_once_it_has_been_done() {
    let mut estate = promoted();
    group_mut(&mut estate, 1).size = Size {
        min: 1,
        max: 4,
        desired: 1,
    };
    assert_eq!(next_due(&estate, &after(2, Treatment::Scale(1))), Ok(None));
    let mut estate = promoted();
    estate.groups.retain(|group| group.name != fixtures::asg(1));
    estate.target_groups.retain(|tg| tg.name != fixtures::tg(1));
    assert_eq!(next_due(&estate, &after(2, Treatment::Retire)), Ok(None));
}

#[test]
fn a_promotion_with_a_delay_leaves_the_previous_generation_alone_at_first() {
    for previous in [Treatment::Scale(1), Treatment::Retire] {
        let plan = planned(&deployed(), &Intent::Promote, &after(30, previous));
        let last = plan.steps.last().expect("steps").title();
        assert_eq!(last, "release asg-2: undo what was held");
    }
}

#[test]
fn before_it_is_due_a_promote_says_when_and_does_nothing() {
    let plan = planned(
        &doors_are_ours(promoted()),
        &Intent::Promote,
        &after(30, Treatment::Scale(1)),
    );
    assert_eq!(plan.steps, []);
    assert_eq!(
        infos(&plan.notes),
        ["generation 1 is scaled down to 1 from 2026-03-02T12:25:00Z on"]
    );
}

#[test]
fn when_it_is_due_a_promote_does_it() {
    let estate = doors_are_ours(promoted());
    assert_eq!(
        titles(&estate, &Intent::Promote, &after(2, Treatment::Scale(1))),
        ["read all 3 rules back until they agree", "scale asg-1 down to 1"]
    );
    assert_eq!(
        titles(&estate, &Intent::Promote, &after(2, Treatment::Retire)),
        [
            "read all 3 rules back until they agree",
            "remove the entrance at :80 rule 2",
            "scale asg-1 down to 0",
            "wait until asg-1 has drained and is empty",
            "delete asg-1",
            "delete tg-1",
        ]
    );
}

#[test]
fn repair_leaves_the_previous_generation_alone_until_the_swing_is_finished() {
    for previous in [Treatment::Scale(1), Treatment::Retire] {
        let mut policy = policy();
        policy.after_promotion.previous = previous;
        for (state, treats) in [(State::Promoting, false), (State::Live, true)] {
            let mut estate = promoted();
            mark(&mut estate, 2, state, Some(1));
            let all = titles(&estate, &Intent::Repair, &policy);
            let shrinks = all.iter().any(|title| title.starts_with("scale asg-1 down"));
            assert_eq!(shrinks, treats, "{state:?}: {all:#?}");
        }
    }
}

#[test]
fn a_deploy_of_what_is_live_treats_the_previous_generation_as_well() {
    let mut policy = after(2, Treatment::Scale(1));
    policy.strategy = Strategy::Direct;
    let all = titles(&doors_are_ours(promoted()), &deploy("42"), &policy);
    assert_eq!(all.last().map(String::as_str), Some("scale asg-1 down to 1"));
}

#[test]
fn the_previous_generation_is_treated_as_configured() {
    let mut policy = policy();
    policy.after_promotion.previous = Treatment::Scale(1);
    let all = titles(&deployed(), &Intent::Promote, &policy);
    assert_eq!(
        all[all.len() - 2..],
        ["release asg-2: undo what was held", "scale asg-1 down to 1"]
    );

    policy.after_promotion.previous = Treatment::Retire;
    let all = titles(&deployed(), &Intent::Promote, &policy);
    assert_eq!(
        all[all.len() - 5..],
        [
            "release asg-2: undo what was held",
            "scale asg-1 down to 0",
            "wait until asg-1 has drained and is empty",
            "delete asg-1",
            "delete tg-1",
        ]
    );
    // Nobody waits for a return: nothing needs an entrance.
    assert!(!all.iter().any(|title| title.contains("entrance")), "{all:#?}");
}

#[test]
fn nothing_shrinks_before_every_rule_has_been_read_back() {
    let mut policy = policy();
    for previous in [Treatment::Scale(1), Treatment::Retire] {
        policy.after_promotion.previous = previous;
        let all = titles(&deployed(), &Intent::Promote, &policy);
        let place = |what: &str| {
            all.iter()
                .position(|title| title.starts_with(what))
                .unwrap_or_else(|| panic!("{what}: {all:#?}"))
        };
        assert!(place("swing") < place("read all"), "{all:#?}");
        assert!(place("read all") < place("scale asg-1"), "{all:#?}");
    }
}

#[test]
fn what_is_left_and_cannot_be_done_is_said_and_what_can_be_is_done_first() {
    let policy = after(30, Treatment::Retire);
    let swung = planned(&promoted(), &Intent::Promote, &policy);
    let mut estate = promoted();
    estate.gaps.push(Gap {
        part: Part::Alarms,
        about: "shop".into(),
        error: "a policy says no".into(),
        denied: true,
        passes: false,
    });
    let refusal = left_by(&swung, &estate).expect_err("the previous generation cannot be removed");
    assert!(refusal.to_string().contains("a policy says no"), "{refusal}");
    let live = &mut group_mut(&mut estate, 2).tags;
    live.insert(tags::OWES_MIN.into(), "1".into());
    let due = left_by(&swung, &estate).expect("live can be released all the same");
    assert!(matches!(due, Left::Due(_)), "{due:?}");
}
