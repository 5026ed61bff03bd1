//! Lifecycle hooks: what an instance waits for on its way in and out.

use std::time::Duration;

use super::ScalingTimer;
use super::capacity::seconds_of;
use super::limits;
use super::member::Lifecycle;
use crate::lab::refusal::Refused;
use crate::lab::world::World;
use crate::lab::world::time::{Moment, Timer};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    Launching,
    Terminating,
}

impl Transition {
    pub fn name(self) -> &'static str {
        match self {
            Self::Launching => "autoscaling:EC2_INSTANCE_LAUNCHING",
            Self::Terminating => "autoscaling:EC2_INSTANCE_TERMINATING",
        }
    }

    pub fn read(name: &str) -> Result<Self, Refused> {
        [Self::Launching, Self::Terminating]
            .into_iter()
            .find(|transition| transition.name() == name)
            .ok_or_else(|| {
                Refused::invalid(format!(
                    "{name} is not a lifecycle transition that instances make here"
                ))
            })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Hook {
    pub name: String,
    pub transition: Transition,
    pub heartbeat: i64,
    pub abandons: bool,
    pub notification_target: Option<String>,
    pub role: Option<String>,
    pub metadata: Option<String>,
}

impl Hook {
    pub fn new(name: &str, transition: Transition) -> Self {
        Self {
            name: name.to_owned(),
            transition,
            heartbeat: 3600,
            abandons: true,
            notification_target: None,
            role: None,
            metadata: None,
        }
    }

    /// An instance waits for at most 48 hours or a hundred heartbeats, whatever is less.
    pub fn global_timeout(&self) -> i64 {
        (self.heartbeat * 100).min(48 * 3600)
    }
}

/// One lifecycle action that an instance waits for.
#[derive(Clone, Debug)]
pub struct Wait {
    pub(super) hook: String,
    pub token: String,
    until: Moment,
    at_most_until: Moment,
    heartbeat: Duration,
    abandons: bool,
}

impl World {
    pub fn put_hook(&mut self, name: &str, hook: Hook) -> Result<(), Refused> {
        if !(30..=7200).contains(&hook.heartbeat) {
            return Err(Refused::invalid(format!(
                "HeartbeatTimeout is {}; it must be 30 to 7200 seconds",
                hook.heartbeat
            )));
        }
        let group = self.scaling.group_mut(name)?;
        if group.hooks.len() >= limits::HOOKS && !group.hooks.contains_key(&hook.name) {
            return Err(Refused::new(
                "LimitExceeded",
                format!("a group may have {} hooks", limits::HOOKS),
            ));
        }
        group.hooks.insert(hook.name.clone(), hook);
        Ok(())
    }

    /// Actions that wait for the hook are completed: what launches is abandoned, what terminates goes on.
    pub fn delete_hook(&mut self, name: &str, hook: &str) -> Result<(), Refused> {
        let group = self.scaling.group_mut(name)?;
        let Some(hook) = group.hooks.remove(hook) else {
            return Err(Refused::invalid(format!(
                "No Lifecycle Hook found with name: {hook}"
            )));
        };
        let waiting = group
            .members
            .iter()
            .filter(|member| member.waits.iter().any(|wait| wait.hook == hook.name));
        let waiting: Vec<String> = waiting.map(|member| member.id.clone()).collect();
        for id in waiting {
            self.finish_wait(
                name,
                &id,
                &hook.name,
                hook.transition == Transition::Launching,
                "the hook was deleted",
            );
        }
        Ok(())
    }

    /// `result` is `CONTINUE` or `ABANDON`; the instance is named by its id or by the action's token.
    pub fn complete_lifecycle_action(
        &mut self,
        name: &str,
        hook: &str,
        instance: Option<&str>,
        token: Option<&str>,
        result: &str,
    ) -> Result<(), Refused> {
        let abandoned = match result {
            "CONTINUE" => false,
            "ABANDON" => true,
            other => {
                return Err(Refused::invalid(format!(
                    "LifecycleActionResult is {other}, not CONTINUE or ABANDON"
                )));
            }
        };
        let id = self.waiting_instance(name, hook, instance, token)?;
        let why = format!("Lifecycle Action Completed with {result} Result");
        self.finish_wait(name, &id, hook, abandoned, &why);
        Ok(())
    }

    pub fn heartbeat(
        &mut self,
        name: &str,
        hook: &str,
        instance: Option<&str>,
        token: Option<&str>,
    ) -> Result<(), Refused> {
        let id = self.waiting_instance(name, hook, instance, token)?;
        let now = self.now;
        let Some(group) = self.scaling.groups.get_mut(name) else {
            return Ok(());
        };
        let arn = group.arn.clone();
        let Some(wait) = group
            .member_mut(&id)
            .and_then(|member| member.waits.iter_mut().find(|wait| wait.hook == hook))
        else {
            return Ok(());
        };
        let (token, heartbeat) = (wait.token.clone(), wait.heartbeat);
        let until = now + heartbeat.div_f64(self.settings.speed);
        wait.until = until.min(wait.at_most_until);
        self.later(
            heartbeat,
            Timer::Scaling(ScalingTimer::Hook {
                group: arn,
                instance: id,
                token,
            }),
        );
        Ok(())
    }

    fn waiting_instance(
        &self,
        name: &str,
        hook: &str,
        instance: Option<&str>,
        token: Option<&str>,
    ) -> Result<String, Refused> {
        let group = self.scaling.group(name)?;
        if instance.is_none() && token.is_none() {
            return Err(Refused::invalid(
                "either InstanceId or LifecycleActionToken is required",
            ));
        }
        let waits = |wait: &Wait| wait.hook == hook && token.is_none_or(|token| token == wait.token);
        group
            .members
            .iter()
            .filter(|member| instance.is_none_or(|instance| instance == member.id))
            .find(|member| member.waits.iter().any(waits))
            .map(|member| member.id.clone())
            .ok_or_else(|| {
                let named = instance.map_or_else(
                    || format!("token {}", token.unwrap_or_default()),
                    |instance| format!("instance ID {instance}"),
                );
                Refused::invalid(format!(
                    "No active Lifecycle Action found with {named} for hook {hook}"
                ))
            })
    }

    /// Lets an instance wait for the group's hooks of a transition; false when there are none.
    pub(super) fn begin_waits(
        &mut self,
        name: &str,
        id: &str,
        transition: Transition,
        state: Lifecycle,
    ) -> bool {
        let Some(group) = self.scaling.groups.get(name) else {
            return false;
        };
        let arn = group.arn.clone();
        let hooks: Vec<Hook> = group
            .hooks
            .values()
            .filter(|hook| hook.transition == transition)
            .cloned()
            .collect();
        if hooks.is_empty() {
            return false;
        }
        let mut waits = Vec::new();
        for hook in hooks {
            let heartbeat = seconds_of(hook.heartbeat);
            let token = self.ids.uuid();
            waits.push(Wait {
                hook: hook.name.clone(),
                token: token.clone(),
                until: self.now + self.pace(heartbeat),
                at_most_until: self.now + self.pace(seconds_of(hook.global_timeout())),
                heartbeat,
                abandons: hook.abandons,
            });
            self.tell("group", format!("{name}: {id} waits for hook {}", hook.name));
            let timer = ScalingTimer::Hook {
                group: arn.clone(),
                instance: id.to_owned(),
                token,
            };
            self.later(heartbeat, Timer::Scaling(timer));
        }
        let Some(member) = self
            .scaling
            .groups
            .get_mut(name)
            .and_then(|group| group.member_mut(id))
        else {
            return false;
        };
        member.state = state;
        member.waits = waits;
        let activity = member.activity.clone();
        self.continue_activity(activity.as_deref(), "MidLifecycleAction", 60);
        true
    }

    pub(super) fn expire_lifecycle_action(&mut self, name: &str, id: &str, token: &str) {
        let now = self.now;
        let Some(member) = self.scaling.groups.get(name).and_then(|group| group.member(id)) else {
            return;
        };
        let Some(wait) = member
            .waits
            .iter()
            .find(|wait| wait.token == token && wait.until <= now)
        else {
            return;
        };
        let (hook, abandons) = (wait.hook.clone(), wait.abandons);
        self.finish_wait(name, id, &hook, abandons, "Heartbeat Timeout");
    }

    fn finish_wait(&mut self, name: &str, id: &str, hook: &str, abandoned: bool, why: &str) {
        let Some(member) = self
            .scaling
            .groups
            .get_mut(name)
            .and_then(|group| group.member_mut(id))
        else {
            return;
        };
        let Some(place) = member.waits.iter().position(|wait| wait.hook == hook) else {
            return;
        };
        let wait = member.waits.remove(place);
        let done = member.waits.is_empty();
        let (state, activity) = (member.state, member.activity.clone());
        match state {
            Lifecycle::PendingWait | Lifecycle::WarmedPendingWait if abandoned => {
                let message = format!(
                    "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token {} was abandoned: {why}",
                    wait.token
                );
                self.end_activity(activity.as_deref(), "Cancelled", Some(message));
                self.lose_patience(name);
                let cause = format!(
                    "At {} an instance was taken out of service in response to a launch that was abandoned by lifecycle hook {hook}.",
                    self.stamp()
                );
                self.begin_termination(name, id, cause);
            }
            Lifecycle::PendingWait if done => self.enter_service(name, id),
            Lifecycle::WarmedPendingWait if done => self.rest_in_warm_pool(name, id),
            Lifecycle::TerminatingWait if done || abandoned => self.end_member(name, id),
            _ => return,
        }
        self.look_at_group(name);
    }
}
