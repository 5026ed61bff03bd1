//! Target group attributes, and which of them exclude each other.

use super::super::refusals::{bad_configuration, no_target_group};
use super::Allowed::{Flag, OffOr, OneOf, Text, Whole, ZeroOr};
use super::{Attributes, Known, known};
use crate::lab::refusal::Refused;
use crate::lab::world::World;

const WEEK: u64 = 604_800;

const KNOWN: &[Known] = &[
    known("stickiness.enabled", "false", Flag),
    known(
        "stickiness.type",
        "lb_cookie",
        OneOf(&["lb_cookie", "app_cookie"]),
    ),
    known("stickiness.lb_cookie.duration_seconds", "86400", Whole(1, WEEK)),
    known("stickiness.app_cookie.cookie_name", "", Text),
    known("stickiness.app_cookie.duration_seconds", "86400", Whole(1, WEEK)),
    known("deregistration_delay.timeout_seconds", "300", Whole(0, 3600)),
    known("slow_start.duration_seconds", "0", ZeroOr(30, 900)),
    known(
        "load_balancing.algorithm.type",
        "round_robin",
        OneOf(&["round_robin", "least_outstanding_requests", "weighted_random"]),
    ),
    known(
        "load_balancing.algorithm.anomaly_mitigation",
        "off",
        OneOf(&["on", "off"]),
    ),
    known(
        "load_balancing.cross_zone.enabled",
        "use_load_balancer_configuration",
        OneOf(&["true", "false", "use_load_balancer_configuration"]),
    ),
    known(
        "target_group_health.dns_failover.minimum_healthy_targets.count",
        "1",
        OffOr(1, 1000),
    ),
    known(
        "target_group_health.dns_failover.minimum_healthy_targets.percentage",
        "off",
        OffOr(1, 100),
    ),
    known(
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
        "1",
        Whole(1, 1000),
    ),
    known(
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
        "off",
        OffOr(1, 100),
    ),
];

pub(in super::super) fn new() -> Attributes {
    Attributes::new(KNOWN)
}

fn check(attributes: &Attributes) -> Result<(), Refused> {
    let algorithm = attributes.value("load_balancing.algorithm.type");
    let slow = attributes.value("slow_start.duration_seconds") != "0";
    let sticky = attributes.is_on("stickiness.enabled");
    if slow && algorithm != "round_robin" {
        return Err(bad_configuration(format!(
            "Slow start is not supported with the algorithm '{algorithm}'"
        )));
    }
    if attributes.is_on("load_balancing.algorithm.anomaly_mitigation") {
        if algorithm != "weighted_random" {
            return Err(bad_configuration(
                "Anomaly mitigation needs the algorithm 'weighted_random'",
            ));
        }
        if sticky || slow {
            return Err(bad_configuration(
                "Anomaly mitigation is not supported with stickiness or slow start",
            ));
        }
    }
    if sticky && attributes.value("stickiness.type") == "app_cookie" {
        let name = attributes.value("stickiness.app_cookie.cookie_name");
        if name.is_empty() {
            return Err(bad_configuration(
                "Stickiness by an application cookie needs 'stickiness.app_cookie.cookie_name'",
            ));
        }
        if name.starts_with("AWSALB") {
            return Err(bad_configuration(format!(
                "The cookie name '{name}' is reserved for the load balancer"
            )));
        }
    }
    check_thresholds(attributes)
}

// A zone must leave DNS before, or when, its load balancer gives up on health; not after.
fn check_thresholds(attributes: &Attributes) -> Result<(), Refused> {
    for unit in ["count", "percentage"] {
        let threshold = |of: &str| {
            attributes
                .number(&format!(
                    "target_group_health.{of}.minimum_healthy_targets.{unit}"
                ))
                .unwrap_or(0)
        };
        let (failover, routing) = (threshold("dns_failover"), threshold("unhealthy_state_routing"));
        if failover != 0 && failover < routing {
            return Err(bad_configuration(format!(
                "The minimum healthy {unit} for DNS failover ({failover}) is less than that for unhealthy state routing ({routing})"
            )));
        }
    }
    Ok(())
}

impl World {
    /// `ModifyTargetGroupAttributes`.
    pub fn change_target_group_attributes(
        &mut self,
        arn: &str,
        changes: &[(String, String)],
    ) -> Result<&Attributes, Refused> {
        let changed = self.target_group(arn)?.attributes.with(changes)?;
        check(&changed)?;
        if changed.is_on("stickiness.enabled") && self.balancing.shares_without_stickiness(arn) {
            return Err(bad_configuration(format!(
                "You must enable group stickiness on a rule if you enabled target stickiness on one of its target groups: \
                 '{arn}' shares a rule that has none"
            )));
        }
        self.touch_group(arn);
        let group = self
            .balancing
            .target_groups
            .get_mut(arn)
            .ok_or_else(|| no_target_group(arn))?;
        group.attributes = changed;
        Ok(&group.attributes)
    }
}
