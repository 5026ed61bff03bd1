//! Brings a group to its desired capacity, and its zones into balance.

use std::time::Duration;

use super::group::{Group, count};
use super::suspended::Process;
use crate::lab::world::World;

/// How long a group waits after a failed launch; doubled with every further one.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST_PATIENCE: Duration = Duration::from_mins(5);

impl World {
    pub(super) fn reconcile(&mut self, name: &str) {
        let Some(group) = self.scaling.groups.get(name) else {
            return;
        };
        if group.deleting {
            self.continue_deletion(name);
            return;
        }
        self.scale_out(name);
        self.scale_in(name);
        self.fill_warm_pool(name);
        self.rebalance(name);
        if let Some(group) = self.scaling.groups.get_mut(name)
            && group.capacity() == group.wanted()
        {
            group.reason = None;
        }
    }

    fn scale_out(&mut self, name: &str) {
        while let Some(group) = self.scaling.groups.get(name) {
            let full = group.capacity() >= group.wanted();
            if full || group.suspends(Process::Launch) || group.retry_at.is_some_and(|at| at > self.now) {
                return;
            }
            let capacity = group.capacity();
            let cause = self.cause(
                name,
                &format!(
                    "an instance was started in response to a difference between desired and actual capacity, increasing the capacity from {capacity} to {}.",
                    capacity + 1
                ),
            );
            if !self.take_from_warm_pool(name, &cause) && !self.launch_for_group(name, &cause, false) {
                return;
            }
        }
    }

    fn scale_in(&mut self, name: &str) {
        while let Some(group) = self.scaling.groups.get(name) {
            let capacity = group.capacity();
            if capacity <= group.wanted() || group.suspends(Process::Terminate) {
                return;
            }
            let Some(victim) = self.choose_victim(name) else {
                return;
            };
            let cause = self.cause(
                name,
                &format!(
                    "an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from {capacity} to {}.  At {} instance {victim} was selected for termination.",
                    capacity - 1,
                    self.stamp()
                ),
            );
            if !self.return_to_warm_pool(name, &victim, &cause) {
                self.begin_termination(name, &victim, cause);
            }
        }
    }

    /// Launches in the emptiest zone first; the fullest loses its instance when the new one is in service.
    fn rebalance(&mut self, name: &str) {
        let Some(group) = self.scaling.groups.get(name) else {
            return;
        };
        if group.rebalancing {
            let settled = group.members.iter().all(|member| member.state.rests());
            let failed = group.retry_at.is_some();
            if (settled || failed)
                && let Some(group) = self.scaling.groups.get_mut(name)
            {
                group.rebalancing = false;
                self.scale_in(name);
            }
            return;
        }
        let settled =
            group.capacity() == group.wanted() && group.members.iter().all(|member| member.state.rests());
        if !settled || group.surplus > 0 || group.suspends(Process::AZRebalance) || group.retry_at.is_some() {
            return;
        }
        if group.suspends(Process::Launch) || group.suspends(Process::Terminate) {
            return;
        }
        let sizes: Vec<i64> = group.zones.iter().map(|zone| group.in_zone(zone)).collect();
        let (Some(least), Some(most)) = (sizes.iter().min(), sizes.iter().max()) else {
            return;
        };
        if most - least < 2 {
            return;
        }
        let stamp = self.stamp();
        if let Some(group) = self.scaling.groups.get_mut(name) {
            group.rebalancing = true;
            group.reason = Some(format!("At {stamp} the zones of the group were out of balance."));
        }
        self.scale_out(name);
    }

    /// Why the capacity changed, and what follows from it now.
    fn cause(&self, name: &str, happened: &str) -> String {
        let stamp = self.stamp();
        match self
            .scaling
            .groups
            .get(name)
            .and_then(|group| group.reason.as_deref())
        {
            Some(reason) => format!("{reason}  At {stamp} {happened}"),
            None => format!("At {stamp} {happened}"),
        }
    }

    /// Lets a group wait before its next launch.
    pub(super) fn lose_patience(&mut self, name: &str) {
        let now = self.now;
        let Some(failures) = self.scaling.groups.get(name).map(|group| group.failures) else {
            return;
        };
        let wait = PATIENCE.saturating_mul(1 << failures.min(5)).min(MOST_PATIENCE);
        let retry_at = now + self.pace(wait);
        if let Some(group) = self.scaling.groups.get_mut(name) {
            group.failures += 1;
            group.retry_at = Some(retry_at);
        }
    }
}

impl Group {
    /// How many instances there should be now.
    pub(super) fn wanted(&self) -> i64 {
        self.desired + self.surplus + i64::from(self.rebalancing)
    }

    pub(super) fn in_zone(&self, zone: &str) -> i64 {
        count(
            self.members
                .iter()
                .filter(|member| member.zone == zone && member.state.counts()),
        )
    }
}
