//! The quotas of an account that has not asked for more.

pub(super) const BALANCERS: usize = 50;
pub(super) const LISTENERS: usize = 50;
/// Of all listeners together, default rules not counted.
pub(super) const RULES: usize = 100;
pub(super) const TARGET_GROUPS: usize = 3_000;
pub(super) const TARGET_GROUPS_PER_BALANCER: usize = 100;
pub(super) const TARGET_GROUPS_PER_ACTION: usize = 5;
/// Of one target group, and of all target groups of one load balancer.
pub(super) const TARGETS: usize = 1_000;
pub(super) const CERTIFICATES: usize = 25;
pub(super) const VALUES_PER_CONDITION: usize = 3;
pub(super) const VALUES_PER_RULE: usize = 5;
pub(super) const WILDCARDS_PER_RULE: usize = 6;
pub(super) const TAGS: usize = 50;

/// What `DescribeAccountLimits` says: names and maxima, sorted by name.
pub const ACCOUNT: &[(&str, usize)] = &[
    ("application-load-balancers", BALANCERS),
    ("certificates-per-application-load-balancer", CERTIFICATES),
    ("condition-values-per-alb-rule", VALUES_PER_RULE),
    ("condition-wildcards-per-alb-rule", WILDCARDS_PER_RULE),
    ("listeners-per-application-load-balancer", LISTENERS),
    ("rules-per-application-load-balancer", RULES),
    ("target-groups", TARGET_GROUPS),
    (
        "target-groups-per-action-on-application-load-balancer",
        TARGET_GROUPS_PER_ACTION,
    ),
    (
        "target-groups-per-application-load-balancer",
        TARGET_GROUPS_PER_BALANCER,
    ),
    ("targets-per-application-load-balancer", TARGETS),
];
