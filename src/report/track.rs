//! What a reporter remembers of a run: its steps, the one under way and since when.

use std::time::Duration;

use crate::model::event::{Event, EventKind};
use crate::model::step::Step;

use super::visible::visible;
use super::words::span;

#[derive(Debug, Default)]
pub(super) struct Track {
    steps: Vec<String>,
    counts: Vec<Counts>,
    started: Option<Started>,
}

#[derive(Clone, Copy, Debug)]
struct Started {
    step: usize,
    at: Duration,
}

/// What a wait counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    Healthy,
    Left,
    Agreeing,
    Seconds,
    Percent,
    /// A hook, which only says whether it has passed.
    Passing,
    Something,
}

impl Track {
    /// To be told every event before it is shown.
    pub(super) fn on(&mut self, event: &Event) {
        match &event.kind {
            EventKind::RunStarted { steps, plan, .. } => {
                self.counts = plan.iter().flat_map(|plan| &plan.steps).map(Counts::of).collect();
                // A run that goes on with less than the plan counts from its own first step.
                if self.counts.len() != steps.len() {
                    self.counts.clear();
                }
                self.steps = steps.iter().map(|title| visible(title).into_owned()).collect();
                self.started = None;
            }
            EventKind::StepStarted { step } => {
                self.started = Some(Started {
                    step: *step,
                    at: event.elapsed,
                });
            }
            _ => {}
        }
    }

    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether a step is one of those laid out; what puts things back after a failure is not.
    pub(super) fn has(&self, step: usize) -> bool {
        step < self.len()
    }

    /// `4/17`, as wide for every step; blank for a step that was not laid out.
    pub(super) fn number(&self, step: usize) -> String {
        let total = self.len().to_string();
        let width = total.len();
        if self.has(step) {
            format!("{:>width$}/{total}", step + 1)
        } else {
            " ".repeat(2 * width + 1)
        }
    }

    pub(super) fn title(&self, step: usize) -> &str {
        self.steps.get(step).map_or("", String::as_str)
    }

    pub(super) fn took(&self, step: usize, now: Duration) -> Option<Duration> {
        let started = self.started.filter(|started| started.step == step)?;
        Some(now.saturating_sub(started.at))
    }

    /// `1/2 healthy`.
    pub(super) fn measure(&self, step: usize, have: u32, want: u32) -> String {
        match self.counts.get(step).copied().unwrap_or(Counts::Something) {
            Counts::Healthy => format!("{have}/{want} healthy"),
            Counts::Left => format!("{have} left"),
            Counts::Agreeing => format!("{have}/{want} agree"),
            Counts::Seconds => {
                let span = |seconds: u32| span(Duration::from_secs(seconds.into()));
                format!("{} of {}", span(have), span(want))
            }
            Counts::Percent => format!("{have} %"),
            Counts::Passing => "not yet".to_owned(),
            Counts::Something => format!("{have}/{want}"),
        }
    }
}

impl Counts {
    fn of(step: &Step) -> Self {
        match step {
            Step::AwaitHealthy { .. } => Self::Healthy,
            Step::AwaitEmpty { .. } => Self::Left,
            Step::Confirm { .. } => Self::Agreeing,
            Step::Bake { .. } => Self::Seconds,
            Step::AwaitRefresh { .. } => Self::Percent,
            Step::Hook { .. } => Self::Passing,
            _ => Self::Something,
        }
    }
}
