//! How far a run has brought production, by what it has sent and read back.

use jiff::Timestamp;

use super::drive::passes;
use super::verdict::Production;
use crate::cloud::CloudError;
use crate::model::estate::Estate;
use crate::model::obligation;
use crate::model::plan::{Intent, Plan};
use crate::model::roles::Roles;
use crate::model::standing::State;
use crate::model::step::Step;

#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    /// A route has been written.
    pub(super) moved: bool,
    /// Every route written has been read back.
    pub(super) settled: bool,
    /// Since when nobody answers, because production was stopped.
    pub(super) down: Option<Timestamp>,
    /// It was so before this run began, nobody knows for how long.
    pub(super) found_down: bool,
    /// Auto Scaling was told to replace instances, and does so whatever comes of this run.
    replacing: bool,
}

impl Course {
    /// Where a run before this one has brought it for us, or an earlier part of this one.
    pub(super) fn found(estate: &Estate, plan: &Plan, now: Timestamp) -> Self {
        let roles = Roles::of(estate, &plan.policy);
        let leads = plan.steps.iter().any(Step::leads_users);
        // A test that runs is whole as it is; and so is a share that is written down, for whoever leads nobody anywhere.
        let whole = |roles: &Roles<'_>| roles.runs() || (roles.shared().is_some() && !leads);
        // Its last route may have been written by a run that did not come to say so.
        let follows = |roles: &Roles<'_>| leads_on(plan) && roles.live.state == State::Promoting;
        let halfway = roles
            .as_ref()
            .is_ok_and(|roles| (roles.halfway && !whole(roles)) || follows(roles));
        let stopped = roles.is_ok_and(|roles| {
            let live = roles.live.group.as_ref().and_then(|name| estate.group(name));
            live.is_some_and(obligation::is_stopped)
        });
        Self {
            moved: halfway,
            settled: !halfway,
            down: stopped.then_some(now),
            found_down: stopped,
            replacing: false,
        }
    }

    /// Where it is from the moment of sending: a write without an answer may have worked.
    pub(super) fn sending(mut self, step: &Step, now: Timestamp) -> Self {
        if step.leads_users() {
            (self.moved, self.settled) = (true, false);
        }
        if matches!(step, Step::Stop { .. }) {
            self.down = self.down.or(Some(now));
        }
        self.replacing |= matches!(step, Step::StartRefresh { .. } | Step::TakeRefreshBack { .. });
        self
    }

    /// Where it is when what was sent has failed, from where it was `before`.
    pub(super) fn failed(self, before: Self, step: &Step, error: &CloudError) -> Self {
        // A rule is read before it is written, and not after.
        let only_asked = matches!(step, Step::Point { .. }) && error.is_of_a_question();
        let not_made = matches!(
            error,
            CloudError::Rejected { .. } | CloudError::NotFound { .. } | CloudError::PriorityInUse { .. }
        );
        let refused = matches!(step, Step::CreateRule { .. }) && not_made;
        if error.is_denied() || only_asked || refused {
            // What was not allowed, not sent or not made has moved nothing.
            return before;
        }
        Self {
            // What was refused was not begun.
            replacing: if passes(error) {
                self.replacing
            } else {
                before.replacing
            },
            ..self
        }
    }

    pub(super) fn production(self) -> Production {
        match (self.moved, self.settled) {
            _ if self.down.is_some() => Production::Down,
            _ if self.replacing => Production::Replaced,
            (false, _) => Production::Untouched,
            (true, false) => Production::Moving,
            (true, true) => Production::Moved,
        }
    }
}

/// Whether it is a command that brings production to a release, and so takes it back when it fails.
pub(super) fn leads_on(plan: &Plan) -> bool {
    matches!(
        plan.intent,
        Intent::Deploy { .. }
            | Intent::Promote
            | Intent::PromoteFully
            | Intent::Shift { .. }
            | Intent::Resume
    )
}
