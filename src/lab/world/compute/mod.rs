//! Instances, launch templates, and the network they stand in.

pub(in crate::lab) mod cidr;
pub(in crate::lab) mod images;
pub(in crate::lab) mod instances;
pub(in crate::lab) mod network;
pub(in crate::lab) mod tags;
pub(in crate::lab) mod templates;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use self::images::Image;
use self::network::Network;
use self::tags::Tags;
use self::templates::Templates;
use super::World;
use super::time::Moment;

/// What happens to instances by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComputeTimer {
    /// EC2's own part of a launch is done.
    Launched(String),
    /// A terminated instance is no longer described.
    Forgotten(String),
}

/// Everything that EC2 keeps for the account.
#[derive(Clone, Debug, Default)]
pub struct Compute {
    pub(in crate::lab) network: Network,
    pub(in crate::lab) templates: Templates,
    pub(in crate::lab) images: BTreeMap<String, Image>,
    pub(in crate::lab) instances: BTreeMap<String, Instance>,
    /// Tags of everything but instances, which carry their own.
    pub(in crate::lab) tags: Tags,
    /// Instances that EC2 has not finished launching, whether or not the outside has.
    launching: BTreeSet<String>,
    /// What a `RunInstances` with a client token launched.
    pub(in crate::lab) runs: BTreeMap<String, Vec<String>>,
}

/// Which template an instance is to be launched from, as a group names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateRef {
    pub id: String,
    pub name: String,
    /// As written: a number, `$Latest` or `$Default`.
    pub version: String,
}

/// What a launch is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    pub template: TemplateRef,
    /// Overrides the template's own.
    pub instance_type: Option<String>,
    pub image: Option<String>,
    pub subnet: String,
    pub tags: Vec<(String, String)>,
    /// The port its target groups expect it on.
    pub port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceState {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    pub id: String,
    pub state: InstanceState,
    pub zone: String,
    pub subnet: String,
    pub instance_type: String,
    pub image: String,
    /// The template's id and name, and the number of the version it came from.
    pub template: TemplateRef,
    pub address: Option<SocketAddr>,
    pub user_data: String,
    pub tags: Vec<(String, String)>,
    pub launched: Moment,
    pub security_groups: Vec<String>,
    pub key_name: Option<String>,
    /// Why it is ending or has ended, when it was not asked for.
    pub reason: Option<String>,
}

impl World {
    pub(super) fn ring_compute(&mut self, timer: ComputeTimer) {
        match timer {
            ComputeTimer::Launched(instance) => self.launch_time_over(&instance),
            ComputeTimer::Forgotten(instance) => {
                self.compute.instances.remove(&instance);
            }
        }
    }
}
