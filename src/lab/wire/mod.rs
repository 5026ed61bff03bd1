//! The AWS APIs as clients speak them: one request's bytes in, one response's bytes out.

pub mod autoscaling;
pub mod cloudwatch;
pub mod ec2;
pub mod elbv2;
pub mod sts;
pub(in crate::lab) mod within;

use super::refusal::Refused;
use super::tree::Tree;
use super::world::World;

/// One operation of a service: its name, the members its input may have, and what it does.
pub(super) struct Operation {
    pub(super) name: &'static str,
    /// Every top-level member of the input. Another one is an error that names it.
    pub(super) members: &'static [&'static str],
    /// The output's members; `Tree::map()` when it has none.
    pub(super) act: fn(&mut World, &Tree) -> Result<Tree, Refused>,
}
