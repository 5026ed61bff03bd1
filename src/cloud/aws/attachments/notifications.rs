//! Notifications: the topics that are told of a group's launches and terminations.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::types::NotificationConfiguration;

use super::swap::Swap;
use crate::cloud::CloudError;
use crate::cloud::aws::Aws;
use crate::model::estate::{Attachment, AttachmentKind};
use crate::model::ids::GroupName;

impl Aws {
    pub(in crate::cloud::aws) async fn notifications_of(
        &self,
        groups: &[GroupName],
    ) -> Result<Vec<NotificationConfiguration>, CloudError> {
        // Naming none means every group of the account to the API.
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<String> = groups.iter().map(ToString::to_string).collect();
        self.asg
            .describe_notification_configurations()
            .set_auto_scaling_group_names(Some(names))
            .max_records(100)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|error| self.error("DescribeNotificationConfigurations", error))
    }

    pub(super) async fn copy_notifications(&self, swap: &Swap) -> Result<(), CloudError> {
        let all = self.notifications_of(std::slice::from_ref(&swap.from)).await?;
        for (topic, types) in by_topic(&all, &swap.from) {
            self.asg
                .put_notification_configuration()
                .auto_scaling_group_name(swap.to.as_str())
                .topic_arn(topic)
                .set_notification_types(Some(types))
                .send()
                .await
                .map_err(|e| self.error("PutNotificationConfiguration", e))?;
        }
        Ok(())
    }
}

/// Described one by one, put topic by topic: a put replaces every type of its topic.
fn by_topic(all: &[NotificationConfiguration], group: &GroupName) -> BTreeMap<String, Vec<String>> {
    let mut topics: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in all {
        if one.auto_scaling_group_name() != Some(group.as_str()) {
            continue;
        }
        if let (Some(topic), Some(kind)) = (one.topic_arn(), one.notification_type()) {
            topics.entry(topic.to_owned()).or_default().push(kind.to_owned());
        }
    }
    for types in topics.values_mut() {
        types.sort();
        types.dedup();
    }
    topics
}

pub(in crate::cloud::aws) fn attachments(
    all: &[NotificationConfiguration],
    group: &GroupName,
) -> Vec<Attachment> {
    by_topic(all, group)
        .into_iter()
        .map(|(topic, types)| Attachment {
            kind: AttachmentKind::Notification,
            name: topic,
            detail: types.join(", "),
            stays: None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_gathered_by_topic_for_the_one_group() {
        let one = |group: &str, topic: &str, kind: &str| {
            NotificationConfiguration::builder()
                .auto_scaling_group_name(group)
                .topic_arn(topic)
                .notification_type(kind)
                .build()
        };
        let all = [
            one("asg-1", "arn:ops", "terminate"),
            one("asg-1", "arn:ops", "launch"),
            one("asg-1", "arn:audit", "launch"),
            one("asg-9", "arn:ops", "launch-error"),
        ];
        let seen: Vec<_> = attachments(&all, &GroupName::from("asg-1"))
            .into_iter()
            .map(|one| (one.name, one.detail))
            .collect();
        assert_eq!(
            seen,
            [
                ("arn:audit".to_owned(), "launch".to_owned()),
                ("arn:ops".to_owned(), "launch, terminate".to_owned()),
            ]
        );
    }
}
