//! Target groups: their limits, attributes and ends.

use super::*;

#[test]
fn the_same_target_group_again_is_no_error_and_another_of_its_name_is() {
    let mut bench = bench();
    let blue = bench.group("blue");
    assert_eq!(bench.group("blue"), blue);
    let other = NewTargetGroup {
        port: Some(81),
        ..bench.new_group("blue")
    };
    assert_eq!(
        code(bench.world.create_target_group(&other)),
        "DuplicateTargetGroupName"
    );
}

#[test]
fn target_group_names_and_checks_keep_to_their_limits() {
    let mut bench = bench();
    for name in ["-blue", "blue-", "bl_ue", "", "a123456789b123456789c123456789d12"] {
        let new = bench.new_group(name);
        assert_eq!(
            code(bench.world.create_target_group(&new)),
            "ValidationError",
            "{name}"
        );
    }
    let mut with = |check: CheckChange| {
        let new = NewTargetGroup {
            check,
            ..bench.new_group("blue")
        };
        code(bench.world.create_target_group(&new))
    };
    assert_eq!(
        with(CheckChange {
            interval: Some(4),
            ..CheckChange::default()
        }),
        "ValidationError"
    );
    assert_eq!(
        with(CheckChange {
            timeout: Some(30),
            ..CheckChange::default()
        }),
        "ValidationError"
    );
    assert_eq!(
        with(CheckChange {
            healthy: Some(1),
            ..CheckChange::default()
        }),
        "ValidationError"
    );
    assert_eq!(
        with(CheckChange {
            http_codes: Some("500".to_owned()),
            ..CheckChange::default()
        }),
        "ValidationError"
    );
}

#[test]
fn targets_that_are_no_instances_are_refused_by_name() {
    let mut bench = bench();
    let new = NewTargetGroup {
        target_type: Some("ip".to_owned()),
        ..bench.new_group("blue")
    };
    let refused = bench
        .world
        .create_target_group(&new)
        .expect_err("AWS refuses this");
    assert!(refused.message.contains("'ip'"), "{refused}");
}

#[test]
fn a_target_group_goes_only_when_nothing_names_it() {
    let mut bench = bench();
    let blue = bench.group("blue");
    let listener = bench.listener(80, forward(&[(&blue, 1)]));
    assert_eq!(
        bench.world.balancer_of_group(&blue),
        Some(bench.balancer.as_str())
    );
    assert_eq!(code(bench.world.delete_target_group(&blue)), "ResourceInUse");
    bench.world.delete_listener(&listener).expect("AWS allows this");
    assert_eq!(bench.world.balancer_of_group(&blue), None);
    bench.world.delete_target_group(&blue).expect("AWS allows this");
    assert_eq!(
        code(bench.world.target_group(&blue).map(|_| ())),
        "TargetGroupNotFound"
    );
}

#[test]
fn a_load_balancer_is_created_once_and_lives_in_two_zones() {
    let mut bench = bench();
    let two = subnets(&bench.world, &["us-east-1a", "us-east-1b"]);
    let new = |subnets: &[String]| NewBalancer {
        name: "web".to_owned(),
        subnets: subnets.to_vec(),
        ..NewBalancer::default()
    };
    assert_eq!(
        bench
            .world
            .create_load_balancer(&new(&two))
            .expect("AWS allows this"),
        bench.balancer
    );
    let three = subnets(&bench.world, &["us-east-1a", "us-east-1b", "us-east-1c"]);
    assert_eq!(
        code(bench.world.create_load_balancer(&new(&three))),
        "DuplicateLoadBalancerName"
    );
    assert_eq!(
        code(bench.world.create_load_balancer(&new(&two[..1]))),
        "ValidationError"
    );
    let missing = ["subnet-0".to_owned(), two[0].clone()];
    assert_eq!(
        code(bench.world.create_load_balancer(&new(&missing))),
        "SubnetNotFound"
    );
}

#[test]
fn attributes_that_exclude_each_other_are_refused() {
    let mut bench = bench();
    let blue = bench.group("blue");
    let mut change = |pairs: &[(&str, &str)]| {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        bench
            .world
            .change_target_group_attributes(&blue, &pairs)
            .map(|_| ())
    };
    let random = ("load_balancing.algorithm.type", "weighted_random");
    assert_eq!(
        code(change(&[random, ("slow_start.duration_seconds", "30")])),
        "InvalidConfigurationRequest"
    );
    assert_eq!(
        code(change(&[("slow_start.duration_seconds", "29")])),
        "InvalidConfigurationRequest"
    );
    assert_eq!(
        code(change(&[("deregistration_delay.timeout_seconds", "3601")])),
        "InvalidConfigurationRequest"
    );
    assert_eq!(code(change(&[("no.such.thing", "1")])), "ValidationError");
    change(&[("deregistration_delay.timeout_seconds", "0"), random]).expect("it is there");
}

#[test]
fn tags_keep_to_their_limits() {
    let mut bench = bench();
    let blue = [bench.group("blue")];
    let tag = |key: &str| (key.to_owned(), "x".to_owned());
    let fifty: Vec<_> = (0..50).map(|number| tag(&format!("key{number}"))).collect();
    bench
        .world
        .add_balancing_tags(&blue, &fifty)
        .expect("AWS allows this");
    assert_eq!(
        code(bench.world.add_balancing_tags(&blue, &[tag("more")])),
        "TooManyTags"
    );
    assert_eq!(
        code(bench.world.add_balancing_tags(&blue, &[tag("a"), tag("a")])),
        "DuplicateTagKeys"
    );
    assert_eq!(
        code(bench.world.add_balancing_tags(&blue, &[tag("aws:a")])),
        "ValidationError"
    );
    assert_eq!(
        code(
            bench
                .world
                .describe_balancing_tags(&vec![blue[0].clone(); 21])
                .map(|_| ())
        ),
        "ValidationError"
    );
    bench
        .world
        .remove_balancing_tags(&blue, &["key0".to_owned()])
        .expect("AWS allows this");
    assert_eq!(
        bench
            .world
            .describe_balancing_tags(&blue)
            .expect("AWS allows this")[0]
            .1
            .len(),
        49
    );
}

#[test]
fn a_target_group_has_its_dimensions_by_arn_and_by_resource_label() {
    let mut bench = bench();
    let blue = bench.group("blue");
    assert_eq!(bench.world.target_group_dimensions(&blue), None);
    bench.listener(80, forward(&[(&blue, 1)]));
    let (balancer, group) = bench.world.target_group_dimensions(&blue).expect("it is there");
    assert!(balancer.starts_with("app/web/") && group.starts_with("targetgroup/blue/"));
    let label = format!("{balancer}/{group}");
    assert_eq!(
        bench.world.target_group_dimensions(&label),
        Some((balancer, group))
    );
}
