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

/// Processes without which a clone's targets would never register.
pub const NEEDED: [&str; 2] = ["AddToLoadBalancer", "Launch"];

/// The rule for one member.
pub fn rule_for(table: &'static [CloneRule], field: &str) -> Option<&'static CloneRule> {
    table.iter().find(|rule| rule.field == field)
}

/// The longest name CloudWatch gives an alarm.
const ALARM_NAME_LIMIT: usize = 255;

/// The name under which an alarm of the original's policies is made again for its clone: the group's
/// name is swapped where it stands in it, or else added, so that two generations never share an alarm.
pub fn alarm_name(original_alarm: &str, original_group: &str, clone: &str) -> String {
    let swapped = replace_name(original_alarm, original_group, clone, |c| c.is_alphanumeric());
    let name = if swapped == original_alarm {
        let room = ALARM_NAME_LIMIT.saturating_sub(clone.chars().count() + 1);
        let kept: String = original_alarm.chars().take(room).collect();
        format!("{kept}-{clone}")
    } else {
        swapped
    };
    name.chars().take(ALARM_NAME_LIMIT).collect()
}

/// Replaces a name wherever it stands for itself and is not part of a longer one; `part_of_name`
/// says which neighbouring characters make it one.
pub fn replace_name(text: &str, from: &str, to: &str, part_of_name: impl Fn(char) -> bool) -> String {
    if from.is_empty() {
        return text.to_owned();
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, found) = rest.split_at(at);
        let after = &found[from.len()..];
        result.push_str(before);
        let alone = !result.ends_with(&part_of_name) && !after.starts_with(&part_of_name);
        result.push_str(if alone { to } else { from });
        rest = after;
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_renamed_by_the_group_in_its_name() {
        assert_eq!(alarm_name("asg-1-cpu-high", "asg-1", "asg-2"), "asg-2-cpu-high");
        assert_eq!(
            alarm_name("High CPU (asg-1)", "asg-1", "asg-2"),
            "High CPU (asg-2)"
        );
    }

    #[test]
    fn an_alarm_without_the_group_in_its_name_gets_it_added_once() {
        let second = alarm_name("cpu-high", "asg-1", "asg-2");
        assert_eq!(second, "cpu-high-asg-2");
        assert_eq!(alarm_name(&second, "asg-2", "asg-3"), "cpu-high-asg-3");
    }

    #[test]
    fn a_longer_name_is_not_taken_for_the_groups() {
        assert_eq!(alarm_name("asg-10-cpu", "asg-1", "asg-2"), "asg-10-cpu-asg-2");
    }

    #[test]
    fn a_long_alarm_name_keeps_what_tells_it_apart() {
        let name = alarm_name(&"x".repeat(255), "asg-1", "asg-2");
        assert_eq!(name.len(), 255);
        assert!(name.ends_with("-asg-2"));
    }
}
