//! One lab that is up: a world with everything around it, from one reset to the next, at one address.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::{RwLock, watch};
use tokio::task::JoinHandle;

use super::dashboard::Picture;
use super::estates::Estate;
use super::life::{Broken, Life, Surroundings};
use super::serve::whereabouts::Whereabouts;
use super::serve::{Taken, bind, serve};
use super::world;
use super::world::timeline::Happening;

/// What a lab is brought up with.
#[derive(Debug)]
pub struct Settings {
    pub world: world::Settings,
    /// Of the APIs and the dashboard; 0 takes any that is free.
    pub port: u16,
    pub estate: Estate,
    /// Where word of the running lab is left; nowhere when there is none.
    pub folder: Option<PathBuf>,
    pub surroundings: Surroundings,
    /// Ports on this machine by listener port, for listeners that are not to have the usual one.
    pub ports: BTreeMap<u16, u16>,
}

/// Why a lab does not come up.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error(transparent)]
    Taken(#[from] Taken),
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error("cannot leave word of the lab in {}: {error}", .folder.display())]
    Word { folder: PathBuf, error: std::io::Error },
}

/// A lab that is up, in the hands of whoever brought it up. It goes down when this is dropped, or before, when it is asked to.
#[derive(Debug)]
pub struct Lab {
    house: Arc<House>,
    server: JoinHandle<()>,
    word: Option<(Whereabouts, PathBuf)>,
}

impl Lab {
    pub async fn up(settings: Settings) -> Result<Self, Failed> {
        let listener = bind(settings.port).await?;
        let address = listener.local_addr().map_err(|error| Taken::Bind {
            port: settings.port,
            error,
        })?;
        let life = Life::begin(
            &settings.surroundings,
            settings.ports.clone(),
            settings.world.clone(),
            &settings.estate,
        )
        .await?;
        let started = Timestamp::now();
        let word = match settings.folder {
            Some(ref folder) => {
                let word = Whereabouts {
                    pid: std::process::id(),
                    port: address.port(),
                    started,
                };
                word.leave(folder).map_err(|error| Failed::Word {
                    folder: folder.clone(),
                    error,
                })?;
                Some((word, folder.clone()))
            }
            None => None,
        };
        let house = Arc::new(House {
            address,
            started,
            life: RwLock::new(Arc::new(life)),
            lives: AtomicU64::new(1),
            down: watch::Sender::new(false),
            settings,
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&house)));
        Ok(Self { house, server, word })
    }

    /// Where the APIs and the dashboard are.
    pub fn endpoint(&self) -> String {
        self.house.endpoint()
    }

    /// The lab as `lab status` shows it.
    pub async fn picture(&self) -> Picture {
        self.house.picture().await
    }

    /// Until the lab is asked down through its API.
    pub async fn asked_down(&self) {
        self.house.asked_down().await;
    }

    /// Ends every instance, frees every port, and takes word of the lab back.
    pub async fn down(mut self) {
        self.house.ask_down();
        // A panic in the server leaves nothing to wait for.
        let _ = (&mut self.server).await;
        self.house.life().await.end().await;
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.house.ask_down();
        if let Some((word, folder)) = self.word.take() {
            // The file is a hint: whoever follows it asks the lab anyway.
            let _ = word.take_back(&folder);
        }
    }
}

/// What the server serves.
#[derive(Debug)]
pub(super) struct House {
    settings: Settings,
    address: SocketAddr,
    started: Timestamp,
    /// Whoever asks while the lab is being reset waits for the new life.
    life: RwLock<Arc<Life>>,
    lives: AtomicU64,
    down: watch::Sender<bool>,
}

/// What happened after a question's number.
#[derive(Debug, Serialize)]
pub(super) struct News {
    /// Grows with every reset; happenings are numbered anew in each life.
    life: u64,
    pub(super) events: Vec<Happening>,
}

impl House {
    pub(super) async fn life(&self) -> Arc<Life> {
        Arc::clone(&*self.life.read().await)
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) async fn picture(&self) -> Picture {
        let life = self.life().await;
        let found = life.survey();
        Picture {
            endpoint: self.endpoint(),
            region: self.settings.world.region.clone(),
            account: self.settings.world.account.clone(),
            estate: self.settings.estate.name.clone(),
            pid: std::process::id(),
            life: self.lives.load(Ordering::Relaxed),
            started: self.started,
            now: life.keeper().with(|world| world.clock()),
            speed: self.settings.world.speed,
            balancers: found.balancers,
            target_groups: found.target_groups,
            groups: found.groups,
            traffic: life.traffic(),
            alarms: found.alarms,
            faults: life.faults(),
            troubles: found.troubles,
        }
    }

    /// Everything of this life, when the question was about another.
    pub(super) async fn news(&self, life: u64, since: u64) -> News {
        let keeper = Arc::clone(self.life().await.keeper());
        let current = self.lives.load(Ordering::Relaxed);
        let since = if life == current { since } else { 0 };
        let events = keeper.with(|world| world.timeline.since(since).cloned().collect());
        News {
            life: current,
            events,
        }
    }

    /// Back to the beginning. The listeners' ports are taken again by the same listeners.
    pub(super) async fn reset(&self) -> Result<(), Broken> {
        let mut life = self.life.write().await;
        let ports = life.ports();
        life.end().await;
        let mut settings = self.settings.world.clone();
        settings.began = Timestamp::now();
        *life = Arc::new(
            Life::begin(
                &self.settings.surroundings,
                ports,
                settings,
                &self.settings.estate,
            )
            .await?,
        );
        self.lives.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn ask_down(&self) {
        self.down.send_replace(true);
    }

    pub(super) async fn asked_down(&self) {
        let mut down = self.down.subscribe();
        // The sender lives in this very house.
        let _ = down.wait_for(|down| *down).await;
    }
}

#[cfg(test)]
mod tests;
