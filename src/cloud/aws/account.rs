//! Who we are to AWS, and how much the account allows.

use std::collections::BTreeMap;

use super::Aws;
use crate::cloud::CloudError;

/// The principal that every call is made as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub account: String,
    pub arn: String,
}

/// Quotas, where AWS says them. `None`: not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub rules_per_load_balancer: Option<u32>,
    pub target_groups_per_region: Option<u32>,
    pub target_groups_per_load_balancer: Option<u32>,
    pub target_groups_per_action: Option<u32>,
    pub listeners_per_load_balancer: Option<u32>,
    pub targets_per_load_balancer: Option<u32>,
    pub groups: Option<u32>,
    pub groups_used: Option<u32>,
    /// What could not be asked, and why.
    pub unknown: Vec<String>,
}

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
                let limit = |name: &str| by_name.get(name).copied();
                limits.rules_per_load_balancer = limit("rules-per-application-load-balancer");
                limits.target_groups_per_region = limit("target-groups");
                limits.target_groups_per_load_balancer = limit("target-groups-per-application-load-balancer");
                limits.target_groups_per_action =
                    limit("target-groups-per-action-on-application-load-balancer");
                limits.listeners_per_load_balancer = limit("listeners-per-application-load-balancer");
                limits.targets_per_load_balancer = limit("targets-per-application-load-balancer");
            }
            Err(error) => limits.unknown.push(answered(error)?),
        }
        match groups {
            Ok(output) => {
                let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
                limits.groups = number(output.max_number_of_auto_scaling_groups);
                limits.groups_used = number(output.number_of_auto_scaling_groups);
            }
            Err(error) => limits.unknown.push(answered(error)?),
        }
        Ok(limits)
    }

    async fn load_balancing_limits(&self) -> Result<BTreeMap<String, u32>, CloudError> {
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
