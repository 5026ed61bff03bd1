//! Canaries on the lab under real load: the judge catches a bad one while it has its share, and lets a good one pass.
//!
//! `SWINGBRIDGE_CANARIES=20` tries each kind so many times, four at once. The first try begins with chance 1, the second
//! with 2, and so on: load, errors and identifiers are drawn from it. `SWINGBRIDGE_CANARIES=7-7` tries the seventh alone.

use std::io::Write;

use futures_util::future::join_all;
use swingbridge::lab::load::{self, Entry, Ledger, Load};

use crate::support::Swing;
use crate::support::ground::Lab;
use crate::support::swing::Ran;

/// What every lab begins with. Live is its release 1.
const ESTATE: &str = include_str!("../../templates/lab-estate.toml");
const LIVE: &str = "version = \"1\"\n";

pub(crate) const CONFIG: &str = r#"
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
pub(crate) const RATE: f64 = 80.0;
/// So few that the bake has no evidence.
const FEW: f64 = 4.0;
/// So many that one per cent more or less than the bound is told from chance.
const MANY: f64 = 250.0;
const AT_ONCE: usize = 4;

/// What chance begins with, try by try.
fn chances() -> Vec<u64> {
    let said = std::env::var("SWINGBRIDGE_CANARIES").unwrap_or_else(|_| "1".into());
    let number = |text: &str| text.parse().expect("a number, or two with - between");
    let (first, last) = said.split_once('-').unwrap_or(("1", &said));
    (number(first)..=number(last)).collect()
}

/// Not by `eprintln!`, which is hidden for a test that passes.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// One canary: how its release behaves, beside what, under how much load, and what is configured otherwise.
#[derive(Clone, Copy)]
struct Canary {
    knobs: &'static str,
    live: &'static str,
    rate: f64,
    otherwise: &'static [(&'static str, &'static str)],
}

impl Canary {
    const fn of(knobs: &'static str) -> Self {
        Self {
            knobs,
            live: "",
            rate: RATE,
            otherwise: &[],
        }
    }
}

/// How a promotion went, and every request meanwhile. The load still goes on, and the lab is still up.
struct Tried {
    ran: Ran,
    swing: Swing,
    load: load::Running,
    _lab: Lab,
}

impl Tried {
    async fn ledger(self) -> Ledger {
        self.load.stop();
        self.load.finish().await
    }
}

/// A release is deployed and promoted while there is load.
async fn tried(canary: Canary, chance: u64) -> Tried {
    let knobs = canary.knobs.replace('\n', ", ");
    let told = format!(
        "canary {{ {knobs} }} at {} a second, chance {chance}",
        canary.rate
    );
    say(&told);
    let mut swing = Swing::at("000000000000", "");
    assert_eq!(ESTATE.matches(LIVE).count(), 1, "there is one that is live");
    let estate = ESTATE.replace(LIVE, &format!("{LIVE}{}\n", canary.live));
    swing.write("estate.toml", &estate);
    let (estate, number) = (swing.path("estate.toml"), chance.to_string());
    let estate = estate.to_str().expect("words");
    let lab = Lab::up(&["--config", estate, "--chance", &number]).await;
    let url = lab.serving().await;
    swing.set("SWINGBRIDGE_ENDPOINT_URL", &lab.endpoint);
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
        &format!("#!sample\nversion = \"2\"\nchance = {chance}\n{}\n", canary.knobs),
    );
    let deploy = ["deploy", "--release", "2", "--user-data", "release.txt", "--yes"];
    swing.run(&deploy).await.ended(0);
    let load = load::start(Load {
        rate: canary.rate,
        seed: chance,
        ..Load::on(url.parse().expect("a url"))
    })
    .expect("a load");
    let ran = swing.run(&["promote", "--yes"]).await;
    say(&format!("{told}: exit code {:?}", ran.code));
    Tried {
        ran,
        swing,
        load,
        _lab: lab,
    }
}

async fn each(canary: Canary, check: impl AsyncFn(Tried)) {
    for some in chances().chunks(AT_ONCE) {
        let tries = some.iter().map(async |chance| {
            check(tried(canary, *chance).await).await;
        });
        join_all(tries).await;
    }
}

fn failed(ledger: &Ledger) -> usize {
    ledger.entries().filter(|entry| entry.failure.is_some()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_that_fails_too_often_is_swung_back_and_only_its_share_has_seen_it() {
    each(Canary::of("error_rate = 0.2"), async |tried| {
        let ran = tried.ran.clone().ended(5);
        ran.says("judged bad (rollback): error-rate: candidate 5xx")
            .says("production goes to generation 1");
        // A table, whose columns are as wide as what is in them.
        let history = tried.swing.run(&["history"]).await.ended(0);
        let mut lines = history.stdout.lines();
        let judged = lines.find_map(|line| Some(line.split_once("judged bad (rollback)")?.1.trim_start()));
        let why = judged.is_some_and(|why| why.starts_with("error-rate: candidate 5xx"));
        assert!(why, "{history}");
        only_its_share_has_met_it(&tried.ledger().await, 0.2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_that_is_twice_as_slow_as_live_is_swung_back_for_that_comparison() {
    let canary = Canary {
        live: "latency = \"200ms\"",
        ..Canary::of("latency = \"440ms\"")
    };
    each(canary, async |tried| {
        let ran = tried.ran.clone().ended(5);
        ran.says("latency-p95: candidate").says("(2 × live)");
        let ledger = tried.ledger().await;
        assert_eq!(failed(&ledger), 0);
        only_its_share_has_met_it(&ledger, 0.2);
        // The bound for everybody, two seconds, was never near.
        let its = of_the_candidate(&ledger);
        let slow = its.iter().filter(|entry| entry.took.as_secs() >= 2).count();
        assert!(
            its.len() > 60 && slow * 20 < its.len(),
            "{slow} of {} took two seconds",
            its.len()
        );
    })
    .await;
}

/// What release 2 has answered, well or not.
fn of_the_candidate(ledger: &Ledger) -> Vec<Entry> {
    let is_candidate = |entry: &Entry| {
        let version = entry.version.map(|number| ledger.version_name(number));
        version == Some("2")
    };
    ledger.entries().filter(is_candidate).collect()
}

/// From the first request before the promotion to the last after it no more have met the candidate than its share, as
/// far as chance goes; and nobody else's request has failed.
#[expect(clippy::cast_precision_loss, reason = "some thousands")]
fn only_its_share_has_met_it(ledger: &Ledger, share: f64) {
    let (all, met) = (ledger.entries().count() as f64, of_the_candidate(ledger).len());
    let at_most = all * share + 4.0 * (all * share * (1.0 - share)).sqrt();
    assert!(
        met > 0 && met as f64 <= at_most,
        "{met} of {all} requests met it, and {at_most:.0} may"
    );
    let its_failures = of_the_candidate(ledger);
    let its_failures = its_failures.iter().filter(|entry| entry.failure.is_some());
    assert_eq!(its_failures.count(), failed(ledger));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_canary_is_promoted_and_no_request_fails() {
    each(Canary::of(""), async |tried| {
        tried.ran.clone().ended(0).says("production goes to generation 2");
        assert_eq!(failed(&tried.ledger().await), 0);
    })
    .await;
}

/// Half of production for a minute, all of it judged together.
const LONG: &[(&str, &str)] = &[
    ("weight = 20, bake = \"20s\"", "weight = 50, bake = \"60s\""),
    ("window = 4", "window = 12"),
];

/// The same, judged once there are so many that two per cent of a difference are no chance.
const ENOUGH: &[(&str, &str)] = &[
    LONG[0],
    LONG[1],
    ("minimum_requests = 60", "minimum_requests = 3000"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_per_cent_more_errors_than_the_bound_allows_is_told_from_chance() {
    let canary = Canary {
        rate: MANY,
        otherwise: LONG,
        ..Canary::of("error_rate = 0.06")
    };
    each(canary, async |tried| {
        let ran = tried.ran.clone().ended(5);
        // Both rules have the same bound, from two sides.
        let of_errors = ["error-rate: candidate 5xx", "success-rate: candidate success"];
        assert!(
            of_errors.iter().any(|words| ran.stdout.contains(words)),
            "{ran:?}"
        );
        only_its_share_has_met_it(&tried.ledger().await, 0.5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_per_cent_fewer_errors_than_the_bound_allows_is_promoted() {
    let canary = Canary {
        rate: MANY,
        otherwise: ENOUGH,
        ..Canary::of("error_rate = 0.04")
    };
    each(canary, async |tried| {
        tried.ran.clone().ended(0).says("production goes to generation 2");
    })
    .await;
}

/// Other thresholds than those of the promotion, and what they make of the same recording.
const OTHERWISE: [(&str, &str, &str, i32, &str); 3] = [
    (
        "less-is-enough.toml",
        "minimum_requests = 60",
        "minimum_requests = 3",
        0,
        "the candidate had",
    ),
    (
        "too-strict.toml",
        "minimum_requests = 60",
        "minimum_requests = 3\nrules.latency-p95.at_most = 0.000001",
        5,
        "latency-p95: candidate",
    ),
    (
        "of-a-person.toml",
        "minimum_requests = 60",
        "minimum_requests = 3\nrules.latency-p95 = { at_most = 0.000001, then = \"hold\" }",
        9,
        "latency-p95: candidate",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_without_enough_traffic_is_held_and_its_recording_is_judged_by_any_thresholds() {
    let canary = Canary {
        rate: FEW,
        ..Canary::of("")
    };
    each(canary, async |tried| {
        let too_few = "and it takes 60 to judge it";
        let ran = tried.ran.clone().ended(9);
        ran.says(too_few).says("20 % of production goes to generation 2");
        // It has its share until a person decides, and is measured all the while.
        let swing = &tried.swing;
        let measured = swing.run(&["metrics", "--record", "held.json"]).await.ended(0);
        measured.says("latency-p95");
        let replay = ["judge", "replay", "held.json"];
        swing.run(&replay).await.ended(9).says(too_few);
        let config = std::fs::read_to_string(swing.path("swingbridge.toml")).expect("a configuration");
        for (file, here, otherwise, code, says) in OTHERWISE {
            assert!(config.contains(here), "{here} is not configured");
            swing.write(file, &config.replace(here, otherwise));
            let replay = ["--config", file, "judge", "replay", "held.json"];
            swing.run(&replay).await.ended(code).says(says).says_not(too_few);
        }
        assert_eq!(failed(&tried.ledger().await), 0);
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
    each(canary, async |tried| {
        tried
            .ran
            .clone()
            .ended(5)
            .says("memory")
            .says("tg-2:10 → tg-1:95 tg-2:5")
            .says("production goes to generation 1");
        assert_eq!(failed(&tried.ledger().await), 0);
    })
    .await;
}
