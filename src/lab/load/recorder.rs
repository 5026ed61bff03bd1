//! Where everything that runs writes down what it saw.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::HeaderValue;

use super::ledger::{Entry, Failure, Ledger};
use super::live::{Pulse, Snapshot};
use super::schedule::Due;

/// The version of a good answer that does not name it. A bad one without a name is the load balancer's own.
const UNNAMED: &str = "(unnamed)";

/// What has been seen of an answer so far; whatever ends the request, this much is known.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) version: Option<HeaderValue>,
    pub(super) status: Option<u16>,
    pub(super) retried: bool,
    /// When the answer counts as given, if that is before the request is over.
    pub(super) answered: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Recorder {
    began: Instant,
    books: Mutex<Books>,
}

#[derive(Debug)]
struct Books {
    ledger: Ledger,
    pulse: Pulse,
}

impl Recorder {
    pub(super) fn new(began: Instant, ledger: Ledger) -> Self {
        Self {
            began,
            books: Mutex::new(Books {
                ledger,
                pulse: Pulse::default(),
            }),
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// The moment that lies this long after the begin.
    pub(super) fn moment(&self, after: Duration) -> Instant {
        self.began + after
    }

    pub(super) fn note(&self, due: Due, begun: Instant, seen: &Seen, failure: Option<Failure>) {
        let scheduled = self.moment(due.at);
        let ended = seen.answered.unwrap_or_else(Instant::now);
        let mut books = self.books();
        let books = &mut *books;
        let version = match &seen.version {
            Some(name) => Some(name.to_str().unwrap_or(UNNAMED)),
            None => seen.status.filter(|status| *status < 400).map(|_| UNNAMED),
        };
        let entry = Entry {
            scheduled: due.at,
            late: begun.saturating_duration_since(scheduled),
            took: ended.saturating_duration_since(scheduled),
            kind: due.kind,
            version: version.map(|name| books.ledger.version(name)),
            status: seen.status,
            failure,
            retried: seen.retried,
        };
        books.pulse.note(&entry);
        books.ledger.push(entry);
    }

    pub(super) fn mark(&self, text: &str) {
        let now = self.now();
        self.books().ledger.mark(now, text);
    }

    pub(super) fn beat(&self, in_flight: usize) -> Snapshot {
        let now = self.now();
        let mut books = self.books();
        let books = &mut *books;
        books.pulse.beat(now, in_flight, &books.ledger)
    }

    /// Hands the ledger over; what is noted from now on is lost.
    pub(super) fn close(&self, lasted: Duration) -> Ledger {
        let mut books = self.books();
        let empty = Ledger::new(books.ledger.target.clone(), books.ledger.began, Vec::new());
        let mut ledger = std::mem::replace(&mut books.ledger, empty);
        ledger.lasted = lasted;
        ledger
    }
}
