//! Metric math: precedence, missing points, functions.

use std::collections::BTreeMap;

use super::*;

/// Five minutes of three metrics; `m2` lacks the second and fourth minute, `none` lacks all.
struct Minutes;

fn line(name: &str) -> Line {
    let values: [Option<f64>; 5] = match name {
        "m1" => [Some(1.0), Some(2.0), Some(3.0), Some(4.0), Some(0.0)],
        "m2" => [Some(10.0), None, Some(30.0), None, Some(50.0)],
        _ => [None; 5],
    };
    let points = values
        .iter()
        .zip(0..)
        .filter_map(|(value, minute)| Some((minute * 60, (*value)?)))
        .collect();
    Line {
        label: name.to_owned(),
        period: 60,
        points,
    }
}

impl Names for Minutes {
    fn value(&mut self, name: &str) -> Result<Value, String> {
        match name {
            "m1" | "m2" | "none" => Ok(Value::Line(line(name))),
            _ => Err(format!("no {name}")),
        }
    }

    fn metrics(&mut self, containing: &str) -> Result<Vec<Line>, String> {
        Ok(["m1", "m2", "none"]
            .into_iter()
            .filter(|name| name.contains(containing))
            .map(line)
            .collect())
    }

    fn period(&self) -> i64 {
        60
    }

    fn times(&self, period: i64) -> Vec<i64> {
        (0..5 * 60 / period).map(|minute| minute * period).collect()
    }
}

fn value(text: &str) -> Result<Value, String> {
    evaluate(&parse(text)?, &mut Minutes)
}

fn number(text: &str) -> f64 {
    match value(text) {
        Ok(Value::Number(number)) => number,
        other => panic!("{text} is {other:?}"),
    }
}

fn points(text: &str) -> Vec<Option<f64>> {
    match value(text) {
        Ok(Value::Line(line)) => (0..5)
            .map(|minute| line.points.get(&(minute * 60)).copied())
            .collect(),
        other => panic!("{text} is {other:?}"),
    }
}

#[test]
fn operators_bind_as_in_school() {
    let table = [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("10 - 4 - 3", 3.0),
        ("100 / 10 / 5", 2.0),
        ("2 ^ 3 ^ 2", 512.0),
        ("-2 ^ 2", -4.0),
        ("2 ^ -1", 0.5),
        ("2 * -3", -6.0),
        ("--2", 2.0),
        ("1 + 1 == 2", 1.0),
        ("1 < 2 AND 2 < 1", 0.0),
        ("1 OR 0 AND 0", 1.0),
        ("(1 || 0) && 0", 0.0),
        ("1.5e2 + .5", 150.5),
        ("3 != 3", 0.0),
        ("3 >= 3", 1.0),
    ];
    for (text, expected) in table {
        assert_eq!(number(text), expected, "{text}");
    }
}

#[test]
fn a_point_that_one_side_lacks_is_missing() {
    assert_eq!(
        points("m1 + m2"),
        [Some(11.0), None, Some(33.0), None, Some(50.0)]
    );
    assert_eq!(points("none + m1"), [None; 5]);
    assert_eq!(
        points("m1 * 2"),
        [Some(2.0), Some(4.0), Some(6.0), Some(8.0), Some(0.0)]
    );
    assert_eq!(
        points("1 - m1"),
        [Some(0.0), Some(-1.0), Some(-2.0), Some(-3.0), Some(1.0)]
    );
}

#[test]
fn a_division_by_zero_is_a_missing_point() {
    assert_eq!(points("m2 / m1"), [Some(10.0), None, Some(10.0), None, None]);
}

#[test]
fn a_sum_of_several_series_takes_what_is_there() {
    assert_eq!(
        points("SUM(METRICS())"),
        [Some(11.0), Some(2.0), Some(33.0), Some(4.0), Some(50.0)]
    );
    assert_eq!(
        points("AVG([m1, m2])"),
        [Some(5.5), Some(2.0), Some(16.5), Some(4.0), Some(25.0)]
    );
    assert_eq!(
        points("MAX(METRICS(\"m\"))"),
        [Some(10.0), Some(2.0), Some(30.0), Some(4.0), Some(50.0)]
    );
    assert_eq!(
        points("MIN([m1, m2])"),
        [Some(1.0), Some(2.0), Some(3.0), Some(4.0), Some(0.0)]
    );
}

#[test]
fn a_reduced_series_is_a_number() {
    assert_eq!(number("SUM(m1)"), 10.0);
    assert_eq!(number("AVG(m2)"), 30.0);
    assert_eq!(number("MIN(m1)"), 0.0);
    assert_eq!(number("MAX(m2)"), 50.0);
    assert_eq!(number("PERIOD(m1)"), 60.0);
    assert_eq!(points("m1 / SUM(none)"), [None; 5]);
}

#[test]
fn gaps_are_filled_with_a_value_or_the_last_one() {
    assert_eq!(
        points("FILL(m2, 0)"),
        [Some(10.0), Some(0.0), Some(30.0), Some(0.0), Some(50.0)]
    );
    assert_eq!(
        points("FILL(m2, REPEAT)"),
        [Some(10.0), Some(10.0), Some(30.0), Some(30.0), Some(50.0)]
    );
    assert_eq!(
        points("FILL(m2, m1)"),
        [Some(10.0), Some(2.0), Some(30.0), Some(4.0), Some(50.0)]
    );
    assert_eq!(points("FILL(none, 7)"), [Some(7.0); 5]);
    assert_eq!(points("FILL(none, REPEAT)"), [None; 5]);
}

#[test]
fn a_condition_chooses_point_by_point() {
    assert_eq!(
        points("IF(m1 > 2, m1, 0)"),
        [Some(0.0), Some(0.0), Some(3.0), Some(4.0), Some(0.0)]
    );
    assert_eq!(
        points("IF(m1 > 2, m2, m1)"),
        [Some(1.0), Some(2.0), Some(30.0), None, Some(0.0)]
    );
    assert_eq!(points("IF(m1 > 2, m1)"), [None, None, Some(3.0), Some(4.0), None]);
    assert_eq!(number("IF(1 > 2, 3, 4)"), 4.0);
}

#[test]
fn changes_are_told_from_the_point_before() {
    assert_eq!(
        points("DIFF(m1)"),
        [None, Some(1.0), Some(1.0), Some(1.0), Some(-4.0)]
    );
    // Two minutes lie between the points that there are.
    assert_eq!(
        points("RATE(m2)"),
        [None, None, Some(20.0 / 120.0), None, Some(20.0 / 120.0)]
    );
    assert_eq!(
        points("RUNNING_SUM(m1)"),
        [Some(1.0), Some(3.0), Some(6.0), Some(10.0), Some(10.0)]
    );
}

#[test]
fn single_values_are_rounded_and_spread_over_time() {
    assert_eq!(points("ABS(-m1)"), points("m1"));
    assert_eq!(number("CEIL(1.2) + FLOOR(1.8)"), 3.0);
    assert_eq!(points("TIME_SERIES(3)"), [Some(3.0); 5]);
}

#[test]
fn what_cannot_be_computed_says_why() {
    let table = [
        ("", "ends too early"),
        ("1 +", "ends too early"),
        ("(1", "ends where ')' is wanted"),
        ("m1 m2", "Unexpected 'm2'"),
        ("1 $ 2", "Unexpected character '$'"),
        ("m9 + 1", "no m9"),
        ("SEARCH('{AWS/EC2} x', 'Sum')", "SEARCH is not simulated"),
        ("ANOMALY_DETECTION_BAND(m1)", "unknown or not simulated"),
        ("RATE(1)", "RATE takes a TimeSeries"),
        ("SUM(m1, m2)", "SUM does not take these 2 arguments"),
        ("FILL(m1, LINEAR)", "LINEAR is not simulated"),
        ("[m1] + [m1, m2]", "Unsupported operand types"),
        ("m1 + \"x\"", "Unsupported operand"),
        ("'open", "has no end"),
    ];
    for (text, wanted) in table {
        let error = value(text).expect_err(text);
        assert!(error.contains(wanted), "{text}: {error}");
    }
    assert!(
        parse(&"(".repeat(10_000))
            .expect_err("too deep")
            .contains("nested too deeply")
    );
}

#[test]
fn an_array_stays_one_result_for_each_series() {
    let Ok(Value::Lines(lines)) = value("METRICS() / 2") else {
        panic!("no lines")
    };
    let labels: Vec<_> = lines.iter().map(|line| line.label.as_str()).collect();
    assert_eq!(labels, ["m1", "m2", "none"]);
    assert_eq!(
        lines[1].points,
        BTreeMap::from([(0, 5.0), (120, 15.0), (240, 25.0)])
    );
}
