//! One generation and where it stands in its life, as the tags of its parts say.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ab::Taking;
use super::estate::Estate;
use super::ids::{Generation, GroupName, TargetGroupName};
use super::shift::Reached;
use super::tags;

/// Where a generation stands in its life, as its target group's tag says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It was there before us.
    Unmarked,
    /// Being built.
    Staged,
    /// Built, healthy, its door open.
    Ready,
    /// Production is being swung to it.
    Promoting,
    Live,
    /// Was live, and can be swung back to.
    Previous,
    /// Production is being swung away from it.
    RollingBack,
    /// Swung back from, and kept for a look at it.
    RolledBack,
    /// Swung back from, and to be removed.
    Removing,
    /// A variant that another one has won against, and that is to be removed.
    Lost,
    /// Live again, by a rollback.
    Restored,
}

impl State {
    const NAMES: [(Self, &str); 10] = [
        (Self::Staged, "staged"),
        (Self::Ready, "ready"),
        (Self::Promoting, "promoting"),
        (Self::Live, "live"),
        (Self::Previous, "previous"),
        (Self::RollingBack, "rolling-back"),
        (Self::RolledBack, "rolled-back"),
        (Self::Removing, "removing"),
        (Self::Lost, "lost"),
        (Self::Restored, "restored"),
    ];

    pub fn of(tags: &tags::Tags) -> Self {
        let text = tags.get(tags::STATE).and_then(|text| text.split(' ').next());
        Self::NAMES
            .iter()
            .find(|(_, name)| Some(*name) == text)
            .map_or(Self::Unmarked, |(state, _)| *state)
    }

    /// Since when it is so.
    pub fn since(tags: &tags::Tags) -> Option<Timestamp> {
        tags.get(tags::STATE)?.split(' ').nth(1)?.parse().ok()
    }

    /// Production was swung back from it, and it is still there.
    pub fn was_left(self) -> bool {
        matches!(self, Self::RolledBack | Self::Removing)
    }

    /// How it is written in the tag.
    pub fn tag(self, since: Timestamp) -> String {
        format!("{self} {since}")
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(
            Self::NAMES
                .iter()
                .find(|(state, _)| state == self)
                .map_or("unmarked", |(_, name)| name),
        )
    }
}

/// One generation and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub generation: Generation,
    pub group: Option<GroupName>,
    pub target_group: Option<TargetGroupName>,
    pub release: Option<String>,
    pub inputs: Option<String>,
    pub state: State,
    pub since: Option<Timestamp>,
    /// The generation that was live before this one was promoted.
    pub previous: Option<Generation>,
    /// How far production has come that goes to it share by share.
    pub stage: Option<Reached>,
    /// The variant that it was deployed as.
    pub variant: Option<String>,
    /// That it takes part in a test.
    pub test: Option<Taking>,
    /// Both its parts carry this app's ownership tag.
    pub ours: bool,
}

/// Every generation there is, whether or not it can be told who is live.
pub fn standings(estate: &Estate) -> BTreeMap<Generation, Standing> {
    let mut all: BTreeMap<Generation, Standing> = BTreeMap::new();
    let blank = |generation| Standing {
        generation,
        group: None,
        target_group: None,
        release: None,
        inputs: None,
        state: State::Unmarked,
        since: None,
        previous: None,
        stage: None,
        variant: None,
        test: None,
        ours: true,
    };
    for group in &estate.groups {
        let Some(generation) = group.generation else {
            continue;
        };
        let standing = all.entry(generation).or_insert_with(|| blank(generation));
        standing.group = Some(group.name.clone());
        standing.ours &= tags::owned_by(&group.tags, &estate.app);
        standing.release = group.tags.get(tags::RELEASE).cloned();
        standing.inputs = group.tags.get(tags::INPUTS).cloned();
    }
    for tg in &estate.target_groups {
        let Some(generation) = tg.generation else { continue };
        let standing = all.entry(generation).or_insert_with(|| blank(generation));
        standing.target_group = Some(tg.name.clone());
        standing.ours &= tags::owned_by(&tg.tags, &estate.app);
        standing.state = State::of(&tg.tags);
        standing.since = State::since(&tg.tags);
        standing.stage = Reached::of(&tg.tags);
        standing.variant = tg.tags.get(tags::VARIANT).cloned();
        standing.test = Taking::of(&tg.tags);
        standing.previous = tg
            .tags
            .get(tags::PREVIOUS)
            .and_then(|text| text.parse().ok())
            .map(Generation);
        standing.release = tg.tags.get(tags::RELEASE).cloned().or(standing.release.take());
        standing.inputs = tg.tags.get(tags::INPUTS).cloned().or(standing.inputs.take());
    }
    all
}
