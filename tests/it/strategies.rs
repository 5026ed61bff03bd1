//! Direct deploys, estates without doors, and what becomes of the previous generation.

use crate::initial::{DEPLOY, assert_no_lock, doors};
use crate::support::{Estate, Swing, on_both_grounds};

async fn a_direct_deploy_goes_on_to_production_by_itself(estate: Estate) {
    let mut swing = Swing::adopting(&estate).await;
    swing.set("SWINGBRIDGE_STRATEGY", "direct");
    swing.run(&DEPLOY).await.ended(0);
    let seen = estate.look().await;
    let second = estate.name("tg-2");
    assert_eq!(doors(&seen), [second.as_str(), "404", &second]);
    assert_no_lock(&seen);
    let live = seen.about(&format!("group {}", estate.name("asg-2")));
    assert_eq!(live.get("min_size"), "Some(1,)");
    assert_eq!(live.get("suspended"), "");
    swing.run(&DEPLOY).await.ended(0).says("live already");
    swing.run(&["rollback", "--yes"]).await.ended(0);
    let first = estate.name("tg-1");
    assert_eq!(doors(&estate.look().await), [first.as_str(), "404", &first]);
}

async fn without_doors_a_candidate_is_reached_by_the_entrance_alone(estate: Estate) {
    let swing = Swing::adopting(&estate).await;
    swing.replace_table("doors", "scheme = \"none\"");
    let before = estate.look().await;
    swing.run(&DEPLOY).await.ended(0);
    let deployed = estate.look().await;
    let [first, second] = ["tg-1", "tg-2"].map(|plain| estate.name(plain));
    assert_eq!(doors(&deployed), [first.as_str(), "404", &first]);
    assert_eq!(deployed.get("rule :80/2 leads to"), second, "the entrance");
    swing.run(&["promote", "--yes"]).await.ended(0);
    // What was the blue door is but another route of live's now.
    let promoted = estate.look().await;
    assert_eq!(doors(&promoted), [second.as_str(), "404", &second]);
    assert_eq!(
        before.get("rule :80/11 actions"),
        promoted.get("rule :80/11 actions")
    );
    swing.run(&["rollback", "--yes"]).await.ended(0);
    let back = estate.look().await;
    assert_eq!(doors(&back), [first.as_str(), "404", &first]);
    assert_no_lock(&back);
    swing.run(&["abort", "--yes"]).await.ended(0);
    before.without(|name| name.contains(" tag swingbridge:")).same_as(
        &estate
            .look()
            .await
            .without(|name| name.contains(" tag swingbridge:")),
        "after all of it",
    );
}

async fn the_previous_generation_is_scaled_down_and_comes_back_to_size_for_a_rollback(estate: Estate) {
    let mut swing = Swing::adopting(&estate).await;
    swing.set("SWINGBRIDGE_AFTER_PROMOTION", "scale=1");
    swing.run(&DEPLOY).await.ended(0);
    swing.run(&["promote", "--yes"]).await.ended(0);
    let group = format!("group {}", estate.name("asg-1"));
    // Where instances are real, the one that leaves drains first.
    let promoted = estate
        .look_until(|seen| seen.about(&group).get("instances") == "1")
        .await;
    let previous = promoted.about(&group);
    assert_eq!(previous.get("desired_capacity"), "Some(1,)");
    let second = estate.name("tg-2");
    assert_eq!(doors(&promoted), [second.as_str(), "404", &second]);

    swing.run(&["rollback", "--yes"]).await.ended(0);
    let back = estate.look().await;
    let restored = back.about(&format!("group {}", estate.name("asg-1")));
    assert_eq!(restored.get("instances"), "2");
    assert_eq!(restored.get("min_size"), "Some(1,)");
    assert_eq!(restored.get("max_size"), "Some(4,)");
    assert!(
        !restored.names().any(|name| name.contains("owes")),
        "{restored:?}"
    );
    let first = estate.name("tg-1");
    assert_eq!(doors(&back), [first.as_str(), "404", &first]);
}

async fn the_previous_generation_is_retired_by_the_promotion_when_configured(estate: Estate) {
    let mut swing = Swing::adopting(&estate).await;
    swing.set("SWINGBRIDGE_AFTER_PROMOTION", "retire");
    swing.run(&DEPLOY).await.ended(0);
    swing.run(&["promote", "--yes"]).await.ended(0);
    let seen = estate.look().await;
    let second = estate.name("tg-2");
    assert_eq!(doors(&seen), [second.as_str(), "404", &second]);
    assert_no_lock(&seen);
    let old = [estate.name("asg-1"), estate.name("tg-1")];
    let left: Vec<&str> = seen
        .names()
        .filter(|name| old.iter().any(|old| name.contains(&format!("{old} "))))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

on_both_grounds! {
    initial:
    a_direct_deploy_goes_on_to_production_by_itself,
    without_doors_a_candidate_is_reached_by_the_entrance_alone,
    the_previous_generation_is_scaled_down_and_comes_back_to_size_for_a_rollback,
    the_previous_generation_is_retired_by_the_promotion_when_configured,
}
