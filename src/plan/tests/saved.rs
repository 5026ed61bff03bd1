//! What of a saved plan is carried out: what planning gives now, and nothing that only the file has.

use super::*;
use crate::model::fixtures::{asg, deployed, group_mut, initial, own, policy, target_group_mut};
use crate::model::ids::GroupName;
use crate::model::policy::Capacity;
use crate::model::step::Step;
use crate::plan::{is_whole, resume, sealed};

/// A deploy as it was saved.
fn saved() -> Plan {
    planned(&initial(), &deploy("42"), &policy())
}

fn refused(saved: &Plan, estate: &Estate, policy: &Policy) -> String {
    match resume(saved, estate, policy) {
        Ok(plan) => panic!("it would be carried out: {:?}", plan.steps),
        Err(reasons) => reasons.join("\n"),
    }
}

#[test]
fn a_plan_is_whole_until_anything_in_it_is_edited() {
    let plan = saved();
    assert!(is_whole(&plan));
    let edits: [fn(&mut Plan); 5] = [
        |plan| plan.summary.push('!'),
        |plan| plan.notes.push(Note::info("trust me")),
        |plan| plan.steps.reverse(),
        |plan| plan.policy.entrance += 1,
        |plan| plan.basis.0.clear(),
    ];
    for edit in edits {
        let mut edited = plan.clone();
        edit(&mut edited);
        assert!(!is_whole(&edited));
        assert!(is_whole(&sealed(edited)));
    }
}

#[test]
fn an_unchanged_plan_is_carried_out_under_its_own_id() {
    let plan = saved();
    assert_eq!(resume(&plan, &initial(), &policy()), Ok(plan));
}

#[test]
fn a_setting_that_is_another_now_is_named() {
    let mut policy = policy();
    policy.health.soak += std::time::Duration::from_secs(7);
    policy.capacity = Capacity::Fixed(crate::model::ids::Size {
        min: 1,
        max: 1_000_000,
        desired: 1_000_000,
    });
    let reasons = refused(&saved(), &initial(), &policy);
    for setting in ["health.soak", "capacity", "1000000"] {
        assert!(reasons.contains(setting), "{setting} in {reasons}");
    }
}

#[test]
fn live_may_have_grown_since_and_what_is_carried_out_has_its_size_of_now() {
    let mut estate = initial();
    let group = group_mut(&mut estate, 1);
    group.size.desired += 1;
    let plan = resume(&saved(), &estate, &policy()).expect("it is not stale");
    let size = plan.steps.iter().find_map(|step| match step {
        Step::CreateGroup(new) => Some(new.size.desired),
        _ => None,
    });
    assert_eq!(size, Some(group_mut(&mut estate, 1).size.desired));
}

#[test]
fn a_candidate_that_lost_live_some_capacity_is_brought_up_although_the_plan_had_no_need_to() {
    let estate = deployed();
    let plan = planned(&estate, &Intent::Promote, &policy());
    let mut later = estate.clone();
    group_mut(&mut later, 1).size.desired += 2;
    let fresh = resume(&plan, &later, &policy()).expect("sizes are no fact");
    assert!(
        fresh
            .steps
            .iter()
            .any(|step| matches!(step, Step::MatchCapacity { .. }))
    );
}

#[test]
fn what_somebody_did_meanwhile_is_no_surprise() {
    let mut estate = initial();
    let plan = saved();
    assert!(plan.steps.iter().any(|step| matches!(step, Step::Adopt { .. })));
    own(&mut estate, 1);
    let fresh = resume(&plan, &estate, &policy()).expect("it was adopted meanwhile, as planned");
    assert!(!fresh.steps.iter().any(|step| matches!(step, Step::Adopt { .. })));
}

#[test]
fn a_step_that_planning_does_not_give_is_refused_wherever_it_stands() {
    let foreign = GroupName::from("billing");
    let strange = [
        Step::DeleteGroup {
            group: foreign.clone(),
        },
        Step::DeleteGroup { group: asg(1) },
        Step::PayObligations {
            group: foreign.clone(),
        },
        Step::Hold { group: foreign },
    ];
    for step in strange {
        for place in 0..=saved().steps.len() {
            let mut plan = saved();
            plan.steps.insert(place, step.clone());
            let reasons = refused(&plan, &initial(), &policy());
            assert!(reasons.contains(&step.title()), "{reasons}");
        }
    }
}

#[test]
fn a_step_that_is_left_out_twice_there_or_elsewhere_is_refused() {
    let changes = |step: &Step| !step.only_prepares();
    for place in (0..saved().steps.len()).filter(|place| changes(&saved().steps[*place])) {
        let mut without = saved();
        let step = without.steps.remove(place);
        refused(&without, &initial(), &policy());
        let mut twice = saved();
        twice.steps.push(step);
        refused(&twice, &initial(), &policy());
    }
    let mut backwards = saved();
    backwards.steps.reverse();
    refused(&backwards, &initial(), &policy());
}

#[test]
fn nobody_elses_tags_are_in_a_plan_without_secrets() {
    let mut estate = initial();
    let tags = &mut target_group_mut(&mut estate, 1).tags;
    tags.insert("note".into(), "hunter2".into());
    let mut release = fixtures::release("42");
    release.tags.insert("commit".into(), "3f2a".into());
    let plan = planned(&estate, &Intent::Deploy { release }, &policy());
    let shown = serde_json::to_string(&plan.without_secrets()).expect("JSON");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(
        shown.contains("3f2a") && shown.contains("swingbridge:generation"),
        "{shown}"
    );
    let kept = serde_json::to_string(&plan).expect("JSON");
    assert!(kept.contains("hunter2"), "the clone gets it all the same");
}
