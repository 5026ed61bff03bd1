//! Auto Scaling groups: their instances, policies, schedules, hooks, refreshes and activities.

pub mod activities;
pub mod adjusting;
pub mod capacity;
mod choosing;
pub mod cron;
pub mod deleting;
pub mod detaching;
pub mod group;
pub mod health;
pub mod hooks;
mod launching;
pub mod limits;
pub mod measuring;
pub mod member;
pub mod notifications;
#[cfg(test)]
pub(in crate::lab) mod outside;
pub mod policies;
pub mod preferences;
pub mod protection;
mod reconcile;
pub mod refresh;
pub mod schedules;
pub mod settings;
pub mod source;
pub mod standby;
pub mod suspended;
pub mod tags;
mod terminating;
#[cfg(test)]
mod tests;
pub mod tracking;
pub mod traffic;
pub mod warm_pool;

use std::collections::BTreeMap;
use std::time::Duration;

use self::activities::Activity;
use self::group::Group;
use super::World;
use super::time::Timer;
use crate::lab::refusal::Refused;

/// How often a group looks at its instances, and how often while one of them is on its way.
const LOOK: Duration = Duration::from_secs(5);
const LOOK_CLOSELY: Duration = Duration::from_secs(1);

/// What a group does by itself. Groups are named by their ARN, which no later group of the same name has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScalingTimer {
    /// Look at the group; one of another round than the group's is an old one.
    Look { group: String, round: u64 },
    /// A lifecycle action may have waited long enough.
    Hook {
        group: String,
        instance: String,
        token: String,
    },
    /// A scheduled action may be due.
    Schedule { group: String, action: String },
    /// The group's enabled metrics are due.
    Measure { group: String },
}

#[derive(Clone, Debug, Default)]
pub struct Scaling {
    /// By name.
    pub groups: BTreeMap<String, Group>,
    /// Of all groups, also of deleted ones, oldest first.
    pub activities: Vec<Activity>,
}

impl Scaling {
    /// The group by name, or AWS's error.
    pub fn group(&self, name: &str) -> Result<&Group, Refused> {
        self.groups.get(name).ok_or_else(|| unknown(name))
    }

    pub(super) fn group_mut(&mut self, name: &str) -> Result<&mut Group, Refused> {
        self.groups.get_mut(name).ok_or_else(|| unknown(name))
    }

    /// The name of the group that still goes by this ARN.
    fn still(&self, arn: &str) -> Option<String> {
        let (_, name) = arn.split_once("autoScalingGroupName/")?;
        self.groups
            .get(name)
            .filter(|group| group.arn == arn)
            .map(|group| group.name.clone())
    }

    /// The group an instance is in.
    pub fn group_of(&self, instance: &str) -> Option<&Group> {
        self.groups
            .values()
            .find(|group| group.member(instance).is_some())
    }
}

fn unknown(name: &str) -> Refused {
    Refused::invalid(format!(
        "AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"
    ))
}

impl World {
    pub(super) fn ring_scaling(&mut self, timer: ScalingTimer) {
        match timer {
            ScalingTimer::Look { group, round } => {
                if let Some(name) = self.scaling.still(&group)
                    && self
                        .scaling
                        .groups
                        .get(&name)
                        .is_some_and(|group| group.round == round)
                {
                    self.look_at_group(&name);
                }
            }
            ScalingTimer::Hook {
                group,
                instance,
                token,
            } => {
                if let Some(name) = self.scaling.still(&group) {
                    self.expire_lifecycle_action(&name, &instance, &token);
                }
            }
            ScalingTimer::Schedule { group, action } => {
                if let Some(name) = self.scaling.still(&group) {
                    self.run_scheduled_action(&name, &action);
                }
            }
            ScalingTimer::Measure { group } => {
                if let Some(name) = self.scaling.still(&group) {
                    self.measure_group(&name);
                }
            }
        }
    }

    /// An instance that a group launched is running.
    pub(super) fn scaling_instance_running(&mut self, instance: &str) {
        if let Some(name) = self.scaling.group_of(instance).map(|group| group.name.clone()) {
            self.member_is_running(&name, instance);
        }
    }

    /// An instance is terminated, asked for or not.
    pub(super) fn scaling_instance_gone(&mut self, instance: &str) {
        if let Some(name) = self.scaling.group_of(instance).map(|group| group.name.clone()) {
            self.member_is_gone(&name, instance);
        }
    }

    /// An alarm calls on a scaling policy. `value` is what the alarm last saw, `threshold` its own.
    pub(super) fn run_policy(&mut self, policy_arn: &str, value: f64, threshold: f64) {
        self.alarm_calls_on(policy_arn, value, threshold);
    }

    /// Sees to everything in a group that does not come by itself, then sets the time of the next look.
    fn look_at_group(&mut self, name: &str) {
        self.settle_traffic(name);
        self.settle_drained(name);
        self.check_health(name);
        self.advance_refresh(name);
        self.reconcile(name);
        self.look_again(name);
    }

    /// Starts a new chain of looks; the old chain ends by itself.
    fn look_again(&mut self, name: &str) {
        let Some(group) = self.scaling.groups.get_mut(name) else {
            return;
        };
        group.round += 1;
        let wait = if group.is_busy() { LOOK_CLOSELY } else { LOOK };
        let timer = ScalingTimer::Look {
            group: group.arn.clone(),
            round: group.round,
        };
        self.later(wait, Timer::Scaling(timer));
    }
}
