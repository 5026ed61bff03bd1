//! Health checks: when a target is asked, and which answer counts.

use super::health::State;
use super::surroundings::reached;
use super::targets::TargetKey;
use super::{BalancingTimer, ProbeId};
use crate::lab::world::World;
use crate::lab::world::orders::{Answer, Order, Probe};
use crate::lab::world::time::Timer;

/// A health check that has not been answered yet.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    group: String,
    target: TargetKey,
}

impl World {
    /// A target's turn to be checked has come; the next one is an interval away.
    pub(super) fn check(&mut self, group: &str, key: &TargetKey, spell: u64) {
        let Some(target) = self
            .balancing
            .target_groups
            .get(group)
            .and_then(|group| group.targets.get(key))
        else {
            return;
        };
        if target.spell != spell {
            return;
        }
        if target.state == State::Registering {
            self.enter(group, key, State::Checking);
        }
        self.probe(group, key);
        let Some(there) = self.balancing.target_groups.get(group) else {
            return;
        };
        let interval = there.check.interval;
        let timer = BalancingTimer::Check {
            group: group.to_owned(),
            target: key.clone(),
            spell,
        };
        self.later(interval, Timer::Balancing(timer));
    }

    fn probe(&mut self, group: &str, key: &TargetKey) {
        let id = self.balancing.next_probe();
        let Some(there) = self.balancing.target_groups.get(group) else {
            return;
        };
        let check = &there.check;
        let port = check.port.parse().unwrap_or(key.port);
        let address = self.instance(&key.instance).and_then(|instance| instance.address);
        let timeout = check.timeout;
        let probe = Probe {
            id,
            instance: key.instance.clone(),
            address: address.map(|address| reached(address, port)),
            tls: check.protocol == "HTTPS",
            path: check.path.clone(),
            grpc: check.matcher.grpc,
            http2: there.version != "HTTP1",
            timeout: self.pace(timeout),
        };
        if let Some(target) = self
            .balancing
            .target_groups
            .get_mut(group)
            .and_then(|group| group.targets.get_mut(key))
        {
            target.waiting = Some(id);
        }
        self.balancing.waiting.insert(
            id.0,
            Waiting {
                group: group.to_owned(),
                target: key.clone(),
            },
        );
        self.order(Order::Probe(probe));
        self.later(timeout, Timer::Balancing(BalancingTimer::Overdue(id)));
    }

    /// Takes the first answer to a check, if the target still waits for it. What comes later has lost its meaning.
    pub(super) fn answered(&mut self, probe: ProbeId, answer: Answer) {
        let Some(Waiting { group, target: key }) = self.balancing.waiting.remove(&probe.0) else {
            return;
        };
        let Some(target) = self
            .balancing
            .target_groups
            .get_mut(&group)
            .and_then(|group| group.targets.get_mut(&key))
        else {
            return;
        };
        if target.waiting == Some(probe) {
            target.waiting = None;
            self.judge(&group, &key, answer);
        }
    }
}
