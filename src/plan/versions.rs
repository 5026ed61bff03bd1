//! Which launch template versions live has and a release wants, by number.

use super::{Context, preflight};
use crate::model::estate::{Group, Launch, Part};
use crate::model::refusal::Reason;
use crate::model::release::{Release, Source};
use crate::model::step::{Pick, PickedVersion, Pinned, Step};

/// The number each of live's templates means now; `None` when it cannot be known.
pub(super) fn pins(context: &Context<'_>, live: &Group) -> Vec<Pinned> {
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

/// The version that a release is, made from what live starts from now; nothing where it exists already.
pub(super) fn build(context: &Context<'_>, live: &Group, release: &Release) -> Option<Step> {
    let (Source::Build { .. }, Some(base)) = (&release.source, live.launch.uses().first()) else {
        return None;
    };
    let template = context.estate.template(&base.template);
    let image = context.estate.image.as_ref();
    Some(Step::BuildTemplateVersion {
        template: base.template.clone(),
        template_name: base.name.clone(),
        source: template
            .and_then(|template| template.resolve(&base.version))
            .unwrap_or(1),
        release: release.clone(),
        root_device: image.and_then(|image| image.root_device.clone()),
    })
}

pub(super) fn versions(
    context: &Context<'_>,
    live: &Group,
    release: &Release,
) -> Result<Vec<Pick>, Vec<Reason>> {
    let Launch::Template { uses, own_images, .. } = &live.launch else {
        return Ok(Vec::new());
    };
    let Some(base) = uses.first() else {
        return Ok(Vec::new());
    };
    let mut reasons = Vec::new();
    if *own_images {
        reasons.push(Reason::OwnImages {
            group: live.name.clone(),
        });
    }
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
