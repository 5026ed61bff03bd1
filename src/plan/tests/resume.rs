//! Resuming: what is left of a plan when some of it is done, and what is never left out.

use super::*;
use crate::model::estate::{Gap, Part, TargetState};
use crate::model::fixtures::{closed, deployed, group_mut, initial, policy, promoted, to};
use crate::model::standing::State;

/// A deploy that has got as far as its group, run by somebody whose lock still stands.
fn building(lock_leads_to: crate::model::routing::Action) -> Estate {
    let mut estate = doors_are_ours(initial());
    fixtures::own(&mut estate, 1);
    fixtures::add_generation(&mut estate, 2, "42", &[TargetState::Initial; 2]);
    fixtures::mark(&mut estate, 2, State::Staged, None);
    hold(&mut estate, 2);
    fixtures::add_rule(
        &mut estate,
        fixtures::lock_rule(&fixtures::holder(), lock_leads_to),
    );
    estate
}

#[test]
fn the_staging_entrance_is_opened_again_because_the_next_run_has_a_lock_of_its_own() {
    let all = titles(&building(to(2)), &deploy("42"), &policy());
    assert_eq!(
        all[0],
        "open the staging entrance to tg-2, so that its health is checked"
    );
}

#[test]
fn a_target_group_that_a_door_names_needs_no_staging() {
    let mut estate = building(closed(404));
    fixtures::point(&mut estate, 80, Priority::Numbered(fixtures::GREEN), to(2));
    assert_eq!(
        titles(&estate, &deploy("42"), &policy()),
        [
            "wait for as many healthy targets in tg-2 as asg-2 has capacity, for 30s",
            "read all 2 rules back until they agree",
            "mark generation 2 as ready",
        ]
    );
}

#[test]
fn a_step_that_is_undone_behind_our_back_is_done_again() {
    let mut estate = building(to(2));
    group_mut(&mut estate, 2).suspended.clear();
    let all = titles(&estate, &deploy("42"), &policy());
    assert!(
        all.contains(&"suspend ScheduledActions on asg-2".to_owned()),
        "{all:#?}"
    );
}

#[test]
fn waits_at_the_end_of_a_plan_that_changes_nothing_are_left_out() {
    // Everything but the waits and the read-back is so already.
    let mut estate = doors_are_ours(deployed());
    hold(&mut estate, 2);
    assert_eq!(titles(&estate, &deploy("42"), &policy()), [""; 0]);
}

#[test]
fn a_rule_that_is_written_last_is_still_read_back() {
    let mut estate = doors_are_ours(promoted());
    fixtures::point(&mut estate, 80, Priority::Numbered(fixtures::GREEN), to(1));
    assert_eq!(
        titles(&estate, &Intent::Promote, &policy()),
        [
            "close the green door at :80 rule 11: tg-1 → closed (404)",
            "read all 3 rules back until they agree",
        ]
    );
}

#[test]
fn what_this_very_plan_holds_is_released_though_nothing_is_owed_yet() {
    let mut estate = doors_are_ours(deployed());
    group_mut(&mut estate, 2).tags.remove(tags::OWES_MIN);
    group_mut(&mut estate, 2).size.min = 1;
    let all = titles(&estate, &Intent::Promote, &policy());
    assert!(all.contains(&"hold asg-2 from scaling in".to_owned()), "{all:#?}");
    assert_eq!(
        all.last().map(String::as_str),
        Some("release asg-2: undo what was held")
    );
}

#[test]
fn nothing_is_released_that_is_not_held() {
    let mut estate = doors_are_ours(promoted());
    group_mut(&mut estate, 1).tags.remove(tags::OWES_MIN);
    for intent in [Intent::Promote, Intent::Repair, deploy("42")] {
        assert_eq!(titles(&estate, &intent, &policy()), [""; 0], "{}", intent.word());
    }
}

#[test]
fn no_plan_takes_the_same_step_twice() {
    for strategy in [policy(), direct()] {
        for intent in [
            deploy("42"),
            Intent::Promote,
            rollback(),
            Intent::Abort,
            retire(None),
        ] {
            for (name, estate) in [
                ("initial", initial()),
                ("deployed", deployed()),
                ("halfway", fixtures::halfway()),
                ("promoted", promoted()),
                ("rolled back", fixtures::rolled_back()),
            ] {
                let Ok(plan) = plan(&estate, &intent, &strategy) else {
                    continue;
                };
                for (at, step) in plan.steps.iter().enumerate() {
                    assert!(
                        step.only_waits() || !plan.steps[..at].contains(step),
                        "{} from {name}: {} is there twice",
                        intent.word(),
                        step.title()
                    );
                }
            }
        }
    }
}

#[test]
fn a_direct_deploy_that_died_when_it_was_ready_can_be_promoted_by_hand() {
    // Only its lock had named the candidate: nobody checks its health any more.
    let mut estate = doors_are_ours(deployed());
    fixtures::point(&mut estate, 80, Priority::Numbered(fixtures::GREEN), closed(404));
    for target in &mut fixtures::target_group_mut(&mut estate, 2).targets {
        target.state = TargetState::Unused;
    }
    let all = titles(&estate, &Intent::Promote, &policy());
    let place = |what: &str| all.iter().position(|title| title.starts_with(what));
    let staging = place("open the staging entrance to tg-2");
    assert!(staging.is_some() && staging < place("wait for"), "{all:#?}");
}

#[test]
fn a_clone_that_is_half_made_is_not_finished_by_whoever_cannot_see_all_that_hangs_on_live() {
    for part in [Part::Attachments, Part::Alarms] {
        let mut estate = building(to(2));
        estate.gaps.push(Gap {
            part,
            about: "shop".into(),
            error: "AccessDenied".into(),
            denied: false,
            passes: true,
        });
        let found = reasons(&estate, &deploy("42"), &policy());
        assert!(
            matches!(found.as_slice(), [Reason::Unseen { part: unseen, .. }] if *unseen == part),
            "{found:?}"
        );
    }
}
