//! Group metrics: which of them a group publishes.

use aws_sdk_autoscaling::types::AutoScalingGroup;

use super::swap::Swap;
use crate::cloud::CloudError;
use crate::cloud::aws::Aws;
use crate::model::estate::{Attachment, AttachmentKind};

/// The only one there is.
const GRANULARITY: &str = "1Minute";

impl Aws {
    pub(super) async fn copy_metrics(&self, swap: &Swap) -> Result<(), CloudError> {
        let names = names(&self.existing_group(&swap.from).await?);
        // Naming none means all of them to the API.
        if names.is_empty() {
            return Ok(());
        }
        self.asg
            .enable_metrics_collection()
            .auto_scaling_group_name(swap.to.as_str())
            .granularity(GRANULARITY)
            .set_metrics(Some(names))
            .send()
            .await
            .map_err(|e| self.error("EnableMetricsCollection", e))?;
        Ok(())
    }
}

fn names(raw: &AutoScalingGroup) -> Vec<String> {
    let mut all: Vec<String> = raw
        .enabled_metrics()
        .iter()
        .filter_map(|one| one.metric().map(str::to_owned))
        .collect();
    all.sort();
    all
}

pub(in crate::cloud::aws) fn attachment(raw: &AutoScalingGroup) -> Option<Attachment> {
    let names = names(raw);
    (!names.is_empty()).then(|| Attachment {
        kind: AttachmentKind::Metrics,
        name: "group metrics".to_owned(),
        detail: names.join(", "),
        stays: None,
    })
}
