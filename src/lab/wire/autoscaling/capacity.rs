//! SetDesiredCapacity.

use super::{group, need_whole};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;

pub(super) fn set_desired(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let honors_cooldown = input.flag("HonorCooldown")?.unwrap_or(false);
    world.set_desired_capacity(
        group(input)?,
        need_whole(input, "DesiredCapacity")?,
        honors_cooldown,
    )?;
    Ok(Tree::map())
}
