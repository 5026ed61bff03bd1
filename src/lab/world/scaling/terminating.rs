//! Instances on their way out: out of the target groups, drained, past the hooks, ended.

use super::group::Group;
use super::hooks::Transition;
use super::member::Lifecycle;
use crate::lab::refusal::Refused;
use crate::lab::world::World;

impl World {
    /// `TerminateInstanceInAutoScalingGroup`: gives the activity's id.
    pub fn terminate_in_group(&mut self, instance: &str, decrement: bool) -> Result<String, Refused> {
        let (name, min, desired, capacity) = {
            let group = self
                .scaling
                .group_of(instance)
                .ok_or_else(|| not_in_a_group(instance))?;
            (group.name.clone(), group.min, group.desired, group.capacity())
        };
        let member = self
            .scaling
            .group(&name)?
            .member(instance)
            .ok_or_else(|| not_in_a_group(instance))?;
        if member.state.is_warm() {
            return Err(Refused::invalid(format!(
                "Instance {instance} is in a warm pool, where this does not apply"
            )));
        }
        if member.state.is_ending() {
            let message = format!(
                "instance {instance} is already on its way out ({})",
                member.state.name()
            );
            return Err(Refused::new("ScalingActivityInProgress", message));
        }
        let counted = member.state.counts();
        if decrement && counted && desired - 1 < min {
            return Err(Refused::invalid(format!(
                "Currently, desiredSize equals minSize ({min}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size."
            )));
        }
        let stamp = self.stamp();
        let cause = if decrement && counted {
            format!(
                "At {stamp} instance {instance} was taken out of service in response to a user request, shrinking the capacity from {capacity} to {}.",
                capacity - 1
            )
        } else {
            format!("At {stamp} instance {instance} was taken out of service in response to a user request.")
        };
        if decrement
            && counted
            && let Ok(group) = self.scaling.group_mut(&name)
        {
            group.desired -= 1;
        }
        let activity = self.begin_termination(&name, instance, cause);
        self.look_at_group(&name);
        activity.ok_or_else(|| not_in_a_group(instance))
    }

    /// Starts to take an instance out for good: deregistered first, then drained.
    pub(super) fn begin_termination(&mut self, name: &str, id: &str, cause: String) -> Option<String> {
        let member = self.scaling.groups.get_mut(name)?.member_mut(id)?;
        let warm = member.state.is_warm();
        member.state = if warm {
            Lifecycle::WarmedTerminating
        } else {
            Lifecycle::Terminating
        };
        member.waits.clear();
        let (earlier, zone) = (member.activity.take(), member.zone.clone());
        let targets: Vec<String> = member.targets.iter().cloned().collect();
        let why = "The instance was terminated before it was in service.".to_owned();
        self.end_activity(earlier.as_deref(), "Cancelled", Some(why));
        let pool = if warm { " from the warm pool" } else { "" };
        let activity = self.begin_activity(
            name,
            format!("Terminating EC2 instance{pool}: {id}"),
            cause,
            "InProgress",
            &zone,
        );
        if !targets.is_empty() {
            self.continue_activity(Some(&activity), "WaitingForELBConnectionDraining", 50);
        }
        for target in &targets {
            self.deregister_instance(target, id);
        }
        let member = self.scaling.groups.get_mut(name)?.member_mut(id)?;
        member.activity = Some(activity.clone());
        self.settle_drained(name);
        Some(activity)
    }

    /// Takes further what waited for its connections to drain.
    pub(super) fn settle_drained(&mut self, name: &str) {
        let Some(group) = self.scaling.groups.get(name) else {
            return;
        };
        let leaving = |state| {
            matches!(
                state,
                Lifecycle::Terminating
                    | Lifecycle::WarmedTerminating
                    | Lifecycle::EnteringStandby
                    | Lifecycle::Detaching
            )
        };
        let drained: Vec<(String, Lifecycle)> = group
            .members
            .iter()
            .filter(|member| leaving(member.state) && (member.gone || self.has_drained(group, &member.id)))
            .map(|member| (member.id.clone(), member.state))
            .collect();
        for (id, state) in drained {
            if let Some(member) = self
                .scaling
                .groups
                .get_mut(name)
                .and_then(|group| group.member_mut(&id))
            {
                member.targets.clear();
            }
            match state {
                Lifecycle::EnteringStandby => self.stand_by(name, &id),
                Lifecycle::Detaching => self.let_go(name, &id),
                _ => self.go_on_out(name, &id),
            }
        }
    }

    fn has_drained(&self, group: &Group, id: &str) -> bool {
        group.member(id).is_none_or(|member| {
            member
                .targets
                .iter()
                .all(|target| self.target_health(target, id).is_none())
        })
    }

    /// After draining: the terminating hooks, then the end.
    fn go_on_out(&mut self, name: &str, id: &str) {
        let Some(group) = self.scaling.groups.get(name) else {
            return;
        };
        let Some(member) = group.member(id) else { return };
        if member.gone {
            self.bury(name, id);
            return;
        }
        // What never was in service has nothing that a hook could save.
        let served = member.in_service_since.is_some() && member.state == Lifecycle::Terminating;
        if served && self.begin_waits(name, id, Transition::Terminating, Lifecycle::TerminatingWait) {
            return;
        }
        self.end_member(name, id);
    }

    /// Ends the instance itself; what remains is told when it is gone.
    pub(super) fn end_member(&mut self, name: &str, id: &str) {
        let Some(member) = self
            .scaling
            .groups
            .get_mut(name)
            .and_then(|group| group.member_mut(id))
        else {
            return;
        };
        member.state = if member.state.is_warm() {
            Lifecycle::WarmedTerminatingProceed
        } else {
            Lifecycle::TerminatingProceed
        };
        member.waits.clear();
        let activity = member.activity.clone();
        self.continue_activity(activity.as_deref(), "InProgress", 75);
        self.terminate_instance(id);
    }

    /// The instance is no more: its group forgets it.
    pub(super) fn bury(&mut self, name: &str, id: &str) {
        let Some(group) = self.scaling.groups.get_mut(name) else {
            return;
        };
        let Some(place) = group.members.iter().position(|member| member.id == id) else {
            return;
        };
        let member = group.members.remove(place);
        self.end_activity(member.activity.as_deref(), "Successful", None);
        self.tell("group", format!("{name}: {id} is out"));
    }
}

pub(super) fn not_in_a_group(instance: &str) -> Refused {
    Refused::invalid(format!(
        "Instance Id not found - No managed instance found for instance ID: {instance}"
    ))
}
