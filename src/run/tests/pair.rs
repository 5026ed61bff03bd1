//! Two groups that stay and take turns, on a cloud in memory.

use super::*;
use crate::model::fixtures::by_turns;
use crate::model::ids::GroupName;
use crate::model::obligation::HELD_PROCESS;
use crate::model::refusal::Reason;
use crate::model::tags;

fn pair() -> Policy {
    by_turns(quick())
}

fn groups(world: &World) -> Vec<GroupName> {
    let estate = world.now();
    let mut names: Vec<GroupName> = estate.groups.iter().map(|group| group.name.clone()).collect();
    names.sort();
    names
}

/// The group that production goes to.
fn serving(world: &World, policy: &Policy) -> GroupName {
    let estate = world.now();
    let roles = Roles::of(&estate, policy).unwrap_or_else(|reasons| panic!("{reasons:?}"));
    roles.live.group.expect("live has a group")
}

fn is_free(world: &World, name: &GroupName) {
    let estate = world.now();
    let group = estate.group(name).expect("it stays");
    assert!(tags::is_vacant(&group.tags, &estate.app), "{:?}", group.tags);
    assert_eq!((group.size.max, group.instances.len()), (0, 0));
    assert_eq!(group.target_groups, []);
    assert_eq!(owed(&group.tags), []);
    assert!(group.suspended.contains_key(HELD_PROCESS));
}

async fn bring_in(world: &World, name: &str, policy: &Policy) {
    must(world, &deploy(name), policy).await;
    if policy.strategy != Strategy::Direct {
        must(world, &Intent::Promote, policy).await;
    }
}

#[tokio::test(start_paused = true)]
async fn releases_take_turns_on_two_groups_that_are_never_made_again() {
    let mut direct = pair();
    direct.strategy = Strategy::Direct;
    for policy in [pair(), direct] {
        let world = World::new(rich());
        for (turn, name) in ["42", "43", "44", "45"].into_iter().enumerate() {
            bring_in(&world, name, &policy).await;
            let number = u32::try_from(turn).expect("few") + 2;
            assert_eq!(live(&world, &policy), number, "numbers go on");
            assert_eq!(serving(&world, &policy), asg(2 - number % 2));
            assert_eq!(groups(&world), [asg(1), asg(2)]);
        }
        let estate = world.now();
        let names: Vec<String> = estate
            .target_groups
            .iter()
            .filter(|tg| tg.generation.is_some())
            .map(|tg| tg.name.to_string())
            .collect();
        assert_eq!(names, ["tg-4", "tg-5"], "target groups are their own");
        let made = |change: &&String| change.as_str() == "create asg-2";
        assert_eq!(world.changes().iter().filter(made).count(), 1);
        assert!(
            !world
                .changes()
                .iter()
                .any(|change| change.starts_with("delete asg"))
        );
        nothing_broken(&world);
        no_lock(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_used_again_is_lives_image() {
    let policy = pair();
    let world = World::new(rich());
    bring_in(&world, "42", &policy).await;
    // Live is changed by hand meanwhile: its image is of what it is now.
    world.vary(|estate| {
        let live = fixtures::group_mut(estate, 2);
        live.settings.insert("DefaultCooldown".into(), "77".into());
        live.suspended
            .insert("AlarmNotification".into(), "User suspended".into());
        live.attachments.retain(|one| one.name != "night");
        let waiting = fixtures::group_mut(estate, 1);
        waiting.suspended.insert("Launch".into(), "User suspended".into());
    });
    bring_in(&world, "43", &policy).await;
    let estate = world.now();
    let (group, before) = (
        estate.group(&asg(1)).expect("it"),
        estate.group(&asg(2)).expect("it"),
    );
    assert_eq!(group.settings, before.settings);
    assert_eq!((group.size.min, group.size.desired, group.size.max), (1, 2, 4));
    let suspended: Vec<&str> = group.suspended.keys().map(String::as_str).collect();
    assert_eq!(suspended, ["AZRebalance", "AlarmNotification"]);
    assert_eq!(group.launch.uses()[0].version, "8");
    assert_eq!(group.tags.get(tags::RELEASE).map(String::as_str), Some("43"));
    assert!(
        group.attachments.iter().any(|one| one.name == "night"),
        "what it has beyond live is left alone"
    );
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_goes_back_until_the_next_deploy_uses_the_group() {
    let policy = pair();
    let world = World::new(rich());
    bring_in(&world, "42", &policy).await;
    must(&world, &rollback(), &policy).await;
    assert_eq!((live(&world, &policy), serving(&world, &policy)), (1, asg(1)));
    // What was rolled back is given up for the next.
    bring_in(&world, "43", &policy).await;
    assert_eq!((live(&world, &policy), serving(&world, &policy)), (3, asg(2)));
    must(&world, &deploy("44"), &policy).await;
    // While it is tried there is no way back, and none is promised.
    must(&world, &rollback(), &policy).await;
    assert_eq!(live(&world, &policy), 3);
    let refused = plan::plan(
        &world.now(),
        &Intent::Rollback {
            to: Some(Generation(1)),
            failed: None,
        },
        &policy,
    );
    let refusal = refused.expect_err("what was there has been given up for 44");
    assert_eq!(
        refusal.reasons,
        [Reason::NoSuchGeneration {
            generation: Generation(1)
        }]
    );
    must(&world, &Intent::Abort, &policy).await;
    is_free(&world, &asg(1));
    assert_eq!(groups(&world), [asg(1), asg(2)]);
    bring_in(&world, "45", &policy).await;
    must(&world, &rollback(), &policy).await;
    assert_eq!((live(&world, &policy), serving(&world, &policy)), (3, asg(2)));
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn whatever_removes_a_generation_frees_its_group() {
    let mut retired = pair();
    retired.after_promotion.previous = Treatment::Retire;
    let world = World::new(rich());
    bring_in(&world, "42", &retired).await;
    is_free(&world, &asg(1));
    bring_in(&world, "43", &retired).await;
    is_free(&world, &asg(2));

    let policy = pair();
    let world = World::new(rich());
    bring_in(&world, "42", &policy).await;
    must(&world, &Intent::Retire { generation: None }, &policy).await;
    is_free(&world, &asg(1));
    let told = plan::truth(&world.now(), &policy);
    assert!(
        told.contains(&"asg-1 is free for the next release".to_owned()),
        "{told:?}"
    );
    must(&world, &deploy("43"), &policy).await;
    must(&world, &rollback_and_remove(), &policy).await;
    is_free(&world, &asg(1));
    assert_eq!((live(&world, &policy), serving(&world, &policy)), (2, asg(2)));
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn instances_on_a_free_group_go_before_it_is_used() {
    let policy = pair();
    let world = World::new(rich());
    bring_in(&world, "42", &policy).await;
    must(&world, &Intent::Retire { generation: None }, &policy).await;
    world.vary(|estate| {
        let group = estate
            .groups
            .iter_mut()
            .find(|group| group.name == asg(1))
            .expect("it");
        (group.size.min, group.size.max, group.size.desired) = (1, 3, 1);
    });
    bring_in(&world, "43", &policy).await;
    assert_eq!((live(&world, &policy), serving(&world, &policy)), (3, asg(1)));
    let estate = world.now();
    let group = estate.group(&asg(1)).expect("it");
    assert_eq!(
        (group.size.min, group.size.max, owed(&group.tags)),
        (1, 4, vec![])
    );
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_service_on_a_group_of_another_name_comes_to_the_pair_and_leaves_its_own_behind() {
    let policy = pair();
    let mut estate = rich();
    estate.groups[0].name = asg(7);
    estate.taken.groups = [asg(7)].into();
    let world = World::new(estate);
    bring_in(&world, "42", &policy).await;
    assert_eq!(serving(&world, &policy), asg(1));
    bring_in(&world, "43", &policy).await;
    assert_eq!(serving(&world, &policy), asg(2));
    must(&world, &Intent::Retire { generation: None }, &policy).await;
    assert_eq!(
        groups(&world),
        [asg(1), asg(2)],
        "what is none of the two is removed"
    );
    is_free(&world, &asg(1));
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn whoever_has_the_pair_can_go_back_to_groups_of_their_own() {
    let world = World::new(rich());
    bring_in(&world, "42", &pair()).await;
    bring_in(&world, "43", &pair()).await;
    bring_in(&world, "44", &quick()).await;
    assert_eq!(serving(&world, &quick()), asg(4));
    must(&world, &Intent::Retire { generation: None }, &quick()).await;
    assert_eq!(groups(&world), [asg(4)]);
    nothing_broken(&world);
}
