//! An account at one moment, from which any number of attempts go on.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aws_sdk_cloudwatch::types::{ComparisonOperator, Statistic};
use jiff::Timestamp;
use swingbridge::cloud::Clock;
use swingbridge::lab::estates::{Estate, build};
use swingbridge::lab::instances::Imagined;
use swingbridge::lab::keeper::Keeper;
use swingbridge::lab::world::{Settings, World};
use tokio::time::{Instant, sleep};

use crate::operator::sdk;
use crate::tap::Tap;
use crate::users;

/// Localhost: nothing in virtual time has another address.
pub(crate) const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// For how long at most a read may be stale.
const PAST: Duration = Duration::from_secs(30);

/// A world with its instances, kept.
#[derive(Debug)]
pub(crate) struct Stage {
    world: World,
    /// Copied, never used: the copies are.
    machines: Mutex<Imagined>,
    /// The target group that fails some of its users, if it is known that anybody is there.
    ill: Option<&'static str>,
}

/// A stage on which time goes on, in the runtime that it was opened in.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) keeper: Arc<Keeper>,
    machines: Arc<Imagined>,
    ill: Option<&'static str>,
    pub(crate) clock: Clock,
}

impl Stage {
    /// An account with this estate in it, all of it healthy.
    pub(crate) async fn built(estate: &Estate) -> Self {
        let began: Timestamp = "2026-03-02T12:00:00Z".parse().expect("a time");
        let settings = Settings {
            began,
            ..Settings::default()
        };
        let scene = Scene::with(World::new(settings), Imagined::default(), None);
        scene
            .keeper
            .with(|world| build(world, estate))
            .expect("an estate that can be built");
        sleep(Duration::from_secs(90)).await;
        scene.kept().await
    }

    /// The same with an alarm that rings whenever nothing is measured, after it has begun to.
    pub(crate) async fn with_alarm(&self, name: &str) -> Self {
        let scene = self.open();
        let tap = Tap::new(&scene.keeper, Box::new(|_| None));
        let watch = aws_sdk_cloudwatch::Client::new(&sdk("stranger", &tap));
        watch
            .put_metric_alarm()
            .alarm_name(name)
            .namespace("Shop")
            .metric_name("Orders")
            .statistic(Statistic::Sum)
            .period(60)
            .evaluation_periods(1)
            .threshold(1.0)
            .comparison_operator(ComparisonOperator::LessThanThreshold)
            .treat_missing_data("breaching")
            .send()
            .await
            .expect("an alarm");
        sleep(Duration::from_secs(180)).await;
        scene.kept().await
    }

    pub(crate) fn open(&self) -> Scene {
        let machines = self.machines.lock().expect("not poisoned").fork();
        Scene::with(self.world.clone(), machines, self.ill)
    }

    /// The same with users, of whom this target group fails some.
    pub(crate) fn with_users(self, ill: &'static str) -> Self {
        Self {
            ill: Some(ill),
            ..self
        }
    }
}

impl Scene {
    fn with(world: World, machines: Imagined, ill: Option<&'static str>) -> Self {
        let clock = Clock::Tokio {
            began: world.clock(),
            since: Instant::now(),
        };
        let machines = Arc::new(machines);
        let keeper = Keeper::resume(world, Box::new(Arc::clone(&machines)));
        if let Some(ill) = ill {
            users::ask(&keeper, ill);
        }
        Self {
            keeper,
            machines,
            ill,
            clock,
        }
    }

    /// Reads may be asked for as they were before the latest writes.
    pub(crate) fn remembers(&self) {
        self.keeper.with(|world| world.keep_past(PAST));
    }

    /// What has become of it.
    pub(crate) async fn kept(&self) -> Stage {
        // Whatever was begun in this instant, such as the answer to a health check, comes to its end.
        sleep(Duration::from_millis(1)).await;
        self.keeper.with(|world| Stage {
            world: world.clone(),
            machines: Mutex::new(self.machines.fork()),
            ill: self.ill,
        })
    }

    /// What happened, newest last, calls with their callers behind them.
    pub(crate) fn history(&self) -> Vec<String> {
        self.keeper.with(|world| {
            world
                .timeline
                .since(0)
                .map(|it| format!("{} {}: {}", it.at.strftime("%H:%M:%S%.3f"), it.kind, it.text))
                .collect()
        })
    }
}

/// Decides every chance there is: of the SDK's retries, of our own waits.
pub(crate) static SEED: OnceLock<u64> = OnceLock::new();

/// From here on chance takes the same course in every attempt.
pub(crate) fn begin_chance() {
    fastrand::seed(*SEED.get_or_init(|| 42));
}

/// Runs work in virtual time.
pub(crate) fn in_virtual_time<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(work)
}
