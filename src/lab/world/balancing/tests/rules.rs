//! Listeners and rules: what is allowed, and what is refused with which code.

use super::super::actions::ForwardAsked;
use super::super::rules::RuleChange;
use super::*;

fn used() -> (Bench, String, String) {
    let mut bench = bench();
    let blue = bench.group("blue");
    let listener = bench.listener(80, forward(&[(&blue, 1)]));
    (bench, blue, listener)
}

#[test]
fn a_priority_is_used_once() {
    let (mut bench, blue, listener) = used();
    bench
        .rule(&listener, 10, forward(&[(&blue, 1)]))
        .expect("AWS allows this");
    assert_eq!(code(bench.rule(&listener, 10, fixed("404"))), "PriorityInUse");
    assert_eq!(code(bench.rule(&listener, 0, fixed("404"))), "ValidationError");
    assert_eq!(
        code(bench.rule(&listener, 50_001, fixed("404"))),
        "ValidationError"
    );
    bench
        .rule(&listener, 50_000, fixed("404"))
        .expect("AWS allows this");
}

#[test]
fn rules_are_in_the_order_of_their_priorities_and_the_default_rule_is_last() {
    let (mut bench, _, listener) = used();
    for priority in [30, 5, 200] {
        bench
            .rule(&listener, priority, fixed("404"))
            .expect("AWS allows this");
    }
    let priorities: Vec<_> = bench
        .world
        .rules(Some(&listener), &[])
        .expect("it is there")
        .iter()
        .map(|rule| rule.priority)
        .collect();
    assert_eq!(priorities, [Some(5), Some(30), Some(200), None]);
}

#[test]
fn priorities_are_swapped_all_or_none() {
    let (mut bench, _, listener) = used();
    let one = bench.rule(&listener, 1, fixed("401")).expect("AWS allows this");
    let two = bench.rule(&listener, 2, fixed("402")).expect("AWS allows this");
    bench.rule(&listener, 3, fixed("403")).expect("AWS allows this");
    bench
        .world
        .set_rule_priorities(&[(one.clone(), 2), (two.clone(), 1)])
        .expect("AWS allows this");
    assert_eq!(bench.world.rule(&one).expect("AWS allows this").priority, Some(2));
    let refused = bench
        .world
        .set_rule_priorities(&[(one.clone(), 9), (two.clone(), 3)])
        .map(|_| ());
    assert_eq!(code(refused), "PriorityInUse");
    assert_eq!(bench.world.rule(&one).expect("AWS allows this").priority, Some(2));
}

#[test]
fn the_default_rule_changes_through_its_listener_only() {
    let (mut bench, _, listener) = used();
    let fallback = bench.world.rules(Some(&listener), &[]).expect("it is there")[0]
        .arn
        .clone();
    let change = RuleChange {
        actions: Some(fixed("404")),
        ..RuleChange::default()
    };
    assert_eq!(
        code(bench.world.modify_rule(&fallback, change)),
        "OperationNotPermitted"
    );
    assert_eq!(code(bench.world.delete_rule(&fallback)), "OperationNotPermitted");
    let settings = ListenerSettings {
        actions: Some(fixed("404")),
        ..ListenerSettings::default()
    };
    bench
        .world
        .modify_listener(&listener, settings)
        .expect("AWS allows this");
    assert_eq!(
        bench.world.rule(&fallback).expect("AWS allows this").actions,
        fixed("404")
    );
}

#[test]
fn a_rule_keeps_what_was_not_written() {
    let (mut bench, blue, listener) = used();
    let rule = bench.rule(&listener, 7, fixed("404")).expect("AWS allows this");
    let change = RuleChange {
        actions: Some(forward(&[(&blue, 1)])),
        ..RuleChange::default()
    };
    bench.world.modify_rule(&rule, change).expect("AWS allows this");
    let rule = bench.world.rule(&rule).expect("AWS allows this");
    assert_eq!(rule.conditions, [Condition::Path(vec!["/7/*".to_owned()])]);
    assert_eq!(rule.actions, forward(&[(&blue, 1)]));
}

#[test]
fn a_load_balancer_has_100_rules_besides_the_default_ones() {
    let (mut bench, _, listener) = used();
    let other = bench.listener(81, fixed("404"));
    for priority in 1..=50 {
        bench
            .rule(&listener, priority, fixed("404"))
            .expect("AWS allows this");
        bench
            .rule(&other, priority, fixed("404"))
            .expect("AWS allows this");
    }
    assert_eq!(code(bench.rule(&listener, 51, fixed("404"))), "TooManyRules");
}

#[test]
fn a_target_group_belongs_to_one_load_balancer() {
    let (mut bench, blue, _) = used();
    let subnets = subnets(&bench.world, &["us-east-1a", "us-east-1b"]);
    let new = NewBalancer {
        name: "other".to_owned(),
        subnets,
        ..NewBalancer::default()
    };
    bench.balancer = bench.world.create_load_balancer(&new).expect("AWS allows this");
    assert_eq!(
        code(bench.try_listener(80, forward(&[(&blue, 1)]))),
        "TargetGroupAssociationLimit"
    );
}

#[test]
fn forwards_are_checked_as_aws_checks_them() {
    let group = |name: &str, weight| (name.to_owned(), weight);
    let settle = |asked: ForwardAsked| Forward::settle(&asked);
    let of = |groups: Vec<_>| ForwardAsked {
        groups,
        ..ForwardAsked::default()
    };
    let both = |groups| ForwardAsked {
        group: Some("a".to_owned()),
        groups,
        ..ForwardAsked::default()
    };
    assert_eq!(settle(both(vec![])).expect("AWS allows this"), Forward::to("a"));
    assert_eq!(
        settle(both(vec![group("a", None)])).expect("AWS allows this"),
        Forward::to("a")
    );
    assert_eq!(
        code(settle(both(vec![group("b", Some(1))]))),
        "InvalidLoadBalancerAction"
    );
    assert_eq!(
        code(settle(of(vec![group("a", Some(1)), group("b", None)]))),
        "InvalidLoadBalancerAction"
    );
    assert_eq!(code(settle(of(vec![group("a", Some(1000))]))), "ValidationError");
    settle(of(vec![group("a", Some(999)), group("b", Some(0))])).expect("AWS allows this");
    let six = ["a", "b", "c", "d", "e", "f"]
        .map(|name| group(name, Some(1)))
        .to_vec();
    assert_eq!(code(settle(of(six))), "TooManyTargetGroups");
    let sticky = ForwardAsked {
        sticky: Some(true),
        ..both(vec![])
    };
    assert_eq!(code(settle(sticky)), "InvalidLoadBalancerAction");
    let sticky = ForwardAsked {
        sticky: Some(true),
        sticky_seconds: Some(604_800),
        ..both(vec![])
    };
    assert_eq!(
        settle(sticky).expect("AWS allows this").stickiness(),
        Some(Duration::from_secs(604_800))
    );
}

#[test]
fn target_stickiness_among_several_demands_group_stickiness_from_both_sides() {
    let (mut bench, blue, listener) = used();
    let green = bench.group("green");
    let sticky = [("stickiness.enabled".to_owned(), "true".to_owned())];
    bench
        .world
        .change_target_group_attributes(&green, &sticky)
        .expect("AWS allows this");
    let both = forward(&[(&blue, 1), (&green, 1)]);
    assert_eq!(code(bench.rule(&listener, 1, both)), "InvalidLoadBalancerAction");
    let off = [("stickiness.enabled".to_owned(), "false".to_owned())];
    bench
        .world
        .change_target_group_attributes(&green, &off)
        .expect("AWS allows this");
    bench
        .rule(&listener, 1, forward(&[(&blue, 1), (&green, 1)]))
        .expect("AWS allows this");
    let refused = bench
        .world
        .change_target_group_attributes(&green, &sticky)
        .map(|_| ());
    assert_eq!(code(refused), "InvalidConfigurationRequest");
}

#[test]
fn conditions_keep_to_their_limits() {
    use super::super::conditions::check;
    let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let header = |name: &str| Condition::Header {
        name: name.to_owned(),
        values: texts(&["green"]),
    };
    check(&[header("X-Preview"), header("X-Other")]).expect("AWS allows this");
    let three = |at: &str| Condition::Header {
        name: at.to_owned(),
        values: texts(&["1", "2", "3"]),
    };
    let path = |values: &[&str]| Condition::Path(texts(values));
    let invalid = "ValidationError";
    for (conditions, with, why) in [
        (vec![], invalid, "at least one condition"),
        (vec![header("Host")], invalid, "cannot be on 'Host'"),
        (vec![header("X-*")], invalid, "header name 'X-*'"),
        (
            vec![path(&["/a"]), path(&["/b"])],
            "InvalidConfigurationRequest",
            "only have one 'path-pattern' condition",
        ),
        (
            vec![path(&["/a", "/b", "/c", "/d"])],
            invalid,
            "at most 3 values, not 4",
        ),
        (
            vec![three("A"), three("B")],
            invalid,
            "'5' condition values, not 6",
        ),
        (
            vec![path(&["/*/*/*", "/*/*/*/*"])],
            invalid,
            "'6' wildcards, not 7",
        ),
        (
            vec![Condition::Method(texts(&["get"]))],
            invalid,
            "'get' is not a valid value",
        ),
        (
            vec![Condition::Source(texts(&["10.0.0.0/33"]))],
            invalid,
            "'10.0.0.0/33' is not a valid value",
        ),
    ] {
        let refused = check(&conditions).expect_err("AWS refuses this");
        assert_eq!(refused.code, with, "{refused}");
        assert!(
            refused.message.contains(why),
            "{refused}, and not that it is {why}"
        );
    }
    check(&[Condition::Source(texts(&["10.0.0.0/8", "::1/128"]))]).expect("AWS allows this");
}

#[test]
fn a_port_has_one_listener_and_the_same_again_is_no_error() {
    let (mut bench, blue, listener) = used();
    assert_eq!(
        bench
            .try_listener(80, forward(&[(&blue, 1)]))
            .expect("AWS allows this"),
        listener
    );
    assert_eq!(code(bench.try_listener(80, fixed("404"))), "DuplicateListener");
}

#[test]
fn what_does_not_exist_is_named_by_its_own_code() {
    let (mut bench, _, listener) = used();
    let none = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/none/1";
    assert_eq!(
        code(bench.rule(&listener, 1, forward(&[(none, 1)]))),
        "TargetGroupNotFound"
    );
    assert_eq!(code(bench.rule("none", 1, fixed("404"))), "ListenerNotFound");
    assert_eq!(code(bench.world.delete_rule("none")), "RuleNotFound");
    assert_eq!(code(bench.world.delete_listener("none")), "ListenerNotFound");
    assert_eq!(code(bench.world.load_balancer("none")), "LoadBalancerNotFound");
}
