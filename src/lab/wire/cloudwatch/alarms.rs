//! Alarms written, described, deleted, switched and set.

use super::paging::{page, size};
use super::{invalid, required};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::watch::{Alarm, Kind, State, Statistic, Subject, read_metric};

const NAMES_LIMIT: usize = 100;
const PAGE: usize = 50;
const PAGE_LIMIT: usize = 100;

pub(super) fn put_metric_alarm(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.put_alarm(input)?;
    Ok(Tree::map())
}

pub(super) fn put_composite_alarm(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.put_composite_alarm(input)?;
    Ok(Tree::map())
}

pub(super) fn delete_alarms(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.delete_alarms(&names(input, true)?)?;
    Ok(Tree::map())
}

pub(super) fn enable_alarm_actions(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.enable_alarm_actions(&names(input, true)?, true);
    Ok(Tree::map())
}

pub(super) fn disable_alarm_actions(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.enable_alarm_actions(&names(input, true)?, false);
    Ok(Tree::map())
}

pub(super) fn set_alarm_state(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let name = required(input, "AlarmName")?;
    let state = read_state(required(input, "StateValue")?)?;
    let reason = input
        .text("StateReason")
        .ok_or_else(|| Refused::new("MissingParameter", "The parameter StateReason is required."))?;
    world.set_alarm_state(name, state, reason, input.text("StateReasonData"))?;
    Ok(Tree::map())
}

pub(super) fn describe_alarms(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let most = size(input.whole("MaxRecords")?, PAGE, PAGE_LIMIT)?;
    let token = input.text("NextToken");
    for relation in ["ChildrenOfAlarmName", "ParentsOfAlarmName"] {
        if input.get(relation).is_some() {
            return describe_relatives(world, input, relation, most);
        }
    }
    let (names, prefix) = (names(input, false)?, input.text("AlarmNamePrefix"));
    if !names.is_empty() && prefix.is_some() {
        let message = "AlarmNames and AlarmNamePrefix cannot be given together.";
        return Err(Refused::new("InvalidParameterCombination", message));
    }
    let types = read_types(input)?;
    let state = input.text("StateValue").map(read_state).transpose()?;
    let action = input.text("ActionPrefix");
    let wanted = |alarm: &&Alarm| {
        (names.is_empty() || names.contains(&alarm.name))
            && prefix.is_none_or(|prefix| alarm.name.starts_with(prefix))
            && state.is_none_or(|state| alarm.standing.state == state)
            && action.is_none_or(|prefix| alarm.actions.all().any(|action| action.starts_with(prefix)))
    };
    // One type after the other, as the answer has them.
    let of_types = types.iter().flat_map(|kind| {
        world
            .watch
            .alarms()
            .filter(move |alarm| alarm.kind.name() == kind)
    });
    let (alarms, next) = page(of_types.filter(wanted), token, most)?;
    Ok(written(&alarms, Alarm::write, next))
}

/// Of an alarm's children or parents, only what CloudWatch tells.
fn describe_relatives(world: &World, input: &Tree, relation: &str, most: usize) -> Result<Tree, Refused> {
    let others = input.members().iter().map(|(name, _)| name.as_str());
    if let Some(other) = others
        .into_iter()
        .find(|name| ![relation, "MaxRecords", "NextToken"].contains(name))
    {
        return Err(Refused::invalid(format!(
            "{other} cannot be given together with {relation}."
        )));
    }
    let name = required(input, relation)?;
    let named = |alarm: &Alarm| {
        Tree::map()
            .with("AlarmName", Tree::from(alarm.name.as_str()))
            .with("AlarmArn", Tree::from(alarm.arn.as_str()))
    };
    if relation == "ParentsOfAlarmName" {
        let (parents, next) = page(world.watch.parents(name), input.text("NextToken"), most)?;
        return Ok(written(&parents, named, next));
    }
    let children = world.watch.alarm(name).map(Alarm::children).unwrap_or_default();
    let children = children.into_iter().filter_map(|child| world.watch.alarm(child));
    let (children, next) = page(children, input.text("NextToken"), most)?;
    let with_state = |alarm: &Alarm| {
        named(alarm)
            .with("StateValue", Tree::from(alarm.standing.state.name()))
            .with("StateUpdatedTimestamp", Tree::from(alarm.standing.updated))
    };
    Ok(written(&children, with_state, next))
}

pub(super) fn describe_alarms_for_metric(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    required(input, "Namespace")?;
    required(input, "MetricName")?;
    let metric = read_metric(input)?;
    let statistic = input
        .text("Statistic")
        .or(input.text("ExtendedStatistic"))
        .map(Statistic::read)
        .transpose()?;
    let (period, unit) = (input.whole("Period")?, input.text("Unit"));
    let watches = |alarm: &&Alarm| match &alarm.kind {
        Kind::Metric(watching) => match &watching.subject {
            Subject::Single {
                metric: own,
                statistic: own_statistic,
                period: own_period,
                unit: own_unit,
            } => {
                *own == metric
                    && statistic.is_none_or(|statistic| statistic == *own_statistic)
                    && period.is_none_or(|period| period == *own_period)
                    && unit.is_none_or(|unit| Some(unit) == own_unit.as_deref())
            }
            Subject::Math(_) => false,
        },
        Kind::Composite(_) => false,
    };
    Ok(Tree::map().with(
        "MetricAlarms",
        Tree::list(world.watch.alarms().filter(watches).map(Alarm::write)),
    ))
}

pub(super) fn read_types(input: &Tree) -> Result<Vec<String>, Refused> {
    let asked = input.strings("AlarmTypes");
    if let Some(unknown) = asked
        .iter()
        .find(|kind| !["MetricAlarm", "CompositeAlarm", "LogAlarm"].contains(&kind.as_str()))
    {
        return Err(invalid(format!(
            "The value {unknown} for AlarmTypes must be MetricAlarm, CompositeAlarm or LogAlarm."
        )));
    }
    // The lab has no alarms on logs, so that asking for them finds none.
    let known = ["CompositeAlarm", "MetricAlarm"].into_iter();
    let wanted = known.filter(|kind| {
        if asked.is_empty() {
            *kind == "MetricAlarm"
        } else {
            asked.iter().any(|asked| asked == kind)
        }
    });
    Ok(wanted.map(str::to_owned).collect())
}

fn written(alarms: &[&Alarm], write: impl Fn(&Alarm) -> Tree, next: Option<String>) -> Tree {
    let of = |kind: &str| {
        Tree::list(
            alarms
                .iter()
                .filter(|alarm| alarm.kind.name() == kind)
                .map(|alarm| write(alarm)),
        )
    };
    Tree::map()
        .with("CompositeAlarms", of("CompositeAlarm"))
        .with("MetricAlarms", of("MetricAlarm"))
        .with("NextToken", next.map(Tree::from))
}

fn names(input: &Tree, needed: bool) -> Result<Vec<String>, Refused> {
    let names = input.strings("AlarmNames");
    if names.is_empty() && needed {
        return Err(Refused::new(
            "MissingParameter",
            "The parameter AlarmNames is required.",
        ));
    }
    if names.len() > NAMES_LIMIT {
        return Err(Refused::invalid(format!(
            "AlarmNames must have length less than or equal to {NAMES_LIMIT}, and has {}.",
            names.len()
        )));
    }
    Ok(names)
}

fn read_state(name: &str) -> Result<State, Refused> {
    State::named(name).ok_or_else(|| {
        Refused::invalid(format!(
            "The value {name} for StateValue must be OK, ALARM or INSUFFICIENT_DATA."
        ))
    })
}
