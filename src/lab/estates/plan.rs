//! An estate as it is written down.

use std::collections::BTreeMap;

use serde::Deserialize;

type Tags = BTreeMap<String, String>;

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estate {
    #[serde(default = "own")]
    pub name: String,
    #[serde(default)]
    pub launch_templates: Vec<LaunchTemplate>,
    #[serde(default)]
    pub target_groups: Vec<TargetGroup>,
    #[serde(default)]
    pub load_balancers: Vec<LoadBalancer>,
    #[serde(default)]
    pub groups: Vec<Group>,
    #[serde(default)]
    pub calls: Vec<Call>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaunchTemplate {
    pub name: String,
    pub versions: Vec<Version>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// A name: an image of this name is registered.
    pub image: String,
    #[serde(default)]
    pub user_data: String,
    #[serde(default = "smallest")]
    pub instance_type: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetGroup {
    pub name: String,
    pub port: u16,
    #[serde(default = "http")]
    pub protocol: String,
    #[serde(default = "http1")]
    pub protocol_version: String,
    #[serde(default = "root")]
    pub health_path: String,
    #[serde(default = "five")]
    pub health_interval: u32,
    #[serde(default = "two")]
    pub health_timeout: u32,
    #[serde(default = "two")]
    pub healthy_after: u32,
    #[serde(default = "two")]
    pub unhealthy_after: u32,
    pub health_codes: Option<String>,
    #[serde(default)]
    pub attributes: Tags,
    #[serde(default)]
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadBalancer {
    pub name: String,
    #[serde(default)]
    pub listeners: Vec<Listener>,
    #[serde(default)]
    pub attributes: Tags,
    #[serde(default)]
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    pub port: u16,
    #[serde(default = "http")]
    pub protocol: String,
    pub default: Action,
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// Either a forward or a fixed answer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    pub forward: Option<Forward>,
    pub sticky_seconds: Option<u32>,
    pub status: Option<u16>,
    pub body: Option<String>,
    pub content_type: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Forward {
    To(String),
    /// Weights by target group.
    Shared(BTreeMap<String, u32>),
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub priority: u32,
    pub host: Option<Vec<String>>,
    pub path: Option<Vec<String>>,
    pub method: Option<Vec<String>>,
    pub source: Option<Vec<String>>,
    pub header: Option<Header>,
    pub query: Option<Tags>,
    pub forward: Option<Forward>,
    pub sticky_seconds: Option<u32>,
    pub status: Option<u16>,
    pub body: Option<String>,
    pub content_type: Option<String>,
    #[serde(default)]
    pub tags: Tags,
}

impl Rule {
    pub(super) fn action(&self) -> Action {
        Action {
            forward: self.forward.clone(),
            sticky_seconds: self.sticky_seconds,
            status: self.status,
            body: self.body.clone(),
            content_type: self.content_type.clone(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub name: String,
    pub values: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub name: String,
    pub template: String,
    #[serde(default = "newest")]
    pub version: String,
    pub min: u32,
    pub max: u32,
    pub desired: Option<u32>,
    #[serde(default)]
    pub target_groups: Vec<String>,
    #[serde(default = "elb")]
    pub health_check: String,
    #[serde(default)]
    pub health_grace: u32,
    #[serde(default)]
    pub policies: Vec<Policy>,
    /// They go to the instances, too.
    #[serde(default)]
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub name: String,
    pub metric: String,
    pub target: f64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    pub action: String,
    #[serde(default)]
    pub input: toml::Table,
}

impl Estate {
    /// A seed that the lab brings itself.
    pub fn named(seed: &str) -> Option<Self> {
        Some(super::INITIAL)
            .filter(|_| seed == "001")
            .and_then(|text| Self::read(text).ok())
    }

    /// Reads an estate. What is wrong is said with its line.
    pub fn read(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }
}

fn own() -> String {
    "of your own".to_owned()
}

fn smallest() -> String {
    "t3.micro".to_owned()
}

fn http() -> String {
    "HTTP".to_owned()
}

fn http1() -> String {
    "HTTP1".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

fn newest() -> String {
    "$Latest".to_owned()
}

fn elb() -> String {
    "ELB".to_owned()
}

fn five() -> u32 {
    5
}

fn two() -> u32 {
    2
}
