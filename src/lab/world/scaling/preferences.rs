//! What an instance refresh is told to heed, and which of it is refused.

use super::group::Group;
use super::source::Source;
use crate::lab::refusal::Refused;

/// What happens to instances that a refresh should not simply replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    Replace,
    Ignore,
    Wait,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Preferences {
    pub min_healthy: i64,
    pub max_healthy: i64,
    pub warmup: Option<i64>,
    pub checkpoints: Vec<i64>,
    pub checkpoint_delay: i64,
    pub skips_matching: bool,
    pub rolls_back: bool,
    pub protected: Treatment,
    pub standby: Treatment,
    pub alarms: Vec<String>,
    pub bake: i64,
}

pub(super) fn check(
    group: &Group,
    preferences: &Preferences,
    target: Option<&Source>,
) -> Result<(), Refused> {
    let Preferences {
        min_healthy,
        max_healthy,
        checkpoints,
        ..
    } = preferences;
    if !(0..=100).contains(min_healthy) || !(100..=200).contains(max_healthy) {
        return Err(Refused::invalid(
            "MinHealthyPercentage must be 0 to 100, and MaxHealthyPercentage 100 to 200",
        ));
    }
    if max_healthy - min_healthy > 100 || (*min_healthy, *max_healthy) == (100, 100) {
        return Err(Refused::invalid(format!(
            "MinHealthyPercentage {min_healthy} and MaxHealthyPercentage {max_healthy} must differ, by at most 100"
        )));
    }
    let rising = checkpoints.windows(2).all(|pair| pair[0] < pair[1]);
    if !rising
        || checkpoints
            .iter()
            .any(|checkpoint| !(1..=100).contains(checkpoint))
    {
        return Err(Refused::invalid(
            "CheckpointPercentages must be 1 to 100, in ascending order",
        ));
    }
    let delays = [preferences.checkpoint_delay, preferences.bake];
    if delays.iter().any(|delay| !(0..=172_800).contains(delay)) {
        return Err(Refused::invalid(
            "CheckpointDelay and BakeTime must be 0 to 172800 seconds",
        ));
    }
    let reversible = target.is_some_and(is_pinned) && is_pinned(&group.source);
    if preferences.rolls_back && !reversible {
        return Err(Refused::invalid(
            "AutoRollback needs a DesiredConfiguration, and template versions that are numbers, in it and in the group",
        ));
    }
    Ok(())
}

pub(super) fn is_pinned(source: &Source) -> bool {
    !source.template.version.starts_with('$')
}
