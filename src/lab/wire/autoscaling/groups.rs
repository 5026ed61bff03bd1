//! DescribeAutoScalingGroups and DeleteAutoScalingGroup.

use super::filters::{self, Filter};
use super::page::page;
use super::{group, tags, warm_pool};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::scaling::group::Group;
use crate::lab::world::scaling::member::Member;
use crate::lab::world::scaling::source::describe_template;

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let names = input.strings("AutoScalingGroupNames");
    let filters = Filter::read(input)?;
    let with_instances = input.flag("IncludeInstances")?.unwrap_or(true);
    let mut items = Vec::new();
    for group in world.scaling.groups.values() {
        if (names.is_empty() || names.contains(&group.name)) && passes(group, &filters)? {
            items.push((group.name.clone(), described(world, group, with_instances)));
        }
    }
    page("AutoScalingGroups", items, input, 50, 100)
}

pub(super) fn delete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.delete_group(group(input)?, input.flag("ForceDelete")?.unwrap_or(false))?;
    Ok(Tree::map())
}

fn passes(group: &Group, filters: &[Filter]) -> Result<bool, Refused> {
    for filter in filters {
        let mut tags = group.tags.values();
        let passes = match filter.name.as_str() {
            "tag-key" => tags.any(|tag| filter.takes(&tag.key)),
            "tag-value" => tags.any(|tag| filter.takes(&tag.value)),
            name => match name.strip_prefix("tag:") {
                Some(key) => tags.any(|tag| tag.key == key && filter.takes(&tag.value)),
                None => return Err(filters::unknown(name, "tag-key, tag-value, tag:<key>")),
            },
        };
        if !passes {
            return Ok(false);
        }
    }
    Ok(true)
}

fn described(world: &World, group: &Group, with_instances: bool) -> Tree {
    let whole = |number: i64| Tree::Whole(number);
    let kept = |name: &str| group.kept.get(name).cloned();
    let or = |name: &str, usual: Tree| kept(name).unwrap_or(usual);
    let template = group
        .source
        .mixed
        .is_none()
        .then(|| describe_template(&group.source.template));
    let instances = Tree::list(group.active().filter(|_| with_instances).map(describe_member));
    let suspended = group.suspended.iter().map(|(process, reason)| {
        Tree::map()
            .with("ProcessName", Tree::from(process.name()))
            .with("SuspensionReason", Tree::from(reason.as_str()))
    });
    let metrics = group.metrics.iter().map(|metric| {
        Tree::map()
            .with("Metric", Tree::from(*metric))
            .with("Granularity", Tree::from("1Minute"))
    });
    let sources = group.traffic.iter().map(|traffic| {
        Tree::map()
            .with("Identifier", Tree::from(traffic.arn.as_str()))
            .with("Type", Tree::from("elbv2"))
    });
    let role = format!(
        "arn:aws:iam::{}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
        world.settings.account
    );
    let spread = Tree::map().with("CapacityDistributionStrategy", Tree::from("balanced-best-effort"));
    let impairment = Tree::map()
        .with("ZonalShiftEnabled", Tree::Flag(false))
        .with("ImpairedZoneHealthCheckBehavior", Tree::from("IgnoreUnhealthy"));
    let reservation = Tree::map().with("CapacityReservationPreference", Tree::from("default"));
    let pool = group.warm_pool.as_ref();
    Tree::map()
        .with("AutoScalingGroupName", Tree::from(group.name.as_str()))
        .with("AutoScalingGroupARN", Tree::from(group.arn.as_str()))
        .with("LaunchTemplate", template)
        .with("MixedInstancesPolicy", group.source.mixed.clone())
        .with("MinSize", whole(group.min))
        .with("MaxSize", whole(group.max))
        .with("DesiredCapacity", whole(group.desired))
        .with("DefaultCooldown", whole(group.default_cooldown))
        .with("AvailabilityZones", Tree::texts(group.zones.iter().cloned()))
        .with("LoadBalancerNames", Tree::List(Vec::new()))
        .with(
            "TargetGroupARNs",
            Tree::texts(group.traffic.iter().map(|traffic| traffic.arn.as_str())),
        )
        .with("HealthCheckType", Tree::from(group.health_check_type.as_str()))
        .with("HealthCheckGracePeriod", whole(group.grace))
        .with("Instances", instances)
        .with("CreatedTime", Tree::Time(group.created))
        .with("SuspendedProcesses", Tree::list(suspended))
        .with("PlacementGroup", kept("PlacementGroup"))
        .with("VPCZoneIdentifier", Tree::from(group.subnets.join(",")))
        .with("EnabledMetrics", Tree::list(metrics))
        .with("Status", group.deleting.then(|| Tree::from("Delete in progress")))
        .with(
            "Tags",
            Tree::list(group.tags.values().map(|tag| tags::described(&group.name, tag))),
        )
        .with(
            "TerminationPolicies",
            Tree::texts(group.termination_policies.iter().cloned()),
        )
        .with("NewInstancesProtectedFromScaleIn", Tree::Flag(group.protects_new))
        .with(
            "ServiceLinkedRoleARN",
            or("ServiceLinkedRoleARN", Tree::from(role)),
        )
        .with("MaxInstanceLifetime", kept("MaxInstanceLifetime"))
        .with("CapacityRebalance", kept("CapacityRebalance"))
        .with("WarmPoolConfiguration", pool.map(warm_pool::configuration))
        .with(
            "WarmPoolSize",
            pool.map(|_| Tree::Whole(group.warm().map(|_| 1).sum())),
        )
        .with("Context", kept("Context"))
        .with("DesiredCapacityType", kept("DesiredCapacityType"))
        .with("DefaultInstanceWarmup", group.default_warmup.map(whole))
        .with("TrafficSources", Tree::list(sources))
        .with("InstanceMaintenancePolicy", kept("InstanceMaintenancePolicy"))
        .with(
            "DeletionProtection",
            Tree::from(group.deletion_protection.as_str()),
        )
        .with(
            "AvailabilityZoneDistribution",
            or("AvailabilityZoneDistribution", spread),
        )
        .with(
            "AvailabilityZoneImpairmentPolicy",
            or("AvailabilityZoneImpairmentPolicy", impairment),
        )
        .with(
            "CapacityReservationSpecification",
            or("CapacityReservationSpecification", reservation),
        )
        .with("InstanceLifecyclePolicy", kept("InstanceLifecyclePolicy"))
        .with("Operator", kept("Operator"))
}

/// An instance as its group and its warm pool list it.
pub(super) fn describe_member(member: &Member) -> Tree {
    Tree::map()
        .with("InstanceId", Tree::from(member.id.as_str()))
        .with("InstanceType", Tree::from(member.instance_type.as_str()))
        .with("AvailabilityZone", Tree::from(member.zone.as_str()))
        .with("LifecycleState", Tree::from(member.state.name()))
        .with("HealthStatus", Tree::from(member.health_status()))
        .with("LaunchTemplate", member.template.as_ref().map(describe_template))
        .with("ProtectedFromScaleIn", Tree::Flag(member.protected))
}
