//! A group's settings by the API's member name: what a plan is decided on, compares and shows.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::types::{AutoScalingGroup, LaunchTemplateSpecification, MixedInstancesPolicy};

use super::render::compact;

/// Every setting that a clone takes over, when it is set.
pub(super) fn settings(raw: &AutoScalingGroup) -> BTreeMap<String, String> {
    let number = |value: Option<i32>| value.map(|value| value.to_string());
    let flag = |value: Option<bool>| value.map(|value| value.to_string());
    let all = [
        ("DefaultCooldown", number(raw.default_cooldown)),
        ("AvailabilityZones", raw.availability_zones.as_deref().map(sorted)),
        ("HealthCheckType", raw.health_check_type.clone()),
        ("HealthCheckGracePeriod", number(raw.health_check_grace_period)),
        ("PlacementGroup", raw.placement_group.clone()),
        ("VPCZoneIdentifier", raw.vpc_zone_identifier.clone()),
        // They are tried in this order, so it is kept.
        (
            "TerminationPolicies",
            raw.termination_policies.as_ref().map(|all| all.join(", ")),
        ),
        (
            "NewInstancesProtectedFromScaleIn",
            flag(raw.new_instances_protected_from_scale_in),
        ),
        ("ServiceLinkedRoleARN", raw.service_linked_role_arn.clone()),
        ("MaxInstanceLifetime", number(raw.max_instance_lifetime)),
        ("CapacityRebalance", flag(raw.capacity_rebalance)),
        ("Context", raw.context.clone()),
        ("DesiredCapacityType", raw.desired_capacity_type.clone()),
        ("DefaultInstanceWarmup", number(raw.default_instance_warmup)),
        (
            "MixedInstancesPolicy",
            raw.mixed_instances_policy
                .as_ref()
                .map(|policy| compact(&without_versions(policy))),
        ),
        (
            "InstanceMaintenancePolicy",
            raw.instance_maintenance_policy.as_ref().map(compact),
        ),
        (
            "DeletionProtection",
            raw.deletion_protection
                .as_ref()
                .map(|word| word.as_str().to_owned()),
        ),
        (
            "AvailabilityZoneDistribution",
            raw.availability_zone_distribution.as_ref().map(compact),
        ),
        (
            "AvailabilityZoneImpairmentPolicy",
            raw.availability_zone_impairment_policy.as_ref().map(compact),
        ),
        (
            "CapacityReservationSpecification",
            raw.capacity_reservation_specification.as_ref().map(compact),
        ),
        (
            "InstanceLifecyclePolicy",
            raw.instance_lifecycle_policy.as_ref().map(compact),
        ),
    ];
    all.into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.filter(|text| !text.is_empty())?)))
        .collect()
}

/// The first member in which two sets of settings differ, with what was expected and what is there.
pub(super) fn difference(
    expected: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
) -> Option<(String, String, String)> {
    let text = |all: &BTreeMap<String, String>, name: &str| {
        all.get(name).cloned().unwrap_or_else(|| "not set".to_owned())
    };
    expected
        .keys()
        .chain(found.keys())
        .find(|name| expected.get(*name) != found.get(*name))
        .map(|name| (name.clone(), text(expected, name), text(found, name)))
}

/// The base's launch template, then each override's own.
pub(super) fn templates_mut(
    policy: &mut MixedInstancesPolicy,
) -> impl Iterator<Item = &mut LaunchTemplateSpecification> {
    policy.launch_template.iter_mut().flat_map(|template| {
        template.launch_template_specification.iter_mut().chain(
            template
                .overrides
                .iter_mut()
                .flatten()
                .filter_map(|one| one.launch_template_specification.as_mut()),
        )
    })
}

/// Versions are compared as versions; here they would make every pin look like a change.
fn without_versions(policy: &MixedInstancesPolicy) -> MixedInstancesPolicy {
    let mut policy = policy.clone();
    for template in templates_mut(&mut policy) {
        template.version = None;
    }
    policy
}

/// AWS promises no order for zones.
fn sorted(zones: &[String]) -> String {
    let mut zones = zones.to_vec();
    zones.sort();
    zones.join(", ")
}
