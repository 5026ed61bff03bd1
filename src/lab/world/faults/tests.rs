//! Faults in words, and what they do.

use std::time::Duration;

use super::{Effect, Fault, UNHEALTHY_BOOT};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::compute::images::DEFAULT_IMAGE;
use crate::lab::world::compute::templates::NewVersion;
use crate::lab::world::compute::{Launch, TemplateRef};
use crate::lab::world::orders::Order;
use crate::lab::world::{Settings, World};

const TEXTS: &[&str] = &[
    "throttle elasticloadbalancing:ModifyRule count=3",
    "error autoscaling:* nth=2 code=ResourceContention status=500 message=try again later",
    "lost-response elasticloadbalancing:CreateRule nth=1 count=2",
    "lost-request ec2:* probability=0.25",
    "late cloudwatch:GetMetricData by=2.5s",
    "stale elasticloadbalancing:Describe* by=5s count=3",
    "slow-propagation by=10s",
    "launch-failure count=2 zone=us-east-1a message=no room today",
    "unhealthy-boot count=4",
    "kill i-01",
    "kill share=0.5",
    "zone-loss us-east-1a",
    "missing-image ami-1",
];

fn world() -> World {
    World::new(Settings::default())
}

fn broken(world: &mut World, text: &str) -> u64 {
    world.break_with(text.parse().expect("readable")).expect("done")
}

fn launched(world: &mut World, zone: &str) -> Result<String, Refused> {
    let named = TemplateRef {
        name: "web".to_owned(),
        ..TemplateRef::default()
    };
    if world.resolve_template(&named).is_err() {
        let data = Tree::map().with("ImageId", Tree::from(DEFAULT_IMAGE));
        let new = NewVersion {
            description: None,
            data,
            source: None,
            token: None,
        };
        world.create_template("web", new).expect("done");
    }
    let subnet = world.default_subnet(zone).expect("done");
    let launch = Launch {
        template: named,
        instance_type: None,
        image: None,
        subnet,
        tags: vec![],
        port: 80,
    };
    world.launch_instance(launch)
}

fn killed(world: &mut World) -> Vec<String> {
    let orders = world.take_orders().into_iter();
    orders
        .filter_map(|order| {
            if let Order::Kill { instance } = order {
                Some(instance)
            } else {
                None
            }
        })
        .collect()
}

#[test]
fn every_fault_is_written_as_it_is_read() {
    for text in TEXTS {
        let fault: Fault = text.parse().expect("readable");
        let written = fault.to_string();
        assert_eq!(written.parse::<Fault>().expect("readable"), fault, "{written}");
        let json = serde_json::to_string(&fault).expect("done");
        assert_eq!(
            serde_json::from_str::<Fault>(&json).expect("done"),
            fault,
            "{json}"
        );
    }
}

#[test]
fn a_text_that_is_no_fault_says_what_is_wrong_and_what_would_be_right() {
    for (text, wrong) in [
        ("explode", "`explode` is not a fault"),
        ("throttle ModifyRule", "`ModifyRule` is not SERVICE:ACTION"),
        ("throttle ec2:* count=many", "`count=many`"),
        ("throttle ec2:* by=3", "`by` does not belong here"),
        ("late ec2:*", "`by=` is missing"),
        ("kill", "INSTANCE is missing"),
    ] {
        let error = text.parse::<Fault>().expect_err("unreadable").to_string();
        assert!(
            error.contains(wrong) && error.contains("zone-loss ZONE"),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_fault_strikes_as_often_as_it_says_and_only_what_it_means() {
    let mut world = world();
    broken(&mut world, "throttle elasticloadbalancing:Modify* count=2");
    assert_eq!(world.call_fault("elasticloadbalancing", "DescribeRules"), None);
    assert_eq!(world.call_fault("ec2", "ModifyLaunchTemplate"), None);
    assert_eq!(
        world.call_fault("elasticloadbalancing", "ModifyRule"),
        Some(Effect::Throttle)
    );
    assert_eq!(
        world.call_fault("elasticloadbalancing", "ModifyListener"),
        Some(Effect::Throttle)
    );
    assert_eq!(world.call_fault("elasticloadbalancing", "ModifyRule"), None);
    assert!(world.faults.list().is_empty());
}

#[test]
fn the_third_call_only() {
    let mut world = world();
    broken(&mut world, "lost-response autoscaling:* nth=3");
    let struck: Vec<_> = (0..5)
        .map(|_| {
            world
                .call_fault("autoscaling", "CreateAutoScalingGroup")
                .is_some()
        })
        .collect();
    assert_eq!(struck, [false, false, true, false, false]);
}

#[test]
fn a_fault_without_a_count_lasts_until_it_is_taken_back() {
    let mut world = world();
    let number = broken(&mut world, "error sts:* code=ServiceUnavailable status=503");
    for _ in 0..10 {
        assert!(matches!(
            world.call_fault("sts", "AssumeRole"),
            Some(Effect::Error { status: 503, .. })
        ));
    }
    assert_eq!(world.mend(Some(number)), 1);
    assert_eq!(world.call_fault("sts", "AssumeRole"), None);
}

#[test]
fn propagation_is_as_before_once_slowness_is_taken_back() {
    let mut world = world();
    let usual = world.settings.propagation;
    broken(&mut world, "slow-propagation by=10");
    let second = broken(&mut world, "slow-propagation by=20s");
    assert_eq!(world.settings.propagation, Duration::from_secs(20));
    world.mend(Some(second));
    assert_eq!(world.settings.propagation, Duration::from_secs(10));
    world.mend(None);
    assert_eq!(world.settings.propagation, usual);
}

#[test]
fn launches_fail_in_the_words_given_and_boots_are_marked() {
    let mut world = world();
    broken(&mut world, "launch-failure message=no room");
    let refused = launched(&mut world, "us-east-1a").expect_err("refused");
    assert_eq!(
        (refused.code.as_ref(), refused.message.as_str()),
        ("InsufficientInstanceCapacity", "no room")
    );
    broken(&mut world, "unhealthy-boot");
    launched(&mut world, "us-east-1a").expect("done");
    launched(&mut world, "us-east-1a").expect("done");
    let orders = world.take_orders();
    let marked = orders.iter().map(|order| match order {
        Order::Start(start) => start.tags.iter().any(|(key, _)| key == UNHEALTHY_BOOT),
        _ => panic!("{order:?}"),
    });
    assert_eq!(marked.collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_lost_zone_kills_its_instances_and_takes_no_new_ones() {
    let mut world = world();
    let lost = launched(&mut world, "us-east-1a").expect("done");
    launched(&mut world, "us-east-1b").expect("done");
    world.take_orders();
    broken(&mut world, "zone-loss us-east-1a");
    assert_eq!(killed(&mut world), [lost]);
    assert!(launched(&mut world, "us-east-1a").is_err());
    assert!(launched(&mut world, "us-east-1b").is_ok());
    world.mend(None);
    assert!(launched(&mut world, "us-east-1a").is_ok());
    assert!(
        world
            .break_with("zone-loss eu-west-1a".parse().expect("readable"))
            .is_err()
    );
}

#[test]
fn a_share_of_the_instances_is_killed_each_once() {
    let mut world = world();
    let all: Vec<_> = (0..4)
        .map(|_| launched(&mut world, "us-east-1c").expect("done"))
        .collect();
    broken(&mut world, "kill share=0.5");
    let mut dead = killed(&mut world);
    assert_eq!(dead.len(), 2);
    dead.dedup();
    assert!(dead.len() == 2 && dead.iter().all(|instance| all.contains(instance)));
    assert!(
        world
            .break_with("kill i-none".parse().expect("readable"))
            .is_err()
    );
}

#[test]
fn an_image_that_is_missing_fails_launches() {
    let mut world = world();
    launched(&mut world, "us-east-1a").expect("done");
    broken(&mut world, &format!("missing-image {DEFAULT_IMAGE}"));
    assert_eq!(
        launched(&mut world, "us-east-1a").expect_err("refused").code,
        "InvalidAMIID.NotFound"
    );
}

#[test]
fn numbers_that_mean_nothing_are_refused() {
    for text in [
        "throttle ec2:* count=0",
        "throttle ec2:* probability=2",
        "late ec2:* by=-1",
        "slow-propagation by=NaN",
        "error ec2:* code=Fine status=200",
        "unhealthy-boot count=0",
        "kill share=1.5",
    ] {
        let refused = world()
            .break_with(text.parse().expect("readable"))
            .expect_err("refused");
        assert_eq!(refused.code, "ValidationError", "{text}");
    }
}
