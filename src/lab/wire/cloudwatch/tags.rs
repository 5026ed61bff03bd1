//! Tags of alarms.

use super::required;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::watch::read_tags;

pub(super) fn tag_resource(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.tag_alarm(required(input, "ResourceARN")?, read_tags(input)?)?;
    Ok(Tree::map())
}

pub(super) fn untag_resource(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.untag_alarm(required(input, "ResourceARN")?, &input.strings("TagKeys"))?;
    Ok(Tree::map())
}

pub(super) fn list_tags_for_resource(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let tags = world.watch.tags(required(input, "ResourceARN")?)?;
    let write = |(key, value): &(String, String)| {
        Tree::map()
            .with("Key", Tree::from(key.as_str()))
            .with("Value", Tree::from(value.as_str()))
    };
    Ok(Tree::map().with("Tags", Tree::list(tags.iter().map(write))))
}
