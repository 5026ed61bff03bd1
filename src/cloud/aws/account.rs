//! Who we are to AWS, and how much the account allows.

use std::collections::BTreeMap;

use super::Aws;
use crate::cloud::CloudError;
use crate::model::account::{Finding, Identity, Limits, Weight};
use crate::model::estate::Estate;

impl Aws {
    pub async fn identity(&self) -> Result<Identity, CloudError> {
        let output = self
            .sts
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| self.error("GetCallerIdentity", error))?;
        Ok(Identity {
            account: output.account.unwrap_or_default(),
            arn: output.arn.unwrap_or_default(),
        })
    }

    /// Both services are asked at once. One that refuses leaves its quotas unknown.
    pub async fn limits(&self) -> Result<Limits, CloudError> {
        let groups = async {
            self.asg
                .describe_account_limits()
                .send()
                .await
                .map_err(|error| self.error("DescribeAccountLimits (Auto Scaling)", error))
        };
        let (by_name, groups) = tokio::join!(self.load_balancing_limits(), groups);
        let mut limits = Limits::default();
        match by_name {
            Ok(by_name) => {
                limits.rules_per_load_balancer = by_name.get("rules-per-application-load-balancer").copied();
                limits.target_groups_per_region = by_name.get("target-groups").copied();
            }
            Err(error) => limits.unknown.push(answered(error)?),
        }
        match groups {
            Ok(output) => {
                limits.groups = output
                    .max_number_of_auto_scaling_groups
                    .and_then(|value| usize::try_from(value).ok());
            }
            Err(error) => limits.unknown.push(answered(error)?),
        }
        Ok(limits)
    }

    /// Whether this identity may make launch template versions: the one permission that AWS lets us
    /// prove without using it.
    pub async fn can_release(&self, estate: &Estate) -> Vec<Finding> {
        let mut findings = Vec::new();
        for template in &estate.templates {
            let (weight, text, way_out) = match self
                .can_build_version(&template.id, template.default_version)
                .await
            {
                Ok(()) => (
                    Weight::Fine,
                    format!("versions of launch template {} may be made", template.name),
                    None,
                ),
                Err(error) => (
                    Weight::Risk,
                    format!(
                        "no version of launch template {} could be made: {error}",
                        template.name
                    ),
                    Some(error.way_out().into()),
                ),
            };
            findings.push(Finding {
                weight,
                text,
                way_out,
            });
        }
        findings
    }

    async fn load_balancing_limits(&self) -> Result<BTreeMap<String, usize>, CloudError> {
        let mut all = BTreeMap::new();
        let mut pages = self.elb.describe_account_limits().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.error("DescribeAccountLimits", error))?;
            all.extend(
                page.limits
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|limit| Some((limit.name?, limit.max?.parse().ok()?))),
            );
        }
        Ok(all)
    }
}

/// An error that is an answer of the service; without one, nothing else would work either.
fn answered(error: CloudError) -> Result<String, CloudError> {
    match error {
        CloudError::Denied { .. } | CloudError::Rejected { .. } => Ok(error.to_string()),
        other => Err(other),
    }
}
