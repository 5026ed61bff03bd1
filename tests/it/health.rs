//! What happens while, and because, the candidate is not healthy.

use std::time::Duration;

use crate::initial::{DEPLOY, assert_no_lock, doors};
use crate::support::{Call, Estate, Fault, Ground, Proxy, Swing};

fn sick(call: &Call) -> Option<Fault> {
    // Of the candidate only: live stays as healthy as it is.
    let of_candidate =
        call.operation == "DescribeTargetHealth" && call.field("TargetGroupArn").contains("tg-2/");
    of_candidate.then_some(Fault::Health("unhealthy", "Target.ResponseCodeMismatch"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_candidate_that_stays_sick_never_gets_a_door_and_is_continued_when_it_heals() {
    let estate = Estate::initial(Ground::LocalStack).await;
    let mut swing = Swing::adopting(&estate).await;
    let proxy = Proxy::before(&estate.endpoint).await;
    swing.through(&proxy);
    swing.set("SWINGBRIDGE_HEALTH_TIMEOUT", "2s");
    let before = estate.look().await;
    proxy.inject(sick);
    let failed = swing.run(&DEPLOY).await.ended(4);
    failed
        .says("Target.ResponseCodeMismatch")
        .says("production is where it was");
    let seen = estate.look().await;
    assert_no_lock(&seen);
    let rules = |name: &str| name.starts_with("rule ");
    before
        .only(rules)
        .same_as(&seen.only(rules), "after a deploy that failed");
    before
        .about(&format!("target-group {}", estate.name("tg-1")))
        .same_as(
            &seen.about(&format!("target-group {}", estate.name("tg-1"))),
            "live",
        );
    // Not to be promoted, either.
    swing.run(&["promote", "--yes"]).await.ended(3);

    proxy.heal();
    swing.run(&DEPLOY).await.ended(0);
    assert_eq!(doors(&estate.look().await)[1], estate.name("tg-2"));

    // A promotion asks again: what was healthy once may be sick now.
    proxy.inject(sick);
    let failed = swing.run(&["promote", "--yes"]).await;
    assert_eq!(failed.code, Some(4), "{failed}");
    let first = estate.name("tg-1");
    assert_eq!(
        doors(&estate.look().await),
        [first.as_str(), &estate.name("tg-2"), &first]
    );
    proxy.heal();
    swing.run(&["promote", "--yes"]).await.ended(0);
    assert_eq!(doors(&estate.look().await)[2], estate.name("tg-2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_that_comes_late_is_waited_for() {
    let estate = Estate::initial(Ground::LocalStack).await;
    let mut swing = Swing::adopting(&estate).await;
    let proxy = Proxy::before(&estate.endpoint).await;
    swing.through(&proxy);
    let looks = std::sync::atomic::AtomicU32::new(0);
    proxy.inject(move |call| {
        let fault = sick(call)?;
        (looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 6).then_some(match fault {
            Fault::Health(..) => Fault::Health("initial", "Elb.InitialHealthChecking"),
            other => other,
        })
    });
    swing
        .run(&DEPLOY)
        .await
        .ended(0)
        .says("Elb.InitialHealthChecking")
        .says("0/2 healthy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_told_to_stop_while_it_waits_gives_the_lock_up_and_can_be_continued() {
    let estate = Estate::initial(Ground::LocalStack).await;
    let mut swing = Swing::adopting(&estate).await;
    let proxy = Proxy::before(&estate.endpoint).await;
    swing.through(&proxy);
    proxy.inject(sick);
    let started = swing.start(&DEPLOY);
    // The candidate's health is asked for the second time: it is waiting.
    let waiting = async {
        while proxy.seen().iter().filter(|call| sick(call).is_some()).count() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting)
        .await
        .expect("it comes to wait");
    started.terminate();
    started
        .ended()
        .await
        .ended(143)
        .says("SIGTERM")
        .says("swingbridge deploy --release v2");
    let seen = estate.look().await;
    assert_no_lock(&seen);
    assert_eq!(doors(&seen)[1], "404");
    proxy.heal();
    swing.run(&DEPLOY).await.ended(0);
    assert_eq!(doors(&estate.look().await)[1], estate.name("tg-2"));
}
