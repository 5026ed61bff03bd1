//! Users, as CloudWatch counts them: production is asked all the time, and one target group fails a part of them.

use std::sync::Arc;
use std::time::Duration;

use swingbridge::lab::keeper::Keeper;
use swingbridge::lab::world::routing::{Action, Routing};
use swingbridge::lab::world::watch::Metric;
use tokio::time::sleep;

const EVERY: Duration = Duration::from_secs(1);
/// A release of which so much fails is bad by any rule.
const ASKED: u32 = 50;
const FAILED: u32 = 20;

/// What is measured of one target group.
struct Counted {
    metric: Metric,
    times: u32,
}

/// From now on, for as long as somebody keeps the world.
pub(crate) fn ask(keeper: &Arc<Keeper>, ill: &'static str) {
    let (routing, keeper) = (keeper.routing(), Arc::downgrade(keeper));
    tokio::spawn(async move {
        loop {
            sleep(EVERY).await;
            let picture = Arc::clone(&routing.borrow());
            let Some(keeper) = keeper.upgrade() else { return };
            keeper.with(|world| {
                for Counted { metric, times } in counted(&picture, ill) {
                    world.record(&metric, 1.0, f64::from(times));
                }
            });
        }
    });
}

fn counted(picture: &Routing, ill: &str) -> Vec<Counted> {
    let mut all = Vec::new();
    for listener in &picture.listeners {
        let Some(Action::Forward { pools, .. }) = listener.rules.last().map(|rule| &rule.action) else {
            continue;
        };
        for (pool, _) in pools.iter().filter(|(_, weight)| *weight > 0) {
            let failed = if pool.name == ill { FAILED } else { 0 };
            for (name, times) in [
                ("RequestCount", ASKED),
                ("HTTPCode_Target_2XX_Count", ASKED - failed),
                ("HTTPCode_Target_5XX_Count", failed),
            ] {
                let dimensions = [
                    ("LoadBalancer", listener.balancer.dimension.as_str()),
                    ("TargetGroup", pool.dimension.as_str()),
                ];
                all.push(Counted {
                    metric: Metric::new("AWS/ApplicationELB", name, dimensions),
                    times,
                });
            }
        }
    }
    all
}
