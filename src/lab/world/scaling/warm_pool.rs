//! The warm pool: instances launched ahead, which scale-out takes before it launches new ones.

use super::group::{Group, count};
use super::member::{Lifecycle, Member};
use super::refresh::Refresh;
use super::suspended::Process;
use crate::lab::refusal::Refused;
use crate::lab::world::World;

#[derive(Clone, Debug, PartialEq)]
pub struct WarmPool {
    pub max_prepared: Option<i64>,
    pub min: i64,
    pub state: Resting,
    pub reuses: bool,
    pub deleting: bool,
}

/// How warmed instances rest. Their processes go on in any case: starting one again would be a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resting {
    Stopped,
    Running,
    Hibernated,
}

impl Resting {
    pub fn name(self) -> &'static str {
        match self {
            Self::Stopped => "Stopped",
            Self::Running => "Running",
            Self::Hibernated => "Hibernated",
        }
    }

    pub fn read(name: &str) -> Result<Self, Refused> {
        [Self::Stopped, Self::Running, Self::Hibernated]
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or_else(|| {
                Refused::invalid(format!("PoolState is {name}, not Stopped, Running or Hibernated"))
            })
    }

    fn lifecycle(self) -> Lifecycle {
        match self {
            Self::Stopped => Lifecycle::WarmedStopped,
            Self::Running => Lifecycle::WarmedRunning,
            Self::Hibernated => Lifecycle::WarmedHibernated,
        }
    }
}

impl World {
    pub fn put_warm_pool(&mut self, name: &str, pool: WarmPool) -> Result<(), Refused> {
        let group = self.scaling.group(name)?;
        if group.refreshes.iter().any(Refresh::is_active) {
            let message = format!("An Instance Refresh is in progress for group {name}");
            return Err(Refused::new("InstanceRefreshInProgress", message));
        }
        if group.source.mixed.is_some() {
            return Err(Refused::invalid(
                "You can't add a warm pool to a group with a mixed instances policy here",
            ));
        }
        if pool.min < 0 || pool.max_prepared.is_some_and(|max| max < -1) {
            return Err(Refused::invalid(
                "MinSize must be 0 or more, and MaxGroupPreparedCapacity -1 or more",
            ));
        }
        self.scaling.group_mut(name)?.warm_pool = Some(pool);
        self.look_at_group(name);
        Ok(())
    }

    pub fn delete_warm_pool(&mut self, name: &str, force: bool) -> Result<(), Refused> {
        let group = self.scaling.group_mut(name)?;
        let filled = group.warm().next().is_some();
        let Some(pool) = &mut group.warm_pool else {
            return Err(Refused::invalid(format!("No warm pool found for group {name}")));
        };
        if !force && filled {
            let message = format!("the warm pool of group {name} has instances; ForceDelete ends them");
            return Err(Refused::new("ResourceInUse", message));
        }
        pool.deleting = true;
        self.look_at_group(name);
        Ok(())
    }

    /// Takes a warmed instance towards the service; false when there is none.
    pub(super) fn take_from_warm_pool(&mut self, name: &str, cause: &str) -> bool {
        let Some(group) = self.scaling.groups.get(name) else {
            return false;
        };
        let fits =
            |member: &&Member| member.state.is_warmed() && !member.gone && !self.is_outdated(group, member);
        let Some(taken) = group
            .members
            .iter()
            .filter(fits)
            .min_by_key(|member| group.in_zone(&member.zone))
        else {
            return false;
        };
        let (id, zone) = (taken.id.clone(), taken.zone.clone());
        let description = format!("Launching a new EC2 instance from warm pool: {id}");
        let activity = self.begin_activity(name, description, cause.to_owned(), "PreInService", &zone);
        self.continue_activity(Some(&activity), "PreInService", 30);
        if let Some(member) = self
            .scaling
            .groups
            .get_mut(name)
            .and_then(|group| group.member_mut(&id))
        {
            member.state = Lifecycle::Pending;
            member.activity = Some(activity);
        }
        self.go_on_in(name, &id);
        true
    }

    /// A warmed instance is ready.
    pub(super) fn rest_in_warm_pool(&mut self, name: &str, id: &str) {
        let Some(group) = self.scaling.groups.get_mut(name) else {
            return;
        };
        let state = group
            .warm_pool
            .as_ref()
            .map_or(Lifecycle::WarmedRunning, |pool| pool.state.lifecycle());
        group.failures = 0;
        let Some(member) = group.member_mut(id) else {
            return;
        };
        member.state = state;
        member.in_service_since = None;
        let activity = member.activity.take();
        self.end_activity(activity.as_deref(), "Successful", None);
    }

    /// Whether a refresh under way goes to something else than an instance was launched from.
    pub(super) fn is_outdated(&self, group: &Group, member: &Member) -> bool {
        let wanted = self.resolve_template(&group.launch_source().template).ok();
        group.refreshes.iter().any(Refresh::is_active) && member.template != wanted
    }

    /// Brings the pool to its size.
    pub(super) fn fill_warm_pool(&mut self, name: &str) {
        while let Some(group) = self.scaling.groups.get(name) {
            let held = count(group.warm().filter(|member| !member.state.is_ending()));
            let wanted = group.warm_wanted();
            if held < wanted {
                let waits = group.retry_at.is_some_and(|at| at > self.now) || group.suspends(Process::Launch);
                let cause = format!(
                    "At {} an instance was started in response to a difference between desired and actual capacity of the warm pool, increasing the warm pool capacity from {held} to {}.",
                    self.stamp(),
                    held + 1
                );
                if waits || !self.launch_for_group(name, &cause, true) {
                    return;
                }
            } else if held > wanted {
                let leaving = group
                    .warm()
                    .find(|member| !member.state.is_ending())
                    .map(|member| member.id.clone());
                let (false, Some(id)) = (group.suspends(Process::Terminate), leaving) else {
                    return;
                };
                let cause = format!(
                    "At {} an instance was taken out of the warm pool, shrinking its capacity from {held} to {}.",
                    self.stamp(),
                    held - 1
                );
                self.begin_termination(name, &id, cause);
            } else {
                break;
            }
        }
        if let Some(group) = self.scaling.groups.get_mut(name)
            && group.warm_pool.as_ref().is_some_and(|pool| pool.deleting)
            && group.warm().next().is_none()
        {
            group.warm_pool = None;
        }
    }

    /// With a reuse policy, scale-in gives instances back to the pool; false without one.
    pub(super) fn return_to_warm_pool(&mut self, name: &str, id: &str, cause: &str) -> bool {
        let Some(group) = self.scaling.groups.get(name) else {
            return false;
        };
        let held = count(group.warm().filter(|member| !member.state.is_ending()));
        let reuses = group
            .warm_pool
            .as_ref()
            .is_some_and(|pool| pool.reuses && !pool.deleting);
        let Some(member) = group
            .member(id)
            .filter(|member| member.state == Lifecycle::InService)
        else {
            return false;
        };
        // The desired capacity is already the lower one, so there is room for it unless the pool is full.
        if !reuses || held >= group.warm_wanted() {
            return false;
        }
        let zone = member.zone.clone();
        let description = format!("Moving EC2 instance to the warm pool: {id}");
        let activity = self.begin_activity(name, description, cause.to_owned(), "InProgress", &zone);
        self.take_out_of_traffic(name, id, Lifecycle::WarmedPending, &activity);
        if let Some(member) = self
            .scaling
            .groups
            .get_mut(name)
            .and_then(|group| group.member_mut(id))
        {
            member.targets.clear();
        }
        self.go_on_in(name, id);
        true
    }
}

impl Group {
    /// How many instances the warm pool should hold.
    pub(super) fn warm_wanted(&self) -> i64 {
        match &self.warm_pool {
            Some(pool) if !pool.deleting && !self.deleting => {
                let prepared = pool
                    .max_prepared
                    .filter(|prepared| *prepared >= 0)
                    .unwrap_or(self.max);
                (prepared - self.desired).max(pool.min)
            }
            _ => 0,
        }
    }
}
