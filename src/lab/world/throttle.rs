//! API throttling: token buckets of the sizes that AWS documents.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::World;
use super::time::Moment;

/// Calls at once, and calls per second for ever.
type Size = (f64, f64);

/// What is left in each bucket, and when that was counted.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    left: BTreeMap<&'static str, (f64, Moment)>,
}

/// The buckets that a call draws from; all of them must have something.
fn buckets(service: &str, operation: &str) -> &'static [(&'static str, Size)] {
    let question = ["Describe", "Get", "List"]
        .iter()
        .any(|question| operation.starts_with(question));
    match service {
        "elasticloadbalancing" => match operation {
            "RegisterTargets" | "DeregisterTargets" => {
                &[("elb all", (40.0, 10.0)), ("elb registration", (20.0, 4.0))]
            }
            _ if question => &[("elb all", (40.0, 10.0)), ("elb reads", (40.0, 10.0))],
            _ => &[("elb all", (40.0, 10.0)), ("elb writes", (20.0, 3.0))],
        },
        // One bucket for all actions. Its size is not published; this is that of the load balancers' one.
        "autoscaling" => &[("autoscaling", (40.0, 10.0))],
        "ec2" if question => &[("ec2 reads", (100.0, 20.0))],
        "ec2" => &[("ec2 writes", (50.0, 5.0))],
        "cloudwatch" if operation == "GetMetricData" => &[("metric data", (50.0, 50.0))],
        _ => &[],
    }
}

impl World {
    /// Whether a call may pass now; it is counted if so.
    pub(in crate::lab) fn admits(&mut self, service: &str, operation: &str) -> bool {
        let (now, speed) = (self.now, self.settings.speed);
        let buckets = buckets(service, operation);
        for (name, (most, per_second)) in buckets {
            let (left, counted) = self.throttle.left.entry(name).or_insert((*most, now));
            let refilled = now.since(*counted).as_secs_f64() * speed * per_second;
            (*left, *counted) = ((*left + refilled).min(*most), now);
        }
        let admitted = buckets
            .iter()
            .all(|(name, _)| self.throttle.left.get(name).is_some_and(|(left, _)| *left >= 1.0));
        if admitted {
            for (name, _) in buckets {
                if let Some((left, _)) = self.throttle.left.get_mut(name) {
                    *left -= 1.0;
                }
            }
        }
        admitted
    }
}
