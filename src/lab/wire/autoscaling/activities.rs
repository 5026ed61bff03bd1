//! DescribeScalingActivities.

use super::filters::{self, Filter};
use super::page::page;
use super::said;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::scaling::activities::Activity;

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let name = said(input, "AutoScalingGroupName");
    let ids = input.strings("ActivityIds");
    let with_deleted = input.flag("IncludeDeletedGroups")?.unwrap_or(false);
    if let Some(name) = &name
        && !with_deleted
    {
        world.scaling.group(name)?;
    }
    let filters = Filter::read(input)?;
    let mut items = Vec::new();
    // Newest first.
    for activity in world.scaling.activities.iter().rev() {
        let wanted = name.as_ref().is_none_or(|name| *name == activity.group)
            && (ids.is_empty() || ids.contains(&activity.id))
            && (with_deleted || is_alive(world, activity));
        if wanted && passes(activity, &filters)? {
            items.push((activity.id.clone(), described(world, activity)));
        }
    }
    page("Activities", items, input, 100, 100)
}

/// Activities by their ids, in that order.
pub(super) fn describe_all(world: &World, ids: &[String]) -> Tree {
    let find = |id: &String| {
        world
            .scaling
            .activities
            .iter()
            .rev()
            .find(|activity| activity.id == *id)
    };
    Tree::list(
        ids.iter()
            .filter_map(find)
            .map(|activity| described(world, activity)),
    )
}

fn passes(activity: &Activity, filters: &[Filter]) -> Result<bool, Refused> {
    for filter in filters {
        let bounds = || {
            filter
                .values
                .iter()
                .filter_map(|value| value.parse::<jiff::Timestamp>().ok())
        };
        let passes = match filter.name.as_str() {
            "Status" => filter.takes(activity.status),
            "StartTimeLowerBound" => bounds().any(|bound| activity.started >= bound),
            "StartTimeUpperBound" => bounds().any(|bound| activity.started <= bound),
            other => {
                return Err(filters::unknown(
                    other,
                    "Status, StartTimeLowerBound, StartTimeUpperBound",
                ));
            }
        };
        if !passes {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_alive(world: &World, activity: &Activity) -> bool {
    world
        .scaling
        .groups
        .get(&activity.group)
        .is_some_and(|group| group.arn == activity.group_arn)
}

fn described(world: &World, activity: &Activity) -> Tree {
    let state = if is_alive(world, activity) {
        "InService"
    } else {
        "Deleted"
    };
    Tree::map()
        .with("ActivityId", Tree::from(activity.id.as_str()))
        .with("AutoScalingGroupName", Tree::from(activity.group.as_str()))
        .with("Description", Tree::from(activity.description.as_str()))
        .with("Cause", Tree::from(activity.cause.as_str()))
        .with("StartTime", Tree::Time(activity.started))
        .with("EndTime", activity.ended.map(Tree::Time))
        .with("StatusCode", Tree::from(activity.status))
        .with("StatusMessage", activity.message.as_deref().map(Tree::from))
        .with("Progress", Tree::Whole(activity.progress))
        .with("Details", Tree::from(activity.details.as_str()))
        .with("AutoScalingGroupState", Tree::from(state))
        .with("AutoScalingGroupARN", Tree::from(activity.group_arn.as_str()))
}
