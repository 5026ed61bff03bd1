//! Notification configurations.

use super::group;
use super::page::page;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;

pub(super) fn put(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.put_notification(
        group(input)?,
        input.need("TopicARN")?,
        input.strings("NotificationTypes"),
    )?;
    Ok(Tree::map())
}

pub(super) fn delete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.delete_notification(group(input)?, input.need("TopicARN")?)?;
    Ok(Tree::map())
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let names = input.strings("AutoScalingGroupNames");
    let mut items = Vec::new();
    for group in world
        .scaling
        .groups
        .values()
        .filter(|group| names.is_empty() || names.contains(&group.name))
    {
        for (topic, types) in &group.notifications {
            for kind in types {
                let described = Tree::map()
                    .with("AutoScalingGroupName", Tree::from(group.name.as_str()))
                    .with("TopicARN", Tree::from(topic.as_str()))
                    .with("NotificationType", Tree::from(kind.as_str()));
                items.push((format!("{} {topic} {kind}", group.name), described));
            }
        }
    }
    page("NotificationConfigurations", items, input, 50, 100)
}
