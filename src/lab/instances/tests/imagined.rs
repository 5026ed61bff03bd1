//! Instances that are only imagined, in virtual time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::processes::{keeper, launch, launch_tagged, seen};
use crate::lab::instances::Imagined;
use crate::lab::instances::imagined::Thought;
use crate::lab::keeper::Keeper;
use crate::lab::tree::Tree;
use crate::lab::world::balancing::ProbeId;
use crate::lab::world::compute::InstanceState;
use crate::lab::world::faults::UNHEALTHY_BOOT;
use crate::lab::world::orders::{Answer, Probe, Start};
use crate::lab::world::time::Moment;
use crate::lab::world::watch::{Span, read_queries};

fn thought(user_data: &str, tags: &[(&str, &str)]) -> Thought {
    let start = Start {
        instance: "i-1".into(),
        image: "ami-1".into(),
        instance_type: "t3.small".into(),
        user_data: user_data.into(),
        port: 8080,
        tags: tags
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
    };
    Thought::of(&start, Moment::START).expect("known knobs")
}

fn check(path: &str) -> Probe {
    Probe {
        id: ProbeId(1),
        instance: "i-1".into(),
        address: None,
        tls: false,
        path: path.into(),
        grpc: false,
        http2: false,
        timeout: Duration::from_secs(5),
    }
}

fn after(seconds: u64) -> Moment {
    Moment::after_start(Duration::from_secs(seconds))
}

#[test]
fn an_imagined_instance_answers_when_it_has_booted_and_until_it_is_unhealthy() {
    let thought = thought(
        "#!sample\nboot = '90s'\nhealth_path = '/health'\nunhealthy_after = '1h'\n",
        &[],
    );
    let answers = |path, seconds| thought.answers(&check(path), after(seconds));
    assert_eq!(answers("/health", 0), Answer::Refused);
    assert_eq!(answers("/health", 89), Answer::Refused);
    assert_eq!(answers("/health", 90), Answer::Status(200));
    assert_eq!(answers("/health", 3690), Answer::Status(503));
    assert_eq!(answers("/", 3690), Answer::Status(200));
    assert_eq!(answers("/nowhere", 3690), Answer::Status(404));
}

#[test]
fn an_imagined_service_of_somebody_elses_is_healthy_wherever_it_is_checked() {
    for user_data in ["#!/bin/sh\nexec serve", "#cloud-config\npackages: [nginx]", ""] {
        assert_eq!(
            thought(user_data, &[]).answers(&check("/status"), after(1)),
            Answer::Status(200),
            "{user_data}"
        );
    }
}

#[test]
fn an_imagined_grpc_service_answers_as_the_sample_does() {
    let grpc = |path| Probe {
        grpc: true,
        ..check(path)
    };
    let healthy = thought("", &[]);
    assert_eq!(
        healthy.answers(&grpc("/grpc.health.v1.Health/Check"), after(1)),
        Answer::Grpc(0)
    );
    assert_eq!(
        healthy.answers(&grpc("/AWS.ALB/healthcheck"), after(1)),
        Answer::Grpc(12)
    );
    let failing = thought("", &[(UNHEALTHY_BOOT, "true")]);
    assert_eq!(
        failing.answers(&grpc("/grpc.health.v1.Health/Check"), after(1)),
        Answer::Grpc(14)
    );
    assert_eq!(failing.answers(&check("/health"), after(1)), Answer::Status(503));
    assert_eq!(failing.answers(&check("/"), after(1)), Answer::Status(503));
}

#[tokio::test(start_paused = true)]
async fn imagined_instances_run_at_once_each_at_its_own_address() {
    let keeper = keeper(Imagined::default());
    let ids = ["one", "two"].map(|name| launch(&keeper, &format!("#!/bin/sh\n{name}")));
    sleep(Duration::from_millis(1)).await;
    let addresses: Vec<SocketAddr> = ids
        .iter()
        .map(|id| seen(&keeper, id).address.expect("an address"))
        .collect();
    assert_eq!(
        addresses,
        [
            "127.1.0.1:18090".parse().expect("it is well formed"),
            "127.1.0.2:18090".parse().expect("it is well formed")
        ]
    );
    assert!(
        ids.iter()
            .all(|id| seen(&keeper, id).state == InstanceState::Running)
    );
    keeper.with(|world| world.terminate_instance(&ids[0]));
    sleep(Duration::from_millis(1)).await;
    assert_eq!(seen(&keeper, &ids[0]).state, InstanceState::Terminated);
    assert_eq!(seen(&keeper, &ids[1]).state, InstanceState::Running);
}

#[tokio::test(start_paused = true)]
async fn an_instance_of_a_group_reports_its_memory_each_minute_until_it_is_gone() {
    let keeper = keeper(Imagined::default());
    let user_data = "#!sample\nmemory_used = 60\nmemory_growth = 15";
    let id = launch_tagged(&keeper, user_data, &[("aws:autoscaling:groupName", "asg-2")]);
    launch_tagged(&keeper, user_data, &[]);
    sleep(Duration::from_secs(3 * 60 + 30)).await;
    assert_eq!(memory(&keeper), [60.0, 75.0, 90.0, 100.0]);
    keeper.with(|world| world.terminate_instance(&id));
    sleep(Duration::from_secs(5 * 60)).await;
    assert_eq!(memory(&keeper).len(), 4, "it goes on reporting");
}

/// What was reported of the group, minute by minute.
fn memory(keeper: &Arc<Keeper>) -> Vec<f64> {
    let tree = |members: &[(&str, &str)]| {
        members.iter().fold(Tree::map(), |tree, (name, value)| {
            tree.with(name, Tree::from(*value))
        })
    };
    let dimension = tree(&[("Name", "AutoScalingGroupName"), ("Value", "asg-2")]);
    let metric = tree(&[("Namespace", "CWAgent"), ("MetricName", "mem_used_percent")])
        .with("Dimensions", Tree::list([dimension]));
    let stat = tree(&[("Period", "60"), ("Stat", "Average")]).with("Metric", metric);
    let query = tree(&[("Id", "m")]).with("MetricStat", stat);
    let queries = read_queries(&[query]).expect("a query");
    keeper.with(|world| {
        let to = world.clock().as_second();
        let span = Span {
            from: to - 3600,
            to,
            speed: 1.0,
        };
        let lines = world
            .watch
            .answer(&queries, &queries[0], span)
            .expect("an answer");
        lines[0].points.values().copied().collect()
    })
}

#[tokio::test(start_paused = true)]
async fn an_imagined_instance_dies_when_its_knobs_say_so() {
    let began = Instant::now();
    let keeper = keeper(Imagined::default());
    let id = launch(&keeper, "#!sample\nboot = '60s'\ndies_after = '10m'");
    sleep(Duration::from_secs(659)).await;
    assert_eq!(seen(&keeper, &id).state, InstanceState::Running);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(seen(&keeper, &id).state, InstanceState::Terminated);
    assert!(began.elapsed() < Duration::from_secs(700));
}

#[tokio::test(start_paused = true)]
async fn an_imagined_instance_with_knobs_that_do_not_exist_ends_at_once() {
    let keeper = keeper(Imagined::default());
    let id = launch(&keeper, "#!sample\nlatencey = '2s'");
    sleep(Duration::from_millis(1)).await;
    assert_eq!(seen(&keeper, &id).state, InstanceState::Terminated);
}
