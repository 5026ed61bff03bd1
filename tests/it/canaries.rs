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
/// So few that the bake has no evidence.
const FEW: f64 = 4.0;
/// So many that one per cent more or less than the bound is told from chance.
const MANY: f64 = 250.0;
const AT_ONCE: usize = 4;

fn times() -> usize {
    let said = std::env::var("SWINGBRIDGE_CANARIES").ok();
    said.map_or(1, |text| text.parse().expect("a number"))
}

/// One canary: how its release behaves, under how much load, and what is configured otherwise.
#[derive(Clone, Copy)]
struct Canary {
    knobs: &'static str,
    rate: f64,
    otherwise: &'static [(&'static str, &'static str)],
}

impl Canary {
    const fn of(knobs: &'static str) -> Self {
        Self {
            knobs,
            rate: RATE,
            otherwise: &[],
        }
    }
}

/// A release is deployed and promoted while there is load. How the promotion went, and every request.
async fn tried(canary: Canary) -> (Ran, Ledger) {
    let lab = Lab::up(&[]).await;
    let url = lab.serving().await;
    let mut swing = Swing::at("000000000000", &lab.endpoint);
    // Longer than the data plane's delay.
    swing.set("SWINGBRIDGE_PROPAGATION", "2s");
    let mut config = CONFIG.to_owned();
    for (here, otherwise) in canary.otherwise {
        assert!(config.contains(here), "{here} is not configured");
        config = config.replace(here, otherwise);
    }
    swing.write("swingbridge.toml", &config);
    swing.write(
        "release.txt",
        &format!("#!sample\nversion = \"2\"\n{}\n", canary.knobs),
    );
    let deploy = ["deploy", "--release", "2", "--user-data", "release.txt", "--yes"];
    swing.run(&deploy).await.ended(0);
    let load = load::start(Load {
        rate: canary.rate,
        ..Load::on(url.parse().expect("a url"))
    })
    .expect("a load");
    let promoted = swing.run(&["promote", "--yes"]).await;
    load.stop();
    (promoted, load.finish().await)
}

async fn each(canary: Canary, check: impl Fn(Ran, &Ledger)) {
    let mut left = times();
    while left > 0 {
        let now = left.min(AT_ONCE);
        left -= now;
        for (ran, ledger) in join_all((0..now).map(|_| tried(canary))).await {
            check(ran, &ledger);
        }
    }
}

fn failed(ledger: &Ledger) -> usize {
    ledger.entries().filter(|entry| entry.failure.is_some()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_that_fails_too_often_is_swung_back_and_only_its_share_has_seen_it() {
    each(Canary::of("error_rate = 0.2"), |ran, ledger| {
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
    each(Canary::of("latency = \"150ms\""), |ran, ledger| {
        ran.ended(5).says("latency-p95");
        assert_eq!(failed(ledger), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_canary_is_promoted_and_no_request_fails() {
    each(Canary::of(""), |ran, ledger| {
        ran.ended(0).says("production goes to generation 2");
        assert_eq!(failed(ledger), 0);
    })
    .await;
}

/// Half of production for a minute, all of it judged together.
const LONG: &[(&str, &str)] = &[
    ("weight = 20, bake = \"20s\"", "weight = 50, bake = \"60s\""),
    ("window = 4", "window = 12"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_per_cent_more_errors_than_the_bound_allows_is_told_from_chance() {
    let canary = Canary {
        knobs: "error_rate = 0.06",
        rate: MANY,
        otherwise: LONG,
    };
    each(canary, |ran, ledger| {
        let ran = ran.ended(5);
        // Both rules have the same bound, from two sides.
        let of_errors = ["error-rate: candidate 5xx", "success-rate: candidate success"];
        assert!(
            of_errors.iter().any(|words| ran.stdout.contains(words)),
            "{ran:?}"
        );
        let (all, bad) = (ledger.entries().count(), failed(ledger));
        assert!(bad > 0 && bad * 100 < all * 6, "{bad} of {all} requests failed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_without_enough_traffic_is_held_for_a_person() {
    let canary = Canary {
        rate: FEW,
        ..Canary::of("")
    };
    each(canary, |ran, ledger| {
        ran.ended(9)
            .says("and it takes 60 to judge it")
            .says("20 % of production goes to generation 2");
        assert_eq!(failed(ledger), 0);
    })
    .await;
}

/// The agent reports once a minute.
const LEAKS: &[(&str, &str)] = &[
    ("bake = \"20s\"", "bake = \"150s\""),
    ("period = \"5s\"", "period = \"1m\""),
    (
        "[judge.rules.unhealthy-hosts]",
        "[judge.rules.memory]\n\n[judge.rules.unhealthy-hosts]",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_share_of_a_canary_that_leaks_is_taken_back_by_halves() {
    let canary = Canary {
        otherwise: LEAKS,
        ..Canary::of("memory_used = 88\nmemory_growth = 4")
    };
    each(canary, |ran, ledger| {
        ran.ended(5)
            .says("memory")
            .says("tg-2:10 → tg-1:95 tg-2:5")
            .says("production goes to generation 1");
        assert_eq!(failed(ledger), 0);
    })
    .await;
}
