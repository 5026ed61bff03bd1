//! Instance refreshes.

use super::page::page;
use super::{group, said};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::scaling::group::Group;
use crate::lab::world::scaling::preferences::{Preferences, Treatment};
use crate::lab::world::scaling::refresh::Refresh;

pub(super) fn start(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    if let Some(strategy) = said(input, "Strategy").filter(|strategy| strategy != "Rolling") {
        return Err(Refused::invalid(format!(
            "Strategy {strategy}: only Rolling works here"
        )));
    }
    let name = group(input)?;
    let configuration = input.get("DesiredConfiguration");
    let target = configuration
        .map(|wanted| world.read_source(wanted))
        .transpose()?
        .flatten();
    let preferences = read(input.get("Preferences").unwrap_or(&Tree::map()))?;
    let id = world.start_refresh(name, preferences, target, configuration.cloned())?;
    Ok(Tree::map().with("InstanceRefreshId", Tree::from(id)))
}

fn read(given: &Tree) -> Result<Preferences, Refused> {
    let checkpoint = |item: &Tree| {
        item.as_whole()
            .ok_or_else(|| Refused::malformed("CheckpointPercentages", item, "a whole number"))
    };
    let checkpoints = given
        .items("CheckpointPercentages")
        .iter()
        .map(checkpoint)
        .collect::<Result<Vec<_>, _>>()?;
    let delay = given.whole("CheckpointDelay")?;
    if delay.is_some() && checkpoints.is_empty() {
        return Err(Refused::invalid("CheckpointDelay needs CheckpointPercentages"));
    }
    let (min, max) = (
        given.whole("MinHealthyPercentage")?,
        given.whole("MaxHealthyPercentage")?,
    );
    if max.is_some() && min.is_none() {
        return Err(Refused::invalid(
            "MaxHealthyPercentage needs MinHealthyPercentage",
        ));
    }
    let min_healthy = min.unwrap_or(90);
    let alarms = given
        .get("AlarmSpecification")
        .map(|alarms| alarms.strings("Alarms"))
        .unwrap_or_default();
    Ok(Preferences {
        min_healthy,
        // Nothing may go before something came when all must stay healthy.
        max_healthy: max.unwrap_or(if min_healthy == 100 { 110 } else { 100 }),
        warmup: given.whole("InstanceWarmup")?,
        checkpoints,
        checkpoint_delay: delay.unwrap_or(3600),
        skips_matching: given.flag("SkipMatching")?.unwrap_or(false),
        rolls_back: given.flag("AutoRollback")?.unwrap_or(false),
        protected: treatment(given, "ScaleInProtectedInstances", "Refresh")?,
        standby: treatment(given, "StandbyInstances", "Terminate")?,
        alarms,
        bake: given.whole("BakeTime")?.unwrap_or(0),
    })
}

fn treatment(given: &Tree, name: &str, replace: &str) -> Result<Treatment, Refused> {
    match given.text(name) {
        None | Some("" | "Wait") => Ok(Treatment::Wait),
        Some("Ignore") => Ok(Treatment::Ignore),
        Some(other) if other == replace => Ok(Treatment::Replace),
        Some(other) => Err(Refused::invalid(format!(
            "{name} is {other}; it can be {replace}, Ignore or Wait"
        ))),
    }
}

pub(super) fn cancel(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let waits = input.flag("WaitForTransitioningInstances")?.unwrap_or(true);
    let id = world.cancel_refresh(group(input)?, waits)?;
    Ok(Tree::map().with("InstanceRefreshId", Tree::from(id)))
}

pub(super) fn roll_back(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let id = world.roll_back_refresh(group(input)?)?;
    Ok(Tree::map().with("InstanceRefreshId", Tree::from(id)))
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let group = world.scaling.group(group(input)?)?;
    let ids = input.strings("InstanceRefreshIds");
    let wanted = group
        .refreshes
        .iter()
        .rev()
        .filter(|refresh| ids.is_empty() || ids.contains(&refresh.id));
    let items = wanted
        .map(|refresh| (refresh.id.clone(), described(group, refresh)))
        .collect();
    page("InstanceRefreshes", items, input, 50, 100)
}

fn described(group: &Group, refresh: &Refresh) -> Tree {
    let rollback = refresh.rollback.as_ref().map(|rollback| {
        Tree::map()
            .with("RollbackReason", Tree::from(rollback.reason.as_str()))
            .with("RollbackStartTime", Tree::Time(rollback.started))
            .with("PercentageCompleteOnRollback", Tree::Whole(rollback.percent))
            .with("InstancesToUpdateOnRollback", Tree::Whole(rollback.to_update))
    });
    Tree::map()
        .with("InstanceRefreshId", Tree::from(refresh.id.as_str()))
        .with("AutoScalingGroupName", Tree::from(group.name.as_str()))
        .with("Status", Tree::from(refresh.status.name()))
        .with("StatusReason", refresh.reason.clone().map(Tree::from))
        .with("StartTime", Tree::Time(refresh.started))
        .with("EndTime", refresh.ended.map(Tree::Time))
        .with("PercentageComplete", Tree::Whole(refresh.percent))
        .with("InstancesToUpdate", Tree::Whole(refresh.to_update()))
        .with("Preferences", describe_preferences(&refresh.preferences))
        .with("DesiredConfiguration", refresh.configuration.clone())
        .with("RollbackDetails", rollback)
        .with("Strategy", Tree::from("Rolling"))
}

fn describe_preferences(preferences: &Preferences) -> Tree {
    let treatment = |treatment: Treatment, replace: &'static str| {
        Tree::from(match treatment {
            Treatment::Replace => replace,
            Treatment::Ignore => "Ignore",
            Treatment::Wait => "Wait",
        })
    };
    let checkpoints = preferences.checkpoints.iter().copied().map(Tree::Whole);
    let with_checkpoints = !preferences.checkpoints.is_empty();
    let alarms = (!preferences.alarms.is_empty())
        .then(|| Tree::map().with("Alarms", Tree::texts(preferences.alarms.iter().cloned())));
    Tree::map()
        .with("MinHealthyPercentage", Tree::Whole(preferences.min_healthy))
        .with("InstanceWarmup", preferences.warmup.map(Tree::Whole))
        .with(
            "CheckpointPercentages",
            with_checkpoints.then(|| Tree::list(checkpoints)),
        )
        .with(
            "CheckpointDelay",
            with_checkpoints.then_some(Tree::Whole(preferences.checkpoint_delay)),
        )
        .with("SkipMatching", Tree::Flag(preferences.skips_matching))
        .with("AutoRollback", Tree::Flag(preferences.rolls_back))
        .with(
            "ScaleInProtectedInstances",
            treatment(preferences.protected, "Refresh"),
        )
        .with("StandbyInstances", treatment(preferences.standby, "Terminate"))
        .with("AlarmSpecification", alarms)
        .with("MaxHealthyPercentage", Tree::Whole(preferences.max_healthy))
        .with("BakeTime", Tree::Whole(preferences.bake))
}
