//! Why a run stopped before its end.

use thiserror::Error;

use super::interrupt::Signal;
use crate::cloud::CloudError;
use crate::model::hook::Place;
use crate::model::ids::TargetGroupName;
use crate::model::lock::Holder;
use crate::model::refusal::{Reason, Refusal};
use crate::model::step::span;
use crate::plan::Progress;

#[derive(Debug, Error)]
pub(super) enum Stop {
    #[error("{0}")]
    Interrupted(Signal),
    #[error("{0}")]
    Unsafe(Reason),
    #[error("{0}")]
    Refused(Refusal),
    #[error("{0}")]
    Cloud(#[from] CloudError),
    #[error("gave up waiting after {after}: {}", describe(progress))]
    TimedOut {
        after: String,
        progress: Option<Progress>,
    },
    #[error("the time given with --timeout ran out")]
    OutOfTime,
    #[error("another operation holds the lock: {0}")]
    Locked(Box<Holder>),
    #[error("the lock's place is taken by a rule that is not ours ({what})")]
    ForeignLock { what: String },
    #[error("the lock was taken away: its rule is gone")]
    LockLost,
    /// What the judge says of the candidate.
    #[error("{sentence}")]
    Judged { sentence: String },
    #[error("{target_group} has nobody healthy, and {weight} % of production goes there")]
    NobodyHealthy {
        target_group: TargetGroupName,
        weight: u32,
    },
    #[error("the {at} hook {what} failed: {why}")]
    Hook { at: Place, what: String, why: String },
}

impl Stop {
    /// Whether the next change may still be ours to make.
    pub(super) fn leaves_us_in_charge(&self) -> bool {
        !matches!(self, Self::Interrupted(_) | Self::LockLost | Self::Locked(_))
    }

    /// What to do about it: of a refusal, about each of its reasons.
    pub(super) fn ways_out(&self) -> Vec<String> {
        match self {
            Self::Refused(refusal) => refusal.ways_out(),
            other => other.way_out().into_iter().collect(),
        }
    }

    fn way_out(&self) -> Option<String> {
        match self {
            Self::Unsafe(reason) => Some(reason.way_out()),
            Self::Cloud(error) => Some(error.way_out().into()),
            Self::Locked(holder) => Some(format!(
                "wait for it, stop it there, or, when it is dead, run again after its lease of {} (`swingbridge unlock` shows more)",
                span(holder.lease)
            )),
            Self::ForeignLock { .. } => {
                Some("set [lock] priority to a free priority before every route".into())
            }
            Self::LockLost => Some("`swingbridge status` shows who took it".into()),
            Self::Hook { .. } => {
                Some("mend what it found: what it said is above and in the journal; the same command calls it again".into())
            }
            Self::OutOfTime => Some("the same command continues".into()),
            Self::TimedOut { .. } => {
                Some("`swingbridge status` shows the reasons; the same command continues".into())
            }
            Self::Judged { .. } => {
                Some("what the judge said is above and in this machine's journal (`swingbridge history`); look at the candidate, then `swingbridge abort`".into())
            }
            Self::NobodyHealthy { .. } => Some("`swingbridge status` shows the reasons".into()),
            Self::Interrupted(_) | Self::Refused(_) => None,
        }
    }
}

pub(super) fn describe(progress: &Option<Progress>) -> String {
    match progress {
        Some(progress) if progress.reasons.is_empty() => format!("{} of {}", progress.have, progress.want),
        Some(progress) => format!(
            "{} of {}: {}",
            progress.have,
            progress.want,
            progress.reasons.join(", ")
        ),
        None => "it did not read back as written".into(),
    }
}
