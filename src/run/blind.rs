//! What cannot be seen for now: looked for again for a while, and then told as that.

use std::time::Duration;

use tokio::time::Instant;

use super::stop::Stop;
use crate::model::estate::{Estate, Gap, Part};
use crate::model::refusal::{Reason, Refusal};

/// How long what fails in a way that may pass is tried again: no deployment fails for a throttled read.
pub(super) const PATIENCE: Duration = Duration::from_secs(180);

/// Since when a part of the estate has not been seen.
#[derive(Debug, Default)]
pub(super) struct Blind(Option<Instant>);

impl Blind {
    /// Whether this part is seen now; an error when it never will be, or has not been for too long. `about`: of whom,
    /// else of anybody.
    pub(super) fn sees(&mut self, estate: &Estate, part: Part, about: Option<&str>) -> Result<bool, Stop> {
        let of = |gap: &&Gap| gap.part == part && about.is_none_or(|about| gap.about == about);
        let Some(gap) = estate.gaps.iter().find(of) else {
            self.0 = None;
            return Ok(true);
        };
        let since = *self.0.get_or_insert_with(Instant::now);
        if gap.denied || since.elapsed() >= PATIENCE {
            let reasons = vec![Reason::unseen(gap)];
            return Err(Stop::Refused(Refusal { reasons }));
        }
        Ok(false)
    }
}
