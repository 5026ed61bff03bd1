//! Requests per second by target group, for the last seconds only.

use std::collections::{BTreeMap, VecDeque};

use super::picture::{Series, Traffic};

/// How many seconds are kept: the width of the page's chart.
const KEPT: usize = 60;

/// What one target group was asked in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::lab) struct Tally {
    pub(in crate::lab) requests: u64,
    pub(in crate::lab) failed: u64,
}

#[derive(Debug, Default)]
pub(in crate::lab) struct Rates {
    seconds: VecDeque<BTreeMap<String, Tally>>,
    counted: u64,
    whole: Tally,
}

impl Rates {
    /// One more second is over. The key is a target group's name, empty for what no target answered.
    pub(in crate::lab) fn add(&mut self, second: BTreeMap<String, Tally>) {
        self.counted += 1;
        for tally in second.values() {
            self.whole.requests += tally.requests;
            self.whole.failed += tally.failed;
        }
        self.seconds.push_back(second);
        if self.seconds.len() > KEPT {
            self.seconds.pop_front();
        }
    }

    pub(in crate::lab) fn traffic(&self) -> Traffic {
        let names: std::collections::BTreeSet<&String> =
            self.seconds.iter().flat_map(BTreeMap::keys).collect();
        let series = names.into_iter().map(|name| {
            let tallies = self
                .seconds
                .iter()
                .map(|second| second.get(name).copied().unwrap_or_default());
            let (requests, failed) = tallies.map(|tally| (tally.requests, tally.failed)).unzip();
            Series {
                target_group: name.clone(),
                requests,
                failed,
            }
        });
        Traffic {
            series: series.collect(),
            seconds: self.seconds.len(),
            until: self.counted,
            requests_in_all: self.whole.requests,
            failed_in_all: self.whole.failed,
        }
    }
}
