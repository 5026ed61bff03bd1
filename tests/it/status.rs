//! What `status` says, to whom, and what `repair` undoes.

use crate::initial::DEPLOY;
use crate::support::{Estate, Fault, Proxy, Swing, on_both_grounds};

/// The fields of the JSON form that are documented, at its top.
const FIELDS: [&str; 16] = [
    "format",
    "app",
    "load_balancer",
    "dns_name",
    "observed_at",
    "now",
    "phase",
    "generations",
    "rules",
    "other_rules",
    "disagreements",
    "lock",
    "owed",
    "gaps",
    "unclear",
    "rollback",
];

async fn status_tells_a_program_what_is_live_even_with_a_role_that_may_only_read(estate: Estate) {
    let mut swing = Swing::adopting(&estate).await;
    swing.run(&DEPLOY).await.ended(0);
    let before = estate.look().await;
    let proxy = Proxy::before(&estate.endpoint).await;
    proxy.inject(|call| call.changes().then_some(Fault::Refuse("AccessDenied", 403)));
    swing.through(&proxy);
    let status = swing.run(&["status", "--format", "json"]).await.ended(0).json();
    for field in FIELDS {
        assert!(status.get(field).is_some(), "no {field} in {status:#}");
    }
    assert_eq!(status["format"], 1);
    assert_eq!(status["phase"]["name"], "ready");
    assert_eq!(status["lock"]["state"], "free");
    let [live, candidate] = [0, 1].map(|at| &status["generations"][at]);
    assert_eq!((&live["role"], &live["generation"]), (&"live".into(), &1.into()));
    assert_eq!(
        (&candidate["role"], &candidate["release"]),
        (&"candidate".into(), &"v2".into())
    );
    assert_eq!(candidate["target_group"]["healthy"], 2);
    assert_eq!(status["owed"][0]["group"], estate.name("asg-2"));
    assert_eq!(status["rules"].as_array().map(Vec::len), Some(3));
    swing.run(&["status"]).await.ended(0).says("swingbridge promote");
    swing.run(&["history"]).await.ended(0).says("v2");
    assert!(
        proxy.changes().is_empty(),
        "looking changes nothing: {:?}",
        proxy.changes()
    );
    before.same_as(&estate.look().await, "after looking");
}

async fn repair_undoes_what_a_run_that_died_left_held(estate: Estate) {
    let mut swing = Swing::adopting(&estate).await;
    let proxy = Proxy::before(&estate.endpoint).await;
    swing.through(&proxy);
    let group = estate.name("asg-1");
    let before = estate.look().await.about(&format!("group {group}"));
    swing.run(&DEPLOY).await.ended(0);
    // Dies in its promotion, just before the first route is written: both groups are held.
    proxy.inject(|call| {
        ["ModifyRule", "ModifyListener"]
            .contains(&call.operation.as_str())
            .then_some(Fault::KillBefore)
    });
    swing
        .run_until_killed(&proxy, &["promote", "--yes"])
        .await
        .killed();
    proxy.heal();
    let held = estate.group_tags(&group).await;
    assert!(
        held.keys().any(|key| key.starts_with("swingbridge:owes-")),
        "{held:?}"
    );
    let status = swing.run(&["status", "--format", "json"]).await.ended(0).json();
    assert!(
        status["owed"].as_array().is_some_and(|owed| owed.len() == 2),
        "{status:#}"
    );

    // Live is given up; then nothing is owed, and it is as before.
    swing.run(&["rollback", "--yes"]).await.ended(0);
    swing.run(&["repair", "--yes"]).await.ended(0);
    let after = estate.look().await.about(&format!("group {group}"));
    before
        .without(|name| name.starts_with("tag swingbridge:"))
        .same_as(
            &after.without(|name| name.starts_with("tag swingbridge:")),
            "after rollback and repair",
        );
    assert!(!after.names().any(|name| name.contains("owes")), "{after:?}");
    swing
        .run(&["repair", "--yes"])
        .await
        .ended(0)
        .says("nothing to do");
}

async fn what_a_promotion_leaves_for_later_is_done_when_its_time_has_come_and_not_before(estate: Estate) {
    let mut swing = Swing::adopting(&estate).await;
    swing.set("SWINGBRIDGE_HOLD", "1h");
    swing.run(&DEPLOY).await.ended(0);
    swing.run(&["promote", "--yes", "--no-wait"]).await.ended(0);
    let group = format!("group {}", estate.name("asg-2"));
    let promoted = estate.look().await;
    // Its alarms still speak of the time when it was idle: it may not shrink yet.
    assert_eq!(promoted.get(&format!("{group} min_size")), "Some(2,)");
    swing
        .run(&["repair", "--yes"])
        .await
        .ended(0)
        .says("nothing to do");
    promoted.same_as(&estate.look().await, "after a repair that came too early");

    swing.set("SWINGBRIDGE_HOLD", "0s");
    swing.run(&["repair", "--yes"]).await.ended(0);
    let live = estate.look().await.about(&group);
    assert_eq!(live.get("min_size"), "Some(1,)");
    assert_eq!(live.get("suspended"), "");
    assert!(!live.names().any(|name| name.contains("owes")), "{live:?}");
}

async fn the_same_promotion_again_stays_for_what_the_one_that_died_left(estate: Estate) {
    let mut swing = Swing::adopting(&estate).await;
    swing.set("SWINGBRIDGE_HOLD", "4s");
    swing.run(&DEPLOY).await.ended(0);
    // As if it had died while it stayed.
    swing.run(&["promote", "--yes", "--no-wait"]).await.ended(0);
    swing.run(&["promote", "--yes"]).await.ended(0);
    let live = estate
        .look()
        .await
        .about(&format!("group {}", estate.name("asg-2")));
    assert_eq!(live.get("min_size"), "Some(1,)");
    assert_eq!(live.get("suspended"), "");
    assert!(!live.names().any(|name| name.contains("owes")), "{live:?}");
}

on_both_grounds! {
    initial:
    the_same_promotion_again_stays_for_what_the_one_that_died_left,
    status_tells_a_program_what_is_live_even_with_a_role_that_may_only_read,
    repair_undoes_what_a_run_that_died_left_held,
    what_a_promotion_leaves_for_later_is_done_when_its_time_has_come_and_not_before,
}
