//! Target groups: described, cloned, set up, removed, and the health of their targets.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::operation::create_target_group::builders::CreateTargetGroupInputBuilder;
use aws_sdk_elasticloadbalancingv2::types::{
    Matcher, TargetAdministrativeOverrideStateEnum, TargetGroup as SdkTargetGroup, TargetGroupAttribute,
    TargetHealthDescription, TargetHealthStateEnum,
};

use super::{Aws, tags};
use crate::cloud::CloudError;
use crate::model::estate::{Target, TargetGroup, TargetState};
use crate::model::ids::{Arn, TargetGroupName};
use crate::model::tags::{APP, GENERATION, Tags};

/// The most target groups one page of a description holds.
const PAGE: i32 = 400;

impl Aws {
    /// Every target group of the region: their names are needed to choose free ones.
    pub(super) async fn raw_target_groups(&self) -> Result<Vec<SdkTargetGroup>, CloudError> {
        self.elb
            .describe_target_groups()
            .page_size(PAGE)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|error| self.error("DescribeTargetGroups", error))
    }

    pub(super) async fn raw_target_group(
        &self,
        name: &TargetGroupName,
    ) -> Result<Option<SdkTargetGroup>, CloudError> {
        let described = self
            .elb
            .describe_target_groups()
            .names(name.as_str())
            .send()
            .await
            .map_err(|error| self.error("DescribeTargetGroups", error));
        match described {
            Ok(output) => Ok(output.target_groups.unwrap_or_default().into_iter().next()),
            Err(CloudError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn target_group_attributes(
        &self,
        target_group: &Arn,
    ) -> Result<BTreeMap<String, String>, CloudError> {
        let output = self
            .elb
            .describe_target_group_attributes()
            .target_group_arn(target_group.as_str())
            .send()
            .await
            .map_err(|error| self.error("DescribeTargetGroupAttributes", error))?;
        Ok(output
            .attributes
            .unwrap_or_default()
            .into_iter()
            .filter_map(|attribute| Some((attribute.key?, attribute.value.unwrap_or_default())))
            .collect())
    }

    pub(super) async fn targets(&self, target_group: &Arn) -> Result<Vec<Target>, CloudError> {
        let output = self
            .elb
            .describe_target_health()
            .target_group_arn(target_group.as_str())
            .send()
            .await
            .map_err(|error| self.error("DescribeTargetHealth", error))?;
        Ok(output.target_health_descriptions().iter().map(target).collect())
    }

    pub(super) async fn create_target_group(
        &self,
        name: &TargetGroupName,
        copy_of: &Arn,
        own: &Tags,
    ) -> Result<(), CloudError> {
        // Creating what exists with the same settings succeeds, whoever it belongs to: look first.
        let (existing, original, inherited) = tokio::try_join!(
            self.raw_target_group(name),
            self.raw_target_group_by_arn(copy_of),
            self.tags_of_one(copy_of),
        )?;
        if let Some(existing) = existing {
            return self.prove_ours(name, &existing, own).await;
        }
        let created = clone_of(&original, name, &cloned_tags(&inherited, own))
            .send_with(&self.elb)
            .await
            .map_err(|error| self.error("CreateTargetGroup", error));
        match created {
            Ok(_) => Ok(()),
            // An attempt that seemed to fail may have worked.
            Err(error @ (CloudError::AlreadyExists { .. } | CloudError::Passing { .. })) => {
                match self.raw_target_group(name).await? {
                    Some(existing) => self.prove_ours(name, &existing, own).await,
                    None => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn raw_target_group_by_arn(&self, arn: &Arn) -> Result<SdkTargetGroup, CloudError> {
        self.elb
            .describe_target_groups()
            .target_group_arns(arn.as_str())
            .send()
            .await
            .map_err(|error| self.error("DescribeTargetGroups", error))?
            .target_groups
            .and_then(|all| all.into_iter().next())
            .ok_or_else(|| CloudError::NotFound {
                what: format!("target group {arn}"),
            })
    }

    /// A target group of this name is ours only when it was made for this generation of this app.
    async fn prove_ours(
        &self,
        name: &TargetGroupName,
        existing: &SdkTargetGroup,
        own: &Tags,
    ) -> Result<(), CloudError> {
        let arn = Arn::from(existing.target_group_arn().unwrap_or_default());
        let found = self.tags_of_one(&arn).await?;
        let ours = [APP, GENERATION]
            .iter()
            .all(|key| own.contains_key(*key) && found.get(*key) == own.get(*key));
        if ours {
            Ok(())
        } else {
            Err(CloudError::AlreadyExists {
                what: format!("target group {name}"),
            })
        }
    }

    pub(super) async fn set_target_group_attributes(
        &self,
        target_group: &Arn,
        attributes: &BTreeMap<String, String>,
    ) -> Result<(), CloudError> {
        let present = self.target_group_attributes(target_group).await?;
        let wanted: Vec<TargetGroupAttribute> = attributes
            .iter()
            .filter(|(key, value)| present.get(*key) != Some(*value))
            .map(|(key, value)| TargetGroupAttribute::builder().key(key).value(value).build())
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        // In one call: stickiness and slow start, for instance, are only allowed together.
        self.elb
            .modify_target_group_attributes()
            .target_group_arn(target_group.as_str())
            .set_attributes(Some(wanted))
            .send()
            .await
            .map(drop)
            .map_err(|error| self.error("ModifyTargetGroupAttributes", error))
    }

    pub(super) async fn delete_target_group(&self, target_group: &Arn) -> Result<(), CloudError> {
        let deleted = self
            .elb
            .delete_target_group()
            .target_group_arn(target_group.as_str())
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) => match self.error("DeleteTargetGroup", error) {
                CloudError::NotFound { .. } => Ok(()),
                other => Err(other),
            },
        }
    }
}

/// A target group as described: without its generation, attributes, tags and targets.
pub(super) fn target_group(raw: &SdkTargetGroup) -> TargetGroup {
    TargetGroup {
        name: TargetGroupName::from(raw.target_group_name().unwrap_or_default()),
        arn: Arn::from(raw.target_group_arn().unwrap_or_default()),
        generation: None,
        settings: settings(raw),
        attributes: BTreeMap::new(),
        tags: Tags::new(),
        targets: Vec::new(),
    }
}

fn settings(raw: &SdkTargetGroup) -> BTreeMap<String, String> {
    let number = |value: Option<i32>| value.map(|value| value.to_string());
    let text = |value: Option<&str>| value.map(str::to_owned);
    [
        ("Protocol", text(raw.protocol().map(|it| it.as_str()))),
        ("ProtocolVersion", text(raw.protocol_version())),
        ("Port", number(raw.port())),
        ("VpcId", text(raw.vpc_id())),
        (
            "HealthCheckProtocol",
            text(raw.health_check_protocol().map(|it| it.as_str())),
        ),
        ("HealthCheckPort", text(raw.health_check_port())),
        (
            "HealthCheckEnabled",
            raw.health_check_enabled().map(|value| value.to_string()),
        ),
        ("HealthCheckPath", text(raw.health_check_path())),
        (
            "HealthCheckIntervalSeconds",
            number(raw.health_check_interval_seconds()),
        ),
        (
            "HealthCheckTimeoutSeconds",
            number(raw.health_check_timeout_seconds()),
        ),
        ("HealthyThresholdCount", number(raw.healthy_threshold_count())),
        ("UnhealthyThresholdCount", number(raw.unhealthy_threshold_count())),
        ("Matcher", raw.matcher().and_then(matcher)),
        ("TargetType", text(raw.target_type().map(|it| it.as_str()))),
        ("IpAddressType", text(raw.ip_address_type().map(|it| it.as_str()))),
        ("TargetControlPort", number(raw.target_control_port())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect()
}

fn matcher(raw: &Matcher) -> Option<String> {
    match (raw.http_code(), raw.grpc_code()) {
        (Some(http), _) => Some(http.to_owned()),
        (None, Some(grpc)) => Some(format!("gRPC {grpc}")),
        (None, None) => None,
    }
}

/// Every member of [`crate::model::clone::TARGET_GROUP`] that is copied or transformed.
fn clone_of(original: &SdkTargetGroup, name: &TargetGroupName, tags: &Tags) -> CreateTargetGroupInputBuilder {
    let of = original.clone();
    CreateTargetGroupInputBuilder::default()
        .name(name.as_str())
        .set_protocol(of.protocol)
        .set_protocol_version(of.protocol_version)
        .set_port(of.port)
        .set_vpc_id(of.vpc_id)
        .set_health_check_protocol(of.health_check_protocol)
        .set_health_check_port(of.health_check_port)
        .set_health_check_enabled(of.health_check_enabled)
        .set_health_check_path(of.health_check_path)
        .set_health_check_interval_seconds(of.health_check_interval_seconds)
        .set_health_check_timeout_seconds(of.health_check_timeout_seconds)
        .set_healthy_threshold_count(of.healthy_threshold_count)
        .set_unhealthy_threshold_count(of.unhealthy_threshold_count)
        .set_matcher(of.matcher)
        .set_target_type(of.target_type)
        .set_ip_address_type(of.ip_address_type)
        .set_target_control_port(of.target_control_port)
        .set_tags((!tags.is_empty()).then(|| tags::to_sdk(tags)))
}

/// The original's tags, but for what AWS reserves and what we write on a generation, and then our own.
fn cloned_tags(inherited: &Tags, own: &Tags) -> Tags {
    inherited
        .iter()
        .filter(|(key, _)| !key.starts_with("aws:") && !key.starts_with("swingbridge:"))
        .chain(own)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn target(raw: &TargetHealthDescription) -> Target {
    let health = raw.target_health();
    let zonal_override = raw
        .administrative_override()
        .and_then(|it| it.state())
        .filter(|state| **state != TargetAdministrativeOverrideStateEnum::NoOverride)
        .map(|state| state.as_str().to_owned());
    Target {
        id: raw.target().and_then(|it| it.id()).unwrap_or_default().to_owned(),
        state: match health.and_then(|it| it.state()) {
            Some(TargetHealthStateEnum::Initial) => TargetState::Initial,
            Some(TargetHealthStateEnum::Healthy) => TargetState::Healthy,
            Some(TargetHealthStateEnum::Unhealthy) => TargetState::Unhealthy,
            Some(TargetHealthStateEnum::Unused) => TargetState::Unused,
            Some(TargetHealthStateEnum::Draining | TargetHealthStateEnum::UnhealthyDraining) => {
                TargetState::Draining
            }
            Some(TargetHealthStateEnum::Unavailable) => TargetState::Unavailable,
            _ => TargetState::Unknown,
        },
        reason: health
            .and_then(|it| it.reason())
            .map(|reason| reason.as_str().to_owned()),
        description: health.and_then(|it| it.description()).map(str::to_owned),
        zonal_override,
    }
}

#[cfg(test)]
mod tests;
