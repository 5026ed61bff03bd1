//! A test of variants: who takes part and with which share, how long it runs, and what is written of it on a variant.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::judging::{Judging, Rule};
use super::tags::{self, Tags};

/// How many target groups a rule can forward to, which AWS has fixed.
pub const PER_RULE: usize = 5;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// In the order in which they are written.
    pub variants: Vec<Variant>,
    pub by: By,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub lasts: Duration,
    /// `None`: a person names the winner.
    pub pick: Option<Pick>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    pub name: String,
    /// It is the generation that is live when the test begins.
    pub live: bool,
    /// Against the others' weights; 0 with a test by header.
    pub weight: u32,
    /// Of the rules that lead to it, with a test by header.
    pub priority: Option<u32>,
}

/// What decides which variant a client meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Chance by weights, and then a cookie for so many seconds.
    Weight { sticky: u32 },
    /// The client itself, by a request header whose value is the variant's name.
    Header { name: String },
}

/// The rule that picks the winner when the time is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pick {
    /// Of the judge's rules, the one whose measure decides.
    pub rule: String,
    /// Whether more of it is better.
    pub higher: bool,
    /// How sure it must be that the winner is better than every other: 0.5 to 0.9999.
    pub confidence: f64,
}

impl Test {
    pub fn get(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    /// The variant that the live generation is.
    pub fn live(&self) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.live)
    }

    /// Those that are deployed for the test.
    pub fn deployed(&self) -> impl Iterator<Item = &Variant> {
        self.variants.iter().filter(|variant| !variant.live)
    }

    /// Whether production itself is shared.
    pub fn shares(&self) -> bool {
        matches!(self.by, By::Weight { .. })
    }

    /// What is measured of each variant: whatever is judged, and the measure that picks the winner.
    pub fn judging(&self, configured: Option<&Judging>) -> Judging {
        let mut judging = configured.cloned().unwrap_or_default();
        if let Some(pick) = &self.pick
            && !judging.rules.iter().any(|rule| rule.name == pick.rule)
        {
            judging.rules.extend(Rule::built_in(&pick.rule));
        }
        // An alarm is of one generation, or of all.
        judging.alarms.clear();
        judging
    }

    /// The names, for a sentence.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.variants.iter().map(|one| one.name.as_str()).collect();
        names.join(", ")
    }

    /// When a test is over that began then.
    pub fn ends(&self, since: Timestamp) -> Timestamp {
        since.checked_add(self.lasts).unwrap_or(Timestamp::MAX)
    }
}

/// That a variant takes part in a test, as its tag says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taking {
    pub weight: u32,
    /// Production is being swung to it: it has won.
    pub won: bool,
    pub since: Timestamp,
}

impl Taking {
    pub fn of(tags: &Tags) -> Option<Self> {
        let mut words = tags.get(tags::TEST)?.split(' ');
        let weight = words.next()?.parse().ok()?;
        let since = words.next()?.parse().ok()?;
        let won = match words.next() {
            None => false,
            Some("won") => true,
            Some(_) => return None,
        };
        Some(Self { weight, won, since })
    }

    /// How it is written in the tag.
    pub fn tag(&self) -> String {
        let Self { weight, won, since } = self;
        format!("{weight} {since}{}", if *won { " won" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_on_a_variant_is_read_back() {
        let since = "2026-03-02T11:00:00Z".parse().expect("a time");
        for won in [false, true] {
            let taking = Taking {
                weight: 30,
                won,
                since,
            };
            let tags = Tags::from([(tags::TEST.to_owned(), taking.tag())]);
            assert_eq!(Taking::of(&tags), Some(taking));
        }
    }

    #[test]
    fn what_is_no_part_of_a_test_is_not_taken_for_one() {
        for bad in [
            "",
            "30",
            "much 2026-03-02T11:00:00Z",
            "30 today",
            "30 2026-03-02T11:00:00Z lost",
        ] {
            let tags = Tags::from([(tags::TEST.to_owned(), bad.to_owned())]);
            assert_eq!(Taking::of(&tags), None, "{bad}");
        }
    }
}
