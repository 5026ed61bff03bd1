//! Where production and the two doors led, and from when on: read from the lab's own timeline.

use std::time::Duration;

use jiff::Timestamp;

/// What a closed door answers.
pub(super) const CLOSED: &str = "404";

/// The three ways in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Production,
    Blue,
    Green,
}

impl Way {
    pub(super) const ALL: [Self; 3] = [Self::Production, Self::Blue, Self::Green];

    /// The priority of its rule.
    pub(super) fn priority(self) -> &'static str {
        match self {
            Self::Production => "default",
            Self::Blue => "10",
            Self::Green => "11",
        }
    }
}

#[derive(Clone, Debug)]
struct Written {
    at: Timestamp,
    way: Way,
    /// A target group's name, or [`CLOSED`].
    to: String,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Record(Vec<Written>);

impl Record {
    pub(super) fn note(&mut self, at: Timestamp, way: Way, to: &str) {
        let to = to.to_owned();
        self.0.push(Written { at, way, to });
    }

    /// Takes a line of the lab's timeline, if it says that one of the ways was written.
    pub(super) fn read(&mut self, at: Timestamp, line: &str) {
        let written = |way: Way| match way {
            Way::Production => line.strip_prefix("default rule of HTTP:80: "),
            door => line.strip_prefix(&format!("rule {} written: ", door.priority())),
        };
        for way in Way::ALL {
            if let Some(action) = written(way) {
                self.note(at, way, &leads(action));
            }
        }
    }

    /// How many writes are known: a place to look from later.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Everything that this way led to at some time between the two: what was written last before, what was written
    /// between, and what that replaced, for as long as the data plane may not have heard of it.
    pub(super) fn led_to(
        &self,
        way: Way,
        from: Timestamp,
        until: Timestamp,
        lag: Duration,
    ) -> impl Iterator<Item = &str> {
        let writes: Vec<&Written> = self.0.iter().filter(|one| one.way == way).collect();
        let ends: Vec<Option<Timestamp>> = writes.iter().skip(1).map(|next| Some(next.at)).collect();
        writes
            .into_iter()
            .zip(ends.into_iter().chain([None]))
            .filter(move |(written, replaced)| {
                written.at <= until && replaced.is_none_or(|at| at + lag >= from)
            })
            .map(|(written, _)| written.to.as_str())
    }

    /// What this way was made to lead to since then, one after another.
    pub(super) fn since(&self, place: usize, way: Way) -> Vec<&str> {
        let mut now = self.0[..place]
            .iter()
            .rfind(|one| one.way == way)
            .map(|one| one.to.as_str());
        let mut all = Vec::new();
        for written in self.0[place..].iter().filter(|one| one.way == way) {
            if now != Some(written.to.as_str()) {
                now = Some(&written.to);
                all.push(written.to.as_str());
            }
        }
        all
    }
}

/// `forward to tg-1 0, tg-2 1` leads to `tg-2`, `answer 404` to `404`.
fn leads(action: &str) -> String {
    let Some(groups) = action.strip_prefix("forward to ") else {
        return action.trim_start_matches("answer ").to_owned();
    };
    let with_weight: Vec<&str> = groups
        .split(", ")
        .filter_map(|group| group.split_once(' '))
        .filter(|(_, weight)| *weight != "0")
        .map(|(name, _)| name)
        .collect();
    with_weight.join(" and ")
}

#[test]
fn a_timeline_says_where_the_ways_led() {
    let at = |second| Timestamp::from_second(second).expect("a moment");
    let mut record = Record::default();
    record.note(at(0), Way::Production, "tg-1");
    record.read(at(5), "rule 1 created: answer 404");
    record.read(at(9), "rule 11 written: forward to tg-2 1");
    record.read(at(10), "default rule of HTTP:80: forward to tg-1 0, tg-2 1");
    record.read(at(11), "rule 11 written: answer 404");
    let lag = Duration::from_secs(1);
    let led =
        |from, until| -> Vec<&str> { record.led_to(Way::Production, at(from), at(until), lag).collect() };
    assert_eq!(led(3, 9), ["tg-1"]);
    assert_eq!(led(9, 10), ["tg-1", "tg-2"]);
    assert_eq!(led(11, 11), ["tg-1", "tg-2"]);
    assert_eq!(led(12, 12), ["tg-2"]);
    assert_eq!(record.since(0, Way::Green), ["tg-2", CLOSED]);
    assert_eq!(record.since(1, Way::Production), ["tg-2"]);
    assert_eq!(record.since(record.len(), Way::Production), [""; 0]);
}
