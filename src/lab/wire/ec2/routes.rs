//! Internet gateways and route tables: kept and described, and no packet follows them.

use super::filters::{Filters, one};
use super::listing::{answer, asked_for, done, passes, tag_new, tag_set};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::compute::network::{Gateway, RouteTable};

/// What a route may go through: the member of the question, and that of the answer.
const THROUGH: &[(&str, &str)] = &[
    ("GatewayId", "gatewayId"),
    ("NatGatewayId", "natGatewayId"),
    ("InstanceId", "instanceId"),
    ("NetworkInterfaceId", "networkInterfaceId"),
    ("TransitGatewayId", "transitGatewayId"),
    ("VpcPeeringConnectionId", "vpcPeeringConnectionId"),
];

pub(super) fn create_gateway(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let id = world.create_gateway();
    tag_new(world, input, "internet-gateway", &id)?;
    let gateway = described_gateway(world, gateway(world, &id)?);
    Ok(Tree::map().with("internetGateway", gateway))
}

pub(super) fn attach_gateway(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let (id, vpc) = (input.need("InternetGatewayId")?, input.need("VpcId")?);
    world.vpc(vpc)?;
    if gateway(world, id)?.vpc.is_some() {
        let text = format!("resource {id} is already attached to a network");
        return Err(Refused::new("Resource.AlreadyAssociated", text));
    }
    if world
        .compute
        .network
        .gateways
        .values()
        .any(|gateway| gateway.vpc.as_deref() == Some(vpc))
    {
        let text = format!("Network {vpc} already has an internet gateway attached");
        return Err(Refused::new("InvalidParameterValue", text));
    }
    set_vpc(world, id, Some(vpc));
    Ok(done())
}

pub(super) fn detach_gateway(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let (id, vpc) = (input.need("InternetGatewayId")?, input.need("VpcId")?);
    if gateway(world, id)?.vpc.as_deref() != Some(vpc) {
        return Err(Refused::new(
            "Gateway.NotAttached",
            format!("resource {id} is not attached to network {vpc}"),
        ));
    }
    set_vpc(world, id, None);
    Ok(done())
}

pub(super) fn delete_gateway(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let id = input.need("InternetGatewayId")?;
    if gateway(world, id)?.vpc.is_some() {
        let text = format!("The internetGateway '{id}' has dependencies and cannot be deleted.");
        return Err(Refused::new("DependencyViolation", text));
    }
    world.compute.network.gateways.remove(id);
    Ok(done())
}

pub(super) fn describe_gateways(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let filters = Filters::of(input)?;
    let all = &world.compute.network.gateways;
    let ids = asked_for(input, "InternetGatewayId", all.keys(), |id| {
        gateway(world, id).map(drop)
    })?;
    let mut found = Vec::new();
    for gateway in ids.iter().filter_map(|id| all.get(id)) {
        let fact = |name: &str| match name {
            "internet-gateway-id" => one(gateway.id.as_str()),
            "attachment.vpc-id" => Some(gateway.vpc.iter().cloned().collect()),
            "attachment.state" => Some(gateway.vpc.iter().map(|_| "available".to_owned()).collect()),
            _ => None,
        };
        if passes(world, &filters, &gateway.id, &fact)? {
            found.push(described_gateway(world, gateway));
        }
    }
    answer(input, "internetGatewaySet", found)
}

pub(super) fn create_table(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let id = world.create_route_table(input.need("VpcId")?)?;
    tag_new(world, input, "route-table", &id)?;
    let table = described_table(world, table(world, &id)?);
    Ok(Tree::map().with("routeTable", table))
}

pub(super) fn delete_table(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let id = input.need("RouteTableId")?;
    let doomed = table(world, id)?;
    if doomed.main.is_some() || !doomed.associations.is_empty() {
        let text = format!("The routeTable '{id}' has dependencies and cannot be deleted.");
        return Err(Refused::new("DependencyViolation", text));
    }
    world.compute.network.route_tables.remove(id);
    Ok(done())
}

pub(super) fn create_route(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let (id, destination) = (input.need("RouteTableId")?, input.need("DestinationCidrBlock")?);
    if table(world, id)?
        .routes
        .iter()
        .any(|(known, ..)| known == destination)
    {
        let text = format!("The route identified by {destination} already exists.");
        return Err(Refused::new("RouteAlreadyExists", text));
    }
    let through = THROUGH
        .iter()
        .find_map(|(asked, answered)| Some((*answered, input.text(asked)?.to_owned())));
    let (member, through) = through.ok_or_else(|| {
        Refused::new(
            "MissingParameter",
            "The request must contain what the route goes through, such as GatewayId",
        )
    })?;
    if through.starts_with("igw-") {
        gateway(world, &through)?;
    }
    if let Some(table) = world.compute.network.route_tables.get_mut(id) {
        table.routes.push((destination.to_owned(), member, through));
    }
    Ok(done())
}

pub(super) fn delete_route(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let (id, destination) = (input.need("RouteTableId")?, input.need("DestinationCidrBlock")?);
    table(world, id)?;
    if let Some(table) = world.compute.network.route_tables.get_mut(id) {
        let before = table.routes.len();
        table.routes.retain(|(known, ..)| known != destination);
        if table.routes.len() == before {
            let text = format!("no route with destination-cidr-block {destination} in route table {id}");
            return Err(Refused::new("InvalidRoute.NotFound", text));
        }
    }
    Ok(done())
}

pub(super) fn associate(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let (id, subnet) = (input.need("RouteTableId")?, input.need("SubnetId")?);
    table(world, id)?;
    world.subnet(subnet)?;
    let tables = world.compute.network.route_tables.values();
    if tables
        .flat_map(|table| table.associations.values())
        .any(|associated| associated == subnet)
    {
        let text = format!("the subnet {subnet} is associated with a route table already");
        return Err(Refused::new("Resource.AlreadyAssociated", text));
    }
    let association = world.ids.resource("rtbassoc");
    if let Some(table) = world.compute.network.route_tables.get_mut(id) {
        table.associations.insert(association.clone(), subnet.to_owned());
    }
    Ok(Tree::map().with("associationId", Tree::Text(association)).with(
        "associationState",
        Tree::map().with("state", Tree::from("associated")),
    ))
}

pub(super) fn disassociate(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let association = input.need("AssociationId")?;
    let mut tables = world.compute.network.route_tables.values_mut();
    if tables.any(|table| table.associations.remove(association).is_some()) {
        Ok(done())
    } else {
        let text = format!("The association ID '{association}' does not exist");
        Err(Refused::new("InvalidAssociationID.NotFound", text))
    }
}

pub(super) fn describe_tables(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let filters = Filters::of(input)?;
    let all = &world.compute.network.route_tables;
    let ids = asked_for(input, "RouteTableId", all.keys(), |id| table(world, id).map(drop))?;
    let mut found = Vec::new();
    for table in ids.iter().filter_map(|id| all.get(id)) {
        let fact = |name: &str| match name {
            "route-table-id" => one(table.id.as_str()),
            "vpc-id" => one(table.vpc.as_str()),
            "association.main" => one(table.main.is_some().to_string()),
            "association.subnet-id" => Some(table.associations.values().cloned().collect()),
            "association.route-table-association-id" => {
                Some(table.associations.keys().chain(&table.main).cloned().collect())
            }
            "route.gateway-id" => Some(
                table
                    .routes
                    .iter()
                    .map(|(_, _, through)| through.clone())
                    .collect(),
            ),
            _ => None,
        };
        if passes(world, &filters, &table.id, &fact)? {
            found.push(described_table(world, table));
        }
    }
    answer(input, "routeTableSet", found)
}

fn gateway<'a>(world: &'a World, id: &str) -> Result<&'a Gateway, Refused> {
    world.compute.network.gateways.get(id).ok_or_else(|| {
        Refused::new(
            "InvalidInternetGatewayID.NotFound",
            format!("The internetGateway ID '{id}' does not exist"),
        )
    })
}

fn set_vpc(world: &mut World, gateway: &str, vpc: Option<&str>) {
    if let Some(gateway) = world.compute.network.gateways.get_mut(gateway) {
        gateway.vpc = vpc.map(str::to_owned);
    }
}

fn table<'a>(world: &'a World, id: &str) -> Result<&'a RouteTable, Refused> {
    world.compute.network.route_tables.get(id).ok_or_else(|| {
        Refused::new(
            "InvalidRouteTableID.NotFound",
            format!("The routeTable ID '{id}' does not exist"),
        )
    })
}

fn described_gateway(world: &World, gateway: &Gateway) -> Tree {
    let attached = gateway.vpc.iter().map(|vpc| {
        Tree::map()
            .with("vpcId", Tree::from(vpc.as_str()))
            .with("state", Tree::from("available"))
    });
    Tree::map()
        .with("internetGatewayId", Tree::from(gateway.id.as_str()))
        .with("ownerId", Tree::from(world.settings.account.as_str()))
        .with("attachmentSet", Tree::list(attached))
        .with("tagSet", tag_set(&world.tags_of(&gateway.id)))
}

fn described_table(world: &World, table: &RouteTable) -> Tree {
    let association = |id: &String, subnet: Option<&String>| {
        Tree::map()
            .with("routeTableAssociationId", Tree::from(id.as_str()))
            .with("routeTableId", Tree::from(table.id.as_str()))
            .with("subnetId", subnet.map(|subnet| Tree::from(subnet.as_str())))
            .with("main", Tree::from(subnet.is_none()))
            .with(
                "associationState",
                Tree::map().with("state", Tree::from("associated")),
            )
    };
    let main = table.main.iter().map(|id| association(id, None));
    let others = table
        .associations
        .iter()
        .map(|(id, subnet)| association(id, Some(subnet)));
    let route = |destination: &str, member: &str, through: &str, origin: &str| {
        Tree::map()
            .with("destinationCidrBlock", Tree::from(destination))
            .with(member, Tree::from(through))
            .with("state", Tree::from("active"))
            .with("origin", Tree::from(origin))
    };
    let within = world
        .vpc(&table.vpc)
        .ok()
        .map(|vpc| route(&vpc.cidr.to_string(), "gatewayId", "local", "CreateRouteTable"));
    let routes = table
        .routes
        .iter()
        .map(|(to, member, through)| route(to, member, through, "CreateRoute"));
    Tree::map()
        .with("routeTableId", Tree::from(table.id.as_str()))
        .with("vpcId", Tree::from(table.vpc.as_str()))
        .with("ownerId", Tree::from(world.settings.account.as_str()))
        .with("associationSet", Tree::list(main.chain(others)))
        .with("routeSet", Tree::list(within.into_iter().chain(routes)))
        .with("propagatingVgwSet", Tree::list([]))
        .with("tagSet", tag_set(&world.tags_of(&table.id)))
}
