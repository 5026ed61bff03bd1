//! What the runner says while it works: the one contract between it and every reporter.

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::judgement::Judgement;
use super::plan::Plan;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The run's id, the same on every event of one command.
    pub run: String,
    /// Counts up from 0 within the run.
    pub index: u64,
    pub at: Timestamp,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub elapsed: Duration,
    #[serde(flatten)]
    pub kind: EventKind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventKind {
    /// Always first: every step that will be taken, so that a display can be laid out.
    RunStarted {
        app: String,
        command: String,
        summary: String,
        plan: Option<Box<Plan>>,
        steps: Vec<String>,
    },
    /// Something outside a step, for instance that the lock was taken over from a dead run.
    Notice {
        text: String,
    },
    StepStarted {
        step: usize,
    },
    /// How a wait stands.
    Progress {
        step: usize,
        have: u32,
        want: u32,
        /// What is missing, with reason codes and failed activities.
        reasons: Vec<String>,
    },
    /// A call failed in a way that may pass; it is tried again.
    Retrying {
        step: usize,
        error: String,
    },
    /// What a hook wrote, with nothing hidden in it and without the values that it was given as variables.
    HookOutput {
        hook: String,
        lines: Vec<String>,
    },
    /// What the judge says of the candidate, once more of its metrics are known.
    Judged {
        step: usize,
        judgement: Judgement,
    },
    StepFinished {
        step: usize,
        outcome: Outcome,
    },
    /// Always last.
    RunFinished {
        verdict: Verdict,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    Done,
    /// It was so already; nothing was called.
    AlreadyTrue,
    /// Done, with something to know.
    Warned {
        warning: String,
    },
    Failed {
        error: String,
    },
}

/// How a run ended, what is true now, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub ended: Ended,
    /// The process's exit code.
    pub code: u8,
    /// In a sentence.
    pub summary: String,
    /// Why, when it did not succeed: each reason with its way out.
    pub reasons: Vec<String>,
    /// What is true now.
    pub truth: Vec<String>,
    /// Commands that make sense next.
    pub next: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    Done,
    NothingToDo,
    Refused,
    /// Production is where it was before.
    Failed,
    SwungBack,
    /// A human is needed.
    Stopped,
    /// Production stays as it is shared until a person goes on or back.
    Paused,
    Locked,
    Stale,
    /// Somebody else has gone on, or back, while production was shared.
    Overtaken,
    Interrupted,
}

/// Receives every event of a run, in order.
pub trait Reporter {
    fn on(&mut self, event: &Event) -> io::Result<()>;
}
