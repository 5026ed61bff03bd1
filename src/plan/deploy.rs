//! Deploy: build the next generation beside live, wait until it is healthy, open its door.

use super::promote::{self, Side};
use super::{Context, Draft, Drafted, carried, preflight, swing};
use crate::model::clone::alarm_name;
use crate::model::estate::{AttachmentKind, Group, Launch, Part, TargetGroup};
use crate::model::ids::{Generation, GroupName, Size, TargetGroupName};
use crate::model::obligation::{HELD_PROCESS, Obligation, owed};
use crate::model::plan::Note;
use crate::model::policy::{Capacity, Strategy};
use crate::model::refusal::Reason;
use crate::model::release::{Release, Source};
use crate::model::roles::State;
use crate::model::step::{NewGroup, Pick, PickedVersion, Pinned, Step};
use crate::model::tags::{self, Tags};

/// Processes without which a clone's targets would never register.
const NEEDED: [&str; 2] = ["AddToLoadBalancer", "Launch"];
/// Shown by the API, no longer accepted by it.
const DEPRECATED: &str = "RemoveFromLoadBalancerLowPriority";

pub(super) fn draft(context: &Context<'_>, release: &Release) -> Drafted {
    let roles = &context.roles;
    let same =
        |other: &crate::model::roles::Standing| other.release.as_deref() == Some(release.name.as_str());
    let same_inputs =
        |other: &crate::model::roles::Standing| other.inputs.as_deref() == Some(release.inputs.as_str());
    if same(&roles.live) && same_inputs(&roles.live) && roles.candidate.is_none() {
        // A direct deploy may have been interrupted after it swung: finish what is left.
        let mut rest = promote::finish(context)?;
        rest.summary = format!(
            "release {} is live already, as generation {}",
            release.name, roles.live.generation
        );
        return Ok(rest);
    }
    let generation = match &roles.candidate {
        None => next_free(context),
        Some(candidate) if same(candidate) && same_inputs(candidate) => candidate.generation,
        Some(candidate) if same(candidate) => {
            return Err(vec![Reason::SameLabelOtherInputs {
                release: release.name.clone(),
                generation: candidate.generation,
            }]);
        }
        Some(candidate) => {
            return Err(vec![Reason::CandidateExists {
                generation: candidate.generation,
                release: candidate.release.clone().unwrap_or_else(|| "unnamed".into()),
            }]);
        }
    };
    let live = preflight::group_of(context, &roles.live)?;
    let live_tg = live_target_group(context)?;
    let names = names(context, generation)?;
    let mut reasons = Vec::new();
    if context.estate.group(&names.0).is_none() {
        preflight::cloneable(context, live, &mut reasons);
    }
    let versions = match versions(context, live, release) {
        Ok(versions) => Some(versions),
        Err(more) => {
            reasons.extend(more);
            None
        }
    };
    let (Some(versions), true) = (versions, reasons.is_empty()) else {
        return Err(reasons);
    };

    let clone = Clone {
        generation,
        group: names.0,
        target_group: names.1,
        release,
        original: live,
        original_tg: live_tg,
        versions,
    };
    let mut steps = before(context, &clone);
    steps.extend(build(context, &clone));
    let side = Side {
        generation,
        group: clone.group.clone(),
        target_group: clone.target_group.clone(),
    };
    steps.push(promote::await_healthy(context, &side, &live.name));
    steps.extend(open(context, &clone));
    let summary = match context.policy.strategy {
        Strategy::Preview => format!(
            "deploy release {} as generation {generation} beside live generation {}; production stays",
            release.name, roles.live.generation
        ),
        Strategy::Direct => {
            let from = Side::of(&roles.live).ok_or_else(|| vec![Reason::NoPrevious])?;
            steps.extend(promote::steps(context, &side, &from)?);
            format!(
                "deploy release {} as generation {generation} and swing production to it from generation {}",
                release.name, roles.live.generation
            )
        }
    };
    Ok(Draft {
        summary,
        carried: carried::list(context, &clone),
        notes: notes(context, &clone),
        steps,
    })
}

/// A generation about to be made, and what it is made from.
pub(super) struct Clone<'a> {
    pub(super) generation: Generation,
    pub(super) group: GroupName,
    pub(super) target_group: TargetGroupName,
    pub(super) release: &'a Release,
    pub(super) original: &'a Group,
    pub(super) original_tg: &'a TargetGroup,
    pub(super) versions: Vec<Pick>,
}

impl Clone<'_> {
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
                    _ => None,
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
        all
    }
}

fn live_target_group<'a>(context: &'a Context<'_>) -> Result<&'a TargetGroup, Vec<Reason>> {
    context
        .roles
        .live
        .target_group
        .as_ref()
        .and_then(|name| context.estate.target_group(name))
        .ok_or_else(|| {
            vec![Reason::NoSuchGeneration {
                generation: context.roles.live.generation,
            }]
        })
}

/// One more than the highest number in use, over every name in the region.
fn next_free(context: &Context<'_>) -> Generation {
    let names = &context.policy.names;
    let taken = &context.estate.taken;
    let roles = &context.roles;
    taken
        .target_groups
        .iter()
        .filter_map(|name| names.target_group.number_of(name.as_str()))
        .chain(
            taken
                .groups
                .iter()
                .filter_map(|name| names.group.number_of(name.as_str())),
        )
        .chain(std::iter::once(roles.live.generation))
        .chain(
            roles
                .others
                .iter()
                .chain(&roles.previous)
                .map(|other| other.generation),
        )
        .max()
        .unwrap_or(Generation(0))
        .next()
}

/// What the next generation would be called.
pub(super) fn next_names(context: &Context<'_>) -> Result<(GroupName, TargetGroupName), Vec<Reason>> {
    names(context, next_free(context))
}

fn names(context: &Context<'_>, generation: Generation) -> Result<(GroupName, TargetGroupName), Vec<Reason>> {
    let names = &context.policy.names;
    let group = names.group.name(generation);
    let target_group = names.target_group.name(generation);
    let mut reasons = Vec::new();
    if target_group.len() > 32 {
        reasons.push(Reason::BadName {
            name: target_group.clone(),
            why: "a target group's name has at most 32 characters".into(),
        });
    }
    if group.len() > 255 {
        reasons.push(Reason::BadName {
            name: group.clone(),
            why: "a group's name has at most 255 characters".into(),
        });
    }
    let (group, target_group) = (GroupName::new(group), TargetGroupName::new(target_group));
    let estate = context.estate;
    let foreign_group = estate
        .group(&group)
        .map_or(estate.taken.groups.contains(&group), |found| {
            !tags::owned_by(&found.tags, &estate.app)
        });
    let foreign_target_group = estate
        .target_group(&target_group)
        .map_or(estate.taken.target_groups.contains(&target_group), |found| {
            !tags::owned_by(&found.tags, &estate.app)
        });
    for (taken, name) in [
        (foreign_group, group.to_string()),
        (foreign_target_group, target_group.to_string()),
    ] {
        if taken {
            reasons.push(Reason::NameTaken { name });
        }
    }
    if reasons.is_empty() {
        Ok((group, target_group))
    } else {
        Err(reasons)
    }
}

/// The number each of live's templates means now; `None` when it cannot be known.
fn pins(context: &Context<'_>, live: &Group) -> Vec<Pinned> {
    live.launch
        .uses()
        .iter()
        .filter(|used| used.pinned().is_none())
        .filter_map(|used| {
            Some(Pinned {
                template: used.template.clone(),
                from: used.version.clone(),
                to: context.estate.template(&used.template)?.resolve(&used.version)?,
            })
        })
        .collect()
}

fn versions(context: &Context<'_>, live: &Group, release: &Release) -> Result<Vec<Pick>, Vec<Reason>> {
    let Launch::Template { uses, .. } = &live.launch else {
        return Ok(Vec::new());
    };
    let Some(base) = uses.first() else {
        return Ok(Vec::new());
    };
    let mut reasons = Vec::new();
    let chosen = match &release.source {
        Source::Version { number } => {
            match context.estate.template(&base.template) {
                Some(template) if !template.may_have(*number) => reasons.push(Reason::NoSuchVersion {
                    template: template.name.clone(),
                    number: *number,
                }),
                _ => {}
            }
            PickedVersion::Number(*number)
        }
        Source::Build { image, .. } => {
            if uses.iter().any(|used| used.template != base.template) {
                reasons.push(Reason::SeveralTemplates {
                    group: live.name.clone(),
                });
            }
            if let Some(image) = image {
                preflight::unseen(context.estate, Part::Image, &mut reasons);
                let why = match &context.estate.image {
                    Some(found) if found.state == "available" => None,
                    Some(found) => Some(format!("is {}", found.state)),
                    None => Some("does not exist here".into()),
                };
                if let (Some(why), None) = (why, context.estate.gap(Part::Image)) {
                    reasons.push(Reason::NoSuchImage {
                        image: image.clone(),
                        why,
                    });
                }
            }
            PickedVersion::Described(release.version_description(&context.estate.app))
        }
    };
    let mut picks: Vec<Pick> = Vec::new();
    for used in uses {
        if picks.iter().any(|pick| pick.template == used.template) {
            continue;
        }
        let version = if used.template == base.template {
            chosen.clone()
        } else {
            match context
                .estate
                .template(&used.template)
                .and_then(|template| template.resolve(&used.version))
            {
                Some(number) => PickedVersion::Number(number),
                None => continue,
            }
        };
        picks.push(Pick {
            template: used.template.clone(),
            version,
        });
    }
    if reasons.is_empty() {
        Ok(picks)
    } else {
        Err(reasons)
    }
}

/// What live needs before anything else is made: our tags, and a pinned version.
fn before(context: &Context<'_>, clone: &Clone<'_>) -> Vec<Step> {
    let mut steps = vec![Step::Adopt {
        generation: context.roles.live.generation,
        group: clone.original.name.clone(),
        target_group: clone.original_tg.name.clone(),
    }];
    let pins = pins(context, clone.original);
    if !pins.is_empty() {
        steps.push(Step::Pin {
            group: clone.original.name.clone(),
            versions: pins,
        });
    }
    steps
}

fn build(context: &Context<'_>, clone: &Clone<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    if let (Source::Build { .. }, Some(base)) = (&clone.release.source, clone.original.launch.uses().first())
    {
        let template = context.estate.template(&base.template);
        steps.push(Step::BuildTemplateVersion {
            template: base.template.clone(),
            template_name: base.name.clone(),
            source: template
                .and_then(|template| template.resolve(&base.version))
                .unwrap_or(1),
            release: clone.release.clone(),
            root_device: context
                .estate
                .image
                .as_ref()
                .and_then(|image| image.root_device.clone()),
        });
    }
    let app = &context.estate.app;
    let mut target_group_tags: Tags = unreserved(&clone.original_tg.tags);
    target_group_tags.extend(clone.own_tags(app));
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
    steps.push(Step::OpenStaging {
        target_group: clone.target_group.clone(),
    });
    steps.push(Step::CreateGroup(Box::new(new_group(context, clone))));
    let mut processes: Vec<String> = clone
        .suspended()
        .into_iter()
        .filter(|process| !NEEDED.contains(&process.as_str()))
        .collect();
    if !processes.iter().any(|process| process == HELD_PROCESS) {
        processes.push(HELD_PROCESS.into());
    }
    steps.push(Step::SuspendProcesses {
        group: clone.group.clone(),
        processes,
    });
    steps.extend(attachments(clone));
    steps
}

fn new_group(context: &Context<'_>, clone: &Clone<'_>) -> NewGroup {
    let capacity = context.policy.capacity;
    let size = clone.size(capacity);
    let mut own = clone.own_tags(&context.estate.app);
    // Owed from birth: what the hold adds must be known before the group is.
    let minimum = clone.minimum(capacity);
    if minimum < size.min {
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
    // Hooks come with the group; the step is there for when they did not. Alarms after the policies
    // that they drive.
    [
        AttachmentKind::Hook,
        AttachmentKind::Policy,
        AttachmentKind::Alarm,
        AttachmentKind::Schedule,
        AttachmentKind::Notification,
        AttachmentKind::Metrics,
        AttachmentKind::WarmPool,
    ]
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

/// Opens the green door (or, without doors, the entrance), and writes down that the candidate is ready.
fn open(context: &Context<'_>, clone: &Clone<'_>) -> Vec<Step> {
    let candidate = &clone.target_group;
    // Once promotion has begun it is past being ready: opening its door again would be a step back.
    let promoting = context
        .roles
        .candidate
        .as_ref()
        .is_some_and(|candidate| candidate.state == State::Promoting);
    if promoting {
        return Vec::new();
    }
    let ready = Step::Mark {
        generation: clone.generation,
        target_group: candidate.clone(),
        state: State::Ready,
        previous: None,
    };
    if context.policy.strategy == Strategy::Direct {
        return vec![ready];
    }
    let mut steps = swing::blue(context, &clone.original_tg.name);
    steps.extend(swing::green(context, candidate));
    if context.policy.doors.is_none() {
        let previous = context
            .roles
            .previous
            .as_ref()
            .and_then(|previous| swing::waits_for_return(context, previous.target_group.as_ref()));
        let waiting: Vec<TargetGroupName> = std::iter::once(candidate.clone()).chain(previous).collect();
        steps.extend(swing::entrance(context, &waiting));
    }
    let confirm = swing::confirm(context, &steps);
    steps.push(confirm);
    steps.push(ready);
    steps
}

fn unreserved(tags: &Tags) -> Tags {
    tags.iter()
        .filter(|(key, _)| !key.starts_with("aws:") && !key.starts_with("swingbridge:"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn notes(context: &Context<'_>, clone: &Clone<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    let original = clone.original;
    let setting = |key: &str| original.settings.get(key).map(String::as_str);
    if setting("HealthCheckType").is_some_and(|kind| kind.contains("ELB"))
        && matches!(setting("HealthCheckGracePeriod"), None | Some("0"))
    {
        notes.push(Note::risk(format!(
            "{} has load balancer health checks and no grace period: the clone's instances are replaced until they boot faster than the first check; set a grace period",
            original.name
        )));
    }
    for pin in pins(context, original) {
        notes.push(Note::info(format!(
            "{} followed {} of {}; it is pinned to version {} so that this release cannot leak into live",
            original.name, pin.from, pin.template, pin.to
        )));
    }
    for process in clone
        .suspended()
        .iter()
        .filter(|process| NEEDED.contains(&process.as_str()))
    {
        notes.push(Note::risk(format!(
            "{process} is suspended on {}; it is not on the clone, whose targets could not register without it",
            original.name
        )));
    }
    let slow_start = clone
        .original_tg
        .attributes
        .get("slow_start.duration_seconds")
        .filter(|value| *value != "0");
    if let Some(seconds) = slow_start {
        notes.push(Note::risk(format!(
            "slow start ({seconds} s) does not protect a generation that starts empty: at promotion it takes full load at once"
        )));
    }
    if clone
        .original_tg
        .attributes
        .get("stickiness.enabled")
        .map(String::as_str)
        == Some("true")
    {
        notes.push(Note::risk(
            "target stickiness is on: clients are bound to single instances and are rebalanced when production swings",
        ));
    }
    if let Capacity::Fixed(size) = context.policy.capacity
        && size.desired < original.size.desired
    {
        notes.push(Note::info(format!(
            "the candidate starts with {} instances, live has {}; promotion brings it up to live's capacity first",
            size.desired, original.size.desired
        )));
    }
    for attachment in original
        .attachments
        .iter()
        .filter(|attachment| attachment.stays.is_some())
    {
        notes.push(Note::info(format!(
            "{} is not copied: {}",
            attachment.name,
            attachment.stays.as_deref().unwrap_or_default()
        )));
    }
    if context.roles.live.previous.is_none() && !context.roles.live.ours {
        notes.push(Note::info(format!(
            "generation {} was there before: its group, target group and doors get ownership tags",
            context.roles.live.generation
        )));
    }
    notes
}
