//! Warm pools.

use super::group;
use super::groups::describe_member;
use super::page::page;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::scaling::warm_pool::{Resting, WarmPool};

pub(super) fn put(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let reuse = input.get("InstanceReusePolicy");
    let pool = WarmPool {
        max_prepared: input.whole("MaxGroupPreparedCapacity")?,
        min: input.whole("MinSize")?.unwrap_or(0),
        state: Resting::read(
            input
                .text("PoolState")
                .filter(|state| !state.is_empty())
                .unwrap_or("Stopped"),
        )?,
        reuses: reuse
            .map(|reuse| reuse.flag("ReuseOnScaleIn"))
            .transpose()?
            .flatten()
            .unwrap_or(false),
        deleting: false,
    };
    world.put_warm_pool(group(input)?, pool)?;
    Ok(Tree::map())
}

pub(super) fn delete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.delete_warm_pool(group(input)?, input.flag("ForceDelete")?.unwrap_or(false))?;
    Ok(Tree::map())
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let group = world.scaling.group(group(input)?)?;
    let instances = group
        .warm()
        .map(|member| (member.id.clone(), describe_member(member)))
        .collect();
    let described = page("Instances", instances, input, 50, 50)?;
    Ok(described.with(
        "WarmPoolConfiguration",
        group.warm_pool.as_ref().map(configuration),
    ))
}

pub(super) fn configuration(pool: &WarmPool) -> Tree {
    Tree::map()
        .with("MaxGroupPreparedCapacity", pool.max_prepared.map(Tree::Whole))
        .with("MinSize", Tree::Whole(pool.min))
        .with("PoolState", Tree::from(pool.state.name()))
        .with("Status", pool.deleting.then(|| Tree::from("PendingDelete")))
        .with(
            "InstanceReusePolicy",
            pool.reuses
                .then(|| Tree::map().with("ReuseOnScaleIn", Tree::Flag(true))),
        )
}
