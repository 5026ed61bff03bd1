//! A promotion by weights: its stages, what each waits for, and where one stands, as a tag says.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::routing::Sticky;
use super::tags::{self, Tags};

/// Production goes to the candidate share by share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    pub stages: Vec<Stage>,
    /// Whether a client stays with the generation that it met first, while both serve. `None`: as each rule says.
    pub sticky: Option<Sticky>,
    /// How long each smaller share stays when the weight is taken back step by step.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub reduce_every: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// The candidate's share of requests, in per cent: 1 to 99.
    pub weight: u32,
    pub wait: Wait,
}

/// What comes before the next stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wait {
    Bake(#[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")] Duration),
    /// A person promotes or rolls back.
    Pause(Option<Expiry>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiry {
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub after: Duration,
    pub then: Expired,
}

/// What `repair` does with a pause that nobody has ended in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expired {
    Rollback,
    GoOn,
}

impl fmt::Display for Expired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rollback => "rolls back",
            Self::GoOn => "goes on",
        })
    }
}

impl Shift {
    /// The stage that a tag speaks of, if it is still configured so.
    pub fn stage_of(&self, reached: &Reached) -> Option<usize> {
        let index = usize::try_from(reached.stage).ok()?.checked_sub(1)?;
        let stage = self.stages.get(index)?;
        (stage.weight == reached.weight).then_some(index)
    }
}

/// The stage that a promotion has reached, as the candidate's tag says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Counted from 1; 0 is a share that a person has set.
    pub stage: u32,
    pub weight: u32,
    pub held: Option<Held>,
    pub since: Timestamp,
}

/// Why a promotion does not go on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// A stage that waits for a person, or a person has said so.
    Asked,
    /// The judge would not decide it.
    Judged,
    /// The weight is being taken back.
    Retreating,
    /// It does go on by itself, and its wait begins from the start: nobody was told of its end, or a part of the share was
    /// taken back meanwhile.
    Anew,
}

impl Held {
    const NAMES: [(Self, &str); 4] = [
        (Self::Asked, "asked"),
        (Self::Judged, "judged"),
        (Self::Retreating, "retreating"),
        (Self::Anew, "anew"),
    ];

    pub fn word(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(held, _)| *held == self)
            .map_or("", |(_, name)| name)
    }
}

impl Reached {
    pub fn of(tags: &Tags) -> Option<Self> {
        let mut words = tags.get(tags::STAGE)?.split(' ');
        let stage = words.next()?.parse().ok()?;
        let weight = words.next()?.parse().ok().filter(|weight| *weight <= 100)?;
        let since = words.next()?.parse().ok()?;
        let held = match words.next() {
            None => None,
            Some(word) => Some(Held::NAMES.iter().find(|(_, name)| *name == word)?.0),
        };
        Some(Self {
            stage,
            weight,
            held,
            since,
        })
    }

    /// Where a promotion stands, and what it waits for.
    pub fn told(&self, shift: Option<&Shift>) -> String {
        let since = self.since;
        let place = match (self.stage, shift) {
            (0, _) | (_, None) => "by hand".to_owned(),
            (stage, Some(shift)) => format!("stage {stage} of {}", shift.stages.len()),
        };
        let wait = shift.and_then(|shift| Some(shift.stages.get(shift.stage_of(self)?)?.wait));
        let waits = match (self.held, wait) {
            (Some(Held::Retreating), _) => format!("the weight is being taken back, since {since:.0}"),
            (Some(Held::Anew), wait) => {
                let anew = format!("`promote` waits for it from the start, since {since:.0}");
                match wait {
                    Some(Wait::Pause(Some(Expiry {
                        after,
                        then: Expired::Rollback,
                    }))) => match since.checked_add(after) {
                        Ok(end) => format!("{anew}; from {end:.0} on `repair` {}", Expired::Rollback),
                        Err(_) => anew,
                    },
                    _ => anew,
                }
            }
            (Some(Held::Judged), _) => format!("held by the judge since {since:.0}, until a person goes on"),
            (Some(Held::Asked), _) | (None, Some(Wait::Pause(None)) | None) => {
                format!("waits for a person since {since:.0}")
            }
            (None, Some(Wait::Pause(Some(expiry)))) => match since.checked_add(expiry.after) {
                Ok(end) => format!("waits for a person until {end:.0}; then `repair` {}", expiry.then),
                Err(_) => format!("waits for a person since {since:.0}"),
            },
            (None, Some(Wait::Bake(lasts))) => match since.checked_add(lasts) {
                Ok(end) => format!("bakes until {end:.0}"),
                Err(_) => format!("bakes since {since:.0}"),
            },
        };
        format!("{place}: {waits}")
    }

    /// How it is written in the tag.
    pub fn tag(&self) -> String {
        let Self {
            stage,
            weight,
            held,
            since,
        } = self;
        match held {
            None => format!("{stage} {weight} {since}"),
            Some(held) => format!("{stage} {weight} {since} {}", held.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_the_tag_is_read_back() {
        let since = "2026-03-02T11:00:00Z".parse().expect("a time");
        for held in [
            None,
            Some(Held::Asked),
            Some(Held::Judged),
            Some(Held::Retreating),
            Some(Held::Anew),
        ] {
            let reached = Reached {
                stage: 2,
                weight: 25,
                held,
                since,
            };
            let tags = Tags::from([(tags::STAGE.to_owned(), reached.tag())]);
            assert_eq!(Reached::of(&tags), Some(reached));
        }
    }

    #[test]
    fn what_is_no_stage_is_not_taken_for_one() {
        for bad in [
            "",
            "1",
            "1 2",
            "1 200 2026-03-02T11:00:00Z",
            "1 5 today",
            "1 5 2026-03-02T11:00:00Z odd",
        ] {
            let tags = Tags::from([(tags::STAGE.to_owned(), bad.to_owned())]);
            assert_eq!(Reached::of(&tags), None, "{bad}");
        }
    }
}
