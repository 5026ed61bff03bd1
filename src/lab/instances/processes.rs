//! Carries the world's orders out with real processes and real health checks.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::mpsc;

use super::addresses::Addresses;
use super::description::Description;
use super::machine::{Ending, Machine};
use super::memory::Agent;
use super::probe::probe;
use crate::lab::keeper::{Keeper, Machines};
use crate::lab::world::World;
use crate::lab::world::orders::{Order, Start};

/// Instances by id, each with the way to end it.
type Running = Mutex<BTreeMap<String, mpsc::UnboundedSender<Ending>>>;

/// Real processes, one folder each with its log. Whatever still runs is killed when this is dropped.
#[derive(Debug)]
pub struct Processes {
    command: Vec<OsString>,
    folder: PathBuf,
    addresses: Addresses,
    /// Only here, so that every way to end an instance is gone with this, which ends them.
    running: Arc<Running>,
}

impl Processes {
    /// `command` starts this executable as a machine: it must end up in [`super::child::main`].
    pub fn new(command: Vec<OsString>, folder: PathBuf) -> Self {
        Self {
            command,
            // Machines work in folders of their own, where a relative path would lead elsewhere.
            folder: std::path::absolute(&folder).unwrap_or(folder),
            addresses: Addresses::for_process(std::process::id()),
            running: Arc::default(),
        }
    }

    /// Where an instance writes what it says.
    pub fn log(folder: &Path, instance: &str) -> PathBuf {
        folder.join(instance).join(super::child::LOG)
    }

    fn start(&self, keeper: &Arc<Keeper>, start: Start) {
        let (sender, endings) = mpsc::unbounded_channel();
        let instance = start.instance.clone();
        locked(&self.running).insert(instance.clone(), sender);
        let running = Arc::downgrade(&self.running);
        let keeper = Arc::downgrade(keeper);
        let folder = self.folder.join(&instance);
        let address = self.addresses.take(start.port);
        let agent = Agent::of(&start);
        let command = self.command.clone();
        tokio::spawn(async move {
            let begun = match address {
                Ok(address) => {
                    let started = Machine::start(&command, &Description::new(start, address, folder)).await;
                    started.map(|machine| (address, machine))
                }
                Err(error) => Err(error),
            };
            match begun {
                Ok((address, machine)) => {
                    tell(&keeper, |world| world.instance_started(&instance, Ok(address)));
                    if let Some(agent) = agent {
                        let (running, instance) = (running.clone(), instance.clone());
                        agent.start(keeper.clone(), move || is_running(&running, &instance));
                    }
                    machine.until_ended(endings).await;
                    forget(&running, &instance);
                    tell(&keeper, |world| world.instance_ended(&instance));
                }
                Err(error) => {
                    forget(&running, &instance);
                    tell(&keeper, |world| world.instance_started(&instance, Err(error)));
                }
            }
        });
    }

    fn end(&self, keeper: &Arc<Keeper>, instance: String, ending: Ending) {
        let sent = locked(&self.running)
            .get(&instance)
            .is_some_and(|sender| sender.send(ending).is_ok());
        if !sent {
            // Gone already, but the world waits for an answer.
            let keeper = Arc::downgrade(keeper);
            tokio::spawn(async move { tell(&keeper, |world| world.instance_ended(&instance)) });
        }
    }
}

impl Machines for Processes {
    fn carry_out(&self, keeper: &Arc<Keeper>, order: Order) {
        match order {
            Order::Start(start) => self.start(keeper, start),
            Order::Stop { instance, grace } => self.end(keeper, instance, Ending::Stop { grace }),
            Order::Kill { instance } => self.end(keeper, instance, Ending::Kill),
            Order::Probe(order) => {
                let keeper = Arc::downgrade(keeper);
                tokio::spawn(async move {
                    let answer = probe(&order).await;
                    tell(&keeper, |world| world.probed(order.id, answer));
                });
            }
        }
    }
}

fn forget(running: &Weak<Running>, instance: &str) {
    if let Some(running) = running.upgrade() {
        locked(&running).remove(instance);
    }
}

fn is_running(running: &Weak<Running>, instance: &str) -> bool {
    running
        .upgrade()
        .is_some_and(|running| locked(&running).contains_key(instance))
}

/// A world that is gone need not be told.
pub(super) fn tell(keeper: &Weak<Keeper>, news: impl FnOnce(&mut World)) {
    if let Some(keeper) = keeper.upgrade() {
        keeper.with(news);
    }
}

// Each change of the map is one insertion or removal: a panic elsewhere leaves it whole.
fn locked(running: &Running) -> MutexGuard<'_, BTreeMap<String, mpsc::UnboundedSender<Ending>>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}
