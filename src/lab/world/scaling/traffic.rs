//! The target groups a group's instances are registered with.

use super::group::Group;
use super::limits;
use super::member::Lifecycle;
use super::refresh::Refresh;
use super::suspended::Process;
use crate::lab::refusal::Refused;
use crate::lab::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attached {
    Adding,
    Added,
    InService,
    Removing,
}

impl Attached {
    pub fn name(self) -> &'static str {
        match self {
            Self::Adding => "Adding",
            Self::Added => "Added",
            Self::InService => "InService",
            Self::Removing => "Removing",
        }
    }
}

/// A target group of a group.
#[derive(Clone, Debug)]
pub struct TrafficSource {
    pub arn: String,
    pub state: Attached,
    /// Attached by `AttachTrafficSources`, which `DescribeLoadBalancerTargetGroups` does not see.
    pub by_traffic_sources: bool,
}

impl TrafficSource {
    /// Its health checks count: at once if given at creation, else after one target has passed.
    pub(super) fn is_armed(&self) -> bool {
        self.state == Attached::InService
    }

    pub(super) fn takes_new(&self) -> bool {
        self.state != Attached::Removing
    }

    pub(super) fn is_changing(&self) -> bool {
        self.state != Attached::InService
    }
}

impl World {
    pub(super) fn attach_at_creation(
        &self,
        group: &mut Group,
        target_groups: &[String],
        traffic_sources: &[String],
    ) -> Result<(), Refused> {
        let given = target_groups
            .iter()
            .map(|arn| (arn, false))
            .chain(traffic_sources.iter().map(|arn| (arn, true)));
        for (arn, by_traffic_sources) in given {
            self.check_attachable(arn)?;
            if group.traffic.iter().all(|traffic| traffic.arn != *arn) {
                group.traffic.push(TrafficSource {
                    arn: arn.clone(),
                    state: Attached::InService,
                    by_traffic_sources,
                });
            }
        }
        within_limit(group)
    }

    fn check_attachable(&self, arn: &str) -> Result<(), Refused> {
        self.check_target_group(arn)
            .map_err(|refused| Refused::invalid(refused.message))
    }

    pub fn attach_target_groups(
        &mut self,
        name: &str,
        arns: &[String],
        by_traffic_sources: bool,
    ) -> Result<(), Refused> {
        let group = self.scaling.group(name)?;
        if group.refreshes.iter().any(Refresh::is_active) {
            let message = format!(
                "An Instance Refresh is in progress and blocks the execution of this operation on group {name}"
            );
            return Err(Refused::new("InstanceRefreshInProgress", message));
        }
        for arn in arns {
            self.check_attachable(arn)?;
        }
        let group = self.scaling.group_mut(name)?;
        let before = group.traffic.clone();
        group
            .traffic
            .retain(|traffic| traffic.takes_new() || !arns.contains(&traffic.arn));
        for arn in arns {
            if group.traffic.iter().all(|traffic| traffic.arn != *arn) {
                group.traffic.push(TrafficSource {
                    arn: arn.clone(),
                    state: Attached::Adding,
                    by_traffic_sources,
                });
            }
        }
        if let Err(refused) = within_limit(group) {
            group.traffic = before;
            return Err(refused);
        }
        let registers = !group.suspends(Process::AddToLoadBalancer);
        let serving = group
            .members
            .iter_mut()
            .filter(|member| registers && member.state == Lifecycle::InService);
        let mut registered = Vec::new();
        for member in serving {
            for arn in arns {
                if member.targets.insert(arn.clone())
                    || before.iter().any(|old| old.arn == *arn && !old.takes_new())
                {
                    registered.push((arn.clone(), member.id.clone()));
                }
            }
        }
        for (arn, id) in registered {
            self.register_instance(&arn, &id);
        }
        self.tell("group", format!("{name}: attached to {}", arns.join(", ")));
        self.look_again(name);
        Ok(())
    }

    pub fn detach_target_groups(
        &mut self,
        name: &str,
        arns: &[String],
        as_traffic_sources: bool,
    ) -> Result<(), Refused> {
        let group = self.scaling.group_mut(name)?;
        // What was attached as a traffic source is detached as one only.
        let knows = |traffic: &&TrafficSource| as_traffic_sources || !traffic.by_traffic_sources;
        if let Some(arn) = arns.iter().find(|arn| {
            let mut known = group.traffic.iter().filter(knows);
            known.all(|traffic| traffic.arn != **arn)
        }) {
            return Err(Refused::invalid(format!(
                "Trying to remove Target Groups that are not part of the group: {arn} is not attached to {name}"
            )));
        }
        let mut leaving = Vec::new();
        for traffic in group
            .traffic
            .iter_mut()
            .filter(|traffic| arns.contains(&traffic.arn))
        {
            traffic.state = Attached::Removing;
            let members = group
                .members
                .iter()
                .filter(|member| member.targets.contains(&traffic.arn));
            leaving.extend(members.map(|member| (traffic.arn.clone(), member.id.clone())));
        }
        for (arn, id) in leaving {
            self.deregister_instance(&arn, &id);
        }
        self.tell("group", format!("{name}: detached from {}", arns.join(", ")));
        self.look_at_group(name);
        Ok(())
    }

    /// Takes attachments further: added, in service after a target has passed, gone when all have drained.
    pub(super) fn settle_traffic(&mut self, name: &str) {
        let Some(group) = self.scaling.groups.get(name) else {
            return;
        };
        let health = |arn: &str, id: &str| self.target_health(arn, id);
        let next: Vec<Option<Attached>> = group
            .traffic
            .iter()
            .map(|traffic| {
                let mut seen = group
                    .members
                    .iter()
                    .filter_map(|member| health(&traffic.arn, &member.id));
                match traffic.state {
                    Attached::Adding => Some(Attached::Added),
                    Attached::Added if seen.any(|health| health.state == "healthy") => {
                        Some(Attached::InService)
                    }
                    Attached::Removing if seen.next().is_none() => None,
                    state => Some(state),
                }
            })
            .collect();
        let Some(group) = self.scaling.groups.get_mut(name) else {
            return;
        };
        for (traffic, next) in group.traffic.iter_mut().zip(&next) {
            match next {
                Some(state) => traffic.state = *state,
                None => group.members.iter_mut().for_each(|member| {
                    member.targets.remove(&traffic.arn);
                }),
            }
        }
        let mut kept = next.iter().map(Option::is_some);
        group.traffic.retain(|_| kept.next().unwrap_or(true));
    }
}

fn within_limit(group: &Group) -> Result<(), Refused> {
    if group.traffic.len() <= limits::TARGET_GROUPS {
        return Ok(());
    }
    Err(Refused::new(
        "LimitExceeded",
        format!("a group may have {} target groups", limits::TARGET_GROUPS),
    ))
}
