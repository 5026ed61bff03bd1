//! Carries the world's orders out without any process or socket, in whatever time tokio has: for tests in virtual time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use super::addresses::Addresses;
use super::description::is_to_fail;
use super::memory::Agent;
use super::processes::tell;
use super::user_data::Program;
use crate::lab::keeper::{Keeper, Machines};
use crate::lab::sample::knobs::Knobs;
use crate::lab::world::orders::{Answer, Order, Probe, Start};
use crate::lab::world::time::Moment;

/// Instances that are only thought of. Scripts are taken for the sample with no knob turned.
#[derive(Debug)]
pub struct Imagined {
    addresses: Addresses,
    alive: Arc<Mutex<BTreeMap<String, Thought>>>,
}

/// What a running instance would do.
#[derive(Clone, Debug)]
pub(super) struct Thought {
    began: Moment,
    knobs: Knobs,
}

impl Default for Imagined {
    fn default() -> Self {
        // The same addresses in every run.
        Self {
            addresses: Addresses::for_process(0),
            alive: Arc::default(),
        }
    }
}

impl Thought {
    pub(super) fn of(start: &Start, began: Moment) -> Result<Self, String> {
        let knobs = match Program::of(&start.user_data)? {
            Program::Sample { knobs, .. } => *knobs,
            Program::Script => Knobs::default(),
        };
        Ok(Self {
            began,
            knobs: if is_to_fail(&start.tags) {
                knobs.failing()
            } else {
                knobs
            },
        })
    }

    pub(super) fn answers(&self, probe: &Probe, now: Moment) -> Answer {
        let Some(age) = now.since(self.began).checked_sub(self.knobs.boot) else {
            return Answer::Refused;
        };
        let health = self.knobs.health(age);
        let path = probe.path.split('?').next().unwrap_or_default();
        match path {
            "/grpc.health.v1.Health/Check" if probe.grpc => Answer::Grpc(if health < 400 { 0 } else { 14 }),
            "/AWS.ALB/healthcheck" if probe.grpc && health >= 400 => Answer::Grpc(14),
            _ if probe.grpc => Answer::Grpc(12),
            _ if self.knobs.checks(path, true) => Answer::Status(health),
            _ if self.knobs.error_rate >= 1.0 => Answer::Status(self.knobs.error_status),
            "/" | "/version" => Answer::Status(200),
            _ => Answer::Status(404),
        }
    }

    /// When it ends by itself, from its start.
    fn life(&self) -> Option<Duration> {
        self.knobs.dies_after.map(|after| self.knobs.boot + after)
    }
}

impl Imagined {
    /// The same instances once more, for a copy of their world. What was to end by itself lives on in the copy.
    pub fn fork(&self) -> Self {
        Self {
            addresses: self.addresses.fork(),
            alive: Arc::new(Mutex::new(locked(&self.alive).clone())),
        }
    }

    fn start(&self, keeper: &Arc<Keeper>, start: Start) {
        let address = self.addresses.imagine(start.port);
        let began = keeper.moment();
        let thought = Thought::of(&start, began);
        let agent = Agent::of(&start);
        // One that cannot read its knobs starts, too, and ends at once.
        let life = thought.as_ref().map_or(Some(Duration::ZERO), Thought::life);
        let thought = thought.unwrap_or_else(|_| Thought {
            began,
            knobs: Knobs::default().failing(),
        });
        let instance = start.instance;
        locked(&self.alive).insert(instance.clone(), thought);
        let alive = Arc::clone(&self.alive);
        let keeper = Arc::downgrade(keeper);
        if let Some(agent) = agent {
            let (alive, instance) = (Arc::clone(&alive), instance.clone());
            agent.start(keeper.clone(), move || locked(&alive).contains_key(&instance));
        }
        tokio::spawn(async move {
            tell(&keeper, |world| world.instance_started(&instance, Ok(address)));
            if let Some(life) = life {
                sleep(life).await;
                if locked(&alive).remove(&instance).is_some() {
                    tell(&keeper, |world| world.instance_ended(&instance));
                }
            }
        });
    }

    fn end(&self, keeper: &Arc<Keeper>, instance: String) {
        locked(&self.alive).remove(&instance);
        let keeper = Arc::downgrade(keeper);
        tokio::spawn(async move { tell(&keeper, |world| world.instance_ended(&instance)) });
    }

    fn answer(&self, keeper: &Arc<Keeper>, probe: &Probe) {
        let answer = locked(&self.alive)
            .get(&probe.instance)
            .map_or(Answer::Refused, |thought| thought.answers(probe, keeper.moment()));
        let id = probe.id;
        let keeper = Arc::downgrade(keeper);
        tokio::spawn(async move { tell(&keeper, |world| world.probed(id, answer)) });
    }
}

impl Machines for Imagined {
    fn carry_out(&self, keeper: &Arc<Keeper>, order: Order) {
        match order {
            Order::Start(start) => self.start(keeper, start),
            // Nothing is in flight on it that could take time.
            Order::Stop { instance, .. } | Order::Kill { instance } => self.end(keeper, instance),
            Order::Probe(probe) => self.answer(keeper, &probe),
        }
    }
}

fn locked(alive: &Mutex<BTreeMap<String, Thought>>) -> MutexGuard<'_, BTreeMap<String, Thought>> {
    alive.lock().unwrap_or_else(PoisonError::into_inner)
}
