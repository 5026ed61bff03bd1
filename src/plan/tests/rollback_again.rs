//! What a rollback does that was begun or finished before, and one that goes further back.

use super::*;
use crate::model::fixtures::{policy, promoted, rolled_back, to};
use crate::model::standing::State;

#[test]
fn a_rollback_that_stopped_half_way_is_finished_in_the_same_direction() {
    let mut estate = doors_are_ours(promoted());
    fixtures::mark(&mut estate, 2, State::RollingBack, Some(1));
    fixtures::add_rule(
        &mut estate,
        fixtures::rule(80, Priority::Numbered(20), &[fixtures::path("/api/*")], to(1)),
    );
    hold(&mut estate, 1);
    assert_eq!(
        titles(&estate, &rollback(), &policy()),
        [
            "keep tg-2 in use while this runs, neither cut off nor unchecked",
            "swing :80 default rule: tg-2 → tg-1",
            "point the blue door at :80 rule 10: tg-2 → tg-1",
            "read all 4 rules back until they agree",
            "mark generation 1 as restored",
            "mark generation 2 as rolled-back",
            "remove the entrance at :80 rule 2",
            "release asg-1: undo what was held",
        ]
    );
    // The last rule has been swung, and the marks have not been made.
    fixtures::point(&mut estate, 80, Priority::Default, to(1));
    assert_eq!(
        titles(&estate, &rollback(), &policy()),
        [
            "keep tg-2 in use while this runs, neither cut off nor unchecked",
            "point the blue door at :80 rule 10: tg-2 → tg-1",
            "read all 4 rules back until they agree",
            "mark generation 1 as restored",
            "mark generation 2 as rolled-back",
            "remove the entrance at :80 rule 2",
            "release asg-1: undo what was held",
        ]
    );
}

#[test]
fn a_rollback_that_is_done_does_nothing_and_says_how_to_go_further() {
    let plan = planned(&rolled_back(), &rollback(), &policy());
    assert_eq!(plan.steps, []);
    assert_eq!(
        plan.summary,
        "rolled back already: production is on generation 1 (`--to N` goes further back)"
    );
}

#[test]
fn a_finished_rollback_still_releases_what_was_held_and_removes_the_entrance() {
    let mut estate = rolled_back();
    hold(&mut estate, 1);
    hold(&mut estate, 2);
    fixtures::add_rule(&mut estate, fixtures::entrance(to(1)));
    assert_eq!(
        titles(&estate, &rollback(), &policy()),
        [
            "remove the entrance at :80 rule 2",
            "release asg-1: undo what was held",
            "release asg-2: undo what was held",
        ]
    );
}

#[test]
fn a_removal_asked_for_again_goes_on_with_its_own_generation_and_never_with_one_that_was_kept() {
    let mut estate = rolled_back();
    let kept = planned(&estate, &rollback_and_remove(), &policy());
    assert_eq!(kept.steps, []);
    assert!(
        kept.notes
            .iter()
            .any(|note| note.text.contains("`swingbridge abort` removes it")),
        "{:?}",
        kept.notes
    );
    fixtures::mark(&mut estate, 2, State::Removing, Some(1));
    assert_eq!(
        titles(&estate, &rollback_and_remove(), &policy()),
        [
            "scale asg-2 down to 0",
            "wait until asg-2 has drained and is empty",
            "delete asg-2",
            "delete tg-2",
        ]
    );
}

#[test]
fn any_generation_that_still_stands_can_be_named() {
    let mut estate = doors_are_ours(rolled_back());
    fixtures::add_rule(&mut estate, fixtures::entrance(to(2)));
    let all = titles(&estate, &rollback_to(2), &policy());
    assert_eq!(
        all,
        [
            "hold asg-2 from scaling in",
            "mark generation 1 as rolling-back",
            "keep tg-1 in use while this runs, neither cut off nor unchecked",
            "swing :80 default rule: tg-1 → tg-2",
            "point the blue door at :80 rule 10: tg-1 → tg-2",
            "read all 3 rules back until they agree",
            "mark generation 2 as restored",
            "mark generation 1 as rolled-back",
            "remove the entrance at :80 rule 2",
            "release asg-2: undo what was held",
        ]
    );
    let named = planned(&estate, &rollback_to(1), &policy());
    assert_eq!(
        (named.steps.len(), named.summary.as_str()),
        // What the finished rollback left open still goes.
        (1, "generation 1 is live already")
    );
}
