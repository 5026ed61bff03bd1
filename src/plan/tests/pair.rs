//! What a deploy on the next of two groups plans, and when it refuses.

use super::*;
use crate::model::doors::Scheme;
use crate::model::estate::{Attachment, AttachmentKind};
use crate::model::fixtures::{asg, by_turns, free, freed, initial, promoted, rolled_back, tg, to};
use crate::model::obligation::owed;
use crate::model::policy::RouteSelection;
use crate::model::standing::State;
use crate::model::step::Step;

fn policy() -> Policy {
    by_turns(fixtures::policy())
}

#[test]
fn the_first_release_gets_the_other_group_as_a_clone() {
    let mut fresh = titles(&initial(), &deploy("42"), &fixtures::policy());
    assert_eq!(titles(&initial(), &deploy("42"), &policy()), fresh);
    // With live on neither the first is taken, whatever the number.
    let mut estate = initial();
    estate.groups[0].name = "shop".into();
    estate.taken.groups = ["shop".into()].into();
    for title in &mut fresh {
        *title = title.replace("asg-1", "shop").replace("asg-2", "asg-1");
    }
    assert_eq!(titles(&estate, &deploy("42"), &policy()), fresh);
}

#[test]
fn whoever_stands_on_the_next_group_is_given_up_and_the_group_stays() {
    assert_eq!(
        titles(&doors_are_ours(promoted()), &deploy("43"), &policy()),
        [
            "create tg-3 like tg-2",
            "remove the entrance at :80 rule 2",
            "scale asg-1 down to 0",
            "wait until asg-1 has drained and is empty",
            "free asg-1 for the next release",
            "delete tg-1",
            "open the staging entrance to tg-3, so that its health is checked",
            "suspend ScheduledActions on asg-1",
            "make asg-1 like asg-2 with 2 instances, launch template version 8",
            "wait for as many healthy targets in tg-3 as asg-1 has capacity, for 30s",
            "point the green door at :80 rule 11: closed (404) → tg-3",
            "read all 2 rules back until they agree",
            "mark generation 3 as ready",
        ]
    );
}

#[test]
fn a_plan_says_that_the_way_back_ends_and_what_stays_on_the_group() {
    let mut estate = promoted();
    fixtures::group_mut(&mut estate, 1).attachments.push(Attachment {
        kind: AttachmentKind::Schedule,
        name: "by hand".into(),
        detail: String::new(),
        stays: None,
    });
    let plan = planned(&estate, &deploy("43"), &policy());
    assert!(
        risks(&plan.notes)
            .contains(&"the way back to generation 1 ends with this deploy: asg-1 is used again"),
        "{:?}",
        plan.notes
    );
    assert!(
        infos(&plan.notes).contains(&"asg-1 has what asg-2 has not, and keeps it: by hand"),
        "{:?}",
        plan.notes
    );
    assert!(!plan.carried.is_empty(), "what is copied is listed");
}

#[test]
fn a_free_group_is_only_made_lives_image() {
    let plan = planned(&freed(), &deploy("43"), &policy());
    let made = plan.steps.iter().find_map(|step| match step {
        Step::ReuseGroup(new) => Some(new),
        _ => None,
    });
    let made = made.expect("it is used again");
    assert_eq!(
        (&made.group, &made.copy_of, &made.target_group),
        (&asg(1), &asg(2), &tg(3))
    );
    assert_eq!(owed(&made.tags).len(), 2, "{:?}", made.tags);
    assert!(!plan.steps.iter().any(|step| matches!(
        step,
        Step::Vacate { .. } | Step::Shrink { .. } | Step::CreateGroup(_) | Step::DeleteTargetGroup { .. }
    )));
    assert_eq!(risks(&plan.notes), Vec::<&str>::new());
}

#[test]
fn what_was_rolled_back_is_given_up_as_well() {
    let titles = titles(&rolled_back(), &deploy("43"), &policy());
    for title in ["free asg-2 for the next release", "delete tg-2"] {
        assert!(titles.contains(&title.to_owned()), "{titles:#?}");
    }
    assert!(!titles.iter().any(|title| title.contains("asg-3")), "{titles:#?}");
}

#[test]
fn what_is_left_of_a_generation_whose_group_is_free_already_goes() {
    let mut estate = promoted();
    let left = estate.target_groups[0].clone();
    free(&mut estate, 1);
    estate.target_groups.insert(0, left);
    let titles = titles(&estate, &deploy("43"), &policy());
    assert!(titles.contains(&"delete tg-1".to_owned()), "{titles:#?}");
    assert!(
        !titles.iter().any(|title| title.starts_with("free")),
        "{titles:#?}"
    );
}

#[test]
fn a_candidate_that_was_begun_goes_on_where_it_stands() {
    let mut estate = freed();
    fixtures::add_generation(&mut estate, 3, "43", &[]);
    estate.groups.retain(|group| group.name != asg(1));
    let own = estate
        .groups
        .iter_mut()
        .find(|group| group.name == asg(3))
        .expect("it");
    own.name = asg(1);
    (own.size.max, own.size.min) = (0, 0);
    fixtures::mark(&mut estate, 3, State::Staged, None);
    // Its size comes last: until it has one it is not made.
    let unfinished = titles(&estate, &deploy("43"), &policy());
    assert!(
        unfinished
            .iter()
            .any(|title| title.starts_with("make asg-1 like asg-2")),
        "{unfinished:#?}"
    );
    fixtures::group_mut(&mut estate, 3).size.max = 4;
    let finished = titles(&estate, &deploy("43"), &policy());
    assert!(
        !finished.iter().any(|title| title.starts_with("make ")),
        "{finished:#?}"
    );
}

#[test]
fn a_group_of_that_name_that_is_not_ours_is_left_alone() {
    let mut estate = initial();
    fixtures::add_generation(&mut estate, 2, "by hand", &[]);
    for tags in [&mut estate.groups[1].tags, &mut estate.target_groups[1].tags] {
        tags.clear();
    }
    assert_eq!(
        reasons(&estate, &deploy("42"), &policy()),
        [Reason::NameTaken { name: "asg-2".into() }]
    );
}

#[test]
fn what_stands_against_a_retirement_stands_against_the_deploy() {
    // By turns: what was begun there finishes there.
    let mut turns = policy();
    let grace = std::time::Duration::from_secs(3600);
    if let Some(doors) = &mut turns.doors {
        doors.scheme = Scheme::Alternate { grace };
    }
    let mut in_grace = promoted();
    fixtures::point(&mut in_grace, 80, Priority::Numbered(fixtures::GREEN), to(1));
    // A door by hand.
    let mut led = promoted();
    fixtures::add_rule(
        &mut led,
        fixtures::rule(
            80,
            Priority::Numbered(33),
            &[fixtures::header("x-who", "me")],
            to(1),
        ),
    );
    let mut listed = policy();
    listed.routes = RouteSelection::Listed(vec![(80, Priority::Default)]);
    let mut deleting = promoted();
    fixtures::group_mut(&mut deleting, 1).deleting = true;
    for (estate, policy, expected) in [
        (&in_grace, &turns, "the door of generation 1 stays open until"),
        (&led, &listed, "tg-1 is reachable: :80 rule 33"),
        (&deleting, &policy(), "asg-1 is being deleted"),
    ] {
        let found = reasons(estate, &deploy("43"), policy);
        let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert!(
            texts.iter().any(|text| text.contains(expected)),
            "{expected}: {texts:?}"
        );
    }
}

#[test]
fn a_free_group_that_somebody_put_on_a_target_group_is_not_used() {
    let mut estate = freed();
    let group = estate
        .groups
        .iter_mut()
        .find(|group| group.name == asg(1))
        .expect("it");
    group.target_groups = vec![tg(9)];
    assert_eq!(
        reasons(&estate, &deploy("43"), &policy()),
        [Reason::ExtraTraffic {
            group: asg(1),
            what: "tg-9".into(),
        }]
    );
}

#[test]
fn a_free_group_that_has_not_left_its_target_group_yet_is_waited_for() {
    let mut estate = promoted();
    let left = estate.target_groups[0].clone();
    free(&mut estate, 1);
    estate.target_groups.insert(0, left);
    let group = estate
        .groups
        .iter_mut()
        .find(|group| group.name == asg(1))
        .expect("it");
    group.target_groups = vec![tg(1)];
    let titles = titles(&estate, &deploy("43"), &policy());
    let at = |title: &str| titles.iter().position(|one| one == title);
    let (freed, deleted) = (at("free asg-1 for the next release"), at("delete tg-1"));
    assert!(freed.is_some() && freed < deleted, "{titles:#?}");
}

#[test]
fn retiring_frees_the_group_even_if_it_is_protected_from_deletion() {
    let mut estate = promoted();
    fixtures::group_mut(&mut estate, 1)
        .settings
        .insert("DeletionProtection".into(), "prevent-all-deletion".into());
    let titles = titles(&estate, &retire(None), &policy());
    assert_eq!(
        titles.last_chunk::<3>().expect("more"),
        &[
            "wait until asg-1 has drained and is empty",
            "free asg-1 for the next release",
            "delete tg-1",
        ]
    );
}

#[test]
fn a_group_that_was_being_freed_is_no_way_back() {
    let mut estate = promoted();
    fixtures::group_mut(&mut estate, 1).target_groups.clear();
    assert_eq!(
        reasons(&estate, &rollback(), &policy()),
        [Reason::NoGroup {
            generation: Generation(1),
            target_group: tg(1),
        }]
    );
}

#[test]
fn hooks_are_called_for_the_generation_that_goes_and_then_for_the_one_that_comes() {
    use crate::model::hook::Place;
    let mut policy = policy();
    policy.hooks = [
        Place::Expand,
        Place::BeforeDeploy,
        Place::BeforeRetire,
        Place::Contract,
    ]
    .map(fixtures::hook)
    .into();
    let titles = titles(&doors_are_ours(promoted()), &deploy("43"), &policy);
    let short: Vec<&str> = titles
        .iter()
        .map(String::as_str)
        .take_while(|title| !title.starts_with("wait for"))
        .collect();
    assert_eq!(
        short,
        [
            "run the before-deploy hook ./before-deploy.sh",
            "create tg-3 like tg-2",
            "remove the entrance at :80 rule 2",
            "run the before-retire hook ./before-retire.sh",
            "scale asg-1 down to 0",
            "wait until asg-1 has drained and is empty",
            "free asg-1 for the next release",
            "run the contract hook ./contract.sh",
            "mark the schema as contracted for generation 2",
            "delete tg-1",
            "open the staging entrance to tg-3, so that its health is checked",
            "suspend ScheduledActions on asg-1",
            "run the expand hook ./expand.sh",
            "mark the schema as expanded for generation 3",
            "make asg-1 like asg-2 with 2 instances, launch template version 8",
        ]
    );
}
