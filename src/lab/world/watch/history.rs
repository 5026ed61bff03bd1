//! What happened to alarms, for `DescribeAlarmHistory`.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::alarm::Alarm;

/// How many items are kept, of all alarms together.
const KEPT: usize = 5_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum ItemKind {
    ConfigurationUpdate,
    StateUpdate,
    Action,
}

impl ItemKind {
    pub(in crate::lab) const ALL: [Self; 3] = [Self::ConfigurationUpdate, Self::StateUpdate, Self::Action];

    pub(in crate::lab) fn name(self) -> &'static str {
        match self {
            Self::ConfigurationUpdate => "ConfigurationUpdate",
            Self::StateUpdate => "StateUpdate",
            Self::Action => "Action",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Item {
    pub(in crate::lab) alarm: String,
    /// `MetricAlarm` or `CompositeAlarm`.
    pub(in crate::lab) alarm_type: &'static str,
    pub(in crate::lab) at: Timestamp,
    pub(in crate::lab) kind: ItemKind,
    pub(in crate::lab) summary: String,
    /// JSON.
    pub(in crate::lab) data: String,
}

#[derive(Clone, Debug, Default)]
pub(super) struct History {
    items: VecDeque<Item>,
}

impl History {
    pub(super) fn note(
        &mut self,
        alarm: &Alarm,
        at: Timestamp,
        kind: ItemKind,
        summary: String,
        data: &serde_json::Value,
    ) {
        let (name, alarm_type) = (alarm.name.clone(), alarm.kind.name());
        self.items.push_back(Item {
            alarm: name,
            alarm_type,
            at,
            kind,
            summary,
            data: data.to_string(),
        });
        if self.items.len() > KEPT {
            self.items.pop_front();
        }
    }

    pub(super) fn items(&self) -> impl DoubleEndedIterator<Item = &Item> {
        self.items.iter()
    }
}
