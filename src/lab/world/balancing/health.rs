//! The health of targets: its states, what moves a target from one to another, and how AWS words them.

use super::target_groups::TargetGroup;
use super::targets::{Target, TargetKey};
use super::{BalancingTimer, TargetHealth, arns};
use crate::lab::world::World;
use crate::lab::world::compute::InstanceState;
use crate::lab::world::orders::Answer;
use crate::lab::world::time::{Moment, Timer};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// On its way into the load balancer; not checked yet.
    Registering,
    /// Checked, without a verdict.
    Checking,
    Healthy,
    Unhealthy(Failure),
    Unused(Idle),
    Draining {
        until: Moment,
    },
}

/// Why the last health check failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Code(u32),
    TimedOut,
    /// No connection, or nothing that could be understood.
    Broken,
}

/// Why a target is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Idle {
    /// No rule names its target group.
    NotInUse,
    /// The load balancer is not in the target's zone.
    ZoneNotEnabled,
    InstanceGone,
}

impl State {
    /// As `DescribeTargetHealth` says it.
    pub(super) fn told(self) -> TargetHealth {
        let told = |state, reason, description: &str| TargetHealth {
            state,
            reason: Some(reason),
            description: Some(description.to_owned()),
        };
        match self {
            Self::Healthy => TargetHealth {
                state: "healthy",
                reason: None,
                description: None,
            },
            Self::Registering => told(
                "initial",
                "Elb.RegistrationInProgress",
                "Target registration is in progress",
            ),
            Self::Checking => told(
                "initial",
                "Elb.InitialHealthChecking",
                "Initial health checks in progress",
            ),
            Self::Unhealthy(Failure::Code(code)) => told(
                "unhealthy",
                "Target.ResponseCodeMismatch",
                &format!("Health checks failed with these codes: [{code}]"),
            ),
            Self::Unhealthy(Failure::TimedOut) => told("unhealthy", "Target.Timeout", "Request timed out"),
            Self::Unhealthy(Failure::Broken) => {
                told("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
            }
            Self::Unused(Idle::NotInUse) => told(
                "unused",
                "Target.NotInUse",
                "Target group is not configured to receive traffic from the load balancer",
            ),
            Self::Unused(Idle::ZoneNotEnabled) => told(
                "unused",
                "Target.NotInUse",
                "Target is in an Availability Zone that is not enabled for the load balancer",
            ),
            Self::Unused(Idle::InstanceGone) => told(
                "unused",
                "Target.InvalidState",
                "Target is in the terminated state",
            ),
            Self::Draining { .. } => told(
                "draining",
                "Target.DeregistrationInProgress",
                "Target deregistration is in progress",
            ),
        }
    }

    /// Whether health checks go on in this state.
    fn is_checked(self) -> bool {
        matches!(self, Self::Checking | Self::Healthy | Self::Unhealthy(_))
    }

    /// What the data plane can tell apart.
    fn traffic(self) -> u8 {
        match self {
            Self::Healthy => 0,
            Self::Registering | Self::Checking | Self::Unhealthy(_) => 1,
            Self::Unused(_) => 2,
            Self::Draining { .. } => 3,
        }
    }
}

impl TargetHealth {
    pub(super) fn not_registered() -> Self {
        Self {
            state: "unused",
            reason: Some("Target.NotRegistered"),
            description: Some("Target is not registered to the target group".to_owned()),
        }
    }
}

impl World {
    /// Something around a target group changed: which of its targets are used, and which no longer?
    pub(super) fn reassess(&mut self, group: &str) {
        let Some(there) = self.balancing.target_groups.get(group) else {
            return;
        };
        let moved: Vec<(TargetKey, Option<Idle>)> = there
            .targets
            .iter()
            .filter_map(|(key, target)| {
                let idle = self.idle(group, key, target);
                let moves = match (target.state, idle) {
                    (State::Draining { .. }, _) => false,
                    (State::Unused(now), Some(idle)) => now != idle,
                    (State::Unused(_), None) | (_, Some(_)) => true,
                    (_, None) => false,
                };
                moves.then(|| (key.clone(), idle))
            })
            .collect();
        for (key, idle) in moved {
            match idle {
                Some(idle) => {
                    self.enter(group, &key, State::Unused(idle));
                }
                None => self.begin_checks(group, key),
            }
        }
    }

    fn idle(&self, group: &str, key: &TargetKey, target: &Target) -> Option<Idle> {
        let state = self.instance(&key.instance).map(|instance| instance.state);
        if !matches!(state, Some(InstanceState::Pending | InstanceState::Running)) {
            return Some(Idle::InstanceGone);
        }
        let Some(balancer) = self
            .balancer_of_group(group)
            .and_then(|arn| self.balancing.balancers.get(arn))
        else {
            return Some(Idle::NotInUse);
        };
        (!balancer.zones.contains_key(&target.zone)).then_some(Idle::ZoneNotEnabled)
    }

    fn begin_checks(&mut self, group: &str, key: TargetKey) {
        let spell = self.enter(group, &key, State::Registering);
        let timer = BalancingTimer::Check {
            group: group.to_owned(),
            target: key,
            spell,
        };
        self.later(super::REGISTRATION, Timer::Balancing(timer));
    }

    /// Brings a target into a state, which begins a new spell of its life unless its checks just go on.
    pub(super) fn enter(&mut self, group: &str, key: &TargetKey, state: State) -> u64 {
        let next_spell = self.balancing.next_spell();
        let now = self.now;
        let Some(there) = self.balancing.target_groups.get_mut(group) else {
            return next_spell;
        };
        let Some(registered) = there.targets.get(key).map(|target| target.registered) else {
            return next_spell;
        };
        let slow_starts = state == State::Healthy && there.has_settled_target(now, registered);
        let Some(target) = there.targets.get_mut(key) else {
            return next_spell;
        };
        let before = std::mem::replace(&mut target.state, state);
        if !(state.is_checked() && (before.is_checked() || before == State::Registering)) {
            target.spell = next_spell;
            target.waiting = None;
        }
        if before.traffic() != state.traffic() {
            (target.passes, target.failures) = (0, 0);
            target.healthy_since = (state == State::Healthy).then_some(now);
            target.slow_starts = slow_starts;
        }
        let spell = target.spell;
        let name = there.name.clone();
        if before.traffic() != state.traffic() {
            self.touch_group(group);
        }
        let (was, is) = (before.told(), state.told());
        if (was.state, was.reason) != (is.state, is.reason) {
            let why = is.description.map(|why| format!(": {why}")).unwrap_or_default();
            self.tell(
                "health",
                format!("{} in {name} is {}{why}", key.instance, is.state),
            );
        }
        spell
    }

    /// What an answer to a health check makes of a target.
    pub(super) fn judge(&mut self, group: &str, key: &TargetKey, answer: Answer) {
        let Some(there) = self.balancing.target_groups.get_mut(group) else {
            return;
        };
        let (check, passed) = (there.check.clone(), there.check.matcher.passes(answer));
        let Some(target) = there.targets.get_mut(key) else {
            return;
        };
        if passed {
            (target.passes, target.failures) = (target.passes + 1, 0);
        } else {
            (target.passes, target.failures) = (0, target.failures + 1);
        }
        let next = match (target.state, passed) {
            (State::Checking, true) => Some(State::Healthy),
            (State::Unhealthy(_), true) => (target.passes >= check.healthy).then_some(State::Healthy),
            (State::Checking | State::Healthy, false) => {
                (target.failures >= check.unhealthy).then_some(State::Unhealthy(failure(answer)))
            }
            (State::Unhealthy(_), false) => Some(State::Unhealthy(failure(answer))),
            _ => None,
        };
        if let Some(next) = next.filter(|next| *next != target.state) {
            self.enter(group, key, next);
        }
    }

    /// The instance is gone, or has a new address: its targets are no longer what they were.
    pub(super) fn reassess_instance(&mut self, instance: &str) {
        let gone = self
            .instance(instance)
            .is_none_or(|instance| instance.state == InstanceState::Terminated);
        let registered: Vec<(String, TargetKey)> = self
            .balancing
            .target_groups
            .values()
            .flat_map(|group| {
                group
                    .keys_of(instance)
                    .map(|key| (group.arn.clone(), key.clone()))
            })
            .collect();
        for (group, key) in registered {
            if gone {
                self.forget_target(&group, &key);
            } else {
                self.touch_group(&group);
                self.reassess(&group);
            }
        }
    }
}

impl TargetGroup {
    fn keys_of(&self, instance: &str) -> impl Iterator<Item = &TargetKey> {
        let first = TargetKey {
            instance: instance.to_owned(),
            port: 0,
        };
        let instance = first.instance.clone();
        self.targets
            .range(first..)
            .map(|(key, _)| key)
            .take_while(move |key| key.instance == instance)
    }

    // Slow start spares a newcomer only while somebody carries the load who is past it, and who did not come together with it.
    fn has_settled_target(&self, now: Moment, registered: Moment) -> bool {
        let slow = self.attributes.seconds("slow_start.duration_seconds");
        let settled = |target: &Target| {
            let past = target.healthy_since.is_some_and(|since| now.since(since) >= slow);
            target.state == State::Healthy && target.registered < registered && (!target.slow_starts || past)
        };
        !slow.is_zero() && self.targets.values().any(settled)
    }

    pub(super) fn dimension(&self) -> String {
        arns::dimension(&self.arn)
    }
}

fn failure(answer: Answer) -> Failure {
    match answer {
        Answer::Status(code) => Failure::Code(code.into()),
        Answer::Grpc(code) => Failure::Code(code),
        Answer::TimedOut => Failure::TimedOut,
        Answer::Refused => Failure::Broken,
    }
}
