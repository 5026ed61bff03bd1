//! What holds for any estate, any policy and any sequence of commands that nobody interrupts.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::estates::{Case, case};
use super::moves::{Move, commands};
use super::*;
use crate::cases::cases;
use crate::model::obligation::HELD_PROCESS;
use crate::model::policy::Strategy as Kind;
use crate::model::tags;

/// Virtual time: soaks and timeouts take as long as they ask for, and no time at all.
pub(super) fn in_virtual_time<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(work)
}

/// Runs a command that may be refused; says its exit code.
pub(super) async fn attempt(world: &World, intent: &Intent, policy: &Policy) -> Option<u8> {
    let estate = world.now();
    let planned = plan::plan(&estate, intent, policy).ok()?;
    let breaches = plan::tests::order::breaches(&estate, &planned);
    assert!(breaches.is_empty(), "{}: {breaches:#?}", planned.summary);
    let verdict = run(world, intent, policy, true).await.expect("nobody killed it");
    // The plan of a direct deploy cannot name the doors that it makes on its way: whoever gave it stays for them. No
    // other command may leave any.
    let direct = policy.strategy == Kind::Direct && matches!(intent, Intent::Deploy { .. });
    let left = Roles::of(&world.now(), policy).is_ok_and(|roles| roles.has_left_doors());
    if verdict.code == 0 && direct && left {
        must(world, &Intent::Repair, policy).await;
    }
    Some(verdict.code)
}

/// Every production rule sends everything to the one generation that is live.
fn one_generation_serves(
    world: &World,
    policy: &Policy,
    routes: &[crate::model::ids::Arn],
) -> Result<(), TestCaseError> {
    let estate = world.now();
    let live = tg(live(world, policy));
    for arn in routes {
        let rule = estate.rule(arn).expect("a route is never removed");
        prop_assert_eq!(rule.action.only_target(), Some(&live), "{}", rule.at());
    }
    Ok(())
}

fn capacity_of(world: &World, generation: u32) -> u32 {
    let estate = world.now();
    let mut groups = estate.groups.iter();
    groups
        .find(|group| group.generation == Some(Generation(generation)))
        .map_or(0, |group| group.size.desired)
}

/// When nothing is in progress, nothing is owed and schedules are as their owner left them.
fn nothing_is_left_over(world: &World, policy: &Policy, off_before: bool) -> Result<(), TestCaseError> {
    let estate = world.now();
    let roles = Roles::of(&estate, policy).expect("roles");
    let led = roles.user_doors.len();
    prop_assert!(
        roles.candidate.is_some() || led == 0,
        "{led} doors of some of the users, and no candidate"
    );
    if roles.candidate.is_some() || roles.previous.is_some() {
        return Ok(());
    }
    // Live stays held for a while after a swing, where that is configured.
    let held = (!policy.swing.hold.is_zero())
        .then(|| roles.live.group.clone())
        .flatten();
    for group in estate.vacant() {
        prop_assert_eq!(owed(&group.tags), vec![], "{} is free, and owes", group.name);
        prop_assert!(group.instances.is_empty() && group.target_groups.is_empty());
    }
    for group in estate
        .groups
        .iter()
        .filter(|group| group.generation.is_some())
        .filter(|group| tags::owned_by(&group.tags, &estate.app) && held.as_ref() != Some(&group.name))
    {
        prop_assert_eq!(owed(&group.tags), vec![], "{} still owes", group.name);
        prop_assert_eq!(
            group.suspended.contains_key(HELD_PROCESS),
            off_before,
            "schedules of {}",
            group.name
        );
    }
    Ok(())
}

/// Doing it again does nothing.
fn it_is_done(world: &World, intent: &Intent, policy: &Policy) -> Result<(), TestCaseError> {
    match plan::plan(&world.now(), intent, policy) {
        Ok(plan) => {
            let left: Vec<String> = plan.steps.iter().map(|step| step.title()).collect();
            prop_assert_eq!(left, Vec::<String>::new(), "{} again", intent.word());
        }
        Err(refusal) => prop_assert!(false, "{} again: {}", intent.word(), refusal),
    }
    Ok(())
}

pub(super) fn unbroken(world: &World) -> Result<(), TestCaseError> {
    let broken = world.broken.lock().expect("not poisoned").clone();
    prop_assert!(broken.is_empty(), "{:#?}", broken);
    Ok(())
}

async fn lives_through(case: &Case, moves: &[Move]) -> Result<(), TestCaseError> {
    let policy = case.policy();
    let world = case.world();
    let routes: Vec<_> = Roles::of(&world.now(), &policy)
        .map_err(|reasons| TestCaseError::fail(format!("{reasons:?}")))?
        .routes
        .iter()
        .map(|rule| rule.arn.clone())
        .collect();
    for (at, one) in moves.iter().enumerate() {
        let intent = match one {
            Move::Run(intent) => intent,
            other => {
                other.happens(&world, &policy);
                continue;
            }
        };
        let before = live(&world, &policy);
        let capacity = capacity_of(&world, before);
        let Some(code) = attempt(&world, intent, &policy).await else {
            continue;
        };
        let ill = !world.sick.lock().expect("not poisoned").is_empty();
        prop_assert!(
            code == 0 || (code == 4 && ill),
            "{at}: {} ended with {code}",
            intent.word()
        );
        one_generation_serves(&world, &policy, &routes)?;
        unbroken(&world)?;
        let now = live(&world, &policy);
        prop_assert!(
            now == before || capacity_of(&world, now) >= capacity,
            "production was swung from {capacity} to less"
        );
        if code == 0 {
            it_is_done(&world, intent, &policy)?;
            nothing_is_left_over(&world, &policy, case.schedules_were_off())?;
        } else {
            prop_assert_eq!(live(&world, &policy), before, "it failed, and production moved");
        }
        if matches!(intent, Intent::Abort | Intent::Retire { .. } | Intent::Repair) {
            prop_assert_eq!(
                live(&world, &policy),
                before,
                "{} moved production",
                intent.word()
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn any_life_of_any_estate_keeps_production_served_and_leaves_nothing_behind(
        case in case(),
        moves in vec(commands(), 1..10),
    ) {
        in_virtual_time(lives_through(&case, &moves))?;
    }

    #[test]
    fn the_same_estate_always_gives_the_same_plan(
        case in case(),
        intent in select(vec![deploy("a"), deploy("b"), Intent::Promote, rollback(), Intent::Abort, Intent::Repair]),
    ) {
        let (estate, policy) = (case.estate(), case.policy());
        let first = plan::plan(&estate, &intent, &policy);
        prop_assert_eq!(&first, &plan::plan(&estate, &intent, &policy));
        if let Ok(plan) = first {
            let saved = serde_json::to_string(&plan).expect("it serialises");
            let read: crate::model::plan::Plan = serde_json::from_str(&saved).expect("and back");
            prop_assert_eq!(read, plan);
        }
    }
}
