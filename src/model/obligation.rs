//! Temporary changes to a group that must be undone, written on the group itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::estate::Group;
use super::ids::Size;
use super::tags::{self, Tags};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "owes", rename_all = "kebab-case")]
pub enum Obligation {
    /// The minimum was raised so that the group cannot scale in; this is what it was.
    Minimum { was: u32 },
    /// These processes were suspended by us.
    Resume { processes: Vec<String> },
    /// The group was scaled down while it waits; this is what it was.
    Size { was: Size },
}

impl Obligation {
    pub fn tag(&self) -> (String, String) {
        match self {
            Self::Minimum { was } => (tags::OWES_MIN.to_owned(), was.to_string()),
            Self::Resume { processes } => (tags::OWES_RESUME.to_owned(), processes.join(" ")),
            Self::Size { was } => (
                tags::OWES_SIZE.to_owned(),
                format!("{}/{}/{}", was.min, was.desired, was.max),
            ),
        }
    }

    pub fn key(&self) -> &'static str {
        match self {
            Self::Minimum { .. } => tags::OWES_MIN,
            Self::Resume { .. } => tags::OWES_RESUME,
            Self::Size { .. } => tags::OWES_SIZE,
        }
    }
}

impl fmt::Display for Obligation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minimum { was } => write!(f, "put the minimum back to {was}"),
            Self::Resume { processes } => write!(f, "resume {}", processes.join(", ")),
            Self::Size { was } => write!(f, "put the size back to {was}"),
        }
    }
}

/// What is owed on a group, as its tags say.
pub fn owed(tags: &Tags) -> Vec<Obligation> {
    let mut all = Vec::new();
    if let Some(was) = tags.get(tags::OWES_MIN).and_then(|text| text.parse().ok()) {
        all.push(Obligation::Minimum { was });
    }
    if let Some(text) = tags.get(tags::OWES_RESUME) {
        all.push(Obligation::Resume {
            processes: text.split_whitespace().map(str::to_owned).collect(),
        });
    }
    if let Some(was) = tags.get(tags::OWES_SIZE).and_then(|text| size(text)) {
        all.push(Obligation::Size { was });
    }
    all
}

/// The size of a group that was scaled down, as its tags say.
pub fn size_before(tags: &Tags) -> Option<Size> {
    owed(tags).into_iter().find_map(|one| match one {
        Obligation::Size { was } => Some(was),
        _ => None,
    })
}

/// Scaled down to nothing, by us.
pub fn is_stopped(group: &Group) -> bool {
    group.size.desired == 0 && size_before(&group.tags).is_some()
}

fn size(text: &str) -> Option<Size> {
    let mut parts = text.split('/').map(|part| part.parse().ok());
    let size = Size {
        min: parts.next()??,
        desired: parts.next()??,
        max: parts.next()??,
    };
    parts.next().is_none().then_some(size)
}

/// The process that could lower a held group's minimum behind our back. Alarms stay on: a held
/// group may still grow, and its raised minimum keeps it from shrinking.
pub const HELD_PROCESS: &str = "ScheduledActions";

/// Whether a group cannot scale in: its minimum is what it has, and no schedule can change that.
pub fn is_held(group: &Group) -> bool {
    group.size.min >= group.size.desired && group.suspended.contains_key(HELD_PROCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_tags_is_read_back() {
        let all = vec![
            Obligation::Minimum { was: 2 },
            Obligation::Resume {
                processes: vec!["ScheduledActions".into(), "AlarmNotification".into()],
            },
            Obligation::Size {
                was: Size {
                    min: 1,
                    max: 9,
                    desired: 3,
                },
            },
        ];
        let tags: Tags = all.iter().map(Obligation::tag).collect();
        assert_eq!(owed(&tags), all);
    }

    #[test]
    fn an_unreadable_size_is_not_taken_for_one() {
        for bad in ["1/2", "1/2/3/4", "a/b/c", ""] {
            assert_eq!(size(bad), None, "{bad}");
        }
    }
}
