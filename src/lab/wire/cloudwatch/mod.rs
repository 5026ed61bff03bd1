//! CloudWatch, 2010-08-01.

mod alarms;
mod data;
mod history;
mod metrics;
mod paging;
mod tags;

#[cfg(test)]
mod tests;

use super::Operation;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "PutMetricData",
        members: &[
            "Namespace",
            "MetricData",
            "EntityMetricData",
            "StrictEntityValidation",
        ],
        act: metrics::put_metric_data,
    },
    Operation {
        name: "GetMetricData",
        members: &[
            "MetricDataQueries",
            "StartTime",
            "EndTime",
            "NextToken",
            "ScanBy",
            "MaxDatapoints",
            "LabelOptions",
        ],
        act: data::get_metric_data,
    },
    Operation {
        name: "GetMetricStatistics",
        members: &[
            "Namespace",
            "MetricName",
            "Dimensions",
            "StartTime",
            "EndTime",
            "Period",
            "Statistics",
            "ExtendedStatistics",
            "Unit",
        ],
        act: metrics::get_metric_statistics,
    },
    Operation {
        name: "ListMetrics",
        members: &[
            "Namespace",
            "MetricName",
            "Dimensions",
            "NextToken",
            "RecentlyActive",
        ],
        act: metrics::list_metrics,
    },
    Operation {
        name: "PutMetricAlarm",
        members: &[
            "AlarmName",
            "AlarmDescription",
            "ActionsEnabled",
            "OKActions",
            "AlarmActions",
            "InsufficientDataActions",
            "MetricName",
            "Namespace",
            "Statistic",
            "ExtendedStatistic",
            "Dimensions",
            "Period",
            "Unit",
            "EvaluationPeriods",
            "DatapointsToAlarm",
            "Threshold",
            "ComparisonOperator",
            "TreatMissingData",
            "EvaluateLowSampleCountPercentile",
            "Metrics",
            "Tags",
            "ThresholdMetricId",
            "EvaluationWindow",
            "WarmUpConfiguration",
            "EvaluationCriteria",
            "EvaluationInterval",
        ],
        act: alarms::put_metric_alarm,
    },
    Operation {
        name: "PutCompositeAlarm",
        members: &[
            "ActionsEnabled",
            "AlarmActions",
            "AlarmDescription",
            "AlarmName",
            "AlarmRule",
            "InsufficientDataActions",
            "OKActions",
            "Tags",
            "ActionsSuppressor",
            "ActionsSuppressorWaitPeriod",
            "ActionsSuppressorExtensionPeriod",
        ],
        act: alarms::put_composite_alarm,
    },
    Operation {
        name: "DescribeAlarms",
        members: &[
            "AlarmNames",
            "AlarmNamePrefix",
            "AlarmTypes",
            "ChildrenOfAlarmName",
            "ParentsOfAlarmName",
            "StateValue",
            "ActionPrefix",
            "MaxRecords",
            "NextToken",
        ],
        act: alarms::describe_alarms,
    },
    Operation {
        name: "DescribeAlarmsForMetric",
        members: &[
            "MetricName",
            "Namespace",
            "Statistic",
            "ExtendedStatistic",
            "Dimensions",
            "Period",
            "Unit",
        ],
        act: alarms::describe_alarms_for_metric,
    },
    Operation {
        name: "DescribeAlarmHistory",
        members: &[
            "AlarmName",
            "AlarmTypes",
            "HistoryItemType",
            "StartDate",
            "EndDate",
            "MaxRecords",
            "NextToken",
            "ScanBy",
        ],
        act: history::describe_alarm_history,
    },
    Operation {
        name: "DeleteAlarms",
        members: &["AlarmNames"],
        act: alarms::delete_alarms,
    },
    Operation {
        name: "EnableAlarmActions",
        members: &["AlarmNames"],
        act: alarms::enable_alarm_actions,
    },
    Operation {
        name: "DisableAlarmActions",
        members: &["AlarmNames"],
        act: alarms::disable_alarm_actions,
    },
    Operation {
        name: "SetAlarmState",
        members: &["AlarmName", "StateValue", "StateReason", "StateReasonData"],
        act: alarms::set_alarm_state,
    },
    Operation {
        name: "TagResource",
        members: &["ResourceARN", "Tags"],
        act: tags::tag_resource,
    },
    Operation {
        name: "UntagResource",
        members: &["ResourceARN", "TagKeys"],
        act: tags::untag_resource,
    },
    Operation {
        name: "ListTagsForResource",
        members: &["ResourceARN"],
        act: tags::list_tags_for_resource,
    },
];

/// A member that must be there and not empty.
fn required<'a>(input: &'a Tree, name: &str) -> Result<&'a str, Refused> {
    let text = input.text(name).filter(|text| !text.is_empty());
    text.ok_or_else(|| Refused::new("MissingParameter", format!("The parameter {name} is required.")))
}

fn invalid(message: impl Into<String>) -> Refused {
    Refused::new("InvalidParameterValue", message)
}
