//! Which topics want to hear of a group; kept and described, since nobody listens here.

use super::limits;
use crate::lab::refusal::Refused;
use crate::lab::world::World;

pub const TYPES: &[&str] = &[
    "autoscaling:EC2_INSTANCE_LAUNCH",
    "autoscaling:EC2_INSTANCE_LAUNCH_ERROR",
    "autoscaling:EC2_INSTANCE_TERMINATE",
    "autoscaling:EC2_INSTANCE_TERMINATE_ERROR",
    "autoscaling:TEST_NOTIFICATION",
];

impl World {
    pub fn put_notification(&mut self, name: &str, topic: &str, types: Vec<String>) -> Result<(), Refused> {
        if let Some(other) = types.iter().find(|given| !TYPES.contains(&given.as_str())) {
            return Err(Refused::invalid(format!(
                "{other} is not a notification type of Auto Scaling"
            )));
        }
        let group = self.scaling.group_mut(name)?;
        if group.notifications.len() >= limits::TOPICS && !group.notifications.contains_key(topic) {
            return Err(Refused::new(
                "LimitExceeded",
                format!("a group may have {} topics", limits::TOPICS),
            ));
        }
        group
            .notifications
            .insert(topic.to_owned(), types.into_iter().collect());
        Ok(())
    }

    pub fn delete_notification(&mut self, name: &str, topic: &str) -> Result<(), Refused> {
        let group = self.scaling.group_mut(name)?;
        match group.notifications.remove(topic) {
            Some(_) => Ok(()),
            None => Err(Refused::invalid(format!(
                "group {name} has no notifications for topic {topic}"
            ))),
        }
    }
}
