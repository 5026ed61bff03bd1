//! What every Describe call of EC2 has: ids, filters and pages.

use std::collections::BTreeMap;

use super::filters::{Facts, Filters};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::wire::paging;
use crate::lab::world::World;

/// How many a page has when the caller does not say.
const PAGE: usize = 1000;

/// The ids that a caller asks for by `member`, each checked; nothing asked for is everything.
pub(super) fn asked_for<'a>(
    input: &Tree,
    member: &str,
    all: impl Iterator<Item = &'a String>,
    check: impl Fn(&str) -> Result<(), Refused>,
) -> Result<Vec<String>, Refused> {
    let asked = input.strings(member);
    if asked.is_empty() {
        return Ok(all.cloned().collect());
    }
    asked.iter().try_for_each(|id| check(id))?;
    Ok(asked)
}

/// The page that is asked for, of the items that pass the filters, under `list`.
pub(super) fn answer(input: &Tree, list: &str, items: Vec<Tree>) -> Result<Tree, Refused> {
    let size = match input.whole("MaxResults")? {
        None => PAGE,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=PAGE).contains(size))
            .ok_or_else(|| {
                Refused::new(
                    "InvalidParameterValue",
                    format!("MaxResults is {size}, not 1 to {PAGE}"),
                )
            })?,
    };
    let (items, next) = paging::page(items, input.text("NextToken"), size)?;
    Ok(Tree::map()
        .with(list, Tree::List(items))
        .with("nextToken", next.map(Tree::Text)))
}

/// Whether a resource passes the filters.
pub(super) fn passes(world: &World, filters: &Filters, id: &str, facts: Facts<'_>) -> Result<bool, Refused> {
    filters.pass(&world.tags_of(id), facts)
}

/// A `tagSet`.
pub(super) fn tag_set(tags: &BTreeMap<String, String>) -> Tree {
    let tag = |(key, value): (&String, &String)| {
        Tree::map()
            .with("key", Tree::from(key.as_str()))
            .with("value", Tree::from(value.as_str()))
    };
    Tree::list(tags.iter().map(tag))
}

/// The tags that a `TagSpecification` has for a kind of resource.
pub(super) fn specified_tags(input: &Tree, kind: &str) -> Vec<(String, String)> {
    let specifications = input.items("TagSpecification").iter();
    let meant = specifications.filter(|specification| specification.text("ResourceType") == Some(kind));
    let tags = meant.flat_map(|specification| specification.items("Tag"));
    tags.filter_map(|tag| {
        Some((
            tag.text("Key")?.to_owned(),
            tag.text("Value").unwrap_or_default().to_owned(),
        ))
    })
    .collect()
}

/// Gives a new resource its specified tags.
pub(super) fn tag_new(world: &mut World, input: &Tree, kind: &str, id: &str) -> Result<(), Refused> {
    match specified_tags(input, kind) {
        tags if tags.is_empty() => Ok(()),
        tags => world.add_tags(id, &tags),
    }
}

/// What a call answers that has nothing to say.
pub(super) fn done() -> Tree {
    Tree::map().with("return", Tree::from(true))
}
