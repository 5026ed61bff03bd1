//! The target groups and other traffic sources of groups.

use super::group;
use super::page::page;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;

pub(super) fn attach_target_groups(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.attach_target_groups(group(input)?, &target_groups(input)?, false)?;
    Ok(Tree::map())
}

pub(super) fn detach_target_groups(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.detach_target_groups(group(input)?, &target_groups(input)?, false)?;
    Ok(Tree::map())
}

fn target_groups(input: &Tree) -> Result<Vec<String>, Refused> {
    let arns = input.strings("TargetGroupARNs");
    if (1..=10).contains(&arns.len()) {
        return Ok(arns);
    }
    Err(Refused::invalid(
        "TargetGroupARNs must name 1 to 10 target groups",
    ))
}

pub(super) fn attach_sources(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.attach_target_groups(group(input)?, &read_sources(input)?, true)?;
    Ok(Tree::map())
}

pub(super) fn detach_sources(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.detach_target_groups(group(input)?, &read_sources(input)?, true)?;
    Ok(Tree::map())
}

/// The target groups among `TrafficSources`; others do not exist here.
pub(super) fn read_sources(input: &Tree) -> Result<Vec<String>, Refused> {
    let read = |given: &Tree| {
        let name = given.need("Identifier")?;
        let is_target_group = name.starts_with("arn:") && name.contains(":targetgroup/");
        match given.text("Type") {
            Some("elbv2") => Ok(name.to_owned()),
            None if is_target_group => Ok(name.to_owned()),
            kind => Err(Refused::invalid(format!(
                "traffic source {name} of type {}: only target groups (elbv2) exist here",
                kind.unwrap_or("unknown")
            ))),
        }
    };
    input.items("TrafficSources").iter().map(read).collect()
}

pub(super) fn refuse_classic(_world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let names = input.strings("LoadBalancerNames").join(", ");
    Err(Refused::invalid(format!(
        "LoadBalancerNames {names}: there are no Classic Load Balancers here"
    )))
}

pub(super) fn describe_classic(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.scaling.group(group(input)?)?;
    Ok(Tree::map().with("LoadBalancers", Tree::List(Vec::new())))
}

pub(super) fn describe_target_groups(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let group = world.scaling.group(group(input)?)?;
    let attached = group
        .traffic
        .iter()
        .filter(|traffic| !traffic.by_traffic_sources)
        .map(|traffic| {
            let described = Tree::map()
                .with("LoadBalancerTargetGroupARN", Tree::from(traffic.arn.as_str()))
                .with("State", Tree::from(traffic.state.name()));
            (traffic.arn.clone(), described)
        });
    page("LoadBalancerTargetGroups", attached.collect(), input, 100, 100)
}

pub(super) fn describe_sources(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let group = world.scaling.group(group(input)?)?;
    let shown = match input.text("TrafficSourceType") {
        None | Some("" | "elbv2") => true,
        Some("elb" | "vpc-lattice") => false,
        Some(other) => {
            return Err(Refused::invalid(format!(
                "{other} is not a type of traffic source"
            )));
        }
    };
    let sources = group.traffic.iter().filter(|_| shown).map(|traffic| {
        let described = Tree::map()
            .with("TrafficSource", Tree::from(traffic.arn.as_str()))
            .with("State", Tree::from(traffic.state.name()))
            .with("Identifier", Tree::from(traffic.arn.as_str()))
            .with("Type", Tree::from("elbv2"));
        (traffic.arn.clone(), described)
    });
    page("TrafficSources", sources.collect(), input, 50, 50)
}
