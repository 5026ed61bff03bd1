//! What load balancing asks of the rest of the world: zones of subnets, and the state and address of instances.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::lab::refusal::Refused;
use crate::lab::world::World;
use crate::lab::world::compute::Instance;

impl World {
    pub(super) fn zone_of(&self, subnet: &str) -> Result<String, Refused> {
        #[cfg(test)]
        if let Some(zone) = self.balancing.stand_ins.zones.get(subnet) {
            return Ok(zone.clone());
        }
        // EC2 has its own code for this; Elastic Load Balancing says it in its own words.
        self.subnet_zone(subnet).map_err(|_| {
            Refused::new(
                "SubnetNotFound",
                format!("The subnet ID '{subnet}' does not exist"),
            )
        })
    }

    pub(super) fn vpc_of(&self, _subnet: &str) -> String {
        String::new()
    }

    pub(super) fn machine(&self, instance: &str) -> Option<&Instance> {
        #[cfg(test)]
        if let Some(instance) = self.balancing.stand_ins.instances.get(instance) {
            return Some(instance);
        }
        self.instance(instance)
    }
}

/// Where to reach a port of an instance that serves at `address`.
///
/// An instance with a loopback address of its own has all its ports there. One that shares the address, or that could not
/// have a privileged port, serves on a port that was given to it in the expected one's place.
pub(super) fn reached(address: SocketAddr, port: u16) -> SocketAddr {
    let shared = address.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST);
    if shared || port < 1024 {
        address
    } else {
        SocketAddr::new(address.ip(), port)
    }
}

/// Subnets and instances that tests put there without EC2's help.
#[cfg(test)]
#[derive(Debug, Default)]
pub(super) struct StandIns {
    pub(super) zones: std::collections::BTreeMap<String, String>,
    pub(super) instances: std::collections::BTreeMap<String, Instance>,
}
