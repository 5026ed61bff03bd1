//! What happened in the lab, for the dashboard and for people who ask why.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::World;

/// How many happenings are kept.
const KEPT: usize = 2_000;

#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Happening {
    pub number: u64,
    pub at: Timestamp,
    /// One word: `rule`, `health`, `group`, `instance`, `alarm`, `call`, `fault`.
    pub kind: &'static str,
    pub text: String,
}

#[derive(Clone, Debug, Default)]
pub struct Timeline {
    happened: VecDeque<Happening>,
    count: u64,
}

impl Timeline {
    /// What happened after happening `number`, oldest first.
    pub fn since(&self, number: u64) -> impl Iterator<Item = &Happening> {
        self.happened
            .iter()
            .filter(move |happening| happening.number > number)
    }
}

impl World {
    /// Notes something for the timeline.
    pub fn tell(&mut self, kind: &'static str, text: impl Into<String>) {
        self.timeline.count += 1;
        let happening = Happening {
            number: self.timeline.count,
            at: self.clock(),
            kind,
            text: text.into(),
        };
        self.timeline.happened.push_back(happening);
        if self.timeline.happened.len() > KEPT {
            self.timeline.happened.pop_front();
        }
    }
}
