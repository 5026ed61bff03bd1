//! Tags on the wire.

use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::balancing::tags::Tags;

pub(super) fn add(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let tags = read(input)?;
    if tags.is_empty() {
        return Err(Refused::missing("Tags"));
    }
    world.add_balancing_tags(&arns(input)?, &tags)?;
    Ok(Tree::map())
}

pub(super) fn remove(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.remove_balancing_tags(&arns(input)?, &input.strings("TagKeys"))?;
    Ok(Tree::map())
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let arns = arns(input)?;
    let described = world.describe_balancing_tags(&arns)?;
    let written = described.into_iter().map(|(arn, tags)| {
        Tree::map()
            .with("ResourceArn", Tree::from(arn))
            .with("Tags", write(tags))
    });
    Ok(Tree::map().with("TagDescriptions", Tree::list(written)))
}

pub(super) fn read(input: &Tree) -> Result<Vec<(String, String)>, Refused> {
    let read_one = |tag: &Tree| {
        Ok((
            tag.need("Key")?.to_owned(),
            tag.text("Value").unwrap_or_default().to_owned(),
        ))
    };
    input.items("Tags").iter().map(read_one).collect()
}

fn write(tags: &Tags) -> Tree {
    Tree::list(tags.iter().map(|(key, value)| {
        Tree::map()
            .with("Key", Tree::from(key.as_str()))
            .with("Value", Tree::from(value.as_str()))
    }))
}

fn arns(input: &Tree) -> Result<Vec<String>, Refused> {
    let arns = input.strings("ResourceArns");
    if arns.is_empty() {
        Err(Refused::missing("ResourceArns"))
    } else {
        Ok(arns)
    }
}
