//! Instances that leave a group alive, and instances that join one running.

use super::limits;
use super::member::{Lifecycle, Member};
use crate::lab::refusal::Refused;
use crate::lab::world::World;
use crate::lab::world::compute::InstanceState;

impl World {
    /// Gives the activities' ids.
    pub fn detach_instances(
        &mut self,
        name: &str,
        ids: &[String],
        decrement: bool,
    ) -> Result<Vec<String>, Refused> {
        let shrinking = self.check_leaving(name, ids, decrement, "detach")?;
        let mut activities = Vec::new();
        for id in ids {
            let (capacity, zone) = self.size_and_zone(name, id)?;
            let stamp = self.stamp();
            let cause = if decrement {
                format!(
                    "At {stamp} instance {id} was detached in response to a user request, shrinking the capacity from {capacity} to {}.",
                    capacity - 1
                )
            } else {
                format!("At {stamp} instance {id} was detached in response to a user request.")
            };
            let activity = self.begin_activity(
                name,
                format!("Detaching EC2 instance: {id}"),
                cause,
                "InProgress",
                &zone,
            );
            self.continue_activity(Some(&activity), "InProgress", 50);
            self.take_out_of_traffic(name, id, Lifecycle::Detaching, &activity);
            activities.push(activity);
        }
        self.scaling.group_mut(name)?.desired -= shrinking;
        self.look_at_group(name);
        Ok(activities)
    }

    /// The instance has drained: it goes its own way.
    pub(super) fn let_go(&mut self, name: &str, id: &str) {
        self.bury(name, id);
    }

    pub fn attach_instances(&mut self, name: &str, ids: &[String]) -> Result<(), Refused> {
        let group = self.scaling.group(name)?;
        if !(1..=limits::INSTANCES_PER_CALL).contains(&ids.len()) {
            let message = format!(
                "InstanceIds must name 1 to {} instances",
                limits::INSTANCES_PER_CALL
            );
            return Err(Refused::invalid(message));
        }
        let grown = group.desired + super::group::count(ids.iter());
        if grown > group.max {
            return Err(Refused::invalid(format!(
                "AutoScalingGroup {name} has max-size={} and desired-size={}. To attach {} instances, please update the AutoScalingGroup sizes appropriately.",
                group.max,
                group.desired,
                ids.len()
            )));
        }
        let mut joining = Vec::new();
        for id in ids {
            let instance = self
                .instance(id)
                .filter(|instance| instance.state == InstanceState::Running)
                .ok_or_else(|| Refused::invalid(format!("Invalid Instance ID(s) or not running: {id}")))?;
            if let Some(owner) = self.scaling.group_of(id) {
                let message = format!(
                    "Instance {id} is already part of Auto Scaling group {}",
                    owner.name
                );
                return Err(Refused::invalid(message));
            }
            if !group.zones.contains(&instance.zone) {
                let message = format!(
                    "Instance {id} is in {}, which is not a zone of group {name}",
                    instance.zone
                );
                return Err(Refused::invalid(message));
            }
            joining.push((id.clone(), instance.zone.clone(), instance.instance_type.clone()));
        }
        let protected = group.protects_new;
        for (id, zone, instance_type) in joining {
            let capacity = self.scaling.group(name)?.capacity();
            let cause = format!(
                "At {} an instance was attached in response to a user request, increasing the capacity from {capacity} to {}.",
                self.stamp(),
                capacity + 1
            );
            let description = format!("Attaching an existing EC2 instance: {id}");
            let activity = self.begin_activity(name, description, cause, "InProgress", &zone);
            let launched = self.now;
            let group = self.scaling.group_mut(name)?;
            group.desired += 1;
            group.members.push(Member {
                id: id.clone(),
                zone,
                instance_type,
                template: None,
                state: Lifecycle::Pending,
                ailment: None,
                protected,
                launched,
                in_service_since: None,
                activity: Some(activity),
                waits: Vec::new(),
                targets: Default::default(),
                gone: false,
                running: true,
            });
            self.enter_service(name, &id);
        }
        self.look_at_group(name);
        Ok(())
    }
}
