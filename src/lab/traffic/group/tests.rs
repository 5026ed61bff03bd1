//! Who of a pool is chosen.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Group, by_weight};
use crate::lab::traffic::backend::{Backend, InFlight};
use crate::lab::traffic::chance::Chance;
use crate::lab::world::routing::{Algorithm, Pool, Protocol, Target};
use crate::lab::world::time::Moment;

fn pool(name: &str, algorithm: Algorithm, slow_start: Option<Duration>) -> Arc<Pool> {
    Arc::new(Pool {
        arn: name.to_owned(),
        name: name.to_owned(),
        dimension: format!("targetgroup/{name}/1"),
        tls: false,
        protocol: Protocol::Http1,
        algorithm,
        slow_start,
        stickiness: None,
        targets: Vec::new(),
        failed_open: false,
        draining: Vec::new(),
    })
}

fn group(algorithm: Algorithm, slow_start: Option<Duration>, slow: &[bool]) -> Group {
    let targets = slow.iter().enumerate().map(|(number, &slow_starts)| {
        let address = "127.0.0.1:1".parse().expect("an address");
        let target = Target {
            instance: format!("i-{number}"),
            port: 80,
            address: Some(address),
            zone: "us-east-1a".to_owned(),
            healthy_since: Some(Moment::START),
            slow_starts,
        };
        (
            Arc::new(target),
            Arc::new(Backend::new(format!("i-{number}:80"), address)),
        )
    });
    Group {
        pool: pool("blue", algorithm, slow_start),
        targets: targets.collect(),
        turn: Arc::default(),
        tally: Arc::default(),
    }
}

fn chosen(group: &Group, times: u32, now: Moment) -> BTreeMap<String, u32> {
    let chance = Chance::seeded(7);
    let mut chosen = BTreeMap::new();
    for _ in 0..times {
        let backend = group.choose(&chance, now).expect("there are targets");
        *chosen.entry(backend.name.clone()).or_default() += 1;
    }
    chosen
}

#[test]
fn round_robin_gives_every_target_the_same() {
    let group = group(Algorithm::RoundRobin, None, &[false; 3]);
    assert_eq!(
        chosen(&group, 300, Moment::START)
            .into_values()
            .collect::<Vec<_>>(),
        [100, 100, 100]
    );
}

#[test]
fn least_outstanding_avoids_the_busy_and_goes_round_among_equals() {
    let group = group(Algorithm::LeastOutstanding, None, &[false; 3]);
    let _busy = InFlight::at(&group.targets[1].1);
    let chosen = chosen(&group, 300, Moment::START);
    assert_eq!(chosen.get("i-1:80"), None);
    assert!(chosen["i-0:80"] >= 100 && chosen["i-2:80"] >= 100, "{chosen:?}");
}

#[test]
fn a_slow_starting_target_is_given_a_share_that_grows_with_time() {
    let group = group(
        Algorithm::RoundRobin,
        Some(Duration::from_secs(100)),
        &[false, true],
    );
    let share = |seconds| {
        let chosen = chosen(&group, 10_000, Moment::after_start(Duration::from_secs(seconds)));
        f64::from(chosen.get("i-1:80").copied().unwrap_or(0)) / 10_000.0
    };
    // Of one full share and a quarter, a half, a whole one.
    assert!((share(25) - 0.25 / 1.25).abs() < 0.02);
    assert!((share(50) - 0.5 / 1.5).abs() < 0.02);
    assert!((share(100) - 0.5).abs() < 0.001);
}

#[test]
fn weights_are_shares_and_no_weight_is_no_request() {
    let named = |name| pool(name, Algorithm::RoundRobin, None);
    let pools = [(named("blue"), 90), (named("off"), 0), (named("green"), 10)];
    let chance = Chance::seeded(1);
    let mut chosen: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..100_000 {
        let pool = by_weight(&pools, &chance).expect("somebody has weight");
        *chosen.entry(pool.name.clone()).or_default() += 1;
    }
    assert_eq!(chosen.get("off"), None);
    assert!((9_700..=10_300).contains(&chosen["green"]), "{chosen:?}");
}

#[test]
fn nobody_is_chosen_when_nobody_has_weight() {
    let named = |name| pool(name, Algorithm::RoundRobin, None);
    let chance = Chance::seeded(1);
    assert!(by_weight(&[(named("blue"), 0), (named("green"), 0)], &chance).is_none());
    assert!(by_weight(&[(named("blue"), 0)], &chance).is_none());
}
