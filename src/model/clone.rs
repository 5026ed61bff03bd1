//! The clone table: for every member of a group and of a target group, whether a clone takes it over.

use serde::{Deserialize, Serialize};

/// One line of the copied / changed / not-copied list of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// What it belongs to: the new group or target group.
    pub of: String,
    pub field: String,
    pub how: How,
    /// The value, or what it becomes.
    pub value: String,
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    Copied,
    Changed,
    NotCopied,
}

/// What a clone does with one member of the SDK's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloneRule {
    /// The API's member name.
    pub field: &'static str,
    pub treatment: Treatment,
    pub why: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// Taken over as it is.
    Copy,
    /// Taken over with something replaced.
    Transform,
    /// Carried by a call of its own after the group exists.
    Separately,
    /// Describes the original only.
    Leave,
    /// A plan is refused when it is set.
    Refuse,
    /// An input that Describe never shows.
    InputOnly,
}

const fn rule(field: &'static str, treatment: Treatment, why: &'static str) -> CloneRule {
    CloneRule {
        field,
        treatment,
        why,
    }
}

/// Every member of the Auto Scaling group that Describe shows or Create takes.
pub const GROUP: &[CloneRule] = &[
    rule(
        "AutoScalingGroupName",
        Treatment::Transform,
        "the next generation's name",
    ),
    rule("AutoScalingGroupARN", Treatment::Leave, "identifies the original"),
    rule("LaunchConfigurationName", Treatment::Refuse, "has no versions"),
    rule(
        "LaunchTemplate",
        Treatment::Transform,
        "the release's version, pinned by number",
    ),
    rule(
        "MixedInstancesPolicy",
        Treatment::Transform,
        "the release's version, pinned by number, in the base and every override",
    ),
    rule(
        "InstanceId",
        Treatment::InputOnly,
        "would make a launch configuration",
    ),
    rule(
        "MinSize",
        Treatment::Transform,
        "raised to the desired capacity until promotion, then put back",
    ),
    rule("MaxSize", Treatment::Transform, "live's, or as configured"),
    rule(
        "DesiredCapacity",
        Treatment::Transform,
        "what live has now, or as configured",
    ),
    rule(
        "PredictedCapacity",
        Treatment::Leave,
        "a forecast for the original",
    ),
    rule("DefaultCooldown", Treatment::Copy, ""),
    rule(
        "AvailabilityZones",
        Treatment::Transform,
        "follow from the subnets; copied only when there are none",
    ),
    rule(
        "AvailabilityZoneIds",
        Treatment::Leave,
        "the same zones by another name",
    ),
    rule(
        "LoadBalancerNames",
        Treatment::Refuse,
        "a clone would take that traffic at once",
    ),
    rule(
        "TargetGroupARNs",
        Treatment::Transform,
        "the next generation's target group",
    ),
    rule(
        "TrafficSources",
        Treatment::Transform,
        "the next generation's target group",
    ),
    rule("HealthCheckType", Treatment::Copy, ""),
    rule("HealthCheckGracePeriod", Treatment::Copy, ""),
    rule("Instances", Treatment::Leave, "the original's"),
    rule("CreatedTime", Treatment::Leave, "the original's"),
    rule(
        "SuspendedProcesses",
        Treatment::Separately,
        "except AddToLoadBalancer and Launch, without which no target registers",
    ),
    rule("PlacementGroup", Treatment::Copy, ""),
    rule("VPCZoneIdentifier", Treatment::Copy, ""),
    rule("EnabledMetrics", Treatment::Separately, "metrics collection"),
    rule("Status", Treatment::Leave, "the original's"),
    rule(
        "Tags",
        Treatment::Transform,
        "with this generation's own tags; reserved ones are left",
    ),
    rule("TerminationPolicies", Treatment::Copy, ""),
    rule("NewInstancesProtectedFromScaleIn", Treatment::Copy, ""),
    rule(
        "ServiceLinkedRoleARN",
        Treatment::Transform,
        "copied only when it is a role with a suffix of its own",
    ),
    rule("MaxInstanceLifetime", Treatment::Copy, ""),
    rule("CapacityRebalance", Treatment::Copy, ""),
    rule("WarmPoolConfiguration", Treatment::Separately, "warm pool"),
    rule("WarmPoolSize", Treatment::Leave, "the original's"),
    rule("Context", Treatment::Copy, ""),
    rule("DesiredCapacityType", Treatment::Copy, ""),
    rule("DefaultInstanceWarmup", Treatment::Copy, ""),
    rule("InstanceMaintenancePolicy", Treatment::Copy, ""),
    rule(
        "DeletionProtection",
        Treatment::Copy,
        "and lifted again when the generation is removed",
    ),
    rule("AvailabilityZoneDistribution", Treatment::Copy, ""),
    rule("AvailabilityZoneImpairmentPolicy", Treatment::Copy, ""),
    rule(
        "CapacityReservationSpecification",
        Treatment::Copy,
        "both generations compete for the same reservations",
    ),
    rule("InstanceLifecyclePolicy", Treatment::Copy, ""),
    rule("Operator", Treatment::Refuse, "another service owns the group"),
    rule(
        "LifecycleHookSpecificationList",
        Treatment::InputOnly,
        "built from the original's lifecycle hooks",
    ),
    rule("SkipZonalShiftValidation", Treatment::InputOnly, "never skipped"),
];

/// Every member of the target group that Describe shows or Create takes.
pub const TARGET_GROUP: &[CloneRule] = &[
    rule("TargetGroupArn", Treatment::Leave, "identifies the original"),
    rule(
        "TargetGroupName",
        Treatment::Transform,
        "the next generation's name",
    ),
    rule("Name", Treatment::InputOnly, "the next generation's name"),
    rule("Protocol", Treatment::Copy, ""),
    rule("ProtocolVersion", Treatment::Copy, ""),
    rule("Port", Treatment::Copy, ""),
    rule("VpcId", Treatment::Copy, ""),
    rule("HealthCheckProtocol", Treatment::Copy, ""),
    rule("HealthCheckPort", Treatment::Copy, ""),
    rule("HealthCheckEnabled", Treatment::Copy, ""),
    rule("HealthCheckPath", Treatment::Copy, ""),
    rule("HealthCheckIntervalSeconds", Treatment::Copy, ""),
    rule("HealthCheckTimeoutSeconds", Treatment::Copy, ""),
    rule("HealthyThresholdCount", Treatment::Copy, ""),
    rule("UnhealthyThresholdCount", Treatment::Copy, ""),
    rule("Matcher", Treatment::Copy, ""),
    rule("LoadBalancerArns", Treatment::Leave, "follow from the rules"),
    rule("TargetType", Treatment::Copy, ""),
    rule("IpAddressType", Treatment::Copy, ""),
    rule("TargetControlPort", Treatment::Copy, ""),
    rule(
        "Tags",
        Treatment::Transform,
        "with this generation's own tags; reserved ones are left",
    ),
];

/// The rule for one member.
pub fn rule_for(table: &'static [CloneRule], field: &str) -> Option<&'static CloneRule> {
    table.iter().find(|rule| rule.field == field)
}
