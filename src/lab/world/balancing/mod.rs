//! Load balancers, listeners, rules, target groups and their targets' health.

pub mod actions;
mod arns;
pub mod attributes;
pub mod balancers;
mod census;
mod checks;
pub mod conditions;
mod health;
pub mod limits;
pub mod listeners;
pub mod matcher;
mod names;
mod picture;
mod references;
mod refusals;
pub mod rules;
mod surroundings;
pub mod tags;
pub mod target_groups;
pub mod targets;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use self::balancers::Balancer;
use self::checks::Waiting;
use self::listeners::Listener;
use self::picture::Underway;
use self::target_groups::TargetGroup;
use self::targets::TargetKey;
use super::World;
use super::orders::Answer;
use super::routing::Routing;
use crate::lab::refusal::Refused;

/// From registration to the first health check. AWS names no figure; it is seconds.
const REGISTRATION: Duration = Duration::from_secs(2);

/// One health check of one target, so that a late answer is told from the one waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProbeId(pub u64);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BalancingTimer {
    /// A target's next health check.
    Check {
        group: String,
        target: TargetKey,
        spell: u64,
    },
    /// A health check has had its time.
    Overdue(ProbeId),
    /// A draining target's delay is over.
    Drained {
        group: String,
        target: TargetKey,
        spell: u64,
    },
    /// A change has spread to the data plane, which has to be told.
    Spread,
    /// Hosts are to be counted.
    Census,
}

/// Everything by its ARN.
#[derive(Clone, Debug, Default)]
pub struct Balancing {
    balancers: BTreeMap<String, Balancer>,
    listeners: BTreeMap<String, Listener>,
    target_groups: BTreeMap<String, TargetGroup>,
    /// The load balancer of each target group that a rule names.
    users: BTreeMap<String, String>,
    waiting: BTreeMap<u64, Waiting>,
    probes: u64,
    spells: u64,
    underway: Underway,
    /// The picture that the data plane has.
    published: Arc<Routing>,
    picture_changed: bool,
    pictures: u64,
    counting: bool,
}

impl Balancing {
    fn next_probe(&mut self) -> ProbeId {
        self.probes += 1;
        ProbeId(self.probes)
    }

    fn next_spell(&mut self) -> u64 {
        self.spells += 1;
        self.spells
    }
}

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
        match timer {
            BalancingTimer::Check { group, target, spell } => self.check(&group, &target, spell),
            BalancingTimer::Overdue(probe) => self.answered(probe, Answer::TimedOut),
            BalancingTimer::Drained { group, target, spell } => self.drained(&group, &target, spell),
            // The keeper asks for the picture after every ring.
            BalancingTimer::Spread => {}
            BalancingTimer::Census => self.count_hosts(),
        }
    }

    /// The data plane's next picture, once it is due to hear of it.
    pub(in crate::lab) fn take_routing(&mut self) -> Option<Arc<Routing>> {
        let newest = self.newest_picture()?;
        self.balancing.published = Arc::clone(&newest);
        Some(newest)
    }

    /// What the data plane was last told.
    pub(in crate::lab) fn routing(&self) -> Arc<Routing> {
        Arc::clone(&self.balancing.published)
    }

    /// A target answered (or did not) a health check.
    pub fn probed(&mut self, probe: ProbeId, answer: Answer) {
        self.answered(probe, answer);
    }

    /// A group registers one of its instances; the port is the target group's own.
    pub(super) fn register_instance(&mut self, target_group: &str, instance: &str) {
        if let Some(port) = self.target_port(target_group) {
            self.admit(
                target_group,
                TargetKey {
                    instance: instance.to_owned(),
                    port,
                },
            );
        }
    }

    /// A group takes one of its instances out; it drains for the whole delay.
    pub(super) fn deregister_instance(&mut self, target_group: &str, instance: &str) {
        if let Some(key) = self.key_of(target_group, instance) {
            self.drain(target_group, &key);
        }
    }

    /// Nothing when the instance is not (or no longer) registered there: it has drained, too.
    pub(super) fn target_health(&self, target_group: &str, instance: &str) -> Option<TargetHealth> {
        let key = self.key_of(target_group, instance)?;
        let target = self
            .balancing
            .target_groups
            .get(target_group)?
            .targets
            .get(&key)?;
        Some(target.state.told())
    }

    /// Fails with AWS's error when there is no such target group.
    pub(super) fn check_target_group(&self, arn: &str) -> Result<(), Refused> {
        self.target_group(arn).map(|_| ())
    }

    /// The port an instance of these target groups is expected to serve on.
    pub(super) fn target_port(&self, target_group: &str) -> Option<u16> {
        self.balancing
            .target_groups
            .get(target_group)
            .map(|group| group.port)
    }

    /// The dimensions (`app/…`, `targetgroup/…`) of a target group's metrics, from `ResourceLabel` or ARN; nothing when no load balancer uses it.
    pub(super) fn target_group_dimensions(&self, target_group: &str) -> Option<(String, String)> {
        let dimensions =
            |(group, balancer): (&String, &String)| (arns::dimension(balancer), arns::dimension(group));
        let named = |(group, _): &(&String, &String)| group.as_str() == target_group;
        let labelled = |(balancer, group): &(String, String)| format!("{balancer}/{group}") == target_group;
        let users = || self.balancing.users.iter();
        users()
            .find(named)
            .map(dimensions)
            .or_else(|| users().map(dimensions).find(labelled))
    }

    /// The instance is gone, or has a new address: whoever has it as a target should know.
    pub(super) fn instance_changed(&mut self, instance: &str) {
        self.reassess_instance(instance);
    }

    fn drained(&mut self, group: &str, key: &TargetKey, spell: u64) {
        let target = self
            .balancing
            .target_groups
            .get(group)
            .and_then(|group| group.targets.get(key));
        if target.is_some_and(|target| target.spell == spell) {
            self.forget_target(group, key);
        }
    }
}
