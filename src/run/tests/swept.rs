//! A lock that stands where nothing is left to do: of a dead holder it is removed, of a living one never.

use super::*;
use crate::model::tags;
use crate::run::world::World;

/// Done already, with a lock whose last sign of life is older than its lease by our clock.
async fn world() -> World {
    let world = World::new(fixtures::deployed());
    must(&world, &deploy("42"), &quick()).await;
    let holder = crate::model::lock::Holder {
        beat: fixtures::minute(-60),
        ..fixtures::holder()
    };
    world.vary(|estate| fixtures::add_rule(estate, fixtures::lock_rule(&holder, fixtures::closed(404))));
    world
}

fn stands(world: &World) -> bool {
    let estate = world.now();
    let mut rules = estate.rules();
    rules.any(|rule| rule.tags.get(tags::RULE).is_some_and(|kind| kind == "lock"))
}

#[tokio::test(start_paused = true)]
async fn the_lock_of_a_holder_that_says_nothing_is_removed() {
    let world = world().await;
    must(&world, &deploy("42"), &quick()).await;
    assert!(!stands(&world));
}

#[tokio::test(start_paused = true)]
async fn the_lock_of_a_holder_whose_clock_is_behind_ours_stays() {
    let world = world().await;
    let beats = async {
        // Long before anybody would have listened for long enough.
        tokio::time::sleep(Duration::from_secs(5)).await;
        world.vary(|estate| {
            let rule = fixtures::rule_mut(estate, 80, Priority::Numbered(fixtures::LOCK));
            let beat = fixtures::minute(-59).to_string();
            rule.tags.insert(tags::LOCK_BEAT.into(), beat);
        });
    };
    let (again, policy) = (deploy("42"), quick());
    tokio::join!(must(&world, &again, &policy), beats);
    assert!(stands(&world));
}
