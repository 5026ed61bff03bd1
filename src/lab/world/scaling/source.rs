//! What a group's instances are launched from.

use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::compute::TemplateRef;

/// A launch template, or a mixed instances policy around one.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// With the version as it was given.
    pub template: TemplateRef,
    /// The policy as it is described, when there is one.
    pub mixed: Option<Tree>,
    pub(super) instance_type: Option<String>,
    pub(super) image: Option<String>,
}

/// A template specification as the API writes it.
pub fn describe_template(template: &TemplateRef) -> Tree {
    Tree::map()
        .with("LaunchTemplateId", Tree::from(template.id.as_str()))
        .with("LaunchTemplateName", Tree::from(template.name.as_str()))
        .with("Version", Tree::from(template.version.as_str()))
}

impl World {
    /// Reads `LaunchTemplate` or `MixedInstancesPolicy` of an input; nothing when it has neither.
    pub fn read_source(&self, input: &Tree) -> Result<Option<Source>, Refused> {
        for (name, why) in [
            (
                "LaunchConfigurationName",
                "there are no launch configurations here: use a launch template",
            ),
            (
                "InstanceId",
                "a group from an instance would need a launch configuration, which do not exist here",
            ),
        ] {
            if let Some(given) = input.text(name).filter(|given| !given.is_empty()) {
                return Err(Refused::invalid(format!("{name} {given}: {why}")));
            }
        }
        match (input.get("LaunchTemplate"), input.get("MixedInstancesPolicy")) {
            (Some(_), Some(_)) => Err(Refused::invalid(
                "Valid requests must contain either LaunchTemplate or MixedInstancesPolicy, not both.",
            )),
            (Some(template), None) => {
                let template = self.read_template(template)?;
                Ok(Some(Source {
                    template,
                    mixed: None,
                    instance_type: None,
                    image: None,
                }))
            }
            (None, Some(policy)) => self.read_mixed(policy).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn read_template(&self, given: &Tree) -> Result<TemplateRef, Refused> {
        let id = given.text("LaunchTemplateId").unwrap_or_default().to_owned();
        let name = given.text("LaunchTemplateName").unwrap_or_default().to_owned();
        if id.is_empty() == name.is_empty() {
            return Err(Refused::invalid(
                "Valid requests must contain either launchTemplateId or LaunchTemplateName, not both and not neither",
            ));
        }
        let version = given
            .text("Version")
            .filter(|version| !version.is_empty())
            .unwrap_or("$Default")
            .to_owned();
        let found = self
            .resolve_template(&TemplateRef {
                id,
                name,
                version: version.clone(),
            })
            .map_err(|refused| Refused::invalid(refused.message))?;
        Ok(TemplateRef { version, ..found })
    }

    fn read_mixed(&self, policy: &Tree) -> Result<Source, Refused> {
        let launch = policy
            .get("LaunchTemplate")
            .ok_or_else(|| Refused::missing("MixedInstancesPolicy.LaunchTemplate"))?;
        let base = launch.get("LaunchTemplateSpecification").ok_or_else(|| {
            Refused::missing("MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification")
        })?;
        let base = self.read_template(base)?;
        let mut overrides = Vec::new();
        for given in launch.items("Overrides") {
            let mut described = Tree::map();
            for (name, value) in given.members() {
                let value = match name.as_str() {
                    "LaunchTemplateSpecification" => describe_template(&self.read_template(value)?),
                    _ => value.clone(),
                };
                described = described.with(name, value);
            }
            overrides.push(described);
        }
        // The lab launches the first override only: it has no capacity to run out of, and no prices to compare.
        let first = overrides.first();
        let template = match first.and_then(|first| first.get("LaunchTemplateSpecification")) {
            Some(own) => TemplateRef {
                id: own.text("LaunchTemplateId").unwrap_or_default().to_owned(),
                name: own.text("LaunchTemplateName").unwrap_or_default().to_owned(),
                version: own.text("Version").unwrap_or_default().to_owned(),
            },
            None => base.clone(),
        };
        let of_first = |name| first.and_then(|first| first.text(name)).map(str::to_owned);
        let (instance_type, image) = (of_first("InstanceType"), of_first("ImageId"));
        let launch = Tree::map()
            .with("LaunchTemplateSpecification", describe_template(&base))
            .with("Overrides", Tree::List(overrides));
        let described = Tree::map().with("LaunchTemplate", launch).with(
            "InstancesDistribution",
            distribution(policy.get("InstancesDistribution")),
        );
        Ok(Source {
            template,
            mixed: Some(described),
            instance_type,
            image,
        })
    }
}

/// The distribution with the defaults that AWS describes.
fn distribution(given: Option<&Tree>) -> Tree {
    let mut distribution = given.cloned().unwrap_or_else(Tree::map);
    for (name, default) in [
        ("OnDemandAllocationStrategy", Tree::from("prioritized")),
        ("OnDemandBaseCapacity", Tree::Whole(0)),
        ("OnDemandPercentageAboveBaseCapacity", Tree::Whole(100)),
        ("SpotAllocationStrategy", Tree::from("lowest-price")),
    ] {
        if distribution.get(name).is_none() {
            distribution = distribution.with(name, default);
        }
    }
    distribution
}
