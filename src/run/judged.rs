//! What the judge says of a candidate while it bakes: closed period by closed period, each verdict told.

use jiff::Timestamp;
use tokio::time::Instant;

use super::bake::back;
use super::narrate::Narrator;
use super::stop::Stop;
use super::{Job, MAY_BE_STALE};
use crate::cloud::Cloud;
use crate::judge;
use crate::model::estate::Estate;
use crate::model::event::EventKind;
use crate::model::judgement::{Judgement, Verdict};
use crate::model::judging::{Consequence, Inconclusive, Judging};
use crate::model::plan::{Intent, Plan};
use crate::model::readings::{Compared, Readings, Window};
use crate::model::roles::Roles;

/// For how many periods after the end of a bake metrics that have not come yet are waited for.
const LATE: u32 = 3;

/// What follows from a verdict that is not a pass.
pub(super) enum Bad {
    TakeBack(Box<Intent>, Stop),
    /// A person decides; why.
    Hold(String),
}

/// What is said at the end of a bake.
pub(super) enum LastWord {
    GoOn,
    /// The last period of the bake has not closed yet.
    NotYet,
    Bad(Bad),
}

pub(super) struct Judge<'a> {
    plan: &'a Plan,
    /// The step that is judged.
    step: usize,
    judging: Option<&'a Judging>,
    /// The end of the last period that was judged.
    seen: Option<Timestamp>,
    last: Option<Judgement>,
    /// Since when the bake is over.
    over: Option<Timestamp>,
    failing: Option<Instant>,
}

impl<'a> Judge<'a> {
    pub(super) fn of(plan: &'a Plan, step: usize) -> Self {
        Self {
            plan,
            step,
            judging: plan.policy.judge.as_ref(),
            seen: None,
            last: None,
            over: None,
            failing: None,
        }
    }

    /// Judges if another period has closed since.
    pub(super) async fn look<C: Cloud>(
        &mut self,
        job: &Job<'_, C>,
        estate: &Estate,
        since: Timestamp,
        narrator: &mut Narrator<'_>,
    ) -> Option<Bad> {
        let judging = self.judging?;
        let window = Window::closed(judging, job.cloud.now(), Some(since));
        if window.periods() == 0 || self.seen == Some(window.to) {
            return None;
        }
        let compared = self.compared(estate)?;
        let readings = match job.cloud.readings(judging, window, &compared).await {
            Ok(readings) => readings,
            Err(error) => Readings::unread(window, &compared, error.to_string()),
        };
        let judgement = judge::judge(judging, &readings);
        if !readings.unread.is_empty() && !matches!(judgement.verdict, Verdict::Fail(_)) {
            // What cannot be read is no evidence; it may be in a moment.
            let first = *self.failing.get_or_insert_with(Instant::now);
            if first.elapsed() < MAY_BE_STALE {
                return None;
            }
        }
        self.failing = None;
        self.seen = Some(window.to);
        narrator.say(EventKind::Judged {
            step: self.step,
            judgement: judgement.clone(),
        });
        let bad = match judgement.verdict {
            Verdict::Fail(then) => Some(answer(then, &judgement, window)),
            Verdict::Pass | Verdict::Inconclusive => None,
        };
        self.last = Some(judgement);
        bad
    }

    /// Whether the candidate may have more, once its bake is over.
    pub(super) fn last_word(&mut self, now: Timestamp) -> LastWord {
        let Some(judging) = self.judging else {
            return LastWord::GoOn;
        };
        let over = *self.over.get_or_insert(now);
        let sentence = match &self.last {
            Some(judgement) if judgement.verdict == Verdict::Pass => return LastWord::GoOn,
            Some(judgement) => self.seen.map_or_else(
                || judgement.sentence.clone(),
                |to| format!("{} (up to {to:.0})", judgement.sentence),
            ),
            None => "no period has closed while it baked".to_owned(),
        };
        let wait = judging.lag.saturating_add(judging.period.saturating_mul(LATE));
        if over.checked_add(wait).is_ok_and(|end| now < end) {
            return LastWord::NotYet;
        }
        match judging.inconclusive {
            Inconclusive::GoOn => LastWord::GoOn,
            Inconclusive::Hold => LastWord::Bad(Bad::Hold(sentence)),
            Inconclusive::Rollback => {
                LastWord::Bad(Bad::TakeBack(Box::new(back()), Stop::Judged { sentence }))
            }
        }
    }

    fn compared(&self, estate: &Estate) -> Option<Compared> {
        let roles = Roles::of(estate, &self.plan.policy).ok()?;
        let (candidate, reached) = roles.shared()?;
        Compared::of(estate, &roles.live, candidate, Some(reached.weight))
    }
}

fn answer(then: Consequence, judgement: &Judgement, window: Window) -> Bad {
    let sentence = format!("{} (up to {:.0})", judgement.sentence, window.to);
    match then {
        Consequence::Hold => Bad::Hold(sentence),
        Consequence::Reduce => Bad::TakeBack(Box::new(Intent::Retreat), Stop::Judged { sentence }),
        Consequence::Rollback => Bad::TakeBack(Box::new(back()), Stop::Judged { sentence }),
    }
}
