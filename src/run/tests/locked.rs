//! Somebody else's lock: who has it is told, and it is waited for as long as one may.

use tokio::time::{Instant, sleep};

use super::*;
use crate::model::event::Ended;
use crate::model::lock::Holder;

/// Held by somebody who has said so long ago that they are alive: they are believed for three minutes.
fn held(ago: Duration) -> World {
    let mut estate = rich();
    let holder = Holder {
        beat: jiff::Timestamp::now() - ago,
        ..fixtures::holder()
    };
    fixtures::add_rule(&mut estate, fixtures::lock_rule(&holder, fixtures::closed(404)));
    World::new(estate)
}

/// How a deploy ends that waits so long for the lock, and may take so long itself; and how long that took.
async fn deployed(world: &World, wait: Duration, timeout: Option<Duration>) -> (Verdict, Duration) {
    stopped(world, wait, timeout, None).await
}

/// The same of one that is interrupted after so long, unless it has ended by then.
async fn stopped(
    world: &World,
    wait: Duration,
    timeout: Option<Duration>,
    after: Option<Duration>,
) -> (Verdict, Duration) {
    let (stopper, interrupt) = Interrupt::pair();
    let (scope, intent, began) = (scope(), deploy("42"), Instant::now());
    let mut job = script::job(world, &scope, &intent, true, interrupt, &script::Nobody);
    job.lock.wait = wait;
    job.timeout = timeout;
    let estate = world.now();
    let plan = plan::plan(&estate, &intent, &quick()).expect("a plan");
    let stops = async {
        if let Some(after) = after {
            sleep(after).await;
            stopper.stop(Signal::Interrupt);
        }
    };
    let mut listen = Listen::default();
    let (verdict, ()) = tokio::join!(carry_out(&job, &plan, &estate, &mut listen), stops);
    (verdict, began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_second_is_told_who_holds_the_lock_after_no_more_time_than_they_have() {
    let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
    for (wait, timeout, within) in [
        (Duration::ZERO, None, Duration::ZERO..second * 5),
        (minute, None, minute..minute + second * 5),
        (minute, Some(second * 20), second * 20..second * 25),
        (second * 20, Some(minute), second * 20..second * 25),
    ] {
        let world = held(Duration::ZERO);
        let (verdict, took) = deployed(&world, wait, timeout).await;
        assert_eq!(verdict.code, 7, "{verdict:#?}");
        assert!(verdict.summary.contains("ci on runner-7"), "{}", verdict.summary);
        assert!(within.contains(&took), "{wait:?} of {timeout:?}: {took:?}");
        assert_eq!(world.changes(), Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_has_no_time_left_takes_no_lock_over() {
    let (second, world) = (Duration::from_secs(1), held(Duration::from_secs(600)));
    let (verdict, took) = deployed(&world, Duration::ZERO, Some(second * 20)).await;
    assert_eq!(verdict.code, 4, "{verdict:#?}");
    assert!((second * 20..second * 25).contains(&took), "{took:?}");
    assert_eq!(world.changes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn whoever_is_interrupted_while_they_wait_leaves_the_lock_to_its_holder() {
    let (second, world) = (Duration::from_secs(1), held(Duration::ZERO));
    let (verdict, took) = stopped(&world, second * 60, None, Some(second * 20)).await;
    assert_eq!(
        (verdict.code, verdict.ended),
        (130, Ended::Interrupted),
        "{verdict:#?}"
    );
    assert!((second * 20..second * 25).contains(&took), "{took:?}");
    assert_eq!(world.changes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_lock_whose_making_was_not_answered_keeps_nobody_out_once_nobody_waits_for_it() {
    let second = Duration::from_secs(1);
    for (timeout, after, expected) in [
        (Some(second), None, (4, Ended::Failed)),
        (None, Some(second), (130, Ended::Interrupted)),
    ] {
        let world = World::new(rich());
        world.order(Some((0, Fault::LoseAnswer)));
        let (verdict, took) = stopped(&world, Duration::ZERO, timeout, after).await;
        assert_eq!((verdict.code, verdict.ended), expected, "{verdict:#?}");
        assert!((second..second * 5).contains(&took), "{took:?}");
        no_lock(&world);
        let changes = world.changes();
        let [made, gone] = &changes[..] else {
            panic!("{changes:#?}")
        };
        assert_eq!(*made, format!("create :80 rule {}", fixtures::LOCK));
        assert!(gone.starts_with("delete rule-80-"), "{gone}");
    }
}
