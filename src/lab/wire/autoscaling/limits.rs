//! What is the same for everybody: limits, and the kinds there are of things.

use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::scaling::adjusting::ADJUSTMENT_TYPES;
use crate::lab::world::scaling::hooks::Transition;
use crate::lab::world::scaling::measuring::METRICS;
use crate::lab::world::scaling::settings::TERMINATION_POLICIES;
use crate::lab::world::scaling::suspended::Process;
use crate::lab::world::scaling::{limits, notifications};

pub(super) fn account(world: &mut World, _input: &Tree) -> Result<Tree, Refused> {
    let whole = |number: usize| Tree::Whole(number.try_into().unwrap_or(i64::MAX));
    Ok(Tree::map()
        .with("MaxNumberOfAutoScalingGroups", whole(limits::GROUPS))
        .with(
            "MaxNumberOfLaunchConfigurations",
            whole(limits::LAUNCH_CONFIGURATIONS),
        )
        .with("NumberOfAutoScalingGroups", whole(world.scaling.groups.len()))
        .with("NumberOfLaunchConfigurations", Tree::Whole(0)))
}

pub(super) fn adjustment_types(_world: &mut World, _input: &Tree) -> Result<Tree, Refused> {
    Ok(Tree::map().with("AdjustmentTypes", each("AdjustmentType", &ADJUSTMENT_TYPES)))
}

pub(super) fn notification_types(_world: &mut World, _input: &Tree) -> Result<Tree, Refused> {
    Ok(Tree::map().with(
        "AutoScalingNotificationTypes",
        Tree::texts(notifications::TYPES.iter().copied()),
    ))
}

pub(super) fn launch_configurations(_world: &mut World, _input: &Tree) -> Result<Tree, Refused> {
    Ok(Tree::map().with("LaunchConfigurations", Tree::List(Vec::new())))
}

pub(super) fn hook_types(_world: &mut World, _input: &Tree) -> Result<Tree, Refused> {
    let types = [Transition::Launching, Transition::Terminating].map(Transition::name);
    Ok(Tree::map().with("LifecycleHookTypes", Tree::texts(types)))
}

pub(super) fn metric_types(_world: &mut World, _input: &Tree) -> Result<Tree, Refused> {
    Ok(Tree::map()
        .with("Metrics", each("Metric", METRICS))
        .with("Granularities", each("Granularity", &["1Minute"])))
}

pub(super) fn process_types(_world: &mut World, _input: &Tree) -> Result<Tree, Refused> {
    Ok(Tree::map().with("Processes", each("ProcessName", &Process::ALL.map(Process::name))))
}

pub(super) fn termination_policies(_world: &mut World, _input: &Tree) -> Result<Tree, Refused> {
    Ok(Tree::map().with(
        "TerminationPolicyTypes",
        Tree::texts(TERMINATION_POLICIES.iter().copied()),
    ))
}

fn each(member: &str, values: &[&str]) -> Tree {
    Tree::list(
        values
            .iter()
            .map(|value| Tree::map().with(member, Tree::from(*value))),
    )
}
