//! Launch templates: numbered versions of launch data, each whole, made from an earlier one or from nothing.

use std::collections::BTreeMap;

use super::TemplateRef;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::time::Moment;

/// The members' names in a version's data are those of the query API (`BlockDeviceMapping`, not `BlockDeviceMappings`).
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Version {
    pub(in crate::lab) number: u64,
    pub(in crate::lab) description: Option<String>,
    pub(in crate::lab) created: Moment,
    pub(in crate::lab) data: Tree,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct LaunchTemplate {
    pub(in crate::lab) id: String,
    pub(in crate::lab) name: String,
    pub(in crate::lab) created: Moment,
    pub(in crate::lab) default: u64,
    /// The highest number ever given; it is not given again when its version is deleted.
    pub(in crate::lab) newest: u64,
    pub(in crate::lab) versions: BTreeMap<u64, Version>,
}

impl LaunchTemplate {
    /// What `$Latest` means now.
    pub(in crate::lab) fn latest(&self) -> u64 {
        self.versions.keys().next_back().copied().unwrap_or(self.newest)
    }

    /// The version that a text names; none is `$Default`.
    pub(in crate::lab) fn version(&self, named: &str) -> Result<&Version, Refused> {
        let number = match named {
            "" | "$Default" => self.default,
            "$Latest" => self.latest(),
            number => number.parse().map_err(|_| {
                let text = format!("'{number}' is not a version: a number, $Latest or $Default is wanted");
                Refused::new("InvalidLaunchTemplateId.VersionNotFound", text)
            })?,
        };
        self.versions.get(&number).ok_or_else(|| {
            let text = format!(
                "Could not find the specified version {number} for the launch template with ID {}.",
                self.id
            );
            Refused::new("InvalidLaunchTemplateId.VersionNotFound", text)
        })
    }
}

/// What is asked for when a template or a version of one is made.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct NewVersion {
    pub(in crate::lab) description: Option<String>,
    pub(in crate::lab) data: Tree,
    pub(in crate::lab) source: Option<String>,
    pub(in crate::lab) token: Option<String>,
}

/// What a client token was first used for, and what came of it.
#[derive(Clone, Debug)]
struct Made {
    asked: (TemplateRef, NewVersion),
    template: String,
    number: u64,
}

#[derive(Clone, Debug, Default)]
pub(in crate::lab) struct Templates {
    by_id: BTreeMap<String, LaunchTemplate>,
    tokens: BTreeMap<String, Made>,
}

impl Templates {
    pub(in crate::lab) fn has(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    pub(in crate::lab) fn all(&self) -> impl Iterator<Item = &LaunchTemplate> {
        self.by_id.values()
    }

    /// The template that an id or a name means; the id wins.
    pub(in crate::lab) fn find(&self, named: &TemplateRef) -> Result<&LaunchTemplate, Refused> {
        if !named.id.is_empty() {
            return self.by_id.get(&named.id).ok_or_else(|| {
                let text = format!(
                    "The specified launch template, with template ID {}, does not exist.",
                    named.id
                );
                Refused::new("InvalidLaunchTemplateId.NotFound", text)
            });
        }
        if named.name.is_empty() {
            let text =
                "Either a launch template ID or a launch template name must be specified in the request.";
            return Err(Refused::new("MissingParameter", text));
        }
        self.by_id
            .values()
            .find(|template| template.name == named.name)
            .ok_or_else(|| {
                let text = format!(
                    "The specified launch template, with template name {}, does not exist.",
                    named.name
                );
                Refused::new("InvalidLaunchTemplateName.NotFoundException", text)
            })
    }

    /// What the same token made before; an error if it was used for something else.
    fn made_before(&self, asked: &(TemplateRef, NewVersion)) -> Result<Option<(String, u64)>, Refused> {
        let Some(token) = &asked.1.token else {
            return Ok(None);
        };
        match self.tokens.get(token) {
            None => Ok(None),
            Some(made) if made.asked == *asked => Ok(Some((made.template.clone(), made.number))),
            Some(_) => {
                let text = format!("The client token {token} was used before, with other parameters");
                Err(Refused::new("IdempotentParameterMismatch", text))
            }
        }
    }

    fn remember(&mut self, asked: (TemplateRef, NewVersion), template: &str, number: u64) {
        if let Some(token) = asked.1.token.clone() {
            self.tokens.insert(
                token,
                Made {
                    asked,
                    template: template.to_owned(),
                    number,
                },
            );
        }
    }
}

impl World {
    /// Makes a template with its version 1, and says its id.
    pub(in crate::lab) fn create_template(&mut self, name: &str, new: NewVersion) -> Result<String, Refused> {
        let asked = (
            TemplateRef {
                name: name.to_owned(),
                ..TemplateRef::default()
            },
            new,
        );
        if let Some((id, _)) = self.compute.templates.made_before(&asked)? {
            return Ok(id);
        }
        if self.compute.templates.all().any(|template| template.name == name) {
            let text = format!("Launch template name already in use: {name}.");
            return Err(Refused::new(
                "InvalidLaunchTemplateName.AlreadyExistsException",
                text,
            ));
        }
        self.believe_image_of(&asked.1.data);
        let id = self.ids.resource("lt");
        let version = Version {
            number: 1,
            description: asked.1.description.clone(),
            created: self.now,
            data: asked.1.data.clone(),
        };
        let template = LaunchTemplate {
            id: id.clone(),
            name: name.to_owned(),
            created: self.now,
            default: 1,
            newest: 1,
            versions: BTreeMap::from([(1, version)]),
        };
        self.compute.templates.by_id.insert(id.clone(), template);
        self.compute.templates.remember(asked, &id, 1);
        Ok(id)
    }

    /// Makes a further version, and says the template's id and the number.
    pub(in crate::lab) fn create_template_version(
        &mut self,
        named: &TemplateRef,
        new: NewVersion,
    ) -> Result<(String, u64), Refused> {
        let asked = (named.clone(), new);
        if let Some(made) = self.compute.templates.made_before(&asked)? {
            return Ok(made);
        }
        let template = self.compute.templates.find(named)?;
        let (id, number) = (template.id.clone(), template.newest + 1);
        let data = match &asked.1.source {
            Some(source) => merged(&template.version(source)?.data, &asked.1.data),
            None => asked.1.data.clone(),
        };
        self.believe_image_of(&data);
        let version = Version {
            number,
            description: asked.1.description.clone(),
            created: self.now,
            data,
        };
        if let Some(template) = self.compute.templates.by_id.get_mut(&id) {
            template.newest = number;
            template.versions.insert(number, version);
        }
        self.compute.templates.remember(asked, &id, number);
        Ok((id, number))
    }

    /// Makes a version the default.
    pub(in crate::lab) fn set_default_version(
        &mut self,
        named: &TemplateRef,
        version: &str,
    ) -> Result<String, Refused> {
        let template = self.compute.templates.find(named)?;
        let (id, number) = (template.id.clone(), template.version(version)?.number);
        if let Some(template) = self.compute.templates.by_id.get_mut(&id) {
            template.default = number;
        }
        Ok(id)
    }

    pub(in crate::lab) fn delete_template(&mut self, named: &TemplateRef) -> Result<LaunchTemplate, Refused> {
        let template = self.compute.templates.find(named)?.clone();
        self.compute.templates.by_id.remove(&template.id);
        self.compute.tags.remove(&template.id);
        Ok(template)
    }

    /// Deletes one version of a template; never the default.
    pub(in crate::lab) fn delete_template_version(
        &mut self,
        named: &TemplateRef,
        version: &str,
    ) -> Result<u64, Refused> {
        let template = self.compute.templates.find(named)?;
        let (id, number) = (template.id.clone(), template.version(version)?.number);
        if number == template.default {
            let text = format!("Cannot delete default version {number} of the launch template with ID {id}.");
            return Err(Refused::new("InvalidParameterValue", text));
        }
        if let Some(template) = self.compute.templates.by_id.get_mut(&id) {
            template.versions.remove(&number);
        }
        Ok(number)
    }

    /// The template and number that a reference means now. Fails with AWS's errors.
    pub(in crate::lab) fn resolve_template(&self, template: &TemplateRef) -> Result<TemplateRef, Refused> {
        let found = self.compute.templates.find(template)?;
        let number = found.version(&template.version)?.number;
        Ok(TemplateRef {
            id: found.id.clone(),
            name: found.name.clone(),
            version: number.to_string(),
        })
    }

    /// A version's data, under the query API's names (`ImageId`, `InstanceType`, `UserData` in base64, `TagSpecification`…).
    pub(in crate::lab) fn template_data(&self, template: &TemplateRef) -> Result<Tree, Refused> {
        Ok(self
            .compute
            .templates
            .find(template)?
            .version(&template.version)?
            .data
            .clone())
    }

    fn believe_image_of(&mut self, data: &Tree) {
        if let Some(image) = data.text("ImageId") {
            self.believe_image(image);
        }
    }
}

/// What a version has whose data was given on top of a source's: whole members are replaced, never parts of them.
fn merged(source: &Tree, given: &Tree) -> Tree {
    let inherited = source
        .members()
        .iter()
        .filter(|(name, _)| given.get(name).is_none());
    let inherited = inherited.map(|(name, value)| match name.as_str() {
        "BlockDeviceMapping" => (name.clone(), without_snapshots(value)),
        _ => (name.clone(), value.clone()),
    });
    Tree::Map(inherited.chain(given.members().iter().cloned()).collect())
}

/// Snapshots belong to an image, so a new version that may have another image does not inherit them.
fn without_snapshots(tree: &Tree) -> Tree {
    match tree {
        Tree::List(items) => Tree::list(items.iter().map(without_snapshots)),
        Tree::Map(members) => {
            let kept = members.iter().filter(|(name, _)| name != "SnapshotId");
            Tree::Map(
                kept.map(|(name, value)| (name.clone(), without_snapshots(value)))
                    .collect(),
            )
        }
        leaf => leaf.clone(),
    }
}
