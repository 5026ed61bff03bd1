//! What the data plane is told, and when.

use super::*;
use crate::lab::world::routing::{Action as Routed, Pool};

const OK: Answer = Answer::Status(200);

fn pool(routing: &Routing, rule: usize) -> Arc<Pool> {
    match &routing.listeners[0].rules[rule].action {
        Routed::Forward { pools, .. } => Arc::clone(&pools[0].0),
        other => panic!("{other:?}"),
    }
}

fn names(pool: &Pool) -> Vec<&str> {
    pool.targets
        .iter()
        .map(|target| target.instance.as_str())
        .collect()
}

#[test]
fn a_change_reaches_the_data_plane_after_the_propagation_and_not_earlier() {
    let mut bench = bench();
    bench.listener(80, fixed("404"));
    assert!(bench.world.take_routing().is_none());
    bench.world.advance(bench.world.now + Duration::from_millis(499));
    assert!(bench.world.take_routing().is_none());
    bench.world.advance(bench.world.now + Duration::from_millis(1));
    assert_eq!(
        bench.world.take_routing().expect("it is there").listeners.len(),
        1
    );
    bench.pass(5);
    assert!(bench.world.take_routing().is_none(), "nothing changed since");
}

#[test]
fn every_change_takes_its_own_time_to_spread() {
    let mut bench = bench_with(Settings {
        propagation: Duration::from_secs(30),
        ..Settings::default()
    });
    bench.listener(80, fixed("404"));
    bench.world.take_routing();
    bench.pass(20);
    bench.listener(81, fixed("404"));
    bench.world.take_routing();
    bench.pass(10);
    assert_eq!(
        bench.world.take_routing().expect("it is there").listeners.len(),
        1
    );
    bench.pass(19);
    assert!(bench.world.take_routing().is_none());
    bench.pass(1);
    assert_eq!(
        bench.world.take_routing().expect("it is there").listeners.len(),
        2
    );
}

#[test]
fn only_healthy_targets_are_given_requests_unless_there_is_none() {
    let mut bench = bench();
    let group = bench.group("blue");
    bench.listener(80, forward(&[(&group, 1)]));
    let first = bench.instance("us-east-1a");
    bench.register(&group, &first);
    let routing = bench.routing();
    assert_eq!(
        (names(&pool(&routing, 0)), pool(&routing, 0).failed_open),
        (vec![first.as_str()], true)
    );
    bench.pass_answering(3, OK);
    let second = bench.instance("us-east-1b");
    bench.register(&group, &second);
    let routing = bench.routing();
    assert_eq!(
        (names(&pool(&routing, 0)), pool(&routing, 0).failed_open),
        (vec![first.as_str()], false)
    );
}

#[test]
fn a_draining_target_gets_nothing_new_and_is_told_its_end() {
    let mut bench = bench();
    let group = bench.group("blue");
    bench.listener(80, forward(&[(&group, 1)]));
    let instance = bench.instance("us-east-1a");
    bench.register(&group, &instance);
    bench.pass_answering(2, OK);
    let until = bench.world.now + Duration::from_secs(300);
    bench
        .world
        .deregister_targets(&group, &[asked(&instance)])
        .expect("AWS allows this");
    let routing = bench.routing();
    let pool = pool(&routing, 0);
    assert!(pool.targets.is_empty() && !pool.failed_open);
    assert_eq!(
        (pool.draining[0].0.instance.as_str(), pool.draining[0].1),
        (instance.as_str(), until)
    );
}

#[test]
fn what_did_not_change_is_shared_between_pictures() {
    let mut bench = bench();
    let (blue, green) = (bench.group("blue"), bench.group("green"));
    let listener = bench.listener(80, forward(&[(&blue, 1)]));
    bench.listener(81, fixed("404"));
    bench
        .rule(&listener, 1, forward(&[(&green, 1)]))
        .expect("AWS allows this");
    let instance = bench.instance("us-east-1a");
    bench.register(&green, &instance);
    let before = bench.routing();
    bench.pass_answering(2, OK);
    let after = bench.routing();
    assert!(after.version > before.version);
    let of = |routing: &Routing, port| {
        Arc::clone(
            routing
                .listeners
                .iter()
                .find(|listener| listener.port == port)
                .expect("it is there"),
        )
    };
    assert!(Arc::ptr_eq(&of(&before, 81), &of(&after, 81)));
    assert!(!Arc::ptr_eq(&of(&before, 80), &of(&after, 80)));
    let default = |routing: &Routing| match &of(routing, 80).rules.last().expect("it is there").action {
        Routed::Forward { pools, .. } => Arc::clone(&pools[0].0),
        other => panic!("{other:?}"),
    };
    assert!(Arc::ptr_eq(&default(&before), &default(&after)));
}

#[test]
fn slow_start_needs_somebody_who_is_past_it() {
    let mut bench = bench();
    let group = bench.group("blue");
    let slow = [("slow_start.duration_seconds".to_owned(), "30".to_owned())];
    bench
        .world
        .change_target_group_attributes(&group, &slow)
        .expect("AWS allows this");
    bench.listener(80, forward(&[(&group, 1)]));
    let together = [bench.instance("us-east-1a"), bench.instance("us-east-1b")];
    let targets: Vec<_> = together.iter().map(|instance| asked(instance)).collect();
    bench
        .world
        .register_targets(&group, &targets)
        .expect("AWS allows this");
    bench.pass(2);
    for probe in bench.probes() {
        bench.world.probed(probe.id, OK);
    }
    bench.pass_answering(10, OK);
    let late = bench.instance("us-east-1a");
    bench.register(&group, &late);
    bench.pass_answering(2, OK);
    let routing = bench.routing();
    let slow = |name: &str| {
        pool(&routing, 0)
            .targets
            .iter()
            .find(|target| target.instance == name)
            .expect("it is there")
            .slow_starts
    };
    assert!(!slow(&together[0]) && !slow(&together[1]) && slow(&late));
}
