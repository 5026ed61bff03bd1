//! One cell of a matrix: something that happens to one command at one call, and what must hold afterwards.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use swingbridge::lab::world::faults::Fault;
use swingbridge::model::event::Verdict;
use swingbridge::model::lock::{self, LockState};
use swingbridge::model::roles::Roles;

use crate::life::{Life, rollback};
use crate::operator::{Ended, Operator};
use crate::oracle::{Law, Oracle};
use crate::say;
use crate::shape::{Shape, differences, is_in_motion, shape};
use crate::stage::{Scene, in_virtual_time};

/// How often, and how soon, what is in motion is looked at again.
const LOOKS: u32 = 60;
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Cells that are part of every slice: no others see some of the defects in `mutants`.
const ALWAYS: &[&str] = &[
    "races/preview/2-promote/0*/patient-rollback-until-its-end",
    "faults/preview/1-deploy/*CreateAutoScalingGroup/cut-after",
    // Production leads back to what is about to shrink, after the last look of the step before it.
    "races/neighbour/3-retire/*DeleteRule/a-way-back",
    // Production has swung from what is marked as live to what is not yet.
    "crash/twice/4-promote/*ModifyListener/after/repair",
];

/// Why a cell does not hold. Nothing when it does.
pub(crate) type Held = Result<(), String>;

/// What was asked for on the command line, and what came of it.
#[derive(Debug)]
pub(crate) struct Book {
    /// Every cell, not only those of the slice.
    pub(crate) whole: bool,
    /// They are named, and not run.
    pub(crate) lists: bool,
    /// Only cells whose names contain one of these.
    pub(crate) only: Vec<String>,
    pub(crate) cells: AtomicUsize,
    pub(crate) left_out: AtomicUsize,
    /// Races in which the rival had ended before it came to where it was to be held.
    pub(crate) never_met: AtomicUsize,
    pub(crate) violations: Mutex<Vec<(String, String)>>,
}

impl Book {
    /// Runs one cell in virtual time of its own. `share`: one in so many is part of the slice.
    pub(crate) fn cell(&self, name: &str, share: u64, work: impl Future<Output = Held>) {
        if !self.wants(name, share) {
            return;
        }
        self.cells.fetch_add(1, Ordering::Relaxed);
        if self.lists {
            say(name);
            return;
        }
        // Two commands at once are more than a stack should hold.
        self.holds(name, || in_virtual_time(Box::pin(work)));
    }

    /// Notes what does not hold, panics included.
    pub(crate) fn holds(&self, name: &str, check: impl FnOnce() -> Held) {
        let why = match catch_unwind(AssertUnwindSafe(check)) {
            Ok(Ok(())) => return,
            Ok(Err(why)) => why,
            Err(panic) => panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_else(|| "a panic without words".into()),
        };
        self.violations
            .lock()
            .expect("not poisoned")
            .push((name.to_owned(), why));
    }

    fn wants(&self, name: &str, share: u64) -> bool {
        if !self.only.is_empty() {
            return self.only.iter().any(|pattern| fits(pattern, name));
        }
        let chosen = self.whole
            || fingerprint(name).is_multiple_of(share)
            || ALWAYS.iter().any(|pattern| fits(pattern, name));
        if !chosen {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
        chosen
    }
}

/// Whether the parts of a pattern, between its stars, are all in a name, one after the other.
fn fits(pattern: &str, name: &str) -> bool {
    let mut rest = name;
    pattern.split('*').all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

/// The same for the same name everywhere (FNV-1a).
fn fingerprint(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A scene that is watched, on which one command of a life is carried out.
pub(crate) struct Attempt<'a> {
    pub(crate) life: &'a Life,
    pub(crate) scene: Scene,
    oracle: Oracle,
}

impl<'a> Attempt<'a> {
    pub(crate) fn at(life: &'a Life, scene: Scene, law: &Law) -> Self {
        let oracle = Oracle::over(&scene.keeper, &life.requests, law.clone());
        Self { life, scene, oracle }
    }

    /// Lets a fault loose, as `lab fault` says it.
    pub(crate) fn breaks(&self, fault: &str) {
        let fault: Fault = fault.parse().expect("a fault");
        let done = self.scene.keeper.with(|world| world.break_with(fault));
        done.expect("a fault that can be");
    }

    pub(crate) fn somebody(&self) -> Operator<'a> {
        Operator::calm(&self.scene, &self.life.config)
    }

    /// No request would have met what it must not.
    pub(crate) async fn served(&self) -> Held {
        match self.oracle.violations().await.first() {
            None if self.oracle.pictures() > 0 => Ok(()),
            None => self.wrong("the oracle saw nothing"),
            Some(first) => self.wrong(first),
        }
    }

    /// The command again by somebody else, to its end, which must be as if nothing had happened.
    pub(crate) async fn converges(&self, at: usize) -> Held {
        let ended = self.somebody().does(self.life.goes_on_by(at)).await;
        self.came_to(at, &ended).await
    }

    /// A command has ended as it does when nothing happens to it.
    pub(crate) async fn came_to(&self, at: usize, ended: &Ended) -> Held {
        match self.life.ends(at).find(|(code, _)| ended.code() == Some(*code)) {
            Some((_, left)) => self.looks_like(left).await,
            // It was being swung back, or had been, when it was cut off.
            None if self.life.may_end(at, ended) => {
                let back = self.somebody().does(&rollback()).await;
                self.speaks(&back)?;
                self.is_live(self.life.prefixes()[at].live_before).await
            }
            None => self.wrong(&format!("{} again: {ended}", self.life.commands[at].word())),
        }
    }

    pub(crate) async fn looks_like(&self, wanted: &Shape) -> Held {
        let mut looks = 0;
        loop {
            let estate = self.somebody().sees().await.map_err(|error| error.to_string())?;
            let differences = differences(wanted, &shape(&estate));
            if differences.is_empty() {
                return self.served().await;
            }
            // Auto Scaling goes on by itself: it balances zones once everything was replaced.
            if !is_in_motion(&estate) || looks >= LOOKS {
                return self.wrong(&format!("not as in one go:\n    {}", differences.join("\n    ")));
            }
            looks += 1;
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Production is whole, and goes to this generation.
    pub(crate) async fn is_live(&self, generation: u32) -> Held {
        let estate = self.somebody().sees().await.map_err(|error| error.to_string())?;
        match Roles::of(&estate, &self.life.config.policy) {
            Ok(roles) if roles.halfway => self.wrong("production is half way"),
            Ok(roles) if roles.live.generation.0 == generation => {
                self.served().await?;
                // Not by what is written down alone.
                self.meets(&[format!("tg-{generation}")].into()).await
            }
            Ok(roles) => self.wrong(&format!("generation {} is live", roles.live.generation)),
            Err(reasons) => self.wrong(&format!("nobody is live: {reasons:?}")),
        }
    }

    /// Whether production goes to two generations.
    pub(crate) async fn is_shared(&self) -> Result<bool, String> {
        let estate = self.somebody().sees().await.map_err(|error| error.to_string())?;
        Ok(Roles::of(&estate, &self.life.config.policy).is_ok_and(|roles| roles.halfway))
    }

    pub(crate) async fn is_unlocked(&self) -> Result<bool, String> {
        let estate = self.somebody().sees().await.map_err(|error| error.to_string())?;
        Ok(lock::state(&estate, self.life.config.policy.lock) == LockState::Free)
    }

    /// What is wrong, with what came before it.
    pub(crate) fn wrong(&self, what: &str) -> Held {
        Err(format!("{what}\n    {}", self.scene.history().join("\n    ")))
    }

    /// Whoever did not succeed says why, and what to do.
    pub(crate) fn speaks(&self, ended: &Ended) -> Held {
        match ended {
            Ended::Verdict(Verdict {
                code: 1..,
                summary,
                next,
                ..
            }) if summary.is_empty() || next.is_empty() => self.wrong(&format!("says nothing: {ended}")),
            Ended::Refused(refusal) if refusal.reasons.is_empty() => self.wrong("refused without a reason"),
            Ended::Stale(why) if why.is_empty() => self.wrong("stale without a reason"),
            _ => Ok(()),
        }
    }
}
