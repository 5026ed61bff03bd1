//! What the world was a moment ago: AWS's reads may be answered from it.

use std::collections::VecDeque;
use std::time::Duration;

use super::World;
use super::time::Moment;

/// The world as it was before each change. Empty until somebody asks for stale reads: a copy is not free.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    kept_for: Duration,
    before: VecDeque<(Moment, Box<World>)>,
}

impl World {
    /// From now on what was written can be read as it was, for so long at least.
    pub fn keep_past(&mut self, kept_for: Duration) {
        self.past.kept_for = self.past.kept_for.max(kept_for);
    }

    /// Keeps a copy of what is about to change.
    pub(in crate::lab) fn remember(&mut self) {
        let kept_for = self.past.kept_for;
        if kept_for.is_zero() {
            return;
        }
        let now = self.now;
        let mut before = std::mem::take(&mut self.past.before);
        // Of those that are too young for the longest look back, all; of the others, the last.
        while before.get(1).is_some_and(|(at, _)| now.since(*at) > kept_for) {
            before.pop_front();
        }
        before.push_back((now, Box::new(self.clone())));
        self.past.before = before;
    }

    /// A copy of the world as it was `ago`, if anything was written since.
    pub(in crate::lab) fn as_it_was(&self, ago: Duration) -> Option<World> {
        self.past
            .before
            .iter()
            .find(|(at, _)| self.now.since(*at) <= ago)
            .map(|(_, world)| (**world).clone())
    }
}
