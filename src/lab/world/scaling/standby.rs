//! Instances set aside: out of the target groups and out of the count, until they come back.

use super::limits;
use super::member::Lifecycle;
use crate::lab::refusal::Refused;
use crate::lab::world::World;

impl World {
    /// Gives the activities' ids.
    pub fn enter_standby(
        &mut self,
        name: &str,
        ids: &[String],
        decrement: bool,
    ) -> Result<Vec<String>, Refused> {
        let shrinking = self.check_leaving(name, ids, decrement, "place into standby")?;
        let mut activities = Vec::new();
        for id in ids {
            let (capacity, zone) = self.size_and_zone(name, id)?;
            let stamp = self.stamp();
            let cause = if decrement {
                format!(
                    "At {stamp} instance {id} was moved to standby in response to a user request, shrinking the capacity from {capacity} to {}.",
                    capacity - 1
                )
            } else {
                format!("At {stamp} instance {id} was moved to standby in response to a user request.")
            };
            let description = format!("Moving EC2 instance to Standby: {id}");
            let activity = self.begin_activity(name, description, cause, "InProgress", &zone);
            self.continue_activity(Some(&activity), "InProgress", 50);
            self.take_out_of_traffic(name, id, Lifecycle::EnteringStandby, &activity);
            activities.push(activity);
        }
        self.scaling.group_mut(name)?.desired -= shrinking;
        self.look_at_group(name);
        Ok(activities)
    }

    pub fn exit_standby(&mut self, name: &str, ids: &[String]) -> Result<Vec<String>, Refused> {
        let group = self.scaling.group(name)?;
        check_number(ids)?;
        for id in ids {
            if group
                .member(id)
                .is_none_or(|member| member.state != Lifecycle::Standby)
            {
                return Err(Refused::invalid(format!(
                    "The instance {id} is not in Standby in group {name}"
                )));
            }
        }
        let grown = group.desired + count(ids);
        if grown > group.max {
            return Err(Refused::invalid(format!(
                "AutoScalingGroup {name} has max-size={} and desired-size={}. To take {} instances out of standby, please update the AutoScalingGroup sizes appropriately.",
                group.max,
                group.desired,
                ids.len()
            )));
        }
        self.scaling.group_mut(name)?.desired = grown;
        let mut activities = Vec::new();
        for id in ids {
            let (capacity, zone) = self.size_and_zone(name, id)?;
            let cause = format!(
                "At {} instance {id} was moved out of standby in response to a user request, increasing the capacity from {capacity} to {}.",
                self.stamp(),
                capacity + 1
            );
            let description = format!("Moving EC2 instance out of Standby: {id}");
            let activity = self.begin_activity(name, description, cause, "PreInService", &zone);
            self.continue_activity(Some(&activity), "PreInService", 30);
            if let Some(member) = self.scaling.group_mut(name)?.member_mut(id) {
                member.state = Lifecycle::Pending;
                member.activity = Some(activity.clone());
            }
            self.enter_service(name, id);
            activities.push(activity);
        }
        self.look_at_group(name);
        Ok(activities)
    }

    /// The instance has drained and stands by.
    pub(super) fn stand_by(&mut self, name: &str, id: &str) {
        let Some(member) = self
            .scaling
            .groups
            .get_mut(name)
            .and_then(|group| group.member_mut(id))
        else {
            return;
        };
        member.state = Lifecycle::Standby;
        member.in_service_since = None;
        let activity = member.activity.take();
        self.end_activity(activity.as_deref(), "Successful", None);
    }

    /// Deregisters an instance that is to leave the service in this state.
    pub(super) fn take_out_of_traffic(&mut self, name: &str, id: &str, state: Lifecycle, activity: &str) {
        let Some(member) = self
            .scaling
            .groups
            .get_mut(name)
            .and_then(|group| group.member_mut(id))
        else {
            return;
        };
        member.state = state;
        member.activity = Some(activity.to_owned());
        let targets: Vec<String> = member.targets.iter().cloned().collect();
        for target in targets {
            self.deregister_instance(&target, id);
        }
    }

    /// Whether these instances may leave the service; gives how much the desired capacity shrinks by it.
    pub(super) fn check_leaving(
        &self,
        name: &str,
        ids: &[String],
        decrement: bool,
        what: &str,
    ) -> Result<i64, Refused> {
        let group = self.scaling.group(name)?;
        check_number(ids)?;
        for id in ids {
            let member = group.member(id).ok_or_else(|| {
                Refused::invalid(format!(
                    "The instance {id} is not part of Auto Scaling group {name}."
                ))
            })?;
            if member.state != Lifecycle::InService {
                return Err(Refused::invalid(format!(
                    "The instance {id} is not in InService. It is in {}.",
                    member.state.name()
                )));
            }
        }
        let shrinking = if decrement { count(ids) } else { 0 };
        if group.desired - shrinking < group.min {
            return Err(Refused::invalid(format!(
                "AutoScalingGroup {name} has min-size={}, max-size={}, and desired-size={}. To {what} {} instances, please update the AutoScalingGroup sizes appropriately.",
                group.min,
                group.max,
                group.desired,
                ids.len()
            )));
        }
        Ok(shrinking)
    }

    pub(super) fn size_and_zone(&self, name: &str, id: &str) -> Result<(i64, String), Refused> {
        let group = self.scaling.group(name)?;
        Ok((
            group.capacity(),
            group
                .member(id)
                .map_or_else(String::new, |member| member.zone.clone()),
        ))
    }
}

fn check_number(ids: &[String]) -> Result<(), Refused> {
    if (1..=limits::INSTANCES_PER_CALL).contains(&ids.len()) {
        return Ok(());
    }
    Err(Refused::invalid(format!(
        "InstanceIds must name 1 to {} instances",
        limits::INSTANCES_PER_CALL
    )))
}

fn count(ids: &[String]) -> i64 {
    super::group::count(ids.iter())
}
