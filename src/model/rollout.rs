//! A release that takes the place of another in the same group: how its instances are replaced, what Auto Scaling says
//! of it, and what is written on the group meanwhile.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::estate::Group;
use super::ids::GroupName;
use super::tags::{self, Tags};

/// How instances are replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rolling {
    /// How much of the group's capacity always serves, in per cent.
    pub min_healthy: u32,
    /// How much there may be at a time, leaving instances included, in per cent.
    pub max_healthy: u32,
    /// Where it pauses, in per cent of the instances.
    pub checkpoints: Vec<u32>,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub checkpoint_delay: Duration,
    /// How long a new instance is given before it counts, in seconds; `None`: as the group says.
    pub warmup: Option<u64>,
    /// How long it is watched at its end.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub bake: Duration,
    /// Any of these takes it back.
    pub alarms: Vec<String>,
    /// Instances that are of the release already stay.
    pub skip_matching: bool,
    /// Auto Scaling takes it back by itself when it fails.
    pub rolls_back: bool,
    pub protected: Kept,
    pub standby: Kept,
}

impl Rolling {
    /// The same for a way back: nothing holds it up, and nothing turns it round again.
    pub fn back(&self) -> Self {
        Self {
            checkpoints: Vec::new(),
            bake: Duration::ZERO,
            alarms: Vec::new(),
            skip_matching: true,
            rolls_back: false,
            ..self.clone()
        }
    }
}

/// What is done with instances that somebody has put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    Wait,
    Ignore,
    Replace,
}

/// The newest instance refresh of a group, under way or ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refresh {
    pub id: String,
    /// Auto Scaling's own word, for instance `InProgress`.
    pub status: String,
    pub reason: Option<String>,
    pub percent: u32,
    /// How many instances are still to be replaced.
    pub left: u32,
    /// The version of the base template that it goes to, where it names one by number.
    pub to: Option<u64>,
}

/// How a refresh has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    Successful,
    /// Every instance is as it was before.
    RolledBack,
    /// Failed, or cancelled: what it had replaced by then stays replaced.
    Stopped,
}

impl Refresh {
    pub fn end(&self) -> Option<End> {
        Some(match self.status.as_str() {
            "Successful" => End::Successful,
            "RollbackSuccessful" => End::RolledBack,
            "Failed" | "Cancelled" | "RollbackFailed" => End::Stopped,
            // A word that comes later is taken for under way: waiting for its end is the safe side.
            _ => return None,
        })
    }

    pub fn is_under_way(&self) -> bool {
        self.end().is_none()
    }

    pub fn goes_back(&self) -> bool {
        matches!(self.status.as_str(), "RollbackInProgress" | "RollbackSuccessful")
    }

    /// How far it has come, for a person.
    pub fn told(&self) -> Vec<String> {
        let left = match self.left {
            1 => "1 instance left".to_owned(),
            left => format!("{left} instances left"),
        };
        [Some(self.status.clone()), Some(left), self.reason.clone()]
            .into_iter()
            .flatten()
            .collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    Forward,
    Back,
}

/// A rollout that is about to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRollout {
    pub direction: Direction,
    /// The version of the base template that the group has now.
    pub from: u64,
    #[serde(flatten)]
    pub released: Released,
}

impl NewRollout {
    /// What the step that begins it does, for a person.
    pub fn title(&self, group: &GroupName, to: &str, rolling: &Rolling) -> String {
        let back = match self.direction {
            Direction::Forward => "",
            Direction::Back => " back",
        };
        format!(
            "replace {group}'s instances in place, from launch template version {}{back} to {to}: {} % always serve, {} % at most",
            self.from, rolling.min_healthy, rolling.max_healthy
        )
    }
}

impl End {
    pub fn waited_for(self, group: &GroupName) -> String {
        match self {
            Self::RolledBack => format!("wait until {group}'s instances are as they were before"),
            Self::Successful | Self::Stopped => {
                format!("wait until all of {group}'s instances are replaced")
            }
        }
    }
}

/// What is rolled out on a group, as its tags say from before its refresh begins until what it comes to is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    pub direction: Direction,
    /// The version of the base template.
    pub to: u64,
    pub from: u64,
    /// The newest refresh when it began: the one after it is its own.
    pub after: Option<String>,
    pub released: Released,
}

/// Which release the instances are of; nothing where it was never said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    pub release: Option<String>,
    pub inputs: Option<String>,
}

const NONE: &str = "-";

impl Rollout {
    const KEYS: [&str; 3] = [tags::ROLLOUT, tags::ROLLOUT_RELEASE, tags::ROLLOUT_INPUTS];

    pub fn of(tags: &Tags) -> Option<Self> {
        let mut words = tags.get(tags::ROLLOUT)?.split(' ');
        let direction = match words.next()? {
            "forward" => Direction::Forward,
            "back" => Direction::Back,
            _ => return None,
        };
        Some(Self {
            direction,
            to: words.next()?.parse().ok()?,
            from: words.next()?.parse().ok()?,
            after: words.next().filter(|id| *id != NONE).map(str::to_owned),
            released: Released {
                release: tags.get(tags::ROLLOUT_RELEASE).cloned(),
                inputs: tags.get(tags::ROLLOUT_INPUTS).cloned(),
            },
        })
    }

    /// What is written, and what must not stay from another one.
    pub fn written(&self) -> (Tags, Vec<&'static str>) {
        let direction = match self.direction {
            Direction::Forward => "forward",
            Direction::Back => "back",
        };
        let after = self.after.as_deref().unwrap_or(NONE);
        let text = format!("{direction} {} {} {after}", self.to, self.from);
        with(
            Tags::from([(tags::ROLLOUT.to_owned(), text)]),
            &Self::KEYS,
            &self.released,
        )
    }

    /// What is removed at its end.
    pub fn keys() -> &'static [&'static str] {
        &Self::KEYS
    }

    /// Its own refresh, once Auto Scaling shows it.
    pub fn refresh<'a>(&self, group: &'a Group) -> Option<&'a Refresh> {
        group
            .refresh
            .as_ref()
            .filter(|refresh| refresh.to == Some(self.to) && self.after.as_ref() != Some(&refresh.id))
    }

    /// How far it has come on its group, for a person.
    pub fn told(&self, group: &Group) -> String {
        let what = match self.direction {
            Direction::Forward => format!("{} is being rolled out on {}", self.released, group.name),
            Direction::Back => format!("{} is being rolled back to {}", group.name, self.released),
        };
        match self.refresh(group) {
            Some(refresh) => format!("{what}: {} %, {}", refresh.percent, refresh.told().join(", ")),
            None => format!("{what}, and nothing is replaced yet"),
        }
    }
}

/// What a group can be rolled back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// The version of the base template.
    pub version: u64,
    #[serde(flatten)]
    pub released: Released,
}

impl Before {
    const KEYS: [&str; 3] = [tags::BEFORE, tags::BEFORE_RELEASE, tags::BEFORE_INPUTS];

    pub fn keys() -> &'static [&'static str] {
        &Self::KEYS
    }

    pub fn of(tags: &Tags) -> Option<Self> {
        Some(Self {
            version: tags.get(tags::BEFORE)?.parse().ok()?,
            released: Released {
                release: tags.get(tags::BEFORE_RELEASE).cloned(),
                inputs: tags.get(tags::BEFORE_INPUTS).cloned(),
            },
        })
    }

    pub fn written(before: Option<&Self>) -> (Tags, Vec<&'static str>) {
        match before {
            Some(before) => with(
                Tags::from([(tags::BEFORE.to_owned(), before.version.to_string())]),
                &Self::KEYS,
                &before.released,
            ),
            None => (Tags::new(), Self::KEYS.to_vec()),
        }
    }
}

impl Released {
    const KEYS: [&str; 2] = [tags::RELEASE, tags::INPUTS];

    pub fn of(tags: &Tags) -> Self {
        Self {
            release: tags.get(tags::RELEASE).cloned(),
            inputs: tags.get(tags::INPUTS).cloned(),
        }
    }

    pub fn written(&self) -> (Tags, Vec<&'static str>) {
        with(Tags::new(), &Self::KEYS, self)
    }
}

/// The last two keys are those of the release and its inputs.
fn with(mut tags: Tags, keys: &[&'static str], released: &Released) -> (Tags, Vec<&'static str>) {
    let values = [&released.release, &released.inputs];
    for (key, value) in keys[keys.len() - 2..].iter().zip(values) {
        if let Some(value) = value {
            tags.insert((*key).to_owned(), value.clone());
        }
    }
    let gone = keys
        .iter()
        .copied()
        .filter(|key| !tags.contains_key(*key))
        .collect();
    (tags, gone)
}

impl fmt::Display for Released {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.release {
            Some(release) => write!(f, "release {release}"),
            None => f.write_str("what was there before any release"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;

    fn rollout() -> Rollout {
        Rollout {
            direction: Direction::Forward,
            to: 9,
            from: 7,
            after: None,
            released: Released {
                release: Some("42".into()),
                inputs: None,
            },
        }
    }

    fn refresh(id: &str, to: Option<u64>) -> Refresh {
        Refresh {
            id: id.into(),
            status: "InProgress".into(),
            reason: None,
            percent: 50,
            left: 1,
            to,
        }
    }

    #[test]
    fn what_is_written_of_a_rollout_is_read_back_and_nothing_stays_of_another() {
        for after in [None, Some("r-1".to_owned())] {
            let rollout = Rollout { after, ..rollout() };
            let (mut written, gone) = rollout.written();
            assert_eq!(gone, [tags::ROLLOUT_INPUTS]);
            assert_eq!(Rollout::of(&written), Some(rollout));
            written.retain(|key, _| !Rollout::keys().contains(&key.as_str()));
            assert_eq!(written, Tags::new());
        }
    }

    #[test]
    fn a_refresh_to_another_version_or_from_before_is_somebody_elses() {
        let mut group = fixtures::group(1, 2);
        let rollout = Rollout {
            after: Some("r-1".into()),
            ..rollout()
        };
        for (refresh, ours) in [
            (refresh("r-1", Some(9)), false),
            (refresh("r-2", Some(8)), false),
            (refresh("r-2", None), false),
            (refresh("r-2", Some(9)), true),
        ] {
            group.refresh = Some(refresh.clone());
            assert_eq!(rollout.refresh(&group).is_some(), ours, "{refresh:?}");
        }
    }

    #[test]
    fn a_status_that_nobody_knows_is_taken_for_under_way() {
        let with = |status: &str| Refresh {
            status: status.into(),
            ..refresh("r-1", None)
        };
        assert!(with("Baking").is_under_way());
        assert!(with("RollbackInProgress").is_under_way());
        assert!(with("Pondering").is_under_way());
        assert_eq!(with("RollbackSuccessful").end(), Some(End::RolledBack));
        assert_eq!(with("Cancelled").end(), Some(End::Stopped));
    }
}
