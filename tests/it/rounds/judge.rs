//! Whether every request of a round was answered, and by somebody to whom the rules of that moment led.

use std::collections::BTreeMap;
use std::time::Duration;

use swingbridge::lab::load::{Entry, Kind, Ledger};

use super::record::{CLOSED, Record, Way};

/// How long after a write requests may still be answered as before: the data plane's delay, and three times as much
/// for a machine that is busy.
pub(super) const LAG: Duration = Duration::from_secs(1);
/// The doors of the load, in this order.
pub(super) const DOORS: [Way; 2] = [Way::Blue, Way::Green];

/// What there is to say against a round's requests; nothing when all is well.
pub(super) fn complaints(
    ledger: &Ledger,
    record: &Record,
    versions: &BTreeMap<String, String>,
    slow: Duration,
) -> Vec<String> {
    let mut all = Vec::new();
    for entry in ledger.entries() {
        let what = || describe(ledger, &entry);
        if entry.failure.is_some() {
            all.push(format!("failed: {}", what()));
            continue;
        }
        let way = way(entry.kind);
        // A slow answer was decided on before it was slow.
        let own = if entry.kind == Kind::Slow {
            slow
        } else {
            Duration::ZERO
        };
        let begun = entry.scheduled + entry.late;
        let decided = (entry.scheduled + entry.took).saturating_sub(own).max(begun);
        let legal: Vec<&str> = record
            .led_to(way, ledger.clock(begun), ledger.clock(decided), LAG)
            .collect();
        let answer = answer(ledger, &entry);
        let is_legal = legal.iter().any(|to| match *to {
            CLOSED => answer == CLOSED,
            group => versions.get(group) == Some(&answer),
        });
        if !is_legal {
            all.push(format!(
                "answered by {answer}, when {way:?} led to {}: {}",
                legal.join(" or "),
                what()
            ));
        }
    }
    let kinds = [
        Kind::Plain,
        Kind::Slow,
        Kind::Socket,
        Kind::Door(0),
        Kind::Door(1),
    ];
    for kind in kinds {
        if !ledger.entries().any(|entry| entry.kind == kind) {
            all.push(format!("no request was of the kind {}", ledger.kind_name(kind)));
        }
    }
    all
}

fn way(kind: Kind) -> Way {
    match kind {
        Kind::Plain | Kind::Slow | Kind::Socket => Way::Production,
        Kind::Door(number) => DOORS[usize::from(number)],
    }
}

/// The version that answered, or the status of the load balancer itself.
fn answer(ledger: &Ledger, entry: &Entry) -> String {
    match (entry.version, entry.status) {
        (Some(version), _) => ledger.version_name(version).to_owned(),
        (None, status) => status.map_or_else(|| "nobody".to_owned(), |status| status.to_string()),
    }
}

fn describe(ledger: &Ledger, entry: &Entry) -> String {
    format!(
        "{} due at {}, begun {} ms later, took {} ms, status {:?}, {}",
        ledger.kind_name(entry.kind),
        ledger.clock(entry.scheduled),
        entry.late.as_millis(),
        entry.took.as_millis(),
        entry.status,
        entry.failure.map_or("no failure", |failure| failure.words()),
    )
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use swingbridge::lab::load::Failure;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a moment")
    }

    /// Production swings from version 1 to version 2 after 100 s, and green closes.
    fn judged(change: impl FnOnce(&mut Vec<Entry>)) -> Vec<String> {
        let doors = vec!["blue".to_owned(), "green".to_owned()];
        let mut ledger = Ledger::new("http://lab".to_owned(), at(0), doors);
        let numbers = [ledger.version("1"), ledger.version("2")];
        let entry = |second: u64, kind: Kind, version: Option<usize>| Entry {
            scheduled: Duration::from_secs(second),
            late: Duration::ZERO,
            took: Duration::from_millis(if kind == Kind::Slow { 1_002 } else { 2 }),
            kind,
            version: version.map(|index| numbers[index]),
            status: Some(if version.is_some() { 200 } else { 404 }),
            failure: None,
            retried: false,
        };
        let mut entries = vec![
            entry(50, Kind::Plain, Some(0)),
            entry(50, Kind::Slow, Some(0)),
            entry(50, Kind::Socket, Some(0)),
            entry(50, Kind::Door(0), Some(0)),
            entry(50, Kind::Door(1), Some(1)),
            entry(100, Kind::Plain, Some(0)),
            entry(100, Kind::Plain, Some(1)),
            entry(150, Kind::Plain, Some(1)),
            entry(150, Kind::Door(1), None),
        ];
        change(&mut entries);
        for entry in entries {
            ledger.push(entry);
        }
        let mut record = Record::default();
        for (way, before, after) in [
            (Way::Production, "tg-1", "tg-2"),
            (Way::Blue, "tg-1", "tg-2"),
            (Way::Green, "tg-2", CLOSED),
        ] {
            record.note(at(0), way, before);
            record.note(at(100), way, after);
        }
        let versions = [("tg-1", "1"), ("tg-2", "2")]
            .map(|(group, version)| (group.to_owned(), version.to_owned()))
            .into();
        complaints(&ledger, &record, &versions, Duration::from_secs(1))
    }

    #[test]
    fn answers_of_those_to_whom_the_rules_led_are_well() {
        assert_eq!(judged(|_| {}), [""; 0]);
    }

    #[test]
    fn a_failed_request_is_found() {
        let found = judged(|entries| entries[0].failure = Some(Failure::Reset));
        assert!(found[0].contains("connection lost"), "{found:?}");
    }

    #[test]
    fn an_answer_of_the_candidate_before_the_swing_is_found() {
        let found = judged(|entries| entries[0].version = entries[7].version);
        assert!(found[0].contains("answered by 2"), "{found:?}");
    }

    #[test]
    fn an_answer_of_the_generation_before_long_after_the_swing_is_found() {
        let found = judged(|entries| entries[7].version = entries[0].version);
        assert!(found[0].contains("answered by 1"), "{found:?}");
    }

    #[test]
    fn a_slow_answer_is_judged_by_when_it_was_decided_on() {
        let found = judged(|entries| {
            entries[1].scheduled = Duration::from_millis(99_500);
            entries[1].version = entries[7].version;
        });
        assert!(found[0].contains("slow"), "{found:?}");
    }

    #[test]
    fn a_door_that_answers_although_it_is_closed_is_found() {
        let found = judged(|entries| {
            entries[8] = Entry {
                scheduled: entries[8].scheduled,
                ..entries[4]
            }
        });
        assert!(found[0].contains("Green led to 404"), "{found:?}");
    }

    #[test]
    fn a_round_without_websockets_proves_too_little() {
        let found = judged(|entries| entries.retain(|entry| entry.kind != Kind::Socket));
        assert!(found[0].contains("websocket"), "{found:?}");
    }
}
