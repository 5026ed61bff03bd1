//! What a plan needs and could not be seen for a moment: nothing is refused for it that would not be refused anyway.

use tokio::time::{Instant, sleep};

use super::*;
use crate::model::estate::{Gap, Part};
use crate::run::look_to_plan;

const MINUTE: Duration = Duration::from_secs(60);

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
