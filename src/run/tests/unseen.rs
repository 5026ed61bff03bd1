//! What a plan needs and could not be seen for a moment: nothing is refused for it that would not be refused anyway.

use tokio::time::{Instant, sleep};

use super::gradual::{canary, reached, weight, with_candidate};
use super::*;
use crate::model::estate::{Gap, Part};
use crate::model::event::Ended;
use crate::model::shift::Wait;
use crate::run::look_to_plan;

const MINUTE: Duration = Duration::from_secs(60);
/// For how long a run may go on that was asked to stop.
pub(super) const AT_ONCE: Duration = Duration::from_secs(5);
/// Without these nobody can tell whose anything is.
pub(super) const TAGS: [Part; 2] = [Part::RuleTags, Part::TargetGroupTags];

/// From now on these tags are throttled.
pub(super) fn throttle(world: &World, part: Part) {
    world.vary(|estate| {
        estate.gaps.push(Gap {
            part,
            about: "shop".into(),
            error: "DescribeTags did not answer for now: Throttling".into(),
            denied: false,
            passes: true,
        });
    });
}

fn hide(world: &World, denied: bool) {
    world.vary(|estate| {
        estate.gaps.push(Gap {
            part: Part::Attachments,
            about: "asg-1".into(),
            error: "no answer for now".into(),
            denied,
            passes: !denied,
        });
    });
}

/// How long it is looked for a plan, and whether there is one then.
async fn looked(world: &World, intent: &Intent) -> (Duration, bool) {
    let (policy, began) = (quick(), Instant::now());
    let estate = look_to_plan(world, &scope(), intent, &policy).await;
    let estate = estate.expect("it answers");
    (began.elapsed(), plan::plan(&estate, intent, &policy).is_ok())
}

#[tokio::test(start_paused = true)]
async fn what_a_plan_needs_is_looked_for_again_as_long_as_it_may_be_seen_soon() {
    let (soon, never) = (MINUTE, MINUTE * 60);
    let waits = MINUTE * 3;
    for (after, denied, intent, expected) in [
        (soon, false, deploy("42"), (soon..soon + MINUTE, true)),
        (never, false, deploy("42"), (waits..waits + MINUTE, false)),
        // What may not be seen, what is not needed, and what is refused anyway.
        (never, true, deploy("42"), (Duration::ZERO..MINUTE, false)),
        (never, false, Intent::Repair, (Duration::ZERO..MINUTE, true)),
        (never, false, Intent::Promote, (Duration::ZERO..MINUTE, false)),
    ] {
        let world = World::new(rich());
        hide(&world, denied);
        let (looking, mut seen) = (looked(&world, &intent), false);
        tokio::pin!(looking);
        let (took, planned) = loop {
            tokio::select! {
                biased;
                found = &mut looking => break found,
                () = sleep(after), if !seen => {
                    seen = true;
                    world.vary(|estate| estate.gaps.clear());
                }
            }
        };
        let (within, plans) = expected;
        assert!(within.contains(&took), "{}: {took:?}", intent.word());
        assert_eq!(planned, plans, "{}", intent.word());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_seen_for_a_moment_under_the_lock_does_not_end_a_command() {
    let (world, policy) = (World::new(rich()), quick());
    let began = Instant::now();
    let hidden = async {
        while world.tried() == 0 {
            sleep(Duration::from_millis(10)).await;
        }
        hide(&world, false);
        sleep(MINUTE).await;
        world.vary(|estate| estate.gaps.clear());
    };
    let intent = deploy("42");
    tokio::join!(must(&world, &intent, &policy), hidden);
    assert!(began.elapsed() >= MINUTE, "{:?}", began.elapsed());
    nothing_broken(&world);
    no_lock(&world);
}

#[tokio::test(start_paused = true)]
async fn whoever_sees_nothing_under_the_lock_stops_before_the_first_step_when_asked_to() {
    for part in TAGS {
        let (world, policy, intent) = (World::new(rich()), quick(), deploy("42"));
        let before = shape(&world.now());
        let (stopper, interrupt) = Interrupt::pair();
        let (scope, began) = (scope(), Instant::now());
        let job = script::job(&world, &scope, &intent, true, interrupt, &script::Nobody);
        let estate = world.now();
        let plan = plan::plan(&estate, &intent, &policy).expect("a plan");
        // The lock is taken by what was seen before.
        throttle(&world, part);
        let stops = async {
            sleep(MINUTE).await;
            stopper.stop(Signal::Interrupt);
        };
        let mut listen = Listen::default();
        let (verdict, ()) = tokio::join!(carry_out(&job, &plan, &estate, &mut listen), stops);
        let took = began.elapsed();
        assert_eq!(
            (verdict.code, verdict.ended),
            (130, Ended::Interrupted),
            "{part:?}: {verdict:#?}"
        );
        assert!((MINUTE..MINUTE + AT_ONCE).contains(&took), "{part:?}: {took:?}");
        let lock = format!("create :80 rule {}", fixtures::LOCK);
        let (of_the_lock, others): (Vec<String>, Vec<String>) = world
            .changes()
            .into_iter()
            .partition(|change| *change == lock || change.contains(" rule-80-1-"));
        assert!(of_the_lock.contains(&lock), "it was never under the lock");
        assert_eq!(others, Vec::<String>::new());
        assert_eq!(shape(&world.now()), before);
        no_lock(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_sees_nothing_while_a_share_bakes_stops_when_asked_to_and_the_share_stays() {
    for part in TAGS {
        let policy = canary(&[(5, Wait::Bake(MINUTE * 10))]);
        let world = with_candidate(&policy).await;
        let (stopper, interrupt) = Interrupt::pair();
        let (scope, intent) = (scope(), Intent::Promote);
        let job = script::job(&world, &scope, &intent, true, interrupt, &script::Nobody);
        let estate = world.now();
        let plan = plan::plan(&estate, &intent, &policy).expect("a plan");
        let stops = async {
            while reached(&world).is_none() {
                sleep(Duration::from_secs(1)).await;
            }
            sleep(MINUTE).await;
            throttle(&world, part);
            // Less than it looks for it, and longer than until the next look.
            sleep(MINUTE).await;
            stopper.stop(Signal::Interrupt);
            Instant::now()
        };
        let mut listen = Listen::default();
        let (verdict, asked) = tokio::join!(carry_out(&job, &plan, &estate, &mut listen), stops);
        let took = asked.elapsed();
        assert_eq!(
            (verdict.code, verdict.ended),
            (130, Ended::Interrupted),
            "{part:?}: {verdict:#?}"
        );
        assert!(took < AT_ONCE, "{part:?}: {took:?}");
        assert_eq!(weight(&world), Some(5));
        no_lock(&world);
    }
}
