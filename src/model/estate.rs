//! Everything observed about one app at one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{Arn, Generation, GroupName, Size, TargetGroupName, TemplateId};
use super::rollout::Refresh;
use super::routing::{Listener, Rule};
use super::tags::{self, Tags};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estate {
    pub observed_at: Timestamp,
    pub app: String,
    pub load_balancer: LoadBalancer,
    pub listeners: Vec<Listener>,
    /// Those of this app's generations, and any other that its listeners' rules name.
    pub target_groups: Vec<TargetGroup>,
    /// Those of this app's generations, and those that are free for its next.
    pub groups: Vec<Group>,
    pub templates: Vec<LaunchTemplate>,
    /// The image asked for, when a release names one and it exists.
    pub image: Option<Image>,
    /// Every name in use in the region, so that the next generation's names are checked free.
    pub taken: TakenNames,
    /// What could not be seen, and why. A planner refuses only what depends on it.
    pub gaps: Vec<Gap>,
}

impl Estate {
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.listeners.iter().flat_map(|listener| &listener.rules)
    }

    pub fn rule(&self, arn: &Arn) -> Option<&Rule> {
        self.rules().find(|rule| rule.arn == *arn)
    }

    pub fn listener(&self, port: u16) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.port == port)
    }

    pub fn target_group(&self, name: &TargetGroupName) -> Option<&TargetGroup> {
        self.target_groups.iter().find(|tg| tg.name == *name)
    }

    pub fn group(&self, name: &GroupName) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == *name)
    }

    /// The groups that are free for the next generation.
    pub fn vacant(&self) -> impl Iterator<Item = &Group> {
        self.groups
            .iter()
            .filter(|group| tags::is_vacant(&group.tags, &self.app))
    }

    pub fn template(&self, id: &TemplateId) -> Option<&LaunchTemplate> {
        self.templates.iter().find(|template| template.id == *id)
    }

    pub fn gap(&self, part: Part) -> Option<&Gap> {
        self.gaps.iter().find(|gap| gap.part == part)
    }

    /// Every rule that names a target group, whatever weight it gives it.
    pub fn rules_naming<'a>(&'a self, name: &'a TargetGroupName) -> impl Iterator<Item = &'a Rule> {
        self.rules().filter(move |rule| rule.weight_of(name).is_some())
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadBalancer {
    pub arn: Arn,
    pub name: String,
    pub dns_name: String,
    pub vpc: String,
    pub zones: Vec<String>,
    /// `active`, or why it cannot be worked with.
    pub state: String,
    /// Load balancer attributes (idle timeout, zonal shift …).
    pub attributes: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetGroup {
    pub name: TargetGroupName,
    pub arn: Arn,
    /// `None` when it belongs to something else.
    pub generation: Option<Generation>,
    /// Protocol, port, health check and the like, by the API's member name.
    pub settings: BTreeMap<String, String>,
    pub attributes: BTreeMap<String, String>,
    pub tags: Tags,
    pub targets: Vec<Target>,
}

/// The longest deregistration delay that AWS allows, in seconds.
const LONGEST_DELAY: u64 = 3600;

impl TargetGroup {
    /// How long deregistering targets are given to finish, in seconds.
    pub fn deregistration_delay(&self) -> u64 {
        self.attributes
            .get("deregistration_delay.timeout_seconds")
            .and_then(|value| value.parse().ok())
            .unwrap_or(300)
            .min(LONGEST_DELAY)
    }

    /// Clients are bound to single targets by a cookie.
    pub fn pins_clients(&self) -> bool {
        self.attributes
            .get("stickiness.enabled")
            .is_some_and(|value| value == "true")
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The instance.
    pub id: String,
    pub state: TargetState,
    /// The reason code, for instance `Target.Timeout`.
    pub reason: Option<String>,
    pub description: Option<String>,
    /// Set while an availability zone is shifted away.
    pub zonal_override: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetState {
    Initial,
    Healthy,
    Unhealthy,
    Unused,
    Draining,
    Unavailable,
    Unknown,
}

impl fmt::Display for TargetState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Initial => "initial",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Unused => "unused",
            Self::Draining => "draining",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    pub name: GroupName,
    pub arn: Arn,
    /// `None` when it is free for the next generation, or belongs to something else but stands on one of our target
    /// groups.
    pub generation: Option<Generation>,
    pub size: Size,
    pub launch: Launch,
    /// Every other setting, by the API's member name, rendered. Decided on, compared and shown.
    pub settings: BTreeMap<String, String>,
    pub instances: Vec<Instance>,
    pub target_groups: Vec<TargetGroupName>,
    /// Classic load balancers, lattice services, target groups not on this load balancer.
    pub other_traffic: Vec<String>,
    /// Suspended processes, with the reason AWS gives.
    pub suspended: BTreeMap<String, String>,
    pub attachments: Vec<Attachment>,
    /// Set when another AWS service operates the group and refuses our changes.
    pub operator: Option<String>,
    /// Set while the group is being deleted.
    pub deleting: bool,
    /// The newest instance refresh, under way or ended.
    pub refresh: Option<Refresh>,
    pub tags: Tags,
    /// Recent scaling activities that failed or were cancelled, newest first.
    pub failures: Vec<Activity>,
    pub created_at: Option<Timestamp>,
}

impl Group {
    /// The instance refresh under way.
    pub fn refreshing(&self) -> Option<&Refresh> {
        self.refresh.as_ref().filter(|refresh| refresh.is_under_way())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub id: String,
    pub zone: String,
    /// Auto Scaling's own word, for instance `InService` or `Pending:Wait`.
    pub lifecycle: String,
    pub healthy: bool,
    /// Capacity units; 1 unless the group is weighted.
    pub weight: u32,
    pub template_version: Option<String>,
}

/// How a group starts its instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "lowercase")]
pub enum Launch {
    /// The base first, then each override that names a template of its own.
    Template {
        uses: Vec<TemplateUse>,
        mixed: bool,
        /// An override names an image, which no version of a template changes.
        #[serde(default)]
        own_images: bool,
    },
    /// A launch configuration, which cannot be versioned.
    Configuration { name: String },
    /// Not seen, or none.
    Unknown,
}

impl Launch {
    pub fn uses(&self) -> &[TemplateUse] {
        match self {
            Self::Template { uses, .. } => uses,
            _ => &[],
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateUse {
    pub template: TemplateId,
    pub name: String,
    /// A number, `$Latest` or `$Default`.
    pub version: String,
}

impl TemplateUse {
    pub fn pinned(&self) -> Option<u64> {
        self.version.parse().ok()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaunchTemplate {
    pub id: TemplateId,
    pub name: String,
    pub default_version: u64,
    pub latest_version: u64,
    /// The newest ones, newest first; not necessarily all.
    pub versions: Vec<TemplateVersion>,
}

impl LaunchTemplate {
    /// The version an earlier run made, by the description it gave it.
    pub fn described(&self, description: &str) -> Option<u64> {
        self.versions
            .iter()
            .find(|version| version.description.as_deref() == Some(description))
            .map(|version| version.number)
    }

    /// The number that `$Latest`, `$Default` or a number means now.
    pub fn resolve(&self, version: &str) -> Option<u64> {
        match version {
            "$Latest" => Some(self.latest_version),
            "$Default" | "" => Some(self.default_version),
            number => number.parse().ok(),
        }
    }

    /// Whether a version exists, as far as can be told: only the newest ones are listed.
    pub fn may_have(&self, number: u64) -> bool {
        self.versions.iter().any(|version| version.number == number)
            || (number > 0 && self.versions.iter().all(|version| version.number > number))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TemplateVersion {
    pub number: u64,
    pub description: Option<String>,
    pub image: Option<String>,
    /// A short digest of the user data; its text may hold secrets.
    pub user_data: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub id: String,
    pub name: String,
    pub state: String,
    pub root_device: Option<String>,
}

/// Something that hangs on a group and that its clone needs as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub kind: AttachmentKind,
    pub name: String,
    /// What it does, in a line.
    pub detail: String,
    /// Why it cannot be carried to a clone, if it cannot.
    pub stays: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttachmentKind {
    Hook,
    Policy,
    /// An alarm that drives a simple or step policy.
    Alarm,
    Schedule,
    Notification,
    Metrics,
    WarmPool,
}

impl AttachmentKind {
    /// In the order in which they are made: alarms after the policies that they drive.
    pub const ALL: [Self; 7] = [
        Self::Hook,
        Self::Policy,
        Self::Alarm,
        Self::Schedule,
        Self::Notification,
        Self::Metrics,
        Self::WarmPool,
    ];

    pub fn plural(self) -> &'static str {
        match self {
            Self::Hook => "lifecycle hooks",
            Self::Policy => "scaling policies",
            Self::Alarm => "alarms of scaling policies",
            Self::Schedule => "scheduled actions",
            Self::Notification => "notifications",
            Self::Metrics => "metrics collection",
            Self::WarmPool => "warm pool",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    pub at: Option<Timestamp>,
    pub status: String,
    pub message: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenNames {
    pub target_groups: BTreeSet<TargetGroupName>,
    pub groups: BTreeSet<GroupName>,
}

/// A part of the observation that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub part: Part,
    /// What was asked for, for instance the group's name.
    pub about: String,
    pub error: String,
    /// We are not allowed to see it: looking again will not help.
    #[serde(default)]
    pub denied: bool,
    /// It did not answer for now: looking again soon may help.
    #[serde(default)]
    pub passes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    LoadBalancerAttributes,
    RuleTags,
    TargetGroupAttributes,
    TargetGroupTags,
    TargetHealth,
    Attachments,
    Alarms,
    Activities,
    Refreshes,
    Templates,
    Image,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LoadBalancerAttributes => "load balancer attributes",
            Self::RuleTags => "tags of rules",
            Self::TargetGroupAttributes => "target group attributes",
            Self::TargetGroupTags => "tags of target groups",
            Self::TargetHealth => "target health",
            Self::Attachments => "policies, schedules, hooks and the like",
            Self::Alarms => "alarms",
            Self::Activities => "scaling activities",
            Self::Refreshes => "instance refreshes",
            Self::Templates => "launch templates",
            Self::Image => "machine images",
        })
    }
}
