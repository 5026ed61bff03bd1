//! Scheduled actions: sizes that a group takes at a time, once or again and again.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::ScalingTimer;
use super::cron::Cron;
use super::limits;
use super::suspended::Process;
use crate::lab::refusal::Refused;
use crate::lab::world::World;
use crate::lab::world::time::Timer;

#[derive(Clone, Debug, PartialEq)]
pub struct ScheduledAction {
    pub name: String,
    pub arn: String,
    /// When it runs next, as it is described.
    pub start: Option<Timestamp>,
    pub end: Option<Timestamp>,
    pub recurrence: Option<String>,
    pub time_zone: Option<String>,
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub desired: Option<i64>,
}

impl World {
    /// `action.arn` is made here.
    pub fn put_scheduled_action(&mut self, group: &str, action: ScheduledAction) -> Result<(), Refused> {
        let now = self.clock();
        let found = self.scaling.group(group)?;
        if action.min.is_none() && action.max.is_none() && action.desired.is_none() {
            return Err(Refused::invalid(
                "At least one of DesiredCapacity, MinSize or MaxSize must be specified",
            ));
        }
        if let (Some(min), Some(max)) = (action.min, action.max)
            && min > max
        {
            return Err(Refused::invalid(format!(
                "Max bound, {max}, must be greater than or equal to min bound, {min}"
            )));
        }
        if action.start.is_some_and(|start| start < now) {
            return Err(Refused::invalid(format!(
                "Given start time is in the past: it is {now} now"
            )));
        }
        if action
            .end
            .is_some_and(|end| end < now || action.start.is_some_and(|start| end < start))
        {
            return Err(Refused::invalid(
                "Given end time is in the past or before the start time",
            ));
        }
        let start = match action.start {
            Some(start) => start,
            None => next_run(&action, now)?
                .ok_or_else(|| Refused::invalid("StartTime or Recurrence is required"))?,
        };
        // Checked although a start time is given: the recurrence begins after it.
        next_run(&action, now)?;
        let taken = |other: &&ScheduledAction| other.name != action.name && other.start == Some(start);
        if let Some(other) = found.schedules.values().find(taken) {
            let message = format!(
                "scheduled action {} of group {group} is already scheduled for {start}",
                other.name
            );
            return Err(Refused::new("AlreadyExists", message));
        }
        let earlier = found.schedules.get(&action.name);
        if earlier.is_none() && found.schedules.len() >= limits::SCHEDULED_ACTIONS {
            let message = format!("a group may have {} scheduled actions", limits::SCHEDULED_ACTIONS);
            return Err(Refused::new("LimitExceeded", message));
        }
        let arn = match earlier {
            Some(earlier) => earlier.arn.clone(),
            None => format!(
                "arn:aws:autoscaling:{}:{}:scheduledUpdateGroupAction:{}:autoScalingGroupName/{group}:scheduledActionName/{}",
                self.settings.region,
                self.settings.account,
                self.ids.uuid(),
                action.name
            ),
        };
        let name = action.name.clone();
        let action = ScheduledAction {
            arn,
            start: Some(start),
            ..action
        };
        self.scaling
            .group_mut(group)?
            .schedules
            .insert(name.clone(), action);
        self.ring_at(group, &name, start);
        Ok(())
    }

    pub fn delete_scheduled_action(&mut self, group: &str, action: &str) -> Result<(), Refused> {
        match self.scaling.group_mut(group)?.schedules.remove(action) {
            Some(_) => Ok(()),
            None => Err(Refused::invalid(format!(
                "Scheduled action name not found: {action}"
            ))),
        }
    }

    pub(super) fn run_scheduled_action(&mut self, group: &str, name: &str) {
        let now = self.clock();
        let Some(found) = self.scaling.groups.get_mut(group) else {
            return;
        };
        let Some(action) = found
            .schedules
            .get(name)
            .filter(|action| action.start.is_some_and(|start| start <= now))
        else {
            return;
        };
        let action = action.clone();
        let suspended = found.suspends(Process::ScheduledActions);
        let next = next_run(&action, now)
            .ok()
            .flatten()
            .filter(|next| action.end.is_none_or(|end| *next <= end));
        match next {
            Some(next) => {
                if let Some(kept) = found.schedules.get_mut(name) {
                    kept.start = Some(next);
                }
                self.ring_at(group, name, next);
            }
            None => {
                found.schedules.remove(name);
            }
        }
        if !suspended {
            self.apply_scheduled_action(group, &action);
        }
    }

    fn apply_scheduled_action(&mut self, group: &str, action: &ScheduledAction) {
        let stamp = self.stamp();
        let Some(found) = self.scaling.groups.get_mut(group) else {
            return;
        };
        found.min = action.min.unwrap_or(found.min);
        found.max = action.max.unwrap_or(found.max).max(found.min);
        let desired = action
            .desired
            .unwrap_or(found.desired)
            .clamp(found.min, found.max);
        let cause = format!(
            "At {stamp} a scheduled action update of AutoScalingGroup constraints to min: {}, max: {}, desired: {desired} changing the desired capacity",
            found.min, found.max
        );
        self.tell("group", format!("{group}: scheduled action {} runs", action.name));
        self.change_desired(group, desired, &cause);
    }

    // Schedules follow the wall clock, which the lab's speed does not bend.
    fn ring_at(&mut self, group: &str, action: &str, at: Timestamp) {
        let Some(arn) = self.scaling.groups.get(group).map(|group| group.arn.clone()) else {
            return;
        };
        let wait = Duration::try_from(at.duration_since(self.clock())).unwrap_or(Duration::ZERO);
        let timer = ScalingTimer::Schedule {
            group: arn,
            action: action.to_owned(),
        };
        self.later(wait.mul_f64(self.settings.speed), Timer::Scaling(timer));
    }
}

/// When the recurrence comes next, if there is one.
fn next_run(action: &ScheduledAction, after: Timestamp) -> Result<Option<Timestamp>, Refused> {
    let zone = match &action.time_zone {
        Some(name) => TimeZone::get(name)
            .map_err(|_| Refused::invalid(format!("TimeZone {name} is not a known time zone")))?,
        None => TimeZone::UTC,
    };
    let Some(recurrence) = &action.recurrence else {
        return Ok(None);
    };
    let cron = Cron::parse(recurrence)
        .ok_or_else(|| Refused::invalid(format!("Given recurrence string:{recurrence} is invalid")))?;
    Ok(cron.next(after, &zone))
}
