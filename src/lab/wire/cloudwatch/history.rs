//! What happened to alarms.

use super::alarms::read_types;
use super::invalid;
use super::paging::{page, size};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::watch::{Item, ItemKind};

const PAGE: usize = 100;

pub(super) fn describe_alarm_history(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let most = size(input.whole("MaxRecords")?, PAGE, PAGE)?;
    let alarm = input.text("AlarmName");
    let types = read_types(input)?;
    let kind = input.text("HistoryItemType").map(|name| {
        let known = ItemKind::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| invalid(format!("The value {name} for HistoryItemType is not known.")))
    });
    let kind = kind.transpose()?;
    let (from, to) = (input.time("StartDate")?, input.time("EndDate")?);
    let wanted = |item: &&Item| {
        alarm.is_none_or(|alarm| alarm == item.alarm)
            && types.iter().any(|wanted| wanted == item.alarm_type)
            && kind.is_none_or(|kind| kind == item.kind)
            && from.is_none_or(|from| item.at >= from)
            && to.is_none_or(|to| item.at <= to)
    };
    let token = input.text("NextToken");
    let items = world.watch.history().filter(wanted);
    let (items, next) = match input.text("ScanBy") {
        Some("TimestampAscending") => page(items, token, most)?,
        None | Some("TimestampDescending") => page(items.rev(), token, most)?,
        Some(other) => return Err(invalid(format!("The value {other} for ScanBy is not known."))),
    };
    Ok(Tree::map()
        .with("AlarmHistoryItems", Tree::list(items.into_iter().map(write)))
        .with("NextToken", next.map(Tree::from)))
}

fn write(item: &Item) -> Tree {
    Tree::map()
        .with("AlarmName", Tree::from(item.alarm.as_str()))
        .with("AlarmType", Tree::from(item.alarm_type))
        .with("Timestamp", Tree::from(item.at))
        .with("HistoryItemType", Tree::from(item.kind.name()))
        .with("HistorySummary", Tree::from(item.summary.as_str()))
        .with("HistoryData", Tree::from(item.data.as_str()))
}
