//! Canaries on the lab under real load: the judge catches a bad one while it has its share, and lets a good one pass.
//!
//! `SWINGBRIDGE_CANARIES=20` tries each kind so many times, four at once.

use futures_util::future::join_all;
use swingbridge::lab::load::{self, Ledger, Load};

use crate::support::Swing;
use crate::support::ground::Lab;
use crate::support::swing::Ran;

const CONFIG: &str = r#"
app = "shop"
load_balancer = "alb-ks"
strategy = "canary"

[doors]
scheme = "role"

[canary]
steps = [{ weight = 20, bake = "20s" }]

[shift]
reduce_every = "2s"

[judge]
period = "5s"
lag = "2s"
window = 4
minimum_requests = 60

# Hosts are counted once a minute, and no bake here is as long.
[judge.rules.unhealthy-hosts]
enabled = false
"#;

/// How many requests each second, of which the candidate gets a fifth.
const RATE: f64 = 80.0;
const AT_ONCE: usize = 4;

fn times() -> usize {
    let said = std::env::var("SWINGBRIDGE_CANARIES").ok();
    said.map_or(1, |text| text.parse().expect("a number"))
}

/// A release with these knobs is deployed and promoted while there is load. How the promotion went, and every request.
async fn tried(knobs: &str) -> (Ran, Ledger) {
    let lab = Lab::up(&[]).await;
    let url = lab.serves().await;
    let mut swing = Swing::at("000000000000", &lab.endpoint);
    // Longer than the data plane's delay.
    swing.set("SWINGBRIDGE_PROPAGATION", "2s");
    swing.write("swingbridge.toml", CONFIG);
    swing.write("release.txt", &format!("#!sample\nversion = \"2\"\n{knobs}\n"));
    let deploy = ["deploy", "--release", "2", "--user-data", "release.txt", "--yes"];
    swing.run(&deploy).await.ended(0);
    let load = load::start(Load {
        rate: RATE,
        ..Load::on(url)
    })
    .expect("a load");
    let promoted = swing.run(&["promote", "--yes"]).await;
    load.stop();
    (promoted, load.finish().await)
}

async fn each(knobs: &str, check: impl Fn(Ran, &Ledger)) {
    let mut left = times();
    while left > 0 {
        let now = left.min(AT_ONCE);
        left -= now;
        for (ran, ledger) in join_all((0..now).map(|_| tried(knobs))).await {
            check(ran, &ledger);
        }
    }
}

fn failed(ledger: &Ledger) -> usize {
    ledger.entries().filter(|entry| entry.failure.is_some()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_that_fails_too_often_is_swung_back_and_only_its_share_has_seen_it() {
    each("error_rate = 0.2", |ran, ledger| {
        ran.ended(5)
            .says("error-rate: candidate 5xx")
            .says("production goes to generation 1");
        let (all, bad) = (ledger.entries().count(), failed(ledger));
        assert!(bad > 0 && bad * 100 < all * 20, "{bad} of {all} requests failed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_that_is_slow_beside_live_is_swung_back() {
    each("latency = \"150ms\"", |ran, ledger| {
        ran.ended(5).says("latency-p95");
        assert_eq!(failed(ledger), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_canary_is_promoted_and_no_request_fails() {
    each("", |ran, ledger| {
        ran.ended(0).says("production goes to generation 2");
        assert_eq!(failed(ledger), 0);
    })
    .await;
}
