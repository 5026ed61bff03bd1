//! One group whose instances are replaced in place, on the lab under real load: forward, back, and while it is followed
//! by nobody.

use swingbridge::lab::load::{self, Load};

use crate::support::Swing;
use crate::support::ground::Lab;

const CONFIG: &str = r#"
app = "shop"
load_balancer = "alb-ks"
strategy = "rolling"

[rolling]
warmup = "20s"
"#;

/// AWS's things take a part of their time.
const SPEED: &str = "10";
const RATE: f64 = 80.0;

fn operator(lab: &Lab) -> Swing {
    let swing = Swing::at("000000000000", &lab.endpoint);
    swing.write("swingbridge.toml", CONFIG);
    swing.write("release.txt", "#!sample\nversion = \"2\"\n");
    swing
}

const DEPLOY: [&str; 6] = ["deploy", "--release", "2", "--user-data", "release.txt", "--yes"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_takes_lives_place_under_load_and_goes_again_and_no_request_fails() {
    let lab = Lab::up(&["--speed", SPEED, "--data-plane-delay", "100ms"]).await;
    let url = lab.serving().await;
    let swing = operator(&lab);
    let load = load::start(Load {
        rate: RATE,
        ..Load::on(url.parse().expect("a url"))
    })
    .expect("a load");
    swing
        .run(&DEPLOY)
        .await
        .ended(0)
        .says("traffic cannot swing back at once")
        .says("production goes to generation 1 (release 2)");
    swing.run(&DEPLOY).await.ended(0).says("live already");
    swing
        .run(&["promote", "--yes"])
        .await
        .ended(3)
        .says("has no meaning with strategy rolling");
    swing.run(&["rollback", "--yes"]).await.ended(0);
    load.stop();
    let ledger = load.finish().await;
    let failed: Vec<String> = ledger
        .entries()
        .filter_map(|entry| entry.failure.as_ref().map(|failure| format!("{failure:?}")))
        .collect();
    let all = ledger.entries().count();
    assert!(
        failed.is_empty(),
        "{} of {all} requests failed: {failed:?}",
        failed.len()
    );
    assert!(all > 500, "only {all} requests were made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_goes_on_without_whoever_began_it_and_the_same_command_follows_it_to_its_end() {
    let lab = Lab::up(&["--speed", SPEED, "--data-plane-delay", "100ms"]).await;
    lab.serving().await;
    let swing = operator(&lab);
    let begun = swing.start(&DEPLOY);
    loop {
        let status = swing.run(&["status"]).await.ended(0);
        if status.stdout.contains("instance refresh") {
            break;
        }
    }
    begun.terminate();
    begun
        .ended()
        .await
        .ended(143)
        .says("goes on with asg-1 by itself");
    swing
        .run(&["status"])
        .await
        .ended(0)
        .says("release 2 is being rolled out on asg-1");
    swing
        .run(&DEPLOY)
        .await
        .ended(0)
        .says("production goes to generation 1 (release 2)");
}
