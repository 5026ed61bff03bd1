//! Recurrences and adjustments, by tables.

#![allow(clippy::unwrap_used, reason = "a step that fails is what fails the test")]

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::adjusting::Adjustment;
use super::cron::Cron;

fn next(recurrence: &str, after: &str) -> String {
    let after: Timestamp = after.parse().unwrap();
    Cron::parse(recurrence)
        .unwrap()
        .next(after, &TimeZone::UTC)
        .unwrap()
        .to_string()
}

#[test]
fn a_recurrence_comes_after_the_time_it_is_asked_for_never_at_it() {
    assert_eq!(next("30 8 * * *", "2026-11-21T08:30:00Z"), "2026-11-22T08:30:00Z");
    assert_eq!(
        next("*/15 * * * *", "2026-11-21T08:30:01Z"),
        "2026-11-21T08:45:00Z"
    );
}

#[test]
fn a_recurrence_knows_weekdays_months_and_leap_days() {
    // The 21st of November 2026 is a Saturday.
    assert_eq!(
        next("0 9 * * MON-FRI", "2026-11-21T10:00:00Z"),
        "2026-11-23T09:00:00Z"
    );
    assert_eq!(next("0 0 * * 7", "2026-11-21T10:00:00Z"), "2026-11-22T00:00:00Z");
    assert_eq!(next("0 0 29 2 *", "2026-11-21T10:00:00Z"), "2028-02-29T00:00:00Z");
}

#[test]
fn day_of_month_or_weekday_is_enough_when_both_are_restricted() {
    assert_eq!(
        next("0 0 13 * FRI", "2026-11-21T10:00:00Z"),
        "2026-11-27T00:00:00Z"
    );
}

#[test]
fn what_is_no_recurrence_is_told_apart() {
    for text in [
        "",
        "* * * *",
        "60 * * * *",
        "* 24 * * *",
        "5-1 * * * *",
        "*/0 * * * *",
        "a b c d e",
    ] {
        assert_eq!(Cron::parse(text), None, "{text}");
    }
}

#[test]
fn a_percentage_of_a_small_group_moves_at_least_one_instance() {
    let percent = Adjustment::PercentChangeInCapacity { at_least: None };
    assert_eq!(percent.applied(4, 10), 5);
    assert_eq!(percent.applied(4, -10), 3);
    assert_eq!(percent.applied(10, 37), 13);
    let two = Adjustment::PercentChangeInCapacity { at_least: Some(2) };
    assert_eq!(two.applied(4, 25), 6);
}
