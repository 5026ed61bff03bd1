//! The account we work in: who we are there, and what it allows.

use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    pub account: String,
    pub arn: String,
}

/// Quotas; `None` where AWS did not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    pub rules_per_load_balancer: Option<usize>,
    pub target_groups_per_region: Option<usize>,
    pub groups: Option<usize>,
    /// What could not be asked, and why.
    pub unknown: Vec<String>,
}

/// One thing `check` has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub weight: Weight,
    pub text: String,
    pub way_out: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// A deploy would fail or be refused.
    Breaks,
    /// It would work, with something to know.
    Risk,
    /// As it should be.
    Fine,
}
