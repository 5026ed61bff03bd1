//! What is asked of single instances of groups.

use super::activities::describe_all;
use super::groups::describe_member;
use super::page::page;
use super::{group, need_flag, said};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let ids = input.strings("InstanceIds");
    let mut items = Vec::new();
    for group in world.scaling.groups.values() {
        for member in group
            .members
            .iter()
            .filter(|member| ids.is_empty() || ids.contains(&member.id))
        {
            let mut described =
                describe_member(member).with("AutoScalingGroupName", Tree::from(group.name.as_str()));
            // The same member is in capitals in this one description.
            if let Tree::Map(members) = &mut described {
                for (name, value) in members {
                    if name == "HealthStatus" {
                        *value = Tree::from(member.health_status().to_uppercase());
                    }
                }
            }
            items.push((member.id.clone(), described));
        }
    }
    items.sort_by(|one, other| one.0.cmp(&other.0));
    page("AutoScalingInstances", items, input, 50, 50)
}

pub(super) fn attach(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.attach_instances(group(input)?, &input.strings("InstanceIds"))?;
    Ok(Tree::map())
}

pub(super) fn detach(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let decrement = need_flag(input, "ShouldDecrementDesiredCapacity")?;
    let activities = world.detach_instances(group(input)?, &input.strings("InstanceIds"), decrement)?;
    Ok(Tree::map().with("Activities", describe_all(world, &activities)))
}

pub(super) fn enter_standby(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let decrement = need_flag(input, "ShouldDecrementDesiredCapacity")?;
    let activities = world.enter_standby(group(input)?, &input.strings("InstanceIds"), decrement)?;
    Ok(Tree::map().with("Activities", describe_all(world, &activities)))
}

pub(super) fn exit_standby(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let activities = world.exit_standby(group(input)?, &input.strings("InstanceIds"))?;
    Ok(Tree::map().with("Activities", describe_all(world, &activities)))
}

pub(super) fn protect(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let protected = need_flag(input, "ProtectedFromScaleIn")?;
    world.protect_instances(group(input)?, &input.strings("InstanceIds"), protected)?;
    Ok(Tree::map())
}

pub(super) fn set_health(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let respects_grace = input.flag("ShouldRespectGracePeriod")?.unwrap_or(true);
    world.set_instance_health(
        input.need("InstanceId")?,
        input.need("HealthStatus")?,
        respects_grace,
    )?;
    Ok(Tree::map())
}

pub(super) fn terminate(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let decrement = need_flag(input, "ShouldDecrementDesiredCapacity")?;
    let several = input.strings("InstanceIds");
    match said(input, "InstanceId") {
        Some(_) if !several.is_empty() => {
            Err(Refused::invalid("InstanceId and InstanceIds exclude each other"))
        }
        Some(id) => {
            let activity = world.terminate_in_group(&id, decrement)?;
            let mut described = describe_all(world, &[activity]);
            let first = match &mut described {
                Tree::List(activities) => activities.pop(),
                _ => None,
            };
            Ok(Tree::map().with("Activity", first))
        }
        None if several.is_empty() => Err(Refused::missing("InstanceId")),
        None => {
            let name = group(input)?;
            if let Some(other) = several
                .iter()
                .find(|id| world.scaling.group_of(id).is_none_or(|group| group.name != name))
            {
                return Err(Refused::invalid(format!(
                    "The instance {other} is not part of Auto Scaling group {name}."
                )));
            }
            let mut activities = Vec::new();
            for id in &several {
                activities.push(world.terminate_in_group(id, decrement)?);
            }
            Ok(Tree::map().with("Activities", describe_all(world, &activities)))
        }
    }
}
