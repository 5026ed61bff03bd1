//! The refusals that more than one concern of load balancing speaks.

use crate::lab::refusal::Refused;

pub(super) fn no_balancer(which: &str) -> Refused {
    Refused::new(
        "LoadBalancerNotFound",
        format!("Load balancer '{which}' not found"),
    )
}

pub(super) fn no_listener(arn: &str) -> Refused {
    Refused::new("ListenerNotFound", format!("Listener '{arn}' not found"))
}

pub(super) fn no_rule(arn: &str) -> Refused {
    Refused::new("RuleNotFound", format!("Rule '{arn}' not found"))
}

pub(super) fn no_target_group(which: &str) -> Refused {
    Refused::new("TargetGroupNotFound", format!("Target group '{which}' not found"))
}

pub(super) fn bad_configuration(message: impl Into<String>) -> Refused {
    Refused::new("InvalidConfigurationRequest", message)
}

/// What AWS offers and the lab does not: said plainly rather than half done.
pub(super) fn not_in_the_lab(what: impl std::fmt::Display) -> Refused {
    Refused::invalid(format!("{what} is not supported by this lab"))
}
