//! Auto Scaling, 2011-01-01.

mod activities;
mod capacity;
mod filters;
mod groups;
mod hooks;
mod instances;
mod limits;
mod notifications;
mod page;
mod policies;
mod predictive;
mod processes;
mod refreshes;
mod schedules;
mod settings;
mod tags;
#[cfg(test)]
mod tests;
mod traffic;
mod warm_pool;

use super::Operation;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;

type Act = fn(&mut World, &Tree) -> Result<Tree, Refused>;

const fn operation(name: &'static str, members: &'static [&'static str], act: Act) -> Operation {
    Operation { name, members, act }
}

pub(super) const OPERATIONS: &[Operation] = &[
    operation(
        "AttachInstances",
        &["AutoScalingGroupName", "InstanceIds"],
        instances::attach,
    ),
    operation(
        "AttachLoadBalancerTargetGroups",
        &["AutoScalingGroupName", "TargetGroupARNs"],
        traffic::attach_target_groups,
    ),
    operation(
        "AttachLoadBalancers",
        &["AutoScalingGroupName", "LoadBalancerNames"],
        traffic::refuse_classic,
    ),
    operation(
        "AttachTrafficSources",
        &[
            "AutoScalingGroupName",
            "SkipZonalShiftValidation",
            "TrafficSources",
        ],
        traffic::attach_sources,
    ),
    operation(
        "BatchDeleteScheduledAction",
        &["AutoScalingGroupName", "ScheduledActionNames"],
        schedules::batch_delete,
    ),
    operation(
        "BatchPutScheduledUpdateGroupAction",
        &["AutoScalingGroupName", "ScheduledUpdateGroupActions"],
        schedules::batch_put,
    ),
    operation(
        "CancelInstanceRefresh",
        &["AutoScalingGroupName", "WaitForTransitioningInstances"],
        refreshes::cancel,
    ),
    operation(
        "CompleteLifecycleAction",
        &[
            "AutoScalingGroupName",
            "InstanceId",
            "LifecycleActionResult",
            "LifecycleActionToken",
            "LifecycleHookName",
        ],
        hooks::complete,
    ),
    operation("CreateAutoScalingGroup", settings::CREATION, settings::create),
    operation("CreateOrUpdateTags", &["Tags"], tags::put),
    operation(
        "DeleteAutoScalingGroup",
        &["AutoScalingGroupName", "ForceDelete"],
        groups::delete,
    ),
    operation(
        "DeleteLifecycleHook",
        &["AutoScalingGroupName", "LifecycleHookName"],
        hooks::delete,
    ),
    operation(
        "DeleteNotificationConfiguration",
        &["AutoScalingGroupName", "TopicARN"],
        notifications::delete,
    ),
    operation(
        "DeletePolicy",
        &["AutoScalingGroupName", "PolicyName"],
        policies::delete,
    ),
    operation(
        "DeleteScheduledAction",
        &["AutoScalingGroupName", "ScheduledActionName"],
        schedules::delete,
    ),
    operation("DeleteTags", &["Tags"], tags::delete),
    operation(
        "DeleteWarmPool",
        &["AutoScalingGroupName", "ForceDelete"],
        warm_pool::delete,
    ),
    operation("DescribeAccountLimits", &[], limits::account),
    operation("DescribeAdjustmentTypes", &[], limits::adjustment_types),
    operation(
        "DescribeAutoScalingGroups",
        &[
            "AutoScalingGroupNames",
            "Filters",
            "IncludeInstances",
            "IncludeManagedResources",
            "MaxRecords",
            "NextToken",
        ],
        groups::describe,
    ),
    operation(
        "DescribeAutoScalingInstances",
        &[
            "IncludeManagedResources",
            "InstanceIds",
            "MaxRecords",
            "NextToken",
        ],
        instances::describe,
    ),
    operation(
        "DescribeAutoScalingNotificationTypes",
        &[],
        limits::notification_types,
    ),
    operation(
        "DescribeInstanceRefreshes",
        &[
            "AutoScalingGroupName",
            "InstanceRefreshIds",
            "MaxRecords",
            "NextToken",
        ],
        refreshes::describe,
    ),
    operation(
        "DescribeLaunchConfigurations",
        &["LaunchConfigurationNames", "MaxRecords", "NextToken"],
        limits::launch_configurations,
    ),
    operation("DescribeLifecycleHookTypes", &[], limits::hook_types),
    operation(
        "DescribeLifecycleHooks",
        &["AutoScalingGroupName", "LifecycleHookNames"],
        hooks::describe,
    ),
    operation(
        "DescribeLoadBalancerTargetGroups",
        &["AutoScalingGroupName", "MaxRecords", "NextToken"],
        traffic::describe_target_groups,
    ),
    operation(
        "DescribeLoadBalancers",
        &["AutoScalingGroupName", "MaxRecords", "NextToken"],
        traffic::describe_classic,
    ),
    operation("DescribeMetricCollectionTypes", &[], limits::metric_types),
    operation(
        "DescribeNotificationConfigurations",
        &[
            "AutoScalingGroupNames",
            "IncludeManagedResources",
            "MaxRecords",
            "NextToken",
        ],
        notifications::describe,
    ),
    operation(
        "DescribePolicies",
        &[
            "AutoScalingGroupName",
            "IncludeManagedResources",
            "MaxRecords",
            "NextToken",
            "PolicyNames",
            "PolicyTypes",
        ],
        policies::describe,
    ),
    operation(
        "DescribeScalingActivities",
        &[
            "ActivityIds",
            "AutoScalingGroupName",
            "Filters",
            "IncludeDeletedGroups",
            "IncludeManagedResources",
            "MaxRecords",
            "NextToken",
        ],
        activities::describe,
    ),
    operation("DescribeScalingProcessTypes", &[], limits::process_types),
    operation(
        "DescribeScheduledActions",
        &[
            "AutoScalingGroupName",
            "EndTime",
            "IncludeManagedResources",
            "MaxRecords",
            "NextToken",
            "ScheduledActionNames",
            "StartTime",
        ],
        schedules::describe,
    ),
    operation(
        "DescribeTags",
        &["Filters", "IncludeManagedResources", "MaxRecords", "NextToken"],
        tags::describe,
    ),
    operation(
        "DescribeTerminationPolicyTypes",
        &[],
        limits::termination_policies,
    ),
    operation(
        "DescribeTrafficSources",
        &[
            "AutoScalingGroupName",
            "MaxRecords",
            "NextToken",
            "TrafficSourceType",
        ],
        traffic::describe_sources,
    ),
    operation(
        "DescribeWarmPool",
        &["AutoScalingGroupName", "MaxRecords", "NextToken"],
        warm_pool::describe,
    ),
    operation(
        "DetachInstances",
        &[
            "AutoScalingGroupName",
            "InstanceIds",
            "ShouldDecrementDesiredCapacity",
        ],
        instances::detach,
    ),
    operation(
        "DetachLoadBalancerTargetGroups",
        &["AutoScalingGroupName", "TargetGroupARNs"],
        traffic::detach_target_groups,
    ),
    operation(
        "DetachTrafficSources",
        &["AutoScalingGroupName", "TrafficSources"],
        traffic::detach_sources,
    ),
    operation(
        "DisableMetricsCollection",
        &["AutoScalingGroupName", "Metrics"],
        processes::disable_metrics,
    ),
    operation(
        "EnableMetricsCollection",
        &["AutoScalingGroupName", "Granularity", "Metrics"],
        processes::enable_metrics,
    ),
    operation(
        "EnterStandby",
        &[
            "AutoScalingGroupName",
            "InstanceIds",
            "ShouldDecrementDesiredCapacity",
        ],
        instances::enter_standby,
    ),
    operation(
        "ExecutePolicy",
        &[
            "AutoScalingGroupName",
            "BreachThreshold",
            "HonorCooldown",
            "MetricValue",
            "PolicyName",
        ],
        policies::execute,
    ),
    operation(
        "ExitStandby",
        &["AutoScalingGroupName", "InstanceIds"],
        instances::exit_standby,
    ),
    operation(
        "PutLifecycleHook",
        &[
            "AutoScalingGroupName",
            "DefaultResult",
            "HeartbeatTimeout",
            "LifecycleHookName",
            "LifecycleTransition",
            "NotificationMetadata",
            "NotificationTargetARN",
            "RoleARN",
        ],
        hooks::put,
    ),
    operation(
        "PutNotificationConfiguration",
        &["AutoScalingGroupName", "NotificationTypes", "TopicARN"],
        notifications::put,
    ),
    operation("PutScalingPolicy", policies::MEMBERS, policies::put),
    operation(
        "PutScheduledUpdateGroupAction",
        &[
            "AutoScalingGroupName",
            "DesiredCapacity",
            "EndTime",
            "MaxSize",
            "MinSize",
            "Recurrence",
            "ScheduledActionName",
            "StartTime",
            "Time",
            "TimeZone",
        ],
        schedules::put,
    ),
    operation(
        "PutWarmPool",
        &[
            "AutoScalingGroupName",
            "InstanceReusePolicy",
            "MaxGroupPreparedCapacity",
            "MinSize",
            "PoolState",
        ],
        warm_pool::put,
    ),
    operation(
        "RecordLifecycleActionHeartbeat",
        &[
            "AutoScalingGroupName",
            "InstanceId",
            "LifecycleActionToken",
            "LifecycleHookName",
        ],
        hooks::heartbeat,
    ),
    operation(
        "ResumeProcesses",
        &["AutoScalingGroupName", "ScalingProcesses"],
        processes::resume,
    ),
    operation(
        "RollbackInstanceRefresh",
        &["AutoScalingGroupName"],
        refreshes::roll_back,
    ),
    operation(
        "SetDesiredCapacity",
        &["AutoScalingGroupName", "DesiredCapacity", "HonorCooldown"],
        capacity::set_desired,
    ),
    operation(
        "SetInstanceHealth",
        &["HealthStatus", "InstanceId", "ShouldRespectGracePeriod"],
        instances::set_health,
    ),
    operation(
        "SetInstanceProtection",
        &["AutoScalingGroupName", "InstanceIds", "ProtectedFromScaleIn"],
        instances::protect,
    ),
    operation(
        "StartInstanceRefresh",
        &[
            "AutoScalingGroupName",
            "DesiredConfiguration",
            "Preferences",
            "Strategy",
        ],
        refreshes::start,
    ),
    operation(
        "SuspendProcesses",
        &["AutoScalingGroupName", "ScalingProcesses"],
        processes::suspend,
    ),
    operation(
        "TerminateInstanceInAutoScalingGroup",
        &[
            "AutoScalingGroupName",
            "InstanceId",
            "InstanceIds",
            "ShouldDecrementDesiredCapacity",
        ],
        instances::terminate,
    ),
    operation("UpdateAutoScalingGroup", settings::UPDATE, settings::update),
];

/// The group that an input names.
fn group(input: &Tree) -> Result<&str, Refused> {
    input.need("AutoScalingGroupName")
}

fn need_whole(input: &Tree, name: &str) -> Result<i64, Refused> {
    input.whole(name)?.ok_or_else(|| Refused::missing(name))
}

fn need_flag(input: &Tree, name: &str) -> Result<bool, Refused> {
    input.flag(name)?.ok_or_else(|| Refused::missing(name))
}

/// A text that is there and says something.
fn said(input: &Tree, name: &str) -> Option<String> {
    input
        .text(name)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}
