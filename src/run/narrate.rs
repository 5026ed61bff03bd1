//! Numbers and stamps every event on its way to the reporter.

use jiff::Timestamp;
use tokio::time::Instant;

use crate::model::event::{Event, EventKind, Reporter};

pub(super) struct Narrator<'a> {
    run: String,
    index: u64,
    start: Instant,
    reporter: &'a mut (dyn Reporter + Send),
}

impl<'a> Narrator<'a> {
    pub(super) fn new(run: &str, reporter: &'a mut (dyn Reporter + Send)) -> Self {
        Self {
            run: run.to_owned(),
            index: 0,
            start: Instant::now(),
            reporter,
        }
    }

    pub(super) fn say(&mut self, kind: EventKind) {
        let event = Event {
            run: self.run.clone(),
            index: self.index,
            at: Timestamp::now(),
            elapsed: self.start.elapsed(),
            kind,
        };
        self.index += 1;
        // A closed pipe must not stop a swing half way: the work goes on without that audience.
        if let Err(error) = self.reporter.on(&event) {
            tracing::warn!(%error, "somebody who was told of this run does not listen any more");
        }
    }
}
