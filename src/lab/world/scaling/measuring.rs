//! A group's own metrics: its sizes, each minute, while they are enabled.

use std::time::Duration;

use super::ScalingTimer;
use super::group::{Group, count};
use super::member::Lifecycle;
use crate::lab::refusal::Refused;
use crate::lab::world::World;
use crate::lab::world::time::Timer;
use crate::lab::world::watch::Metric;

const EACH: Duration = Duration::from_mins(1);

pub const METRICS: &[&str] = &[
    "GroupMinSize",
    "GroupMaxSize",
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupPendingInstances",
    "GroupStandbyInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
    "GroupInServiceCapacity",
    "GroupPendingCapacity",
    "GroupStandbyCapacity",
    "GroupTerminatingCapacity",
    "GroupTotalCapacity",
    "WarmPoolDesiredCapacity",
    "WarmPoolWarmedCapacity",
    "WarmPoolPendingCapacity",
    "WarmPoolTerminatingCapacity",
    "WarmPoolTotalCapacity",
    "GroupAndWarmPoolDesiredCapacity",
    "GroupAndWarmPoolTotalCapacity",
];

impl World {
    pub fn enable_metrics(
        &mut self,
        name: &str,
        metrics: &[String],
        granularity: &str,
    ) -> Result<(), Refused> {
        if granularity != "1Minute" {
            return Err(Refused::invalid(format!(
                "Granularity is {granularity}; it can be 1Minute only"
            )));
        }
        let metrics = read(metrics)?;
        let group = self.scaling.group_mut(name)?;
        group.metrics.extend(metrics);
        if !group.measuring {
            group.measuring = true;
            self.measure_group(name);
        }
        Ok(())
    }

    pub fn disable_metrics(&mut self, name: &str, metrics: &[String]) -> Result<(), Refused> {
        let metrics = read(metrics)?;
        self.scaling
            .group_mut(name)?
            .metrics
            .retain(|metric| !metrics.contains(metric));
        Ok(())
    }

    pub(super) fn measure_group(&mut self, name: &str) {
        let Some(group) = self.scaling.groups.get_mut(name) else {
            return;
        };
        if group.metrics.is_empty() {
            group.measuring = false;
            return;
        }
        let measured: Vec<(&str, i64)> = group
            .metrics
            .iter()
            .map(|metric| (*metric, group.size(metric)))
            .collect();
        let timer = ScalingTimer::Measure {
            group: group.arn.clone(),
        };
        for (metric, size) in measured {
            let metric = Metric::new("AWS/AutoScaling", metric, [("AutoScalingGroupName", name)]);
            #[expect(clippy::cast_precision_loss, reason = "sizes of groups stay far below 2^53")]
            self.record(&metric, size as f64, 1.0);
        }
        self.later(EACH, Timer::Scaling(timer));
    }
}

fn read(names: &[String]) -> Result<Vec<&'static str>, Refused> {
    if names.is_empty() {
        return Ok(METRICS.to_vec());
    }
    let read = |name: &String| {
        let known = METRICS.iter().copied().find(|metric| metric == name);
        known.ok_or_else(|| Refused::invalid(format!("{name} is not a metric of Auto Scaling groups")))
    };
    names.iter().map(read).collect()
}

impl Group {
    // No instance has another weight than 1 here, so capacity and instances are the same.
    fn size(&self, metric: &str) -> i64 {
        let pending = self.in_state(Lifecycle::Pending) + self.in_state(Lifecycle::PendingWait);
        let terminating = count(
            self.active()
                .filter(|member| member.state.is_ending() || member.state == Lifecycle::Detaching),
        );
        let standby = self.in_state(Lifecycle::Standby) + self.in_state(Lifecycle::EnteringStandby);
        let warm_pending =
            self.in_state(Lifecycle::WarmedPending) + self.in_state(Lifecycle::WarmedPendingWait);
        let warm_ending = count(self.warm().filter(|member| member.state.is_ending()));
        match metric {
            "GroupMinSize" => self.min,
            "GroupMaxSize" => self.max,
            "GroupDesiredCapacity" => self.desired,
            "GroupInServiceInstances" | "GroupInServiceCapacity" => self.in_state(Lifecycle::InService),
            "GroupPendingInstances" | "GroupPendingCapacity" => pending,
            "GroupStandbyInstances" | "GroupStandbyCapacity" => standby,
            "GroupTerminatingInstances" | "GroupTerminatingCapacity" => terminating,
            "WarmPoolDesiredCapacity" => self.warm_wanted(),
            "WarmPoolWarmedCapacity" => count(self.warm()) - warm_pending - warm_ending,
            "WarmPoolPendingCapacity" => warm_pending,
            "WarmPoolTerminatingCapacity" => warm_ending,
            "WarmPoolTotalCapacity" => count(self.warm()),
            "GroupAndWarmPoolDesiredCapacity" => self.desired + self.warm_wanted(),
            "GroupAndWarmPoolTotalCapacity" => count(self.members.iter()),
            _ => count(self.active()),
        }
    }
}
