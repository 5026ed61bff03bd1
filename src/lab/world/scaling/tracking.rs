//! Target tracking: the two alarms a policy makes for itself, and the capacity that would meet its target.

use super::group::{Group, count};
use super::member::Lifecycle;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;

#[derive(Clone, Debug, PartialEq)]
pub struct Tracking {
    pub target: f64,
    pub disables_scale_in: bool,
    pub warmup: Option<i64>,
    pub metric: Tracked,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Tracked {
    Predefined { kind: String, label: Option<String> },
    Customized(Tree),
}

/// Scale-in waits until the metric is well below the target: AWS's low alarm stands at nine tenths of it.
const LOW: f64 = 0.9;

impl World {
    pub(super) fn check_tracking(&self, group: &Group, tracking: &Tracking) -> Result<(), Refused> {
        if tracking.target <= 0.0 || !tracking.target.is_finite() {
            return Err(Refused::invalid(format!(
                "TargetValue is {}; it must be above 0",
                tracking.target
            )));
        }
        match &tracking.metric {
            Tracked::Predefined { kind, label } => match (kind.as_str(), label) {
                ("ALBRequestCountPerTarget", Some(label)) => self.check_resource_label(group, label),
                ("ALBRequestCountPerTarget", None) => Err(Refused::invalid(
                    "ResourceLabel is required for ALBRequestCountPerTarget",
                )),
                ("ASGAverageCPUUtilization" | "ASGAverageNetworkIn" | "ASGAverageNetworkOut", None) => Ok(()),
                ("ASGAverageCPUUtilization" | "ASGAverageNetworkIn" | "ASGAverageNetworkOut", Some(_)) => {
                    Err(Refused::invalid(format!("ResourceLabel is not for {kind}")))
                }
                _ => Err(Refused::invalid(format!(
                    "{kind} is not a predefined metric of Auto Scaling that is measured here"
                ))),
            },
            Tracked::Customized(metric) => {
                if metric.items("Metrics").is_empty() {
                    metric.need("MetricName")?;
                    metric.need("Namespace")?;
                    metric.need("Statistic")?;
                }
                Ok(())
            }
        }
    }

    /// The label must name a target group of the group, and the load balancer that uses it.
    pub(super) fn check_resource_label(&self, group: &Group, label: &str) -> Result<(), Refused> {
        let named = group.traffic.iter().any(|traffic| {
            self.target_group_dimensions(&traffic.arn)
                .is_some_and(|(balancer, pool)| label == format!("{balancer}/{pool}"))
        });
        if named {
            return Ok(());
        }
        Err(Refused::invalid(format!(
            "The load balancer does not route traffic to the target group, or the target group is not attached to Auto Scaling group {}: {label}",
            group.name
        )))
    }

    /// Makes the policy's alarms and gives their names.
    pub(super) fn put_tracking_alarms(
        &mut self,
        group: &str,
        arn: &str,
        tracking: &Tracking,
    ) -> Result<Vec<String>, Refused> {
        let mut names = Vec::new();
        let low = tracking.target * LOW;
        for (side, comparison, threshold, periods) in [
            ("AlarmHigh", "GreaterThanThreshold", tracking.target, 3_i64),
            ("AlarmLow", "LessThanThreshold", low, 15),
        ] {
            if side == "AlarmLow" && tracking.disables_scale_in {
                continue;
            }
            let name = format!("TargetTracking-{group}-{side}-{}", self.ids.uuid());
            let alarm = Tree::map()
                .with("AlarmName", Tree::from(name.as_str()))
                .with(
                    "AlarmDescription",
                    Tree::from(format!(
                        "DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {arn}."
                    )),
                )
                .with("ActionsEnabled", Tree::Flag(true))
                .with("AlarmActions", Tree::texts([arn]))
                .with("ComparisonOperator", Tree::from(comparison))
                .with("Threshold", Tree::Real(threshold))
                .with("EvaluationPeriods", Tree::Whole(periods));
            self.put_alarm(&with_metric(alarm, group, &tracking.metric))?;
            names.push(name);
        }
        Ok(names)
    }

    /// The desired capacity that brings the metric to its target; nothing to do when there is none.
    pub(super) fn tracked(&self, group: &Group, tracking: &Tracking, value: f64) -> Option<i64> {
        let warming = self.warming_up(group, tracking.warmup);
        let measured = count(
            group
                .members
                .iter()
                .filter(|member| member.state == Lifecycle::InService),
        ) - warming;
        let measured = if measured > 0 {
            measured
        } else {
            group.in_state(Lifecycle::InService)
        };
        #[expect(clippy::cast_precision_loss, reason = "sizes of groups stay far below 2^53")]
        let wanted = (measured as f64 * value / tracking.target).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float to integer cast saturates, and the bounds follow"
        )]
        let wanted = wanted as i64;
        if value > tracking.target {
            return (wanted > group.desired).then_some(wanted);
        }
        let may_shrink = !tracking.disables_scale_in && warming == 0 && value < tracking.target * LOW;
        (may_shrink && wanted < group.desired).then_some(wanted)
    }
}

fn with_metric(alarm: Tree, group: &str, metric: &Tracked) -> Tree {
    let dimension = |name: &str, value: &str| {
        Tree::map()
            .with("Name", Tree::from(name))
            .with("Value", Tree::from(value))
    };
    let one = |alarm: Tree, namespace: &str, name: &str, statistic: &str, dimensions: Vec<Tree>| {
        alarm
            .with("Namespace", Tree::from(namespace))
            .with("MetricName", Tree::from(name))
            .with("Statistic", Tree::from(statistic))
            .with("Period", Tree::Whole(60))
            .with("Dimensions", Tree::List(dimensions))
    };
    match metric {
        Tracked::Predefined { kind, label } => {
            if let Some((balancer, pool)) = label
                .as_deref()
                .and_then(|label| label.split_once("/targetgroup/"))
            {
                let dimensions = vec![
                    dimension("LoadBalancer", balancer),
                    dimension("TargetGroup", &format!("targetgroup/{pool}")),
                ];
                return one(
                    alarm,
                    "AWS/ApplicationELB",
                    "RequestCountPerTarget",
                    "Sum",
                    dimensions,
                );
            }
            let name = match kind.as_str() {
                "ASGAverageNetworkIn" => "NetworkIn",
                "ASGAverageNetworkOut" => "NetworkOut",
                _ => "CPUUtilization",
            };
            one(
                alarm,
                "AWS/EC2",
                name,
                "Average",
                vec![dimension("AutoScalingGroupName", group)],
            )
        }
        Tracked::Customized(custom) if custom.items("Metrics").is_empty() => {
            let text = |name| custom.text(name).unwrap_or_default();
            let dimensions = custom.items("Dimensions").to_vec();
            one(
                alarm,
                text("Namespace"),
                text("MetricName"),
                text("Statistic"),
                dimensions,
            )
            .with("Unit", custom.get("Unit").cloned())
        }
        Tracked::Customized(custom) => alarm.with("Metrics", custom.get("Metrics").cloned()),
    }
}
