//! Follows the routing: opens and closes listeners, and ends what must end with a target's time.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::backend::Backend;
use super::certificate::Identity;
use super::door::Door;
use super::picture::{Picture, Seen};
use super::plane::Plane;
use crate::lab::world::routing::Routing;
use crate::lab::world::time::Moment;

const SWEEP: Duration = Duration::from_secs(5);

/// What is open and what will end.
#[derive(Debug)]
pub(super) struct Follower {
    pub(super) plane: Arc<Plane>,
    pub(super) identity: Arc<Identity>,
    /// A listener's port, and the one that it is to have on this machine.
    pub(super) ports: BTreeMap<u16, u16>,
    pub(super) doors: HashMap<String, Door>,
    pub(super) ends: Vec<(Moment, Weak<Backend>)>,
    /// Dropping them ends them.
    pub(super) tasks: JoinSet<()>,
}

impl Follower {
    /// Goes on until nobody tells it anything any more.
    pub(super) async fn follow(mut self, mut routing: watch::Receiver<Arc<Routing>>) {
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            let next = self.end_what_is_due();
            let began = self.plane.began;
            let next_end = async move {
                match next {
                    Some(next) => tokio::time::sleep_until(began + next.since_start()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = routing.changed() => match changed {
                    Ok(()) => {
                        routing.borrow_and_update();
                        self.see().await;
                    }
                    Err(_) => return,
                },
                () = next_end => {}
                _ = sweep.tick() => self.plane.gallery.sweep(),
                Some(_) = self.tasks.join_next() => {}
            }
        }
    }

    /// Makes the doors those of the picture, and notes who leaves when.
    pub(super) async fn see(&mut self) {
        let picture = self.plane.gallery.current();
        let stays = |arn: &str, door: &Door, picture: &Picture| {
            picture
                .listeners
                .get(arn)
                .is_some_and(|seen| (seen.listener.port, seen.listener.tls) == (door.port, door.tls))
        };
        let gone: Vec<_> = self
            .doors
            .extract_if(|arn, door| !stays(arn, door, &picture))
            .collect();
        for (_, door) in gone {
            door.close().await;
        }
        let mut new: Vec<_> = picture
            .listeners
            .iter()
            .filter(|(arn, _)| !self.doors.contains_key(*arn))
            .collect();
        new.sort_by_key(|(arn, seen)| (seen.listener.port, *arn));
        for (arn, seen) in new {
            match self.open(seen).await {
                Ok(door) => drop(self.doors.insert(arn.clone(), door)),
                Err(error) => tracing::warn!(%error, listener = arn, "the listener cannot be opened"),
            }
        }
        let addresses: BTreeMap<_, _> = self
            .doors
            .iter()
            .map(|(arn, door)| (arn.clone(), door.address))
            .collect();
        self.plane.addresses.send_if_modified(|known| {
            let is_new = *known != addresses;
            *known = addresses;
            is_new
        });
        for (moment, backend) in &picture.ends {
            self.ends
                .retain(|(_, known)| !std::ptr::eq(known.as_ptr(), Arc::as_ptr(backend)));
            self.ends.push((*moment, Arc::downgrade(backend)));
        }
    }

    async fn open(&mut self, seen: &Seen) -> std::io::Result<Door> {
        let port = seen.listener.port;
        let usual = if port < 1024 { port + 8000 } else { port };
        let ports: Vec<_> = self
            .ports
            .get(&port)
            .copied()
            .into_iter()
            .chain([usual])
            .collect();
        let acceptor = &self.identity.acceptors[usize::from(!seen.listener.balancer.http2)];
        let acceptor = seen.listener.tls.then(|| acceptor.clone());
        Door::open(&ports, seen, acceptor, &self.plane, &mut self.tasks).await
    }

    /// Cuts off whose time is over, and says when the next one's will be.
    fn end_what_is_due(&mut self) -> Option<Moment> {
        let now = self.plane.now();
        self.ends.retain(|(moment, backend)| {
            let is_due = *moment <= now;
            if is_due && let Some(backend) = backend.upgrade() {
                backend.end();
            }
            !is_due
        });
        self.ends.iter().map(|(moment, _)| *moment).min()
    }
}
