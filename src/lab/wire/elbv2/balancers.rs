//! Load balancers on the wire.

use super::{pages, tags};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::balancing::balancers::{Balancer, NewBalancer};

/// The hosted zone of application load balancers in us-east-1.
const HOSTED_ZONE: &str = "Z35SXDOTRQ7X7K";

pub(super) fn create(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let text = |name: &str| input.text(name).map(str::to_owned);
    let new = NewBalancer {
        name: input.need("Name")?.to_owned(),
        subnets: read_subnets(input),
        security_groups: input.strings("SecurityGroups"),
        scheme: text("Scheme"),
        kind: text("Type"),
        address_type: text("IpAddressType"),
        tags: tags::read(input)?,
    };
    let arn = world.create_load_balancer(&new)?;
    let written = write(world, world.load_balancer(&arn)?);
    Ok(Tree::map().with("LoadBalancers", Tree::list([written])))
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let balancers = world.load_balancers(&input.strings("LoadBalancerArns"), &input.strings("Names"))?;
    let (balancers, next) = pages::page(input, balancers, |balancer| balancer.arn.clone())?;
    let written = balancers.into_iter().map(|balancer| write(world, balancer));
    Ok(Tree::map()
        .with("LoadBalancers", Tree::list(written))
        .with("NextMarker", next))
}

pub(super) fn delete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.delete_load_balancer(input.need("LoadBalancerArn")?)?;
    Ok(Tree::map())
}

pub(super) fn set_security_groups(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let groups = input.strings("SecurityGroups");
    let balancer = world.set_load_balancer_security_groups(input.need("LoadBalancerArn")?, &groups)?;
    Ok(Tree::map().with("SecurityGroupIds", Tree::texts(balancer.security_groups.clone())))
}

pub(super) fn set_subnets(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let balancer = world.set_load_balancer_subnets(input.need("LoadBalancerArn")?, &read_subnets(input))?;
    Ok(Tree::map()
        .with("AvailabilityZones", write_zones(balancer))
        .with("IpAddressType", Tree::from("ipv4")))
}

/// The subnets, whichever of the two ways names them.
fn read_subnets(input: &Tree) -> Vec<String> {
    let mapped = input
        .items("SubnetMappings")
        .iter()
        .filter_map(|mapping| mapping.text("SubnetId"));
    input
        .strings("Subnets")
        .into_iter()
        .chain(mapped.map(str::to_owned))
        .collect()
}

fn write(world: &World, balancer: &Balancer) -> Tree {
    Tree::map()
        .with("LoadBalancerArn", Tree::from(balancer.arn.as_str()))
        .with("DNSName", Tree::from(balancer.dns_name.as_str()))
        .with("CanonicalHostedZoneId", Tree::from(HOSTED_ZONE))
        .with("CreatedTime", Tree::from(balancer.created))
        .with("LoadBalancerName", Tree::from(balancer.name.as_str()))
        .with("Scheme", Tree::from(balancer.scheme.as_str()))
        .with("VpcId", Tree::from(balancer.vpc.as_str()))
        .with(
            "State",
            Tree::map().with("Code", Tree::from(world.load_balancer_state(balancer))),
        )
        .with("Type", Tree::from("application"))
        .with("AvailabilityZones", write_zones(balancer))
        .with("SecurityGroups", Tree::texts(balancer.security_groups.clone()))
        .with("IpAddressType", Tree::from("ipv4"))
}

fn write_zones(balancer: &Balancer) -> Tree {
    Tree::list(balancer.zones.iter().map(|(zone, subnet)| {
        Tree::map()
            .with("ZoneName", Tree::from(zone.as_str()))
            .with("SubnetId", Tree::from(subnet.as_str()))
            .with("LoadBalancerAddresses", Tree::list([]))
    }))
}
