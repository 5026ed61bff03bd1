//! The end of a group.

use super::member::Lifecycle;
use crate::lab::refusal::Refused;
use crate::lab::world::World;

impl World {
    pub fn delete_group(&mut self, name: &str, force: bool) -> Result<(), Refused> {
        let group = self.scaling.group(name)?;
        let protected = match group.deletion_protection.as_str() {
            "prevent-all-deletion" => true,
            "prevent-force-deletion" => force,
            _ => false,
        };
        if protected {
            let message = format!(
                "AutoScalingGroup {name} has DeletionProtection {}.",
                group.deletion_protection
            );
            return Err(Refused::invalid(message));
        }
        if !force && !group.members.is_empty() {
            return Err(Refused::new(
                "ResourceInUse",
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.",
            ));
        }
        if !force && self.activities_in_progress(&group.arn) {
            return Err(Refused::new(
                "ScalingActivityInProgress",
                "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.",
            ));
        }
        let policies: Vec<String> = group
            .policies
            .values()
            .map(|policy| policy.name.clone())
            .collect();
        for policy in policies {
            self.delete_policy(name, &policy)?;
        }
        let group = self.scaling.group_mut(name)?;
        group.deleting = true;
        group.schedules.clear();
        (group.min, group.max, group.desired) = (0, 0, 0);
        self.tell("group", format!("{name}: is being deleted"));
        self.look_at_group(name);
        Ok(())
    }

    /// Ends what is left without waiting for connections or hooks, then forgets the group.
    pub(super) fn continue_deletion(&mut self, name: &str) {
        let Some(group) = self.scaling.groups.get(name) else {
            return;
        };
        if group.members.is_empty() {
            self.scaling.groups.remove(name);
            self.tell("group", format!("{name}: deleted"));
            return;
        }
        let left: Vec<(String, Lifecycle)> = group
            .members
            .iter()
            .map(|member| (member.id.clone(), member.state))
            .collect();
        let cause = format!(
            "At {} a user request force deleted the AutoScalingGroup.",
            self.stamp()
        );
        for (id, state) in left {
            if !state.is_ending() {
                self.begin_termination(name, &id, cause.clone());
            }
            let state = self
                .scaling
                .groups
                .get(name)
                .and_then(|group| group.member(&id))
                .map(|member| member.state);
            let ordered = matches!(
                state,
                None | Some(Lifecycle::TerminatingProceed | Lifecycle::WarmedTerminatingProceed)
            );
            if !ordered {
                self.end_member(name, &id);
            }
        }
    }
}
