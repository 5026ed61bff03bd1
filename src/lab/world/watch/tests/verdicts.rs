//! The tables of the CloudWatch guide, "Configuring how CloudWatch alarms treat missing data".

use crate::lab::world::watch::alarm::State::{self, Alarm, InsufficientData, Ok};
use crate::lab::world::watch::alarm::Treatment;
use crate::lab::world::watch::verdict::{Criteria, verdict};

/// Points as the guide draws them, and the states for missing, ignore, breaching, notBreaching.
type Row = (&'static str, [Option<State>; 4]);

fn check(table: &[Row], periods: usize, to_alarm: usize) {
    for (drawn, states) in table {
        let points: Vec<_> = drawn
            .split(' ')
            .map(|point| match point {
                "X" => Some(true),
                "0" => Some(false),
                _ => None,
            })
            .collect();
        for (missing, expected) in Treatment::ALL.into_iter().zip(states) {
            let state = verdict(
                &points,
                Criteria {
                    periods,
                    to_alarm,
                    missing,
                },
            );
            assert_eq!(
                state,
                *expected,
                "{drawn}, {to_alarm} of {periods}, {}",
                missing.name()
            );
        }
    }
}

#[test]
fn three_of_three_is_as_the_guide_has_it() {
    let table: [Row; 5] = [
        ("0 - X - X", [Some(Ok), Some(Ok), Some(Ok), Some(Ok)]),
        ("0 - - - -", [Some(Ok), Some(Ok), Some(Ok), Some(Ok)]),
        ("- - - - -", [Some(InsufficientData), None, Some(Alarm), Some(Ok)]),
        ("0 X X - X", [Some(Alarm), Some(Alarm), Some(Alarm), Some(Alarm)]),
        ("- - X - -", [Some(Alarm), None, Some(Alarm), Some(Ok)]),
    ];
    check(&table, 3, 3);
}

#[test]
fn two_of_three_is_as_the_guide_has_it() {
    let table: [Row; 5] = [
        ("0 - X - X", [Some(Alarm), Some(Alarm), Some(Alarm), Some(Alarm)]),
        ("0 0 X 0 X", [Some(Alarm), Some(Alarm), Some(Alarm), Some(Alarm)]),
        ("0 - X - -", [Some(Ok), Some(Ok), Some(Alarm), Some(Ok)]),
        ("- - - - 0", [Some(Ok), Some(Ok), Some(Alarm), Some(Ok)]),
        ("- - - X -", [Some(Alarm), None, Some(Alarm), Some(Ok)]),
    ];
    check(&table, 3, 2);
}

#[test]
fn a_single_recent_breach_is_no_alarm_yet() {
    check(&[("- - - - X", [Some(Ok), None, Some(Alarm), Some(Ok)])], 3, 3);
    check(&[("- - - X -", [Some(Ok), None, Some(Alarm), Some(Ok)])], 3, 3);
}

#[test]
fn enough_breaches_are_an_alarm_whatever_is_missing() {
    check(&[("- - - X X", [Some(Alarm); 4])], 3, 2);
    check(&[("- - X", [Some(Alarm); 4])], 1, 1);
}
