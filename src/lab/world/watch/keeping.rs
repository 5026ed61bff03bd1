//! The account's alarms: written, deleted, switched on and off, tagged.

use std::time::Duration;

use serde_json::json;

use super::WatchTimer;
use super::alarm::{Alarm, Kind, Standing, State, Subject};
use super::history::ItemKind;
use super::query::{Span, answer};
use super::settings::{Settings, check_tag_count};
use super::store::Store;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::time::Timer;

/// How long after its writing a composite alarm is looked at: before, it is seen without enough data.
const FIRST_LOOK: Duration = Duration::from_secs(1);

impl World {
    /// `PutMetricAlarm`, also used by target tracking for its own alarms.
    pub(in crate::lab) fn put_alarm(&mut self, alarm: &Tree) -> Result<(), Refused> {
        let settings = Settings::of_metric_alarm(alarm)?;
        if let Kind::Metric(watching) = &settings.kind
            && let Subject::Math(queries) = &watching.subject
        {
            // What an expression refers to and gives does not depend on data: what fails without any would always fail.
            let span = Span {
                from: 0,
                to: 60,
                speed: 1.0,
            };
            for query in queries.iter().filter(|query| query.returned) {
                if answer(&Store::default(), queries, query, span)?.len() != 1 {
                    return Err(Refused::invalid(format!(
                        "'{}' gives several time series; an alarm needs one.",
                        query.id
                    )));
                }
            }
        }
        let name = self.write(settings)?;
        self.set_period(&name);
        Ok(())
    }

    /// `PutCompositeAlarm`.
    pub(in crate::lab) fn put_composite_alarm(&mut self, alarm: &Tree) -> Result<(), Refused> {
        let settings = Settings::of_composite_alarm(alarm)?;
        if let Kind::Composite(composite) = &settings.kind {
            let children = composite.rule.children();
            let unknown: Vec<_> = children
                .into_iter()
                .filter(|name| *name != settings.name && !self.watch.alarms.contains_key(*name))
                .collect();
            if !unknown.is_empty() {
                let unknown = unknown.join(", ");
                return Err(Refused::invalid(format!(
                    "Could not save the composite alarm as alarms [{unknown}] in the alarm rule do not exist"
                )));
            }
        }
        let alarm = self.write(settings)?;
        let version = self.watch.version;
        self.later(FIRST_LOOK, Timer::Watch(WatchTimer::Compose { alarm, version }));
        Ok(())
    }

    /// `DeleteAlarms`: those that exist are deleted even when others do not.
    pub(in crate::lab) fn delete_alarms(&mut self, names: &[String]) -> Result<(), Refused> {
        let is_composite = |name: &String| {
            self.watch
                .alarms
                .get(name)
                .is_some_and(|alarm| matches!(alarm.kind, Kind::Composite(_)))
        };
        if names.iter().filter(|name| is_composite(name)).count() > 1 {
            return Err(Refused::invalid(
                "One call can delete one composite alarm at most.",
            ));
        }
        for name in names {
            if let Some(parent) = self
                .watch
                .parents(name)
                .find(|parent| !names.contains(&parent.name))
            {
                let parent = &parent.name;
                return Err(Refused::invalid(format!(
                    "Cannot delete {name} as the composite alarm {parent} depends on it."
                )));
            }
        }
        let unknown: Vec<_> = names
            .iter()
            .filter(|name| !self.forget_alarm(name))
            .map(String::as_str)
            .collect();
        match unknown.as_slice() {
            [] => Ok(()),
            unknown => {
                let message = format!("These alarms do not exist: {}", unknown.join(", "));
                Err(Refused::new("ResourceNotFound", message).status(404))
            }
        }
    }

    /// Names and ARNs of the alarms that call on a policy.
    pub(in crate::lab) fn alarms_of(&self, policy_arn: &str) -> Vec<(String, String)> {
        let calling = self
            .watch
            .alarms
            .values()
            .filter(|alarm| alarm.actions.all().any(|action| action == policy_arn));
        calling
            .map(|alarm| (alarm.name.clone(), alarm.arn.clone()))
            .collect()
    }

    /// A policy is gone: alarms that only called on it go with it.
    pub(in crate::lab) fn forget_policy(&mut self, policy_arn: &str) {
        for (name, _) in self.alarms_of(policy_arn) {
            if let Some(alarm) = self.watch.alarms.get_mut(&name) {
                let actions = &mut alarm.actions;
                for list in [&mut actions.ok, &mut actions.alarm, &mut actions.insufficient] {
                    list.retain(|action| action != policy_arn);
                }
                if actions.all().next().is_none() {
                    self.forget_alarm(&name);
                }
            }
        }
    }

    /// Switches alarms' actions on or off; names that do not exist are passed over, as AWS does.
    pub(in crate::lab) fn enable_alarm_actions(&mut self, names: &[String], enabled: bool) {
        for name in names {
            if let Some(alarm) = self
                .watch
                .alarms
                .get_mut(name)
                .filter(|alarm| alarm.actions_enabled != enabled)
            {
                alarm.actions_enabled = enabled;
                self.note_configuration(name, "Update");
            }
        }
    }

    /// Adds tags, or gives those that are there another value.
    pub(in crate::lab) fn tag_alarm(
        &mut self,
        arn: &str,
        tags: Vec<(String, String)>,
    ) -> Result<(), Refused> {
        let there = self.watch.tags_mut(arn)?;
        let mut after = there.clone();
        after.retain(|(key, _)| !tags.iter().any(|(added, _)| added == key));
        after.extend(tags);
        after.sort();
        check_tag_count(&after)?;
        *there = after;
        Ok(())
    }

    pub(in crate::lab) fn untag_alarm(&mut self, arn: &str, keys: &[String]) -> Result<(), Refused> {
        self.watch.tags_mut(arn)?.retain(|(key, _)| !keys.contains(key));
        Ok(())
    }

    fn write(&mut self, settings: Settings) -> Result<String, Refused> {
        let now = self.clock();
        let Settings {
            name,
            description,
            actions_enabled,
            actions,
            kind,
            tags,
        } = settings;
        let there = self.watch.alarms.get(&name);
        if let Some(there) = there.filter(|there| there.kind.name() != kind.name()) {
            return Err(Refused::invalid(format!(
                "{name} is there already as a {}.",
                there.kind.name()
            )));
        }
        let arn = format!(
            "arn:aws:cloudwatch:{}:{}:alarm:{name}",
            self.settings.region, self.settings.account
        );
        let change = if there.is_some() { "Update" } else { "Create" };
        // Everything is overwritten but the state, and tags, which are for new alarms only.
        let standing = there
            .map(|there| there.standing.clone())
            .unwrap_or_else(|| Standing {
                state: State::InsufficientData,
                reason: "Unchecked: Initial alarm creation".to_owned(),
                data: None,
                updated: now,
                transitioned: now,
            });
        let tags = there.map_or(tags, |there| there.tags.clone());
        self.watch.version += 1;
        let version = self.watch.version;
        let alarm = Alarm {
            name: name.clone(),
            arn,
            description,
            actions_enabled,
            actions,
            kind,
            tags,
            configured: now,
            standing,
            version,
        };
        self.watch.alarms.insert(name.clone(), alarm);
        self.note_configuration(&name, change);
        Ok(name)
    }

    fn forget_alarm(&mut self, name: &str) -> bool {
        self.note_configuration(name, "Delete");
        self.watch.alarms.remove(name).is_some()
    }

    fn note_configuration(&mut self, name: &str, change: &str) {
        let now = self.clock();
        if let Some(alarm) = self.watch.alarms.get_mut(name) {
            alarm.configured = now;
            let summary = match change {
                "Create" => format!("Alarm \"{name}\" created"),
                "Delete" => format!("Alarm \"{name}\" deleted"),
                _ => format!("Alarm \"{name}\" updated"),
            };
            let data = json!({ "version": "1.0", "type": change });
            self.watch
                .history
                .note(alarm, now, ItemKind::ConfigurationUpdate, summary, &data);
        }
    }
}

impl super::Watch {
    /// The composite alarms whose rules name an alarm.
    pub(in crate::lab) fn parents<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Alarm> {
        self.alarms
            .values()
            .filter(move |alarm| alarm.children().contains(&name))
    }

    /// The tags of an alarm by its ARN.
    pub(in crate::lab) fn tags(&self, arn: &str) -> Result<&[(String, String)], Refused> {
        self.alarms
            .values()
            .find(|alarm| alarm.arn == arn)
            .map(|alarm| alarm.tags.as_slice())
            .ok_or_else(|| no_resource(arn))
    }

    fn tags_mut(&mut self, arn: &str) -> Result<&mut Vec<(String, String)>, Refused> {
        self.alarms
            .values_mut()
            .find(|alarm| alarm.arn == arn)
            .map(|alarm| &mut alarm.tags)
            .ok_or_else(|| no_resource(arn))
    }
}

impl Alarm {
    /// The names of the alarms that a composite alarm's rule names.
    pub(in crate::lab) fn children(&self) -> Vec<&str> {
        match &self.kind {
            Kind::Metric(_) => Vec::new(),
            Kind::Composite(composite) => composite.rule.children(),
        }
    }
}

fn no_resource(arn: &str) -> Refused {
    Refused::new(
        "ResourceNotFoundException",
        format!("The resource {arn} does not exist."),
    )
    .status(404)
}
