//! Counts a ledger up.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Example, FailureGroup, KindRow, Latency, Phase, PhaseShare, Report, Second, VersionRow};
use crate::lab::load::histogram::Histogram;
use crate::lab::load::ledger::{Entry, Failure, Kind, Ledger, Mark};

const EXAMPLES: usize = 5;
const BEFORE_ANY_MARK: &str = "before";
const WITHOUT_MARKS: &str = "all of it";

#[derive(Default)]
struct Group {
    requests: u64,
    failed: u64,
    took: Histogram,
    versions: Vec<u64>,
}

#[derive(Default)]
struct Seen {
    requests: u64,
    doors: u64,
    span: Option<(Duration, Duration)>,
}

pub(super) fn tally(ledger: &Ledger) -> Report {
    let order = order_of_first_answers(ledger);
    let versions_count = ledger.versions().len();
    let mut all = Group::default();
    let mut late = Histogram::default();
    let mut kinds: BTreeMap<Kind, Group> = BTreeMap::new();
    let mut versions: Vec<Seen> = std::iter::repeat_with(Seen::default)
        .take(versions_count)
        .collect();
    let mut phases = Phases::of(ledger);
    let mut failures: BTreeMap<Failure, (u64, Vec<Entry>)> = BTreeMap::new();
    let mut seconds = Seconds::new(versions_count);
    let mut retried = 0;
    for entry in ledger.entries() {
        let rank = entry
            .version
            .and_then(|number| order.get(usize::from(number)).copied());
        all.note(&entry, rank);
        late.note(entry.late);
        retried += u64::from(entry.retried);
        kinds.entry(entry.kind).or_default().note_any(&entry);
        phases.at(entry.scheduled).note(&entry, rank);
        seconds.note(&entry, rank);
        if let Some(seen) = rank.and_then(|rank| versions.get_mut(rank)) {
            seen.note(&entry);
        }
        if let Some(failure) = entry.failure {
            let (count, examples) = failures.entry(failure).or_default();
            *count += 1;
            keep_first(examples, entry);
        }
    }
    let mut names = vec![""; versions_count];
    for (name, rank) in ledger.versions().iter().zip(&order) {
        names[*rank] = name;
    }
    let answered: u64 = versions.iter().map(|seen| seen.requests).sum();
    let timeline = seconds.rows();
    Report {
        target: ledger.target.clone(),
        began: ledger.began,
        seconds: ledger.lasted.as_secs_f64(),
        requests: all.requests,
        failed: all.failed,
        retried,
        not_begun: failures.get(&Failure::NotBegun).map_or(0, |(count, _)| *count),
        late_p99_ms: millis(late.percentile(99.0)),
        failures: failures
            .into_iter()
            .map(|(failure, found)| group(ledger, failure, found))
            .collect(),
        kinds: kinds
            .into_iter()
            .map(|(kind, group)| kind_row(ledger.kind_name(kind), &group))
            .collect(),
        versions: names
            .iter()
            .zip(versions)
            .map(|(name, seen)| seen.row(name, answered))
            .collect(),
        latency: all.latency(),
        phases: phases.rows(&names),
        went_back: went_back(&timeline),
        timeline,
    }
}

/// For each version's number in the ledger its place in the report. The ledger is in the order of ends, which
/// slow answers come late to; the report's is that of begins.
fn order_of_first_answers(ledger: &Ledger) -> Vec<usize> {
    let mut first = vec![Duration::MAX; ledger.versions().len()];
    for entry in ledger.entries() {
        if let Some(first) = entry
            .version
            .and_then(|number| first.get_mut(usize::from(number)))
        {
            *first = entry.scheduled.min(*first);
        }
    }
    let mut numbers: Vec<usize> = (0..first.len()).collect();
    numbers.sort_by_key(|number| first[*number]);
    let mut order = vec![0; first.len()];
    for (rank, number) in numbers.into_iter().enumerate() {
        order[number] = rank;
    }
    order
}

impl Group {
    fn note(&mut self, entry: &Entry, rank: Option<usize>) {
        self.count(entry);
        if entry.tells_latency() {
            self.took.note(entry.took);
        }
        if let Some(rank) = rank.filter(|_| !matches!(entry.kind, Kind::Door(_))) {
            bump(&mut self.versions, rank);
        }
    }

    /// Within one kind every answer's time counts, also that of slow ones and WebSockets.
    fn note_any(&mut self, entry: &Entry) {
        self.count(entry);
        if entry.status.is_some() {
            self.took.note(entry.took);
        }
    }

    fn count(&mut self, entry: &Entry) {
        self.requests += 1;
        self.failed += u64::from(entry.failure.is_some());
    }

    fn latency(&self) -> Latency {
        Latency {
            p50_ms: millis(self.took.percentile(50.0)),
            p90_ms: millis(self.took.percentile(90.0)),
            p99_ms: millis(self.took.percentile(99.0)),
            max_ms: millis(self.took.longest()),
        }
    }
}

impl Seen {
    fn note(&mut self, entry: &Entry) {
        self.requests += 1;
        self.doors += u64::from(matches!(entry.kind, Kind::Door(_)));
        let at = entry.scheduled;
        self.span = Some(
            self.span
                .map_or((at, at), |(first, last)| (first.min(at), last.max(at))),
        );
    }

    fn row(&self, name: &str, answered: u64) -> VersionRow {
        let (first, last) = self.span.unwrap_or_default();
        VersionRow {
            name: name.to_owned(),
            requests: self.requests,
            share: share(self.requests, answered),
            through_doors: self.doors,
            first: first.as_secs_f64(),
            last: last.as_secs_f64(),
        }
    }
}

struct Phases {
    marks: Vec<Mark>,
    end: Duration,
    /// One more than marks: the first is before any of them.
    groups: Vec<Group>,
}

impl Phases {
    fn of(ledger: &Ledger) -> Self {
        let mut marks = ledger.marks.clone();
        marks.sort_by_key(|mark| mark.at);
        let groups = std::iter::repeat_with(Group::default)
            .take(marks.len() + 1)
            .collect();
        Self {
            marks,
            end: ledger.lasted,
            groups,
        }
    }

    fn at(&mut self, at: Duration) -> &mut Group {
        let place = self.marks.partition_point(|mark| mark.at <= at);
        &mut self.groups[place]
    }

    fn rows(&self, names: &[&str]) -> Vec<Phase> {
        let first = if self.marks.is_empty() {
            WITHOUT_MARKS
        } else {
            BEFORE_ANY_MARK
        };
        let begins = std::iter::once((Duration::ZERO, first))
            .chain(self.marks.iter().map(|mark| (mark.at, mark.text.as_str())));
        let ends = self.marks.iter().map(|mark| mark.at).chain([self.end]);
        begins
            .zip(ends)
            .zip(&self.groups)
            .map(|(((from, name), to), group)| {
                let answered = group.versions.iter().sum();
                let of = |(name, count): (&&str, &u64)| PhaseShare {
                    name: (*name).to_owned(),
                    share: share(*count, answered),
                };
                Phase {
                    name: name.to_owned(),
                    from: from.as_secs_f64(),
                    // A mark may be set while the last answers are waited for.
                    to: to.max(from).as_secs_f64(),
                    requests: group.requests,
                    failed: group.failed,
                    latency: group.latency(),
                    versions: names
                        .iter()
                        .zip(&group.versions)
                        .filter(|(_, count)| **count > 0)
                        .map(of)
                        .collect(),
                }
            })
            .collect()
    }
}

struct Seconds {
    versions: usize,
    rows: Vec<Second>,
    took: Vec<Vec<u32>>,
}

impl Seconds {
    fn new(versions: usize) -> Self {
        Self {
            versions,
            rows: Vec::new(),
            took: Vec::new(),
        }
    }

    fn note(&mut self, entry: &Entry, rank: Option<usize>) {
        let second = usize::try_from(entry.scheduled.as_secs()).unwrap_or(usize::MAX);
        while self.rows.len() <= second {
            self.rows.push(Second {
                versions: vec![0; self.versions],
                ..Second::default()
            });
            self.took.push(Vec::new());
        }
        let row = &mut self.rows[second];
        row.requests += 1;
        row.failed += u64::from(entry.failure.is_some());
        if let Some(rank) = rank.filter(|_| !matches!(entry.kind, Kind::Door(_))) {
            row.versions[rank] += 1;
        }
        if entry.tells_latency() {
            self.took[second].push(u32::try_from(entry.took.as_micros()).unwrap_or(u32::MAX));
        }
    }

    fn rows(self) -> Vec<Second> {
        let mut rows = self.rows;
        for (row, mut took) in rows.iter_mut().zip(self.took) {
            took.sort_unstable();
            let at = |of_hundred: usize| {
                let rank = (took.len() * of_hundred).div_ceil(100).saturating_sub(1);
                took.get(rank).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
            };
            (row.p50_ms, row.p99_ms) = (at(50), at(99));
        }
        rows
    }
}

/// A version that was alone for a second is the newest for good; what an older one answers later went back.
fn went_back(timeline: &[Second]) -> u64 {
    let mut newest_alone = 0;
    let mut back = 0;
    for second in timeline {
        back += second.versions.iter().take(newest_alone).sum::<u64>();
        let mut answering = second
            .versions
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0);
        if let (Some((rank, _)), None) = (answering.next(), answering.next()) {
            newest_alone = newest_alone.max(rank);
        }
    }
    back
}

fn keep_first(examples: &mut Vec<Entry>, entry: Entry) {
    let place = examples.partition_point(|other| other.scheduled <= entry.scheduled);
    examples.insert(place, entry);
    examples.truncate(EXAMPLES);
}

fn group(ledger: &Ledger, failure: Failure, (count, examples): (u64, Vec<Entry>)) -> FailureGroup {
    let example = |entry: Entry| Example {
        at: entry.scheduled.as_secs_f64(),
        kind: ledger.kind_name(entry.kind).to_owned(),
        version: entry.version.map(|number| ledger.version_name(number).to_owned()),
        status: entry.status,
        took_ms: millis(entry.took),
    };
    FailureGroup {
        failure,
        count,
        examples: examples.into_iter().map(example).collect(),
    }
}

fn kind_row(name: &str, group: &Group) -> KindRow {
    KindRow {
        name: name.to_owned(),
        requests: group.requests,
        failed: group.failed,
        p50_ms: millis(group.took.percentile(50.0)),
        p99_ms: millis(group.took.percentile(99.0)),
    }
}

fn bump(counts: &mut Vec<u64>, at: usize) {
    if at >= counts.len() {
        counts.resize(at + 1, 0);
    }
    counts[at] += 1;
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn share(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}
