//! Which instances a group takes for unhealthy, and what it does about them.

use super::capacity::seconds_of;
use super::group::Group;
use super::member::{Ailment, Lifecycle, Member};
use super::suspended::Process;
use super::terminating::not_in_a_group;
use crate::lab::refusal::Refused;
use crate::lab::world::World;

impl World {
    /// Looks for unhealthy instances in service and starts to replace them.
    pub(super) fn check_health(&mut self, name: &str) {
        let Some(group) = self.scaling.groups.get(name) else {
            return;
        };
        if group.deleting {
            return;
        }
        if !group.suspends(Process::HealthCheck) {
            let found: Vec<(String, Ailment)> = group
                .members
                .iter()
                .filter_map(|member| Some((member.id.clone(), self.ailment_of(group, member)?)))
                .collect();
            for (id, ailment) in found {
                self.tell("group", format!("{name}: {id} is unhealthy"));
                if let Some(member) = self
                    .scaling
                    .groups
                    .get_mut(name)
                    .and_then(|group| group.member_mut(&id))
                {
                    member.ailment = Some(ailment);
                }
            }
        }
        self.replace_unhealthy(name);
    }

    fn ailment_of(&self, group: &Group, member: &Member) -> Option<Ailment> {
        if member.ailment.is_some() || member.state != Lifecycle::InService {
            return None;
        }
        if member.gone {
            return Some(Ailment::Instance);
        }
        if !group.checks_targets() || self.is_in_grace(group, member) {
            return None;
        }
        let unhealthy = |arn: &str| {
            self.target_health(arn, &member.id)
                .is_some_and(|health| health.state == "unhealthy")
        };
        group
            .traffic
            .iter()
            .any(|traffic| traffic.is_armed() && unhealthy(&traffic.arn))
            .then_some(Ailment::Target)
    }

    fn is_in_grace(&self, group: &Group, member: &Member) -> bool {
        let grace = self.pace(seconds_of(group.grace));
        member
            .in_service_since
            .is_none_or(|since| self.now < since + grace)
    }

    fn replace_unhealthy(&mut self, name: &str) {
        let Some(group) = self.scaling.groups.get(name) else {
            return;
        };
        if group.suspends(Process::ReplaceUnhealthy) || group.suspends(Process::Terminate) {
            return;
        }
        let ill: Vec<(String, Ailment)> = group
            .members
            .iter()
            .filter(|member| member.state == Lifecycle::InService)
            .filter_map(|member| Some((member.id.clone(), member.ailment?)))
            .collect();
        for (id, ailment) in ill {
            let why = match ailment {
                Ailment::Instance => "an EC2 health check indicating it has been terminated or stopped",
                Ailment::Target => "an ELB system health check failure",
                Ailment::User => "a user health-check",
            };
            let cause = format!(
                "At {} an instance was taken out of service in response to {why}.",
                self.stamp()
            );
            self.begin_termination(name, &id, cause);
        }
    }

    /// The instance is no more, whatever its group wanted of it.
    pub(super) fn member_is_gone(&mut self, name: &str, id: &str) {
        let Some(member) = self
            .scaling
            .groups
            .get_mut(name)
            .and_then(|group| group.member_mut(id))
        else {
            return;
        };
        member.gone = true;
        let (state, activity) = (member.state, member.activity.clone());
        let targets: Vec<String> = member.targets.iter().cloned().collect();
        match state {
            Lifecycle::InService => {}
            Lifecycle::Pending | Lifecycle::PendingWait => {
                let message = "Instance became unhealthy while waiting for instance to be in InService state. Launching EC2 instance failed.";
                self.end_activity(activity.as_deref(), "Failed", Some(message.to_owned()));
                self.bury(name, id);
                self.lose_patience(name);
            }
            _ => {
                for target in &targets {
                    self.deregister_instance(target, id);
                }
                self.bury(name, id);
            }
        }
        self.look_at_group(name);
    }

    pub fn set_instance_health(
        &mut self,
        id: &str,
        status: &str,
        respects_grace: bool,
    ) -> Result<(), Refused> {
        let ailment = match status {
            "Healthy" => None,
            "Unhealthy" => Some(Ailment::User),
            other => {
                return Err(Refused::invalid(format!(
                    "HealthStatus is {other}; it can be Healthy or Unhealthy"
                )));
            }
        };
        let group = self.scaling.group_of(id).ok_or_else(|| not_in_a_group(id))?;
        let member = group.member(id).ok_or_else(|| not_in_a_group(id))?;
        if respects_grace && ailment.is_some() && self.is_in_grace(group, member) {
            return Ok(());
        }
        let name = group.name.clone();
        if let Some(member) = self.scaling.group_mut(&name)?.member_mut(id) {
            member.ailment = ailment;
        }
        self.look_at_group(&name);
        Ok(())
    }
}

impl Group {
    /// Whether its target groups' health checks count.
    pub(super) fn checks_targets(&self) -> bool {
        self.health_check_type.split(',').any(|kind| kind.trim() == "ELB")
    }
}
