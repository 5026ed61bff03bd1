//! Which target groups the rules name: whether they may, and what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use super::actions::{self, Action, Deed};
use super::listeners::Listener;
use super::rules::Rule;
use super::{Balancing, arns, limits};
use crate::lab::refusal::Refused;
use crate::lab::world::World;

impl Balancing {
    pub(super) fn listeners_of(&self, balancer: &str) -> impl Iterator<Item = &Listener> {
        self.listeners
            .values()
            .filter(move |listener| listener.balancer == balancer)
    }

    pub(super) fn listener_at(&self, balancer: &str, port: u16) -> Option<&Listener> {
        self.listeners_of(balancer).find(|listener| listener.port == port)
    }

    pub(super) fn rule_mut(&mut self, arn: &str) -> Option<&mut Rule> {
        let listener = self.listeners.get_mut(&arns::listener_of_rule(arn))?;
        listener.rules.iter_mut().find(|rule| rule.arn == arn)
    }

    fn rules(&self) -> impl Iterator<Item = (&str, &Rule)> {
        self.listeners.values().flat_map(|listener| {
            listener
                .rules
                .iter()
                .map(|rule| (listener.balancer.as_str(), rule))
        })
    }

    /// Whether a rule names this target group as one of several and keeps no client with one of them.
    pub(super) fn shares_without_stickiness(&self, group: &str) -> bool {
        self.rules()
            .flat_map(|(_, rule)| actions::forwards(&rule.actions))
            .any(|forward| {
                forward.groups.len() > 1
                    && !forward.sticky
                    && forward.groups.iter().any(|(named, _)| named == group)
            })
    }
}

impl World {
    /// Whether a rule of this load balancer may have these actions, which are to replace those of rule `replaced`.
    pub(super) fn check_named_groups(
        &self,
        balancer: &str,
        replaced: Option<&str>,
        actions: &[Action],
    ) -> Result<(), Refused> {
        for forward in actions::forwards(actions) {
            for (group, _) in &forward.groups {
                let there = self.target_group(group)?;
                if let Some(other) = self.user_besides(group, balancer) {
                    return Err(Refused::new(
                        "TargetGroupAssociationLimit",
                        format!("The target group '{group}' already belongs to the load balancer '{other}'"),
                    ));
                }
                let authenticated = actions
                    .iter()
                    .any(|action| matches!(action.deed, Deed::Authenticate(_)));
                if authenticated && there.version != "HTTP1" {
                    return Err(Refused::new(
                        "IncompatibleProtocols",
                        format!(
                            "The target group '{group}' speaks {}, which allows forward actions only",
                            there.version
                        ),
                    ));
                }
                if there.attributes.is_on("stickiness.enabled") && forward.groups.len() > 1 && !forward.sticky
                {
                    return Err(Refused::new(
                        "InvalidLoadBalancerAction",
                        format!(
                            "You must enable group stickiness on a rule if you enabled target stickiness on one of its \
                             target groups, and '{group}' has it"
                        ),
                    ));
                }
            }
        }
        self.check_group_count(balancer, replaced, actions)
    }

    fn user_besides(&self, group: &str, balancer: &str) -> Option<&str> {
        self.balancing
            .users
            .get(group)
            .map(String::as_str)
            .filter(|user| *user != balancer)
    }

    fn check_group_count(
        &self,
        balancer: &str,
        replaced: Option<&str>,
        actions: &[Action],
    ) -> Result<(), Refused> {
        let others = self
            .balancing
            .rules()
            .filter(|(of, rule)| *of == balancer && Some(rule.arn.as_str()) != replaced)
            .flat_map(|(_, rule)| actions::forwards(&rule.actions));
        let groups: BTreeSet<&str> = others
            .chain(actions::forwards(actions))
            .flat_map(|forward| forward.groups.iter().map(|(group, _)| group.as_str()))
            .collect();
        if groups.len() > limits::TARGET_GROUPS_PER_BALANCER {
            return Err(Refused::new(
                "TooManyUniqueTargetGroupsPerLoadBalancer",
                format!(
                    "The rules of the load balancer '{balancer}' can name at most {} target groups",
                    limits::TARGET_GROUPS_PER_BALANCER
                ),
            ));
        }
        let targets: usize = groups
            .iter()
            .filter_map(|group| self.balancing.target_groups.get(*group))
            .map(|group| group.targets.len())
            .sum();
        if targets > limits::TARGETS {
            return Err(Refused::new(
                "TooManyTargets",
                format!(
                    "The load balancer '{balancer}' can have at most {} targets",
                    limits::TARGETS
                ),
            ));
        }
        Ok(())
    }

    /// Rules were written: target groups may have come into use, or fallen out of it.
    pub(super) fn rules_changed(&mut self) {
        let mut users = BTreeMap::new();
        for (balancer, rule) in self.balancing.rules() {
            for (group, _) in actions::forwards(&rule.actions).flat_map(|forward| &forward.groups) {
                users.insert(group.clone(), balancer.to_owned());
            }
        }
        let before = std::mem::replace(&mut self.balancing.users, users);
        let changed: Vec<String> = before
            .keys()
            .chain(self.balancing.users.keys())
            .filter(|group| before.get(*group) != self.balancing.users.get(*group))
            .cloned()
            .collect();
        for group in &changed {
            self.reassess(group);
        }
        self.balancing.picture_changed = true;
    }

    pub(super) fn reassess_groups_of(&mut self, balancer: &str) {
        let users = self.balancing.users.iter();
        let groups: Vec<String> = users
            .filter(|(_, user)| *user == balancer)
            .map(|(group, _)| group.clone())
            .collect();
        for group in &groups {
            self.reassess(group);
        }
    }
}
