//! Suspended processes and enabled metrics.

use super::group;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;

pub(super) fn suspend(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.suspend_processes(group(input)?, &input.strings("ScalingProcesses"))?;
    Ok(Tree::map())
}

pub(super) fn resume(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.resume_processes(group(input)?, &input.strings("ScalingProcesses"))?;
    Ok(Tree::map())
}

pub(super) fn enable_metrics(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.enable_metrics(
        group(input)?,
        &input.strings("Metrics"),
        input.need("Granularity")?,
    )?;
    Ok(Tree::map())
}

pub(super) fn disable_metrics(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.disable_metrics(group(input)?, &input.strings("Metrics"))?;
    Ok(Tree::map())
}
