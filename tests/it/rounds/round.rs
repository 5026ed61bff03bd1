//! One round as its seed tells it: a command, a signal, a moment for it, and what is run after it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    Deploy,
    Promote,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Kill,
    Terminate,
    Interrupt,
}

/// When the signal is sent, as a share of what the command goes through when nobody disturbs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Moment {
    /// Of its time.
    Time(f64),
    /// Of the calls by which it changes something: right after one.
    Change(f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The same command once more.
    Again,
    /// `status` and `repair`, then the same command.
    Repair,
    Rollback,
}

/// Written `deploy:sigkill:12345`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Round {
    pub(super) act: Act,
    pub(super) signal: Signal,
    pub(super) seed: u64,
}

/// All that a seed decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fate {
    pub(super) moment: Moment,
    pub(super) then: Then,
    /// How long a slow request takes.
    pub(super) slow: Duration,
}

impl Round {
    pub(super) fn fate(self) -> Fate {
        let mut chance = StdRng::seed_from_u64(self.seed);
        let share = chance.random_range(0.0..1.0);
        Fate {
            moment: match chance.random_range(0..2) {
                0 => Moment::Time(share),
                _ => Moment::Change(share),
            },
            then: match chance.random_range(0..20) {
                0..14 => Then::Again,
                14..17 => Then::Repair,
                _ => Then::Rollback,
            },
            slow: Duration::from_millis(chance.random_range(1_000..2_000)),
        }
    }
}

const ACTS: [(&str, Act); 2] = [("deploy", Act::Deploy), ("promote", Act::Promote)];
const SIGNALS: [(&str, Signal); 3] = [
    ("sigkill", Signal::Kill),
    ("sigterm", Signal::Terminate),
    ("sigint", Signal::Interrupt),
];

fn named<T: Copy + PartialEq>(all: &[(&'static str, T)], one: T) -> &'static str {
    all.iter()
        .find(|(_, other)| *other == one)
        .map_or("", |(name, _)| name)
}

fn meant<T: Copy>(all: &[(&str, T)], name: Option<&str>) -> Option<T> {
    all.iter()
        .find(|(other, _)| Some(*other) == name)
        .map(|(_, one)| *one)
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(named(&ACTS, *self))
    }
}

impl Signal {
    /// As `kill` calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Terminate => "TERM",
            Self::Interrupt => "INT",
        }
    }

    /// What the command ends with when it has heard the signal; nothing for the one that nobody hears.
    pub(super) fn code(self) -> Option<i32> {
        match self {
            Self::Kill => None,
            Self::Terminate => Some(143),
            Self::Interrupt => Some(130),
        }
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { act, signal, seed } = self;
        write!(f, "{act}:{}:{seed}", named(&SIGNALS, *signal))
    }
}

impl FromStr for Round {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let round = (
            meant(&ACTS, parts.next()),
            meant(&SIGNALS, parts.next()),
            parts.next().and_then(|seed| seed.parse().ok()),
        );
        match (round, parts.next()) {
            ((Some(act), Some(signal), Some(seed)), None) => Ok(Self { act, signal, seed }),
            _ => Err(format!(
                "{text:?} is no round: one is written like deploy:sigkill:12345 or promote:sigterm:1"
            )),
        }
    }
}

#[test]
fn a_round_is_read_as_it_is_printed_and_always_meets_the_same_fate() {
    for text in ["deploy:sigkill:12345", "promote:sigterm:7", "promote:sigint:0"] {
        let round: Round = text.parse().expect("a round");
        assert_eq!(round.to_string(), text);
        assert_eq!(round.fate(), text.parse::<Round>().expect("a round").fate());
    }
    for wrong in [
        "",
        "deploy",
        "deploy:kill:1",
        "retire:sigkill:1",
        "deploy:sigkill:1:2",
    ] {
        wrong.parse::<Round>().expect_err(wrong);
    }
}

#[test]
fn among_a_few_seeds_every_kind_of_fate_is_met() {
    let fates: Vec<Fate> = (0..60)
        .map(|seed| Round {
            act: Act::Deploy,
            signal: Signal::Kill,
            seed,
        })
        .map(Round::fate)
        .collect();
    for then in [Then::Again, Then::Repair, Then::Rollback] {
        assert!(fates.iter().any(|fate| fate.then == then), "{then:?}");
    }
    assert!(fates.iter().any(|fate| matches!(fate.moment, Moment::Time(_))));
    assert!(fates.iter().any(|fate| matches!(fate.moment, Moment::Change(_))));
}
