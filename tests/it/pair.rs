//! Two groups that stay and take turns, on the lab under real load: five swings, and not one request fails.

use std::collections::BTreeMap;

use swingbridge::lab::load::{self, Load};

use crate::support::Swing;
use crate::support::estate::connect;
use crate::support::ground::Lab;

const CONFIG: &str = r#"
app = "shop"
load_balancer = "alb-ks"
generations = "pair"

[health]
soak = "2s"

[swing]
propagation = "2s"
hold = "0s"
"#;

/// AWS's things take a part of their time.
const SPEED: &str = "10";
const RATE: f64 = 80.0;

/// Each group's own number, by which one that was made again is told from the one before.
async fn groups(lab: &Lab) -> BTreeMap<String, String> {
    let scaling = aws_sdk_autoscaling::Client::new(&connect(&lab.endpoint, "lab").await);
    let answer = scaling
        .describe_auto_scaling_groups()
        .send()
        .await
        .expect("groups");
    let each = answer.auto_scaling_groups().iter();
    each.map(|group| {
        let name = group.auto_scaling_group_name().expect("a name").to_owned();
        (name, group.auto_scaling_group_arn().expect("an arn").to_owned())
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn releases_take_turns_on_two_groups_under_load_and_no_request_fails() {
    let lab = Lab::up(&["--speed", SPEED, "--data-plane-delay", "100ms"]).await;
    let url = lab.serving().await;
    let swing = Swing::at("000000000000", &lab.endpoint);
    swing.write("swingbridge.toml", CONFIG);
    let load = load::start(Load {
        rate: RATE,
        ..Load::on(url.parse().expect("a url"))
    })
    .expect("a load");
    let mut pair = BTreeMap::new();
    for version in ["2", "3", "4"] {
        let file = format!("{version}.txt");
        swing.write(&file, &format!("#!sample\nversion = \"{version}\"\n"));
        let deploy = ["deploy", "--release", version, "--user-data", &file, "--yes"];
        let planned = swing.run(&[&["plan"], &deploy[..5]].concat()).await.ended(0);
        let deployed = swing.run(&deploy).await.ended(0);
        if pair.is_empty() {
            pair = groups(&lab).await;
            deployed.says("create asg-2 like asg-1");
        } else {
            planned.says("the way back to generation");
            deployed.says("free asg-");
        }
        swing.run(&["promote", "--yes"]).await.ended(0);
        assert_eq!(groups(&lab).await, pair, "the same two groups");
    }
    swing
        .run(&["rollback", "--yes"])
        .await
        .ended(0)
        .says("production goes to generation 3 (release 3)");
    swing.run(&["abort", "--yes"]).await.ended(0);
    swing
        .run(&["status"])
        .await
        .ended(0)
        .says("asg-2, for the next release");
    assert_eq!(groups(&lab).await, pair, "the same two groups");
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
