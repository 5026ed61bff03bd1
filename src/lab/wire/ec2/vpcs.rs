//! VPCs and subnets.

use super::filters::{Filters, one};
use super::listing::{answer, asked_for, done, passes, tag_new, tag_set};
use super::places::zone_id;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::compute::network::{Subnet, Vpc};

pub(super) fn create(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let id = world.create_vpc(input.need("CidrBlock")?)?;
    tag_new(world, input, "vpc", &id)?;
    let vpc = described(world, world.vpc(&id)?);
    Ok(Tree::map().with("vpc", vpc))
}

pub(super) fn delete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.delete_vpc(input.need("VpcId")?)?;
    Ok(done())
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let filters = Filters::of(input)?;
    let network = &world.compute.network;
    let ids = asked_for(input, "VpcId", network.vpcs.keys(), |id| world.vpc(id).map(drop))?;
    let mut found = Vec::new();
    for vpc in ids.iter().filter_map(|id| network.vpcs.get(id)) {
        let fact = |name: &str| match name {
            "vpc-id" => one(vpc.id.as_str()),
            "is-default" | "isDefault" => one(vpc.default.to_string()),
            "cidr" | "cidr-block" | "cidr-block-association.cidr-block" => one(vpc.cidr.to_string()),
            "state" => one("available"),
            "owner-id" => one(world.settings.account.as_str()),
            _ => None,
        };
        if passes(world, &filters, &vpc.id, &fact)? {
            found.push(described(world, vpc));
        }
    }
    answer(input, "vpcSet", found)
}

pub(super) fn attribute(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let vpc = world.vpc(input.need("VpcId")?)?;
    let (name, value) = match input.need("Attribute")? {
        "enableDnsSupport" => ("enableDnsSupport", vpc.dns_support),
        "enableDnsHostnames" => ("enableDnsHostnames", vpc.dns_hostnames),
        other => {
            return Err(Refused::new(
                "InvalidParameterValue",
                format!("The lab keeps no VPC attribute {other}"),
            ));
        }
    };
    let value = Tree::map().with("value", Tree::from(value));
    Ok(Tree::map()
        .with("vpcId", Tree::from(vpc.id.as_str()))
        .with(name, value))
}

pub(super) fn modify_attribute(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let id = input.need("VpcId")?;
    world.vpc(id)?;
    let (support, hostnames) = (
        switch(input, "EnableDnsSupport")?,
        switch(input, "EnableDnsHostnames")?,
    );
    if let Some(vpc) = world.compute.network.vpcs.get_mut(id) {
        vpc.dns_support = support.unwrap_or(vpc.dns_support);
        vpc.dns_hostnames = hostnames.unwrap_or(vpc.dns_hostnames);
    }
    Ok(done())
}

pub(super) fn create_subnet(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let by_id = input
        .text("AvailabilityZoneId")
        .and_then(|id| world.zones().into_iter().find(|zone| zone_id(zone) == id));
    let zone = input.text("AvailabilityZone").or(by_id.as_deref());
    let id = world.create_subnet(input.need("VpcId")?, input.need("CidrBlock")?, zone)?;
    tag_new(world, input, "subnet", &id)?;
    let subnet = described_subnet(world, world.subnet(&id)?);
    Ok(Tree::map().with("subnet", subnet))
}

pub(super) fn delete_subnet(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.delete_subnet(input.need("SubnetId")?)?;
    Ok(done())
}

pub(super) fn describe_subnets(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let filters = Filters::of(input)?;
    let network = &world.compute.network;
    let ids = asked_for(input, "SubnetId", network.subnets.keys(), |id| {
        world.subnet(id).map(drop)
    })?;
    let mut found = Vec::new();
    for subnet in ids.iter().filter_map(|id| network.subnets.get(id)) {
        let fact = |name: &str| match name {
            "subnet-id" => one(subnet.id.as_str()),
            "vpc-id" => one(subnet.vpc.as_str()),
            "availability-zone" | "availabilityZone" => one(subnet.zone.as_str()),
            "availability-zone-id" => one(zone_id(&subnet.zone)),
            "default-for-az" | "defaultForAz" => one(subnet.default.to_string()),
            "map-public-ip-on-launch" => one(subnet.public.to_string()),
            "cidr" | "cidr-block" | "cidrBlock" => one(subnet.cidr.to_string()),
            "state" => one("available"),
            _ => None,
        };
        if passes(world, &filters, &subnet.id, &fact)? {
            found.push(described_subnet(world, subnet));
        }
    }
    answer(input, "subnetSet", found)
}

pub(super) fn modify_subnet(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let id = input.need("SubnetId")?;
    world.subnet(id)?;
    let public = switch(input, "MapPublicIpOnLaunch")?;
    if let Some(subnet) = world.compute.network.subnets.get_mut(id) {
        subnet.public = public.unwrap_or(subnet.public);
    }
    Ok(done())
}

/// A boolean attribute: `Name.Value=true`.
fn switch(input: &Tree, name: &str) -> Result<Option<bool>, Refused> {
    input
        .get(name)
        .map_or(Ok(None), |attribute| attribute.flag("Value"))
}

fn described(world: &World, vpc: &Vpc) -> Tree {
    let block = Tree::map()
        .with(
            "associationId",
            Tree::Text(vpc.id.replacen("vpc-", "vpc-cidr-assoc-", 1)),
        )
        .with("cidrBlock", Tree::Text(vpc.cidr.to_string()))
        .with(
            "cidrBlockState",
            Tree::map().with("state", Tree::from("associated")),
        );
    Tree::map()
        .with("vpcId", Tree::from(vpc.id.as_str()))
        .with("ownerId", Tree::from(world.settings.account.as_str()))
        .with("state", Tree::from("available"))
        .with("cidrBlock", Tree::Text(vpc.cidr.to_string()))
        .with("cidrBlockAssociationSet", Tree::list([block]))
        .with("dhcpOptionsId", Tree::from("default"))
        .with("instanceTenancy", Tree::from("default"))
        .with("isDefault", Tree::from(vpc.default))
        .with("tagSet", tag_set(&world.tags_of(&vpc.id)))
}

fn described_subnet(world: &World, subnet: &Subnet) -> Tree {
    let (account, region) = (&world.settings.account, &world.settings.region);
    let instances = world.compute.instances.values();
    let taken = instances
        .filter(|instance| instance.subnet == subnet.id && instance.takes_room())
        .count();
    let free =
        i64::from(subnet.cidr.free_addresses()).saturating_sub(i64::try_from(taken).unwrap_or(i64::MAX));
    Tree::map()
        .with("subnetId", Tree::from(subnet.id.as_str()))
        .with(
            "subnetArn",
            Tree::Text(format!("arn:aws:ec2:{region}:{account}:subnet/{}", subnet.id)),
        )
        .with("state", Tree::from("available"))
        .with("ownerId", Tree::from(account.as_str()))
        .with("vpcId", Tree::from(subnet.vpc.as_str()))
        .with("cidrBlock", Tree::Text(subnet.cidr.to_string()))
        .with("availableIpAddressCount", Tree::from(free))
        .with("availabilityZone", Tree::from(subnet.zone.as_str()))
        .with("availabilityZoneId", Tree::Text(zone_id(&subnet.zone)))
        .with("defaultForAz", Tree::from(subnet.default))
        .with("mapPublicIpOnLaunch", Tree::from(subnet.public))
        .with("tagSet", tag_set(&world.tags_of(&subnet.id)))
}
