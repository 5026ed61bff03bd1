//! Instances on their way in: from a launch, or out of the warm pool, into service.

use super::group::Group;
use super::hooks::Transition;
use super::member::{Lifecycle, Member};
use super::source::Source;
use super::suspended::Process;
use crate::lab::world::World;
use crate::lab::world::compute::{Launch, TemplateRef};

/// What a target group's port is when the group has none.
const USUAL_PORT: u16 = 80;

impl World {
    /// Launches an instance into the emptiest zone that takes it; false when none does.
    pub(super) fn launch_for_group(&mut self, name: &str, cause: &str, warm: bool) -> bool {
        let Some(group) = self.scaling.groups.get(name) else {
            return false;
        };
        let source = group.launch_source().clone();
        let template = match self.resolve_template(&source.template) {
            Ok(template) => template,
            Err(refused) => {
                self.note_failed_launch(name, cause, "", &refused.message);
                self.lose_patience(name);
                return false;
            }
        };
        for (zone, subnet) in self.places(name) {
            let Some(launch) = self.launch_of(name, &source, &template, subnet) else {
                return false;
            };
            match self.launch_instance(launch) {
                Ok(instance) => {
                    self.join(name, instance, &zone, template, cause, warm);
                    return true;
                }
                Err(refused) => self.note_failed_launch(name, cause, &zone, &refused.message),
            }
        }
        self.lose_patience(name);
        false
    }

    fn note_failed_launch(&mut self, name: &str, cause: &str, zone: &str, why: &str) {
        let message = format!("{why} Launching EC2 instance failed.");
        let description = format!("Launching a new EC2 instance.  Status Reason: {message}");
        let id = self.begin_activity(name, description, cause.to_owned(), "PreInService", zone);
        // The API's shape ends there.
        self.end_activity(Some(&id), "Failed", Some(message.chars().take(255).collect()));
    }

    /// Zones with a subnet in each, the emptiest first.
    fn places(&self, name: &str) -> Vec<(String, String)> {
        let Some(group) = self.scaling.groups.get(name) else {
            return Vec::new();
        };
        let mut zones = group.zones.clone();
        zones.sort_by_key(|zone| group.in_zone(zone));
        let place = |zone: String| {
            let own: Vec<&String> = group
                .subnets
                .iter()
                .filter(|subnet| self.subnet_zone(subnet).is_ok_and(|found| found == zone))
                .collect();
            let turn = usize::try_from(group.in_zone(&zone)).unwrap_or(0);
            let subnet = match own.get(turn % own.len().max(1)) {
                Some(subnet) => (*subnet).clone(),
                None => self.default_subnet(&zone).ok()?,
            };
            Some((zone, subnet))
        };
        zones.into_iter().filter_map(place).collect()
    }

    fn launch_of(
        &self,
        name: &str,
        source: &Source,
        template: &TemplateRef,
        subnet: String,
    ) -> Option<Launch> {
        let group = self.scaling.groups.get(name)?;
        let mut tags: Vec<_> = group
            .tags
            .values()
            .filter(|tag| tag.propagate)
            .map(|tag| (tag.key.clone(), tag.value.clone()))
            .collect();
        tags.push(("aws:autoscaling:groupName".to_owned(), name.to_owned()));
        let port = group
            .traffic
            .iter()
            .find_map(|traffic| self.target_port(&traffic.arn))
            .unwrap_or(USUAL_PORT);
        Some(Launch {
            template: template.clone(),
            instance_type: source.instance_type.clone(),
            image: source.image.clone(),
            subnet,
            tags,
            port,
        })
    }

    fn join(&mut self, name: &str, id: String, zone: &str, template: TemplateRef, cause: &str, warm: bool) {
        let pool = if warm { " into the warm pool" } else { "" };
        let description = format!("Launching a new EC2 instance{pool}: {id}");
        let activity = self.begin_activity(name, description, cause.to_owned(), "PreInService", zone);
        self.continue_activity(Some(&activity), "PreInService", 30);
        let instance_type = self
            .instance(&id)
            .map_or_else(String::new, |instance| instance.instance_type.clone());
        let launched = self.now;
        let Some(group) = self.scaling.groups.get_mut(name) else {
            return;
        };
        group.retry_at = None;
        group.members.push(Member {
            id,
            zone: zone.to_owned(),
            instance_type,
            template: Some(template),
            state: if warm {
                Lifecycle::WarmedPending
            } else {
                Lifecycle::Pending
            },
            ailment: None,
            protected: group.protects_new,
            launched,
            in_service_since: None,
            activity: Some(activity),
            waits: Vec::new(),
            targets: Default::default(),
            gone: false,
            running: false,
        });
    }

    /// A launched instance runs: its hooks are next, then the service.
    pub(super) fn member_is_running(&mut self, name: &str, id: &str) {
        let Some(member) = self
            .scaling
            .groups
            .get_mut(name)
            .and_then(|group| group.member_mut(id))
        else {
            return;
        };
        member.running = true;
        self.go_on_in(name, id);
        self.look_at_group(name);
    }

    /// Takes an instance that runs further in: to its launch hooks, or past them.
    pub(super) fn go_on_in(&mut self, name: &str, id: &str) {
        let Some(state) = self
            .scaling
            .groups
            .get(name)
            .and_then(|group| group.member(id))
            .map(|member| member.state)
        else {
            return;
        };
        match state {
            Lifecycle::Pending
                if self.begin_waits(name, id, Transition::Launching, Lifecycle::PendingWait) => {}
            Lifecycle::WarmedPending
                if self.begin_waits(name, id, Transition::Launching, Lifecycle::WarmedPendingWait) => {}
            Lifecycle::Pending => self.enter_service(name, id),
            Lifecycle::WarmedPending => self.rest_in_warm_pool(name, id),
            _ => {}
        }
    }

    /// Registers an instance with the group's target groups and counts it as in service.
    pub(super) fn enter_service(&mut self, name: &str, id: &str) {
        let Some(group) = self.scaling.groups.get(name) else {
            return;
        };
        let targets: Vec<String> = if group.suspends(Process::AddToLoadBalancer) {
            Vec::new()
        } else {
            group
                .traffic
                .iter()
                .filter(|traffic| traffic.takes_new())
                .map(|traffic| traffic.arn.clone())
                .collect()
        };
        for target in &targets {
            self.register_instance(target, id);
        }
        let now = self.now;
        let Some(group) = self.scaling.groups.get_mut(name) else {
            return;
        };
        group.failures = 0;
        let Some(member) = group.member_mut(id) else {
            return;
        };
        member.state = Lifecycle::InService;
        member.in_service_since = Some(now);
        member.targets.extend(targets);
        let activity = member.activity.take();
        self.end_activity(activity.as_deref(), "Successful", None);
        self.tell("group", format!("{name}: {id} is in service"));
    }
}

impl Group {
    /// What the next instance is launched from: what an unfinished refresh goes to, or the group's own.
    pub(super) fn launch_source(&self) -> &Source {
        self.refreshes
            .iter()
            .find_map(|refresh| refresh.source_now())
            .unwrap_or(&self.source)
    }
}
