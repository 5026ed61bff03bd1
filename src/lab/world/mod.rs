//! One account's load balancers, groups, instances and alarms as one state machine. It never waits: time is told to it.

pub mod balancing;
pub mod compute;
pub mod faults;
pub mod ids;
pub mod orders;
mod past;
pub mod routing;
pub mod scaling;
pub mod throttle;
pub mod time;
pub mod timeline;
pub mod watch;

use std::time::Duration;

use jiff::Timestamp;

use self::balancing::Balancing;
use self::compute::Compute;
use self::faults::Faults;
use self::ids::Ids;
use self::orders::Order;
use self::past::Past;
use self::scaling::Scaling;
use self::throttle::Throttle;
use self::time::{Moment, Timer, Timers};
use self::timeline::Timeline;
use self::watch::Watch;
use super::permission::Policy;

/// What a lab is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    pub region: String,
    pub account: String,
    /// What the clock showed when the lab began. Tests give a fixed one.
    pub began: Timestamp,
    /// How many times faster than AWS's things take: 10 makes a 30 s health check interval 3 s. Timestamps are not bent.
    pub speed: f64,
    /// How long the data plane goes on with what it knew after a change of listeners, rules or targets. Not sped up.
    pub propagation: Duration,
    /// From launch to running, before the instance's own boot.
    pub launch: Duration,
    /// Throttle API calls with the documented bucket sizes.
    pub throttle: bool,
    /// What everybody is held to whose key is not the lab's own; without it everything is allowed.
    pub policy: Option<Policy>,
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: "us-east-1".to_owned(),
            account: "000000000000".to_owned(),
            began: Timestamp::UNIX_EPOCH,
            speed: 1.0,
            propagation: Duration::from_millis(500),
            launch: Duration::from_secs(2),
            throttle: false,
            policy: None,
            seed: 1,
        }
    }
}

/// Everything there is, and what will happen next.
#[derive(Clone, Debug)]
pub struct World {
    pub settings: Settings,
    pub now: Moment,
    pub ids: Ids,
    pub balancing: Balancing,
    pub scaling: Scaling,
    pub compute: Compute,
    pub watch: Watch,
    pub faults: Faults,
    pub throttle: Throttle,
    pub timeline: Timeline,
    past: Past,
    /// Every action that somebody was checked for who is held to a policy.
    #[cfg(test)]
    pub asked: std::collections::BTreeSet<String>,
    timers: Timers,
    orders: Vec<Order>,
}

impl World {
    pub fn new(settings: Settings) -> Self {
        let mut world = Self {
            ids: Ids::seeded(settings.seed),
            settings,
            now: Moment::START,
            balancing: Balancing::default(),
            scaling: Scaling::default(),
            compute: Compute::default(),
            watch: Watch::default(),
            faults: Faults::default(),
            throttle: Throttle::default(),
            timeline: Timeline::default(),
            past: Past::default(),
            #[cfg(test)]
            asked: std::collections::BTreeSet::new(),
            timers: Timers::default(),
            orders: Vec::new(),
        };
        world.furnish();
        world.watch_from_the_start();
        world
    }

    /// The wall clock of the lab.
    pub fn clock(&self) -> Timestamp {
        self.at(self.now)
    }

    /// What the wall clock shows at a moment.
    pub fn at(&self, moment: Moment) -> Timestamp {
        self.settings
            .began
            .saturating_add(moment.since_start())
            .unwrap_or(Timestamp::MAX)
    }

    /// How long something that takes `duration` on AWS takes here.
    pub fn pace(&self, duration: Duration) -> Duration {
        duration.div_f64(self.settings.speed)
    }

    /// Lets something happen after what takes `duration` on AWS.
    pub fn later(&mut self, duration: Duration, timer: Timer) {
        let due = self.now + self.pace(duration);
        self.timers.set(due, timer);
    }

    /// When something will happen next by itself.
    pub fn next_due(&self) -> Option<Moment> {
        self.timers.next()
    }

    /// Lets everything happen that is due up to `moment`, in order.
    pub fn advance(&mut self, moment: Moment) {
        while let Some((due, timer)) = self.timers.take_due(moment) {
            self.now = self.now.max(due);
            self.ring(timer);
        }
        self.now = self.now.max(moment);
    }

    fn ring(&mut self, timer: Timer) {
        match timer {
            Timer::Balancing(timer) => self.ring_balancing(timer),
            Timer::Scaling(timer) => self.ring_scaling(timer),
            Timer::Compute(timer) => self.ring_compute(timer),
            Timer::Watch(timer) => self.ring_watch(timer),
        }
    }

    /// Asks the outside (processes, probes) for something.
    pub fn order(&mut self, order: Order) {
        self.orders.push(order);
    }

    /// What was asked of the outside since the last time.
    pub fn take_orders(&mut self) -> Vec<Order> {
        std::mem::take(&mut self.orders)
    }
}
