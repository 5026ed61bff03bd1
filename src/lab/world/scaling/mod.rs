//! Auto Scaling groups: their instances, policies, schedules, hooks, refreshes and activities.

use super::World;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScalingTimer {}

#[derive(Debug, Default)]
pub struct Scaling {}

impl World {
    pub(super) fn ring_scaling(&mut self, timer: ScalingTimer) {
        match timer {}
    }

    /// An instance that a group launched is running.
    pub(super) fn scaling_instance_running(&mut self, _instance: &str) {}

    /// An instance is terminated, asked for or not.
    pub(super) fn scaling_instance_gone(&mut self, _instance: &str) {}

    /// An alarm calls on a scaling policy. `value` is what the alarm last saw, `threshold` its own.
    pub(super) fn run_policy(&mut self, _policy_arn: &str, _value: f64, _threshold: f64) {}

    /// Whether any group has this target group; which keeps nothing from deleting it, but tells the names.
    pub(super) fn groups_with(&self, _target_group: &str) -> Vec<String> {
        Vec::new()
    }
}
