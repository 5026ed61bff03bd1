//! What must not run twice is stopped, then started, on a cloud in memory: whoever dies in between.

use super::*;
use crate::model::event::Ended;
use crate::model::obligation;
use crate::model::refusal::Reason;

pub(super) fn recreate() -> Policy {
    let mut policy = quick();
    policy.strategy = Strategy::Recreate;
    policy.doors = None;
    policy
}

pub(super) fn world() -> World {
    let mut estate = rich();
    // Without doors they are routes as any other.
    estate.listeners[0]
        .rules
        .retain(|rule| rule.priority == Priority::Default || rule.priority == Priority::Numbered(40));
    let world = World::new(estate);
    *world.one_at_a_time.lock().expect("not poisoned") = true;
    world
}

async fn did(world: &World, intent: &Intent, policy: &Policy) -> Verdict {
    run(world, intent, policy, true).await.expect("nobody killed it")
}

/// Only this generation runs, as large as it was, and nothing more is owed on it.
fn runs(world: &World, n: u32) {
    let policy = recreate();
    assert_eq!(live(world, &policy), n);
    let estate = world.now();
    let group = estate.group(&asg(n)).expect("it exists");
    assert_eq!((group.size.min, group.size.desired, group.size.max), (1, 2, 4));
    assert_eq!(owed(&group.tags), []);
    for other in estate.groups.iter().filter(|group| group.name != asg(n)) {
        assert!(obligation::is_stopped(other), "{} is not stopped", other.name);
    }
    no_lock(world);
    nothing_broken(world);
}

#[tokio::test(start_paused = true)]
async fn a_release_comes_when_live_has_gone_and_goes_again_the_same_way() {
    let policy = recreate();
    let world = world();
    let plan = plan::plan(&world.now(), &deploy("42"), &policy).expect("a plan");
    let downtime = plan
        .steps
        .iter()
        .position(|step| step.title().starts_with("downtime begins"));
    let built = plan
        .steps
        .iter()
        .position(|step| step.title().starts_with("create asg-2"));
    assert!(
        built < downtime,
        "everything that can be is made before: {:#?}",
        plan.steps
    );
    assert!(
        plan.notes[0]
            .text
            .starts_with("downtime: nobody answers from when asg-1 is stopped until asg-2")
    );
    must(&world, &deploy("42"), &policy).await;
    runs(&world, 2);
    must(&world, &deploy("42"), &policy).await;
    must(&world, &rollback(), &policy).await;
    runs(&world, 1);
    must(&world, &rollback(), &policy).await;
    must(&world, &Intent::Abort, &policy).await;
    assert!(world.now().group(&asg(2)).is_none());
    runs(&world, 1);
    must(&world, &deploy("43"), &policy).await;
    must(&world, &Intent::Retire { generation: None }, &policy).await;
    // The number of what was removed is not used again.
    runs(&world, 3);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_up_makes_room_again_for_what_ran_before() {
    let policy = recreate();
    let world = world();
    world.sick.lock().expect("not poisoned").push(tg(2));
    let verdict = did(&world, &deploy("42"), &policy).await;
    assert_eq!(
        (verdict.code, verdict.ended),
        (5, Ended::SwungBack),
        "{verdict:#?}"
    );
    assert!(
        verdict.summary.contains("what ran before was started again"),
        "{verdict:#?}"
    );
    assert!(
        verdict
            .reasons
            .iter()
            .any(|reason| reason.starts_with("nobody answered from")),
        "{verdict:#?}"
    );
    runs(&world, 1);
    must(&world, &Intent::Abort, &policy).await;
    runs(&world, 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_dies_at_any_call_is_followed_by_the_release_or_by_what_ran_before() {
    for fault in [
        Fault::DieBefore,
        Fault::DieAfter,
        Fault::LoseAnswer,
        Fault::Throttle,
    ] {
        for onward in [deploy("42"), rollback()] {
            for at in 0.. {
                let policy = recreate();
                let world = world();
                world.order(Some((at, fault)));
                let first = run(&world, &deploy("42"), &policy, false).await;
                if world.tried() <= at {
                    break;
                }
                world.order(None);
                let estate = world.now();
                let roles = Roles::of(&estate, &policy).expect("roles");
                let begun = roles.candidate.is_some() || roles.live.generation != Generation(1);
                if onward == rollback() && (!begun || first.is_some_and(|verdict| verdict.code == 0)) {
                    continue;
                }
                let verdict = did(&world, &onward, &policy).await;
                assert_eq!(
                    verdict.code,
                    0,
                    "{fault:?} at call {at}, then {}: {verdict:#?}",
                    onward.word()
                );
                runs(&world, if onward == rollback() { 1 } else { 2 });
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_way_back_that_dies_at_any_call_is_finished_by_the_next() {
    for fault in [Fault::DieBefore, Fault::DieAfter, Fault::LoseAnswer] {
        for at in 0.. {
            let policy = recreate();
            let world = world();
            must(&world, &deploy("42"), &policy).await;
            world.order(Some((at, fault)));
            let _ = run(&world, &rollback(), &policy, false).await;
            if world.tried() <= at {
                break;
            }
            world.order(None);
            let verdict = did(&world, &rollback(), &policy).await;
            assert_eq!(verdict.code, 0, "{fault:?} at call {at}: {verdict:#?}");
            runs(&world, 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_stopped_in_the_downtime_says_that_nobody_answers() {
    let policy = recreate();
    let world = world();
    world.sick.lock().expect("not poisoned").push(tg(2));
    let (stopper, interrupt) = Interrupt::pair();
    let scope = scope();
    let job = script::job(&world, &scope, &deploy("42"), true, interrupt, &script::Nobody);
    let estate = world.now();
    let plan = plan::plan(&estate, &deploy("42"), &policy).expect("a plan");
    let mut listen = Listen::default();
    let stops = async {
        while !obligation::is_stopped(world.now().group(&asg(1)).expect("asg-1")) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
        stopper.stop(Signal::Terminate);
    };
    let (verdict, ()) = tokio::join!(carry_out(&job, &plan, &estate, &mut listen), stops);
    assert_eq!(verdict.code, 143, "{verdict:#?}");
    assert!(
        verdict
            .summary
            .starts_with("production is stopped, and nobody answers"),
        "{verdict:#?}"
    );
    assert!(
        verdict
            .truth
            .contains(&"nobody answers: asg-1 is stopped".to_owned()),
        "{verdict:#?}"
    );
    // Taking it away would leave nobody; neither may anybody share production with it.
    let why = |intent: &Intent| {
        let refusal = plan::plan(&world.now(), intent, &policy).expect_err(intent.word());
        refusal.reasons
    };
    let half_way = Reason::PromotionHalfWay {
        generation: Generation(2),
    };
    assert_eq!(why(&Intent::Abort), [half_way]);
    for other in [Intent::Promote, Intent::Shift { percent: 5 }] {
        let reasons = why(&other);
        assert!(
            matches!(
                &reasons[..],
                [Reason::NotWithStrategy { command, strategy: Strategy::Recreate, .. }]
                    if command == other.word()
            ),
            "{reasons:?}"
        );
    }
    must(&world, &rollback(), &policy).await;
    runs(&world, 1);
}

#[tokio::test(start_paused = true)]
async fn a_way_back_to_what_does_not_come_up_needs_a_person_who_is_told_that_nobody_answers() {
    let policy = recreate();
    let world = world();
    must(&world, &deploy("42"), &policy).await;
    world.sick.lock().expect("not poisoned").push(tg(1));
    let verdict = did(&world, &rollback(), &policy).await;
    assert_eq!((verdict.code, verdict.ended), (6, Ended::Stopped), "{verdict:#?}");
    assert!(
        verdict.summary.starts_with("production is stopped"),
        "{verdict:#?}"
    );
    let refusal = plan::plan(&world.now(), &deploy("43"), &policy).expect_err("refused");
    assert!(
        refusal
            .to_string()
            .contains("a rollback to generation 1 is half way"),
        "{refusal}"
    );
    world.sick.lock().expect("not poisoned").clear();
    must(&world, &rollback(), &policy).await;
    runs(&world, 1);
}

#[tokio::test(start_paused = true)]
async fn only_this_strategy_stops_what_serves() {
    for strategy in [Strategy::Preview, Strategy::Direct] {
        let policy = Policy {
            strategy,
            ..recreate()
        };
        let plan = plan::plan(&world().now(), &deploy("42"), &policy).expect("a plan");
        let titles: Vec<String> = plan.steps.iter().map(|step| step.title()).collect();
        assert!(
            titles.iter().all(|title| !title.contains("downtime")),
            "{titles:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn production_is_told_as_stopped_only_when_it_is() {
    let policy = recreate();
    let calls = {
        let world = world();
        must(&world, &deploy("42"), &policy).await;
        world.tried()
    };
    let mut told = 0;
    for at in 0..calls {
        let world = world();
        world.order(Some((at, Fault::Deny)));
        let verdict = did(&world, &deploy("42"), &policy).await;
        let stopped = obligation::is_stopped(world.now().group(&asg(1)).expect("it exists"));
        let estate = world.now();
        let started = Roles::of(&estate, &policy)
            .is_ok_and(|roles| !roles.halfway && roles.live.generation == Generation(2));
        let says =
            verdict.summary.contains("stopped") || verdict.reasons.concat().contains("nobody answered");
        assert!(!says || stopped, "denied from call {at} on: {verdict:#?}");
        assert!(stopped || started || verdict.code == 4, "{at}: {verdict:#?}");
        told += u32::from(says);
    }
    assert!(told > 0, "production was never stopped");
}
