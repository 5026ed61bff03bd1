//! An account that throttles, answers that get lost, and a write that fails in the middle of a swing.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::initial::{DEPLOY, assert_no_lock, doors};
use crate::support::{Call, Estate, Fault, Ground, Proxy, Swing};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_throttled_account_is_deployed_on_only_more_slowly() {
    let estate = Estate::initial(Ground::LocalStack).await;
    let mut swing = Swing::adopting(&estate).await;
    let proxy = Proxy::before(&estate.endpoint).await;
    swing.through(&proxy);
    let count = AtomicUsize::new(0);
    proxy.inject(move |_| {
        let third = count.fetch_add(1, Ordering::Relaxed) % 3 == 2;
        third.then_some(Fault::Refuse("Throttling", 400))
    });
    swing.run(&DEPLOY).await.ended(0);
    let seen = estate.look().await;
    assert_eq!(doors(&seen)[1], estate.name("tg-2"));
    assert_no_lock(&seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_get_lost_are_looked_for_and_nothing_is_made_twice() {
    let estate = Estate::initial(Ground::LocalStack).await;
    let mut swing = Swing::adopting(&estate).await;
    let proxy = Proxy::before(&estate.endpoint).await;
    swing.through(&proxy);
    // The first answer to each operation that changes something.
    let lost = std::sync::Mutex::new(std::collections::BTreeSet::new());
    proxy.inject(move |call: &Call| {
        let first = call.changes() && lost.lock().expect("not poisoned").insert(call.operation.clone());
        first.then_some(Fault::Lose)
    });
    swing.run(&DEPLOY).await.ended(0);
    swing.run(&["promote", "--yes"]).await.ended(0);
    let seen = estate.look().await;
    let second = estate.name("tg-2");
    assert_eq!(doors(&seen), [second.as_str(), "404", &second]);
    assert_no_lock(&seen);
    assert_eq!(
        seen.find(&format!("group {} min_size", estate.name("asg-3"))),
        None
    );
    let rules = estate.rules(&estate.listeners().await[&80]).await;
    assert_eq!(
        rules.len(),
        4,
        "the entrance, two doors and the default: {rules:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swing_that_fails_half_way_is_put_back_rule_by_rule() {
    let estate = Estate::foreign(Ground::LocalStack).await;
    let mut swing = Swing::adopting(&estate).await;
    let proxy = Proxy::before(&estate.endpoint).await;
    let deploy = [
        "deploy",
        "--release",
        "v8",
        "--launch-template-version",
        "2",
        "--yes",
    ];
    swing.run(&deploy).await.ended(0);
    let deployed = estate.look().await;
    let new = estate.name("shop-tg-8");

    swing.through(&proxy);
    // The second write of a route is denied, and every try of it again.
    let denied = std::sync::Mutex::new((0, None::<String>));
    proxy.inject(move |call| {
        let writes = ["ModifyRule", "ModifyListener"].contains(&call.operation.as_str());
        let to_new = call.fields.values().any(|value| value.contains("shop-tg-8/"));
        if !writes || !to_new {
            return None;
        }
        let target = format!("{}{}", call.field("RuleArn"), call.field("ListenerArn"));
        let mut denied = denied.lock().expect("not poisoned");
        denied.0 += 1;
        if denied.0 == 2 {
            denied.1 = Some(target.clone());
        }
        (denied.1.as_ref() == Some(&target)).then_some(Fault::Refuse("AccessDenied", 403))
    });
    swing
        .run(&["promote", "--yes"])
        .await
        .ended(5)
        .says("AccessDenied")
        .says("put back");
    let moved = proxy
        .changes()
        .iter()
        .filter(|call| call.operation.starts_with("Modify"))
        .count();
    assert!(
        moved >= 3,
        "one written, one denied, one put back: {:?}",
        proxy.changes()
    );
    let back = estate.look().await;
    assert_no_lock(&back);
    let routing = |name: &str| name.starts_with("rule ") && name.ends_with(" leads to");
    let production = |name: &str| routing(name) && deployed.find(name) != Some(new.as_str());
    deployed
        .only(production)
        .same_as(&back.only(production), "after the swing was put back");
    let to_new: Vec<&str> = back
        .pairs()
        .filter_map(|(name, value)| (routing(name) && value.contains(&new)).then_some(name))
        .collect();
    assert!(
        to_new.is_empty(),
        "nothing leads to what was rolled back: {to_new:?}"
    );

    // A person puts the permissions right; the candidate is removed, and another is deployed and promoted.
    proxy.heal();
    swing.run(&["abort", "--yes"]).await.ended(0);
    swing.run(&deploy).await.ended(0);
    swing.run(&["promote", "--yes"]).await.ended(0);
    let seen = estate.look().await;
    let live = seen.get("rule :80/default leads to").to_owned();
    for route in [":80/10", ":80/20", ":8443/5", ":8443/101", ":8443/default"] {
        assert_eq!(seen.get(&format!("rule {route} leads to")), live, "{route}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_told_to_stop_half_way_says_so_and_can_be_finished_or_taken_back() {
    for (then, live) in [("promote", "tg-2"), ("rollback", "tg-1")] {
        let estate = Estate::initial(Ground::LocalStack).await;
        let mut swing = Swing::adopting(&estate).await;
        let proxy = Proxy::before(&estate.endpoint).await;
        swing.run(&DEPLOY).await.ended(0);
        swing.through(&proxy);
        // It is told so while it writes the only route, before the doors.
        let first = AtomicUsize::new(0);
        proxy.inject(move |call| {
            let writes = ["ModifyRule", "ModifyListener"].contains(&call.operation.as_str());
            (writes && first.fetch_add(1, Ordering::Relaxed) == 0).then_some(Fault::Hold)
        });
        let started = swing.start(&["promote", "--yes"]);
        proxy.holds_a_call().await;
        started.terminate();
        proxy.let_go();
        started
            .ended()
            .await
            .ended(143)
            .says("production had begun to move")
            .says("swingbridge rollback");
        let seen = estate.look().await;
        assert_no_lock(&seen);
        // The write that was sent is not taken back by itself, and nothing followed it.
        let [old, new] = ["tg-1", "tg-2"].map(|plain| estate.name(plain));
        assert_eq!(doors(&seen), [old.as_str(), &new, &new]);
        swing.run(&[then, "--yes"]).await.ended(0);
        let live = estate.name(live);
        assert_eq!(
            doors(&estate.look().await),
            [live.as_str(), "404", &live],
            "{then}"
        );
    }
}
