//! Every request of a load, in 24 bytes each, with the versions that answered and the marks set meanwhile.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// As many doors as a byte tells apart from the other kinds.
pub(super) const MOST_DOORS: usize = 200;
/// A server that names a new version in every answer must not fill the memory with names.
const MOST_VERSIONS: usize = 200;
const OTHER_VERSIONS: &str = "(others)";
/// Rows are kept in pieces, so that a growing ledger is never copied.
const ROWS_PER_PIECE: usize = 1 << 16;
const NO_VERSION: u8 = u8::MAX;
const NO_STATUS: u16 = 0;

/// What sort of request it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Plain,
    Slow,
    Socket,
    /// A plain request through the door with this number.
    Door(u8),
}

/// Why a request counts as failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// No connection, or no TLS on it.
    Connect,
    /// The connection ended before an answer; or a WebSocket's before its time.
    Reset,
    /// No complete answer within the load's patience.
    Timeout,
    /// A complete answer with a status from 400 up that was not expected.
    Status,
    /// The head came, but not the whole body.
    Truncated,
    /// A WebSocket gave back something other than what it was sent.
    WrongEcho,
    /// The generator had its most requests in flight already: nobody knows what would have been answered.
    NotBegun,
}

impl Failure {
    pub(super) const ALL: [Self; 7] = [
        Self::Connect,
        Self::Reset,
        Self::Timeout,
        Self::Status,
        Self::Truncated,
        Self::WrongEcho,
        Self::NotBegun,
    ];

    /// In the words of a report.
    pub fn words(self) -> &'static str {
        match self {
            Self::Connect => "could not connect",
            Self::Reset => "connection lost",
            Self::Timeout => "timed out",
            Self::Status => "bad status",
            Self::Truncated => "body cut short",
            Self::WrongEcho => "wrong echo",
            Self::NotBegun => "not begun: all connections were busy",
        }
    }
}

/// One request as it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was due, after the load's begin.
    pub scheduled: Duration,
    /// How much later it was begun.
    pub late: Duration,
    /// From when it was due to its whole answer (a WebSocket: to its first message).
    pub took: Duration,
    pub kind: Kind,
    /// The index in [`Ledger::versions`] of the one that answered.
    pub version: Option<u8>,
    pub status: Option<u16>,
    pub failure: Option<Failure>,
    /// Sent again on a new connection, since the old one was closed before anything was sent.
    pub retried: bool,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    scheduled: u64,
    late: u32,
    took: u32,
    status: u16,
    version: u8,
    kind: u8,
    failure: u8,
    retried: bool,
}

const _: () = assert!(size_of::<Row>() == 24, "five million rows must stay small");

/// Something that was done to the system under load, at a time after the load's begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub at: Duration,
    pub text: String,
}

/// What became of every request of a load.
#[derive(Debug)]
pub struct Ledger {
    pub target: String,
    pub began: Timestamp,
    /// How long requests were begun.
    pub lasted: Duration,
    pub doors: Vec<String>,
    pub marks: Vec<Mark>,
    versions: Vec<String>,
    numbers: HashMap<String, u8>,
    pieces: Vec<Vec<Row>>,
}

impl Ledger {
    pub fn new(target: String, began: Timestamp, doors: Vec<String>) -> Self {
        Self {
            target,
            began,
            lasted: Duration::ZERO,
            doors,
            marks: Vec::new(),
            versions: Vec::new(),
            numbers: HashMap::new(),
            pieces: Vec::new(),
        }
    }

    pub fn mark(&mut self, at: Duration, text: impl Into<String>) {
        self.marks.push(Mark {
            at,
            text: text.into(),
        });
    }

    /// The versions that answered, in the order of their first answers.
    pub fn versions(&self) -> &[String] {
        &self.versions
    }

    /// The number that entries give this version.
    pub fn version(&mut self, name: &str) -> u8 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let name = if self.versions.len() < MOST_VERSIONS {
            name
        } else {
            OTHER_VERSIONS
        };
        let next = u8::try_from(self.versions.len()).unwrap_or(NO_VERSION);
        let number = *self.numbers.entry(name.to_owned()).or_insert(next);
        if number == next {
            self.versions.push(name.to_owned());
        }
        number
    }

    pub fn push(&mut self, entry: Entry) {
        if self
            .pieces
            .last()
            .is_none_or(|piece| piece.len() == ROWS_PER_PIECE)
        {
            self.pieces.push(Vec::with_capacity(ROWS_PER_PIECE));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.push(Row::from(entry));
        }
    }

    pub fn len(&self) -> usize {
        self.pieces.iter().map(Vec::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// All requests, in the order in which they ended.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.pieces.iter().flatten().map(|row| Entry::from(*row))
    }

    pub fn kind_name(&self, kind: Kind) -> &str {
        match kind {
            Kind::Plain => "plain",
            Kind::Slow => "slow",
            Kind::Socket => "websocket",
            Kind::Door(number) => self.doors.get(usize::from(number)).map_or("door", String::as_str),
        }
    }

    pub fn version_name(&self, number: u8) -> &str {
        self.versions.get(usize::from(number)).map_or("", String::as_str)
    }

    /// The wall clock at a time after the load's begin.
    pub fn clock(&self, after: Duration) -> Timestamp {
        let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
        self.began.checked_add(after).unwrap_or(Timestamp::MAX)
    }

    /// One JSON object a line: first the marks, then every request in the order in which they ended.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write_lines(&self, mut to: impl Write) -> io::Result<()> {
        for mark in &self.marks {
            serde_json::to_writer(
                &mut to,
                &MarkLine {
                    at: self.clock(mark.at),
                    mark: &mark.text,
                },
            )?;
            to.write_all(b"\n")?;
        }
        for entry in self.entries() {
            let line = RequestLine {
                at: self.clock(entry.scheduled),
                begun: self.clock(entry.scheduled + entry.late),
                kind: self.kind_name(entry.kind),
                version: entry.version.map(|number| self.version_name(number)),
                status: entry.status,
                took_us: u64::try_from(entry.took.as_micros()).unwrap_or(u64::MAX),
                failure: entry.failure,
                retried: entry.retried,
            };
            serde_json::to_writer(&mut to, &line)?;
            to.write_all(b"\n")?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct MarkLine<'a> {
    at: Timestamp,
    mark: &'a str,
}

#[derive(Serialize)]
struct RequestLine<'a> {
    at: Timestamp,
    begun: Timestamp,
    kind: &'a str,
    version: Option<&'a str>,
    status: Option<u16>,
    took_us: u64,
    failure: Option<Failure>,
    retried: bool,
}

impl From<Entry> for Row {
    fn from(entry: Entry) -> Self {
        // 32 bits of microseconds are 71 minutes; nobody is that patient.
        let short = |duration: Duration| u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
        Self {
            scheduled: u64::try_from(entry.scheduled.as_micros()).unwrap_or(u64::MAX),
            late: short(entry.late),
            took: short(entry.took),
            status: entry.status.unwrap_or(NO_STATUS),
            version: entry.version.unwrap_or(NO_VERSION),
            kind: match entry.kind {
                Kind::Plain => 0,
                Kind::Slow => 1,
                Kind::Socket => 2,
                Kind::Door(number) => number.saturating_add(3),
            },
            failure: entry.failure.map_or(0, |failure| failure as u8 + 1),
            retried: entry.retried,
        }
    }
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        Self {
            scheduled: Duration::from_micros(row.scheduled),
            late: Duration::from_micros(row.late.into()),
            took: Duration::from_micros(row.took.into()),
            kind: match row.kind {
                0 => Kind::Plain,
                1 => Kind::Slow,
                2 => Kind::Socket,
                door => Kind::Door(door - 3),
            },
            version: (row.version != NO_VERSION).then_some(row.version),
            status: (row.status != NO_STATUS).then_some(row.status),
            failure: usize::from(row.failure)
                .checked_sub(1)
                .and_then(|at| Failure::ALL.get(at))
                .copied(),
            retried: row.retried,
        }
    }
}

impl Entry {
    /// Whether its time says how fast the service is: slow requests and WebSockets take as long as they were
    /// asked to, and a refused connection is no fast answer.
    pub fn tells_latency(&self) -> bool {
        matches!(self.kind, Kind::Plain | Kind::Door(_))
            && !matches!(
                self.failure,
                Some(Failure::Connect | Failure::Reset | Failure::NotBegun)
            )
    }
}
