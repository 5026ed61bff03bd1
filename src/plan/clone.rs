//! The steps that make a generation in live's image.

use super::promote::Side;
use super::{Context, recreate, versions};
use crate::model::clone::{NEEDED, alarm_name};
use crate::model::estate::{AttachmentKind, Group, TargetGroup};
use crate::model::ids::{Generation, GroupName, Size, TargetGroupName};
use crate::model::obligation::{HELD_PROCESS, Obligation, owed};
use crate::model::policy::Capacity;
use crate::model::release::Release;
use crate::model::schema::Change;
use crate::model::step::{NewGroup, Pick, Step};
use crate::model::tags::{self, Tags};

/// Shown by the API, no longer accepted by it.
const DEPRECATED: &str = "RemoveFromLoadBalancerLowPriority";

/// A generation about to be made, and what it is made from.
pub(super) struct Clone<'a> {
    pub(super) generation: Generation,
    pub(super) group: GroupName,
    pub(super) target_group: TargetGroupName,
    pub(super) release: &'a Release,
    pub(super) original: &'a Group,
    pub(super) original_tg: &'a TargetGroup,
    pub(super) versions: Vec<Pick>,
    /// The group is there, and these steps free it. `None`: it is made.
    pub(super) freed: Option<Vec<Step>>,
}

impl Clone<'_> {
    pub(super) fn side(&self) -> Side {
        Side {
            generation: self.generation,
            group: self.group.clone(),
            target_group: self.target_group.clone(),
        }
    }

    /// What live has now, or what is configured; the minimum is raised to it until promotion.
    pub(super) fn size(&self, capacity: Capacity) -> Size {
        let wanted = match capacity {
            Capacity::SameAsLive => self.original.size,
            Capacity::Fixed(size) => size,
        };
        Size {
            min: wanted.desired.max(wanted.min),
            max: wanted.max.max(wanted.desired),
            desired: wanted.desired.max(wanted.min),
        }
    }

    /// The minimum it gets back when it is promoted.
    pub(super) fn minimum(&self, capacity: Capacity) -> u32 {
        match capacity {
            Capacity::Fixed(size) => size.min,
            Capacity::SameAsLive => owed(&self.original.tags)
                .iter()
                .find_map(|obligation| match obligation {
                    Obligation::Minimum { was } => Some(*was),
                    // It came back from being scaled down, and is not released yet.
                    Obligation::Size { was } => Some(was.min),
                    Obligation::Resume { .. } => None,
                })
                .unwrap_or(self.original.size.min),
        }
    }

    /// Processes suspended on the original by its owner, not by our own hold.
    pub(super) fn suspended(&self) -> Vec<String> {
        let ours: Vec<String> = owed(&self.original.tags)
            .into_iter()
            .filter_map(|obligation| match obligation {
                Obligation::Resume { processes } => Some(processes),
                _ => None,
            })
            .flatten()
            .collect();
        self.original
            .suspended
            .keys()
            .filter(|process| !ours.contains(process) && *process != DEPRECATED)
            .cloned()
            .collect()
    }

    fn own_tags(&self, app: &str) -> Tags {
        let mut all = self.release.tags.clone();
        all.extend([
            (tags::APP.to_owned(), app.to_owned()),
            (tags::GENERATION.to_owned(), self.generation.to_string()),
            (tags::RELEASE.to_owned(), tags::value(&self.release.name)),
            (tags::INPUTS.to_owned(), self.release.inputs.clone()),
        ]);
        let variant = self.release.variant.as_ref();
        all.extend(variant.map(|name| (tags::VARIANT.to_owned(), name.clone())));
        all
    }
}

pub(super) fn build(context: &Context<'_>, clone: &Clone<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = versions::build(context, clone.original, clone.release)
        .into_iter()
        .collect();
    let app = &context.estate.app;
    let mut target_group_tags: Tags = unreserved(&clone.original_tg.tags);
    target_group_tags.extend(clone.own_tags(app));
    // It must be known for as long as anything stands, and live may be retired one day.
    if let Some(contracted) = Change::Contracted.up_to(context.estate) {
        target_group_tags.insert(tags::CONTRACTED.to_owned(), contracted.to_string());
    }
    steps.push(Step::CreateTargetGroup {
        target_group: clone.target_group.clone(),
        copy_of: clone.original_tg.name.clone(),
        tags: target_group_tags,
    });
    if !clone.original_tg.attributes.is_empty() {
        steps.push(Step::SetTargetGroupAttributes {
            target_group: clone.target_group.clone(),
            attributes: clone.original_tg.attributes.clone(),
        });
    }
    // Nobody is given up before all that can fail without it.
    steps.extend(clone.freed.iter().flatten().cloned());
    steps.push(Step::OpenStaging {
        target_group: clone.target_group.clone(),
    });
    let new = Box::new(new_group(context, clone));
    let mut processes: Vec<String> = clone
        .suspended()
        .into_iter()
        .filter(|process| !NEEDED.contains(&process.as_str()))
        .collect();
    if !processes.iter().any(|process| process == HELD_PROCESS) {
        processes.push(HELD_PROCESS.into());
    }
    let suspend = Step::SuspendProcesses {
        group: clone.group.clone(),
        processes,
    };
    steps.extend(match clone.freed {
        None => [Step::CreateGroup(new), suspend],
        // It has schedules of its own already.
        Some(_) => [suspend, Step::ReuseGroup(new)],
    });
    steps.extend(attachments(clone));
    steps
}

fn new_group(context: &Context<'_>, clone: &Clone<'_>) -> NewGroup {
    let capacity = context.policy.capacity;
    let mut size = clone.size(capacity);
    let mut own = clone.own_tags(&context.estate.app);
    // Owed from birth: what the hold adds must be known before the group is.
    let minimum = clone.minimum(capacity);
    if recreate::is_meant(context) {
        // It must not run beside live, and is given its size when live has gone.
        let was = Size { min: minimum, ..size };
        own.extend([Obligation::Size { was }.tag()]);
        size = Size {
            min: 0,
            max: 0,
            desired: 0,
        };
    } else if minimum < size.min {
        let (key, value) = Obligation::Minimum { was: minimum }.tag();
        own.insert(key, value);
    }
    if !clone.suspended().iter().any(|process| process == HELD_PROCESS) {
        let (key, value) = Obligation::Resume {
            processes: vec![HELD_PROCESS.into()],
        }
        .tag();
        own.insert(key, value);
    }
    NewGroup {
        group: clone.group.clone(),
        copy_of: clone.original.name.clone(),
        target_group: clone.target_group.clone(),
        instead_of: clone.original_tg.name.clone(),
        generation: clone.generation,
        release: clone.release.name.clone(),
        size,
        versions: clone.versions.clone(),
        tags: own,
        settings: clone.original.settings.clone(),
        hooks: clone
            .original
            .attachments
            .iter()
            .filter(|attachment| attachment.kind == AttachmentKind::Hook)
            .map(|attachment| attachment.name.clone())
            .collect(),
    }
}

fn attachments(clone: &Clone<'_>) -> Vec<Step> {
    // Hooks come with the group; the step is there for when they did not.
    AttachmentKind::ALL
        .into_iter()
        .filter_map(|kind| {
            let names: Vec<String> = clone
                .original
                .attachments
                .iter()
                .filter(|attachment| attachment.kind == kind && attachment.stays.is_none())
                .map(|attachment| match kind {
                    AttachmentKind::Alarm => alarm_name(
                        &attachment.name,
                        clone.original.name.as_str(),
                        clone.group.as_str(),
                    ),
                    _ => attachment.name.clone(),
                })
                .collect();
            (!names.is_empty()).then(|| Step::Attach {
                group: clone.group.clone(),
                copy_of: clone.original.name.clone(),
                kind,
                names,
                target_group: clone.target_group.clone(),
                instead_of: clone.original_tg.name.clone(),
            })
        })
        .collect()
}

fn unreserved(tags: &Tags) -> Tags {
    tags.iter()
        .filter(|(key, _)| !key.starts_with("aws:") && !key.starts_with("swingbridge:"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
