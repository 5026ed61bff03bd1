//! Which version of its launch templates a group starts instances from, fixed by number.

use aws_sdk_autoscaling::types::{AutoScalingGroup, LaunchTemplateSpecification, MixedInstancesPolicy};

use super::Aws;
use super::groups::TemplateKeys;
use super::settings::templates_mut;
use crate::cloud::{CloudError, Versions};
use crate::model::ids::GroupName;
use crate::model::step::Pinned;

impl Aws {
    /// Replaces `$Latest` and `$Default` by numbers, and touches nothing else of the group.
    pub(super) async fn pin(&self, group: &GroupName, versions: &[Pinned]) -> Result<(), CloudError> {
        let raw = self.existing_group(group).await?;
        let Some(pinned) = pinned(group, &raw, versions)? else {
            return Ok(());
        };
        self.asg
            .update_auto_scaling_group()
            .auto_scaling_group_name(group.as_str())
            .set_launch_template(pinned.template)
            .set_mixed_instances_policy(pinned.policy)
            .send()
            .await
            .map_err(|e| self.error("UpdateAutoScalingGroup", e))?;
        Ok(())
    }
}

/// How a group is to start instances: one of these, as the original has it.
#[derive(Debug, Default)]
pub(super) struct Start {
    pub(super) template: Option<LaunchTemplateSpecification>,
    pub(super) policy: Option<MixedInstancesPolicy>,
}

impl Start {
    fn of(raw: &AutoScalingGroup) -> Self {
        Self {
            template: raw.launch_template.clone(),
            policy: raw.mixed_instances_policy.clone(),
        }
    }

    fn templates_mut(&mut self) -> impl Iterator<Item = &mut LaunchTemplateSpecification> {
        self.template
            .iter_mut()
            .chain(self.policy.iter_mut().flat_map(templates_mut))
    }
}

/// How the original starts instances, with every template at the version chosen for it.
pub(super) fn started_at(raw: &AutoScalingGroup, versions: &Versions) -> Result<Start, CloudError> {
    let keys = TemplateKeys::of(raw);
    let mut start = Start::of(raw);
    for template in start.templates_mut() {
        let key = keys.key(template);
        let version = versions.get(&key).ok_or_else(|| CloudError::Changed {
            what: format!(
                "the launch templates of {}",
                raw.auto_scaling_group_name().unwrap_or_default()
            ),
            expected: versions
                .keys()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            found: key.to_string(),
        })?;
        set_version(template, *version);
    }
    Ok(start)
}

/// The group's start with the floating versions replaced; `None` when none of them floats any more.
fn pinned(
    group: &GroupName,
    raw: &AutoScalingGroup,
    versions: &[Pinned],
) -> Result<Option<Start>, CloudError> {
    let keys = TemplateKeys::of(raw);
    let mut start = Start::of(raw);
    let mut changed = false;
    for pin in versions {
        let to = pin.to.to_string();
        let mut found = Vec::new();
        let mut settled = false;
        for template in start.templates_mut() {
            if keys.key(template) != pin.template {
                continue;
            }
            let version = template.version().unwrap_or("$Default").to_owned();
            if version == pin.from {
                set_version(template, pin.to);
                changed = true;
                settled = true;
            } else if version == to {
                settled = true;
            } else {
                found.push(version);
            }
        }
        if !settled {
            return Err(CloudError::Changed {
                what: format!("the version of launch template {} in {group}", pin.template),
                expected: pin.from.clone(),
                found: if found.is_empty() {
                    "another template".to_owned()
                } else {
                    found.join(", ")
                },
            });
        }
    }
    // Everything that is sent back names its template once: the API refuses an id with a name.
    for template in start.templates_mut() {
        by_id_only(template);
    }
    Ok(changed.then_some(start))
}

fn set_version(template: &mut LaunchTemplateSpecification, version: u64) {
    template.version = Some(version.to_string());
    by_id_only(template);
}

fn by_id_only(template: &mut LaunchTemplateSpecification) {
    if template.launch_template_id.is_some() {
        template.launch_template_name = None;
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_autoscaling::types::{InstancesDistribution, LaunchTemplate, LaunchTemplateOverrides};

    use super::*;
    use crate::model::ids::TemplateId;

    fn template(id: &str, version: &str) -> LaunchTemplateSpecification {
        LaunchTemplateSpecification::builder()
            .launch_template_id(id)
            .launch_template_name(format!("{id}-name"))
            .version(version)
            .build()
    }

    fn mixed() -> AutoScalingGroup {
        AutoScalingGroup::builder()
            .auto_scaling_group_name("asg-1")
            .mixed_instances_policy(
                MixedInstancesPolicy::builder()
                    .launch_template(
                        LaunchTemplate::builder()
                            .launch_template_specification(template("lt-1", "$Latest"))
                            .overrides(
                                LaunchTemplateOverrides::builder()
                                    .instance_type("m5.large")
                                    .build(),
                            )
                            .overrides(
                                LaunchTemplateOverrides::builder()
                                    .launch_template_specification(template("lt-2", "$Default"))
                                    .weighted_capacity("2")
                                    .build(),
                            )
                            .build(),
                    )
                    .instances_distribution(
                        InstancesDistribution::builder()
                            .on_demand_base_capacity(1)
                            .build(),
                    )
                    .build(),
            )
            .build()
    }

    fn pin(id: &str, from: &str, to: u64) -> Pinned {
        Pinned {
            template: TemplateId::from(id),
            from: from.into(),
            to,
        }
    }

    fn versions_of(mut start: Start) -> Vec<(Option<String>, Option<String>, Option<String>)> {
        start
            .templates_mut()
            .map(|one| {
                (
                    one.launch_template_id.clone(),
                    one.launch_template_name.clone(),
                    one.version.clone(),
                )
            })
            .collect()
    }

    fn at(id: &str, version: &str) -> (Option<String>, Option<String>, Option<String>) {
        (Some(id.into()), None, Some(version.into()))
    }

    #[test]
    fn a_clone_starts_from_the_chosen_version_in_the_base_and_in_every_override() {
        let versions = Versions::from([(TemplateId::from("lt-1"), 8), (TemplateId::from("lt-2"), 3)]);
        let start = started_at(&mixed(), &versions).expect("all versions chosen");
        assert_eq!(
            start
                .policy
                .as_ref()
                .and_then(|policy| policy.instances_distribution.clone()),
            mixed()
                .mixed_instances_policy
                .and_then(|policy| policy.instances_distribution)
        );
        assert_eq!(versions_of(start), [at("lt-1", "8"), at("lt-2", "3")]);
    }

    #[test]
    fn a_template_no_version_was_chosen_for_is_never_left_floating() {
        let versions = Versions::from([(TemplateId::from("lt-1"), 8)]);
        assert!(matches!(
            started_at(&mixed(), &versions),
            Err(CloudError::Changed { found, .. }) if found == "lt-2"
        ));
    }

    #[test]
    fn pinning_changes_the_floating_versions_only() {
        let group = GroupName::from("asg-1");
        let start = pinned(&group, &mixed(), &[pin("lt-1", "$Latest", 5)])
            .expect("as planned")
            .expect("something to pin");
        assert_eq!(versions_of(start), [at("lt-1", "5"), at("lt-2", "$Default")]);
    }

    #[test]
    fn pinning_again_does_nothing_and_pinning_what_has_moved_is_refused() {
        let group = GroupName::from("asg-1");
        let raw = AutoScalingGroup::builder()
            .launch_template(template("lt-1", "5"))
            .build();
        assert!(
            pinned(&group, &raw, &[pin("lt-1", "$Latest", 5)])
                .expect("as planned")
                .is_none()
        );
        assert!(matches!(
            pinned(&group, &raw, &[pin("lt-1", "$Latest", 6)]),
            Err(CloudError::Changed { found, .. }) if found == "5"
        ));
    }
}
