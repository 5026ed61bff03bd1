//! A group that scales out at the very moment in which it is held.

use super::*;

/// The call that raises a group's minimum, counted among all changes of a promotion.
async fn raising() -> usize {
    let world = World::new(fixtures::deployed());
    must(&world, &Intent::Promote, &quick()).await;
    let changes = world.changes();
    let raising = changes
        .iter()
        .position(|change| change.starts_with("raise asg-1"));
    raising.expect("live is held")
}

#[tokio::test(start_paused = true)]
async fn a_group_that_grows_while_it_is_held_is_held_again_as_large_as_it_is_by_then() {
    let at = raising().await;
    let world = World::new(fixtures::deployed());
    world.order(Some((at, Fault::Grow)));
    let began = tokio::time::Instant::now();
    must(&world, &Intent::Promote, &quick()).await;
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    let raised: Vec<String> = world
        .changes()
        .into_iter()
        .filter(|change| change.starts_with("raise asg-1"))
        .collect();
    assert_eq!(raised.len(), 2, "{raised:?}");
    assert_eq!(live(&world, &quick()), 2);
    nothing_broken(&world);
}
