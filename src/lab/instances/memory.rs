//! What the agent on an instance reports: how much of its memory is in use, once a minute, by its group.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::{Instant, interval};

use super::user_data::Program;
use crate::lab::keeper::Keeper;
use crate::lab::sample::knobs::Knobs;
use crate::lab::world::orders::Start;
use crate::lab::world::watch::Metric;

const EACH: Duration = Duration::from_mins(1);

/// An agent that is to report.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Agent {
    group: String,
    knobs: Knobs,
}

impl Agent {
    /// Of an instance of a group whose knobs say how much memory it uses; others have none.
    pub(super) fn of(start: &Start) -> Option<Self> {
        let Ok(Program::Sample { knobs, .. }) = Program::of(&start.user_data) else {
            return None;
        };
        knobs.memory_in_use(Duration::ZERO)?;
        let (_, group) = start
            .tags
            .iter()
            .find(|(key, _)| key == "aws:autoscaling:groupName")?;
        Some(Self {
            group: group.clone(),
            knobs: *knobs,
        })
    }

    /// Reports from now on, as long as there is a world and the instance runs.
    pub(super) fn start(self, keeper: Weak<Keeper>, runs: impl Fn() -> bool + Send + 'static) {
        let metric = Metric::new(
            "CWAgent",
            "mem_used_percent",
            [("AutoScalingGroupName", self.group.as_str())],
        );
        let began = Instant::now();
        tokio::spawn(async move {
            let mut minute = interval(EACH);
            loop {
                minute.tick().await;
                let (Some(keeper), true) = (keeper.upgrade(), runs()) else {
                    return;
                };
                if let Some(used) = self.knobs.memory_in_use(began.elapsed()) {
                    keeper.with(|world| world.record(&metric, used, 1.0));
                }
            }
        });
    }
}
