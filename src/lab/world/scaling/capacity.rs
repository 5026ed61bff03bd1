//! The desired capacity: who may set it, to what, and when.

use std::time::Duration;

use crate::lab::refusal::Refused;
use crate::lab::world::World;

impl World {
    pub fn set_desired_capacity(
        &mut self,
        name: &str,
        desired: i64,
        honor_cooldown: bool,
    ) -> Result<(), Refused> {
        let group = self.scaling.group(name)?;
        if desired > group.max {
            return Err(Refused::invalid(format!(
                "New SetDesiredCapacity value {desired} is above max value {} for the AutoScalingGroup.",
                group.max
            )));
        }
        if desired < group.min {
            return Err(Refused::invalid(format!(
                "New SetDesiredCapacity value {desired} is below min value {} for the AutoScalingGroup.",
                group.min
            )));
        }
        self.check_free(name, honor_cooldown)?;
        let cause = format!(
            "At {} a user request explicitly set group desired capacity changing the desired capacity",
            self.stamp()
        );
        self.change_desired(name, desired, &cause);
        Ok(())
    }

    /// Fails while the group is being deleted, or, when that is to be honoured, cools down.
    pub(super) fn check_free(&self, name: &str, honor_cooldown: bool) -> Result<(), Refused> {
        let group = self.scaling.group(name)?;
        if group.deleting {
            let message = format!("group {name} is being deleted");
            return Err(Refused::new("ScalingActivityInProgress", message));
        }
        if honor_cooldown && group.cooldown_until.is_some_and(|until| until > self.now) {
            let message = format!("group {name} is in its cooldown period and the request honours it");
            return Err(Refused::new("ScalingActivityInProgress", message));
        }
        Ok(())
    }

    /// Sets the desired capacity and goes there. `cause` ends with what changes, without the numbers.
    pub(super) fn change_desired(&mut self, name: &str, desired: i64, cause: &str) {
        let Some(group) = self.scaling.groups.get_mut(name) else {
            return;
        };
        let was = group.desired;
        if was == desired {
            return;
        }
        group.desired = desired;
        group.reason = Some(format!("{cause} from {was} to {desired}."));
        group.retry_at = None;
        self.tell("group", format!("{name}: desired capacity {was} to {desired}"));
        self.look_at_group(name);
    }

    /// From now on nothing that honours the cooldown may scale this group.
    pub(super) fn cool_down(&mut self, name: &str, seconds: i64) {
        let until = self.now + self.pace(seconds_of(seconds));
        if let Some(group) = self.scaling.groups.get_mut(name) {
            group.cooldown_until = Some(until);
        }
    }
}

/// The API's seconds as a duration; what is negative is none.
pub(super) fn seconds_of(seconds: i64) -> Duration {
    Duration::from_secs(seconds.try_into().unwrap_or(0))
}
