//! One group whose instances are replaced in place, on the lab under real load: forward, back, and while it is followed
//! by nobody.

use std::time::{Duration, Instant};

use aws_sdk_autoscaling::types::{InstanceRefresh, InstanceRefreshStatus};
use aws_sdk_cloudwatch::types::{ComparisonOperator, MetricDatum, Statistic};
use swingbridge::lab::load::{self, Kind, Ledger, Load, Slow};

use crate::support::Swing;
use crate::support::estate::connect;
use crate::support::ground::Lab;

/// What a lab begins with.
const ESTATE: &str = include_str!("../../templates/lab-estate.toml");
/// How many seconds a target drains there, of which a lab at this speed takes a tenth.
const DRAINS: [&str; 2] = [
    "\"deregistration_delay.timeout_seconds\" = \"5\"",
    "\"deregistration_delay.timeout_seconds\" = \"40\"",
];
/// A request that a target must be given the time to answer: less than it drains.
const SLOW: Slow = Slow {
    share: 0.1,
    takes: Duration::from_secs(1),
};

const CONFIG: &str = r#"
app = "shop"
load_balancer = "alb-ks"
strategy = "rolling"

[rolling]
warmup = "20s"
"#;

/// What waits half way, and is watched at its end.
const WATCHED: &str = r#"
checkpoints = [50]
checkpoint_delay = "2m"
bake = "30m"
alarms = ["failed-orders"]
"#;

/// How long something is waited for that the lab is to come to.
const PATIENCE: Duration = Duration::from_secs(120);

/// AWS's things take a part of their time.
const SPEED: &str = "10";
const RATE: f64 = 80.0;

fn operator(lab: &Lab) -> Swing {
    let swing = Swing::at("000000000000", &lab.endpoint);
    swing.write("swingbridge.toml", CONFIG);
    swing.write("release.txt", "#!sample\nversion = \"2\"\n");
    swing
}

/// Which version answered each request, in order. None may have failed.
fn versions_of_answers(ledger: &Ledger) -> Vec<&str> {
    let failed: Vec<_> = ledger.entries().filter_map(|entry| entry.failure).collect();
    assert!(failed.is_empty(), "{} requests failed: {failed:?}", failed.len());
    let versions = ledger.entries().filter_map(|entry| entry.version);
    versions.map(|version| ledger.version_name(version)).collect()
}

const DEPLOY: [&str; 6] = ["deploy", "--release", "2", "--user-data", "release.txt", "--yes"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_takes_lives_place_under_load_and_goes_again_and_no_request_fails() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let estate = folder.path().join("estate.toml");
    let [here, otherwise] = DRAINS;
    assert_eq!(ESTATE.matches(here).count(), 1, "a target drains for so long");
    std::fs::write(&estate, ESTATE.replace(here, otherwise)).expect("writable");
    let estate = estate.to_str().expect("a path in words");
    let flags = [
        "--config",
        estate,
        "--speed",
        SPEED,
        "--data-plane-delay",
        "100ms",
    ];
    let lab = Lab::up(&flags).await;
    let url = lab.serving().await;
    let swing = operator(&lab);
    let load = load::start(Load {
        rate: RATE,
        slow: SLOW,
        ..Load::on(url.parse().expect("a url"))
    })
    .expect("a load");
    let deployed = swing.run(&DEPLOY).await.ended(0);
    // Whoever wants to stop it reads that in time.
    let told = deployed.stdout.find("traffic cannot swing back at once");
    let first = deployed.stdout.find("adopt asg-1 and tg-1 as generation 1");
    let (told, first) = told.zip(first).unwrap_or_else(|| panic!("{deployed}"));
    assert!(told < first, "{deployed}");
    deployed.says("production goes to generation 1 (release 2)");
    swing.run(&DEPLOY).await.ended(0).says("live already");
    swing
        .run(&["promote", "--yes"])
        .await
        .ended(3)
        .says("has no meaning with strategy rolling");
    swing.run(&["rollback", "--yes"]).await.ended(0);
    load.stop();
    let ledger = load.finish().await;
    let answered = versions_of_answers(&ledger);
    assert!(answered.len() > 500, "only {} requests were made", answered.len());
    let slow = ledger.entries().filter(|entry| entry.kind == Kind::Slow).count();
    assert!(slow > 50, "only {slow} of them were slow");
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

/// An alarm that rings as soon as an order has failed.
pub(crate) async fn failed_orders(watch: &aws_sdk_cloudwatch::Client, name: &str) {
    watch
        .put_metric_alarm()
        .alarm_name(name)
        .namespace("Shop")
        .metric_name("FailedOrders")
        .statistic(Statistic::Sum)
        .period(60)
        .evaluation_periods(1)
        .threshold(0.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .treat_missing_data("notBreaching")
        .send()
        .await
        .expect("an alarm");
}

/// Once the newest refresh of live's group is so.
async fn refresh_that(asg: &aws_sdk_autoscaling::Client, is_so: impl Fn(&InstanceRefresh) -> bool) {
    let began = Instant::now();
    loop {
        let answer = asg
            .describe_instance_refreshes()
            .auto_scaling_group_name("asg-1")
            .send();
        let answer = answer.await.expect("refreshes");
        let newest = answer.instance_refreshes().first();
        if newest.is_some_and(&is_so) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "it does not come to that: {newest:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_that_rings_at_the_end_takes_a_release_back_that_has_waited_half_way() {
    let lab = Lab::up(&["--speed", SPEED, "--data-plane-delay", "100ms"]).await;
    let url = lab.serving().await;
    let sdk = connect(&lab.endpoint, "lab").await;
    let (asg, watch) = (
        aws_sdk_autoscaling::Client::new(&sdk),
        aws_sdk_cloudwatch::Client::new(&sdk),
    );
    failed_orders(&watch, "failed-orders").await;
    let swing = operator(&lab);
    swing.write("swingbridge.toml", &format!("{CONFIG}{WATCHED}"));
    let load = load::start(Load {
        rate: RATE,
        ..Load::on(url.parse().expect("a url"))
    })
    .expect("a load");

    let rollout = swing.start(&DEPLOY);
    refresh_that(&asg, |refresh| {
        refresh.status() == Some(&InstanceRefreshStatus::InProgress)
            && refresh.percentage_complete() == Some(50)
    })
    .await;
    swing
        .run(&["status"])
        .await
        .ended(0)
        .says("release 2 is being rolled out on asg-1")
        .says("50 %");
    refresh_that(&asg, |refresh| {
        refresh.status() == Some(&InstanceRefreshStatus::Baking)
    })
    .await;
    let failed = MetricDatum::builder()
        .metric_name("FailedOrders")
        .value(1.0)
        .build();
    watch
        .put_metric_data()
        .namespace("Shop")
        .metric_data(failed)
        .send()
        .await
        .expect("a measurement");
    rollout.ended().await.ended(5).says("failed-orders").says("50 %");
    swing
        .run(&["status"])
        .await
        .ended(0)
        .says("generation 1 is live")
        .says("ks-app version 1");

    load.stop();
    let ledger = load.finish().await;
    let answered = versions_of_answers(&ledger);
    assert_eq!(answered.last(), Some(&"1"), "the release before serves again");
    assert!(answered.contains(&"2"), "the release has served for a while");
}
