//! A lab's life from one reset to the next: a world that is kept, its instances, and its data plane.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::dashboard::{Found, Rates, picture, survey};
use super::estates::{Estate, Unbuilt, build};
use super::keeper::{Keeper, Machines};
use super::metering::meter;
use super::traffic::{self, TlsError, Traffic};
use super::world;
use super::world::faults::Fault;

/// The longest that the estate's listeners may take to open; what cannot open is shown as such.
const OPENING: Duration = Duration::from_secs(5);

/// Makes whoever plays the instances, anew at each reset.
pub struct Surroundings(pub Box<dyn Fn() -> Box<dyn Machines> + Send + Sync>);

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Surroundings").finish_non_exhaustive()
    }
}

/// Why a life does not begin.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("the estate cannot be built: {0}")]
    Estate(#[from] Unbuilt),
    #[error(transparent)]
    Tls(#[from] TlsError),
}

#[derive(Debug)]
pub(super) struct Life {
    keeper: Arc<Keeper>,
    /// Gone when this life is over.
    traffic: Arc<Mutex<Option<Traffic>>>,
    /// Where listeners are on this machine, by ARN.
    addresses: watch::Receiver<BTreeMap<String, SocketAddr>>,
    certificate: String,
    rates: Arc<Mutex<Rates>>,
}

impl Life {
    /// `ports` are those that listeners are to have on this machine, by listener port, where it is not the usual one.
    pub(super) async fn begin(
        surroundings: &Surroundings,
        ports: BTreeMap<u16, u16>,
        settings: world::Settings,
        estate: &Estate,
    ) -> Result<Self, Broken> {
        let seed = settings.seed;
        let began = Instant::now();
        let keeper = Keeper::start(settings, (surroundings.0)());
        keeper.with(|world| build(world, estate))?;
        let settings = traffic::Settings {
            began,
            ports,
            access_log: None,
            seed,
        };
        let traffic = Traffic::start(keeper.routing(), settings).await?;
        let certificate = traffic.authority().to_owned();
        let mut addresses = traffic.addresses();
        let traffic = Arc::new(Mutex::new(Some(traffic)));
        let rates = Arc::new(Mutex::new(Rates::default()));
        tokio::spawn(meter(
            Arc::downgrade(&keeper),
            Arc::clone(&traffic),
            Arc::clone(&rates),
        ));
        let expected = estate
            .load_balancers
            .iter()
            .map(|balancer| balancer.listeners.len())
            .sum::<usize>();
        // A listener whose port is taken stays closed: the rest of the lab is of use all the same.
        let _ = timeout(OPENING, addresses.wait_for(|open| open.len() >= expected)).await;
        Ok(Self {
            keeper,
            traffic,
            addresses,
            certificate,
            rates,
        })
    }

    pub(super) fn keeper(&self) -> &Arc<Keeper> {
        &self.keeper
    }

    pub(super) fn survey(&self) -> Found {
        let addresses = self.addresses.borrow();
        let url = |arn: &str, protocol: &str| {
            addresses
                .get(arn)
                .map(|address: &SocketAddr| format!("{}://{address}", protocol.to_lowercase()))
        };
        self.keeper.with(|world| survey(world, url))
    }

    pub(super) fn traffic(&self) -> picture::Traffic {
        // Seconds are added whole, so a panic elsewhere leaves them as they should be.
        self.rates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .traffic()
    }

    /// Makes something go wrong, in the words of `lab fault`.
    pub(super) fn fault(&self, text: &str) -> Result<(), String> {
        let fault = text
            .parse::<Fault>()
            .map_err(|unreadable| unreadable.to_string())?;
        self.keeper
            .with(|world| world.break_with(fault))
            .map(drop)
            .map_err(|refused| refused.to_string())
    }

    pub(super) fn faults(&self) -> Vec<String> {
        self.keeper.with(|world| {
            world
                .faults
                .list()
                .iter()
                .map(|active| active.fault.to_string())
                .collect()
        })
    }

    pub(super) fn heal(&self) {
        self.keeper.with(|world| world.mend(None));
    }

    /// For clients of the TLS listeners to trust.
    pub(super) fn certificate(&self) -> String {
        self.certificate.clone()
    }

    /// The ports that listeners really have, by the port that AWS would show.
    pub(super) fn ports(&self) -> BTreeMap<u16, u16> {
        let addresses = self.addresses.borrow();
        let routing = self.keeper.routing();
        let routing = routing.borrow();
        let real = |listener: &Arc<world::routing::Listener>| {
            Some((listener.port, addresses.get(&listener.arn)?.port()))
        };
        routing.listeners.iter().filter_map(real).collect()
    }

    /// Frees every port. Instances end with the last holder of the world.
    pub(super) async fn end(&self) {
        let traffic = self.traffic.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(traffic) = traffic {
            traffic.shut_down().await;
        }
    }
}
