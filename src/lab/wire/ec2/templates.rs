//! Launch templates and their versions.

use super::filters::{Filters, one};
use super::listing::{answer, passes, tag_new, tag_set};
use super::names::{LAUNCH_DATA, written};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::compute::TemplateRef;
use crate::lab::world::compute::templates::{LaunchTemplate, NewVersion, Version};

/// A call deletes no more versions.
const MOST_DELETED: usize = 200;

pub(super) fn create(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let name = input.need("LaunchTemplateName")?;
    let allowed = |character: char| character.is_ascii_alphanumeric() || "().-/_".contains(character);
    if !(3..=128).contains(&name.len()) || !name.chars().all(allowed) {
        let text = format!("The launch template name {name} must be 3 to 128 letters, digits, or ()./-_");
        return Err(Refused::new("InvalidLaunchTemplateName.MalformedException", text));
    }
    let id = world.create_template(name, new_version(input)?)?;
    tag_new(world, input, "launch-template", &id)?;
    one_template(world, &id)
}

pub(super) fn create_version(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let (id, number) = world.create_template_version(&named(input)?, new_version(input)?)?;
    let template = world.compute.templates.find(&TemplateRef {
        id,
        ..TemplateRef::default()
    })?;
    let version = template.version(&number.to_string())?;
    Ok(Tree::map().with(
        "launchTemplateVersion",
        described_version(world, template, version),
    ))
}

pub(super) fn modify(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let named = named(input)?;
    let id = match input.text("SetDefaultVersion") {
        Some(version) => world.set_default_version(&named, version)?,
        None => world.resolve_template(&named)?.id,
    };
    one_template(world, &id)
}

pub(super) fn delete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let template = world.delete_template(&named(input)?)?;
    Ok(Tree::map().with("launchTemplate", described(world, &template)))
}

pub(super) fn delete_versions(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let named = named(input)?;
    let versions = input.strings("LaunchTemplateVersion");
    if versions.is_empty() || versions.len() > MOST_DELETED {
        let text = format!(
            "1 to {MOST_DELETED} versions can be deleted at once, not {}",
            versions.len()
        );
        return Err(Refused::new("InvalidParameterValue", text));
    }
    let template = world.compute.templates.find(&named)?;
    let (id, name) = (template.id.clone(), template.name.clone());
    let (mut deleted, mut kept) = (Vec::new(), Vec::new());
    for version in versions {
        let outcome = world.delete_template_version(&named, &version);
        let number = outcome
            .as_ref()
            .ok()
            .copied()
            .or_else(|| version.parse().ok())
            .unwrap_or_default();
        let item = Tree::map()
            .with("launchTemplateId", Tree::from(id.as_str()))
            .with("launchTemplateName", Tree::from(name.as_str()))
            .with("versionNumber", Tree::Text(number.to_string()));
        match outcome {
            Ok(_) => deleted.push(item),
            Err(refused) => {
                let missing = refused.code.ends_with("VersionNotFound");
                let code = if missing {
                    "launchTemplateVersionDoesNotExist"
                } else {
                    "unexpectedError"
                };
                let error = Tree::map()
                    .with("code", Tree::from(code))
                    .with("message", Tree::Text(refused.message));
                kept.push(item.with("responseError", error));
            }
        }
    }
    Ok(Tree::map()
        .with("successfullyDeletedLaunchTemplateVersionSet", Tree::List(deleted))
        .with("unsuccessfullyDeletedLaunchTemplateVersionSet", Tree::List(kept)))
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let filters = Filters::of(input)?;
    let templates = &world.compute.templates;
    let ids = input
        .strings("LaunchTemplateId")
        .into_iter()
        .map(|id| TemplateRef {
            id,
            ..TemplateRef::default()
        });
    let names = input
        .strings("LaunchTemplateName")
        .into_iter()
        .map(|name| TemplateRef {
            name,
            ..TemplateRef::default()
        });
    let asked: Vec<TemplateRef> = ids.chain(names).collect();
    let chosen: Vec<&LaunchTemplate> = match asked.as_slice() {
        [] => templates.all().collect(),
        asked => asked
            .iter()
            .map(|named| templates.find(named))
            .collect::<Result<_, _>>()?,
    };
    let mut found = Vec::new();
    for template in chosen {
        let fact = |name: &str| match name {
            "launch-template-name" => one(template.name.as_str()),
            "create-time" => one(world.at(template.created).to_string()),
            _ => None,
        };
        if passes(world, &filters, &template.id, &fact)? {
            found.push(described(world, template));
        }
    }
    answer(input, "launchTemplates", found)
}

pub(super) fn describe_versions(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let (filters, asked) = (Filters::of(input)?, input.strings("LaunchTemplateVersion"));
    let templates = &world.compute.templates;
    let everywhere = input.text("LaunchTemplateId").is_none() && input.text("LaunchTemplateName").is_none();
    let chosen: Vec<(&LaunchTemplate, &Version)> = if everywhere {
        // Without a template, only each one's latest and default can be asked for.
        if asked.is_empty() || asked.iter().any(|version| !version.starts_with('$')) {
            let text = "Without a launch template only the versions $Latest and $Default can be described";
            return Err(Refused::new("MissingParameter", text));
        }
        let each = templates
            .all()
            .flat_map(|template| asked.iter().map(move |version| (template, version)));
        each.map(|(template, version)| Ok((template, template.version(version)?)))
            .collect::<Result<_, Refused>>()?
    } else {
        let template = templates.find(&named(input)?)?;
        if asked.is_empty() {
            let (least, most) = (bound(input, "MinVersion")?, bound(input, "MaxVersion")?);
            let within = template.versions.values().rev().filter(|version| {
                least.is_none_or(|least| least <= version.number)
                    && most.is_none_or(|most| version.number <= most)
            });
            within.map(|version| (template, version)).collect()
        } else {
            asked
                .iter()
                .map(|version| Ok((template, template.version(version)?)))
                .collect::<Result<_, Refused>>()?
        }
    };
    let mut found = Vec::new();
    for (template, version) in chosen {
        let fact = |name: &str| match name {
            "create-time" => one(world.at(version.created).to_string()),
            "is-default-version" => one((version.number == template.default).to_string()),
            "image-id" => Some(
                version
                    .data
                    .text("ImageId")
                    .map(str::to_owned)
                    .into_iter()
                    .collect(),
            ),
            "instance-type" => Some(
                version
                    .data
                    .text("InstanceType")
                    .map(str::to_owned)
                    .into_iter()
                    .collect(),
            ),
            _ => None,
        };
        if passes(world, &filters, &template.id, &fact)? {
            found.push(described_version(world, template, version));
        }
    }
    answer(input, "launchTemplateVersionSet", found)
}

fn bound(input: &Tree, name: &str) -> Result<Option<u64>, Refused> {
    let wrong = |_| Refused::new("InvalidParameterValue", format!("{name} is not a version number"));
    input
        .text(name)
        .map(|text| text.parse().map_err(wrong))
        .transpose()
}

/// The template that a call means, by id or by name.
pub(super) fn named(input: &Tree) -> Result<TemplateRef, Refused> {
    let text = |name: &str| input.text(name).unwrap_or_default().to_owned();
    let named = TemplateRef {
        id: text("LaunchTemplateId"),
        name: text("LaunchTemplateName"),
        version: String::new(),
    };
    if !named.id.is_empty() && !named.name.is_empty() {
        let text = "Either a launch template ID or a launch template name may be specified, not both.";
        return Err(Refused::new("InvalidParameterCombination", text));
    }
    Ok(named)
}

fn new_version(input: &Tree) -> Result<NewVersion, Refused> {
    let data = match input.get("LaunchTemplateData") {
        Some(data @ Tree::Map(_)) => data.clone(),
        // An empty structure is an empty text in a form.
        Some(Tree::Text(text)) if text.is_empty() => Tree::map(),
        None if input.text("SourceVersion").is_some() => Tree::map(),
        _ => {
            return Err(Refused::new(
                "MissingParameter",
                "The request must contain the parameter LaunchTemplateData",
            ));
        }
    };
    if let Some((unknown, _)) = data
        .members()
        .iter()
        .find(|(name, _)| !LAUNCH_DATA.contains(&name.as_str()))
    {
        let text = format!("The parameter LaunchTemplateData.{unknown} is not recognized");
        return Err(Refused::new("UnknownParameter", text));
    }
    let text = |name: &str| input.text(name).map(str::to_owned);
    Ok(NewVersion {
        description: text("VersionDescription"),
        data,
        source: text("SourceVersion"),
        token: text("ClientToken"),
    })
}

fn one_template(world: &World, id: &str) -> Result<Tree, Refused> {
    let template = world.compute.templates.find(&TemplateRef {
        id: id.to_owned(),
        ..TemplateRef::default()
    })?;
    Ok(Tree::map().with("launchTemplate", described(world, template)))
}

fn described(world: &World, template: &LaunchTemplate) -> Tree {
    Tree::map()
        .with("launchTemplateId", Tree::from(template.id.as_str()))
        .with("launchTemplateName", Tree::from(template.name.as_str()))
        .with("createTime", Tree::Time(world.at(template.created)))
        .with("createdBy", Tree::Text(creator(world)))
        .with("defaultVersionNumber", Tree::Text(template.default.to_string()))
        .with("latestVersionNumber", Tree::Text(template.latest().to_string()))
        .with("tagSet", tag_set(&world.tags_of(&template.id)))
}

fn described_version(world: &World, template: &LaunchTemplate, version: &Version) -> Tree {
    Tree::map()
        .with("launchTemplateId", Tree::from(template.id.as_str()))
        .with("launchTemplateName", Tree::from(template.name.as_str()))
        .with("versionNumber", Tree::Text(version.number.to_string()))
        .with("versionDescription", version.description.clone().map(Tree::Text))
        .with("createTime", Tree::Time(world.at(version.created)))
        .with("createdBy", Tree::Text(creator(world)))
        .with("defaultVersion", Tree::from(version.number == template.default))
        .with("launchTemplateData", written(&version.data))
}

fn creator(world: &World) -> String {
    format!("arn:aws:iam::{}:user/lab", world.settings.account)
}
