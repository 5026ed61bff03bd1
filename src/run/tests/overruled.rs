//! What somebody else decides between a watch that has seen enough and the lock that it waits for.

use tokio::time::sleep;

use super::gradual::{MINUTE, canary, meanwhile, reached, weight, with_candidate};
use super::hooks::{failing, hooked};
use super::script::{Script, heard};
use super::*;
use crate::model::estate::{Estate, TargetState};
use crate::model::event::Ended;
use crate::model::hook::Place;
use crate::model::lock::Holder;
use crate::model::shift::{Held, Reached, Wait};
use crate::model::tags;

/// Somebody is at work, who is heard of now.
fn busy(world: &World, estate: &mut Estate) {
    let holder = Holder {
        since: world.time(),
        beat: world.time(),
        ..fixtures::holder()
    };
    fixtures::add_rule(estate, fixtures::lock_rule(&holder, fixtures::closed(404)));
}

fn done(estate: &mut Estate) {
    fixtures::remove_rule(estate, 80, Priority::Numbered(fixtures::LOCK));
}

fn held(estate: &mut Estate, stage: u32, weight: u32, held: Option<Held>, since: jiff::Timestamp) {
    let reached = Reached {
        stage,
        weight,
        held,
        since,
    };
    let tags = &mut fixtures::target_group_mut(estate, 2).tags;
    tags.insert(tags::STAGE.into(), reached.tag());
}

fn health(estate: &mut Estate, state: TargetState) {
    for target in &mut fixtures::target_group_mut(estate, 2).targets {
        target.state = state;
    }
}

#[tokio::test(start_paused = true)]
async fn a_share_that_somebody_changes_while_the_lock_is_waited_for_is_not_taken_back() {
    let policy = canary(&[(5, Wait::Bake(MINUTE * 10))]);
    for (stage, share, asked, code) in [
        (0, 50, Some(Held::Asked), 8),
        (1, 5, Some(Held::Retreating), 8),
        (1, 5, Some(Held::Asked), 9),
    ] {
        let world = with_candidate(&policy).await;
        let (verdict, ()) = meanwhile(&world, &policy, async || {
            world.sick.lock().expect("not poisoned").push(tg(2));
            world.vary(|estate| {
                health(estate, TargetState::Unhealthy);
                busy(&world, estate);
            });
            // By then nobody was found healthy twice.
            sleep(MINUTE).await;
            world.sick.lock().expect("not poisoned").clear();
            world.vary(|estate| {
                health(estate, TargetState::Healthy);
                fixtures::point(estate, 80, Priority::Default, fixtures::split(share));
                held(estate, stage, share, asked, world.time());
                done(estate);
            });
        })
        .await;
        assert_eq!(verdict.code, code, "{verdict:#?}");
        assert_eq!(
            weight(&world),
            Some(u64::from(share)),
            "it stays with whoever decided"
        );
        let now = reached(&world).expect("a share");
        assert_eq!((now.stage, now.weight, now.held), (stage, share, asked));
        no_lock(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_watches_what_is_being_taken_back_says_that_somebody_has_changed_it() {
    let policy = canary(&[(5, Wait::Bake(MINUTE * 10))]);
    let world = with_candidate(&policy).await;
    let (verdict, ()) = meanwhile(&world, &policy, async || {
        world.vary(|estate| held(estate, 1, 5, Some(Held::Retreating), world.time()));
    })
    .await;
    assert_eq!(
        (verdict.code, verdict.ended),
        (8, Ended::Overtaken),
        "{verdict:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_fails_after_a_run_that_died_behind_its_last_route_puts_production_back() {
    let policy = hooked(&[Place::EachStep]);
    let world = World::new(rich());
    must(&world, &deploy("42"), &quick()).await;
    must(&world, &Intent::Promote, &quick()).await;
    // It did not come to say so.
    world.vary(|estate| {
        fixtures::mark(estate, 1, State::Live, None);
        fixtures::mark(estate, 2, State::Promoting, Some(1));
    });
    let script = Script::saying(&[failing(Place::EachStep)]);
    let (verdict, _) = heard(&world, &Intent::Promote, &policy, true, &script).await;
    let verdict = verdict.expect("nobody killed it");
    assert_eq!(script.places(), [Place::EachStep], "{verdict:#?}");
    assert_eq!(
        (verdict.code, verdict.ended),
        (5, Ended::SwungBack),
        "{verdict:#?}"
    );
    assert_eq!(live(&world, &policy), 1);
    no_lock(&world);
}
