//! Instances, launch templates, and the network they stand in.

use std::net::SocketAddr;

use super::World;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComputeTimer {}

#[derive(Debug, Default)]
pub struct Compute {}

/// Which template an instance is to be launched from, as a group names it.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    pub launched: super::time::Moment,
}

impl World {
    /// What a new account has: a default VPC with a subnet in each zone, a security group, an image.
    pub(super) fn furnish(&mut self) {}

    pub(super) fn ring_compute(&mut self, timer: ComputeTimer) {
        match timer {}
    }

    /// The template and number that a reference means now. Fails with AWS's errors.
    pub(super) fn resolve_template(&self, _template: &TemplateRef) -> Result<TemplateRef, Refused> {
        Err(Refused::invalid("no templates yet"))
    }

    /// A version's data, as the API writes it.
    pub(super) fn template_data(&self, _template: &TemplateRef) -> Result<Tree, Refused> {
        Err(Refused::invalid("no templates yet"))
    }

    /// The zone of a subnet. Fails with AWS's error when there is none.
    pub(super) fn subnet_zone(&self, _subnet: &str) -> Result<String, Refused> {
        Err(Refused::invalid("no subnets yet"))
    }

    /// A default subnet in a zone, for groups that name zones only.
    pub(super) fn default_subnet(&self, _zone: &str) -> Result<String, Refused> {
        Err(Refused::invalid("no subnets yet"))
    }

    /// Launches an instance. It is pending; `scaling_instance_running` is called when it runs. Fails as EC2 does, with a message for the activity.
    pub(super) fn launch_instance(&mut self, _launch: Launch) -> Result<String, Refused> {
        Err(Refused::invalid("no instances yet"))
    }

    /// Ends an instance in order; `scaling_instance_gone` is called when it is terminated.
    pub(super) fn terminate_instance(&mut self, _instance: &str) {}

    pub fn instance(&self, _instance: &str) -> Option<&Instance> {
        None
    }

    /// The outside has started an instance, or could not.
    pub fn instance_started(&mut self, _instance: &str, _outcome: Result<SocketAddr, String>) {}

    /// An instance's process is no more, asked for or not.
    pub fn instance_ended(&mut self, _instance: &str) {}
}
