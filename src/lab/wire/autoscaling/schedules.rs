//! Scheduled actions.

use super::page::page;
use super::{group, said};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::scaling::limits;
use crate::lab::world::scaling::schedules::ScheduledAction;

pub(super) fn put(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let action = read(input)?;
    world.put_scheduled_action(group(input)?, action)?;
    Ok(Tree::map())
}

pub(super) fn batch_put(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let name = group(input)?;
    world.scaling.group(name)?;
    let actions = input.items("ScheduledUpdateGroupActions");
    if !(1..=limits::SCHEDULED_ACTIONS_PER_CALL).contains(&actions.len()) {
        return Err(Refused::invalid(format!(
            "ScheduledUpdateGroupActions must have 1 to {} actions",
            limits::SCHEDULED_ACTIONS_PER_CALL
        )));
    }
    let mut failed = Vec::new();
    for given in actions {
        let done = read(given).and_then(|action| world.put_scheduled_action(name, action));
        if let Err(refused) = done {
            failed.push(failure(
                given.text("ScheduledActionName").unwrap_or_default(),
                &refused,
            ));
        }
    }
    Ok(Tree::map().with("FailedScheduledUpdateGroupActions", Tree::List(failed)))
}

pub(super) fn delete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.delete_scheduled_action(group(input)?, input.need("ScheduledActionName")?)?;
    Ok(Tree::map())
}

pub(super) fn batch_delete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let name = group(input)?;
    world.scaling.group(name)?;
    let mut failed = Vec::new();
    for action in input.strings("ScheduledActionNames") {
        if let Err(refused) = world.delete_scheduled_action(name, &action) {
            failed.push(failure(&action, &refused));
        }
    }
    Ok(Tree::map().with("FailedScheduledActions", Tree::List(failed)))
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let name = said(input, "AutoScalingGroupName");
    if let Some(name) = &name {
        world.scaling.group(name)?;
    }
    let names = input.strings("ScheduledActionNames");
    // Times count only without names, as in AWS.
    let (from, to) = match names.is_empty() {
        true => (input.time("StartTime")?, input.time("EndTime")?),
        false => (None, None),
    };
    let mut items = Vec::new();
    for group in world
        .scaling
        .groups
        .values()
        .filter(|group| name.as_ref().is_none_or(|name| *name == group.name))
    {
        for action in group.schedules.values() {
            let named = names.is_empty() || names.contains(&action.name);
            let late = from.is_none_or(|from| action.start.is_some_and(|start| start >= from));
            let early = to.is_none_or(|to| action.start.is_some_and(|start| start <= to));
            if named && late && early {
                items.push((
                    format!("{} {}", group.name, action.name),
                    described(&group.name, action),
                ));
            }
        }
    }
    page("ScheduledUpdateGroupActions", items, input, 50, 100)
}

fn read(given: &Tree) -> Result<ScheduledAction, Refused> {
    Ok(ScheduledAction {
        name: given.need("ScheduledActionName")?.to_owned(),
        arn: String::new(),
        start: given.time("StartTime")?.or(given.time("Time")?),
        end: given.time("EndTime")?,
        recurrence: said(given, "Recurrence"),
        time_zone: said(given, "TimeZone"),
        min: given.whole("MinSize")?,
        max: given.whole("MaxSize")?,
        desired: given.whole("DesiredCapacity")?,
    })
}

fn failure(name: &str, refused: &Refused) -> Tree {
    Tree::map()
        .with("ScheduledActionName", Tree::from(name))
        .with("ErrorCode", Tree::from(refused.code.as_ref()))
        .with("ErrorMessage", Tree::from(refused.message.as_str()))
}

fn described(group: &str, action: &ScheduledAction) -> Tree {
    Tree::map()
        .with("AutoScalingGroupName", Tree::from(group))
        .with("ScheduledActionName", Tree::from(action.name.as_str()))
        .with("ScheduledActionARN", Tree::from(action.arn.as_str()))
        .with("Time", action.start.map(Tree::Time))
        .with("StartTime", action.start.map(Tree::Time))
        .with("EndTime", action.end.map(Tree::Time))
        .with("Recurrence", action.recurrence.clone().map(Tree::from))
        .with("MinSize", action.min.map(Tree::Whole))
        .with("MaxSize", action.max.map(Tree::Whole))
        .with("DesiredCapacity", action.desired.map(Tree::Whole))
        .with("TimeZone", action.time_zone.clone().map(Tree::from))
}
