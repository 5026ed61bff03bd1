//! Target groups on the wire.

use super::{pages, tags};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::balancing::target_groups::{CheckChange, NewTargetGroup, TargetGroup};

pub(super) fn create(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let text = |name: &str| input.text(name).map(str::to_owned);
    let new = NewTargetGroup {
        name: input.need("Name")?.to_owned(),
        protocol: text("Protocol"),
        version: text("ProtocolVersion"),
        port: input.whole("Port")?,
        vpc: text("VpcId"),
        target_type: text("TargetType"),
        address_type: text("IpAddressType"),
        control_port: input.whole("TargetControlPort")?,
        check: read_check(input)?,
        tags: tags::read(input)?,
    };
    let arn = world.create_target_group(&new)?;
    Ok(Tree::map().with(
        "TargetGroups",
        Tree::list([write(world, world.target_group(&arn)?)]),
    ))
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let (arns, names) = (input.strings("TargetGroupArns"), input.strings("Names"));
    let groups = world.target_groups(input.text("LoadBalancerArn"), &arns, &names)?;
    let (groups, next) = pages::page(input, groups, |group| group.arn.clone())?;
    let written = groups.into_iter().map(|group| write(world, group));
    Ok(Tree::map()
        .with("TargetGroups", Tree::list(written))
        .with("NextMarker", next))
}

pub(super) fn modify(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let arn = input.need("TargetGroupArn")?;
    world.modify_target_group(arn, &read_check(input)?)?;
    Ok(Tree::map().with(
        "TargetGroups",
        Tree::list([write(world, world.target_group(arn)?)]),
    ))
}

pub(super) fn delete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.delete_target_group(input.need("TargetGroupArn")?)?;
    Ok(Tree::map())
}

fn read_check(input: &Tree) -> Result<CheckChange, Refused> {
    let text = |name: &str| input.text(name).map(str::to_owned);
    let codes = |name: &str| {
        input
            .get("Matcher")
            .and_then(|matcher| matcher.text(name))
            .map(str::to_owned)
    };
    Ok(CheckChange {
        enabled: input.flag("HealthCheckEnabled")?,
        protocol: text("HealthCheckProtocol"),
        port: text("HealthCheckPort"),
        path: text("HealthCheckPath"),
        interval: input.whole("HealthCheckIntervalSeconds")?,
        timeout: input.whole("HealthCheckTimeoutSeconds")?,
        healthy: input.whole("HealthyThresholdCount")?,
        unhealthy: input.whole("UnhealthyThresholdCount")?,
        http_codes: codes("HttpCode"),
        grpc_codes: codes("GrpcCode"),
    })
}

fn write(world: &World, group: &TargetGroup) -> Tree {
    let check = &group.check;
    let seconds = |duration: std::time::Duration| i64::try_from(duration.as_secs()).ok().map(Tree::from);
    let codes = if check.matcher.grpc {
        "GrpcCode"
    } else {
        "HttpCode"
    };
    Tree::map()
        .with("TargetGroupArn", Tree::from(group.arn.as_str()))
        .with("TargetGroupName", Tree::from(group.name.as_str()))
        .with("Protocol", Tree::from(group.protocol.as_str()))
        .with("Port", Tree::from(group.port))
        .with("VpcId", Tree::from(group.vpc.as_str()))
        .with("HealthCheckProtocol", Tree::from(check.protocol.as_str()))
        .with("HealthCheckPort", Tree::from(check.port.as_str()))
        .with("HealthCheckEnabled", Tree::from(true))
        .with("HealthCheckIntervalSeconds", seconds(check.interval))
        .with("HealthCheckTimeoutSeconds", seconds(check.timeout))
        .with("HealthyThresholdCount", Tree::from(check.healthy))
        .with("UnhealthyThresholdCount", Tree::from(check.unhealthy))
        .with("HealthCheckPath", Tree::from(check.path.as_str()))
        .with(
            "Matcher",
            Tree::map().with(codes, Tree::from(check.matcher.codes.as_str())),
        )
        .with(
            "LoadBalancerArns",
            Tree::texts(world.balancer_of_group(&group.arn)),
        )
        .with("TargetType", Tree::from("instance"))
        .with("ProtocolVersion", Tree::from(group.version.as_str()))
        .with("IpAddressType", Tree::from("ipv4"))
}
