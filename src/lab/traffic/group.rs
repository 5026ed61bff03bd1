//! A target group at work: whose turn it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::backend::Backend;
use super::chance::Chance;
use super::tally::Tally;
use crate::lab::world::routing::{Algorithm, Pool, Target};
use crate::lab::world::time::Moment;

/// A new target of a slow-starting group gets at least this share of a full one's requests.
const LEAST_SHARE: f64 = 0.01;

/// One target group in one picture.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) pool: Arc<Pool>,
    /// Those that have an address.
    pub(super) targets: Vec<(Arc<Target>, Arc<Backend>)>,
    /// Whose turn it is, from picture to picture.
    pub(super) turn: Arc<AtomicUsize>,
    pub(super) tally: Arc<Tally>,
}

impl Group {
    /// The target a cookie remembers, if it is still one.
    pub(super) fn named(&self, name: &str) -> Option<&Arc<Backend>> {
        self.targets
            .iter()
            .map(|(_, backend)| backend)
            .find(|backend| backend.name == name)
    }

    /// Chooses a target for a new request.
    pub(super) fn choose(&self, chance: &Chance, now: Moment) -> Option<&Arc<Backend>> {
        let count = self.targets.len();
        if count == 0 {
            return None;
        }
        let place = match self.pool.algorithm {
            _ if self.is_slow_starting(now) => self.by_share(chance, now),
            Algorithm::RoundRobin => self.turn.fetch_add(1, Ordering::Relaxed) % count,
            Algorithm::LeastOutstanding => self.least_outstanding(),
            Algorithm::WeightedRandom => usize::try_from(chance.below(count as u64)).unwrap_or(0),
        };
        self.targets.get(place).map(|(_, backend)| backend)
    }

    fn least_outstanding(&self) -> usize {
        let count = self.targets.len();
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        // Among equals it goes round.
        (0..count)
            .map(|step| first.wrapping_add(step) % count)
            .min_by_key(|&place| self.targets[place].1.outstanding())
            .unwrap_or(0)
    }

    fn is_slow_starting(&self, now: Moment) -> bool {
        self.pool.slow_start.is_some()
            && self
                .targets
                .iter()
                .any(|(target, _)| self.share(target, now) < 1.0)
    }

    fn by_share(&self, chance: &Chance, now: Moment) -> usize {
        let all: f64 = self
            .targets
            .iter()
            .map(|(target, _)| self.share(target, now))
            .sum();
        let mut left = chance.share() * all;
        let chosen = self.targets.iter().position(|(target, _)| {
            left -= self.share(target, now);
            left < 0.0
        });
        chosen.unwrap_or(0)
    }

    /// How much of a full target's requests this one gets now: it grows with the time since it became healthy.
    fn share(&self, target: &Target, now: Moment) -> f64 {
        match (self.pool.slow_start, target.healthy_since) {
            (Some(duration), Some(since)) if target.slow_starts && !duration.is_zero() => {
                (now.since(since).as_secs_f64() / duration.as_secs_f64()).clamp(LEAST_SHARE, 1.0)
            }
            _ => 1.0,
        }
    }
}

/// Chooses a target group by weight; none when nobody has any.
pub(super) fn by_weight<'a>(pools: &'a [(Arc<Pool>, u32)], chance: &Chance) -> Option<&'a Arc<Pool>> {
    if let [(only, weight)] = pools {
        return (*weight > 0).then_some(only);
    }
    let mut left = chance.below(pools.iter().map(|(_, weight)| u64::from(*weight)).sum());
    pools.iter().find_map(|(pool, weight)| {
        let weight = u64::from(*weight);
        if left < weight {
            return Some(pool);
        }
        left -= weight;
        None
    })
}

#[cfg(test)]
mod tests;
