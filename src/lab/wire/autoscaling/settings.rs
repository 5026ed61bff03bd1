//! CreateAutoScalingGroup and UpdateAutoScalingGroup: from their inputs to what the world is told.

use super::{group, hooks, said, tags, traffic};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::scaling::settings::{Additions, Change};

pub(super) const CREATION: &[&str] = &[
    "AutoScalingGroupName",
    "AvailabilityZoneDistribution",
    "AvailabilityZoneIds",
    "AvailabilityZoneImpairmentPolicy",
    "AvailabilityZones",
    "CapacityRebalance",
    "CapacityReservationSpecification",
    "Context",
    "DefaultCooldown",
    "DefaultInstanceWarmup",
    "DeletionProtection",
    "DesiredCapacity",
    "DesiredCapacityType",
    "HealthCheckGracePeriod",
    "HealthCheckType",
    "InstanceId",
    "InstanceLifecyclePolicy",
    "InstanceMaintenancePolicy",
    "LaunchConfigurationName",
    "LaunchTemplate",
    "LifecycleHookSpecificationList",
    "LoadBalancerNames",
    "MaxInstanceLifetime",
    "MaxSize",
    "MinSize",
    "MixedInstancesPolicy",
    "NewInstancesProtectedFromScaleIn",
    "Operator",
    "PlacementGroup",
    "ServiceLinkedRoleARN",
    "SkipZonalShiftValidation",
    "Tags",
    "TargetGroupARNs",
    "TerminationPolicies",
    "TrafficSources",
    "VPCZoneIdentifier",
];

pub(super) const UPDATE: &[&str] = &[
    "AutoScalingGroupName",
    "AvailabilityZoneDistribution",
    "AvailabilityZoneIds",
    "AvailabilityZoneImpairmentPolicy",
    "AvailabilityZones",
    "CapacityRebalance",
    "CapacityReservationSpecification",
    "Context",
    "DefaultCooldown",
    "DefaultInstanceWarmup",
    "DeletionProtection",
    "DesiredCapacity",
    "DesiredCapacityType",
    "HealthCheckGracePeriod",
    "HealthCheckType",
    "InstanceLifecyclePolicy",
    "InstanceMaintenancePolicy",
    "LaunchConfigurationName",
    "LaunchTemplate",
    "MaxInstanceLifetime",
    "MaxSize",
    "MinSize",
    "MixedInstancesPolicy",
    "NewInstancesProtectedFromScaleIn",
    "PlacementGroup",
    "ServiceLinkedRoleARN",
    "SkipZonalShiftValidation",
    "TerminationPolicies",
    "VPCZoneIdentifier",
];

/// Members that are described as they came.
const KEPT: &[&str] = &[
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
    "CapacityRebalance",
    "CapacityReservationSpecification",
    "Context",
    "DesiredCapacityType",
    "InstanceLifecyclePolicy",
    "InstanceMaintenancePolicy",
    "MaxInstanceLifetime",
    "Operator",
    "PlacementGroup",
    "ServiceLinkedRoleARN",
];

pub(super) fn create(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let name = group(input)?;
    for size in ["MinSize", "MaxSize"] {
        super::need_whole(input, size)?;
    }
    if !input.items("LoadBalancerNames").is_empty() {
        return traffic::refuse_classic(world, input);
    }
    let additions = Additions {
        target_groups: input.strings("TargetGroupARNs"),
        traffic_sources: traffic::read_sources(input)?,
        hooks: hooks::read_specifications(input)?,
        tags: input
            .items("Tags")
            .iter()
            .map(tags::read)
            .collect::<Result<_, _>>()?,
    };
    let change = read(world, input)?;
    world.create_group(name, change, additions)?;
    Ok(Tree::map())
}

pub(super) fn update(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let change = read(world, input)?;
    world.update_group(group(input)?, change)?;
    Ok(Tree::map())
}

fn read(world: &World, input: &Tree) -> Result<Change, Refused> {
    if !input.items("AvailabilityZoneIds").is_empty() {
        return Err(Refused::invalid(
            "AvailabilityZoneIds: name the zones with AvailabilityZones here",
        ));
    }
    let list = |name: &str| {
        input
            .get(name)
            .map(|_| input.strings(name))
            .filter(|list| !list.is_empty())
    };
    Ok(Change {
        source: world.read_source(input)?,
        min: input.whole("MinSize")?,
        max: input.whole("MaxSize")?,
        desired: input.whole("DesiredCapacity")?,
        default_cooldown: input.whole("DefaultCooldown")?,
        default_warmup: input.whole("DefaultInstanceWarmup")?,
        zones: list("AvailabilityZones"),
        subnets: said(input, "VPCZoneIdentifier")
            .map(|subnets| subnets.split(',').map(|one| one.trim().to_owned()).collect()),
        health_check_type: said(input, "HealthCheckType"),
        grace: input.whole("HealthCheckGracePeriod")?,
        termination_policies: list("TerminationPolicies"),
        protects_new: input.flag("NewInstancesProtectedFromScaleIn")?,
        deletion_protection: said(input, "DeletionProtection"),
        kept: KEPT
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), input.get(name)?.clone())))
            .collect(),
    })
}
