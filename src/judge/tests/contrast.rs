//! Variants beside each other: what differs for sure, and who may be picked.

use super::*;
use crate::model::ab::Pick;
use crate::model::comparison::{Measured, Measurements, Picked, Than};

/// Eight minutes; so many answers a minute, with these latencies.
fn variant(name: &str, n: u32, latencies: [f64; 8]) -> Measured {
    let mut side = side(n, 1000.0, 0.5);
    for (series, value) in [
        (judging::REQUESTS, 1000.0),
        (judging::FAILED, 5.0),
        (judging::SUCCEEDED[0], 995.0),
        (judging::UNHEALTHY, 0.0),
    ] {
        set(&mut side, series, &[value; 8]);
    }
    set(&mut side, &judging::latency(95), &latencies);
    Measured {
        variant: name.into(),
        share: Some(33),
        side,
    }
}

fn measured(variants: Vec<Measured>) -> Measurements {
    Measurements {
        from: fixtures::minute(0),
        to: fixtures::minute(8),
        period: Duration::from_secs(60),
        variants,
    }
}

const USUAL: [f64; 8] = [0.40, 0.43, 0.41, 0.44, 0.42, 0.45, 0.46, 0.47];
const FASTER: [f64; 8] = [0.30, 0.33, 0.31, 0.34, 0.32, 0.35, 0.36, 0.37];
const ABOUT: [f64; 8] = [0.405, 0.435, 0.415, 0.445, 0.425, 0.455, 0.395, 0.465];

fn three() -> Measurements {
    measured(vec![
        variant("control", 1, USUAL),
        variant("bold", 2, FASTER),
        variant("calm", 3, ABOUT),
    ])
}

fn by_latency(confidence: f64) -> Pick {
    Pick {
        rule: "latency-p95".into(),
        higher: false,
        confidence,
    }
}

#[test]
fn what_differs_from_the_first_is_told_with_how_sure_that_is() {
    let found = contrast(&Judging::default(), &three());
    let line = found
        .rules
        .iter()
        .find(|line| line.rule == "latency-p95")
        .expect("a line");
    let texts: Vec<&str> = line.cells.iter().map(|cell| cell.text.as_str()).collect();
    assert_eq!(texts, ["0.43 s", "0.34 s", "0.43 s"]);
    assert_eq!(line.cells[0].difference, None);
    let bold = line.cells[1].difference.expect("a difference");
    assert_eq!(bold.is, Than::Lower);
    assert!(bold.confidence > 0.999, "{bold:?}");
    let calm = line.cells[2].difference.expect("a difference");
    assert!(calm.confidence < 0.5, "{calm:?}");
    assert_eq!(
        found.sentences,
        ["latency-p95: bold has 0.34 s, lower than control with 0.43 s (99.9 % sure)"]
    );
}

#[test]
fn what_is_the_same_everywhere_differs_by_nothing() {
    let found = contrast(&Judging::default(), &three());
    let line = found.rules.iter().find(|line| line.rule == "error-rate");
    for cell in line.expect("a line").cells.iter().skip(1) {
        assert_eq!(cell.difference.expect("it can be told").confidence, 0.0);
    }
}

#[test]
fn without_enough_of_it_nothing_is_told_of_a_difference() {
    let mut all = three();
    set(&mut all.variants[1].side, judging::REQUESTS, &[2.0; 8]);
    all.to = fixtures::minute(8);
    let of = |all: &Measurements, place: usize| {
        let found = contrast(&only("latency-p95", Vec::new()), all);
        found.rules[0].cells[place].clone()
    };
    let cell = of(&all, 1);
    assert_eq!(cell.difference, None);
    assert_eq!(cell.unknown.as_deref(), Some("had 16 requests, and it takes 100"));
    all.to = fixtures::minute(3);
    assert_eq!(
        of(&all, 2).unknown.as_deref(),
        Some("has 3 periods, and it takes 4")
    );
}

#[test]
fn a_winner_is_picked_only_when_it_is_better_than_every_other_for_sure() {
    let judging = Judging::default();
    let picked = pick(&by_latency(0.95), &judging, &three());
    let Picked::Winner { name, why } = picked else {
        panic!("nobody was picked: {picked:?}");
    };
    assert_eq!(name, "bold");
    assert_eq!(
        why,
        "latency-p95 (lower is better): control 0.43 s, bold 0.34 s, calm 0.43 s; 99.9 % sure of each difference, of 97.5 % asked for"
    );
    // Higher is better: two of them cannot be told apart.
    let higher = Pick {
        higher: true,
        ..by_latency(0.95)
    };
    let nobody = |pick_by: &Pick, all: &Measurements| match pick(pick_by, &judging, all) {
        Picked::Nobody { why } => why,
        Picked::Winner { name, .. } => panic!("{name} was picked"),
    };
    assert_eq!(
        nobody(&higher, &three()),
        "latency-p95: control 0.43 s, bold 0.34 s, calm 0.43 s; none is better than every other at 95 %"
    );
    // As sure as eight periods cannot make anybody.
    assert!(nobody(&by_latency(0.9999), &three()).contains("none is better"));
    let mut silent = three();
    silent.variants[2].side.series.clear();
    assert_eq!(
        nobody(&by_latency(0.95), &silent),
        "latency-p95: control 0.43 s, bold 0.34 s, calm no data; control has no data"
    );
}
