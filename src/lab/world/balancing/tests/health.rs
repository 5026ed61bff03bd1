//! A target's way through the states of its health.

use super::*;
use crate::lab::world::compute::InstanceState;

const OK: Answer = Answer::Status(200);

/// A bench with one target group behind port 80 and one instance registered in it.
fn used() -> (Bench, String, String) {
    let mut bench = bench();
    let group = bench.group("blue");
    bench.listener(80, forward(&[(&group, 1)]));
    let instance = bench.instance("us-east-1a");
    bench.register(&group, &instance);
    (bench, group, instance)
}

#[test]
fn a_new_target_needs_one_pass_only() {
    let (mut bench, group, instance) = used();
    assert_eq!(
        bench.state(&group, &instance),
        ("initial", Some("Elb.RegistrationInProgress"))
    );
    bench.pass(2);
    assert_eq!(
        bench.state(&group, &instance),
        ("initial", Some("Elb.InitialHealthChecking"))
    );
    let probe = bench.probes().remove(0);
    assert_eq!(
        (probe.path.as_str(), probe.timeout),
        ("/", Duration::from_secs(2))
    );
    assert_eq!(
        probe.address,
        Some("127.0.1.1:8080".parse().expect("it is there"))
    );
    bench.world.probed(probe.id, OK);
    assert_eq!(bench.state(&group, &instance), ("healthy", None));
}

#[test]
fn an_unhealthy_target_needs_the_whole_threshold() {
    let (mut bench, group, instance) = used();
    bench.pass_answering(2, OK);
    bench.pass_answering(5, Answer::Status(503));
    assert_eq!(bench.state(&group, &instance).0, "healthy");
    bench.pass_answering(5, Answer::Status(503));
    let health = bench.health(&group, &instance);
    assert_eq!(
        (health.state, health.reason),
        ("unhealthy", Some("Target.ResponseCodeMismatch"))
    );
    assert_eq!(
        health.description.as_deref(),
        Some("Health checks failed with these codes: [503]")
    );
    bench.pass_answering(5, OK);
    assert_eq!(bench.state(&group, &instance).0, "unhealthy");
    bench.pass_answering(5, OK);
    assert_eq!(bench.state(&group, &instance).0, "healthy");
}

#[test]
fn a_check_without_an_answer_fails_after_its_timeout_and_a_late_answer_counts_for_nothing() {
    let (mut bench, group, instance) = used();
    bench.pass(2);
    let probe = bench.probes().remove(0);
    bench.pass(2);
    bench.world.probed(probe.id, OK);
    assert_eq!(bench.state(&group, &instance).0, "initial");
    bench.pass(5);
    assert_eq!(
        bench.state(&group, &instance),
        ("unhealthy", Some("Target.Timeout"))
    );
}

#[test]
fn a_refused_connection_is_a_failed_check() {
    let (mut bench, group, instance) = used();
    bench.pass_answering(7, Answer::Refused);
    assert_eq!(
        bench.state(&group, &instance),
        ("unhealthy", Some("Target.FailedHealthChecks"))
    );
}

#[test]
fn a_target_is_unused_until_a_rule_names_its_group_even_with_weight_0() {
    let mut bench = bench();
    let (blue, green) = (bench.group("blue"), bench.group("green"));
    let listener = bench.listener(80, forward(&[(&blue, 1)]));
    let instance = bench.instance("us-east-1a");
    bench.register(&green, &instance);
    bench.pass(60);
    assert_eq!(
        bench.state(&green, &instance),
        ("unused", Some("Target.NotInUse"))
    );
    assert!(bench.probes().is_empty());
    let rule = bench
        .rule(&listener, 1, forward(&[(&blue, 1), (&green, 0)]))
        .expect("AWS allows this");
    bench.pass_answering(2, OK);
    assert_eq!(bench.state(&green, &instance), ("healthy", None));
    bench.world.delete_rule(&rule).expect("AWS allows this");
    assert_eq!(
        bench.state(&green, &instance),
        ("unused", Some("Target.NotInUse"))
    );
    bench.pass(60);
    assert!(bench.probes().is_empty());
}

#[test]
fn a_target_in_a_zone_without_the_load_balancer_is_unused_until_the_zone_is_enabled() {
    let (mut bench, group, _) = used();
    let instance = bench.instance("us-east-1c");
    bench.register(&group, &instance);
    assert_eq!(
        bench.state(&group, &instance),
        ("unused", Some("Target.NotInUse"))
    );
    let all = subnets(&bench.world, &["us-east-1a", "us-east-1b", "us-east-1c"]);
    let balancer = bench.balancer.clone();
    bench
        .world
        .set_load_balancer_subnets(&balancer, &all)
        .expect("AWS allows this");
    assert_eq!(bench.state(&group, &instance).0, "initial");
}

#[test]
fn a_deregistered_target_drains_for_the_whole_delay() {
    let (mut bench, group, instance) = used();
    bench.pass_answering(2, OK);
    bench
        .world
        .deregister_targets(&group, &[asked(&instance)])
        .expect("AWS allows this");
    assert_eq!(
        bench.state(&group, &instance),
        ("draining", Some("Target.DeregistrationInProgress"))
    );
    bench.pass(299);
    assert_eq!(bench.state(&group, &instance).0, "draining");
    assert!(bench.world.target_health(&group, &instance).is_some());
    bench.pass(1);
    assert_eq!(
        bench.state(&group, &instance),
        ("unused", Some("Target.NotRegistered"))
    );
    assert!(bench.world.target_health(&group, &instance).is_none());
    assert!(
        bench
            .world
            .target_healths(&group, &[])
            .expect("it is there")
            .is_empty()
    );
}

#[test]
fn a_target_registered_again_while_it_drains_stays_when_the_delay_is_over() {
    let (mut bench, group, instance) = used();
    bench.pass_answering(2, OK);
    bench
        .world
        .deregister_targets(&group, &[asked(&instance)])
        .expect("AWS allows this");
    bench.pass(100);
    bench.register(&group, &instance);
    assert_eq!(bench.state(&group, &instance).0, "initial");
    bench.pass_answering(300, OK);
    assert_eq!(bench.state(&group, &instance).0, "healthy");
}

#[test]
fn a_terminated_instance_is_no_target_any_more() {
    let (mut bench, group, instance) = used();
    bench.pass_answering(2, OK);
    bench.world.terminate_instance(&instance);
    assert_eq!(
        bench.world.instance(&instance).expect("it is there").state,
        InstanceState::ShuttingDown
    );
    assert_eq!(
        bench.state(&group, &instance),
        ("unused", Some("Target.InvalidState"))
    );
    bench.world.instance_ended(&instance);
    assert!(
        bench
            .world
            .target_healths(&group, &[])
            .expect("it is there")
            .is_empty()
    );
}

#[test]
fn what_is_no_instance_cannot_be_registered() {
    let (mut bench, group, _) = used();
    assert_eq!(
        code(bench.world.register_targets(&group, &[asked("i-0")])),
        "InvalidTarget"
    );
    assert_eq!(
        code(bench.world.target_healths(&group, &[asked("i-0")])),
        "InvalidTarget"
    );
}

#[test]
fn speed_shortens_intervals_and_timeouts() {
    let mut bench = bench_with(Settings {
        speed: 10.0,
        launch: Duration::ZERO,
        ..Settings::default()
    });
    let group = bench.group("blue");
    bench.listener(80, forward(&[(&group, 1)]));
    let instance = bench.instance("us-east-1a");
    bench.register(&group, &instance);
    bench.pass(1);
    let probes = bench.probes();
    assert_eq!(probes.len(), 2, "at 0.2 s and at 0.7 s");
    assert_eq!(probes[0].timeout, Duration::from_millis(200));
}

#[test]
fn an_unknown_probe_is_ignored() {
    let (mut bench, group, instance) = used();
    bench.world.probed(ProbeId(4_000), OK);
    assert_eq!(bench.state(&group, &instance).0, "initial");
}

#[test]
fn grpc_codes_and_ranges_match_as_written() {
    use crate::lab::world::balancing::matcher::Matcher;
    let passes = |matcher: &Matcher, code| matcher.passes(Answer::Status(code));
    let some = Matcher::http("200-299,404").expect("AWS allows this");
    assert!(passes(&some, 204) && passes(&some, 404) && !passes(&some, 301));
    let grpc = Matcher::grpc("0,12").expect("AWS allows this");
    assert!(grpc.passes(Answer::Grpc(12)) && !grpc.passes(Answer::Grpc(14)) && !passes(&grpc, 200));
    assert!(Matcher::http("500").is_err() && Matcher::http("").is_err() && Matcher::grpc("100").is_err());
}
