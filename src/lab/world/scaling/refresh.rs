//! Instance refresh: a group's instances replaced in place, batch by batch.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::capacity::seconds_of;
use super::group::{Group, count};
use super::member::{Lifecycle, Member};
use super::preferences::{Preferences, Treatment, check, is_pinned};
use super::source::Source;
use super::suspended::Process;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::time::Moment;
use crate::lab::world::watch::State;

/// A refresh that makes no progress for so long fails.
const HOPE: Duration = Duration::from_hours(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Pending,
    InProgress,
    Baking,
    Cancelling,
    Cancelled,
    Successful,
    Failed,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Baking => "Baking",
            Self::Cancelling => "Cancelling",
            Self::Cancelled => "Cancelled",
            Self::Successful => "Successful",
            Self::Failed => "Failed",
            Self::RollbackInProgress => "RollbackInProgress",
            Self::RollbackSuccessful => "RollbackSuccessful",
            Self::RollbackFailed => "RollbackFailed",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Rollback {
    pub reason: String,
    pub started: Timestamp,
    pub percent: i64,
    pub to_update: i64,
}

#[derive(Clone, Debug)]
pub struct Refresh {
    pub id: String,
    pub status: Status,
    pub reason: Option<String>,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    pub percent: i64,
    pub preferences: Preferences,
    /// As it was given.
    pub configuration: Option<Tree>,
    pub rollback: Option<Rollback>,
    target: Option<Source>,
    remaining: BTreeSet<String>,
    total: i64,
    checkpoints_passed: usize,
    paused_until: Option<Moment>,
    began: Moment,
    progressed: Moment,
    waits_for_transitions: bool,
}

impl Refresh {
    pub fn is_active(&self) -> bool {
        matches!(
            self.status,
            Status::Pending
                | Status::InProgress
                | Status::Baking
                | Status::Cancelling
                | Status::RollbackInProgress
        )
    }

    pub fn to_update(&self) -> i64 {
        count(self.remaining.iter())
    }

    /// What instances are launched from while it goes on, unless that is the group's own.
    pub(super) fn source_now(&self) -> Option<&Source> {
        (self.is_active() && self.status != Status::RollbackInProgress)
            .then_some(self.target.as_ref())
            .flatten()
    }
}

impl World {
    /// Gives the refresh's id.
    pub fn start_refresh(
        &mut self,
        name: &str,
        preferences: Preferences,
        target: Option<Source>,
        configuration: Option<Tree>,
    ) -> Result<String, Refused> {
        let group = self.scaling.group(name)?;
        if group.refreshes.iter().any(Refresh::is_active) {
            return Err(Refused::new(
                "InstanceRefreshInProgress",
                "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.",
            ));
        }
        check(group, &preferences, target.as_ref())?;
        let source = target.as_ref().unwrap_or(&group.source);
        let template = self
            .resolve_template(&source.template)
            .map_err(|refused| Refused::invalid(refused.message))?;
        let matches = |member: &Member| {
            let same_type = source
                .instance_type
                .as_ref()
                .is_none_or(|kind| *kind == member.instance_type);
            same_type && member.template.as_ref().is_some_and(|own| *own == template)
        };
        let remaining: BTreeSet<String> = group
            .members
            .iter()
            .filter(|member| member.state.counts() || member.state == Lifecycle::Standby)
            .filter(|member| !(preferences.skips_matching && matches(member)))
            .map(|member| member.id.clone())
            .collect();
        let refresh = Refresh {
            id: self.ids.uuid(),
            status: Status::Pending,
            reason: None,
            started: self.clock(),
            ended: None,
            percent: 0,
            preferences,
            configuration,
            rollback: None,
            target,
            total: count(remaining.iter()),
            remaining,
            checkpoints_passed: 0,
            paused_until: None,
            began: self.now,
            progressed: self.now,
            waits_for_transitions: true,
        };
        let id = refresh.id.clone();
        self.scaling.group_mut(name)?.refreshes.push(refresh);
        self.tell("group", format!("{name}: an instance refresh starts"));
        self.look_again(name);
        Ok(id)
    }

    pub fn cancel_refresh(&mut self, name: &str, waits: bool) -> Result<String, Refused> {
        let group = self.scaling.group_mut(name)?;
        let refresh = group
            .refreshes
            .iter_mut()
            .find(|refresh| refresh.is_active() && refresh.status != Status::Cancelling)
            .ok_or_else(no_refresh)?;
        refresh.status = Status::Cancelling;
        refresh.reason = Some("Cancelled due to user request.".to_owned());
        refresh.waits_for_transitions = waits;
        let id = refresh.id.clone();
        group.surplus = 0;
        self.look_again(name);
        Ok(id)
    }

    pub fn roll_back_refresh(&mut self, name: &str) -> Result<String, Refused> {
        let group = self.scaling.group(name)?;
        let active = |refresh: &&Refresh| {
            matches!(
                refresh.status,
                Status::Pending | Status::InProgress | Status::Baking
            )
        };
        let refresh = group.refreshes.iter().find(active).ok_or_else(no_refresh)?;
        if refresh.target.is_none() || !is_pinned(&group.source) {
            return Err(Refused::new(
                "IrreversibleInstanceRefresh",
                "A rollback needs a desired configuration, and a group whose template version is a number",
            ));
        }
        let id = refresh.id.clone();
        self.begin_rollback(name, "The rollback was requested by a user.");
        self.look_again(name);
        Ok(id)
    }

    /// Takes the active refresh of a group a step further, if it has one.
    pub(super) fn advance_refresh(&mut self, name: &str) {
        let Some(group) = self.scaling.groups.get(name) else {
            return;
        };
        let Some(refresh) = group.refreshes.iter().find(|refresh| refresh.is_active()) else {
            return;
        };
        if group.suspends(Process::InstanceRefresh) || group.deleting {
            return;
        }
        let watched = matches!(
            refresh.status,
            Status::Pending | Status::InProgress | Status::Baking
        );
        if watched && let Some(alarm) = self.alarm_that_ends(refresh) {
            let reason = format!("The alarm {alarm} is in the ALARM state.");
            match refresh.status {
                // Nothing is replaced yet, and there is nothing to roll back.
                Status::Pending => self.finish_refresh(name, Status::Failed, Some(reason)),
                _ => self.fail_refresh(name, &reason),
            }
            return;
        }
        match refresh.status {
            Status::Pending => self.with_refresh(name, |refresh| refresh.status = Status::InProgress),
            Status::Cancelling => {
                let moving = group.members.iter().any(|member| !member.state.rests());
                if !(moving && refresh.waits_for_transitions) {
                    self.finish_refresh(name, Status::Cancelled, None);
                }
            }
            Status::Baking => {
                if refresh.paused_until.is_none_or(|until| until <= self.now) {
                    self.succeed(name);
                }
            }
            _ => self.replace_some(name),
        }
    }

    /// One of the alarms that a refresh was given and that is in the ALARM state.
    fn alarm_that_ends(&self, refresh: &Refresh) -> Option<String> {
        let fires = |name: &&String| {
            self.watch
                .alarm(name)
                .is_some_and(|alarm| alarm.standing.state == State::Alarm)
        };
        refresh.preferences.alarms.iter().find(fires).cloned()
    }

    fn replace_some(&mut self, name: &str) {
        self.count_progress(name);
        // It ends at its last checkpoint, wherever that is.
        self.with_refresh(name, |refresh| {
            let checkpoints = &refresh.preferences.checkpoints;
            let passed = checkpoints.len() == refresh.checkpoints_passed;
            if refresh.status == Status::InProgress && !checkpoints.is_empty() && passed {
                refresh.remaining.clear();
            }
        });
        let Some((group, refresh)) = self.refreshing(name) else {
            return;
        };
        if refresh.paused_until.is_some_and(|until| until > self.now) {
            return;
        }
        if self.now.since(refresh.progressed) > self.pace(HOPE) {
            let stuck = "There were no healthy replacements within an hour.";
            self.fail_refresh(name, stuck);
            return;
        }
        let unready = count(
            group
                .members
                .iter()
                .filter(|member| member.state.counts() && !self.is_ready(group, refresh, member)),
        );
        if refresh.remaining.is_empty() {
            if unready == 0 && group.capacity() == group.desired {
                self.bake_or_succeed(name);
            }
            return;
        }
        let pooled = group.warm().filter(|member| !member.state.is_ending());
        let outdated = pooled.filter(|member| self.is_outdated(group, member));
        let outdated: Vec<String> = outdated.map(|member| member.id.clone()).collect();
        let victims = self.next_victims(group, refresh);
        let cause = format!(
            "At {} an instance was taken out of service in response to an instance refresh.",
            self.stamp()
        );
        for id in victims.iter().chain(&outdated) {
            self.begin_termination(name, id, cause.clone());
        }
        let now = self.now;
        self.with_refresh(name, |refresh| {
            refresh.remaining.retain(|id| !victims.contains(id));
            if !victims.is_empty() {
                refresh.progressed = now;
            }
        });
        let Some((group, refresh)) = self.refreshing(name) else {
            return;
        };
        let surplus = (group.desired * refresh.preferences.max_healthy / 100 - group.desired).max(1);
        let launches_first = refresh.preferences.max_healthy > 100;
        let surplus = if launches_first {
            surplus.min(allowed(refresh))
        } else {
            0
        };
        if let Some(group) = self.scaling.groups.get_mut(name) {
            group.surplus = surplus;
        }
    }

    /// Forgets what is gone or is to be ignored, and passes checkpoints.
    fn count_progress(&mut self, name: &str) {
        let Some((group, refresh)) = self.refreshing(name) else {
            return;
        };
        let preferences = &refresh.preferences;
        let skipped = |member: &Member| {
            (member.state == Lifecycle::Standby && preferences.standby == Treatment::Ignore)
                || (member.protected && preferences.protected == Treatment::Ignore)
        };
        let here = |id: &String| group.member(id).filter(|member| !member.state.is_ending());
        let ignored = count(
            refresh
                .remaining
                .iter()
                .filter_map(here)
                .filter(|member| skipped(member)),
        );
        let remaining: BTreeSet<String> = refresh
            .remaining
            .iter()
            .filter(|id| here(id).is_some_and(|member| !skipped(member)))
            .cloned()
            .collect();
        let total = refresh.total - ignored;
        let began = refresh.began;
        let unready = count(group.members.iter().filter(|member| {
            member.launched >= began && member.state.counts() && !self.is_ready(group, refresh, member)
        }));
        // A replacement that is not launched yet is not done either.
        let missing = (group.desired - group.capacity()).max(0);
        let done = (total - count(remaining.iter()) - unready - missing).max(0);
        let percent = if total == 0 { 100 } else { done * 100 / total };
        let rolling_back = refresh.status == Status::RollbackInProgress;
        let delay = self.pace(seconds_of(preferences.checkpoint_delay));
        let now = self.now;
        self.with_refresh(name, |refresh| {
            refresh.remaining = remaining;
            refresh.total = total;
            if rolling_back {
                let before = refresh.rollback.as_ref().map_or(0, |rollback| rollback.percent);
                refresh.percent = before * refresh.to_update() / refresh.total.max(1);
                return;
            }
            if percent > refresh.percent {
                refresh.percent = percent;
                refresh.progressed = now;
            }
            while let Some(checkpoint) = refresh.preferences.checkpoints.get(refresh.checkpoints_passed)
                && refresh.percent >= *checkpoint
            {
                refresh.checkpoints_passed += 1;
                refresh.paused_until = Some(now + delay).filter(|_| refresh.percent < 100);
                refresh.progressed = now + delay;
            }
        });
    }

    /// Instances to end now, so that enough stay healthy.
    fn next_victims(&self, group: &Group, refresh: &Refresh) -> Vec<String> {
        let preferences = &refresh.preferences;
        let replaceable = |member: &&Member| {
            let standby = member.state == Lifecycle::Standby && preferences.standby == Treatment::Replace;
            let free = !member.protected || preferences.protected == Treatment::Replace;
            refresh.remaining.contains(&member.id) && (member.state.counts() || standby) && free
        };
        let ready = count(
            group
                .members
                .iter()
                .filter(|member| self.is_ready(group, refresh, member)),
        );
        let least = (group.desired * preferences.min_healthy + 99) / 100;
        let mut spare = ready - least;
        let whole = ready >= group.desired && group.capacity() >= group.wanted();
        if spare <= 0 && whole && preferences.max_healthy <= 100 {
            // A group too small for its percentage still loses one at a time.
            spare = 1;
        }
        let mut candidates: Vec<&Member> = group.members.iter().filter(replaceable).collect();
        candidates.sort_by_key(|member| (self.is_ready(group, refresh, member), member.launched));
        let mut victims = Vec::new();
        let most = usize::try_from(allowed(refresh)).unwrap_or(0);
        for member in candidates.into_iter().take(most) {
            if self.is_ready(group, refresh, member) {
                if spare <= 0 {
                    break;
                }
                spare -= 1;
            }
            victims.push(member.id.clone());
        }
        victims
    }

    /// In service, healthy and warmed up.
    fn is_ready(&self, group: &Group, refresh: &Refresh, member: &Member) -> bool {
        let warmup = refresh
            .preferences
            .warmup
            .or(group.default_warmup)
            .unwrap_or(group.grace);
        let warmup = self.pace(seconds_of(warmup));
        // What was there before has been warm for long.
        let warm = member.launched < refresh.began
            || member
                .in_service_since
                .is_some_and(|since| since + warmup <= self.now);
        let passes = |arn: &str| {
            self.target_health(arn, &member.id)
                .is_none_or(|health| !matches!(health.state, "initial" | "unhealthy"))
        };
        member.state == Lifecycle::InService
            && member.ailment.is_none()
            && warm
            && (!group.checks_targets() || group.traffic.iter().all(|traffic| passes(&traffic.arn)))
    }

    fn bake_or_succeed(&mut self, name: &str) {
        let now = self.now;
        let Some((_, refresh)) = self.refreshing(name) else {
            return;
        };
        if refresh.status == Status::RollbackInProgress {
            self.finish_refresh(name, Status::RollbackSuccessful, None);
            return;
        }
        let bake = self.pace(seconds_of(refresh.preferences.bake));
        if bake.is_zero() {
            self.succeed(name);
            return;
        }
        self.with_refresh(name, |refresh| {
            refresh.status = Status::Baking;
            refresh.paused_until = Some(now + bake);
        });
    }

    /// What the refresh went to is from now on the group's own.
    fn succeed(&mut self, name: &str) {
        let target = self
            .refreshing(name)
            .and_then(|(_, refresh)| refresh.target.clone());
        if let (Some(target), Some(group)) = (target, self.scaling.groups.get_mut(name)) {
            group.source = target;
        }
        self.finish_refresh(name, Status::Successful, None);
    }

    fn fail_refresh(&mut self, name: &str, reason: &str) {
        let Some((_, refresh)) = self.refreshing(name) else {
            return;
        };
        match (refresh.status, refresh.preferences.rolls_back) {
            (Status::RollbackInProgress, _) => {
                self.finish_refresh(name, Status::RollbackFailed, Some(reason.to_owned()));
            }
            (_, true) => self.begin_rollback(name, reason),
            (_, false) => self.finish_refresh(name, Status::Failed, Some(reason.to_owned())),
        }
    }

    fn begin_rollback(&mut self, name: &str, reason: &str) {
        let (now, started) = (self.now, self.clock());
        let Some((group, refresh)) = self.refreshing(name) else {
            return;
        };
        let new = |member: &&Member| member.launched >= refresh.began && member.state.counts();
        let new: BTreeSet<String> = group
            .members
            .iter()
            .filter(new)
            .map(|member| member.id.clone())
            .collect();
        self.with_refresh(name, |refresh| {
            refresh.rollback = Some(Rollback {
                reason: reason.to_owned(),
                started,
                percent: refresh.percent,
                to_update: refresh.to_update(),
            });
            refresh.status = Status::RollbackInProgress;
            refresh.reason = Some(reason.to_owned());
            refresh.total = count(new.iter());
            refresh.remaining = new;
            refresh.paused_until = None;
            refresh.began = now;
            refresh.progressed = now;
        });
        self.tell("group", format!("{name}: the instance refresh is rolled back"));
    }

    fn finish_refresh(&mut self, name: &str, status: Status, reason: Option<String>) {
        let ended = self.clock();
        self.with_refresh(name, |refresh| {
            refresh.status = status;
            refresh.ended = Some(ended);
            refresh.reason = reason.or(refresh.reason.take());
            if status == Status::Successful {
                refresh.percent = 100;
            }
        });
        if let Some(group) = self.scaling.groups.get_mut(name) {
            group.surplus = 0;
        }
        self.tell(
            "group",
            format!("{name}: the instance refresh is {}", status.name()),
        );
    }

    fn refreshing(&self, name: &str) -> Option<(&Group, &Refresh)> {
        let group = self.scaling.groups.get(name)?;
        Some((group, group.refreshes.iter().find(|refresh| refresh.is_active())?))
    }

    fn with_refresh(&mut self, name: &str, change: impl FnOnce(&mut Refresh)) {
        let Some(group) = self.scaling.groups.get_mut(name) else {
            return;
        };
        if let Some(refresh) = group.refreshes.iter_mut().find(|refresh| refresh.is_active()) {
            change(refresh);
        }
    }
}

/// How many more may be replaced before the next checkpoint.
fn allowed(refresh: &Refresh) -> i64 {
    let left = refresh.to_update();
    match refresh.preferences.checkpoints.get(refresh.checkpoints_passed) {
        Some(checkpoint) if refresh.status == Status::InProgress => {
            let until = (refresh.total * checkpoint + 99) / 100;
            (until - (refresh.total - left)).clamp(0, left)
        }
        _ => left,
    }
}

fn no_refresh() -> Refused {
    Refused::new(
        "ActiveInstanceRefreshNotFound",
        "No in progress or pending Instance Refresh found.",
    )
}
