//! Targets: registered, draining, gone.

use std::sync::Arc;

use super::health::{Idle, State};
use super::limits;
use super::{BalancingTimer, ProbeId, TargetHealth};
use crate::lab::refusal::Refused;
use crate::lab::world::compute::InstanceState;
use crate::lab::world::time::{Moment, Timer};
use crate::lab::world::{World, routing};

/// An instance may be in a target group more than once, on several ports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TargetKey {
    pub instance: String,
    pub port: u16,
}

#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) zone: String,
    pub(super) registered: Moment,
    pub(super) state: State,
    /// Which spell of its life this is: timers of an earlier one no longer concern it.
    pub(super) spell: u64,
    /// Health checks passed, or failed, one after the other.
    pub(super) passes: u32,
    pub(super) failures: u32,
    pub(super) waiting: Option<ProbeId>,
    pub(super) healthy_since: Option<Moment>,
    pub(super) slow_starts: bool,
    pub(super) pictured: Option<Arc<routing::Target>>,
}

/// A target as a call names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetAsked {
    pub instance: String,
    /// The target group's own, when there is none.
    pub port: Option<u16>,
}

impl TargetAsked {
    fn key(&self, port: u16) -> TargetKey {
        TargetKey {
            instance: self.instance.clone(),
            port: self.port.unwrap_or(port),
        }
    }
}

impl World {
    /// `RegisterTargets`: all or none. One that is registered stays as it is; one that drains is registered anew.
    pub fn register_targets(&mut self, group: &str, targets: &[TargetAsked]) -> Result<(), Refused> {
        let there = self.target_group(group)?;
        let port = there.port;
        for target in targets {
            let instance = self.instance(&target.instance);
            let instance = instance.ok_or_else(|| not_an_instance(&target.instance))?;
            if self
                .subnet(&instance.subnet)
                .is_ok_and(|subnet| subnet.vpc != there.vpc)
            {
                return Err(Refused::new(
                    "InvalidTarget",
                    format!(
                        "The target '{}' is not in the VPC of the target group",
                        target.instance
                    ),
                ));
            }
            if instance.state != InstanceState::Running {
                return Err(Refused::new(
                    "InvalidTarget",
                    format!(
                        "The target '{}' is not in the running state and cannot be registered",
                        target.instance
                    ),
                ));
            }
        }
        self.check_room(group, targets.len())?;
        for target in targets {
            self.admit(group, target.key(port));
        }
        Ok(())
    }

    /// `DeregisterTargets`: one that is not there is no error.
    pub fn deregister_targets(&mut self, group: &str, targets: &[TargetAsked]) -> Result<(), Refused> {
        let port = self.target_group(group)?.port;
        for target in targets {
            self.drain(group, &target.key(port));
        }
        Ok(())
    }

    /// `DescribeTargetHealth`: every target, or those named, of which some may not be registered.
    pub fn target_healths(
        &self,
        group: &str,
        asked: &[TargetAsked],
    ) -> Result<Vec<(TargetKey, TargetHealth)>, Refused> {
        let there = self.target_group(group)?;
        if asked.is_empty() {
            return Ok(there
                .targets
                .iter()
                .map(|(key, target)| (key.clone(), target.state.told()))
                .collect());
        }
        asked
            .iter()
            .map(|asked| {
                let key = asked.key(there.port);
                let health = match there.targets.get(&key) {
                    Some(target) => target.state.told(),
                    None if self.instance(&asked.instance).is_some() => TargetHealth::not_registered(),
                    None => return Err(not_an_instance(&asked.instance)),
                };
                Ok((key, health))
            })
            .collect()
    }

    fn check_room(&self, group: &str, more: usize) -> Result<(), Refused> {
        let count = |group: &str| {
            self.balancing
                .target_groups
                .get(group)
                .map_or(0, |group| group.targets.len())
        };
        let everywhere: usize = match self.balancer_of_group(group) {
            None => count(group),
            Some(balancer) => {
                let users = self.balancing.users.iter().filter(|(_, user)| *user == balancer);
                users.map(|(group, _)| count(group)).sum()
            }
        };
        if everywhere + more > limits::TARGETS {
            return Err(Refused::new(
                "TooManyTargets",
                format!(
                    "With {more} more targets, there would be more than {} with '{group}'",
                    limits::TARGETS
                ),
            ));
        }
        Ok(())
    }

    pub(super) fn admit(&mut self, group: &str, key: TargetKey) {
        let Some(instance) = self.instance(&key.instance) else {
            return;
        };
        let zone = instance.zone.clone();
        let (now, spell) = (self.now, self.balancing.next_spell());
        let Some(there) = self.balancing.target_groups.get_mut(group) else {
            return;
        };
        if there
            .targets
            .get(&key)
            .is_some_and(|target| !matches!(target.state, State::Draining { .. }))
        {
            return;
        }
        let target = Target {
            zone,
            registered: now,
            // What it really is, is found out right after.
            state: State::Unused(Idle::NotInUse),
            spell,
            passes: 0,
            failures: 0,
            waiting: None,
            healthy_since: None,
            slow_starts: false,
            pictured: None,
        };
        there.targets.insert(key, target);
        self.touch_group(group);
        self.reassess(group);
    }

    /// Takes a target out, once its requests had their time to finish.
    pub(super) fn drain(&mut self, group: &str, key: &TargetKey) {
        let Some(there) = self.balancing.target_groups.get(group) else {
            return;
        };
        let Some(target) = there.targets.get(key) else {
            return;
        };
        let delay = there.attributes.seconds("deregistration_delay.timeout_seconds");
        match target.state {
            State::Draining { .. } => {}
            // Nothing was sent to it, so there is nothing to wait for.
            State::Unused(_) => self.forget_target(group, key),
            _ if delay.is_zero() => self.forget_target(group, key),
            _ => {
                let until = self.now + self.pace(delay);
                let spell = self.enter(group, key, State::Draining { until });
                let timer = BalancingTimer::Drained {
                    group: group.to_owned(),
                    target: key.clone(),
                    spell,
                };
                self.later(delay, Timer::Balancing(timer));
            }
        }
    }

    pub(super) fn forget_target(&mut self, group: &str, key: &TargetKey) {
        let Some(there) = self.balancing.target_groups.get_mut(group) else {
            return;
        };
        if there.targets.remove(key).is_some() {
            let said = format!("{} is no longer in {}", key.instance, there.name);
            self.touch_group(group);
            self.tell("health", said);
        }
    }

    /// The port an instance of this target group is registered on; its own first.
    pub(super) fn key_of(&self, group: &str, instance: &str) -> Option<TargetKey> {
        let there = self.balancing.target_groups.get(group)?;
        let own = TargetKey {
            instance: instance.to_owned(),
            port: there.port,
        };
        if there.targets.contains_key(&own) {
            return Some(own);
        }
        there.targets.keys().find(|key| key.instance == instance).cloned()
    }
}

fn not_an_instance(id: &str) -> Refused {
    Refused::new(
        "InvalidTarget",
        format!("The target '{id}' is not a valid instance"),
    )
}
