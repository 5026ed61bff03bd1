//! What abort, retire and repair do: remove what production has left, release what was held.

use super::*;
use crate::model::estate::TargetState;
use crate::model::fixtures::{
    deployed, group_mut, initial, policy, promoted, rolled_back, target_group_mut, tg,
};
use crate::model::policy::RouteSelection;
use crate::model::standing::State;
use crate::model::step::Step;

#[test]
fn abort_closes_the_door_before_it_removes_the_candidate() {
    assert_eq!(
        titles(&doors_are_ours(deployed()), &Intent::Abort, &policy()),
        [
            "mark generation 2 as removing",
            "close the green door at :80 rule 11: tg-2 → closed (404)",
            "read the rule back until it agrees",
            "scale asg-2 down to 0",
            "wait until asg-2 has drained and is empty",
            "delete asg-2",
            "delete tg-2",
        ]
    );
}

#[test]
fn abort_also_removes_what_was_rolled_back_and_kept() {
    assert_eq!(
        titles(&doors_are_ours(rolled_back()), &Intent::Abort, &policy()),
        [
            "mark generation 2 as removing",
            "read the rule back until it agrees",
            "scale asg-2 down to 0",
            "wait until asg-2 has drained and is empty",
            "delete asg-2",
            "delete tg-2",
        ]
    );
}

#[test]
fn abort_without_doors_closes_the_entrance() {
    let mut estate = without_doors(deployed());
    fixtures::add_rule(&mut estate, fixtures::entrance(fixtures::to(2)));
    let all = titles(&estate, &Intent::Abort, &doorless());
    assert_eq!(
        all,
        [
            "mark generation 2 as removing",
            "remove the entrance at :80 rule 2",
            "scale asg-2 down to 0",
            "wait until asg-2 has drained and is empty",
            "delete asg-2",
            "delete tg-2",
        ]
    );
}

#[test]
fn abort_of_a_target_group_that_never_got_a_group_deletes_only_that() {
    let mut estate = doors_are_ours(deployed());
    estate.groups.retain(|group| group.name != fixtures::asg(2));
    let all = titles(&estate, &Intent::Abort, &policy());
    assert_eq!(all.last().map(String::as_str), Some("delete tg-2"));
    assert!(!all.iter().any(|title| title.contains("asg-2")), "{all:#?}");
}

#[test]
fn there_is_nothing_to_abort_when_nothing_is_beside_production() {
    for (estate, name) in [(initial(), "initial"), (promoted(), "promoted")] {
        let plan = planned(&estate, &Intent::Abort, &policy());
        assert_eq!(plan.steps, [], "{name}");
        assert_eq!(plan.summary, "there is no candidate to remove");
    }
}

#[test]
fn retire_removes_the_previous_generation_and_its_entrance() {
    let plan = planned(&promoted(), &retire(None), &policy());
    let all: Vec<String> = plan.steps.iter().map(|step| step.title()).collect();
    assert_eq!(
        all,
        [
            "remove the entrance at :80 rule 2",
            "scale asg-1 down to 0",
            "wait until asg-1 has drained and is empty",
            "delete asg-1",
            "delete tg-1",
        ]
    );
    assert_eq!(
        risks(&plan.notes),
        ["after this there is no previous generation to roll back to"]
    );
}

#[test]
fn retire_takes_only_what_is_older_than_live_and_ours() {
    for (estate, name) in [
        (initial(), "initial"),
        (deployed(), "deployed"),
        (rolled_back(), "rolled back"),
    ] {
        assert_eq!(planned(&estate, &retire(None), &policy()).steps, [], "{name}");
    }
    // Somebody's generation 1 beside our live generation 2.
    let mut estate = promoted();
    fixtures::mark(&mut estate, 2, State::Live, None);
    target_group_mut(&mut estate, 1).tags.clear();
    group_mut(&mut estate, 1).tags.clear();
    assert_eq!(planned(&estate, &retire(None), &policy()).steps, []);
}

#[test]
fn retire_of_an_older_generation_leaves_the_way_back() {
    let mut estate = promoted();
    fixtures::add_generation(&mut estate, 3, "43", &[TargetState::Healthy; 2]);
    for (n, state, previous) in [
        (1, State::Previous, None),
        (2, State::Previous, Some(1)),
        (3, State::Live, Some(2)),
    ] {
        fixtures::mark(&mut estate, n, state, previous);
    }
    fixtures::point(&mut estate, 80, Priority::Default, fixtures::to(3));
    fixtures::point(
        &mut estate,
        80,
        Priority::Numbered(fixtures::BLUE),
        fixtures::to(3),
    );
    fixtures::point(
        &mut estate,
        80,
        Priority::Numbered(fixtures::ENTRANCE),
        fixtures::to(2),
    );
    let plan = planned(&estate, &retire(Some(1)), &policy());
    let all: Vec<String> = plan.steps.iter().map(|step| step.title()).collect();
    assert_eq!(
        all,
        [
            "scale asg-1 down to 0",
            "wait until asg-1 has drained and is empty",
            "delete asg-1",
            "delete tg-1",
        ]
    );
    assert_eq!(risks(&plan.notes), [""; 0]);
    let both = titles(&estate, &retire(None), &policy());
    assert_eq!(
        both.iter()
            .filter(|title| title.starts_with("delete asg"))
            .count(),
        2
    );
}

#[test]
fn a_removal_waits_for_the_deregistration_delay_and_then_for_the_shutdown() {
    let mut estate = promoted();
    target_group_mut(&mut estate, 1)
        .attributes
        .insert("deregistration_delay.timeout_seconds".into(), "45".into());
    let steps = planned(&estate, &retire(None), &policy()).steps;
    let timeout = steps.iter().find_map(|step| match step {
        Step::AwaitEmpty { timeout, .. } => Some(timeout.as_secs()),
        _ => None,
    });
    assert_eq!(timeout, Some(645));
}

#[test]
fn repair_releases_what_nobody_needs_held() {
    let mut estate = rolled_back();
    hold(&mut estate, 1);
    hold(&mut estate, 2);
    let plan = planned(&estate, &Intent::Repair, &policy());
    let all: Vec<String> = plan.steps.iter().map(|step| step.title()).collect();
    assert_eq!(
        all,
        [
            "release asg-1: undo what was held",
            "release asg-2: undo what was held",
        ]
    );
    assert_eq!(
        infos(&plan.notes)[..2],
        [
            "asg-1: put the minimum back to 1",
            "asg-1: resume ScheduledActions",
        ]
    );
}

#[test]
fn repair_leaves_what_is_held_for_a_reason_and_says_the_reason() {
    let mut live_too = fixtures::halfway();
    hold(&mut live_too, 1);
    for (estate, notes) in [
        (initial(), &[][..]),
        (
            deployed(),
            &["asg-2 stays held: it is the candidate, and idle until it is promoted"][..],
        ),
        (promoted(), &["asg-1 stays held: it is kept for a rollback"][..]),
        (
            live_too,
            &[
                "asg-1 stays held: a swing is under way",
                "asg-2 stays held: it is the candidate, and idle until it is promoted",
            ][..],
        ),
    ] {
        let plan = planned(&estate, &Intent::Repair, &policy());
        assert_eq!(plan.steps, []);
        assert_eq!(plan.summary, "nothing is owed that is due");
        assert_eq!(infos(&plan.notes), notes);
    }
}

#[test]
fn what_a_rule_still_names_is_refused_before_anything_is_changed() {
    let elsewhere = |n| {
        fixtures::rule(
            80,
            Priority::Numbered(30),
            &[fixtures::path("/old/*")],
            fixtures::to(n),
        )
    };
    // Not one of the routes: somebody's own rule that leads to what production has left.
    let mut narrow = policy();
    narrow.routes = RouteSelection::Listed(vec![(80, Priority::Default)]);
    for (mut estate, generation, intent) in [
        (promoted(), 1, retire(None)),
        (doors_are_ours(deployed()), 2, Intent::Abort),
        (rolled_back(), 2, Intent::Abort),
    ] {
        fixtures::add_rule(&mut estate, elsewhere(generation));
        let refusal = plan(&estate, &intent, &narrow).expect_err("refused");
        assert_eq!(
            refusal.reasons,
            [Reason::Reachable {
                what: format!("tg-{generation}"),
                rules: ":80 rule 30".into(),
            }]
        );
    }
}

#[test]
fn a_removal_never_names_anything_but_its_own_generation() {
    for intent in [retire(None), Intent::Abort] {
        let estate = if intent == Intent::Abort {
            deployed()
        } else {
            promoted()
        };
        let (own, other) = if intent == Intent::Abort { (2, 1) } else { (1, 2) };
        for step in planned(&estate, &intent, &policy()).steps {
            match step {
                Step::DeleteTargetGroup { target_group } => assert_eq!(target_group, tg(own)),
                Step::Shrink { group, .. } | Step::DeleteGroup { group } => {
                    assert_ne!(group, fixtures::asg(other))
                }
                _ => {}
            }
        }
    }
}

/// Nothing leads to it then, and nobody drains.
#[test]
fn a_generation_whose_target_group_somebody_has_deleted_is_emptied_before_it_is_deleted() {
    let mut estate = promoted();
    estate.target_groups.retain(|found| found.name != tg(1));
    fixtures::remove_rule(&mut estate, 80, fixtures::entrance(fixtures::to(1)).priority);
    assert_eq!(
        titles(&estate, &retire(Some(1)), &policy()),
        [
            "scale asg-1 down to 0",
            "wait until asg-1 has drained and is empty",
            "delete asg-1",
        ]
    );
}

#[test]
fn what_else_is_served_by_a_group_that_goes_is_said() {
    let mut estate = promoted();
    let told = |estate: &Estate| {
        let notes = planned(estate, &retire(None), &policy()).notes;
        let mut texts = notes.into_iter().map(|note| note.text);
        texts.find(|text| text.contains("cut off"))
    };
    assert_eq!(told(&estate), None);
    group_mut(&mut estate, 1).other_traffic = vec!["arn:of-a-network-load-balancer".into()];
    assert_eq!(
        told(&estate).as_deref(),
        Some("asg-1 stands on arn:of-a-network-load-balancer as well: whatever comes from there is cut off")
    );
}
