//! `HealthyHostCount` and `UnHealthyHostCount`, once a minute.

use std::time::Duration;

use super::BalancingTimer;
use super::health::State;
use crate::lab::world::World;
use crate::lab::world::time::Timer;
use crate::lab::world::watch::Metric;

const MINUTE: Duration = Duration::from_secs(60);
const NAMESPACE: &str = "AWS/ApplicationELB";

impl World {
    /// Counts from the first load balancer on.
    pub(super) fn count_hosts_from_now(&mut self) {
        if !self.balancing.counting {
            self.balancing.counting = true;
            self.later(MINUTE, Timer::Balancing(BalancingTimer::Census));
        }
    }

    pub(super) fn count_hosts(&mut self) {
        let mut counted = Vec::new();
        for (group, balancer) in &self.balancing.users {
            let Some(group) = self.balancing.target_groups.get(group) else {
                continue;
            };
            let Some(balancer) = self.balancing.balancers.get(balancer) else {
                continue;
            };
            // AWS reports them only while there are registered targets.
            if group.targets.is_empty() {
                continue;
            }
            let count =
                |is: fn(&State) -> bool| group.targets.values().filter(|target| is(&target.state)).count();
            let healthy = count(|state| *state == State::Healthy);
            let unhealthy = count(|state| matches!(state, State::Unhealthy(_)));
            let (balancer, group) = (balancer.dimension(), group.dimension());
            for (name, hosts) in [("HealthyHostCount", healthy), ("UnHealthyHostCount", unhealthy)] {
                let dimensions = [
                    ("LoadBalancer", balancer.as_str()),
                    ("TargetGroup", group.as_str()),
                ];
                counted.push((Metric::new(NAMESPACE, name, dimensions), hosts));
            }
        }
        for (metric, hosts) in counted {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a target group has at most 1,000 targets"
            )]
            self.record(&metric, hosts as f64, 1.0);
        }
        self.later(MINUTE, Timer::Balancing(BalancingTimer::Census));
    }
}
