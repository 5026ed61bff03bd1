//! Keeps the world's time: rings what is due, carries orders out, publishes what the data plane should know.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::world::orders::Order;
use super::world::routing::Routing;
use super::world::time::Moment;
use super::world::{Settings, World};

/// Whoever plays the instances: real processes, or imagined ones in tests.
pub trait Machines: Send + Sync + std::fmt::Debug {
    /// Carries an order out, in its own time, and tells the keeper's world what came of it. Never blocks.
    fn carry_out(&self, keeper: &Arc<Keeper>, order: Order);
}

impl<M: Machines> Machines for Arc<M> {
    fn carry_out(&self, keeper: &Arc<Keeper>, order: Order) {
        (**self).carry_out(keeper, order);
    }
}

/// The one owner of a world.
#[derive(Debug)]
pub struct Keeper {
    world: Mutex<World>,
    /// The moment in the world that this keeper began with, and when that was.
    first: Moment,
    began: Instant,
    /// Shared with the loop, which must not keep the keeper itself alive.
    woken: Arc<Notify>,
    machines: Box<dyn Machines>,
    routing: watch::Sender<Arc<Routing>>,
    turns: watch::Sender<()>,
}

impl Keeper {
    /// Starts keeping a new world. Must be called within a tokio runtime; the world goes on until the keeper is dropped.
    pub fn start(settings: Settings, machines: Box<dyn Machines>) -> Arc<Self> {
        Self::resume(World::new(settings), machines)
    }

    /// Goes on with a world from the moment it has come to, with machines that are as far.
    pub fn resume(world: World, machines: Box<dyn Machines>) -> Arc<Self> {
        let keeper = Arc::new(Self {
            first: world.now,
            began: Instant::now(),
            woken: Arc::new(Notify::new()),
            machines,
            routing: watch::Sender::new(world.routing()),
            turns: watch::Sender::new(()),
            world: Mutex::new(world),
        });
        tokio::spawn(keep(Arc::downgrade(&keeper), Arc::clone(&keeper.woken)));
        keeper
    }

    /// The moment it is now in the world.
    pub fn moment(&self) -> Moment {
        self.first + self.began.elapsed()
    }

    /// Does something with the world as it is now, then carries out whatever it orders.
    pub fn with<T>(self: &Arc<Self>, work: impl FnOnce(&mut World) -> T) -> T {
        let done = self.turn(work);
        self.woken.notify_one();
        done
    }

    /// What the data plane knows, and every change of it.
    pub fn routing(&self) -> watch::Receiver<Arc<Routing>> {
        self.routing.subscribe()
    }

    /// Told whenever anything may have happened in the world.
    pub fn turns(&self) -> watch::Receiver<()> {
        self.turns.subscribe()
    }

    /// Looks at the world as the last turn left it.
    pub fn look<T>(&self, work: impl FnOnce(&World) -> T) -> T {
        work(&self.locked())
    }

    fn turn<T>(self: &Arc<Self>, work: impl FnOnce(&mut World) -> T) -> T {
        let (done, orders) = {
            let mut world = self.locked();
            world.advance(self.moment());
            let done = work(&mut world);
            if let Some(routing) = world.take_routing() {
                self.routing.send_replace(routing);
            }
            (done, world.take_orders())
        };
        self.turns.send_replace(());
        for order in orders {
            self.machines.carry_out(self, order);
        }
        done
    }

    // A panic in a call must not take the whole lab down: the world is consistent between calls.
    fn locked(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.woken.notify_one();
    }
}

async fn keep(keeper: Weak<Keeper>, woken: Arc<Notify>) {
    loop {
        let due = match keeper.upgrade() {
            Some(keeper) => keeper
                .turn(|world| world.next_due())
                .map(|due| keeper.began + due.since(keeper.first)),
            None => return,
        };
        match due {
            Some(due) => tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                () = woken.notified() => {}
            },
            None => woken.notified().await,
        }
    }
}
