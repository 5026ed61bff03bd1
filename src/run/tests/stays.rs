//! Staying for what a swing leaves to be done.

use tokio::time::{Instant, sleep};

use super::unseen::{AT_ONCE, TAGS, throttle};
use super::*;
use crate::model::plan::Plan;
use crate::model::policy::Swing;
use crate::run::{Stayed, stay};

#[tokio::test(start_paused = true)]
async fn what_falls_due_while_everything_is_being_looked_at_is_done_as_well() {
    let slow = Duration::from_secs(6);
    let policy = Policy {
        swing: Swing {
            hold: Duration::from_secs(60),
            ..quick().swing
        },
        ..quick()
    };
    for early in 0..=12 {
        let world = World::new(rich());
        must(&world, &deploy("42"), &policy).await;
        must(&world, &Intent::Promote, &policy).await;
        let held = |world: &World| !owed(&world.now().group(&asg(2)).expect("there").tags).is_empty();
        assert!(held(&world), "for a minute");
        *world.slow.lock().expect("not poisoned") = slow;
        sleep(policy.swing.hold - Duration::from_secs(early)).await;
        let found = world.now();
        let done = plan::plan(&found, &Intent::Promote, &policy).expect("nothing to do");
        let (_stopper, interrupt) = Interrupt::pair();
        let finish = async |_: Plan, _: Estate| {
            let verdict = run(&world, &Intent::Repair, &policy, true).await;
            verdict.expect("nobody killed it").code
        };
        let stayed = stay(&world, &scope(), (&done, &found), &interrupt, |_| {}, finish).await;
        assert!(matches!(stayed, Stayed::Done), "{stayed:?}");
        assert!(!held(&world), "{early} s before it was due");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_stays_and_sees_nothing_may_leave_at_any_time() {
    let minute = Duration::from_secs(60);
    let policy = Policy {
        swing: Swing {
            hold: minute * 10,
            ..quick().swing
        },
        ..quick()
    };
    for part in TAGS {
        let world = World::new(rich());
        must(&world, &deploy("42"), &policy).await;
        must(&world, &Intent::Promote, &policy).await;
        let found = world.now();
        let done = plan::plan(&found, &Intent::Promote, &policy).expect("nothing to do");
        throttle(&world, part);
        let (stopper, interrupt) = Interrupt::pair();
        let (scope, began) = (scope(), Instant::now());
        let finish = async |_: Plan, _: Estate| 0_u8;
        let staying = stay(&world, &scope, (&done, &found), &interrupt, |_| {}, finish);
        let stops = async {
            sleep(minute).await;
            stopper.stop(Signal::Interrupt);
        };
        let (stayed, ()) = tokio::join!(staying, stops);
        let took = began.elapsed();
        assert_eq!(stayed, Stayed::Interrupted(Signal::Interrupt), "{part:?}");
        assert!((minute..minute + AT_ONCE).contains(&took), "{part:?}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_interrupts_at_the_end_of_a_run_hears_whether_anything_is_left() {
    for (hold, expected) in [
        (Duration::ZERO, Stayed::Done),
        (Duration::from_secs(600), Stayed::Interrupted(Signal::Terminate)),
    ] {
        let policy = Policy {
            swing: Swing {
                hold,
                ..quick().swing
            },
            ..quick()
        };
        let world = World::new(rich());
        must(&world, &deploy("42"), &policy).await;
        must(&world, &Intent::Promote, &policy).await;
        let found = world.now();
        let done = plan::plan(&found, &Intent::Promote, &policy).expect("nothing to do");
        let (stopper, interrupt) = Interrupt::pair();
        stopper.stop(Signal::Terminate);
        let finish = async |_: Plan, _: Estate| 0_u8;
        let stayed = stay(&world, &scope(), (&done, &found), &interrupt, |_| {}, finish).await;
        assert_eq!(stayed, expected, "held for {hold:?}");
    }
}
