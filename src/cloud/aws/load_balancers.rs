//! The load balancer itself.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::{
    LoadBalancer as SdkLoadBalancer, LoadBalancerState, LoadBalancerTypeEnum,
};

use super::Aws;
use crate::cloud::CloudError;
use crate::model::estate::LoadBalancer;
use crate::model::ids::Arn;

impl Aws {
    /// By name or arn, without its attributes.
    pub(super) async fn load_balancer(&self, wanted: &str) -> Result<LoadBalancer, CloudError> {
        let call = self.elb.describe_load_balancers();
        let call = if wanted.starts_with("arn:") {
            call.load_balancer_arns(wanted)
        } else {
            call.names(wanted)
        };
        let not_found = || CloudError::NotFound {
            what: format!("load balancer {wanted}"),
        };
        let raw = call
            .send()
            .await
            .map_err(|error| match self.error("DescribeLoadBalancers", error) {
                CloudError::NotFound { .. } => not_found(),
                other => other,
            })?
            .load_balancers
            .and_then(|all| all.into_iter().next())
            .ok_or_else(not_found)?;
        match &raw.r#type {
            None | Some(LoadBalancerTypeEnum::Application) => Ok(load_balancer(raw)),
            Some(other) => Err(CloudError::Rejected {
                action: format!("using load balancer {wanted}"),
                code: "unsupported".to_owned(),
                message: format!(
                    "it is a {} load balancer, and only application load balancers route by rules",
                    other.as_str()
                ),
            }),
        }
    }

    pub(super) async fn load_balancer_attributes(
        &self,
        load_balancer: &Arn,
    ) -> Result<BTreeMap<String, String>, CloudError> {
        let output = self
            .elb
            .describe_load_balancer_attributes()
            .load_balancer_arn(load_balancer.as_str())
            .send()
            .await
            .map_err(|error| self.error("DescribeLoadBalancerAttributes", error))?;
        Ok(output
            .attributes
            .unwrap_or_default()
            .into_iter()
            .filter_map(|attribute| Some((attribute.key?, attribute.value.unwrap_or_default())))
            .collect())
    }
}

fn load_balancer(raw: SdkLoadBalancer) -> LoadBalancer {
    let state = raw.state.unwrap_or_else(|| LoadBalancerState::builder().build());
    LoadBalancer {
        arn: Arn::new(raw.load_balancer_arn.unwrap_or_default()),
        name: raw.load_balancer_name.unwrap_or_default(),
        dns_name: raw.dns_name.unwrap_or_default(),
        vpc: raw.vpc_id.unwrap_or_default(),
        zones: raw
            .availability_zones
            .unwrap_or_default()
            .into_iter()
            .filter_map(|zone| zone.zone_name)
            .collect(),
        state: match (state.code(), state.reason()) {
            (Some(code), Some(reason)) if !reason.is_empty() => format!("{}: {reason}", code.as_str()),
            (Some(code), _) => code.as_str().to_owned(),
            (None, _) => "unknown".to_owned(),
        },
        attributes: BTreeMap::new(),
    }
}
