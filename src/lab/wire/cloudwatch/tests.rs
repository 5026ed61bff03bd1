//! CloudWatch's operations as a client calls them.

use std::time::Duration;

use super::OPERATIONS;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::time::Moment;
use crate::lab::world::{Settings, World};

/// 2026-01-01T00:00:00Z.
const BEGAN: &str = "2026-01-01T00:00:00Z";

fn world() -> World {
    World::new(Settings {
        began: BEGAN.parse().expect("a time"),
        ..Settings::default()
    })
}

fn until(world: &mut World, seconds: u64) {
    world.advance(Moment::after_start(Duration::from_secs(seconds)));
}

/// Calls an operation as a client would, after making sure that every member is one it takes.
fn call(world: &mut World, name: &str, input: &Tree) -> Result<Tree, Refused> {
    let operation = OPERATIONS
        .iter()
        .find(|operation| operation.name == name)
        .expect(name);
    for (member, _) in input.members() {
        assert!(
            operation.members.contains(&member.as_str()),
            "{name} takes no {member}"
        );
    }
    (operation.act)(world, input)
}

fn tree(members: &[(&str, &str)]) -> Tree {
    members.iter().fold(Tree::map(), |tree, (name, value)| {
        tree.with(name, Tree::from(*value))
    })
}

/// Puts a value for each minute from the world's begin.
fn put(world: &mut World, metric: &str, values: &[&str]) {
    let data = values.iter().enumerate().map(|(minute, value)| {
        let at = format!("2026-01-01T00:{minute:02}:00Z");
        tree(&[
            ("MetricName", metric),
            ("Value", value),
            ("Timestamp", &at),
            ("Unit", "Count"),
        ])
    });
    let input = tree(&[("Namespace", "app")]).with("MetricData", Tree::list(data));
    call(world, "PutMetricData", &input).expect("it is accepted");
}

fn stored(id: &str, metric: &str) -> Tree {
    let stat = tree(&[("Period", "60"), ("Stat", "Sum")])
        .with("Metric", tree(&[("Namespace", "app"), ("MetricName", metric)]));
    tree(&[("Id", id)]).with("MetricStat", stat)
}

fn hour(queries: impl IntoIterator<Item = Tree>) -> Tree {
    tree(&[("StartTime", BEGAN), ("EndTime", "2026-01-01T01:00:00Z")])
        .with("MetricDataQueries", Tree::list(queries))
}

fn reals(result: &Tree) -> Vec<f64> {
    result.items("Values").iter().filter_map(Tree::as_real).collect()
}

fn names(output: &Tree, list: &str, member: &str) -> Vec<String> {
    output
        .items(list)
        .iter()
        .filter_map(|item| item.text(member).map(str::to_owned))
        .collect()
}

fn alarm(world: &mut World, name: &str) {
    let input = tree(&[
        ("AlarmName", name),
        ("Namespace", "app"),
        ("MetricName", "errors"),
        ("Statistic", "Sum"),
        ("Period", "60"),
        ("EvaluationPeriods", "1"),
        ("Threshold", "1"),
        ("ComparisonOperator", "GreaterThanThreshold"),
    ])
    .with(
        "AlarmActions",
        Tree::texts(["arn:aws:sns:us-east-1:000000000000:pager"]),
    );
    call(world, "PutMetricAlarm", &input).expect("it is accepted");
}

#[test]
fn data_come_newest_first_unless_asked_otherwise() {
    let mut world = world();
    until(&mut world, 600);
    put(&mut world, "errors", &["1", "2", "3"]);
    let output = call(&mut world, "GetMetricData", &hour([stored("e", "errors")])).expect("data");
    let [result] = output.items("MetricDataResults") else {
        panic!("one result is wanted")
    };
    assert_eq!(reals(result), [3.0, 2.0, 1.0]);
    assert_eq!(
        result.items("Timestamps")[2],
        Tree::Time(BEGAN.parse().expect("a time"))
    );
    assert_eq!(
        (result.text("Label"), result.text("StatusCode")),
        (Some("errors"), Some("Complete"))
    );
    let ascending = hour([stored("e", "errors")]).with("ScanBy", Tree::from("TimestampAscending"));
    let output = call(&mut world, "GetMetricData", &ascending).expect("data");
    assert_eq!(reals(&output.items("MetricDataResults")[0]), [1.0, 2.0, 3.0]);
}

#[test]
fn pages_of_datapoints_add_up_to_all_of_them() {
    let mut world = world();
    until(&mut world, 600);
    put(&mut world, "errors", &["1", "2", "3"]);
    put(&mut world, "requests", &["10", "20", "30"]);
    let mut input = hour([
        stored("e", "errors"),
        stored("none", "none"),
        stored("r", "requests"),
    ]);
    input = input
        .with("MaxDatapoints", Tree::from("2"))
        .with("ScanBy", Tree::from("TimestampAscending"));
    let mut pages = Vec::new();
    let mut token = None;
    loop {
        let page = call(
            &mut world,
            "GetMetricData",
            &input.clone().with("NextToken", token.take()),
        )
        .expect("a page");
        let results = page.items("MetricDataResults").iter();
        let said = |result: &Tree| {
            (
                result.text("Id").map(str::to_owned),
                reals(result),
                result.text("StatusCode") == Some("Complete"),
            )
        };
        pages.push(results.map(said).collect::<Vec<_>>());
        token = page.get("NextToken").cloned();
        if token.is_none() {
            break;
        }
    }
    let id = |id: &str| Some(id.to_owned());
    assert_eq!(
        pages,
        [
            vec![(id("e"), vec![1.0, 2.0], false)],
            vec![
                (id("e"), vec![3.0], true),
                (id("none"), vec![], true),
                (id("r"), vec![10.0], false)
            ],
            vec![(id("r"), vec![20.0, 30.0], true)],
        ]
    );
}

#[test]
fn metric_math_is_answered_whole_and_only_what_is_to_be_returned() {
    let mut world = world();
    until(&mut world, 600);
    put(&mut world, "errors", &["1", "2", "3"]);
    put(&mut world, "requests", &["10", "20", "0"]);
    let hidden = |query: Tree| query.with("ReturnData", Tree::from("false"));
    let rate = tree(&[
        ("Id", "rate"),
        ("Expression", "100 * e / r"),
        ("Label", "error rate"),
    ]);
    let input = hour([
        rate,
        hidden(stored("e", "errors")),
        hidden(stored("r", "requests")),
    ])
    .with("MaxDatapoints", Tree::from("1"));
    let output = call(&mut world, "GetMetricData", &input).expect("data");
    let [result] = output.items("MetricDataResults") else {
        panic!("one result is wanted")
    };
    assert_eq!(
        (result.text("Label"), reals(result)),
        (Some("error rate"), vec![10.0, 10.0])
    );
    assert_eq!(output.get("NextToken"), None);
}

#[test]
fn queries_that_cannot_be_answered_are_refused_with_their_names() {
    let mut world = world();
    let expression = |id: &str, text: &str| tree(&[("Id", id), ("Expression", text)]);
    let table = [
        (vec![expression("a", "b + 1")], "'b' is not defined"),
        (
            vec![expression("a", "b"), expression("b", "a")],
            "refers to itself",
        ),
        (vec![expression("a", "1 + 1")], "a TimeSeries is wanted"),
        (
            vec![expression("a", "SEARCH('x', 'Sum')")],
            "SEARCH is not simulated",
        ),
        (vec![expression("a", "SELECT AVG(x) FROM y")], "Metrics Insights"),
        (vec![expression("A", "1")], "lowercase letter"),
        (vec![stored("a", "x"), stored("a", "y")], "must be unique"),
        (vec![tree(&[("Id", "a")])], "either MetricStat or Expression"),
        (
            vec![stored("a", "x").with("ReturnData", Tree::from("false"))],
            "ReturnData",
        ),
        (
            (0..501)
                .map(|number| stored(&format!("q{number}"), "x"))
                .collect(),
            "greater than 500",
        ),
    ];
    for (queries, wanted) in table {
        let refused = call(&mut world, "GetMetricData", &hour(queries)).expect_err(wanted);
        assert_eq!(refused.code, "ValidationError");
        assert!(refused.message.contains(wanted), "{}", refused.message);
    }
    let years = tree(&[("StartTime", "2024-01-01T00:00:00Z"), ("EndTime", BEGAN)]);
    let years = years.with(
        "MetricDataQueries",
        Tree::list([stored("a", "x"), expression("b", "FILL(a, 0)")]),
    );
    let refused = call(&mut world, "GetMetricData", &years).expect_err("a million datapoints");
    assert!(
        refused.message.contains("100800 periods of 60 seconds"),
        "{}",
        refused.message
    );
    let forged = hour([stored("a", "x")]).with("NextToken", Tree::from("nonsense"));
    assert_eq!(
        call(&mut world, "GetMetricData", &forged)
            .expect_err("forged")
            .code,
        "InvalidNextToken"
    );
}

#[test]
fn statistics_have_units_and_at_most_1440_points() {
    let mut world = world();
    until(&mut world, 600);
    put(&mut world, "errors", &["1", "2"]);
    let input = |end: &str| {
        tree(&[
            ("Namespace", "app"),
            ("MetricName", "errors"),
            ("StartTime", BEGAN),
            ("EndTime", end),
            ("Period", "60"),
        ])
    };
    let day = input("2026-01-02T00:00:00Z");
    let sums = day.clone().with("Statistics", Tree::texts(["Sum", "Maximum"]));
    let output = call(&mut world, "GetMetricStatistics", &sums).expect("statistics");
    assert_eq!(output.text("Label"), Some("errors"));
    let [first, second] = output.items("Datapoints") else {
        panic!("two points are wanted")
    };
    assert_eq!(
        (first.get("Sum"), first.text("Unit")),
        (Some(&Tree::Real(1.0)), Some("Count"))
    );
    assert_eq!(
        (second.get("Maximum"), second.get("Average")),
        (Some(&Tree::Real(2.0)), None)
    );
    let percentiles = day.clone().with("ExtendedStatistics", Tree::texts(["p50"]));
    let output = call(&mut world, "GetMetricStatistics", &percentiles).expect("statistics");
    let percentiles = output.items("Datapoints")[1]
        .get("ExtendedStatistics")
        .expect("percentiles");
    assert_eq!(percentiles.get("p50"), Some(&Tree::Real(2.0)));

    let longer = input("2026-01-02T00:01:00Z").with("Statistics", Tree::texts(["Sum"]));
    let refused = call(&mut world, "GetMetricStatistics", &longer).expect_err("1441 points");
    assert_eq!(refused.code, "InvalidParameterCombination");
    assert!(
        refused.message.contains("up to 1441 datapoints"),
        "{}",
        refused.message
    );
    assert_eq!(
        call(&mut world, "GetMetricStatistics", &day)
            .expect_err("no statistic")
            .code,
        "MissingParameter"
    );
}

#[test]
fn a_refused_put_keeps_nothing() {
    let mut world = world();
    let datum = |members: &[(&str, &str)]| {
        tree(&[("MetricName", "m")])
            .with("Unit", None)
            .with(members[0].0, Tree::from(members[0].1))
    };
    let good = datum(&[("Value", "1")]);
    let counts = tree(&[("MetricName", "m")])
        .with("Values", Tree::texts(["1", "2"]))
        .with("Counts", Tree::texts(["1"]));
    let both = good.clone().with("Values", Tree::texts(["1"]));
    let table = [
        (tree(&[("MetricName", "m")]), "MissingParameter"),
        (both, "InvalidParameterCombination"),
        (counts, "InvalidParameterValue"),
        (datum(&[("Value", "NaN")]), "InvalidParameterValue"),
        (datum(&[("Value", "1e200")]), "InvalidParameterValue"),
        (
            good.clone().with("Timestamp", Tree::from("2025-12-01T00:00:00Z")),
            "InvalidParameterValue",
        ),
        (
            good.clone().with("Timestamp", Tree::from("2026-01-01T03:00:00Z")),
            "InvalidParameterValue",
        ),
        (
            good.clone().with("StorageResolution", Tree::from("7")),
            "InvalidParameterValue",
        ),
    ];
    for (bad, code) in table {
        let input = tree(&[("Namespace", "app")]).with("MetricData", Tree::list([good.clone(), bad]));
        let refused = call(&mut world, "PutMetricData", &input).expect_err(code);
        assert_eq!(refused.code, code, "{}", refused.message);
    }
    let reserved = tree(&[("Namespace", "AWS/EC2")]).with("MetricData", Tree::list([good]));
    call(&mut world, "PutMetricData", &reserved).expect_err("AWS's own namespace");
    assert_eq!(
        call(&mut world, "ListMetrics", &Tree::map())
            .expect("a list")
            .items("Metrics")
            .len(),
        0
    );
}

#[test]
fn values_with_counts_and_sets_are_put_together() {
    let mut world = world();
    let values = tree(&[("MetricName", "m")])
        .with("Values", Tree::texts(["1", "5"]))
        .with("Counts", Tree::texts(["3", "1"]));
    let set = tree(&[
        ("SampleCount", "2"),
        ("Sum", "10"),
        ("Minimum", "4"),
        ("Maximum", "6"),
    ]);
    let set = tree(&[("MetricName", "m")]).with("StatisticValues", set);
    let input = tree(&[("Namespace", "app")]).with("MetricData", Tree::list([values, set]));
    call(&mut world, "PutMetricData", &input).expect("it is accepted");
    let output = call(&mut world, "GetMetricData", &hour([stored("m", "m")])).expect("data");
    assert_eq!(reals(&output.items("MetricDataResults")[0]), [18.0]);
}

#[test]
fn metrics_are_listed_by_dimension_in_pages_of_500() {
    let mut world = world();
    for number in 0..501 {
        let host = tree(&[("Name", "host"), ("Value", &format!("h{number}"))]);
        let datum = tree(&[("MetricName", "m"), ("Value", "1")]).with("Dimensions", Tree::list([host]));
        let input = tree(&[("Namespace", "app")]).with("MetricData", Tree::list([datum]));
        call(&mut world, "PutMetricData", &input).expect("it is accepted");
    }
    put(&mut world, "plain", &["1"]);
    let by_name = tree(&[("Namespace", "app")]).with("Dimensions", Tree::list([tree(&[("Name", "host")])]));
    let first = call(&mut world, "ListMetrics", &by_name).expect("a page");
    assert_eq!(first.items("Metrics").len(), 500);
    let rest = by_name.with("NextToken", first.get("NextToken").cloned());
    let rest = call(&mut world, "ListMetrics", &rest).expect("a page");
    assert_eq!((rest.items("Metrics").len(), rest.get("NextToken")), (1, None));
    let one = Tree::list([tree(&[("Name", "host"), ("Value", "h7")])]);
    let one = call(&mut world, "ListMetrics", &Tree::map().with("Dimensions", one)).expect("a page");
    assert_eq!(one.items("Metrics").len(), 1);
}

#[test]
fn alarms_are_described_by_type_name_prefix_state_and_action() {
    let mut world = world();
    for name in ["a1", "a2", "b1"] {
        alarm(&mut world, name);
    }
    let composite = tree(&[("AlarmName", "c"), ("AlarmRule", "ALARM(a1) OR ALARM(b1)")]);
    call(&mut world, "PutCompositeAlarm", &composite).expect("it is accepted");
    let state = tree(&[
        ("AlarmName", "b1"),
        ("StateValue", "ALARM"),
        ("StateReason", "a drill"),
    ]);
    call(&mut world, "SetAlarmState", &state).expect("it is there");
    let mut described = |input: Tree| {
        let output = call(&mut world, "DescribeAlarms", &input).expect("alarms");
        [
            names(&output, "CompositeAlarms", "AlarmName"),
            names(&output, "MetricAlarms", "AlarmName"),
        ]
        .map(|names| names.join(" "))
    };
    assert_eq!(described(Tree::map()), ["", "a1 a2 b1"]);
    assert_eq!(
        described(Tree::map().with("AlarmTypes", Tree::texts(["CompositeAlarm", "MetricAlarm"]))),
        ["c", "a1 a2 b1"]
    );
    assert_eq!(
        described(Tree::map().with("AlarmTypes", Tree::texts(["LogAlarm"]))),
        ["", ""]
    );
    assert_eq!(
        described(Tree::map().with("AlarmNames", Tree::texts(["a2", "gone", "c"]))),
        ["", "a2"]
    );
    assert_eq!(described(tree(&[("AlarmNamePrefix", "a")])), ["", "a1 a2"]);
    assert_eq!(described(tree(&[("StateValue", "ALARM")])), ["", "b1"]);
    assert_eq!(
        described(tree(&[("ActionPrefix", "arn:aws:sns:")])),
        ["", "a1 a2 b1"]
    );
    assert_eq!(
        described(tree(&[("ActionPrefix", "arn:aws:autoscaling:")])),
        ["", ""]
    );
    assert_eq!(described(tree(&[("ChildrenOfAlarmName", "c")])), ["", "a1 b1"]);
    assert_eq!(described(tree(&[("ParentsOfAlarmName", "b1")])), ["c", ""]);
    let mixed = tree(&[("ParentsOfAlarmName", "b1"), ("StateValue", "OK")]);
    call(&mut world, "DescribeAlarms", &mixed).expect_err("nothing else can be given");
    let many = Tree::texts((0..101).map(|number| format!("a{number}")));
    let refused = call(
        &mut world,
        "DescribeAlarms",
        &Tree::map().with("AlarmNames", many),
    )
    .expect_err("101 names");
    assert!(refused.message.contains("100"), "{}", refused.message);
}

#[test]
fn alarms_are_described_in_pages() {
    let mut world = world();
    for name in ["a", "b", "c"] {
        alarm(&mut world, name);
    }
    let first = call(&mut world, "DescribeAlarms", &tree(&[("MaxRecords", "2")])).expect("a page");
    assert_eq!(names(&first, "MetricAlarms", "AlarmName"), ["a", "b"]);
    let token = first.text("NextToken").expect("there is more");
    let rest = call(
        &mut world,
        "DescribeAlarms",
        &tree(&[("MaxRecords", "2"), ("NextToken", token)]),
    )
    .expect("a page");
    assert_eq!(
        (names(&rest, "MetricAlarms", "AlarmName"), rest.get("NextToken")),
        (vec!["c".to_owned()], None)
    );
    call(&mut world, "DescribeAlarms", &tree(&[("MaxRecords", "101")])).expect_err("too large a page");
    let forged =
        call(&mut world, "DescribeAlarms", &tree(&[("NextToken", "next-x")])).expect_err("a forged token");
    assert_eq!(forged.code, "InvalidNextToken");
}

#[test]
fn alarms_of_a_metric_are_those_that_watch_it() {
    let mut world = world();
    alarm(&mut world, "a");
    let input = tree(&[("Namespace", "app"), ("MetricName", "errors")]);
    let output = call(&mut world, "DescribeAlarmsForMetric", &input).expect("alarms");
    assert_eq!(names(&output, "MetricAlarms", "AlarmName"), ["a"]);
    for (member, value) in [("Statistic", "Average"), ("Period", "300"), ("Unit", "Count")] {
        let output = call(
            &mut world,
            "DescribeAlarmsForMetric",
            &input.clone().with(member, Tree::from(value)),
        );
        assert_eq!(output.expect("alarms").items("MetricAlarms").len(), 0, "{member}");
    }
}

#[test]
fn the_history_of_an_alarm_can_be_asked_for_by_kind() {
    let mut world = world();
    alarm(&mut world, "a");
    alarm(&mut world, "b");
    until(&mut world, 10);
    let state = tree(&[
        ("AlarmName", "a"),
        ("StateValue", "ALARM"),
        ("StateReason", "a drill"),
    ]);
    call(&mut world, "SetAlarmState", &state).expect("it is there");
    let mut kinds = |input: Tree| {
        let output = call(&mut world, "DescribeAlarmHistory", &input).expect("history");
        names(&output, "AlarmHistoryItems", "HistoryItemType")
    };
    assert_eq!(
        kinds(tree(&[("AlarmName", "a")])),
        ["Action", "StateUpdate", "ConfigurationUpdate"]
    );
    assert_eq!(
        kinds(tree(&[
            ("AlarmName", "a"),
            ("ScanBy", "TimestampAscending"),
            ("MaxRecords", "1")
        ])),
        ["ConfigurationUpdate"]
    );
    assert_eq!(
        kinds(tree(&[("HistoryItemType", "StateUpdate")])),
        ["StateUpdate"]
    );
    assert_eq!(kinds(tree(&[("EndDate", "2026-01-01T00:00:09Z")])).len(), 2);
}

#[test]
fn alarms_are_switched_off_and_deleted() {
    let mut world = world();
    alarm(&mut world, "a");
    let a = Tree::map().with("AlarmNames", Tree::texts(["a"]));
    let mut enabled = |operation: &str| {
        call(&mut world, operation, &a).expect("it is accepted");
        let output = call(&mut world, "DescribeAlarms", &Tree::map()).expect("alarms");
        output
            .items("MetricAlarms")
            .first()
            .and_then(|alarm| alarm.get("ActionsEnabled").cloned())
    };
    assert_eq!(enabled("DisableAlarmActions"), Some(Tree::Flag(false)));
    assert_eq!(enabled("EnableAlarmActions"), Some(Tree::Flag(true)));
    assert_eq!(enabled("DeleteAlarms"), None);
    let refused = call(&mut world, "DeleteAlarms", &a).expect_err("it is gone");
    assert_eq!((refused.status, &*refused.code), (404, "ResourceNotFound"));
}

#[test]
fn tags_of_an_alarm_are_added_changed_and_removed() {
    let mut world = world();
    alarm(&mut world, "a");
    let arn = [("ResourceARN", "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a")];
    let mut tag = |key: &str, value: &str| {
        let tags = Tree::list([tree(&[("Key", key), ("Value", value)])]);
        call(&mut world, "TagResource", &tree(&arn).with("Tags", tags))
    };
    tag("team", "web").expect("it is there");
    tag("stage", "test").expect("it is there");
    tag("team", "shop").expect("it is there");
    assert_eq!(
        tag("aws:owner", "me").expect_err("reserved").code,
        "InvalidParameterValue"
    );
    let untag = tree(&arn).with("TagKeys", Tree::texts(["stage"]));
    call(&mut world, "UntagResource", &untag).expect("it is there");
    let output = call(&mut world, "ListTagsForResource", &tree(&arn)).expect("tags");
    assert_eq!(
        output.items("Tags"),
        [tree(&[("Key", "team"), ("Value", "shop")])]
    );
    let gone = tree(&[(
        "ResourceARN",
        "arn:aws:cloudwatch:us-east-1:000000000000:alarm:gone",
    )]);
    let refused = call(&mut world, "ListTagsForResource", &gone).expect_err("not there");
    assert_eq!(
        (refused.status, &*refused.code),
        (404, "ResourceNotFoundException")
    );
}
