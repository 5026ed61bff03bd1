//! Somebody else's lock: who has it is told, and it is waited for as long as one may.

use tokio::time::Instant;

use super::*;
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
    let (_stopper, interrupt) = Interrupt::pair();
    let (scope, intent, began) = (scope(), deploy("42"), Instant::now());
    let mut job = script::job(world, &scope, &intent, true, interrupt, &script::Nobody);
    job.lock.wait = wait;
    job.timeout = timeout;
    let estate = world.now();
    let plan = plan::plan(&estate, &intent, &quick()).expect("a plan");
    let verdict = carry_out(&job, &plan, &estate, &mut Listen::default()).await;
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
