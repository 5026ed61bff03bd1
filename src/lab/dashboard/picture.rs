//! The lab at one moment, as `/_lab/state` says it and `lab status` prints it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// Where the AWS APIs and this page are.
    pub endpoint: String,
    pub region: String,
    pub account: String,
    pub estate: String,
    pub pid: u32,
    /// Grows with every reset.
    pub life: u64,
    pub started: Timestamp,
    pub now: Timestamp,
    pub speed: f64,
    pub balancers: Vec<Balancer>,
    pub target_groups: Vec<TargetGroup>,
    pub groups: Vec<Group>,
    pub traffic: Traffic,
    pub alarms: Vec<Alarm>,
    /// What goes wrong on purpose, in the words it was asked for with.
    pub faults: Vec<String>,
    /// What could not be looked up, and why. Empty in a lab that works.
    pub troubles: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Balancer {
    pub name: String,
    pub arn: String,
    pub listeners: Vec<Listener>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listener {
    pub arn: String,
    pub protocol: String,
    /// As AWS has it.
    pub port: u16,
    /// Where it really listens; nothing while it does not.
    pub url: Option<String>,
    /// In the order they are tried; the default rule is last.
    pub rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    pub arn: String,
    /// A number, or `default`.
    pub priority: String,
    /// Each in words; all of them must be true.
    pub conditions: Vec<String>,
    pub action: Action,
    pub tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Action {
    Forward {
        shares: Vec<Share>,
        sticky_seconds: Option<i64>,
    },
    /// Anything the load balancer answers by itself.
    Answer { text: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    pub target_group: String,
    pub weight: i64,
    pub percent: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetGroup {
    pub name: String,
    pub arn: String,
    pub protocol: String,
    pub port: i64,
    /// In words.
    pub health_check: String,
    pub targets: Vec<Target>,
    pub tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    pub id: String,
    pub port: i64,
    pub zone: String,
    /// `healthy`, `unhealthy`, `initial`, `draining`, `unused` or `unavailable`.
    pub health: String,
    /// AWS's reason code, such as `Target.Timeout`.
    pub reason: Option<String>,
    pub description: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    pub name: String,
    pub min: i64,
    pub desired: i64,
    pub max: i64,
    /// Template and version.
    pub template: String,
    pub target_groups: Vec<String>,
    pub instances: Vec<Member>,
    pub suspended: Vec<String>,
    pub tags: BTreeMap<String, String>,
    /// Says so when the group is being deleted.
    pub status: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    pub id: String,
    pub lifecycle: String,
    pub health: String,
    pub zone: String,
    pub version: String,
    pub protected: bool,
}

/// Requests of the last seconds, oldest second first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    pub seconds: usize,
    /// When the newest second ended, in the lab's time.
    pub until: u64,
    pub series: Vec<Series>,
    pub requests_in_all: u64,
    pub failed_in_all: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// A target group's name; empty for what the load balancer answered by itself.
    pub target_group: String,
    pub requests: Vec<u64>,
    /// Answers of 500 and above, and connections that failed.
    pub failed: Vec<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    pub name: String,
    pub state: String,
    pub reason: String,
}
