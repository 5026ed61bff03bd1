//! What hooks did to the schema that generations share, as tags on target groups say it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::estate::{Estate, TargetGroup};
use super::ids::Generation;
use super::refusal::Reason;
use super::standing::Standing;
use super::tags;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It has what this generation needs, and still all that the ones before need.
    Expanded,
    /// What only the generations before needed is gone.
    Contracted,
}

impl Change {
    pub fn tag(self) -> &'static str {
        match self {
            Self::Expanded => tags::EXPANDED,
            Self::Contracted => tags::CONTRACTED,
        }
    }

    /// The generation for which it was done, as a target group's tag says.
    pub fn of(self, target_group: &TargetGroup) -> Option<Generation> {
        target_group
            .tags
            .get(self.tag())
            .and_then(|text| text.parse().ok())
            .map(Generation)
    }

    /// The highest generation for which it was done.
    pub fn up_to(self, estate: &Estate) -> Option<Generation> {
        estate
            .target_groups
            .iter()
            .filter(|tg| tags::owned_by(&tg.tags, &estate.app))
            .filter_map(|tg| self.of(tg))
            .max()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expanded => "expanded",
            Self::Contracted => "contracted",
        })
    }
}

/// Why there is no way back from live, where nobody stands who was live before it.
pub fn no_way_back(estate: &Estate, live: &Standing) -> Reason {
    match (live.previous, Change::Contracted.up_to(estate)) {
        (Some(to), Some(contracted)) if to < contracted => Reason::Contracted { to, contracted },
        _ => Reason::NoPrevious,
    }
}

/// The generation for which the schema was expanded and not contracted since.
pub fn contract_pending(estate: &Estate) -> Option<Generation> {
    let contracted = Change::Contracted.up_to(estate);
    Change::Expanded
        .up_to(estate)
        .filter(|expanded| contracted.is_none_or(|contracted| contracted < *expanded))
}
