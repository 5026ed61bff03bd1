//! Auto Scaling's operations on a world with real balancing and instances.

#![allow(clippy::unwrap_used, reason = "a step that fails is what fails the test")]

mod in_place;

use std::collections::BTreeSet;

use super::super::{Operation, elbv2};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::compute::templates::NewVersion;
use crate::lab::world::scaling::outside::Outside;
use crate::lab::world::{Settings, World};

/// A load balancer whose listener forwards to a target group, a launch template, and whoever answers orders.
struct Estate {
    world: World,
    outside: Outside,
    target_group: String,
}

fn list(items: impl IntoIterator<Item = Tree>) -> Tree {
    Tree::list(items)
}

fn map(members: &[(&str, Tree)]) -> Tree {
    Tree::Map(
        members
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    )
}

fn text(value: &str) -> Tree {
    Tree::from(value)
}

fn call(world: &mut World, operations: &[Operation], name: &str, input: &Tree) -> Result<Tree, Refused> {
    let operation = operations
        .iter()
        .find(|operation| operation.name == name)
        .expect(name);
    for (member, _) in input.members() {
        assert!(
            operation.members.contains(&member.as_str()),
            "{name} does not take {member}"
        );
    }
    (operation.act)(world, input)
}

impl Estate {
    fn new() -> Self {
        let mut world = World::new(Settings::default());
        let subnets =
            ["us-east-1a", "us-east-1b"].map(|zone| world.default_subnet(zone).expect("the estate has it"));
        let data = map(&[("ImageId", text("ami-0123456789abcdef0"))]);
        let version = NewVersion {
            description: None,
            data,
            source: None,
            token: None,
        };
        world.create_template("web", version).expect("the estate has it");
        let network = world.default_vpc().expect("a new account has one").id.clone();
        let pool = map(&[
            ("Name", text("blue")),
            ("Protocol", text("HTTP")),
            ("Port", text("8080")),
            ("VpcId", text(&network)),
            ("HealthCheckIntervalSeconds", text("5")),
            ("HealthCheckTimeoutSeconds", text("2")),
        ]);
        let made =
            call(&mut world, elbv2::OPERATIONS, "CreateTargetGroup", &pool).expect("the estate has it");
        let target_group = made.items("TargetGroups")[0]
            .text("TargetGroupArn")
            .expect("the estate has it")
            .to_owned();
        let balancer = map(&[("Name", text("front")), ("Subnets", Tree::texts(subnets))]);
        let made =
            call(&mut world, elbv2::OPERATIONS, "CreateLoadBalancer", &balancer).expect("the estate has it");
        let balancer = made.items("LoadBalancers")[0]
            .text("LoadBalancerArn")
            .expect("the estate has it")
            .to_owned();
        let forward = map(&[("Type", text("forward")), ("TargetGroupArn", text(&target_group))]);
        let listener = map(&[
            ("LoadBalancerArn", text(&balancer)),
            ("Protocol", text("HTTP")),
            ("Port", text("80")),
            ("DefaultActions", list([forward])),
        ]);
        call(&mut world, elbv2::OPERATIONS, "CreateListener", &listener).expect("the estate has it");
        Self {
            world,
            outside: Outside::default(),
            target_group,
        }
    }

    fn call(&mut self, name: &str, members: &[(&str, Tree)]) -> Result<Tree, Refused> {
        call(&mut self.world, super::OPERATIONS, name, &map(members))
    }

    fn of_group(&mut self, name: &str, members: &[(&str, Tree)]) -> Result<Tree, Refused> {
        let group = [("AutoScalingGroupName", text("web-1"))];
        self.call(name, &[&group[..], members].concat())
    }

    fn create(&mut self, size: &str, more: &[(&str, Tree)]) -> Result<Tree, Refused> {
        let general = [
            ("MinSize", text("0")),
            ("MaxSize", text("4")),
            ("DesiredCapacity", text(size)),
            (
                "LaunchTemplate",
                map(&[("LaunchTemplateName", text("web")), ("Version", text("1"))]),
            ),
            ("AvailabilityZones", Tree::texts(["us-east-1a", "us-east-1b"])),
            ("TargetGroupARNs", Tree::texts([self.target_group.as_str()])),
        ];
        self.of_group("CreateAutoScalingGroup", &[&general[..], more].concat())
    }

    fn pass(&mut self, seconds: u64) {
        self.outside.pass(&mut self.world, seconds);
    }

    fn group(&mut self) -> Tree {
        let names = [("AutoScalingGroupNames", Tree::texts(["web-1"]))];
        self.call("DescribeAutoScalingGroups", &names)
            .expect("the estate has it")
            .items("AutoScalingGroups")[0]
            .clone()
    }

    fn states(&mut self) -> Vec<String> {
        let group = self.group();
        group
            .items("Instances")
            .iter()
            .map(|one| one.text("LifecycleState").expect("the estate has it").to_owned())
            .collect()
    }

    fn ids(&mut self) -> Vec<String> {
        let group = self.group();
        group
            .items("Instances")
            .iter()
            .map(|one| one.text("InstanceId").expect("the estate has it").to_owned())
            .collect()
    }

    fn target_states(&mut self) -> Vec<String> {
        let input = map(&[("TargetGroupArn", text(&self.target_group))]);
        let health = call(&mut self.world, elbv2::OPERATIONS, "DescribeTargetHealth", &input)
            .expect("the estate has it");
        let state = |one: &Tree| {
            one.get("TargetHealth")
                .expect("the estate has it")
                .text("State")
                .expect("the estate has it")
                .to_owned()
        };
        health
            .items("TargetHealthDescriptions")
            .iter()
            .map(state)
            .collect()
    }
}

fn code(outcome: Result<Tree, Refused>) -> String {
    outcome.expect_err("it is refused").code.into_owned()
}

#[test]
fn a_group_of_two_comes_into_service_in_two_zones_and_its_targets_become_healthy() {
    let mut estate = Estate::new();
    estate.create("2", &[]).unwrap();
    assert_eq!(estate.states(), ["Pending", "Pending"]);
    estate.pass(30);
    assert_eq!(estate.states(), ["InService", "InService"]);
    assert_eq!(estate.target_states(), ["healthy", "healthy"]);
    let group = estate.group();
    let zones: BTreeSet<_> = group
        .items("Instances")
        .iter()
        .map(|one| one.text("AvailabilityZone").unwrap())
        .collect();
    assert_eq!(zones.len(), 2);
    let template = group.get("LaunchTemplate").unwrap();
    assert!(template.text("LaunchTemplateId").unwrap().starts_with("lt-"));
    assert_eq!(template.text("LaunchTemplateName"), Some("web"));
    let activities = estate.of_group("DescribeScalingActivities", &[]).unwrap();
    assert_eq!(activities.items("Activities").len(), 2);
    assert_eq!(
        activities.items("Activities")[0].text("StatusCode"),
        Some("Successful")
    );
}

#[test]
fn scale_in_drains_before_it_terminates() {
    let mut estate = Estate::new();
    estate.create("2", &[]).unwrap();
    estate.pass(30);
    estate
        .of_group("SetDesiredCapacity", &[("DesiredCapacity", text("1"))])
        .unwrap();
    estate.pass(60);
    let mut states = estate.states();
    states.sort();
    assert_eq!(states, ["InService", "Terminating"]);
    // The deregistration delay is 300 s by default.
    estate.pass(300);
    assert_eq!(estate.states(), ["InService"]);
}

#[test]
fn an_unhealthy_target_is_replaced_after_the_grace_period_unless_that_is_suspended() {
    let mut estate = Estate::new();
    let health = [
        ("HealthCheckType", text("ELB")),
        ("HealthCheckGracePeriod", text("60")),
    ];
    estate.create("1", &health).unwrap();
    estate.pass(20);
    let first = estate.ids();
    estate.outside.ill.extend(first.clone());
    estate
        .of_group(
            "SuspendProcesses",
            &[("ScalingProcesses", Tree::texts(["ReplaceUnhealthy"]))],
        )
        .unwrap();
    estate.pass(120);
    assert_eq!(estate.ids(), first);
    estate
        .of_group(
            "ResumeProcesses",
            &[("ScalingProcesses", Tree::texts(["ReplaceUnhealthy"]))],
        )
        .unwrap();
    estate.pass(400);
    let second = estate.ids();
    assert_eq!(second.len(), 1);
    assert_ne!(second, first);
}

#[test]
fn a_launch_hook_holds_an_instance_until_its_action_is_completed() {
    let mut estate = Estate::new();
    let hook = map(&[
        ("LifecycleHookName", text("warm")),
        ("LifecycleTransition", text("autoscaling:EC2_INSTANCE_LAUNCHING")),
    ]);
    estate
        .create("1", &[("LifecycleHookSpecificationList", list([hook]))])
        .unwrap();
    estate.pass(60);
    assert_eq!(estate.states(), ["Pending:Wait"]);
    assert!(estate.target_states().is_empty());
    let id = estate.ids().remove(0);
    let done = [
        ("LifecycleHookName", text("warm")),
        ("InstanceId", text(&id)),
        ("LifecycleActionResult", text("CONTINUE")),
    ];
    estate.of_group("CompleteLifecycleAction", &done).unwrap();
    assert_eq!(estate.states(), ["InService"]);
}

#[test]
fn sizes_keep_to_their_bounds_and_drag_the_desired_capacity() {
    let mut estate = Estate::new();
    estate.create("2", &[]).unwrap();
    let outside = estate.of_group("SetDesiredCapacity", &[("DesiredCapacity", text("5"))]);
    assert_eq!(code(outside), "ValidationError");
    estate
        .of_group("UpdateAutoScalingGroup", &[("MaxSize", text("1"))])
        .unwrap();
    assert_eq!(estate.group().whole("DesiredCapacity").unwrap(), Some(1));
    estate
        .of_group(
            "UpdateAutoScalingGroup",
            &[("MaxSize", text("4")), ("MinSize", text("3"))],
        )
        .unwrap();
    assert_eq!(estate.group().whole("DesiredCapacity").unwrap(), Some(3));
}

#[test]
fn a_group_with_instances_is_deleted_by_force_only_and_a_name_exists_once() {
    let mut estate = Estate::new();
    estate.create("1", &[]).unwrap();
    assert_eq!(code(estate.create("1", &[])), "AlreadyExists");
    estate.pass(30);
    assert_eq!(
        code(estate.of_group("DeleteAutoScalingGroup", &[])),
        "ResourceInUse"
    );
    estate
        .of_group("DeleteAutoScalingGroup", &[("ForceDelete", text("true"))])
        .unwrap();
    estate.pass(10);
    let groups = estate.call("DescribeAutoScalingGroups", &[]).unwrap();
    assert!(groups.items("AutoScalingGroups").is_empty());
}

#[test]
fn standby_leaves_the_target_group_and_lowers_the_desired_capacity() {
    let mut estate = Estate::new();
    estate.create("2", &[]).unwrap();
    estate.pass(30);
    let id = estate.ids().remove(0);
    let input = [
        ("InstanceIds", Tree::texts([id.as_str()])),
        ("ShouldDecrementDesiredCapacity", text("true")),
    ];
    estate.of_group("EnterStandby", &input).unwrap();
    estate.pass(310);
    assert_eq!(estate.target_states(), ["healthy"]);
    assert_eq!(estate.group().whole("DesiredCapacity").unwrap(), Some(1));
    estate
        .of_group("ExitStandby", &[("InstanceIds", Tree::texts([id.as_str()]))])
        .unwrap();
    estate.pass(30);
    assert_eq!(estate.states(), ["InService", "InService"]);
    assert_eq!(estate.target_states(), ["healthy", "healthy"]);
}

#[test]
fn a_refresh_replaces_every_instance_and_keeps_enough_in_service() {
    let mut estate = Estate::new();
    estate.create("2", &[]).unwrap();
    estate.pass(30);
    let before = estate.ids();
    estate.of_group("StartInstanceRefresh", &[]).unwrap();
    assert_eq!(
        code(estate.of_group("StartInstanceRefresh", &[])),
        "InstanceRefreshInProgress"
    );
    estate.pass(1200);
    let refreshes = estate.of_group("DescribeInstanceRefreshes", &[]).unwrap();
    assert_eq!(
        refreshes.items("InstanceRefreshes")[0].text("Status"),
        Some("Successful")
    );
    let after = estate.ids();
    assert_eq!(after.len(), 2);
    assert!(before.iter().all(|id| !after.contains(id)));
}

#[test]
fn pages_hold_what_is_asked_for_and_a_foreign_token_is_refused() {
    let mut estate = Estate::new();
    let tag = |key: &str| map(&[("Key", text(key)), ("Value", text("1"))]);
    estate
        .create("0", &[("Tags", list([tag("a"), tag("b"), tag("c")]))])
        .unwrap();
    let first = estate.call("DescribeTags", &[("MaxRecords", text("2"))]).unwrap();
    assert_eq!(first.items("Tags").len(), 2);
    let token = first.get("NextToken").unwrap().clone();
    let second = estate
        .call("DescribeTags", &[("MaxRecords", text("2")), ("NextToken", token)])
        .unwrap();
    assert_eq!(second.items("Tags")[0].text("Key"), Some("c"));
    assert_eq!(second.get("NextToken"), None);
    assert_eq!(
        code(estate.call("DescribeTags", &[("NextToken", text("mine"))])),
        "InvalidNextToken"
    );
}

#[test]
fn a_scheduled_action_in_the_past_is_refused_and_in_a_batch_it_is_told() {
    let mut estate = Estate::new();
    estate.create("0", &[]).unwrap();
    estate.pass(3600);
    let past = [
        ("ScheduledActionName", text("early")),
        ("StartTime", text("1970-01-01T00:30:00Z")),
        ("DesiredCapacity", text("1")),
    ];
    assert_eq!(
        code(estate.of_group("PutScheduledUpdateGroupAction", &past)),
        "ValidationError"
    );
    let batch = [("ScheduledUpdateGroupActions", list([map(&past)]))];
    let answer = estate
        .of_group("BatchPutScheduledUpdateGroupAction", &batch)
        .unwrap();
    assert_eq!(answer.items("FailedScheduledUpdateGroupActions").len(), 1);
    let hourly = [
        ("ScheduledActionName", text("hourly")),
        ("Recurrence", text("0 * * * *")),
        ("DesiredCapacity", text("2")),
    ];
    estate.of_group("PutScheduledUpdateGroupAction", &hourly).unwrap();
    estate.pass(3630);
    assert_eq!(estate.group().whole("DesiredCapacity").unwrap(), Some(2));
}
