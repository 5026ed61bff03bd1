//! Alarms of alarms.

use super::*;
use crate::lab::world::watch::composite::Rule;

fn child(world: &mut World, name: &str) {
    let alarm = tree(&[
        ("AlarmName", name),
        ("Namespace", "n"),
        ("MetricName", name),
        ("Statistic", "Sum"),
        ("Period", "86400"),
        ("EvaluationPeriods", "1"),
        ("Threshold", "1"),
        ("ComparisonOperator", "GreaterThanThreshold"),
    ]);
    world.put_alarm(&alarm).expect("it is accepted");
}

fn put(world: &mut World, name: &str, rule: &str) -> Result<(), Refused> {
    world.put_composite_alarm(&tree(&[("AlarmName", name), ("AlarmRule", rule)]))
}

fn set(world: &mut World, name: &str, state: State) {
    world
        .set_alarm_state(name, state, "a drill", None)
        .expect("it is there");
}

#[test]
fn rules_hold_as_logic_has_it() {
    let states = |name: &str| match name {
        "bad" => Some(State::Alarm),
        "good one" => Some(State::Ok),
        "new" => Some(State::InsufficientData),
        _ => None,
    };
    let table = [
        ("ALARM(bad)", true),
        ("ALARM(\"bad\")", true),
        ("OK(good one)", true),
        ("OK(bad)", false),
        ("INSUFFICIENT_DATA(new)", true),
        ("ALARM(arn:aws:cloudwatch:us-east-1:000000000000:alarm:bad)", true),
        ("ALARM(nobody) OR OK(nobody) OR INSUFFICIENT_DATA(nobody)", false),
        ("TRUE AND NOT FALSE", true),
        ("NOT TRUE OR TRUE", true),
        ("NOT (TRUE OR TRUE)", false),
        ("TRUE OR FALSE AND FALSE", true),
        ("(TRUE OR FALSE) AND FALSE", false),
        ("ALARM(\"bad\") AND NOT (OK(bad) OR INSUFFICIENT_DATA(bad))", true),
        ("NOT NOT ALARM(bad)AND OK(\"good one\")", true),
    ];
    for (text, expected) in table {
        assert_eq!(Rule::read(text).expect(text).holds(&states), expected, "{text}");
    }
}

#[test]
fn rules_that_cannot_be_read_are_refused() {
    for text in [
        "",
        "ALARM",
        "ALARM()",
        "ALARM(x",
        "ALARM(\"x)",
        "ALARM(x) ALARM(y)",
        "MAYBE(x)",
        "(TRUE",
        "TRUE AND",
        "NOT",
        "TRUEAND FALSE",
    ] {
        Rule::read(text).expect_err(text);
    }
    Rule::read(&"(".repeat(10_000)).expect_err("too deep");
    let many: Vec<_> = (0..101).map(|number| format!("ALARM(a{number})")).collect();
    Rule::read(&many.join(" OR ")).expect_err("too many");
}

#[test]
fn a_composite_alarm_follows_its_children_at_once() {
    let mut world = world(1.0);
    child(&mut world, "a");
    child(&mut world, "b");
    put(&mut world, "both", "ALARM(a) AND ALARM(b)").expect("it is accepted");
    put(&mut world, "top", "ALARM(both)").expect("it is accepted");
    assert_eq!(state(&world, "both"), State::InsufficientData);
    until(&mut world, 2.0);
    assert_eq!(
        (state(&world, "both"), state(&world, "top")),
        (State::Ok, State::Ok)
    );
    set(&mut world, "a", State::Alarm);
    assert_eq!(state(&world, "both"), State::Ok);
    set(&mut world, "b", State::Alarm);
    assert_eq!(
        (state(&world, "both"), state(&world, "top")),
        (State::Alarm, State::Alarm)
    );
    set(&mut world, "a", State::Ok);
    assert_eq!(
        (state(&world, "both"), state(&world, "top")),
        (State::Ok, State::Ok)
    );
}

#[test]
fn alarms_that_a_rule_names_must_exist_and_stay() {
    let mut world = world(1.0);
    let refused = put(&mut world, "c", "ALARM(a) OR ALARM(b)").expect_err("neither exists");
    assert!(refused.message.contains("[a, b]"), "{}", refused.message);
    child(&mut world, "a");
    put(&mut world, "c", "ALARM(a)").expect("it is accepted");
    let refused = world
        .delete_alarms(&["a".to_owned()])
        .expect_err("c depends on it");
    assert!(
        refused.message.contains("composite alarm c depends on it"),
        "{}",
        refused.message
    );
    put(&mut world, "d", "FALSE").expect("it is accepted");
    world
        .delete_alarms(&["c".to_owned(), "d".to_owned()])
        .expect_err("two composite alarms");
    world
        .delete_alarms(&["c".to_owned(), "a".to_owned()])
        .expect("nothing is left that depends on them");
}

#[test]
fn a_circle_of_rules_comes_to_rest() {
    let mut world = world(1.0);
    child(&mut world, "a");
    put(&mut world, "x", "FALSE").expect("it is accepted");
    put(&mut world, "y", "NOT ALARM(x)").expect("it is accepted");
    put(&mut world, "x", "ALARM(y) OR ALARM(a)").expect("it is accepted");
    until(&mut world, 2.0);
    set(&mut world, "a", State::Alarm);
    assert_eq!(state(&world, "a"), State::Alarm);
}

#[test]
fn a_name_is_of_one_kind_of_alarm_and_composites_do_not_scale() {
    let mut world = world(1.0);
    child(&mut world, "a");
    put(&mut world, "a", "TRUE").expect_err("a is a metric alarm");
    let scaling = tree(&[("AlarmName", "c"), ("AlarmRule", "TRUE")]).with(
        "AlarmActions",
        Tree::texts(["arn:aws:autoscaling:us-east-1:1:scalingPolicy:x"]),
    );
    world.put_composite_alarm(&scaling).expect_err("no scaling");
    let suppressed = tree(&[
        ("AlarmName", "c"),
        ("AlarmRule", "TRUE"),
        ("ActionsSuppressor", "a"),
    ]);
    let refused = world.put_composite_alarm(&suppressed).expect_err("not simulated");
    assert!(
        refused.message.contains("ActionsSuppressor is not simulated"),
        "{}",
        refused.message
    );
}
