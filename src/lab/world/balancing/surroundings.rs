//! What load balancing asks of the network and of instances.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::lab::refusal::Refused;
use crate::lab::world::World;
use crate::lab::world::compute::network::Subnet;

impl World {
    /// EC2 has its own code for a missing subnet; Elastic Load Balancing says it in its own words.
    pub(super) fn subnet_of_balancer(&self, subnet: &str) -> Result<&Subnet, Refused> {
        self.subnet(subnet).map_err(|_| {
            Refused::new(
                "SubnetNotFound",
                format!("The subnet ID '{subnet}' does not exist"),
            )
        })
    }

    /// The security groups named, or the VPC's own.
    pub(super) fn groups_of_balancer(&self, named: &[String], vpc: &str) -> Result<Vec<String>, Refused> {
        for id in named {
            self.security_group(id).map_err(|_| {
                Refused::new(
                    "InvalidSecurityGroup",
                    format!("The security group '{id}' does not exist"),
                )
            })?;
        }
        if !named.is_empty() {
            return Ok(named.to_vec());
        }
        let groups = self.compute.network.groups.values();
        Ok(groups
            .filter(|group| group.vpc == vpc && group.name == "default")
            .map(|group| group.id.clone())
            .collect())
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
