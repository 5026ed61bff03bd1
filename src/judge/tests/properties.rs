//! What holds whatever was measured.

use proptest::prelude::*;

use super::*;
use crate::cases::cases;

/// A value as CloudWatch might give it, or none.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (0_u32..2_000).prop_map(|number| f64::from(number) / 4.0),
        2 => Just(0.0),
        2 => Just(NONE),
        1 => Just(f64::INFINITY),
    ]
}

fn any_side(n: u32) -> impl Strategy<Value = Side> {
    let names = [
        judging::REQUESTS,
        judging::FAILED,
        judging::SUCCEEDED[0],
        judging::UNCONNECTED,
        "TargetResponseTime p95",
        judging::UNHEALTHY,
    ];
    proptest::collection::vec(proptest::collection::vec(value(), 0..6), names.len()).prop_map(move |all| {
        let mut side = Side {
            target_group: fixtures::tg(n),
            series: Default::default(),
        };
        for (name, values) in names.iter().zip(&all) {
            set(&mut side, name, values);
        }
        side
    })
}

fn any_readings() -> impl Strategy<Value = Readings> {
    (any_side(1), any_side(2), proptest::option::of(0_u32..=100)).prop_map(|(live, candidate, weight)| {
        Readings {
            live,
            candidate,
            weight,
            ..well()
        }
    })
}

/// How good a verdict is.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Inconclusive => 1,
        Verdict::Fail(Consequence::Hold) => 2,
        Verdict::Fail(Consequence::Reduce) => 3,
        Verdict::Fail(Consequence::Rollback) => 4,
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn nothing_passes_without_enough_requests(readings in any_readings(), minimum in 0_u64..2_000) {
        let judging = Judging { minimum_requests: minimum, ..Judging::default() };
        let counted: f64 = readings
            .candidate
            .series
            .get(judging::REQUESTS)
            .into_iter()
            .flat_map(|Series(points)| points)
            .map(|(_, requests)| requests)
            .sum();
        if judge(&judging, &readings).verdict == Verdict::Pass {
            prop_assert!(counted.is_finite() && counted >= f64::from(u32::try_from(minimum.max(1)).expect("small")));
        }
    }

    #[test]
    fn a_verdict_is_no_better_than_any_of_its_findings(readings in any_readings()) {
        let judgement = judge(&Judging::default(), &readings);
        for found in &judgement.findings {
            let least = match found.outcome {
                Outcome::Pass => 0,
                Outcome::Inconclusive => 1,
                Outcome::Fail => rank(Verdict::Fail(found.then)),
            };
            prop_assert!(rank(judgement.verdict) >= least, "{judgement:?}");
        }
    }

    #[test]
    fn losing_what_was_measured_of_the_candidate_never_makes_it_pass(readings in any_readings(), lost in 0_usize..3) {
        // Counts of answers are not among them: that there are none is said by leaving them out.
        let name = [judging::REQUESTS, "TargetResponseTime p95", judging::UNHEALTHY][lost];
        let mut less = readings;
        less.candidate.series.remove(name);
        prop_assert_ne!(judge(&Judging::default(), &less).verdict, Verdict::Pass);
    }

    #[test]
    fn more_failures_never_make_a_verdict_better(readings in any_readings(), more in 1_u32..500) {
        let mut worse = readings.clone();
        if let Some(Series(points)) = worse.candidate.series.get_mut(judging::FAILED) {
            for (_, failed) in points {
                *failed += f64::from(more);
            }
        }
        let judging = Judging::default();
        let (before, after) = (judge(&judging, &readings).verdict, judge(&judging, &worse).verdict);
        prop_assert!(rank(after) >= rank(before), "{before:?} became {after:?}");
    }

    #[test]
    fn every_number_that_is_said_can_be_read(readings in any_readings()) {
        let judgement = judge(&Judging::default(), &readings);
        let text = told(&judgement);
        prop_assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }
}
