//! When each request is due and what it is: drawn from the seed alone, never from what was answered.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::ledger::Kind;
use super::{Load, Spacing};

/// A request that is due at a time after the load's begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Due {
    pub(super) at: Duration,
    pub(super) kind: Kind,
    pub(super) keep_alive: bool,
}

/// All requests of a load, in the order in which they are due.
#[derive(Debug)]
pub(super) struct Schedule {
    random: StdRng,
    spacing: Spacing,
    rate: f64,
    until: Option<Duration>,
    keep_alive: f64,
    /// Kinds with the sum of the shares up to them; what lies beyond the last is plain.
    shares: Vec<(f64, Kind)>,
    /// Seconds after the begin, as a float so that no rounding adds up over a long run.
    last: f64,
}

impl Schedule {
    pub(super) fn of(load: &Load) -> Self {
        let doors = (0..=u8::MAX)
            .zip(&load.doors)
            .map(|(index, door)| (door.share, Kind::Door(index)));
        let mut sum = 0.0;
        let shares = [(load.slow.share, Kind::Slow), (load.sockets.share, Kind::Socket)]
            .into_iter()
            .chain(doors)
            .map(|(share, kind)| {
                sum += share;
                (sum, kind)
            })
            .collect();
        Self {
            random: StdRng::seed_from_u64(load.seed),
            spacing: load.spacing,
            rate: load.rate,
            until: load.duration,
            keep_alive: load.keep_alive,
            shares,
            last: 0.0,
        }
    }

    fn kind(&mut self) -> Kind {
        let drawn: f64 = self.random.random();
        self.shares
            .iter()
            .find(|(up_to, _)| drawn < *up_to)
            .map_or(Kind::Plain, |(_, kind)| *kind)
    }
}

impl Iterator for Schedule {
    type Item = Due;

    fn next(&mut self) -> Option<Due> {
        let drawn: f64 = self.random.random();
        self.last += match self.spacing {
            Spacing::Poisson => -(1.0 - drawn).ln() / self.rate,
            Spacing::Even => 1.0 / self.rate,
        };
        let at = Duration::try_from_secs_f64(self.last).ok()?;
        if self.until.is_some_and(|until| at > until) {
            return None;
        }
        let kind = self.kind();
        let keep_alive = self.random.random::<f64>() < self.keep_alive;
        Some(Due { at, kind, keep_alive })
    }
}
