//! `[judge]`: what becomes of it, and what is said when it is wrong.

use super::mistakes::problems;
use super::*;
use crate::model::judging::{Bound, Consequence, Inconclusive, Judging, Measure, Rule, Test};

fn judging(text: &str) -> Option<Judging> {
    good(&format!("{LEAST}{text}")).policy.judge
}

#[test]
fn without_the_section_nothing_is_judged_and_an_empty_one_has_every_default() {
    assert_eq!(judging(""), None);
    assert_eq!(judging("[judge]\n"), Some(Judging::default()));
}

#[test]
fn the_defaults_are_those_the_product_was_asked_for_with() {
    let bounds: Vec<String> = Judging::default()
        .rules
        .iter()
        .map(|rule| format!("{} {:?} {}", rule.name, rule.bounds, rule.then))
        .collect();
    assert_eq!(
        bounds,
        [
            "error-rate [AtMost(5.0)] rollback",
            "success-rate [AtLeastOfLive(0.95)] rollback",
            "latency-p95 [AtMost(2.0), AtMostOfLive(2.0)] rollback",
            "connection-errors [AtMost(5.0)] rollback",
            "unhealthy-hosts [AtMost(0.0)] rollback",
        ]
    );
    let memory = Rule::built_in("memory").expect("built in");
    assert_eq!(
        (memory.bounds, memory.then),
        (vec![Bound::AtMost(90.0)], Consequence::Reduce)
    );
    assert_eq!(Judging::default().minimum_requests, 100);
}

#[test]
fn what_is_written_stands_over_the_defaults_key_by_key() {
    let judging = judging(
        r#"
[judge]
period = "5m"
lag = "90s"
window = 12
minimum_requests = 1_000
inconclusive = "go-on"
alarms = ["checkout", "payments"]
[judge.rules]
success-rate = { enabled = false }
error-rate = { at_most = 0.5, then = "hold" }
latency-p95 = { at_most_of_live = 1.25 }
latency-p99 = { not_higher = { effect = 0.8 } }
memory = {}
[judge.rules.conversion]
at_least_of_live = 0.9
expression = "100 * orders / visits"
unit = "%"
then = "reduce"
[judge.rules.conversion.metrics.orders]
namespace = "Shop"
metric = "Orders"
statistic = "Sum"
dimensions = { AutoScalingGroupName = "{group}" }
[judge.rules.conversion.metrics.visits]
namespace = "Shop"
metric = "Visits"
statistic = "Sum"
"#,
    )
    .expect("a section");
    assert_eq!(judging.period, Duration::from_secs(300));
    assert_eq!(judging.lag, Duration::from_secs(90));
    assert_eq!((judging.window, judging.minimum_requests), (12, 1000));
    assert_eq!(judging.inconclusive, Inconclusive::GoOn);
    assert_eq!(judging.alarms, ["checkout", "payments"]);
    let bounds: Vec<(&str, &[Bound], Consequence)> = judging
        .rules
        .iter()
        .map(|rule| (rule.name.as_str(), rule.bounds.as_slice(), rule.then))
        .collect();
    let rollback = Consequence::Rollback;
    let higher = Bound::NotHigher(Test {
        effect: 0.8,
        ..Test::default()
    });
    assert_eq!(
        bounds,
        [
            ("error-rate", &[Bound::AtMost(0.5)][..], Consequence::Hold),
            (
                "latency-p95",
                &[Bound::AtMost(2.0), Bound::AtMostOfLive(1.25)],
                rollback
            ),
            ("latency-p99", &[higher], rollback),
            ("connection-errors", &[Bound::AtMost(5.0)], rollback),
            ("unhealthy-hosts", &[Bound::AtMost(0.0)], rollback),
            ("memory", &[Bound::AtMost(90.0)], Consequence::Reduce),
            ("conversion", &[Bound::AtLeastOfLive(0.9)], Consequence::Reduce),
        ]
    );
    let Some(Rule {
        measure: Measure::Custom(custom),
        ..
    }) = judging.rules.last()
    else {
        panic!("{:?}", judging.rules.last());
    };
    assert_eq!(custom.expression.as_deref(), Some("100 * orders / visits"));
    assert_eq!(custom.metrics["orders"].metric, "Orders");
    assert_eq!(
        custom.metrics["orders"].dimensions["AutoScalingGroupName"],
        "{group}"
    );
}

#[test]
fn a_policy_that_judges_reads_back_from_a_saved_plan_to_the_last_digit() {
    let policy = good(&format!(
        "{LEAST}[judge.rules]\nerror-rate = {{ at_most = 0.30000000000000004 }}\nmemory = {{}}\n"
    ))
    .policy;
    let text = serde_json::to_string(&policy).expect("JSON");
    let back: crate::model::policy::Policy = serde_json::from_str(&text).expect("a policy");
    assert_eq!(back, policy);
}

#[test]
fn every_mistake_in_it_is_said_where_it_is_with_its_way_out() {
    const METRIC: &str =
        "metrics = { m = { namespace = \"Shop\", metric = \"Orders\", statistic = \"Sum\" } }";
    let ones_own = |keys: &str| format!("[judge.rules.orders]\n{keys}\n{METRIC}\n");
    let table: Vec<(String, &[&str])> = vec![
        (
            "[judge]\nperiod = \"45s\"\n".into(),
            &["4: `period` is not one that CloudWatch has | write \"1m\" or several minutes; for a lab \"1s\", \"5s\", \"10s\", \"20s\" or \"30s\""],
        ),
        (
            "[judge]\nwindow = 0\n".into(),
            &["4: `window` is 0 | it must be a whole number from 1 to 1000"],
        ),
        (
            "[judge]\ninconclusive = \"wait\"\n".into(),
            &["4: `inconclusive` cannot be \"wait\" | it must be \"hold\", \"rollback\" or \"go-on\""],
        ),
        (
            "[judge]\nalarms = [\"a\", \"a\"]\n".into(),
            &["4: \"a\" is listed twice | remove one of the two"],
        ),
        (
            "[judge.rules]\nerror_rate = { at_most = 1 }\n".into(),
            &["4: rule `error_rate` has no metrics | did you mean `error-rate`?"],
        ),
        (
            "[judge.rules]\norders = { at_most = 1 }\n".into(),
            &["4: rule `orders` has no metrics | give it metrics = { m = { namespace, metric, dimensions, statistic } }; built in are error-rate, success-rate, latency-p50, latency-p95, latency-p99, connection-errors, unhealthy-hosts, memory"],
        ),
        (
            "[judge.rules]\nlatency-p99 = {}\n".into(),
            &["4: rule `latency-p99` has no bound | write at_most, at_least, at_most_of_live, at_least_of_live, not_higher or not_lower"],
        ),
        (
            "[judge.rules]\nerror-rate = { at_most = \"5%\" }\n".into(),
            &["4: `at_most` is text, but must be a number | the candidate has at most this"],
        ),
        (
            "[judge.rules]\nerror-rate = { atmost = 5 }\n".into(),
            &["4: unknown key `atmost` in [judge.rules.error-rate] | did you mean `at_most`?"],
        ),
        (
            "[judge.rules]\nerror-rate = { enabled = \"no\" }\n".into(),
            &["4: `enabled` is text, but must be true or false | `false` switches the rule off"],
        ),
        (
            "[judge.rules]\nerror-rate = { at_least = 6 }\n".into(),
            &["4: nothing is at most 5 and at least 6 | raise at_most or lower at_least"],
        ),
        (
            "[judge.rules]\nlatency-p95 = { at_most_of_live = 0 }\n".into(),
            &["4: `at_most_of_live` is not above 0 | it is a factor: 2 is twice what live has"],
        ),
        (
            "[judge.rules]\nlatency-p95 = { not_higher = { alpha = 0.7 } }\n".into(),
            &["4: `alpha` is 0.7 | it must be a number from 0.00001 to 0.5"],
        ),
        (
            "[judge.rules]\nlatency-p95 = { not_higher = { alpha = 0.001 } }\n".into(),
            &["4: 5 periods cannot show a difference by less than 0.001 of chance | set `window` to 7 or more, or raise `alpha`"],
        ),
        (
            "[judge]\nwindow = 3\n[judge.rules]\nlatency-p95 = { not_higher = { alpha = 0.5 } }\n".into(),
            &["4: 3 periods cannot show a difference by less than 0.5 of chance | set `window` to 4 or more, or raise `alpha`"],
        ),
        (
            "[judge.rules.error-rate]\nat_most = 5\nunit = \"%\"\n".into(),
            &["5: `error-rate` is a built-in rule, which has metrics of its own | give the rule another name, or leave `unit` out"],
        ),
        (
            "[judge.rules.Orders]\nat_most = 5\n".into(),
            &["3: rule `Orders` does not begin with a small letter | begin with a small letter, and go on with letters, digits, `-` and `_`"],
        ),
        (
            ones_own("at_most = 1\nexpression = \"100 * n\""),
            &["5: `n` is not an id of the rule's metrics | known are m"],
        ),
        (
            ones_own("at_most = 1\nexpression = \"1 + 1\""),
            &["5: `expression` names none of the rule's metrics | use m"],
        ),
        (
            ones_own("at_most = 1\nexpression = \"SUM(METRICS())\""),
            &["5: `METRICS` takes in the metrics of both generations | name each metric under `metrics`, and use its id"],
        ),
        (
            ones_own("at_most = 1").replace("Sum", "average"),
            &["5: `statistic` cannot be \"average\" | it must be Sum, Average, Minimum, Maximum, SampleCount, or like p95, tm99, TM(1%:99%)"],
        ),
        (
            ones_own("at_most = 1").replace("{ m =", "{ M =").replace("Sum", "p99.9"),
            &["5: `M` cannot be the id of a metric | begin with a small letter, and go on with letters, digits and `_`"],
        ),
        (
            ones_own("at_most = 1").replace(
                "statistic",
                "dimensions = { Group = \"{asg}\" }, statistic",
            ),
            &["5: \"{asg}\" has braces that stand for nothing | known are {load_balancer}, {target_group}, {group}"],
        ),
        (
            ones_own("at_most = 1").replace("statistic = \"Sum\"", "metrik = \"x\""),
            &[
                "5: `statistic` is missing | write `statistic = …`: `Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount`, or a percentile like `p95`",
                "5: unknown key `metrik` in [judge.rules.orders.metrics.m] | did you mean `metric`?",
            ],
        ),
        (
            "[judge.rules]\norders.at_most = 1\norders.metrics.a = { namespace = \"S\", metric = \"A\", statistic = \"Sum\" }\norders.metrics.b = { namespace = \"S\", metric = \"B\", statistic = \"Sum\" }\n".into(),
            &["4: rule `orders` has 2 metrics and no expression | write for instance expression = \"a / b\""],
        ),
        (
            ["error-rate", "success-rate", "latency-p95", "connection-errors", "unhealthy-hosts"]
                .iter()
                .fold("[judge.rules]\n".to_owned(), |text, name| text + &format!("{name}.enabled = false\n")),
            &["3: every rule is switched off, so nothing could be judged | leave one rule or name an alarm, or leave [judge] out"],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(problems(&format!("{LEAST}{text}")), expected, "{text}");
    }
}
