//! Alarms at work: a metric alarm looks at its periods as they end, a composite alarm at its children as they change, and both act.
//!
//! In a sped up lab an alarm's period is as much shorter as everything else, and the alarm looks at the values of that shorter
//! time: at speed 10, a period of 60 s is 6 s of values, evaluated every 6 s. Timestamps are not bent, and queries of 60 s are of 60 s.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::WatchTimer;
use super::alarm::{Alarm, Kind, Standing, State, Subject, Watching};
use super::history::ItemKind;
use super::query::{Span, answer, window};
use super::reason::{reason, reason_data};
use super::store::{Store, begin};
use super::summary::Statistic;
use super::verdict::{BEYOND, verdict};
use crate::lab::refusal::Refused;
use crate::lab::world::World;
use crate::lab::world::time::Timer;

/// Values of a period's last moment come a little later than the period ends.
const LATE: Duration = Duration::from_secs(1);

/// What an alarm saw: by period begin, the oldest first, with nothing where a datapoint is missing.
pub(super) type Seen = Vec<(i64, Option<f64>)>;

impl World {
    pub(in crate::lab::world) fn ring_watch(&mut self, timer: WatchTimer) {
        let is_current = |world: &Self, alarm: &str, version| {
            world
                .watch
                .alarms
                .get(alarm)
                .is_some_and(|alarm| alarm.version == version)
        };
        match timer {
            WatchTimer::Evaluate { alarm, version } if is_current(self, &alarm, version) => {
                // First, because what the alarm does may delete or rewrite it.
                self.set_period(&alarm);
                self.evaluate(&alarm);
            }
            WatchTimer::Compose { alarm, version } if is_current(self, &alarm, version) => {
                if self.compose(&alarm) {
                    self.tell_parents(&alarm);
                }
            }
            WatchTimer::Evaluate { .. } | WatchTimer::Compose { .. } => {}
        }
    }

    /// `SetAlarmState`: until the alarm is next evaluated.
    pub(in crate::lab) fn set_alarm_state(
        &mut self,
        name: &str,
        state: State,
        reason: &str,
        data: Option<&str>,
    ) -> Result<(), Refused> {
        let alarm = self.watch.alarms.get(name);
        let alarm = alarm.ok_or_else(|| {
            Refused::new("ResourceNotFound", format!("The alarm {name} does not exist.")).status(404)
        })?;
        let data = match data.map(serde_json::from_str::<Json>).transpose() {
            Ok(data) => data,
            Err(error) => {
                return Err(Refused::new(
                    "InvalidFormat",
                    format!("StateReasonData is not valid JSON: {error}"),
                ));
            }
        };
        let value = data
            .as_ref()
            .and_then(|data| data["recentDatapoints"].as_array()?.last()?.as_f64());
        if alarm.standing.state == state {
            return Ok(());
        }
        self.enter_alarm_state(name, state, reason.to_owned(), data.as_ref());
        self.act(name, value, true);
        self.tell_parents(name);
        Ok(())
    }

    /// Sets the timer for the end of a metric alarm's present period.
    pub(super) fn set_period(&mut self, name: &str) {
        let Some(alarm) = self.watch.alarms.get(name) else {
            return;
        };
        let Kind::Metric(watching) = &alarm.kind else {
            return;
        };
        let seconds = window(watching.period(), self.settings.speed);
        let late = LATE.min(Duration::from_secs(seconds.unsigned_abs()) / 10);
        let now = self.clock();
        let end = Timestamp::from_second(begin(now.as_second(), seconds) + seconds).unwrap_or(Timestamp::MAX);
        let wait = end.duration_since(now).unsigned_abs() + late;
        let timer = WatchTimer::Evaluate {
            alarm: alarm.name.clone(),
            version: alarm.version,
        };
        // The wait is in real seconds already.
        self.later(wait.mul_f64(self.settings.speed), Timer::Watch(timer));
    }

    fn evaluate(&mut self, name: &str) {
        let (now, speed) = (self.clock().as_second(), self.settings.speed);
        let Some(alarm) = self.watch.alarms.get(name) else {
            return;
        };
        let Kind::Metric(watching) = &alarm.kind else {
            return;
        };
        let seen = look(&self.watch.store, watching, now, speed);
        let value = seen.iter().rev().find_map(|(_, value)| *value);
        let breaches = |value: f64| watching.comparison.breaches(value, watching.threshold);
        let points: Vec<_> = seen.iter().map(|(_, value)| value.map(breaches)).collect();
        let before = alarm.standing.state;
        let decided = if too_few(&self.watch.store, watching, now, speed) {
            None
        } else {
            verdict(&points, watching.criteria())
        };
        let state = decided.unwrap_or(before);
        if state == before {
            self.act(name, value, false);
            return;
        }
        let (reason, data) = (
            reason(watching, &seen, before, state),
            reason_data(watching, &seen, self.clock()),
        );
        self.enter_alarm_state(name, state, reason, Some(&data));
        self.act(name, value, true);
        self.tell_parents(name);
    }

    /// Looks at a composite alarm's children. Whether its state has changed.
    fn compose(&mut self, name: &str) -> bool {
        let Some(alarm) = self.watch.alarms.get(name) else {
            return false;
        };
        let Kind::Composite(composite) = &alarm.kind else {
            return false;
        };
        let holds = composite
            .rule
            .holds(&|child| Some(self.watch.alarms.get(child)?.standing.state));
        let state = if holds { State::Alarm } else { State::Ok };
        if state == alarm.standing.state {
            return false;
        }
        let children: Vec<&Alarm> = composite
            .rule
            .children()
            .into_iter()
            .filter_map(|child| self.watch.alarms.get(child))
            .collect();
        let said: Vec<_> = children
            .iter()
            .map(|child| format!("{} is {}", child.arn, child.standing.state.name()))
            .collect();
        let reason = format!(
            "The alarm rule is {holds}: {}",
            if said.is_empty() {
                "it is constant".to_owned()
            } else {
                said.join(", ")
            }
        );
        let triggering = children.iter().map(|child| {
            let standing = &child.standing;
            json!({ "arn": child.arn, "state": { "value": standing.state.name(), "timestamp": standing.transitioned.to_string() } })
        });
        let data = json!({ "triggeringAlarms": triggering.collect::<Json>() });
        self.enter_alarm_state(name, state, reason, Some(&data));
        self.act(name, None, true);
        true
    }

    /// Composite alarms follow a change. Each does so once at most: where rules form a circle, it ends there.
    fn tell_parents(&mut self, name: &str) {
        let mut changed = BTreeSet::from([name.to_owned()]);
        let mut told = VecDeque::from([name.to_owned()]);
        while let Some(child) = told.pop_front() {
            let parents: Vec<String> = self
                .watch
                .parents(&child)
                .map(|parent| parent.name.clone())
                .collect();
            for parent in parents {
                if !changed.contains(&parent) && self.compose(&parent) {
                    changed.insert(parent.clone());
                    told.push_back(parent);
                }
            }
        }
    }

    fn enter_alarm_state(&mut self, name: &str, state: State, mut reason: String, data: Option<&Json>) {
        let now = self.clock();
        let Some(alarm) = self.watch.alarms.get_mut(name) else {
            return;
        };
        // CloudWatch's own bound; many children make long reasons.
        if let Some((end, _)) = reason.char_indices().nth(1023) {
            reason.truncate(end);
        }
        let before = alarm.standing.clone();
        let data_text = data.map(Json::to_string);
        alarm.standing = Standing {
            state,
            reason: reason.clone(),
            data: data_text,
            updated: now,
            transitioned: now,
        };
        let told = json!({
            "version": "1.0",
            "oldState": { "stateValue": before.state.name(), "stateReason": before.reason },
            "newState": { "stateValue": state.name(), "stateReason": reason, "stateReasonData": data },
        });
        let summary = format!("Alarm updated from {} to {}", before.state.name(), state.name());
        self.watch
            .history
            .note(alarm, now, ItemKind::StateUpdate, summary, &told);
        self.tell(
            "alarm",
            format!("{name}: {} → {} ({reason})", before.state.name(), state.name()),
        );
    }

    /// Does what an alarm is to do in its state. Scaling policies are called on at every evaluation, the rest when the state is new.
    fn act(&mut self, name: &str, value: Option<f64>, new: bool) {
        let Some(alarm) = self.watch.alarms.get(name).filter(|alarm| alarm.actions_enabled) else {
            return;
        };
        let threshold = match &alarm.kind {
            Kind::Metric(watching) => watching.threshold,
            Kind::Composite(_) => 0.0,
        };
        let is_policy =
            |action: &String| action.contains(":autoscaling:") && action.contains(":scalingPolicy:");
        let actions: Vec<String> = alarm
            .actions
            .of(alarm.standing.state)
            .iter()
            .filter(|action| new || is_policy(action))
            .cloned()
            .collect();
        for action in actions {
            let now = self.clock();
            if let Some(alarm) = self.watch.alarms.get(name) {
                let data = json!({ "actionState": "Succeeded", "notificationResource": action });
                let summary = format!("Successfully executed action {action}");
                self.watch
                    .history
                    .note(alarm, now, ItemKind::Action, summary, &data);
            }
            if is_policy(&action) {
                // Where missing datapoints made the alarm there is no value: it is then as far off as it must be, and no further.
                self.run_policy(&action, value.unwrap_or(threshold), threshold);
            }
        }
    }
}

/// The closed periods that an alarm may need, up to now.
fn span(watching: &Watching, now: i64, speed: f64) -> (i64, Span) {
    let seconds = window(watching.period(), speed);
    let to = begin(now, seconds);
    (
        seconds,
        Span {
            from: to - (watching.periods + BEYOND) * seconds,
            to,
            speed,
        },
    )
}

fn look(store: &Store, watching: &Watching, now: i64, speed: f64) -> Seen {
    let (seconds, span) = span(watching, now, speed);
    let points = match &watching.subject {
        Subject::Single {
            metric,
            statistic,
            unit,
            ..
        } => {
            if store.is_of(metric, unit.as_deref()) {
                store.points(metric, *statistic, seconds, span.from, span.to)
            } else {
                Default::default()
            }
        }
        Subject::Math(queries) => {
            let line = queries
                .iter()
                .find(|query| query.returned)
                .and_then(|query| answer(store, queries, query, span).ok());
            line.and_then(|mut lines| lines.pop())
                .map(|line| line.points)
                .unwrap_or_default()
        }
    };
    let times = (0..watching.periods + BEYOND).map(|period| span.from + period * seconds);
    times.map(|at| (at, points.get(&at).copied())).collect()
}

/// Whether the alarm is to stay as it is because a percentile of so few samples says little.
fn too_few(store: &Store, watching: &Watching, now: i64, speed: f64) -> bool {
    let Subject::Single {
        metric,
        statistic: Statistic::Percentile(percent),
        ..
    } = &watching.subject
    else {
        return false;
    };
    if watching.low_samples.as_deref() != Some("ignore") {
        return false;
    }
    let (seconds, span) = span(watching, now, speed);
    let counts = store.points(
        metric,
        Statistic::SampleCount,
        seconds,
        span.to - watching.periods * seconds,
        span.to,
    );
    let share = percent / 100.0;
    let enough = 10.0 / if share >= 0.5 { 1.0 - share } else { share };
    counts.into_values().any(|count| count < enough)
}
