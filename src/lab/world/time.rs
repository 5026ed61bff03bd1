//! The lab's own time, and what is to happen when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::{Add, Sub};
use std::time::Duration;

use super::balancing::BalancingTimer;
use super::compute::ComputeTimer;
use super::scaling::ScalingTimer;
use super::watch::WatchTimer;

/// A moment since the lab began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    pub const START: Self = Self(Duration::ZERO);

    pub fn after_start(since: Duration) -> Self {
        Self(since)
    }

    pub fn since_start(self) -> Duration {
        self.0
    }

    /// How long ago `earlier` was; nothing if it is still to come.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl Sub for Moment {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

/// Something that happens by itself. A timer whose reason is gone when it rings does nothing: nothing is ever cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timer {
    Balancing(BalancingTimer),
    Scaling(ScalingTimer),
    Compute(ComputeTimer),
    Watch(WatchTimer),
}

/// Timers by when they are due; of those due together, the one set first rings first.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    due: BinaryHeap<Reverse<Entry>>,
    set: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    due: Moment,
    order: u64,
    timer: Timer,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.due, self.order) == (other.due, other.order)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.order).cmp(&(other.due, other.order))
    }
}

impl Timers {
    pub(super) fn set(&mut self, due: Moment, timer: Timer) {
        self.set += 1;
        self.due.push(Reverse(Entry {
            due,
            order: self.set,
            timer,
        }));
    }

    pub(super) fn next(&self) -> Option<Moment> {
        self.due.peek().map(|Reverse(entry)| entry.due)
    }

    pub(super) fn take_due(&mut self, moment: Moment) -> Option<(Moment, Timer)> {
        if self.next()? > moment {
            return None;
        }
        self.due.pop().map(|Reverse(entry)| (entry.due, entry.timer))
    }
}
