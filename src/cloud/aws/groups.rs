//! Auto Scaling groups as the API describes them, read into the product's words.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_autoscaling::types::{AutoScalingGroup, LaunchTemplateOverrides, LaunchTemplateSpecification};
use jiff::Timestamp;

use super::Aws;
use super::attachments::{metrics, warm_pool};
use super::settings::settings;
use crate::cloud::CloudError;
use crate::model::estate::{AttachmentKind, Group, Instance, Launch, TemplateUse};
use crate::model::ids::{Arn, GroupName, Size, TargetGroupName, TemplateId};
use crate::model::scope::Scope;
use crate::model::tags::{self, Tags};

/// The most groups one page may hold.
const PAGE: i32 = 100;

impl Aws {
    /// Every group of the account and region.
    pub(super) async fn describe_groups(&self) -> Result<Vec<AutoScalingGroup>, CloudError> {
        // A page may be short, or empty, and still not be the last.
        self.asg
            .describe_auto_scaling_groups()
            .max_records(PAGE)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|error| self.error("DescribeAutoScalingGroups", error))
    }

    /// One group as it is now; `None` when it is gone.
    pub(super) async fn describe_group(
        &self,
        name: &GroupName,
    ) -> Result<Option<AutoScalingGroup>, CloudError> {
        let page = self
            .asg
            .describe_auto_scaling_groups()
            .auto_scaling_group_names(name.as_str())
            .send()
            .await
            .map_err(|e| self.error("DescribeAutoScalingGroups", e))?;
        Ok(page
            .auto_scaling_groups
            .unwrap_or_default()
            .into_iter()
            .find(|raw| raw.auto_scaling_group_name() == Some(name.as_str())))
    }

    /// The same, for a group that must be there.
    pub(super) async fn existing_group(&self, name: &GroupName) -> Result<AutoScalingGroup, CloudError> {
        self.describe_group(name)
            .await?
            .ok_or_else(|| CloudError::NotFound {
                what: format!("Auto Scaling group {name}"),
            })
    }

    /// What changes while a step is waited for; what hangs on the group is kept from `previous`.
    pub(super) async fn look_at_group(
        &self,
        group: &GroupName,
        previous: &Group,
        names_by_arn: &BTreeMap<Arn, TargetGroupName>,
        scope: &Scope,
    ) -> Result<Option<Group>, CloudError> {
        let (described, failures) = tokio::join!(self.describe_group(group), self.failures_of(group));
        let Some(raw) = described? else {
            return Ok(None);
        };
        let seen = self::group(scope, &raw, names_by_arn);
        // Of the others nothing is waited for.
        let refresh = if seen.tags.contains_key(tags::ROLLOUT) {
            self.refresh_of(group).await?
        } else {
            previous.refresh.clone()
        };
        Ok(Some(Group {
            attachments: previous
                .attachments
                .iter()
                .filter(|attachment| !comes_with_the_group(attachment.kind))
                .chain(&seen.attachments)
                .cloned()
                .collect(),
            refresh,
            // They explain a wait and decide nothing: a throttled call for them is no reason to end it.
            failures: failures.unwrap_or_else(|error| {
                tracing::debug!(%group, %error, "could not read scaling activities");
                previous.failures.clone()
            }),
            ..seen
        }))
    }
}

/// Whether a group's description shows it; everything else takes a call of its own.
pub(super) fn comes_with_the_group(kind: AttachmentKind) -> bool {
    matches!(kind, AttachmentKind::Metrics | AttachmentKind::WarmPool)
}

/// A described group in the product's words. What needs calls of its own is filled in later.
pub(super) fn group(
    scope: &Scope,
    raw: &AutoScalingGroup,
    names_by_arn: &BTreeMap<Arn, TargetGroupName>,
) -> Group {
    let name = GroupName::new(raw.auto_scaling_group_name().unwrap_or_default());
    let tags = tags(raw);
    let (target_groups, other_traffic) = traffic(raw, names_by_arn);
    Group {
        generation: scope.names.generation_of_group(&scope.app, &name, &tags),
        arn: Arn::new(raw.auto_scaling_group_arn().unwrap_or_default()),
        name,
        size: size(raw),
        launch: launch(raw),
        settings: settings(raw),
        instances: instances(raw),
        target_groups,
        other_traffic,
        suspended: raw
            .suspended_processes()
            .iter()
            .filter_map(|one| {
                let reason = one.suspension_reason().unwrap_or_default().to_owned();
                Some((one.process_name()?.to_owned(), reason))
            })
            .collect(),
        attachments: metrics::attachment(raw)
            .into_iter()
            .chain(warm_pool::attachment(raw))
            .collect(),
        operator: raw
            .operator()
            .map(|operator| operator.principal().unwrap_or("another service").to_owned()),
        // The API shows a status only while the group is being deleted.
        deleting: raw.status().is_some_and(|status| !status.is_empty()),
        refresh: None,
        tags,
        failures: Vec::new(),
        created_at: raw.created_time().and_then(timestamp),
    }
}

pub(super) fn tags(raw: &AutoScalingGroup) -> Tags {
    raw.tags()
        .iter()
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
        .collect()
}

pub(super) fn size(raw: &AutoScalingGroup) -> Size {
    let count = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok()).unwrap_or(0);
    Size {
        min: count(raw.min_size),
        max: count(raw.max_size),
        desired: count(raw.desired_capacity),
    }
}

pub(super) fn timestamp(at: &aws_smithy_types::DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}

/// How a group's templates are told apart: by id. A description may give only the name of one whose
/// id stands elsewhere in the same group.
pub(super) struct TemplateKeys(BTreeMap<String, String>);

impl TemplateKeys {
    pub(super) fn of(raw: &AutoScalingGroup) -> Self {
        Self(
            templates(raw)
                .filter_map(|one| Some((one.launch_template_name.clone()?, one.launch_template_id.clone()?)))
                .collect(),
        )
    }

    pub(super) fn key(&self, template: &LaunchTemplateSpecification) -> TemplateId {
        let name = template.launch_template_name().unwrap_or_default();
        TemplateId::new(
            template
                .launch_template_id()
                .or(self.0.get(name).map(String::as_str))
                .unwrap_or(name),
        )
    }
}

/// The template of a group, or the base of a mixed one and each override's own.
fn templates(raw: &AutoScalingGroup) -> impl Iterator<Item = &LaunchTemplateSpecification> {
    let mixed = raw
        .mixed_instances_policy()
        .and_then(|policy| policy.launch_template());
    let base = mixed.and_then(|template| template.launch_template_specification());
    raw.launch_template().into_iter().chain(base).chain(
        overrides(raw)
            .iter()
            .filter_map(|one| one.launch_template_specification()),
    )
}

fn overrides(raw: &AutoScalingGroup) -> &[LaunchTemplateOverrides] {
    raw.mixed_instances_policy()
        .and_then(|policy| policy.launch_template())
        .map_or(&[], |template| template.overrides())
}

fn launch(raw: &AutoScalingGroup) -> Launch {
    let keys = TemplateKeys::of(raw);
    let uses: Vec<TemplateUse> = templates(raw)
        .map(|template| TemplateUse {
            template: keys.key(template),
            name: template.launch_template_name().unwrap_or_default().to_owned(),
            // What Auto Scaling takes when none is given.
            version: template.version().unwrap_or("$Default").to_owned(),
        })
        .collect();
    if !uses.is_empty() {
        Launch::Template {
            uses,
            mixed: raw.mixed_instances_policy().is_some(),
            own_images: overrides(raw).iter().any(|one| one.image_id().is_some()),
        }
    } else if let Some(name) = raw.launch_configuration_name() {
        Launch::Configuration {
            name: name.to_owned(),
        }
    } else {
        Launch::Unknown
    }
}

fn instances(raw: &AutoScalingGroup) -> Vec<Instance> {
    let mut all: Vec<Instance> = raw
        .instances()
        .iter()
        .map(|one| Instance {
            id: one.instance_id().unwrap_or_default().to_owned(),
            zone: one.availability_zone().unwrap_or_default().to_owned(),
            lifecycle: one
                .lifecycle_state()
                .map_or("Unknown", |state| state.as_str())
                .to_owned(),
            healthy: one
                .health_status()
                .is_some_and(|status| status.eq_ignore_ascii_case("healthy")),
            weight: one
                .weighted_capacity()
                .and_then(|text| text.parse().ok())
                .unwrap_or(1),
            template_version: one
                .launch_template()
                .and_then(|template| template.version())
                .map(str::to_owned),
        })
        .collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}

/// The target groups that are known, and everything else the group takes traffic from.
fn traffic(
    raw: &AutoScalingGroup,
    names_by_arn: &BTreeMap<Arn, TargetGroupName>,
) -> (Vec<TargetGroupName>, Vec<String>) {
    // The API shows a target group under both members, whichever it was attached by.
    let mut arns: BTreeSet<&str> = raw.target_group_arns().iter().map(String::as_str).collect();
    let mut others: BTreeSet<String> = raw
        .load_balancer_names()
        .iter()
        .map(|name| format!("classic load balancer {name}"))
        .collect();
    for source in raw.traffic_sources() {
        let Some(identifier) = source.identifier() else {
            continue;
        };
        match source.r#type() {
            Some("elb") => {
                others.insert(format!("classic load balancer {identifier}"));
            }
            Some("vpc-lattice") => {
                others.insert(format!("VPC Lattice target group {identifier}"));
            }
            None | Some("elbv2") => {
                arns.insert(identifier);
            }
            Some(kind) => {
                others.insert(format!("{kind} {identifier}"));
            }
        }
    }
    let mut known = Vec::new();
    for arn in arns {
        match names_by_arn.get(&Arn::from(arn)) {
            Some(name) => known.push(name.clone()),
            None => {
                others.insert(format!("target group {arn}"));
            }
        }
    }
    known.sort();
    (known, others.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use aws_sdk_autoscaling::types::{
        Instance as RawInstance, LaunchTemplate, LaunchTemplateOverrides, MixedInstancesPolicy,
        TrafficSourceIdentifier,
    };

    use super::*;

    fn source(kind: &str, identifier: &str) -> TrafficSourceIdentifier {
        TrafficSourceIdentifier::builder()
            .r#type(kind)
            .identifier(identifier)
            .build()
    }

    fn template(id: &str, version: &str) -> LaunchTemplateSpecification {
        LaunchTemplateSpecification::builder()
            .launch_template_id(id)
            .launch_template_name(format!("{id}-name"))
            .version(version)
            .build()
    }

    #[test]
    fn a_target_group_shown_twice_is_counted_once_and_every_other_traffic_is_named() {
        let raw = AutoScalingGroup::builder()
            .target_group_arns("arn:tg-1")
            .target_group_arns("arn:elsewhere")
            .traffic_sources(source("elbv2", "arn:tg-1"))
            .traffic_sources(source("vpc-lattice", "arn:lattice"))
            .traffic_sources(source("elb", "classic"))
            .load_balancer_names("classic")
            .build();
        let names = BTreeMap::from([(Arn::from("arn:tg-1"), TargetGroupName::from("tg-1"))]);
        let (known, others) = traffic(&raw, &names);
        assert_eq!(known, [TargetGroupName::from("tg-1")]);
        assert_eq!(
            others,
            [
                "VPC Lattice target group arn:lattice",
                "classic load balancer classic",
                "target group arn:elsewhere",
            ]
        );
    }

    #[test]
    fn a_mixed_group_uses_its_base_and_every_override_with_a_template_of_its_own() {
        let raw = AutoScalingGroup::builder()
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
                                    .launch_template_specification(template("lt-2", "7"))
                                    .build(),
                            )
                            .overrides(
                                LaunchTemplateOverrides::builder()
                                    .launch_template_specification(
                                        LaunchTemplateSpecification::builder()
                                            .launch_template_name("lt-1-name")
                                            .version("8")
                                            .build(),
                                    )
                                    .build(),
                            )
                            .build(),
                    )
                    .build(),
            )
            .build();
        let Launch::Template { uses, mixed, .. } = launch(&raw) else {
            panic!("a group with a template");
        };
        assert!(mixed);
        let seen: Vec<_> = uses
            .iter()
            .map(|one| (one.template.as_str(), one.pinned()))
            .collect();
        assert_eq!(seen, [("lt-1", None), ("lt-2", Some(7)), ("lt-1", Some(8))]);
    }

    #[test]
    fn an_instance_counts_as_many_units_as_it_weighs() {
        let raw = AutoScalingGroup::builder()
            .instances(
                RawInstance::builder()
                    .instance_id("i-2")
                    .weighted_capacity("3")
                    .build(),
            )
            .instances(
                RawInstance::builder()
                    .instance_id("i-1")
                    .health_status("HEALTHY")
                    .build(),
            )
            .build();
        let seen: Vec<_> = instances(&raw)
            .into_iter()
            .map(|one| (one.id, one.weight, one.healthy))
            .collect();
        assert_eq!(seen, [("i-1".to_owned(), 1, true), ("i-2".to_owned(), 3, false)]);
    }
}
