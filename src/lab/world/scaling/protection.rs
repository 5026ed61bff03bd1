//! Protection of instances from being chosen when their group scales in.

use super::limits;
use crate::lab::refusal::Refused;
use crate::lab::world::World;

impl World {
    pub fn protect_instances(&mut self, name: &str, ids: &[String], protected: bool) -> Result<(), Refused> {
        if !(1..=limits::PROTECTED_PER_CALL).contains(&ids.len()) {
            let message = format!(
                "InstanceIds must name 1 to {} instances",
                limits::PROTECTED_PER_CALL
            );
            return Err(Refused::invalid(message));
        }
        let group = self.scaling.group_mut(name)?;
        for id in ids {
            let member = group.member(id).ok_or_else(|| {
                Refused::invalid(format!(
                    "The instance {id} is not part of Auto Scaling group {name}."
                ))
            })?;
            if member.state.is_ending() {
                let message = format!(
                    "The instance {id} is not in InService or Standby or Warmed. It is in {}.",
                    member.state.name()
                );
                return Err(Refused::invalid(message));
            }
        }
        for member in group.members.iter_mut().filter(|member| ids.contains(&member.id)) {
            member.protected = protected;
        }
        self.look_at_group(name);
        Ok(())
    }
}
