//! The schedule, the histogram and the ledger by themselves.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use crate::lab::load::histogram::Histogram;
use crate::lab::load::ledger::{Entry, Failure, Kind, Ledger};
use crate::lab::load::schedule::{Due, Schedule};
use crate::lab::load::{Door, Load, Spacing};

fn load() -> Load {
    let mut load = Load::on("http://127.0.0.1/".parse().expect("a URL"));
    load.rate = 1_000.0;
    load.duration = Some(Duration::from_secs(20));
    load.slow.share = 0.1;
    load.sockets.share = 0.05;
    load.doors = vec![Door {
        name: "green".to_owned(),
        headers: http::HeaderMap::new(),
        share: 0.2,
        expects: vec![],
    }];
    load
}

fn share(dues: &[Due], kind: Kind) -> f64 {
    let of_kind = u32::try_from(dues.iter().filter(|due| due.kind == kind).count()).expect("few");
    f64::from(of_kind) / f64::from(u32::try_from(dues.len()).expect("few"))
}

#[test]
fn a_seed_is_a_schedule() {
    let first: Vec<Due> = Schedule::of(&load()).collect();
    let again: Vec<Due> = Schedule::of(&load()).collect();
    let other: Vec<Due> = Schedule::of(&Load { seed: 2, ..load() }).collect();
    assert!(first == again);
    assert!(first != other);
}

#[test]
fn the_schedule_keeps_rate_and_shares() {
    let dues: Vec<Due> = Schedule::of(&load()).collect();
    // Twenty thousand of a Poisson process, within five standard deviations.
    assert!((19_300..=20_700).contains(&dues.len()), "{}", dues.len());
    for (kind, wanted) in [
        (Kind::Slow, 0.1),
        (Kind::Socket, 0.05),
        (Kind::Door(0), 0.2),
        (Kind::Plain, 0.65),
    ] {
        let share = share(&dues, kind);
        assert!(
            (share - wanted).abs() < 0.02,
            "{kind:?}: {share} instead of {wanted}"
        );
    }
    assert!(dues.is_sorted_by_key(|due| due.at));
}

#[test]
fn even_means_evenly_spaced() {
    let dues: Vec<Due> = Schedule::of(&Load {
        spacing: Spacing::Even,
        ..load()
    })
    .take(100)
    .collect();
    for pair in dues.windows(2) {
        let gap = pair[1].at.checked_sub(pair[0].at).expect("later");
        assert!(
            gap.abs_diff(Duration::from_millis(1)) < Duration::from_micros(1),
            "{gap:?}"
        );
    }
}

proptest! {
    #[test]
    fn percentiles_are_within_the_error_of_exact_ones(
        mut values in prop::collection::vec(0_u64..100_000_000, 1..500),
        of_hundred in 0.0_f64..=100.0,
    ) {
        let mut histogram = Histogram::default();
        for value in &values {
            histogram.note(Duration::from_micros(*value));
        }
        values.sort_unstable();
        let rank = ((values.len() as f64 * of_hundred / 100.0).ceil() as usize).max(1);
        let exact = values[rank - 1];
        let told = u64::try_from(histogram.percentile(of_hundred).as_micros()).expect("small");
        prop_assert!(told >= exact, "{told} hides {exact}");
        prop_assert!(told - exact <= exact / 128, "{told} is too far from {exact}");
        prop_assert_eq!(histogram.percentile(100.0), Duration::from_micros(values[values.len() - 1]));
    }

    #[test]
    fn the_ledger_gives_back_what_it_was_given(
        scheduled in 0_u64..1 << 40,
        late in 0_u64..1 << 32,
        took in 0_u64..1 << 32,
        kind in prop_oneof![
            Just(Kind::Plain), Just(Kind::Slow), Just(Kind::Socket), (0_u8..200).prop_map(Kind::Door)
        ],
        version in prop::option::of(0_u8..200),
        status in prop::option::of(100_u16..600),
        failure in prop::option::of(prop::sample::select(Failure::ALL.to_vec())),
        retried: bool,
    ) {
        let (scheduled, late) = (Duration::from_micros(scheduled), Duration::from_micros(late));
        let took = Duration::from_micros(took);
        let entry = Entry { scheduled, late, took, kind, version, status, failure, retried };
        let mut ledger = Ledger::new(String::new(), Timestamp::UNIX_EPOCH, Vec::new());
        ledger.push(entry);
        prop_assert_eq!(ledger.entries().collect::<Vec<_>>(), vec![entry]);
    }
}

#[test]
fn histograms_add_up() {
    let (mut low, mut high) = (Histogram::default(), Histogram::default());
    low.note(Duration::from_micros(7));
    high.note(Duration::from_secs(70));
    low.add(&high);
    assert_eq!(low.count(), 2);
    assert_eq!(low.percentile(50.0), Duration::from_micros(7));
    assert_eq!(low.longest(), Duration::from_secs(70));
}

#[test]
fn a_server_that_invents_versions_does_not_fill_the_memory() {
    let mut ledger = Ledger::new(String::new(), Timestamp::UNIX_EPOCH, Vec::new());
    let numbers: Vec<u8> = (0..1_000)
        .map(|number| ledger.version(&format!("v{number}")))
        .collect();
    assert_eq!(ledger.versions().len(), 201);
    assert_eq!(numbers[5], 5);
    assert_eq!(ledger.version_name(numbers[999]), "(others)");
}

#[test]
fn lines_are_json_objects_with_every_fact() {
    let mut ledger = Ledger::new(String::new(), Timestamp::UNIX_EPOCH, vec!["green".to_owned()]);
    let version = ledger.version("1.0");
    ledger.mark(Duration::from_secs(1), "promote began");
    ledger.push(Entry {
        scheduled: Duration::from_millis(1500),
        late: Duration::from_micros(250),
        took: Duration::from_millis(3),
        kind: Kind::Door(0),
        version: Some(version),
        status: Some(503),
        failure: Some(Failure::Status),
        retried: false,
    });
    let mut lines = Vec::new();
    ledger.write_lines(&mut lines).expect("a vector takes all");
    insta::assert_snapshot!(String::from_utf8(lines).expect("text"), @r#"
    {"at":"1970-01-01T00:00:01Z","mark":"promote began"}
    {"at":"1970-01-01T00:00:01.5Z","begun":"1970-01-01T00:00:01.50025Z","kind":"green","version":"1.0","status":503,"took_us":3000,"failure":"status","retried":false}
    "#);
}
