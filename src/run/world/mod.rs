//! A cloud in memory for the runner's tests: an estate that obeys, with faults that can be ordered.
//!
//! After every single change it asks its guard what must hold whatever happens.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Notify;

use crate::cloud::CloudError;
use crate::model::estate::Estate;
use crate::model::ids::TargetGroupName;
use crate::model::policy::Want;
use crate::model::readings::{Compared, Readings, Window};

mod guard;
mod nature;
mod refreshing;
mod verbs;

use guard::Guard;
use nature::Nature;
use refreshing::Refreshing;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The process dies before the call is sent.
    DieBefore,
    /// The process dies before the answer comes.
    DieAfter,
    /// It is throttled.
    Throttle,
    /// It works, and the answer is lost.
    LoseAnswer,
    /// It is refused once.
    Refuse,
    /// It works, and right after it the group that it is about scales out.
    Grow,
    /// It is denied, now and whenever it is tried again.
    Deny,
}

/// Makes up what was measured of these two in this window.
pub(super) type Tell = Box<dyn Fn(Window, &Compared) -> Readings + Send>;

pub(super) struct World {
    estate: Mutex<Estate>,
    /// Every change made, in order.
    changes: Mutex<Vec<String>>,
    fault: Mutex<Option<(usize, Fault)>>,
    seen: Mutex<usize>,
    pub(super) died: Notify,
    pub(super) broken: Mutex<Vec<String>>,
    /// Target groups whose targets never become healthy.
    pub(super) sick: Mutex<Vec<TargetGroupName>>,
    /// How much must be healthy where a rule is pointed to.
    pub(super) want: Mutex<Want>,
    /// Production may be stopped, and no two generations may ever run.
    pub(super) one_at_a_time: Mutex<bool>,
    /// What is measured; without it nothing.
    pub(super) readings: Mutex<Option<Tell>>,
    guard: Guard,
    nature: Mutex<Nature>,
    refreshing: Mutex<Refreshing>,
    /// How long it takes to look at all of it.
    pub(super) slow: Mutex<Duration>,
    /// Launch template versions whose instances do not become healthy.
    pub(super) failing: Mutex<Vec<u64>>,
    /// What time it was, by the runtime's clock, which a test can pause.
    began: (jiff::Timestamp, tokio::time::Instant),
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("World")
    }
}

impl World {
    pub(super) fn new(mut estate: Estate) -> Self {
        let nature = Nature::settled(&mut estate);
        let guard = Guard::new(&estate);
        Self {
            estate: Mutex::new(estate),
            changes: Mutex::default(),
            fault: Mutex::default(),
            seen: Mutex::default(),
            died: Notify::new(),
            broken: Mutex::default(),
            sick: Mutex::default(),
            want: Mutex::new(Want::Count(1)),
            one_at_a_time: Mutex::default(),
            readings: Mutex::default(),
            guard,
            nature: Mutex::new(nature),
            refreshing: Mutex::default(),
            slow: Mutex::default(),
            failing: Mutex::default(),
            began: (jiff::Timestamp::now(), tokio::time::Instant::now()),
        }
    }

    /// The next fault: it hits the call with this number, counted from now.
    pub(super) fn order(&self, fault: Option<(usize, Fault)>) {
        *self.fault.lock().expect("not poisoned") = fault;
        *self.seen.lock().expect("not poisoned") = 0;
    }

    /// How many changing calls were tried since the last order.
    pub(super) fn tried(&self) -> usize {
        *self.seen.lock().expect("not poisoned")
    }

    pub(super) fn changes(&self) -> Vec<String> {
        self.changes.lock().expect("not poisoned").clone()
    }

    pub(super) fn now(&self) -> Estate {
        let mut estate = self.estate.lock().expect("not poisoned");
        self.time_passes(&mut estate);
        estate.observed_at = self.time();
        estate.clone()
    }

    pub(super) fn time(&self) -> jiff::Timestamp {
        let (at, instant) = self.began;
        at + instant.elapsed()
    }

    pub(super) fn vary(&self, change: impl FnOnce(&mut Estate)) {
        change(&mut self.estate.lock().expect("not poisoned"));
    }

    /// One changing call: perhaps a fault, then the change, then the guards.
    async fn call(
        &self,
        what: String,
        change: impl FnOnce(&mut Estate) -> Result<(), CloudError>,
    ) -> Result<(), CloudError> {
        let fault = {
            let mut seen = self.seen.lock().expect("not poisoned");
            let this = *seen;
            *seen += 1;
            let ordered = *self.fault.lock().expect("not poisoned");
            ordered
                .filter(|(at, fault)| *at == this || (*fault == Fault::Deny && *at < this))
                .map(|(_, fault)| fault)
        };
        let passing = |message: &str| CloudError::Passing {
            action: what.clone(),
            message: message.into(),
        };
        match fault {
            Some(Fault::DieBefore) => self.die().await,
            Some(Fault::Throttle) => return Err(passing("Throttling")),
            Some(Fault::Refuse) => {
                return Err(CloudError::Rejected {
                    action: what,
                    code: "LimitExceeded".into(),
                    message: "there are too many".into(),
                });
            }
            Some(Fault::Deny) => {
                return Err(CloudError::Denied {
                    action: what,
                    message: "a policy says no".into(),
                });
            }
            _ => {}
        }
        let result = {
            let mut estate = self.estate.lock().expect("not poisoned");
            let before = estate.clone();
            let result = change(&mut estate);
            if fault == Some(Fault::Grow) {
                for group in &mut estate.groups {
                    let is_meant = what.split(' ').any(|word| word == group.name.as_str());
                    let grown = (group.size.desired + 1).min(group.size.max);
                    group.size.desired = if is_meant { grown } else { group.size.desired };
                }
            }
            self.time_passes(&mut estate);
            if result.is_ok() {
                self.changes.lock().expect("not poisoned").push(what.clone());
                let faults = self.guard.faults(
                    &before,
                    &estate,
                    *self.want.lock().expect("not poisoned"),
                    *self.one_at_a_time.lock().expect("not poisoned"),
                );
                let mut broken = self.broken.lock().expect("not poisoned");
                broken.extend(faults.into_iter().map(|fault| format!("after {what}: {fault}")));
            }
            result
        };
        match fault {
            Some(Fault::DieAfter) => self.die().await,
            Some(Fault::LoseAnswer) => return Err(passing("timed out")),
            _ => {}
        }
        result
    }

    fn time_passes(&self, estate: &mut Estate) {
        let failing = self.failing.lock().expect("not poisoned");
        self.refreshing
            .lock()
            .expect("not poisoned")
            .passes(estate, &failing);
        let sick = self.sick.lock().expect("not poisoned");
        self.nature.lock().expect("not poisoned").passes(estate, &sick);
    }

    async fn die(&self) {
        self.died.notify_one();
        std::future::pending::<()>().await;
    }
}
