//! Second by second, what the data plane counted becomes CloudWatch's metrics and the dashboard's rates.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::dashboard::{Rates, Tally};
use super::keeper::Keeper;
use super::traffic::{Count, Traffic};
use super::world::watch::Metric;

const PERIOD: Duration = Duration::from_secs(1);
const NAMESPACE: &str = "AWS/ApplicationELB";

/// Goes on until the world or its data plane is gone.
pub(super) async fn meter(
    keeper: Weak<Keeper>,
    traffic: Arc<Mutex<Option<Traffic>>>,
    rates: Arc<Mutex<Rates>>,
) {
    let mut period = interval(PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        period.tick().await;
        let Some(keeper) = keeper.upgrade() else { return };
        // Nothing half done is ever left behind these locks, so a panic elsewhere does not matter here.
        let counts = match &*traffic.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(traffic) => traffic.take_counts(),
            None => return,
        };
        rates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(second(&counts));
        keeper.with(|world| {
            for count in &counts {
                world.record(&metric(count), count.value, count.times);
            }
        });
    }
}

fn metric(count: &Count) -> Metric {
    let group = count.target_group.as_deref().map(|group| ("TargetGroup", group));
    Metric::new(
        NAMESPACE,
        count.name,
        [("LoadBalancer", count.balancer.as_str())]
            .into_iter()
            .chain(group),
    )
}

/// Requests and failures by target group's name. What no target was asked for is under no name.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of a second"
)]
fn second(counts: &[Count]) -> BTreeMap<String, Tally> {
    let mut second: BTreeMap<String, Tally> = BTreeMap::new();
    for count in counts {
        let group = count.target_group.as_deref();
        let (is_request, is_failure) = match (count.name, group) {
            ("RequestCount", Some(_)) => (true, false),
            ("HTTPCode_Target_5XX_Count", Some(_)) => (false, true),
            ("HTTP_Fixed_Response_Count" | "HTTP_Redirect_Count" | "HTTPCode_ELB_503_Count", None) => {
                (true, false)
            }
            ("HTTPCode_ELB_5XX_Count", None) => (false, true),
            _ => continue,
        };
        let name = group
            .and_then(|group| group.split('/').nth(1))
            .unwrap_or_default();
        let times = (count.value * count.times) as u64;
        let tally = second.entry(name.to_owned()).or_default();
        tally.requests += if is_request { times } else { 0 };
        tally.failed += if is_failure { times } else { 0 };
    }
    second
}

#[cfg(test)]
mod tests;
