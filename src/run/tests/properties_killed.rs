//! What holds when a command is cut off anywhere: it can be taken back, and it can be gone on with.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Strategy, *};
use proptest::sample::select;

use super::estates::{Case, case};
use super::moves::intents;
use super::properties::{attempt, in_virtual_time, unbroken};
use super::*;
use crate::cases::cases;
use crate::model::refusal::Reason;
use crate::model::tags;
use crate::run::world::Fault;

/// Everything that can happen to a call.
fn hits() -> impl Strategy<Value = Fault> {
    prop_oneof![4 => faults(), 1 => Just(Fault::Deny)]
}

/// What passes, and what a process does not survive.
fn faults() -> impl Strategy<Value = Fault> {
    select(vec![
        Fault::DieBefore,
        Fault::DieAfter,
        Fault::LoseAnswer,
        Fault::Throttle,
    ])
}

/// A copy to try the other way on.
fn fork(world: &World) -> World {
    let copy = World::new(world.now());
    *copy.want.lock().expect("not poisoned") = *world.want.lock().expect("not poisoned");
    copy
}

/// Whether there is something to take back, and not only the release before.
fn has_begun(world: &World, policy: &Policy, before: u32) -> bool {
    Roles::of(&world.now(), policy)
        .is_ok_and(|roles| roles.candidate.is_some() || roles.live.generation.0 != before || roles.halfway)
}

async fn can_be_taken_back(world: &World, policy: &Policy, before: u32) -> Result<(), TestCaseError> {
    let removes = policy.after_promotion.previous == Treatment::Retire;
    if !has_begun(world, policy, before) {
        return Ok(());
    }
    match plan::plan(&world.now(), &rollback(), policy) {
        Ok(_) => {
            let code = attempt(world, &rollback(), policy).await;
            prop_assert_eq!(code, Some(0), "rollback");
            prop_assert_eq!(live(world, policy), before, "rolled back to another generation");
        }
        // The way back was removed as configured.
        Err(refusal) => prop_assert!(
            removes
                && refusal
                    .reasons
                    .iter()
                    .all(|reason| matches!(reason, Reason::NoPrevious | Reason::NoGroup { .. })),
            "{refusal}"
        ),
    }
    unbroken(world)
}

async fn cut_off(
    case: &Case,
    earlier: &[Intent],
    last: &Intent,
    at: usize,
    fault: Fault,
) -> Result<(), TestCaseError> {
    let policy = case.policy();
    let world = case.world();
    for intent in earlier {
        attempt(&world, intent, &policy).await;
    }
    let before = live(&world, &policy);
    let clean = fork(&world);
    if attempt(&clean, last, &policy).await.is_none() {
        return Ok(());
    }
    let expected = shape(&clean.now());

    world.order(Some((at, fault)));
    let _ = run(&world, last, &policy, false).await;
    world.order(None);
    unbroken(&world)?;

    let other_way = fork(&world);
    if matches!(last, Intent::Deploy { .. } | Intent::Promote) {
        can_be_taken_back(&other_way, &policy, before).await?;
    }
    let code = attempt(&world, last, &policy).await;
    prop_assert_eq!(
        code,
        Some(0),
        "{} again after call {}: {:?}",
        last.word(),
        at,
        world.changes().last()
    );
    prop_assert_eq!(
        shape(&world.now()),
        expected,
        "{} again after call {}",
        last.word(),
        at
    );
    unbroken(&world)
}

/// Any commands, each perhaps hit by something, and then the ones that clean up.
async fn cleaned_up(case: &Case, hits: &[(Intent, Option<(usize, Fault)>)]) -> Result<(), TestCaseError> {
    let policy = case.policy();
    let world = case.world();
    for (intent, hit) in hits {
        world.order(*hit);
        if plan::plan(&world.now(), intent, &policy).is_ok() {
            let _ = run(&world, intent, &policy, false).await;
        }
        unbroken(&world)?;
    }
    world.order(None);
    let retire = Intent::Retire { generation: None };
    let unfinished = plan::plan(&world.now(), &retire, &policy).is_err();
    let back = unfinished.then(rollback);
    for intent in back.iter().chain([&Intent::Abort, &retire, &Intent::Repair]) {
        // What was begun behind a door that is still open finishes first.
        tokio::time::sleep(policy.grace().unwrap_or_default()).await;
        let code = attempt(&world, intent, &policy).await;
        prop_assert_eq!(
            code,
            Some(0),
            "{} to clean up: {:?}",
            intent.word(),
            world.changes().last()
        );
        unbroken(&world)?;
    }
    only_live_is_left(&world, &policy)
}

fn only_live_is_left(world: &World, policy: &Policy) -> Result<(), TestCaseError> {
    let estate = world.now();
    let live = Roles::of(&estate, policy)
        .ok()
        .and_then(|roles| roles.live.group)
        .expect("live has a group");
    for group in estate
        .groups
        .iter()
        .filter(|group| tags::owned_by(&group.tags, &estate.app))
    {
        if tags::is_vacant(&group.tags, &estate.app) {
            prop_assert!(policy.names.keeps(&group.name), "{} was left behind", group.name);
            prop_assert_eq!(group.size.max, 0, "{} is free", group.name);
            prop_assert_eq!(owed(&group.tags), vec![], "{} still owes", group.name);
            continue;
        }
        prop_assert_eq!(&group.name, &live, "it was left behind");
        if policy.swing.hold.is_zero() {
            prop_assert_eq!(owed(&group.tags), vec![], "{} still owes", group.name);
        }
    }
    for rule in estate.rules() {
        let kind = rule.tags.get(tags::RULE).map(String::as_str);
        prop_assert!(
            !matches!(kind, Some("lock" | "entrance" | "users")),
            "{} was left behind",
            rule.at()
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_command_that_is_cut_off_anywhere_can_be_taken_back_and_gone_on_with(
        case in case(),
        earlier in vec(intents(), 0..6),
        last in intents(),
        at in 0_usize..40,
        fault in faults(),
    ) {
        in_virtual_time(cut_off(&case, &earlier, &last, at, fault))?;
    }

    #[test]
    fn whatever_was_cut_off_can_be_cleaned_up(
        case in case(),
        hits in vec((intents(), option::weighted(0.5, (0_usize..30, hits()))), 1..7),
    ) {
        in_virtual_time(cleaned_up(&case, &hits))?;
    }
}
