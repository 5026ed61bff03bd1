//! VPCs, subnets, security groups, gateways and route tables: kept and described, not enforced.

use std::collections::BTreeMap;

use super::cidr::Cidr;
use super::images::DEFAULT_IMAGE;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Vpc {
    pub(in crate::lab) id: String,
    pub(in crate::lab) cidr: Cidr,
    pub(in crate::lab) default: bool,
    pub(in crate::lab) dns_support: bool,
    pub(in crate::lab) dns_hostnames: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Subnet {
    pub(in crate::lab) id: String,
    pub(in crate::lab) vpc: String,
    pub(in crate::lab) zone: String,
    pub(in crate::lab) cidr: Cidr,
    pub(in crate::lab) default: bool,
    pub(in crate::lab) public: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct SecurityGroup {
    pub(in crate::lab) id: String,
    pub(in crate::lab) name: String,
    pub(in crate::lab) description: String,
    pub(in crate::lab) vpc: String,
    /// Permissions as they were given, under the query API's names.
    pub(in crate::lab) ingress: Vec<Tree>,
    pub(in crate::lab) egress: Vec<Tree>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Gateway {
    pub(in crate::lab) id: String,
    pub(in crate::lab) vpc: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct RouteTable {
    pub(in crate::lab) id: String,
    pub(in crate::lab) vpc: String,
    /// The VPC's own, for subnets without another; it has the id of its main association.
    pub(in crate::lab) main: Option<String>,
    /// Subnets by association id.
    pub(in crate::lab) associations: BTreeMap<String, String>,
    /// Destination, and the member and id of what it goes through (`gatewayId`, `igw-…`).
    pub(in crate::lab) routes: Vec<(String, &'static str, String)>,
}

#[derive(Clone, Debug, Default)]
pub(in crate::lab) struct Network {
    pub(in crate::lab) vpcs: BTreeMap<String, Vpc>,
    pub(in crate::lab) subnets: BTreeMap<String, Subnet>,
    pub(in crate::lab) groups: BTreeMap<String, SecurityGroup>,
    pub(in crate::lab) gateways: BTreeMap<String, Gateway>,
    pub(in crate::lab) route_tables: BTreeMap<String, RouteTable>,
}

/// The network of the default VPC, and of each of its subnets.
const DEFAULT_VPC: &str = "172.31.0.0/16";
const DEFAULT_SUBNETS: [&str; 3] = ["172.31.0.0/20", "172.31.16.0/20", "172.31.32.0/20"];

impl World {
    /// What a new account has: a default VPC with a subnet in each zone, a security group, an image.
    pub(in crate::lab::world) fn furnish(&mut self) {
        self.keep_image(
            DEFAULT_IMAGE,
            "lab-sample",
            "The lab's sample image",
            "x86_64",
            true,
        );
        let Ok(vpc) = self.create_vpc(DEFAULT_VPC) else {
            return;
        };
        if let Some(vpc) = self.compute.network.vpcs.get_mut(&vpc) {
            vpc.default = true;
            vpc.dns_hostnames = true;
        }
        for (zone, cidr) in self.zones().into_iter().zip(DEFAULT_SUBNETS) {
            if let Ok(id) = self.create_subnet(&vpc, cidr, Some(&zone))
                && let Some(subnet) = self.compute.network.subnets.get_mut(&id)
            {
                subnet.default = true;
                subnet.public = true;
            }
        }
        let gateway = self.create_gateway();
        if let Some(gateway) = self.compute.network.gateways.get_mut(&gateway) {
            gateway.vpc = Some(vpc.clone());
        }
        for table in self.compute.network.route_tables.values_mut() {
            table
                .routes
                .push(("0.0.0.0/0".to_owned(), "gatewayId", gateway.clone()));
        }
    }

    /// The region's zones.
    pub(in crate::lab) fn zones(&self) -> [String; 3] {
        ["a", "b", "c"].map(|letter| format!("{}{letter}", self.settings.region))
    }

    pub(in crate::lab) fn default_vpc(&self) -> Option<&Vpc> {
        self.compute.network.vpcs.values().find(|vpc| vpc.default)
    }

    pub(in crate::lab) fn vpc(&self, id: &str) -> Result<&Vpc, Refused> {
        let found = self.compute.network.vpcs.get(id);
        found.ok_or_else(|| {
            Refused::new(
                "InvalidVpcID.NotFound",
                format!("The vpc ID '{id}' does not exist"),
            )
        })
    }

    pub(in crate::lab) fn subnet(&self, id: &str) -> Result<&Subnet, Refused> {
        let found = self.compute.network.subnets.get(id);
        found.ok_or_else(|| {
            Refused::new(
                "InvalidSubnetID.NotFound",
                format!("The subnet ID '{id}' does not exist"),
            )
        })
    }

    pub(in crate::lab) fn security_group(&self, id: &str) -> Result<&SecurityGroup, Refused> {
        let found = self.compute.network.groups.get(id);
        found.ok_or_else(|| {
            Refused::new(
                "InvalidGroup.NotFound",
                format!("The security group '{id}' does not exist"),
            )
        })
    }

    /// The zone of a subnet. Fails with AWS's error when there is none.
    pub(in crate::lab) fn subnet_zone(&self, subnet: &str) -> Result<String, Refused> {
        self.subnet(subnet).map(|subnet| subnet.zone.clone())
    }

    /// A default subnet in a zone, for groups that name zones only.
    pub(in crate::lab) fn default_subnet(&self, zone: &str) -> Result<String, Refused> {
        if !self.zones().iter().any(|known| known == zone) {
            let text = format!(
                "Invalid availability zone: [{zone}]. The lab has {}",
                self.zones().join(", ")
            );
            return Err(Refused::new("InvalidParameterValue", text));
        }
        let found = self
            .compute
            .network
            .subnets
            .values()
            .find(|subnet| subnet.default && subnet.zone == zone);
        found.map(|subnet| subnet.id.clone()).ok_or_else(|| {
            Refused::new(
                "MissingInput",
                format!("No default subnet for availability zone: '{zone}'."),
            )
        })
    }

    /// Makes a VPC with what each has: a default security group and a main route table.
    pub(in crate::lab) fn create_vpc(&mut self, cidr: &str) -> Result<String, Refused> {
        let cidr = Cidr::read(cidr, "InvalidVpc.Range")?;
        let id = self.ids.resource("vpc");
        let vpc = Vpc {
            id: id.clone(),
            cidr,
            default: false,
            dns_support: true,
            dns_hostnames: false,
        };
        self.compute.network.vpcs.insert(id.clone(), vpc);
        self.create_security_group(&id, "default", "default VPC security group")?;
        let table = self.create_route_table(&id)?;
        let association = self.ids.resource("rtbassoc");
        if let Some(table) = self.compute.network.route_tables.get_mut(&table) {
            table.main = Some(association);
        }
        Ok(id)
    }

    /// Deletes a VPC that nothing but its own default furniture is in.
    pub(in crate::lab) fn delete_vpc(&mut self, id: &str) -> Result<(), Refused> {
        self.vpc(id)?;
        let network = &mut self.compute.network;
        let used = network.subnets.values().any(|subnet| subnet.vpc == id)
            || network
                .groups
                .values()
                .any(|group| group.vpc == id && group.name != "default")
            || network
                .route_tables
                .values()
                .any(|table| table.vpc == id && table.main.is_none())
            || network
                .gateways
                .values()
                .any(|gateway| gateway.vpc.as_deref() == Some(id));
        if used {
            return Err(in_use("vpc", id));
        }
        network.vpcs.remove(id);
        network.groups.retain(|_, group| group.vpc != id);
        network.route_tables.retain(|_, table| table.vpc != id);
        Ok(())
    }

    pub(in crate::lab) fn create_subnet(
        &mut self,
        vpc: &str,
        cidr: &str,
        zone: Option<&str>,
    ) -> Result<String, Refused> {
        let block = Cidr::read(cidr, "InvalidSubnet.Range")?;
        if !self.vpc(vpc)?.cidr.holds(block) {
            return Err(Refused::new(
                "InvalidSubnet.Range",
                format!("The CIDR '{cidr}' is not within that of {vpc}."),
            ));
        }
        let mut others = self
            .compute
            .network
            .subnets
            .values()
            .filter(|subnet| subnet.vpc == vpc);
        if others.any(|subnet| subnet.cidr.overlaps(block)) {
            let text = format!("The CIDR '{cidr}' conflicts with another subnet");
            return Err(Refused::new("InvalidSubnet.Conflict", text));
        }
        let zones = self.zones();
        let zone = match zone {
            Some(zone) if zones.iter().any(|known| known == zone) => zone.to_owned(),
            Some(zone) => {
                let text = format!(
                    "Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in \
                     the following availability zones: {}.",
                    zones.join(", ")
                );
                return Err(Refused::new("InvalidParameterValue", text));
            }
            None => zones[0].clone(),
        };
        let id = self.ids.resource("subnet");
        let subnet = Subnet {
            id: id.clone(),
            vpc: vpc.to_owned(),
            zone,
            cidr: block,
            default: false,
            public: false,
        };
        self.compute.network.subnets.insert(id.clone(), subnet);
        Ok(id)
    }

    pub(in crate::lab) fn delete_subnet(&mut self, id: &str) -> Result<(), Refused> {
        self.subnet(id)?;
        if self
            .compute
            .instances
            .values()
            .any(|instance| instance.subnet == id && instance.takes_room())
        {
            return Err(in_use("subnet", id));
        }
        self.compute.network.subnets.remove(id);
        for table in self.compute.network.route_tables.values_mut() {
            table.associations.retain(|_, subnet| subnet != id);
        }
        Ok(())
    }

    pub(in crate::lab) fn create_security_group(
        &mut self,
        vpc: &str,
        name: &str,
        description: &str,
    ) -> Result<String, Refused> {
        self.vpc(vpc)?;
        if self
            .compute
            .network
            .groups
            .values()
            .any(|group| group.vpc == vpc && group.name == name)
        {
            let text = format!("The security group '{name}' already exists for VPC '{vpc}'");
            return Err(Refused::new("InvalidGroup.Duplicate", text));
        }
        let id = self.ids.resource("sg");
        let everywhere = Tree::list([Tree::map().with("CidrIp", Tree::from("0.0.0.0/0"))]);
        let outward = Tree::map()
            .with("IpProtocol", Tree::from("-1"))
            .with("IpRanges", everywhere);
        let group = SecurityGroup {
            id: id.clone(),
            name: name.to_owned(),
            description: description.to_owned(),
            vpc: vpc.to_owned(),
            ingress: Vec::new(),
            egress: vec![outward],
        };
        self.compute.network.groups.insert(id.clone(), group);
        Ok(id)
    }

    pub(in crate::lab) fn delete_security_group(&mut self, id: &str) -> Result<(), Refused> {
        if self.security_group(id)?.name == "default" {
            let text = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
            return Err(Refused::new("CannotDelete", text));
        }
        let mut instances = self
            .compute
            .instances
            .values()
            .filter(|instance| instance.takes_room());
        if instances.any(|instance| instance.security_groups.iter().any(|group| group == id)) {
            return Err(in_use("resource", id));
        }
        self.compute.network.groups.remove(id);
        Ok(())
    }

    pub(in crate::lab) fn create_gateway(&mut self) -> String {
        let id = self.ids.resource("igw");
        self.compute.network.gateways.insert(
            id.clone(),
            Gateway {
                id: id.clone(),
                vpc: None,
            },
        );
        id
    }

    pub(in crate::lab) fn create_route_table(&mut self, vpc: &str) -> Result<String, Refused> {
        self.vpc(vpc)?;
        let id = self.ids.resource("rtb");
        let table = RouteTable {
            id: id.clone(),
            vpc: vpc.to_owned(),
            main: None,
            associations: BTreeMap::new(),
            routes: Vec::new(),
        };
        self.compute.network.route_tables.insert(id.clone(), table);
        Ok(id)
    }
}

fn in_use(kind: &str, id: &str) -> Refused {
    Refused::new(
        "DependencyViolation",
        format!("The {kind} '{id}' has dependencies and cannot be deleted."),
    )
}
