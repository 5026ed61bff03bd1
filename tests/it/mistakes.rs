//! Bad input and bad luck at the start: one clear message with a way out, the right exit code, and no change.

use std::time::{Duration, Instant};

use crate::initial::DEPLOY;
use crate::support::{Estate, Fault, Ground, Proxy, Swing};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistakes_are_explained_and_change_nothing() {
    let estate = Estate::initial(Ground::LocalStack).await;
    let swing = Swing::adopting(&estate).await;
    let before = estate.look().await;

    // A key that does not exist, with its place and what was meant.
    let typo = swing.colleague(&estate);
    typo.edit("[health]\n", "[health]\nsoakk = \"1s\"\n");
    typo.run(&DEPLOY)
        .await
        .ended(2)
        .says("swingbridge.toml:")
        .says("soakk")
        .says("`soak`");

    // A load balancer that does not exist.
    let mut elsewhere = swing.colleague(&estate);
    elsewhere.set("SWINGBRIDGE_LOAD_BALANCER", "nowhere");
    for command in [&DEPLOY[..], &["status"], &["check"]] {
        elsewhere
            .run(command)
            .await
            .ended(4)
            .says("no load balancer nowhere")
            .says("→");
    }

    // A version that the template does not have.
    let missing = [
        "deploy",
        "--release",
        "v2",
        "--launch-template-version",
        "99",
        "--yes",
    ];
    swing.run(&missing).await.ended(3).says("99").says("→");
    // Nobody there to say yes; and a flag that does not exist.
    swing.run(&DEPLOY[..5]).await.ended(2).says("--yes");
    swing
        .run(&["deploy", "--relaese", "v2"])
        .await
        .ended(2)
        .says("--release");
    // Nothing to promote, to roll back, or to carry out.
    swing
        .run(&["promote", "--yes"])
        .await
        .ended(3)
        .says("no candidate")
        .says("swingbridge deploy");
    swing.run(&["rollback", "--yes"]).await.ended(3).says("→");
    swing
        .run(&["apply", "missing.json", "--yes"])
        .await
        .ended(2)
        .says("missing.json")
        .says("--out");
    // Files that are no text.
    let garbled = swing.colleague(&estate);
    std::fs::write(garbled.path("swingbridge.toml"), b"\xff\xfe app").expect("written");
    garbled
        .run(&["status"])
        .await
        .ended(2)
        .says("swingbridge.toml")
        .says("--config");
    std::fs::write(swing.path("plan.json"), b"\xff\xfe{}").expect("written");
    for command in [
        &["apply", "plan.json", "--yes"][..],
        &["plan", "show", "plan.json"],
    ] {
        swing.run(command).await.ended(2).says("plan.json").says("→");
    }
    // A file that is there is not replaced.
    let balancer = estate.made("/load_balancer/name");
    swing
        .run(&["init", "--from-aws", "--load-balancer", balancer, "--yes"])
        .await
        .ended(2)
        .says("--force");
    before.same_as(&estate.look().await, "after all those mistakes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_that_do_not_serve_are_told_apart_from_an_account_that_does_not_answer() {
    let estate = Estate::initial(Ground::LocalStack).await;
    let mut swing = Swing::adopting(&estate).await;
    let proxy = Proxy::before(&estate.endpoint).await;
    let before = estate.look().await;
    swing.through(&proxy);

    proxy.inject(|_| Some(Fault::Refuse("ExpiredToken", 403)));
    swing
        .run(&DEPLOY)
        .await
        .ended(4)
        .says("ExpiredToken")
        .says("log in again");
    assert!(proxy.changes().is_empty(), "{:?}", proxy.changes());

    // A role that may read only: it may look, and a deploy changes nothing.
    proxy.inject(|call| call.changes().then_some(Fault::Refuse("AccessDenied", 403)));
    swing
        .run(&[
            "plan",
            "deploy",
            "--release",
            "v2",
            "--launch-template-version",
            "2",
        ])
        .await
        .ended(0);
    swing
        .run(&DEPLOY)
        .await
        .ended(4)
        .says("AccessDenied")
        .says("iam-policy");
    before.same_as(&estate.look().await, "after a deploy that was denied");

    // Nobody listens there.
    swing.set("SWINGBRIDGE_ENDPOINT_URL", "http://127.0.0.1:9");
    let began = Instant::now();
    swing
        .run(&DEPLOY)
        .await
        .ended(4)
        .says("127.0.0.1:9")
        .says("--endpoint-url");
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "took {:?}",
        began.elapsed()
    );
}
