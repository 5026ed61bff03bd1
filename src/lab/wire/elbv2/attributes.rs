//! Attributes of load balancers, listeners and target groups on the wire.

use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::balancing::attributes::Attributes;

pub(super) fn describe_of_balancer(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    Ok(write(
        &world.load_balancer(input.need("LoadBalancerArn")?)?.attributes,
    ))
}

pub(super) fn modify_of_balancer(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    Ok(write(world.change_load_balancer_attributes(
        input.need("LoadBalancerArn")?,
        &read(input)?,
    )?))
}

pub(super) fn describe_of_listener(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    Ok(write(&world.listener(input.need("ListenerArn")?)?.attributes))
}

pub(super) fn modify_of_listener(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    Ok(write(world.change_listener_attributes(
        input.need("ListenerArn")?,
        &read(input)?,
    )?))
}

pub(super) fn describe_of_group(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    Ok(write(
        &world.target_group(input.need("TargetGroupArn")?)?.attributes,
    ))
}

pub(super) fn modify_of_group(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    Ok(write(world.change_target_group_attributes(
        input.need("TargetGroupArn")?,
        &read(input)?,
    )?))
}

fn read(input: &Tree) -> Result<Vec<(String, String)>, Refused> {
    let read_one = |attribute: &Tree| {
        Ok((
            attribute.need("Key")?.to_owned(),
            attribute.text("Value").unwrap_or_default().to_owned(),
        ))
    };
    let changes = input
        .items("Attributes")
        .iter()
        .map(read_one)
        .collect::<Result<Vec<_>, Refused>>()?;
    if changes.is_empty() {
        Err(Refused::missing("Attributes"))
    } else {
        Ok(changes)
    }
}

fn write(attributes: &Attributes) -> Tree {
    let written = attributes.all().map(|(key, value)| {
        Tree::map()
            .with("Key", Tree::from(key))
            .with("Value", Tree::from(value))
    });
    Tree::map().with("Attributes", Tree::list(written))
}
