//! Tags of any resource.

use super::filters::{Filters, one};
use super::listing::{answer, done};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;

pub(super) fn create(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let tags: Vec<_> = input
        .items("Tag")
        .iter()
        .map(|tag| {
            Ok((
                tag.need("Key")?.to_owned(),
                tag.text("Value").unwrap_or_default().to_owned(),
            ))
        })
        .collect::<Result<_, Refused>>()?;
    for id in resources(input)? {
        world.add_tags(&id, &tags)?;
    }
    Ok(done())
}

pub(super) fn delete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let tags: Vec<_> = input
        .items("Tag")
        .iter()
        .map(|tag| Ok((tag.need("Key")?.to_owned(), tag.text("Value").map(str::to_owned))))
        .collect::<Result<_, Refused>>()?;
    for id in resources(input)? {
        world.remove_tags(&id, &tags)?;
    }
    Ok(done())
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let filters = Filters::of(input)?;
    let mut found = Vec::new();
    for (id, tags) in world.all_tags() {
        for (key, value) in &tags {
            let fact = |name: &str| match name {
                "resource-id" => one(id.as_str()),
                "resource-type" => one(kind(&id)),
                "key" => one(key.as_str()),
                "value" => one(value.as_str()),
                _ => None,
            };
            let this = [(key.clone(), value.clone())].into();
            if filters.pass(&this, &fact)? {
                let tag = Tree::map()
                    .with("resourceId", Tree::from(id.as_str()))
                    .with("resourceType", Tree::from(kind(&id)))
                    .with("key", Tree::from(key.as_str()))
                    .with("value", Tree::from(value.as_str()));
                found.push(tag);
            }
        }
    }
    answer(input, "tagSet", found)
}

fn resources(input: &Tree) -> Result<Vec<String>, Refused> {
    match input.strings("ResourceId") {
        none if none.is_empty() => Err(Refused::new(
            "MissingParameter",
            "The request must contain the parameter ResourceId",
        )),
        some => Ok(some),
    }
}

/// A resource's type, told from its id.
fn kind(id: &str) -> &'static str {
    match id.split_once('-').map_or(id, |(kind, _)| kind) {
        "i" => "instance",
        "lt" => "launch-template",
        "ami" => "image",
        "vpc" => "vpc",
        "subnet" => "subnet",
        "sg" => "security-group",
        "igw" => "internet-gateway",
        _ => "route-table",
    }
}
