//! What is kept of what was measured.

use super::*;

fn points(world: &World, statistic: &str, period: i64, from: i64, to: i64) -> Vec<(i64, f64)> {
    let statistic = Statistic::read(statistic).expect("a statistic");
    let store = &world.watch.store;
    let points = store.points(&requests(), statistic, period, BEGAN + from, BEGAN + to);
    points
        .into_iter()
        .map(|(at, value)| (at - BEGAN, value))
        .collect()
}

#[test]
fn values_are_gathered_by_the_begin_of_their_period() {
    let mut world = world(1.0);
    for (second, value) in [(0, 1.0), (59, 3.0), (60, 5.0), (125, 8.0)] {
        until(&mut world, f64::from(second));
        world.record(&requests(), value, 2.0);
    }
    assert_eq!(
        points(&world, "Sum", 60, 0, 180),
        [(0, 8.0), (60, 10.0), (120, 16.0)]
    );
    assert_eq!(
        points(&world, "Average", 60, 0, 180),
        [(0, 2.0), (60, 5.0), (120, 8.0)]
    );
    assert_eq!(points(&world, "SampleCount", 60, 0, 60), [(0, 4.0)]);
    assert_eq!(points(&world, "Minimum", 300, 0, 300), [(0, 1.0)]);
    assert_eq!(points(&world, "Maximum", 300, 0, 300), [(0, 8.0)]);
}

#[test]
fn the_start_is_rounded_down_and_the_end_is_exclusive() {
    let mut world = world(1.0);
    for second in [0, 60, 120] {
        until(&mut world, f64::from(second));
        world.record(&requests(), 1.0, 1.0);
    }
    assert_eq!(points(&world, "Sum", 60, 30, 120), [(0, 1.0), (60, 1.0)]);
    assert_eq!(points(&world, "Sum", 60, 60, 121), [(60, 1.0), (120, 1.0)]);
}

#[test]
fn dimensions_in_any_order_are_the_same_metric_and_fewer_are_another() {
    let mut world = world(1.0);
    let other_order = Metric::new(
        "AWS/ApplicationELB",
        "RequestCount",
        [("LoadBalancer", "app/x/2"), ("TargetGroup", "targetgroup/a/1")],
    );
    let fewer = Metric::new(
        "AWS/ApplicationELB",
        "RequestCount",
        [("LoadBalancer", "app/x/2")],
    );
    world.record(&other_order, 1.0, 1.0);
    world.record(&fewer, 10.0, 1.0);
    assert_eq!(points(&world, "Sum", 60, 0, 60), [(0, 1.0)]);
}

#[test]
fn a_percentile_is_at_most_one_per_cent_off() {
    let mut world = world(1.0);
    // A thousandth to a second, spread over several seconds: the true percentile p of these is p / 100.
    for step in 1..=1000_u32 {
        until(&mut world, f64::from(step / 100));
        world.record(&requests(), f64::from(step) / 1000.0, 1.0);
    }
    for (name, truth) in [
        ("p1", 0.01),
        ("p50", 0.5),
        ("p90", 0.9),
        ("p99", 0.99),
        ("p99.9", 0.999),
        ("p100", 1.0),
    ] {
        let [(0, value)] = points(&world, name, 60, 0, 60)[..] else {
            panic!("{name}: one point is wanted")
        };
        assert!(
            (value / truth - 1.0).abs() <= 0.01,
            "{name} is {value}, and should be {truth}"
        );
    }
}

#[test]
fn a_percentile_of_one_value_is_that_value() {
    let mut world = world(1.0);
    world.record(&requests(), 0.123_456, 1000.0);
    assert_eq!(points(&world, "p99", 60, 0, 60), [(0, 0.123_456)]);
}

#[test]
fn many_zeros_are_a_percentile_of_zero() {
    let mut world = world(1.0);
    world.record(&requests(), 0.0, 90.0);
    world.record(&requests(), 5.0, 10.0);
    assert_eq!(points(&world, "p90", 60, 0, 60), [(0, 0.0)]);
    assert_eq!(points(&world, "p100", 60, 0, 60), [(0, 5.0)]);
}

#[test]
fn negative_values_and_statistic_sets_have_no_percentiles() {
    let mut world = world(1.0);
    world.record(&requests(), -1.0, 1.0);
    assert_eq!(points(&world, "p50", 60, 0, 60), []);
    assert_eq!(points(&world, "Minimum", 60, 0, 60), [(0, -1.0)]);
    world.record_at(
        &requests(),
        BEGAN + 60,
        &Summary::of_set(4.0, 10.0, 1.0, 4.0),
        None,
    );
    assert_eq!(points(&world, "p50", 60, 60, 120), []);
    assert_eq!(points(&world, "Average", 60, 60, 120), [(60, 2.5)]);
    // A set of equal values is as good as the values.
    world.record_at(
        &requests(),
        BEGAN + 120,
        &Summary::of_set(4.0, 8.0, 2.0, 2.0),
        None,
    );
    assert_eq!(points(&world, "p50", 60, 120, 180), [(120, 2.0)]);
}

#[test]
fn after_three_hours_seconds_are_minutes_and_after_fifteen_days_nothing() {
    let mut world = world(1.0);
    world.record(&requests(), 1.0, 1.0);
    until(&mut world, 1.0);
    world.record(&requests(), 2.0, 1.0);
    assert_eq!(points(&world, "Sum", 1, 0, 2), [(0, 1.0), (1, 2.0)]);
    until(&mut world, 3.0 * 3600.0 + 60.0);
    world.record(&requests(), 4.0, 1.0);
    assert_eq!(points(&world, "Sum", 1, 0, 60), []);
    assert_eq!(points(&world, "Sum", 60, 0, 60), [(0, 3.0)]);
    assert_eq!(points(&world, "Sum", 86_400, 0, 86_400), [(0, 7.0)]);
    until(&mut world, 15.0 * 86_400.0 + 4.0 * 3600.0);
    world.record(&requests(), 8.0, 1.0);
    assert_eq!(points(&world, "Sum", 60, 0, 86_400), []);
}

#[test]
fn memory_is_bounded_by_telling_seconds_apart_for_a_shorter_time() {
    let mut store = Store::default();
    let one = Summary::of(1.0, 1.0);
    let names: Vec<String> = (0..200).map(|number| format!("m{number}")).collect();
    let metrics: Vec<Metric> = names.iter().map(|name| Metric::new("n", name, [])).collect();
    for second in 0..3600 {
        for metric in &metrics {
            store.add(metric, second, second, &one);
        }
    }
    // 720,000 seconds of values came in; of each metric the last ten minutes are still told apart, and no value is lost.
    assert_eq!(
        store.points(&metrics[0], Statistic::Sum, 1, 3000, 3600).len(),
        600
    );
    assert_eq!(store.points(&metrics[0], Statistic::Sum, 1, 0, 60).len(), 0);
    assert_eq!(
        store.points(&metrics[0], Statistic::Sum, 3600, 0, 3600)[&0],
        3600.0
    );
}

#[test]
fn statistics_that_are_not_simulated_are_refused_by_name() {
    for name in [
        "tm90",
        "TM(10%:90%)",
        "wm95",
        "IQM",
        "PR(0:1)",
        "ts99",
        "p101",
        "p",
        "p-1",
        "pnan",
        "sum",
        "Median",
    ] {
        let refused = Statistic::read(name).expect_err(name);
        assert_eq!(refused.code, "InvalidParameterValue");
        assert!(refused.message.contains(name), "{}", refused.message);
    }
}
