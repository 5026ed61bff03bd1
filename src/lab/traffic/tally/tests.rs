//! Counts that are taken once.

use std::time::Duration;

use super::{BUCKETS, Tally, bucket, middle};

#[test]
fn a_time_is_kept_within_about_three_percent() {
    for microseconds in [
        1_u32,
        15,
        16,
        17,
        250,
        999,
        1_000,
        48_123,
        1_000_000,
        59_999_999,
        u32::MAX,
    ] {
        let place = bucket(microseconds);
        assert!(place < BUCKETS, "{microseconds} is in bucket {place}");
        let kept = middle(place) * 1e6;
        let error = (kept - f64::from(microseconds)).abs() / f64::from(microseconds);
        assert!(error < 0.032, "{microseconds} became {kept}");
    }
}

#[test]
fn what_was_taken_is_not_taken_again() {
    let tally = Tally::default();
    tally.answered(200, Duration::from_millis(20));
    tally.answered(200, Duration::from_millis(20));
    tally.answered(503, Duration::from_millis(90));
    tally.answered_itself(502);
    let mut taken = Vec::new();
    tally.take(|name, _, times| taken.push((name, times)));
    assert_eq!(
        taken,
        [
            ("HTTPCode_Target_2XX_Count", 2.0),
            ("HTTPCode_Target_5XX_Count", 1.0),
            ("HTTPCode_ELB_5XX_Count", 1.0),
            ("HTTPCode_ELB_502_Count", 1.0),
            ("TargetResponseTime", 2.0),
            ("TargetResponseTime", 1.0),
        ]
    );
    tally.take(|name, _, _| panic!("{name} was taken before"));
}
