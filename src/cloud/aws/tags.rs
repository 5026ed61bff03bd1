//! Tags of rules and target groups: read in batches, set and removed.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::Tag;
use futures_util::future::join_all;

use super::Aws;
use crate::cloud::CloudError;
use crate::model::ids::Arn;
use crate::model::tags::Tags;

/// The most resources one call describes the tags of.
const BATCH: usize = 20;

impl Aws {
    /// The tags of every resource that still exists, and the first error among the batches.
    pub(super) async fn tags_of(&self, arns: &[Arn]) -> (BTreeMap<Arn, Tags>, Option<CloudError>) {
        let mut all = BTreeMap::new();
        let mut failure = None;
        let batches = arns.chunks(BATCH).map(|batch| self.tags_of_batch(batch));
        for batch in join_all(batches).await {
            match batch {
                Ok(tags) => all.extend(tags),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        (all, failure)
    }

    pub(super) async fn tags_of_one(&self, arn: &Arn) -> Result<Tags, CloudError> {
        let mut tags = self.described_tags(std::slice::from_ref(arn)).await?;
        Ok(tags.remove(arn).unwrap_or_default())
    }

    /// One resource that has just been deleted, such as another operator's lock, fails the whole
    /// batch; the others are then asked one by one.
    async fn tags_of_batch(&self, arns: &[Arn]) -> Result<BTreeMap<Arn, Tags>, CloudError> {
        match self.described_tags(arns).await {
            Err(CloudError::NotFound { .. }) => {
                let each = join_all(arns.chunks(1).map(|arn| self.described_tags(arn))).await;
                let mut all = BTreeMap::new();
                for one in each {
                    match one {
                        Ok(tags) => all.extend(tags),
                        Err(CloudError::NotFound { .. }) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(all)
            }
            other => other,
        }
    }

    async fn described_tags(&self, arns: &[Arn]) -> Result<BTreeMap<Arn, Tags>, CloudError> {
        let output = self
            .elb
            .describe_tags()
            .set_resource_arns(Some(arns.iter().map(ToString::to_string).collect()))
            .send()
            .await
            .map_err(|error| self.error("DescribeTags", error))?;
        Ok(output
            .tag_descriptions
            .unwrap_or_default()
            .into_iter()
            .filter_map(|described| {
                let tags = described.tags().iter().map(pair).collect();
                Some((Arn::new(described.resource_arn?), tags))
            })
            .collect())
    }

    pub(super) async fn tag(&self, arn: &Arn, set: &Tags, remove: &[&str]) -> Result<(), CloudError> {
        if !set.is_empty() {
            self.elb
                .add_tags()
                .resource_arns(arn.as_str())
                .set_tags(Some(to_sdk(set)))
                .send()
                .await
                .map_err(|error| self.error("AddTags", error))?;
        }
        if !remove.is_empty() {
            self.elb
                .remove_tags()
                .resource_arns(arn.as_str())
                .set_tag_keys(Some(remove.iter().map(ToString::to_string).collect()))
                .send()
                .await
                .map_err(|error| self.error("RemoveTags", error))?;
        }
        Ok(())
    }
}

fn pair(tag: &Tag) -> (String, String) {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (text(tag.key()), text(tag.value()))
}

pub(super) fn to_sdk(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}
