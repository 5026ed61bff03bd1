//! Whether a step's end is already so, and how far a wait has come.

use crate::model::ab::Taking;
use crate::model::estate::{Estate, Group};
use crate::model::fleet;
use crate::model::ids::{GroupName, TargetGroupName};
use crate::model::obligation;
use crate::model::policy::Want;
use crate::model::rollout::{Before, Refresh, Released, Rollout};
use crate::model::routing::{Asks, Condition, Priority, Rule};
use crate::model::rule_tag::RuleTag;
use crate::model::shift::Reached;
use crate::model::standing::State;
use crate::model::step::{Expected, Pick, PickedVersion, Step};
use crate::model::tags;

/// A step is reached when doing it would change nothing.
pub fn reached(step: &Step, estate: &Estate) -> bool {
    let app = estate.app.as_str();
    match step {
        Step::Adopt {
            group, target_group, ..
        } => {
            estate
                .group(group)
                .is_some_and(|group| tags::owned_by(&group.tags, app))
                && estate
                    .target_group(target_group)
                    .is_some_and(|tg| tags::owned_by(&tg.tags, app))
        }
        Step::AdoptRule { rule } => estate
            .rule(&rule.arn)
            .is_none_or(|rule| tags::owned_by(&rule.tags, app)),
        Step::Pin { group, versions } => estate.group(group).is_some_and(|group| {
            versions.iter().all(|pin| {
                group
                    .launch
                    .uses()
                    .iter()
                    .filter(|used| used.template == pin.template)
                    .all(|used| used.pinned().is_some())
            })
        }),
        Step::BuildTemplateVersion {
            template, release, ..
        } => {
            let description = release.version_description(app);
            estate
                .template(template)
                .is_some_and(|template| template.described(&description).is_some())
        }
        Step::CreateTargetGroup {
            target_group, tags, ..
        } => estate.target_group(target_group).is_some_and(|tg| {
            tg.tags.get(tags::GENERATION) == tags.get(tags::GENERATION) && tags::owned_by(&tg.tags, app)
        }),
        Step::SetTargetGroupAttributes {
            target_group,
            attributes,
        } => estate.target_group(target_group).is_some_and(|tg| {
            attributes
                .iter()
                .all(|(key, value)| tg.attributes.get(key) == Some(value))
        }),
        Step::OpenStaging { target_group } => estate.rules_naming(target_group).next().is_some(),
        Step::StayInUse { target_groups } => {
            let lock = |rule: &&Rule| RuleTag::by(app, rule) == Some(RuleTag::Lock);
            let mut locks = estate.rules().filter(lock);
            match target_groups.as_slice() {
                [] => locks.all(|rule| rule.action.shares().is_empty()),
                all => locks.any(|rule| all.iter().all(|name| rule.weight_of(name).is_some())),
            }
        }
        Step::CreateGroup(new) => estate.group(&new.group).is_some_and(|group| {
            tags::owned_by(&group.tags, app) && group.generation == Some(new.generation)
        }),
        // Its size comes last.
        Step::ReuseGroup(new) => estate.group(&new.group).is_some_and(|group| {
            tags::owned_by(&group.tags, app)
                && group.generation == Some(new.generation)
                && group.target_groups.contains(&new.target_group)
                && group.size.max >= new.size.max.min(1)
        }),
        Step::SuspendProcesses { group, processes } => estate.group(group).is_some_and(|group| {
            processes
                .iter()
                .all(|process| group.suspended.contains_key(process))
        }),
        Step::Attach {
            group, kind, names, ..
        } => estate.group(group).is_some_and(|group| {
            names.iter().all(|name| {
                group
                    .attachments
                    .iter()
                    .any(|attachment| attachment.kind == *kind && attachment.name == *name)
            })
        }),
        Step::Hold { group } => estate.group(group).is_some_and(obligation::is_held),
        Step::MatchCapacity { group, like } => match (estate.group(group), estate.group(like)) {
            (Some(group), Some(like)) => group.size.desired >= like.size.desired,
            (group, _) => group.is_some(),
        },
        Step::AwaitHealthy {
            group,
            target_group,
            want,
            like,
            ..
        } => {
            let progress = health(estate, group, target_group, *want, like);
            progress.have >= progress.want
        }
        Step::Mark {
            target_group,
            state,
            previous,
            ..
        } => estate.target_group(target_group).is_some_and(|tg| {
            State::of(&tg.tags) == *state
                && previous.is_none_or(|previous| {
                    tg.tags.get(tags::PREVIOUS).map(String::as_str) == Some(previous.to_string().as_str())
                })
        }),
        Step::Point {
            rule, after, sticky, ..
        } => estate.rule(&rule.arn).is_some_and(|rule| {
            rule.action.same_effect(after) && sticky.is_none_or(|sticky| rule.sticky == sticky)
        }),
        Step::StartRefresh {
            group,
            rollout,
            versions,
            ..
        } => estate.group(group).is_some_and(|group| {
            let to = versions.first().and_then(|pick| number_of(pick, estate));
            Rollout::of(&group.tags).is_some_and(|found| {
                Some(found.to) == to
                    && found.direction == rollout.direction
                    && found.released == rollout.released
                    && found.refresh(group).is_some()
            })
        }),
        Step::AwaitRefresh { group, wants } => {
            rolled_out(estate, group).and_then(|refresh| refresh.end()) == Some(*wants)
        }
        Step::TakeRefreshBack { group } => {
            rolled_out(estate, group).is_none_or(|refresh| refresh.goes_back() || !refresh.is_under_way())
        }
        Step::MarkRelease {
            group,
            target_group,
            released,
            before,
        } => {
            let written = |tags: &tags::Tags| Released::of(tags) == *released;
            estate
                .group(group)
                .is_some_and(|group| written(&group.tags) && Before::of(&group.tags) == *before)
                && estate
                    .target_group(target_group)
                    .is_some_and(|tg| written(&tg.tags))
        }
        Step::EndRollout { group } => estate
            .group(group)
            .is_none_or(|group| Rollout::of(&group.tags).is_none()),
        Step::MarkStage {
            target_group,
            stage,
            weight,
            held,
        } => estate
            .target_group(target_group)
            .and_then(|tg| Reached::of(&tg.tags))
            .is_some_and(|reached| (reached.stage, reached.weight, reached.held) == (*stage, *weight, *held)),
        Step::Bake {
            target_group,
            stage,
            weight,
            lasts,
            ..
        } => estate
            .target_group(target_group)
            .and_then(|tg| Reached::of(&tg.tags))
            .filter(|reached| (reached.stage, reached.weight, reached.held) == (*stage, *weight, None))
            .and_then(|reached| reached.since.checked_add(*lasts).ok())
            .is_some_and(|end| end <= estate.observed_at),
        Step::MarkTest {
            target_group,
            weight,
            won,
            ..
        } => estate
            .target_group(target_group)
            .and_then(|tg| Taking::of(&tg.tags))
            .is_some_and(|taking| (taking.weight, taking.won) == (*weight, *won)),
        // Only a person ends it, or a rule that whoever waits goes by.
        Step::Pause { .. } | Step::AwaitWinner { .. } => false,
        Step::CreateRule {
            port,
            priority,
            asks,
            action,
            ..
        } => rule_at(estate, *port, Priority::Numbered(*priority)).is_some_and(|rule| {
            rule.action.same_effect(action)
                && rule.conditions.iter().any(|condition| is_asked(condition, asks))
        }),
        Step::DeleteRule { rule, .. } => estate.rule(&rule.arn).is_none(),
        Step::Confirm { expect, .. } => expect.iter().all(|expected| agrees(estate, expected)),
        Step::PayObligations { group } => estate
            .group(group)
            .is_none_or(|group| obligation::owed(&group.tags).is_empty()),
        Step::Shrink { group, to } => estate.group(group).is_none_or(|group| {
            // An empty group may have a warm pool, which is to go as well.
            let may_end = *to > 0 || !group.suspended.contains_key("Terminate");
            may_end && group.size.desired <= *to && group.size.min <= *to
        }),
        Step::Stop { group, .. } => estate.group(group).is_some_and(obligation::is_stopped),
        Step::Start { group, after } => estate
            .group(group)
            .is_some_and(|found| found.size.desired >= started_size(estate, found, after)),
        Step::AwaitEmpty { group, .. } => estate.group(group).is_none_or(|group| group.instances.is_empty()),
        Step::DeleteGroup { group } => estate.group(group).is_none(),
        Step::Vacate { group } => estate.group(group).is_none_or(|group| {
            tags::is_vacant(&group.tags, app)
                && group.target_groups.is_empty()
                && obligation::owed(&group.tags).is_empty()
        }),
        Step::DeleteTargetGroup { target_group } => estate.target_group(target_group).is_none(),
        // Only whoever runs it knows.
        Step::Hook { .. } => false,
        Step::MarkSchema {
            target_group,
            generation,
            change,
        } => estate
            .target_group(target_group)
            .is_some_and(|tg| change.of(tg) >= Some(*generation)),
    }
}

/// A header's name is the same however it is written.
fn is_asked(condition: &Condition, asks: &Asks) -> bool {
    match (condition, asks) {
        (Condition::Header { name, .. }, Asks::Secret(header)) => name.eq_ignore_ascii_case(header),
        (
            Condition::Header { name, values },
            Asks::This(Condition::Header {
                name: header,
                values: asked,
            }),
        ) => {
            let same = |one: &[String], other: &[String]| one.iter().all(|value| other.contains(value));
            name.eq_ignore_ascii_case(header) && same(asked, values) && same(values, asked)
        }
        (condition, Asks::This(asked)) => condition == asked,
        (_, Asks::Secret(_)) => false,
    }
}

/// How a wait stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub have: u32,
    pub want: u32,
    pub reasons: Vec<String>,
}

/// How far a step has come, for those that take time.
pub fn progress(step: &Step, estate: &Estate) -> Option<Progress> {
    match step {
        Step::AwaitHealthy {
            group,
            target_group,
            want,
            like,
            ..
        } => Some(health(estate, group, target_group, *want, like)),
        Step::AwaitEmpty { group, .. } => estate.group(group).map(|group| Progress {
            have: group.instances.len() as u32,
            want: 0,
            reasons: lifecycles(group),
        }),
        Step::AwaitRefresh { group, .. } => rolled_out(estate, group).map(|refresh| Progress {
            have: refresh.percent,
            want: 100,
            reasons: refresh.told(),
        }),
        Step::Confirm { expect, .. } => {
            let agree = expect.iter().filter(|expected| agrees(estate, expected)).count();
            Some(Progress {
                have: agree as u32,
                want: expect.len() as u32,
                reasons: Vec::new(),
            })
        }
        _ => None,
    }
}

/// What a group is started with: what it had when it was stopped, and at least what the one before it had.
pub fn started_size(estate: &Estate, group: &Group, after: &GroupName) -> u32 {
    let before = |tags| obligation::size_before(tags).map_or(1, |was| was.desired);
    let after = estate.group(after).map_or(1, |group| before(&group.tags));
    before(&group.tags).max(after)
}

/// The refresh of what is being rolled out on a group.
fn rolled_out<'a>(estate: &'a Estate, group: &GroupName) -> Option<&'a Refresh> {
    let group = estate.group(group)?;
    Rollout::of(&group.tags)?.refresh(group)
}

/// The number of a version, once it is there.
fn number_of(pick: &Pick, estate: &Estate) -> Option<u64> {
    match &pick.version {
        PickedVersion::Number(number) => Some(*number),
        PickedVersion::Described(description) => estate.template(&pick.template)?.described(description),
    }
}

/// How many instances there still are, in each state.
fn lifecycles(group: &crate::model::estate::Group) -> Vec<String> {
    let mut counts = std::collections::BTreeMap::new();
    for instance in &group.instances {
        *counts.entry(instance.lifecycle.as_str()).or_insert(0) += 1;
    }
    counts
        .into_iter()
        .map(|(state, count)| format!("{count} {state}"))
        .collect()
}

fn health(
    estate: &Estate,
    group: &GroupName,
    target_group: &TargetGroupName,
    want: Want,
    like: &GroupName,
) -> Progress {
    let (Some(group), Some(tg)) = (estate.group(group), estate.target_group(target_group)) else {
        return Progress {
            have: 0,
            want: 1,
            reasons: vec!["not there yet".into()],
        };
    };
    let capacity = estate.group(like).unwrap_or(group).size.desired;
    Progress {
        have: fleet::healthy_capacity(group, tg),
        want: want.of(capacity),
        reasons: fleet::reasons(group, tg),
    }
}

fn rule_at(estate: &Estate, port: u16, priority: Priority) -> Option<&Rule> {
    estate
        .listener(port)?
        .rules
        .iter()
        .find(|rule| rule.priority == priority)
}

fn agrees(estate: &Estate, expected: &Expected) -> bool {
    rule_at(estate, expected.port, expected.priority).is_some_and(|rule| {
        rule.action.same_effect(&expected.action)
            && expected.sticky.is_none_or(|sticky| rule.sticky == sticky)
    })
}
