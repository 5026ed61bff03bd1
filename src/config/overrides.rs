//! What flags and the environment may say instead of the file: one table, read by code and docs alike.

use std::collections::BTreeMap;

use super::source::{Entry, Node, Origin, Value};

/// The text of every flag that was given. They beat the environment, which beats the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    pub app: Option<String>,
    pub load_balancer: Option<String>,
    pub region: Option<String>,
    pub profile: Option<String>,
    pub endpoint: Option<String>,
    pub strategy: Option<String>,
    pub health_want: Option<String>,
    pub health_soak: Option<String>,
    pub health_timeout: Option<String>,
    /// `keep`, `retire` or `scale=N`.
    pub after_promotion: Option<String>,
    pub after_promotion_delay: Option<String>,
    /// `keep` or `remove`.
    pub after_rollback: Option<String>,
    pub on_failure: Option<String>,
    pub propagation: Option<String>,
    pub hold: Option<String>,
    pub lease: Option<String>,
    pub journal: Option<String>,
}

/// A key that a flag or a variable can set.
pub struct Setting {
    /// Its place in the file, for instance `health.timeout`.
    pub key: &'static str,
    pub flag: &'static str,
    pub env: &'static str,
    of: fn(&Overrides) -> &Option<String>,
}

impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setting")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// The variable that names another file.
pub const CONFIG: &str = "SWINGBRIDGE_CONFIG";

macro_rules! settings {
    ($($key:literal, $flag:literal, $env:literal, $field:ident;)*) => {
        /// Every key that a flag or a variable can set.
        pub const SETTINGS: &[Setting] = &[$(Setting {
            key: $key,
            flag: $flag,
            env: $env,
            of: |overrides| &overrides.$field,
        }),*];
    };
}

settings! {
    "app", "--app", "SWINGBRIDGE_APP", app;
    "load_balancer", "--load-balancer", "SWINGBRIDGE_LOAD_BALANCER", load_balancer;
    "strategy", "--strategy", "SWINGBRIDGE_STRATEGY", strategy;
    "aws.region", "--region", "SWINGBRIDGE_REGION", region;
    "aws.profile", "--profile", "SWINGBRIDGE_PROFILE", profile;
    "aws.endpoint", "--endpoint-url", "SWINGBRIDGE_ENDPOINT_URL", endpoint;
    "health.want", "--health-want", "SWINGBRIDGE_HEALTH_WANT", health_want;
    "health.soak", "--health-soak", "SWINGBRIDGE_HEALTH_SOAK", health_soak;
    "health.timeout", "--health-timeout", "SWINGBRIDGE_HEALTH_TIMEOUT", health_timeout;
    "after_promotion.previous", "--after-promotion", "SWINGBRIDGE_AFTER_PROMOTION", after_promotion;
    "after_promotion.after", "--after-promotion-delay", "SWINGBRIDGE_AFTER_PROMOTION_DELAY",
        after_promotion_delay;
    "after_rollback.candidate", "--after-rollback", "SWINGBRIDGE_AFTER_ROLLBACK", after_rollback;
    "swing.on_failure", "--on-failure", "SWINGBRIDGE_ON_FAILURE", on_failure;
    "swing.propagation", "--propagation", "SWINGBRIDGE_PROPAGATION", propagation;
    "swing.hold", "--hold", "SWINGBRIDGE_HOLD", hold;
    "lock.lease", "--lease", "SWINGBRIDGE_LEASE", lease;
    "journal.dir", "--journal", "SWINGBRIDGE_JOURNAL", journal;
}

/// Puts what flags and variables say into the tree. An empty variable says nothing.
pub(super) fn apply(tree: &mut Node, overrides: &Overrides, env: &dyn Fn(&str) -> Option<String>) {
    for setting in SETTINGS {
        let flag = (setting.of)(overrides).clone().map(|text| (text, setting.flag));
        let variable = || {
            let text = env(setting.env).filter(|text| !text.is_empty())?;
            Some((text, setting.env))
        };
        if let Some((text, name)) = flag.or_else(variable) {
            tree.set(setting.key, value_of(setting, text, name), name);
        }
    }
}

/// A flag's text as the file would have it. Only two keys take anything but text: an amount may be
/// a number, and what becomes of the previous generation may be `scale=N`.
fn value_of(setting: &Setting, text: String, name: &'static str) -> Value {
    let number = |text: &str| text.trim().parse().ok().map(Value::Integer);
    match setting.key {
        "health.want" => number(&text).unwrap_or(Value::Text(text)),
        "after_promotion.previous" => match text.split_once('=') {
            Some((key, value)) => {
                let origin = Origin::Setting(name);
                let node = Node {
                    value: number(value).unwrap_or(Value::Text(value.to_owned())),
                    origin: origin.clone(),
                };
                Value::Table(BTreeMap::from([(
                    key.trim().to_owned(),
                    Entry { key: origin, node },
                )]))
            }
            None => Value::Text(text),
        },
        _ => Value::Text(text),
    }
}
