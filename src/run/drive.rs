//! Takes one step after another, and waits for each to be reached.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::course::Course;
use super::lock::Lock;
use super::look::Fleets;
use super::narrate::Narrator;
use super::stop::{Stop, describe};
use super::{Job, LOOK_AGAIN, MAY_BE_STALE, act, hook, look};
use crate::cloud::{Cloud, CloudError, Look};
use crate::model::estate::Estate;
use crate::model::event::{EventKind, Outcome};
use crate::model::ids::TemplateId;
use crate::model::plan::Plan;
use crate::model::step::{Step, span};
use crate::plan::{self, Progress};

/// How long a change may take to read back, and how long a call that may pass is tried again.
const SETTLE: Duration = Duration::from_secs(180);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// How many seconds an observation may be acted on without another look; also between the calls of one step.
const FRESH_FOR: i64 = 5;
/// How long something just made may not be found yet.
const APPEAR: Duration = Duration::from_secs(30);
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(super) struct Drive<'a, C> {
    pub(super) job: &'a Job<'a, C>,
    pub(super) lock: &'a Lock,
    pub(super) plan: &'a Plan,
    pub(super) estate: Estate,
    /// Launch template versions made in this run.
    pub(super) built: BTreeMap<TemplateId, u64>,
    pub(super) deadline: Option<Instant>,
    pub(super) course: Course,
    /// When the entrance was last written. It does not lead anywhere by then.
    pub(super) entrance_at: Instant,
    pub(super) fresh: Freshness,
    /// When our lock was last seen to stand.
    pub(super) ours_at: Timestamp,
}

/// What was read since the last change: it need not be read again for the next step.
#[derive(Default)]
pub(super) struct Freshness {
    rules: Option<Timestamp>,
    seen: Option<(Look, Fleets)>,
}

impl Freshness {
    /// By the clock on the wall: a process that was stopped for a while must look again.
    fn has_rules(&self, now: Timestamp) -> bool {
        self.rules
            .is_some_and(|at| now.duration_since(at).as_secs() < FRESH_FOR)
    }
}

impl<'a, C: Cloud> Drive<'a, C> {
    pub(super) fn new(
        job: &'a Job<'a, C>,
        lock: &'a Lock,
        plan: &'a Plan,
        estate: Estate,
        deadline: Option<Instant>,
    ) -> Self {
        let now = job.cloud.now();
        Self {
            job,
            lock,
            plan,
            course: Course::found(&estate, plan, now),
            estate,
            built: BTreeMap::new(),
            deadline,
            entrance_at: Instant::now(),
            fresh: Freshness::default(),
            ours_at: now,
        }
    }

    /// `first`: the place of the first of them in the plan.
    pub(super) async fn steps(
        &mut self,
        first: usize,
        steps: &[Step],
        narrator: &mut Narrator<'_>,
    ) -> Result<(), Stop> {
        for (index, step) in (first..).zip(steps) {
            self.interrupted()?;
            narrator.say(EventKind::StepStarted { step: index });
            match self.take(Some(index), step, narrator).await {
                Ok(outcome) => narrator.say(EventKind::StepFinished { step: index, outcome }),
                Err(stop) => {
                    narrator.say(EventKind::StepFinished {
                        step: index,
                        outcome: Outcome::Failed {
                            error: stop.to_string(),
                        },
                    });
                    return Err(stop);
                }
            }
        }
        Ok(())
    }

    /// The same for steps that no display was laid out for.
    pub(super) async fn quietly(&mut self, steps: &[Step], narrator: &mut Narrator<'_>) -> Result<(), Stop> {
        for step in steps {
            narrator.say(EventKind::Notice { text: step.title() });
            self.take(None, step, narrator).await?;
        }
        Ok(())
    }

    /// What is true at the end. When even that cannot be seen, what was seen last.
    pub(super) async fn last_look(&self) -> Estate {
        match self.job.cloud.observe(self.job.scope).await {
            Ok(estate) => estate,
            Err(error) => {
                tracing::warn!(%error, "could not look at the end; reporting what was seen last");
                self.estate.clone()
            }
        }
    }

    async fn take(
        &mut self,
        index: Option<usize>,
        step: &Step,
        narrator: &mut Narrator<'_>,
    ) -> Result<Outcome, Stop> {
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            match self.attempt(index, step, narrator).await {
                Err(Stop::Cloud(error))
                    if (passes(&error) && began.elapsed() < SETTLE)
                        || (matches!(error, CloudError::NotFound { .. }) && began.elapsed() < APPEAR) =>
                {
                    retrying(index, &error, narrator);
                    self.rest(pause).await?;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(Stop::TimedOut { .. })
                    if matches!(step, Step::Hold { .. }) && began.elapsed() < SETTLE =>
                {
                    self.fresh = Freshness::default();
                }
                // What makes it unsafe may be what was before.
                Err(Stop::Unsafe(_)) if began.elapsed() < MAY_BE_STALE => {
                    self.fresh = Freshness::default();
                    self.rest(LOOK_AGAIN).await?;
                }
                other => return other,
            }
        }
    }

    /// One try. A second one begins by looking: a call without an answer may have worked.
    async fn attempt(
        &mut self,
        index: Option<usize>,
        step: &Step,
        narrator: &mut Narrator<'_>,
    ) -> Result<Outcome, Stop> {
        if !self.fresh.has_rules(self.job.cloud.now()) {
            self.fresh = Freshness::default();
            self.see_rules().await?;
        }
        self.fence().await?;
        if let Step::Hook { hook } = step {
            return hook::take(self, index, hook, narrator).await;
        }
        self.see_unless_fresh(step).await?;
        let mut outcome = Outcome::AlreadyTrue;
        if !step.only_waits() {
            if plan::reached(step, &self.estate) {
                return Ok(outcome);
            }
            if step.leads_somebody() {
                self.see_who_serves(step).await?;
            }
            plan::safe(step, &self.estate).map_err(Stop::Unsafe)?;
            let before = self.course;
            self.course = before.sending(step, self.job.cloud.now());
            self.fresh = Freshness::default();
            let acted = act::act(self, step).await;
            if let Err(Stop::Cloud(error)) = &acted {
                self.course = self.course.failed(before, step, error);
            }
            acted?;
            if matches!(step, Step::OpenStaging { .. }) {
                self.entrance_at = Instant::now();
            }
            outcome = Outcome::Done;
            self.see(step).await?;
        }
        let waited = match self.wait(index, step, narrator).await {
            Err(stop @ Stop::TimedOut { .. }) => {
                // Whoever took the lock may have undone what is waited for.
                self.see_rules().await?;
                self.fence().await?;
                return Err(stop);
            }
            other => other?,
        };
        if matches!(step, Step::Confirm { .. }) {
            self.course.settled = true;
            self.answers_again(narrator);
        }
        Ok(if waited { Outcome::Done } else { outcome })
    }

    /// Every route leads to somebody who is healthy.
    fn answers_again(&mut self, narrator: &mut Narrator<'_>) {
        if let Some(since) = self.course.down.take() {
            let text = downtime(since, self.job.cloud.now(), self.course.found_down);
            narrator.say(EventKind::Notice { text });
        }
    }

    /// Looks until the step is reached, for as long and as often as it asks. Says whether it had to wait.
    async fn wait(
        &mut self,
        index: Option<usize>,
        step: &Step,
        narrator: &mut Narrator<'_>,
    ) -> Result<bool, Stop> {
        let (timeout, hold, times) = match step {
            Step::AwaitHealthy { soak, timeout, .. } => (*timeout, *soak, 1),
            Step::AwaitEmpty { timeout, .. } => (*timeout, Duration::ZERO, 1),
            Step::Confirm {
                times, propagation, ..
            } => (propagation.saturating_add(SETTLE), *propagation, *times),
            // A group that grew while it was held is held again, as large as it is now.
            Step::Hold { .. } => (MAY_BE_STALE, Duration::ZERO, 1),
            _ => (SETTLE, Duration::ZERO, 1),
        };
        let began = Instant::now();
        let mut since: Option<Instant> = None;
        let mut seen = 0;
        let mut said: Option<Progress> = None;
        let mut heard = began;
        let mut pause = FIRST_PAUSE;
        let mut waited = false;
        loop {
            let progress = plan::progress(step, &self.estate);
            if let Some(progress) = progress.clone() {
                let silent = heard.elapsed() >= SIGN_OF_LIFE;
                let changed = said.as_ref() != Some(&progress);
                // A display that has no line for it is told only that it is not over.
                if silent || (changed && index.is_some()) {
                    (said, heard) = (Some(progress.clone()), Instant::now());
                    narrator.say(sign_of_life(index, step, progress));
                }
            }
            if plan::reached(step, &self.estate) {
                seen += 1;
                let since = *since.get_or_insert_with(Instant::now);
                if seen >= times && since.elapsed() >= hold {
                    return Ok(waited);
                }
                // Reading back is quick; soaking need not look more often than health changes.
                pause = pause.min(Duration::from_secs(1).max(hold / 10));
            } else {
                (since, seen) = (None, 0);
                if began.elapsed() >= timeout {
                    return Err(Stop::TimedOut {
                        after: span(timeout),
                        progress,
                    });
                }
            }
            waited = true;
            self.fresh = Freshness::default();
            // One look at the end of the time, not one a pause later.
            let left = timeout.saturating_sub(began.elapsed());
            self.rest(if since.is_none() && !left.is_zero() {
                pause.min(left)
            } else {
                pause
            })
            .await?;
            pause = (pause * 2).min(LONGEST_PAUSE);
            // A throttled or failing read is never a reason to give up, only to look later.
            match self.see(step).await {
                Err(Stop::Cloud(error)) if passes(&error) => {
                    retrying(index, &error, narrator);
                    (since, seen, said) = (None, 0, None);
                    if began.elapsed() >= timeout.saturating_add(SETTLE) {
                        return Err(Stop::Cloud(error));
                    }
                }
                other => other?,
            }
        }
    }

    /// Whether our lock stood when the rules were last read. One that is not seen is looked for again: AWS may answer
    /// with what was before it.
    async fn fence(&mut self) -> Result<(), Stop> {
        let began = Instant::now();
        while !self.lock.stands_in(&self.estate) {
            if began.elapsed() >= MAY_BE_STALE {
                return Err(Stop::LockLost);
            }
            self.rest(LOOK_AGAIN).await?;
            self.see_rules().await?;
        }
        if let Some(at) = self.fresh.rules {
            self.ours_at = at;
        }
        Ok(())
    }

    /// Between two calls of one step. A process that was stopped since the last look may have been taken for dead.
    pub(super) async fn still_ours(&mut self) -> Result<(), Stop> {
        if self.job.cloud.now().duration_since(self.ours_at).as_secs() < FRESH_FOR {
            return Ok(());
        }
        self.see_rules().await?;
        self.fence().await
    }

    async fn see_rules(&mut self) -> Result<(), Stop> {
        self.estate = self
            .job
            .cloud
            .look(self.job.scope, &self.estate, Look::Rules, &[])
            .await?;
        self.fresh.rules = Some(self.estate.observed_at);
        Ok(())
    }

    /// Health as it is now, of what a route is about to lead to.
    async fn see_who_serves(&mut self, step: &Step) -> Result<(), Stop> {
        let fleets = look::serving(step, &self.estate);
        if !fleets.is_empty() {
            self.estate = self
                .job
                .cloud
                .look(self.job.scope, &self.estate, Look::Fleet, &fleets)
                .await?;
        }
        Ok(())
    }

    async fn see_unless_fresh(&mut self, step: &Step) -> Result<(), Stop> {
        let (look, fleets) = look::for_step(step, &self.estate);
        if look == Look::Rules {
            // They have just been read.
            return Ok(());
        }
        match &self.fresh.seen {
            Some((seen, of)) if look::covers((*seen, of), (look, &fleets)) => Ok(()),
            _ => self.see(step).await,
        }
    }

    async fn see(&mut self, step: &Step) -> Result<(), Stop> {
        let (look, fleets) = look::for_step(step, &self.estate);
        self.fresh.seen = None;
        self.estate = match look {
            Look::Everything => self.job.cloud.observe(self.job.scope).await?,
            look => {
                self.job
                    .cloud
                    .look(self.job.scope, &self.estate, look, &fleets)
                    .await?
            }
        };
        if matches!(look, Look::Rules | Look::Everything) {
            self.fresh.rules = Some(self.estate.observed_at);
        }
        self.fresh.seen = Some((look, fleets));
        Ok(())
    }

    /// Sleeps, unless somebody wants us to stop.
    async fn rest(&self, pause: Duration) -> Result<(), Stop> {
        // From a generator that a test can seed: a run is then the same call by call.
        let jittered = pause.mul_f64(0.8 + 0.4 * fastrand::f64());
        tokio::select! {
            biased;
            () = sleep(jittered) => self.interrupted(),
            signal = self.job.interrupt.wait() => Err(Stop::Interrupted(signal)),
        }
    }

    fn interrupted(&self) -> Result<(), Stop> {
        if let Some(signal) = self.job.interrupt.wished() {
            return Err(Stop::Interrupted(signal));
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(Stop::OutOfTime),
            _ => Ok(()),
        }
    }
}

/// For how long nobody has answered.
pub(super) fn downtime(from: Timestamp, to: Timestamp, before: bool) -> String {
    let seconds = to.duration_since(from).as_secs();
    let more = if before { ", and before this run" } else { "" };
    format!("nobody answered from {from:.0} to {to:.0}, {seconds} s{more}")
}

/// The network worked when the run began: an outage in the middle is waited out like throttling.
pub(super) fn passes(error: &CloudError) -> bool {
    error.may_pass() || matches!(error, CloudError::Unreachable { .. })
}

fn sign_of_life(index: Option<usize>, step: &Step, progress: Progress) -> EventKind {
    match index {
        Some(step) => EventKind::Progress {
            step,
            have: progress.have,
            want: progress.want,
            reasons: progress.reasons,
        },
        None => EventKind::Notice {
            text: format!("{}: {}", step.title(), describe(&Some(progress))),
        },
    }
}

fn retrying(index: Option<usize>, error: &CloudError, narrator: &mut Narrator<'_>) {
    if let Some(step) = index {
        narrator.say(EventKind::Retrying {
            step,
            error: error.to_string(),
        });
    }
}
