//! The routing as it was last told, with the living things it names; made anew at the first request after a change.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::watch;

use super::backend::Backend;
use super::group::Group;
use super::tally::{Count, Tally};
use crate::lab::world::routing::{Action, Listener, Pool, Routing, Target};
use crate::lab::world::time::Moment;

/// One routing, ready to be asked. Names are ARNs.
#[derive(Debug, Default)]
pub(super) struct Picture {
    source: Arc<Routing>,
    pub(super) listeners: HashMap<String, Seen>,
    pub(super) groups: HashMap<String, Group>,
    /// Who leaves when.
    pub(super) ends: Vec<(Moment, Arc<Backend>)>,
}

/// A listener and its load balancer's counters.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) listener: Arc<Listener>,
    pub(super) tally: Arc<Tally>,
}

/// Where the picture of the moment is had from.
#[derive(Debug)]
pub(super) struct Gallery {
    routing: watch::Receiver<Arc<Routing>>,
    current: RwLock<Arc<Picture>>,
    lasting: Mutex<Lasting>,
}

/// What outlives a picture.
#[derive(Debug, Default)]
struct Lasting {
    backends: HashMap<(String, String, SocketAddr), Arc<Backend>>,
    groups: HashMap<String, Kept>,
    balancers: HashMap<String, Arc<Tally>>,
}

#[derive(Debug)]
struct Kept {
    turn: Arc<AtomicUsize>,
    tally: Arc<Tally>,
    balancer: String,
    dimension: String,
    targets: usize,
    seen: bool,
}

impl Gallery {
    pub(super) fn new(routing: watch::Receiver<Arc<Routing>>) -> Self {
        Self {
            routing,
            current: RwLock::default(),
            lasting: Mutex::default(),
        }
    }

    /// The picture of what was told last, to the very moment.
    pub(super) fn current(&self) -> Arc<Picture> {
        let told = Arc::clone(&self.routing.borrow());
        {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&current.source, &told) {
                return Arc::clone(&current);
            }
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have been quicker, even with newer news.
        let told = Arc::clone(&self.routing.borrow());
        if !Arc::ptr_eq(&current.source, &told) {
            *current = Arc::new(self.lasting().draw(told));
        }
        Arc::clone(&current)
    }

    /// What was counted since the last time.
    pub(super) fn take_counts(&self) -> Vec<Count> {
        let mut counts = Vec::new();
        let mut lasting = self.lasting();
        for (dimension, tally) in &lasting.balancers {
            tally.take(|name, value, times| {
                counts.push(Count {
                    name,
                    balancer: dimension.clone(),
                    target_group: None,
                    value,
                    times,
                });
            });
        }
        for kept in lasting.groups.values() {
            let mut note = |name, value, times| {
                let (balancer, target_group) = (kept.balancer.clone(), Some(kept.dimension.clone()));
                counts.push(Count {
                    name,
                    balancer,
                    target_group,
                    value,
                    times,
                });
            };
            let requests = kept.tally.take(&mut note);
            // An idle group publishes zeros here, and only here.
            if kept.targets > 0 {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "requests of a second and numbers of targets are small"
                )]
                note(
                    "RequestCountPerTarget",
                    requests as f64 / kept.targets as f64,
                    1.0,
                );
            }
        }
        // A group that is gone may still have had requests in flight the last time.
        lasting
            .groups
            .retain(|_, kept| kept.seen || Arc::strong_count(&kept.tally) > 1);
        counts
    }

    /// Closes connections to targets that were not used for long.
    pub(super) fn sweep(&self) {
        let backends: Vec<_> = self.lasting().backends.values().cloned().collect();
        for backend in backends {
            backend.sweep();
        }
    }

    fn lasting(&self) -> std::sync::MutexGuard<'_, Lasting> {
        self.lasting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lasting {
    fn draw(&mut self, source: Arc<Routing>) -> Picture {
        let mut picture = Picture::default();
        let mut here: HashMap<(String, String, SocketAddr), Arc<Backend>> = HashMap::new();
        for kept in self.groups.values_mut() {
            kept.seen = false;
        }
        for listener in &source.listeners {
            let tally = Arc::clone(
                self.balancers
                    .entry(listener.balancer.dimension.clone())
                    .or_default(),
            );
            picture.listeners.insert(
                listener.arn.clone(),
                Seen {
                    listener: Arc::clone(listener),
                    tally,
                },
            );
            let forwards = listener.rules.iter().filter_map(|rule| match &rule.action {
                Action::Forward { pools, .. } => Some(pools),
                Action::Redirect { .. } | Action::Fixed { .. } => None,
            });
            for (pool, _) in forwards.flatten() {
                if !picture.groups.contains_key(&pool.arn) {
                    let group = self.group(pool, &listener.balancer.dimension, &mut here, &mut picture.ends);
                    picture.groups.insert(pool.arn.clone(), group);
                }
            }
        }
        // Whoever is not in the picture any more may finish what it has.
        for (key, backend) in std::mem::take(&mut self.backends) {
            if !here.contains_key(&key) {
                backend.leave();
            }
        }
        self.backends = here;
        picture.source = source;
        picture
    }

    fn group(
        &mut self,
        pool: &Arc<Pool>,
        balancer: &str,
        here: &mut HashMap<(String, String, SocketAddr), Arc<Backend>>,
        ends: &mut Vec<(Moment, Arc<Backend>)>,
    ) -> Group {
        let mut backend = |target: &Target| -> Option<Arc<Backend>> {
            let name = format!("{}:{}", target.instance, target.port);
            let address = target.address?;
            let key = (pool.arn.clone(), name.clone(), address);
            let known = self.backends.get(&key).cloned();
            let backend = known.unwrap_or_else(|| Arc::new(Backend::new(name, address)));
            here.insert(key, Arc::clone(&backend));
            Some(backend)
        };
        let mut targets = Vec::with_capacity(pool.targets.len());
        for target in &pool.targets {
            if let Some(backend) = backend(target) {
                backend.stay();
                targets.push((Arc::clone(target), backend));
            }
        }
        for (target, end) in &pool.draining {
            if let Some(backend) = backend(target) {
                backend.leave();
                ends.push((*end, backend));
            }
        }
        let kept = self.groups.entry(pool.arn.clone()).or_insert_with(|| Kept {
            turn: Arc::default(),
            tally: Arc::default(),
            balancer: String::new(),
            dimension: pool.dimension.clone(),
            targets: 0,
            seen: true,
        });
        kept.seen = true;
        balancer.clone_into(&mut kept.balancer);
        kept.targets = pool.targets.len();
        Group {
            pool: Arc::clone(pool),
            targets,
            turn: Arc::clone(&kept.turn),
            tally: Arc::clone(&kept.tally),
        }
    }
}
