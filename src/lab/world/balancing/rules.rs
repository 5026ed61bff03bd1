//! Listener rules: their order, and what may be changed about them.

use std::collections::{BTreeMap, BTreeSet};

use super::actions::{self, Action, Deed};
use super::conditions::{self, Condition};
use super::listeners::Listener;
use super::refusals::{bad_configuration, no_listener, no_rule};
use super::tags::{self, Tags};
use super::{arns, limits};
use crate::lab::refusal::Refused;
use crate::lab::world::World;

/// The highest priority number, which is the last one tried.
const LAST_PRIORITY: i64 = 50_000;

#[derive(Clone, Debug)]
pub struct Rule {
    pub arn: String,
    /// The default rule has none.
    pub priority: Option<i64>,
    pub conditions: Vec<Condition>,
    pub actions: Vec<Action>,
    pub transforms: Vec<Transform>,
    pub tags: Tags,
}

/// A rewrite of the request before it is forwarded. The lab keeps it; its data plane forwards the request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transform {
    /// `host-header-rewrite` or `url-rewrite`.
    pub kind: String,
    /// Regular expression and replacement.
    pub rewrites: Vec<(String, String)>,
}

/// What `CreateRule` is asked for.
#[derive(Clone, Debug, Default)]
pub struct NewRule {
    pub priority: i64,
    pub conditions: Vec<Condition>,
    pub actions: Vec<Action>,
    pub transforms: Vec<Transform>,
    pub tags: Vec<(String, String)>,
}

/// What `ModifyRule` replaces; nothing is left as it is.
#[derive(Clone, Debug, Default)]
pub struct RuleChange {
    pub conditions: Option<Vec<Condition>>,
    pub actions: Option<Vec<Action>>,
    pub transforms: Option<Vec<Transform>>,
    pub reset_transforms: bool,
}

impl Rule {
    pub(super) fn last(arn: String, actions: Vec<Action>) -> Self {
        Self {
            arn,
            priority: None,
            conditions: Vec::new(),
            actions,
            transforms: Vec::new(),
            tags: Tags::new(),
        }
    }

    /// What it does, in a few words.
    pub(super) fn summary(&self) -> String {
        self.actions
            .iter()
            .map(|action| match &action.deed {
                Deed::Forward(forward) => {
                    let named = |(arn, weight): &(String, u32)| {
                        let name = arn.split('/').nth(1).unwrap_or(arn);
                        format!("{name} {weight}")
                    };
                    format!(
                        "forward to {}",
                        forward.groups.iter().map(named).collect::<Vec<_>>().join(", ")
                    )
                }
                Deed::Redirect(redirect) => format!("redirect {}", redirect.status),
                Deed::Fixed(fixed) => format!("answer {}", fixed.status),
                Deed::Authenticate(authenticate) => authenticate.kind.to_owned(),
            })
            .collect::<Vec<_>>()
            .join(", then ")
    }

    fn order(&self) -> i64 {
        self.priority.unwrap_or(i64::MAX)
    }
}

impl World {
    /// `CreateRule`. Gives the ARN.
    pub fn create_rule(&mut self, listener: &str, new: NewRule) -> Result<String, Refused> {
        let there = self.listener(listener)?;
        let balancer = there.balancer.clone();
        check_priority(new.priority)?;
        conditions::check(&new.conditions)?;
        let mut actions = new.actions;
        actions::check(&actions, &there.protocol)?;
        actions::keep_secrets(&mut actions, &[])?;
        check_transforms(&new.transforms)?;
        let tags = tags::first(&new.tags)?;
        if there.rules.iter().any(|rule| rule.priority == Some(new.priority)) {
            return Err(in_use(new.priority));
        }
        let count: usize = self
            .balancing
            .listeners_of(&balancer)
            .map(|listener| listener.rules.len() - 1)
            .sum();
        if count >= limits::RULES {
            return Err(Refused::new(
                "TooManyRules",
                format!(
                    "The load balancer '{balancer}' already has {} rules",
                    limits::RULES
                ),
            ));
        }
        self.check_named_groups(&balancer, None, &actions)?;
        let arn = arns::of_rule(listener, &self.ids.tail());
        let rule = Rule {
            arn: arn.clone(),
            priority: Some(new.priority),
            conditions: new.conditions,
            actions,
            transforms: new.transforms,
            tags,
        };
        self.tell(
            "rule",
            format!("rule {} created: {}", new.priority, rule.summary()),
        );
        let there = self
            .balancing
            .listeners
            .get_mut(listener)
            .ok_or_else(|| no_listener(listener))?;
        there.rules.push(rule);
        reorder(there);
        self.rules_changed();
        Ok(arn)
    }

    /// `ModifyRule`: each thing given is replaced whole.
    pub fn modify_rule(&mut self, arn: &str, change: RuleChange) -> Result<&Rule, Refused> {
        let now = self.rule(arn)?;
        if now.priority.is_none() {
            return Err(not_for_default(arn, "modified; use ModifyListener"));
        }
        let listener = self.listener(&arns::listener_of_rule(arn))?;
        let mut next = now.clone();
        if let Some(conditions) = change.conditions {
            conditions::check(&conditions)?;
            next.conditions = conditions;
        }
        if let Some(mut actions) = change.actions {
            actions::check(&actions, &listener.protocol)?;
            actions::keep_secrets(&mut actions, &now.actions)?;
            self.check_named_groups(&listener.balancer, Some(arn), &actions)?;
            next.actions = actions;
        }
        match (change.transforms, change.reset_transforms) {
            (Some(_), true) => return Err(bad_configuration("ResetTransforms excludes Transforms")),
            (Some(transforms), false) => {
                check_transforms(&transforms)?;
                next.transforms = transforms;
            }
            (None, true) => next.transforms.clear(),
            (None, false) => {}
        }
        self.tell(
            "rule",
            format!("rule {} written: {}", next.order(), next.summary()),
        );
        *self.balancing.rule_mut(arn).ok_or_else(|| no_rule(arn))? = next;
        self.touch_listener_of(arn);
        self.rules_changed();
        self.rule(arn)
    }

    /// `DeleteRule`.
    pub fn delete_rule(&mut self, arn: &str) -> Result<(), Refused> {
        let Some(priority) = self.rule(arn)?.priority else {
            return Err(not_for_default(arn, "deleted"));
        };
        let listener = arns::listener_of_rule(arn);
        if let Some(listener) = self.balancing.listeners.get_mut(&listener) {
            listener.rules.retain(|rule| rule.arn != arn);
            listener.pictured = None;
        }
        self.tell("rule", format!("rule {priority} deleted"));
        self.rules_changed();
        Ok(())
    }

    /// `SetRulePriorities`: all or none; rules may swap theirs. Gives the rules as they are then.
    pub fn set_rule_priorities(&mut self, wanted: &[(String, i64)]) -> Result<Vec<&Rule>, Refused> {
        let mut moved = BTreeMap::new();
        for (arn, priority) in wanted {
            check_priority(*priority)?;
            if self.rule(arn)?.priority.is_none() {
                return Err(not_for_default(arn, "given a priority"));
            }
            if moved.insert(arn.as_str(), *priority).is_some() {
                return Err(Refused::invalid(format!(
                    "The rule '{arn}' is given two priorities"
                )));
            }
        }
        let listeners: BTreeSet<_> = moved.keys().map(|arn| arns::listener_of_rule(arn)).collect();
        for arn in &listeners {
            let mut taken = BTreeSet::new();
            for rule in &self.listener(arn)?.rules {
                let priority = moved.get(rule.arn.as_str()).copied().or(rule.priority);
                if let Some(priority) = priority.filter(|priority| !taken.insert(*priority)) {
                    return Err(in_use(priority));
                }
            }
        }
        for arn in &listeners {
            let Some(listener) = self.balancing.listeners.get_mut(arn) else {
                continue;
            };
            for rule in &mut listener.rules {
                rule.priority = moved.get(rule.arn.as_str()).copied().or(rule.priority);
            }
            reorder(listener);
        }
        for (arn, priority) in wanted {
            self.tell("rule", format!("rule {arn} is now {priority}"));
        }
        self.rules_changed();
        wanted.iter().map(|(arn, _)| self.rule(arn)).collect()
    }

    /// `DescribeRules`: those of a listener in their order, the default rule last; or those named.
    pub fn rules(&self, listener: Option<&str>, arns: &[String]) -> Result<Vec<&Rule>, Refused> {
        match listener {
            Some(listener) => Ok(self.listener(listener)?.rules.iter().collect()),
            None if arns.is_empty() => Err(Refused::invalid(
                "Either ListenerArn or RuleArns must be specified",
            )),
            None => arns.iter().map(|arn| self.rule(arn)).collect(),
        }
    }

    pub fn rule(&self, arn: &str) -> Result<&Rule, Refused> {
        let listener = self.balancing.listeners.get(&arns::listener_of_rule(arn));
        listener
            .and_then(|listener| listener.rules.iter().find(|rule| rule.arn == arn))
            .ok_or_else(|| no_rule(arn))
    }

    fn touch_listener_of(&mut self, rule: &str) {
        if let Some(listener) = self.balancing.listeners.get_mut(&arns::listener_of_rule(rule)) {
            listener.pictured = None;
        }
    }
}

fn reorder(listener: &mut Listener) {
    listener.rules.sort_by_key(Rule::order);
    listener.pictured = None;
}

fn check_priority(priority: i64) -> Result<(), Refused> {
    if (1..=LAST_PRIORITY).contains(&priority) {
        return Ok(());
    }
    Err(Refused::invalid(format!(
        "The rule priority {priority} is not between 1 and {LAST_PRIORITY}"
    )))
}

fn in_use(priority: i64) -> Refused {
    Refused::new(
        "PriorityInUse",
        format!("Priority '{priority}' is currently in use"),
    )
}

fn not_for_default(arn: &str, what: &str) -> Refused {
    Refused::new(
        "OperationNotPermitted",
        format!("The default rule '{arn}' cannot be {what}"),
    )
}

fn check_transforms(transforms: &[Transform]) -> Result<(), Refused> {
    let mut kinds = BTreeSet::new();
    for transform in transforms {
        if !matches!(transform.kind.as_str(), "host-header-rewrite" | "url-rewrite") {
            return Err(Refused::invalid(format!(
                "The transform '{}' is not host-header-rewrite or url-rewrite",
                transform.kind
            )));
        }
        if !kinds.insert(&transform.kind) {
            return Err(bad_configuration(format!(
                "A rule can only have one '{}' transform",
                transform.kind
            )));
        }
        let [(regex, replacement)] = transform.rewrites.as_slice() else {
            return Err(bad_configuration(format!(
                "A '{}' transform needs exactly one rewrite",
                transform.kind
            )));
        };
        if regex.is_empty() || regex.chars().count() > 1024 || replacement.chars().count() > 1024 {
            return Err(Refused::invalid(format!(
                "The regular expression and the replacement of a '{}' transform can have at most 1024 characters",
                transform.kind
            )));
        }
    }
    Ok(())
}
