//! Those who call hooks in tests: nobody, and one who answers by a script.

use std::sync::Mutex;

use futures_util::future::BoxFuture;

use super::*;
use crate::model::hook::{Hook, Place};
use crate::model::told::Told;
use crate::run::hook::{Answer, Caller, Reply};

/// A caller for plans without hooks.
#[derive(Debug)]
pub(super) struct Nobody;

impl Caller for Nobody {
    fn call<'a>(&'a self, hook: &'a Hook, _: &'a Told, _: BoxFuture<'a, ()>) -> BoxFuture<'a, Reply> {
        panic!("nobody asked for {}", hook.title())
    }
}

/// One command of somebody who gives it all the time it needs.
pub(super) fn job<'a>(
    cloud: &'a World,
    scope: &'a Scope,
    intent: &Intent,
    alive: bool,
    interrupt: Interrupt,
    hooks: &'a dyn Caller,
) -> Job<'a, World> {
    Job {
        cloud,
        scope,
        command: format!("swingbridge {}", intent.word()),
        run: "run".into(),
        identity: somebody(alive),
        lock: LockSettings {
            lease: Duration::from_secs(120),
            wait: Duration::ZERO,
        },
        timeout: None,
        interrupt,
        hooks,
    }
}

/// One command from its first look to its verdict with somebody who calls hooks, and what was said meanwhile.
pub(super) async fn heard(
    world: &World,
    intent: &Intent,
    policy: &Policy,
    alive: bool,
    hooks: &dyn Caller,
) -> (Option<Verdict>, Vec<Event>) {
    let (_stopper, interrupt) = Interrupt::pair();
    let scope = scope();
    let job = job(world, &scope, intent, alive, interrupt, hooks);
    let estate = world.now();
    let plan = plan::plan(&estate, intent, policy).unwrap_or_else(|refusal| {
        panic!(
            "{}: {refusal}; last: {:#?}",
            intent.word(),
            world.changes().iter().rev().take(8).collect::<Vec<_>>()
        )
    });
    let mut listen = Listen::default();
    let verdict = tokio::select! {
        biased;
        verdict = carry_out(&job, &plan, &estate, &mut listen) => Some(verdict),
        () = world.died.notified() => None,
    };
    (verdict, listen.events)
}

/// Answers as it was told to, place by place, and remembers what it was asked. Passes whatever it was not told about.
#[derive(Debug, Default)]
pub(super) struct Script {
    answers: Mutex<Vec<(Place, Answer)>>,
    asked: Mutex<Vec<Told>>,
    /// How long an attempt takes.
    takes: Duration,
}

impl Script {
    pub(super) fn saying(answers: &[(Place, Answer)]) -> Self {
        Self {
            answers: Mutex::new(answers.to_vec()),
            ..Self::default()
        }
    }

    pub(super) fn taking(takes: Duration) -> Self {
        Self {
            takes,
            ..Self::default()
        }
    }

    pub(super) fn asked(&self) -> Vec<Told> {
        self.asked.lock().expect("not poisoned").clone()
    }

    pub(super) fn places(&self) -> Vec<Place> {
        self.asked().iter().map(|told| told.place).collect()
    }
}

impl Caller for Script {
    fn call<'a>(&'a self, hook: &'a Hook, told: &'a Told, stop: BoxFuture<'a, ()>) -> BoxFuture<'a, Reply> {
        self.asked.lock().expect("not poisoned").push(told.clone());
        let mut answers = self.answers.lock().expect("not poisoned");
        let answer = match answers.iter().position(|(place, _)| *place == hook.at) {
            Some(index) => answers.remove(index).1,
            None => Answer::Passed,
        };
        drop(answers);
        Box::pin(async move {
            let answer = tokio::select! {
                biased;
                () = stop => Answer::Stopped,
                () = tokio::time::sleep(self.takes) => answer,
            };
            Reply {
                answer,
                said: vec![format!("{} was here", hook.at)],
            }
        })
    }
}
