//! What the next generation is called, and that nobody else is called so.

use super::{Context, pair};
use crate::model::ids::{Generation, GroupName, TargetGroupName};
use crate::model::refusal::Reason;
use crate::model::tags;

/// One more than the highest number in use, over every name in the region.
pub(super) fn next_free(context: &Context<'_>) -> Result<Generation, Vec<Reason>> {
    let highest = highest(context);
    highest.next().ok_or_else(|| {
        vec![Reason::NumbersUsedUp {
            names: [
                context.policy.names.group.name(highest),
                context.policy.names.target_group.name(highest),
            ]
            .join(" or "),
        }]
    })
}

fn highest(context: &Context<'_>) -> Generation {
    let names = &context.policy.names;
    let taken = &context.estate.taken;
    let roles = &context.roles;
    taken
        .target_groups
        .iter()
        .filter_map(|name| names.target_group.number_of(name.as_str()))
        .chain(
            taken
                .groups
                .iter()
                .filter_map(|name| names.group.number_of(name.as_str())),
        )
        .chain(std::iter::once(roles.live.generation))
        .chain(
            roles
                .others
                .iter()
                .chain(&roles.previous)
                .chain(&roles.variants)
                .map(|other| other.generation),
        )
        .max()
        .unwrap_or(Generation(0))
}

/// What the next generation would be called.
pub(super) fn next_names(context: &Context<'_>) -> Result<(GroupName, TargetGroupName), Vec<Reason>> {
    names(context, next_free(context)?)
}

pub(super) fn names(
    context: &Context<'_>,
    generation: Generation,
) -> Result<(GroupName, TargetGroupName), Vec<Reason>> {
    let names = &context.policy.names;
    let group = pair::next(context, generation)
        .map_or_else(|| names.group.name(generation), |group| group.to_string());
    let target_group = names.target_group.name(generation);
    let mut reasons = Vec::new();
    if target_group.len() > 32 {
        reasons.push(Reason::BadName {
            name: target_group.clone(),
            why: "a target group's name has at most 32 characters".into(),
        });
    }
    if group.len() > 255 {
        reasons.push(Reason::BadName {
            name: group.clone(),
            why: "a group's name has at most 255 characters".into(),
        });
    }
    let (group, target_group) = (GroupName::new(group), TargetGroupName::new(target_group));
    let estate = context.estate;
    let foreign_group = estate
        .group(&group)
        .map_or(estate.taken.groups.contains(&group), |found| {
            !tags::owned_by(&found.tags, &estate.app)
        });
    let foreign_target_group = estate
        .target_group(&target_group)
        .map_or(estate.taken.target_groups.contains(&target_group), |found| {
            !tags::owned_by(&found.tags, &estate.app)
        });
    for (taken, name) in [
        (foreign_group, group.to_string()),
        (foreign_target_group, target_group.to_string()),
    ] {
        if taken {
            reasons.push(Reason::NameTaken { name });
        }
    }
    if reasons.is_empty() {
        Ok((group, target_group))
    } else {
        Err(reasons)
    }
}
