//! Load balancers, listeners, rules, target groups and their targets' health.

use std::sync::Arc;

use super::World;
use super::orders::Answer;
use super::routing::Routing;
use crate::lab::refusal::Refused;

/// One health check of one target, so that a late answer is told from the one waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProbeId(pub u64);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BalancingTimer {}

#[derive(Debug, Default)]
pub struct Balancing {}

/// A target's health as `DescribeTargetHealth` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetHealth {
    /// `initial`, `healthy`, `unhealthy`, `unused`, `draining`, `unavailable`.
    pub state: &'static str,
    pub reason: Option<&'static str>,
    pub description: Option<String>,
}

impl World {
    pub(super) fn ring_balancing(&mut self, timer: BalancingTimer) {
        match timer {}
    }

    /// The data plane's next picture, once it is due to hear of it.
    pub(in crate::lab) fn take_routing(&mut self) -> Option<Arc<Routing>> {
        None
    }

    /// A target answered (or did not) a health check.
    pub fn probed(&mut self, _probe: ProbeId, _answer: Answer) {}

    /// A group registers one of its instances; the port is the target group's own.
    pub(super) fn register_instance(&mut self, _target_group: &str, _instance: &str) {}

    /// A group takes one of its instances out; it drains for the whole delay.
    pub(super) fn deregister_instance(&mut self, _target_group: &str, _instance: &str) {}

    /// Nothing when the instance is not (or no longer) registered there: it has drained, too.
    pub(super) fn target_health(&self, _target_group: &str, _instance: &str) -> Option<TargetHealth> {
        None
    }

    /// Fails with AWS's error when there is no such target group.
    pub(super) fn check_target_group(&self, _arn: &str) -> Result<(), Refused> {
        Ok(())
    }

    /// The port an instance of these target groups is expected to serve on.
    pub(super) fn target_port(&self, _target_group: &str) -> Option<u16> {
        None
    }

    /// The dimensions (`app/…`, `targetgroup/…`) of a target group's metrics, from `ResourceLabel` or ARN; nothing when no load balancer uses it.
    pub(super) fn target_group_dimensions(&self, _target_group: &str) -> Option<(String, String)> {
        None
    }

    /// The instance is gone, or has a new address: whoever has it as a target should know.
    pub(super) fn instance_changed(&mut self, _instance: &str) {}
}
