//! One Auto Scaling group: what it was told to be, and what it has.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::hooks::Hook;
use super::member::{Lifecycle, Member};
use super::policies::Policy;
use super::refresh::Refresh;
use super::schedules::ScheduledAction;
use super::source::Source;
use super::suspended::Process;
use super::tags::GroupTag;
use super::traffic::TrafficSource;
use super::warm_pool::WarmPool;
use crate::lab::tree::Tree;
use crate::lab::world::time::Moment;

#[derive(Clone, Debug)]
pub struct Group {
    pub name: String,
    pub arn: String,
    pub created: Timestamp,
    pub source: Source,
    pub min: i64,
    pub max: i64,
    pub desired: i64,
    /// Seconds, as all durations that the API gives and takes.
    pub default_cooldown: i64,
    pub default_warmup: Option<i64>,
    pub zones: Vec<String>,
    pub subnets: Vec<String>,
    /// A comma list of `EC2`, `ELB`, `EBS`, `VPC_LATTICE`.
    pub health_check_type: String,
    pub grace: i64,
    pub termination_policies: Vec<String>,
    pub protects_new: bool,
    /// `none`, `prevent-force-deletion` or `prevent-all-deletion`.
    pub deletion_protection: String,
    /// Members of the API that mean nothing here, given back as they came.
    pub kept: BTreeMap<String, Tree>,
    pub members: Vec<Member>,
    pub traffic: Vec<TrafficSource>,
    pub hooks: BTreeMap<String, Hook>,
    pub policies: BTreeMap<String, Policy>,
    pub schedules: BTreeMap<String, ScheduledAction>,
    pub tags: BTreeMap<String, GroupTag>,
    /// Notification types by topic.
    pub notifications: BTreeMap<String, BTreeSet<String>>,
    pub metrics: BTreeSet<&'static str>,
    /// With the reason that is described.
    pub suspended: BTreeMap<Process, String>,
    pub warm_pool: Option<WarmPool>,
    /// Oldest first.
    pub refreshes: Vec<Refresh>,
    pub deleting: bool,
    /// Instances above the desired capacity while a refresh or a rebalancing launches before it terminates.
    pub(super) surplus: i64,
    pub(super) rebalancing: bool,
    /// Why the capacity last changed, until it is reached.
    pub(super) reason: Option<String>,
    pub(super) retry_at: Option<Moment>,
    pub(super) failures: u32,
    pub(super) cooldown_until: Option<Moment>,
    pub(super) measuring: bool,
    pub(super) round: u64,
}

impl Group {
    pub(super) fn new(name: &str, arn: String, created: Timestamp, source: Source) -> Self {
        Self {
            name: name.to_owned(),
            arn,
            created,
            source,
            min: 0,
            max: 0,
            desired: 0,
            default_cooldown: 300,
            default_warmup: None,
            zones: Vec::new(),
            subnets: Vec::new(),
            health_check_type: "EC2".to_owned(),
            grace: 0,
            termination_policies: vec!["Default".to_owned()],
            protects_new: false,
            deletion_protection: "none".to_owned(),
            kept: BTreeMap::new(),
            members: Vec::new(),
            traffic: Vec::new(),
            hooks: BTreeMap::new(),
            policies: BTreeMap::new(),
            schedules: BTreeMap::new(),
            tags: BTreeMap::new(),
            notifications: BTreeMap::new(),
            metrics: BTreeSet::new(),
            suspended: BTreeMap::new(),
            warm_pool: None,
            refreshes: Vec::new(),
            deleting: false,
            surplus: 0,
            rebalancing: false,
            reason: None,
            retry_at: None,
            failures: 0,
            cooldown_until: None,
            measuring: false,
            round: 0,
        }
    }

    pub fn member(&self, instance: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.id == instance)
    }

    pub(super) fn member_mut(&mut self, instance: &str) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.id == instance)
    }

    /// How many instances there are towards the desired capacity: in service, or on their way there.
    pub(super) fn capacity(&self) -> i64 {
        count(self.members.iter().filter(|member| member.state.counts()))
    }

    pub(super) fn in_state(&self, state: Lifecycle) -> i64 {
        count(self.members.iter().filter(|member| member.state == state))
    }

    /// The members outside of the warm pool, as `DescribeAutoScalingGroups` lists them.
    pub fn active(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| !member.state.is_warm())
    }

    pub fn warm(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.state.is_warm())
    }

    pub(super) fn suspends(&self, process: Process) -> bool {
        self.suspended.contains_key(&process)
    }

    /// Whether something will change without a call: then looks are frequent.
    pub(super) fn is_busy(&self) -> bool {
        self.deleting
            || self.members.iter().any(|member| !member.state.rests())
            || self.traffic.iter().any(TrafficSource::is_changing)
            || self.refreshes.iter().any(Refresh::is_active)
            || self.retry_at.is_some()
    }
}

pub(super) fn count<T>(items: impl Iterator<Item = T>) -> i64 {
    i64::try_from(items.count()).unwrap_or(i64::MAX)
}
