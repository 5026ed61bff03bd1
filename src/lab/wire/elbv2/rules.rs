//! Rules on the wire.

use super::{actions, conditions, pages, tags};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::balancing::rules::{NewRule, Rule, RuleChange, Transform};

pub(super) fn create(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let new = NewRule {
        priority: input
            .whole("Priority")?
            .ok_or_else(|| Refused::missing("Priority"))?,
        conditions: conditions::read(input)?.unwrap_or_default(),
        actions: actions::read(input, "Actions")?.ok_or_else(|| Refused::missing("Actions"))?,
        transforms: read_transforms(input)?.unwrap_or_default(),
        tags: tags::read(input)?,
    };
    let arn = world.create_rule(input.need("ListenerArn")?, new)?;
    Ok(written([world.rule(&arn)?]))
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let rules = world.rules(input.text("ListenerArn"), &input.strings("RuleArns"))?;
    let (rules, next) = pages::page(input, rules, |rule| match rule.priority {
        // Rules of several listeners may have the same priority; the default ones come after all numbers.
        Some(priority) => format!("{priority:05}/{}", rule.arn),
        None => format!("default/{}", rule.arn),
    })?;
    Ok(written(rules).with("NextMarker", next))
}

pub(super) fn modify(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let change = RuleChange {
        conditions: conditions::read(input)?,
        actions: actions::read(input, "Actions")?,
        transforms: read_transforms(input)?,
        reset_transforms: input.flag("ResetTransforms")?.unwrap_or(false),
    };
    Ok(written([world.modify_rule(input.need("RuleArn")?, change)?]))
}

pub(super) fn delete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.delete_rule(input.need("RuleArn")?)?;
    Ok(Tree::map())
}

pub(super) fn set_priorities(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let wanted = input
        .items("RulePriorities")
        .iter()
        .map(|pair| {
            let priority = pair
                .whole("Priority")?
                .ok_or_else(|| Refused::missing("Priority"))?;
            Ok((pair.need("RuleArn")?.to_owned(), priority))
        })
        .collect::<Result<Vec<_>, Refused>>()?;
    if wanted.is_empty() {
        return Err(Refused::missing("RulePriorities"));
    }
    Ok(written(world.set_rule_priorities(&wanted)?))
}

fn written<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> Tree {
    Tree::map().with("Rules", Tree::list(rules.into_iter().map(write)))
}

fn write(rule: &Rule) -> Tree {
    let priority = rule
        .priority
        .map_or_else(|| "default".to_owned(), |priority| priority.to_string());
    let transforms =
        (!rule.transforms.is_empty()).then(|| Tree::list(rule.transforms.iter().map(write_transform)));
    Tree::map()
        .with("RuleArn", Tree::from(rule.arn.as_str()))
        .with("Priority", Tree::from(priority))
        .with(
            "Conditions",
            Tree::list(rule.conditions.iter().map(conditions::write)),
        )
        .with("Actions", actions::write(&rule.actions))
        .with("IsDefault", Tree::from(rule.priority.is_none()))
        .with("Transforms", transforms)
}

/// The member that holds the rewrites of a transform of this kind.
fn member(kind: &str) -> &'static str {
    if kind == "host-header-rewrite" {
        "HostHeaderRewriteConfig"
    } else {
        "UrlRewriteConfig"
    }
}

fn read_transforms(input: &Tree) -> Result<Option<Vec<Transform>>, Refused> {
    let transforms = input
        .items("Transforms")
        .iter()
        .map(|transform| {
            let kind = transform.need("Type")?.to_owned();
            let rewrites = transform
                .get(member(&kind))
                .map_or(&[][..], |config| config.items("Rewrites"));
            let rewrites = rewrites
                .iter()
                .map(|rewrite| {
                    let replacement = rewrite
                        .text("Replace")
                        .ok_or_else(|| Refused::missing("Replace"))?;
                    Ok((rewrite.need("Regex")?.to_owned(), replacement.to_owned()))
                })
                .collect::<Result<_, Refused>>()?;
            Ok(Transform { kind, rewrites })
        })
        .collect::<Result<Vec<_>, Refused>>()?;
    Ok((!transforms.is_empty()).then_some(transforms))
}

fn write_transform(transform: &Transform) -> Tree {
    let rewrites = transform.rewrites.iter().map(|(regex, replacement)| {
        Tree::map()
            .with("Regex", Tree::from(regex.as_str()))
            .with("Replace", Tree::from(replacement.as_str()))
    });
    Tree::map()
        .with("Type", Tree::from(transform.kind.as_str()))
        .with(
            member(&transform.kind),
            Tree::map().with("Rewrites", Tree::list(rewrites)),
        )
}
