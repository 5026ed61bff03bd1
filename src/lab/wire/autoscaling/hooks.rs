//! Lifecycle hooks and the actions that wait for them.

use super::{group, said};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::scaling::hooks::{Hook, Transition};

pub(super) fn put(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let group = group(input)?;
    let name = input.need("LifecycleHookName")?;
    let hook = match world.scaling.group(group)?.hooks.get(name) {
        Some(earlier) => earlier.clone(),
        None => Hook::new(name, Transition::read(input.need("LifecycleTransition")?)?),
    };
    let hook = changed(hook, input)?;
    world.put_hook(group, hook)?;
    Ok(Tree::map())
}

/// The hooks that a group is created with.
pub(super) fn read_specifications(input: &Tree) -> Result<Vec<Hook>, Refused> {
    let read = |given: &Tree| {
        let transition = Transition::read(given.need("LifecycleTransition")?)?;
        changed(Hook::new(given.need("LifecycleHookName")?, transition), given)
    };
    input
        .items("LifecycleHookSpecificationList")
        .iter()
        .map(read)
        .collect()
}

fn changed(hook: Hook, input: &Tree) -> Result<Hook, Refused> {
    let transition = match said(input, "LifecycleTransition") {
        Some(transition) => Transition::read(&transition)?,
        None => hook.transition,
    };
    let abandons = match said(input, "DefaultResult").as_deref() {
        Some("ABANDON") => true,
        Some("CONTINUE") => false,
        Some(other) => {
            return Err(Refused::invalid(format!(
                "DefaultResult is {other}, not CONTINUE or ABANDON"
            )));
        }
        None => hook.abandons,
    };
    Ok(Hook {
        transition,
        abandons,
        heartbeat: input.whole("HeartbeatTimeout")?.unwrap_or(hook.heartbeat),
        notification_target: said(input, "NotificationTargetARN").or(hook.notification_target),
        role: said(input, "RoleARN").or(hook.role),
        metadata: said(input, "NotificationMetadata").or(hook.metadata),
        name: hook.name,
    })
}

pub(super) fn delete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.delete_hook(group(input)?, input.need("LifecycleHookName")?)?;
    Ok(Tree::map())
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let group = world.scaling.group(group(input)?)?;
    let names = input.strings("LifecycleHookNames");
    let hooks = group
        .hooks
        .values()
        .filter(|hook| names.is_empty() || names.contains(&hook.name))
        .map(|hook| {
            Tree::map()
                .with("LifecycleHookName", Tree::from(hook.name.as_str()))
                .with("AutoScalingGroupName", Tree::from(group.name.as_str()))
                .with("LifecycleTransition", Tree::from(hook.transition.name()))
                .with(
                    "NotificationTargetARN",
                    hook.notification_target.clone().map(Tree::from),
                )
                .with("RoleARN", hook.role.clone().map(Tree::from))
                .with("NotificationMetadata", hook.metadata.clone().map(Tree::from))
                .with("HeartbeatTimeout", Tree::Whole(hook.heartbeat))
                .with("GlobalTimeout", Tree::Whole(hook.global_timeout()))
                .with(
                    "DefaultResult",
                    Tree::from(if hook.abandons { "ABANDON" } else { "CONTINUE" }),
                )
        });
    Ok(Tree::map().with("LifecycleHooks", Tree::list(hooks)))
}

pub(super) fn complete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let (instance, token) = (said(input, "InstanceId"), said(input, "LifecycleActionToken"));
    world.complete_lifecycle_action(
        group(input)?,
        input.need("LifecycleHookName")?,
        instance.as_deref(),
        token.as_deref(),
        input.need("LifecycleActionResult")?,
    )?;
    Ok(Tree::map())
}

pub(super) fn heartbeat(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let (instance, token) = (said(input, "InstanceId"), said(input, "LifecycleActionToken"));
    world.heartbeat(
        group(input)?,
        input.need("LifecycleHookName")?,
        instance.as_deref(),
        token.as_deref(),
    )?;
    Ok(Tree::map())
}
