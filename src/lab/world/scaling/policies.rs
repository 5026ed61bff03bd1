//! Scaling policies: what is kept of them, and what they do when they are called.

use super::adjusting::Adjustment;
use super::capacity::seconds_of;
use super::group::{Group, count};
use super::limits;
use super::member::Lifecycle;
use super::suspended::Process;
use super::tracking::Tracking;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;

#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub name: String,
    pub arn: String,
    pub enabled: bool,
    pub kind: Kind,
    /// Alarms of its own, which go when it goes.
    pub(super) alarms: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Simple {
        adjustment: Adjustment,
        by: i64,
        cooldown: Option<i64>,
    },
    Step {
        adjustment: Adjustment,
        steps: Vec<Step>,
        aggregation: String,
        warmup: Option<i64>,
    },
    Tracking(Tracking),
    /// Kept and described: a forecast needs days of data.
    Predictive(Tree),
}

impl Kind {
    /// As the API writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Simple { .. } => "SimpleScaling",
            Self::Step { .. } => "StepScaling",
            Self::Tracking(_) => "TargetTrackingScaling",
            Self::Predictive(_) => "PredictiveScaling",
        }
    }
}

/// Bounds are distances from the alarm's threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    pub by: i64,
}

impl Step {
    // The bound nearer to the threshold belongs to the step, the farther one to the next.
    fn covers(&self, distance: f64) -> bool {
        if distance >= 0.0 {
            self.lower.is_none_or(|lower| distance >= lower)
                && self.upper.is_none_or(|upper| distance < upper)
        } else {
            self.lower.is_none_or(|lower| distance > lower)
                && self.upper.is_none_or(|upper| distance <= upper)
        }
    }
}

impl World {
    /// Puts a policy in place of one of the same name; gives its ARN.
    pub fn put_policy(
        &mut self,
        group: &str,
        name: &str,
        enabled: bool,
        kind: Kind,
    ) -> Result<String, Refused> {
        self.check_policy(group, &kind)?;
        let found = self.scaling.group(group)?;
        let earlier = found.policies.get(name).cloned();
        if earlier.is_none() && found.policies.len() >= limits::POLICIES {
            return Err(Refused::new(
                "LimitExceeded",
                format!("a group may have {} policies", limits::POLICIES),
            ));
        }
        let arn = match &earlier {
            Some(earlier) => {
                self.delete_alarms(&earlier.alarms)?;
                earlier.arn.clone()
            }
            None => format!(
                "arn:aws:autoscaling:{}:{}:scalingPolicy:{}:autoScalingGroupName/{group}:policyName/{name}",
                self.settings.region,
                self.settings.account,
                self.ids.uuid()
            ),
        };
        let alarms = match &kind {
            Kind::Tracking(tracking) => self.put_tracking_alarms(group, &arn, tracking)?,
            _ => Vec::new(),
        };
        let policy = Policy {
            name: name.to_owned(),
            arn: arn.clone(),
            enabled,
            kind,
            alarms,
        };
        self.scaling
            .group_mut(group)?
            .policies
            .insert(name.to_owned(), policy);
        self.tell("group", format!("{group}: policy {name} is in place"));
        Ok(arn)
    }

    fn check_policy(&self, group: &str, kind: &Kind) -> Result<(), Refused> {
        let found = self.scaling.group(group)?;
        match kind {
            Kind::Tracking(tracking) => self.check_tracking(found, tracking),
            Kind::Predictive(configuration) => {
                for label in resource_labels(configuration) {
                    self.check_resource_label(found, label)?;
                }
                Ok(())
            }
            Kind::Step { steps, .. } if !(1..=limits::STEPS).contains(&steps.len()) => Err(Refused::invalid(
                format!("StepAdjustments must have 1 to {} steps", limits::STEPS),
            )),
            _ => Ok(()),
        }
    }

    /// The policy may be named by its ARN, too.
    pub fn delete_policy(&mut self, group: &str, policy: &str) -> Result<(), Refused> {
        let found = self.scaling.group_mut(group)?;
        let name = found
            .policies
            .values()
            .find(|kept| kept.name == policy || kept.arn == policy);
        let Some(name) = name.map(|kept| kept.name.clone()) else {
            return Err(Refused::invalid(format!(
                "No policy {policy} found in group {group}"
            )));
        };
        if let Some(policy) = found.policies.remove(&name) {
            self.delete_alarms(&policy.alarms)?;
            self.forget_policy(&policy.arn);
        }
        Ok(())
    }

    /// Names and ARNs of the alarms that call on a policy.
    pub fn policy_alarms(&self, arn: &str) -> Vec<(String, String)> {
        self.alarms_of(arn)
    }

    /// The group and name of a policy.
    pub fn policy_by_arn(&self, arn: &str) -> Option<(&Group, &Policy)> {
        self.scaling
            .groups
            .values()
            .find_map(|group| Some((group, group.policies.values().find(|policy| policy.arn == arn)?)))
    }

    pub fn execute_policy(
        &mut self,
        group: &str,
        policy: &str,
        honors_cooldown: bool,
        metric: Option<(f64, f64)>,
    ) -> Result<(), Refused> {
        self.check_free(group, honors_cooldown)?;
        let found = self.scaling.group(group)?;
        let policy = found
            .policies
            .values()
            .find(|kept| kept.name == policy || kept.arn == policy)
            .ok_or_else(|| Refused::invalid(format!("No policy {policy} found in group {group}")))?
            .clone();
        let wanted = match (&policy.kind, metric) {
            (Kind::Simple { adjustment, by, .. }, _) => Some(adjustment.applied(found.desired, *by)),
            (Kind::Step { .. }, None) => {
                return Err(Refused::invalid(
                    "MetricValue and BreachThreshold are required for step scaling policies",
                ));
            }
            (
                Kind::Step {
                    adjustment,
                    steps,
                    warmup,
                    ..
                },
                Some((value, threshold)),
            ) => self.stepped(found, adjustment, steps, *warmup, value - threshold),
            (kind, _) => {
                let message = format!("a policy of type {} cannot be executed by a call", kind.name());
                return Err(Refused::invalid(message));
            }
        };
        let cause = format!(
            "At {} a user request executed policy {} changing the desired capacity",
            self.stamp(),
            policy.name
        );
        self.scale_to(group, &policy, wanted, &cause);
        Ok(())
    }

    /// An alarm in state ALARM calls on a policy.
    pub(super) fn alarm_calls_on(&mut self, arn: &str, value: f64, threshold: f64) {
        let Some((group, policy)) = self.policy_by_arn(arn) else {
            return;
        };
        if group.deleting || !policy.enabled || group.suspends(Process::AlarmNotification) {
            return;
        }
        let (name, policy) = (group.name.clone(), policy.clone());
        let wanted = match &policy.kind {
            Kind::Simple { .. } if group.cooldown_until.is_some_and(|until| until > self.now) => None,
            Kind::Simple { adjustment, by, .. } => Some(adjustment.applied(group.desired, *by)),
            Kind::Step {
                adjustment,
                steps,
                warmup,
                ..
            } => self.stepped(group, adjustment, steps, *warmup, value - threshold),
            Kind::Tracking(tracking) => self.tracked(group, tracking, value),
            Kind::Predictive(_) => None,
        };
        let alarm = self.calling_alarm(&policy, value, threshold);
        let cause = format!(
            "At {} a monitor alarm {alarm} in state ALARM triggered policy {} changing the desired capacity",
            self.stamp(),
            policy.name
        );
        self.scale_to(&name, &policy, wanted, &cause);
    }

    fn calling_alarm(&self, policy: &Policy, value: f64, threshold: f64) -> String {
        let side = if value >= threshold {
            "AlarmHigh"
        } else {
            "AlarmLow"
        };
        let alarms = self.alarms_of(&policy.arn);
        let named = alarms
            .iter()
            .find(|(name, _)| name.contains(side))
            .or(alarms.first());
        named.map_or_else(|| "of this policy".to_owned(), |(name, _)| name.clone())
    }

    fn scale_to(&mut self, name: &str, policy: &Policy, wanted: Option<i64>, cause: &str) {
        let (Some(wanted), Ok(group)) = (wanted, self.scaling.group(name)) else {
            return;
        };
        let wanted = wanted.clamp(group.min, group.max);
        if wanted == group.desired {
            return;
        }
        if let Kind::Simple { cooldown, .. } = &policy.kind {
            let cooldown = cooldown.unwrap_or(group.default_cooldown);
            self.cool_down(name, cooldown);
        }
        self.change_desired(name, wanted, cause);
    }

    fn stepped(
        &self,
        group: &Group,
        adjustment: &Adjustment,
        steps: &[Step],
        warmup: Option<i64>,
        distance: f64,
    ) -> Option<i64> {
        let step = steps.iter().find(|step| step.covers(distance))?;
        let warming = self.warming_up(group, warmup);
        // What already comes up counts towards the step, so that a lasting alarm does not add it again and again.
        let wanted = adjustment.applied(group.desired - warming, step.by);
        match wanted {
            more if more > group.desired - warming => Some(more.max(group.desired)),
            less if warming == 0 => Some(less),
            _ => None,
        }
    }

    /// How many instances do not count in metrics yet.
    pub(super) fn warming_up(&self, group: &Group, warmup: Option<i64>) -> i64 {
        let warmup = warmup.or(group.default_warmup).unwrap_or(group.default_cooldown);
        let warmup = self.pace(seconds_of(warmup));
        count(group.members.iter().filter(|member| {
            let warm = member
                .in_service_since
                .is_some_and(|since| since + warmup <= self.now);
            member.state.counts() && !(member.state == Lifecycle::InService && warm)
        }))
    }
}

/// Every `ResourceLabel` in a configuration, however deep.
fn resource_labels(tree: &Tree) -> Vec<&str> {
    match tree {
        Tree::Map(members) => members
            .iter()
            .flat_map(|(name, value)| match value {
                Tree::Text(label) if name == "ResourceLabel" => vec![label.as_str()],
                value => resource_labels(value),
            })
            .collect(),
        Tree::List(items) => items.iter().flat_map(resource_labels).collect(),
        _ => Vec::new(),
    }
}
