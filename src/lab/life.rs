//! A lab's life from one reset to the next: a world that is kept, its instances, and its data plane.

use std::sync::Arc;

use super::dashboard::picture::Traffic;
use super::dashboard::{Found, survey};
use super::estates::{Estate, Unbuilt, build};
use super::keeper::{Keeper, Machines};
use super::world;

/// Makes whoever plays the instances, anew at each reset.
pub struct Surroundings(pub Box<dyn Fn() -> Box<dyn Machines> + Send + Sync>);

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Surroundings")
    }
}

/// Why a life does not begin.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("the estate cannot be built: {0}")]
    Estate(#[from] Unbuilt),
}

#[derive(Debug)]
pub(super) struct Life {
    keeper: Arc<Keeper>,
}

impl Life {
    pub(super) async fn begin(surroundings: &Surroundings, settings: world::Settings, estate: &Estate) -> Result<Self, Broken> {
        let keeper = Keeper::start(settings, (surroundings.0)());
        keeper.with(|world| build(world, estate))?;
        Ok(Self { keeper })
    }

    pub(super) fn keeper(&self) -> &Arc<Keeper> {
        &self.keeper
    }

    pub(super) fn survey(&self) -> Found {
        self.keeper.with(|world| survey(world, |_| None))
    }

    pub(super) fn traffic(&self) -> Traffic {
        Traffic::default()
    }

    /// Makes something go wrong, in the words of `lab fault`.
    pub(super) fn fault(&self, _fault: &str) -> Result<(), String> {
        Err("no faults yet".to_owned())
    }

    pub(super) fn faults(&self) -> Vec<String> {
        Vec::new()
    }

    pub(super) fn heal(&self) {}

    /// For clients of the TLS listeners to trust.
    pub(super) fn certificate(&self) -> Option<String> {
        None
    }

    /// Frees every port and kills every instance, whoever still holds a part of this.
    pub(super) async fn end(&self) {}
}
