//! Tags of groups.

use super::filters::{self, Filter};
use super::page::page;
use super::said;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::scaling::tags::GroupTag;

pub(super) fn put(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let read = |given: &Tree| Ok((owner(given)?, read(given)?));
    let tags = input
        .items("Tags")
        .iter()
        .map(read)
        .collect::<Result<Vec<_>, Refused>>()?;
    world.put_group_tags(tags)?;
    Ok(Tree::map())
}

pub(super) fn delete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let read = |given: &Tree| Ok((owner(given)?, given.need("Key")?.to_owned(), said(given, "Value")));
    let tags = input
        .items("Tags")
        .iter()
        .map(read)
        .collect::<Result<Vec<_>, Refused>>()?;
    world.delete_group_tags(&tags)?;
    Ok(Tree::map())
}

pub(super) fn read(given: &Tree) -> Result<GroupTag, Refused> {
    let tag = GroupTag {
        key: given.need("Key")?.to_owned(),
        value: given.text("Value").unwrap_or_default().to_owned(),
        propagate: given.flag("PropagateAtLaunch")?.unwrap_or(false),
    };
    tag.check()?;
    Ok(tag)
}

fn owner(given: &Tree) -> Result<String, Refused> {
    match given.text("ResourceType") {
        None | Some("auto-scaling-group") => Ok(given.need("ResourceId")?.to_owned()),
        Some(other) => Err(Refused::invalid(format!(
            "ResourceType is {other}; it can be auto-scaling-group only"
        ))),
    }
}

pub(super) fn described(group: &str, tag: &GroupTag) -> Tree {
    Tree::map()
        .with("ResourceId", Tree::from(group))
        .with("ResourceType", Tree::from("auto-scaling-group"))
        .with("Key", Tree::from(tag.key.as_str()))
        .with("Value", Tree::from(tag.value.as_str()))
        .with("PropagateAtLaunch", Tree::Flag(tag.propagate))
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let filters = Filter::read(input)?;
    let mut items = Vec::new();
    for group in world.scaling.groups.values() {
        for tag in group.tags.values() {
            if passes(&group.name, tag, &filters)? {
                items.push((format!("{} {}", group.name, tag.key), described(&group.name, tag)));
            }
        }
    }
    page("Tags", items, input, 50, 100)
}

fn passes(group: &str, tag: &GroupTag, filters: &[Filter]) -> Result<bool, Refused> {
    for filter in filters {
        let passes = match filter.name.as_str() {
            "auto-scaling-group" => filter.takes(group),
            "key" => filter.takes(&tag.key),
            "value" => filter.takes(&tag.value),
            "propagate-at-launch" => filter.takes(if tag.propagate { "true" } else { "false" }),
            other => {
                return Err(filters::unknown(
                    other,
                    "auto-scaling-group, key, value, propagate-at-launch",
                ));
            }
        };
        if !passes {
            return Ok(false);
        }
    }
    Ok(true)
}
