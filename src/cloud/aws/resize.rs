//! Small writes to a group that is there: its size, its processes, its tags, its end.

use aws_sdk_autoscaling::types::{AutoScalingGroup, DeletionProtection, LifecycleState, Tag};

use super::Aws;
use super::groups::{size, tags};
use crate::cloud::CloudError;
use crate::model::estate::Estate;
use crate::model::ids::{GroupName, Size};
use crate::model::tags::{self, Tags};

/// The most instances whose protection one call may change.
const INSTANCES_PER_CALL: usize = 50;
/// The most tags one call may change.
const TAGS_PER_CALL: usize = 25;

impl Aws {
    pub(super) async fn resize(&self, group: &GroupName, wanted: Size) -> Result<(), CloudError> {
        let raw = self.existing_group(group).await?;
        if wanted.max == 0 {
            self.unprotect(group, &raw).await?;
        }
        self.write_size(group, size(&raw), wanted).await
    }

    pub(super) async fn raise(&self, group: &GroupName, floor: u32) -> Result<(), CloudError> {
        let now = size(&self.existing_group(group).await?);
        let desired = now.desired.max(floor);
        let wanted = Size {
            min: desired,
            max: now.max.max(desired),
            desired,
        };
        self.write_size(group, now, wanted).await
    }

    pub(super) async fn bound(&self, group: &GroupName, min: u32, max: u32) -> Result<(), CloudError> {
        let now = size(&self.existing_group(group).await?);
        let desired = now.desired.max(min);
        let wanted = Size {
            min,
            max: max.max(desired),
            desired,
        };
        self.write_size(group, now, wanted).await
    }

    /// Only what differs is sent: what the group did by itself meanwhile stays.
    async fn write_size(&self, group: &GroupName, now: Size, wanted: Size) -> Result<(), CloudError> {
        let min = (wanted.min != now.min).then_some(wanted.min);
        let max = (wanted.max != now.max).then_some(wanted.max);
        let desired = (wanted.desired != now.desired).then_some(wanted.desired);
        if min.is_some() || max.is_some() {
            // In one call: with two, the bounds between them could drag the desired capacity along.
            self.asg
                .update_auto_scaling_group()
                .auto_scaling_group_name(group.as_str())
                .set_min_size(min.map(count))
                .set_max_size(max.map(count))
                .set_desired_capacity(desired.map(count))
                .send()
                .await
                .map_err(|e| self.error("UpdateAutoScalingGroup", e))?;
        } else if let Some(desired) = desired {
            // This call needs no right to pass the instances' role, which an update does.
            self.asg
                .set_desired_capacity()
                .auto_scaling_group_name(group.as_str())
                .desired_capacity(count(desired))
                .honor_cooldown(false)
                .send()
                .await
                .map_err(|e| self.error("SetDesiredCapacity", e))?;
        }
        Ok(())
    }

    /// Protection from scale-in would keep a group from ever becoming empty.
    async fn unprotect(&self, group: &GroupName, raw: &AutoScalingGroup) -> Result<(), CloudError> {
        let protected: Vec<String> = raw
            .instances()
            .iter()
            .filter(|instance| instance.protected_from_scale_in() == Some(true))
            // AWS refuses the whole call for one that is on its way in or out.
            .filter(|instance| instance.lifecycle_state().is_some_and(can_be_unprotected))
            .filter_map(|instance| instance.instance_id().map(str::to_owned))
            .collect();
        for some in protected.chunks(INSTANCES_PER_CALL) {
            self.asg
                .set_instance_protection()
                .auto_scaling_group_name(group.as_str())
                .set_instance_ids(Some(some.to_vec()))
                .protected_from_scale_in(false)
                .send()
                .await
                .map_err(|e| self.error("SetInstanceProtection", e))?;
        }
        Ok(())
    }

    pub(super) async fn suspend(&self, group: &GroupName, processes: &[String]) -> Result<(), CloudError> {
        // Naming none means all of them to the API.
        if processes.is_empty() {
            return Ok(());
        }
        self.asg
            .suspend_processes()
            .auto_scaling_group_name(group.as_str())
            .set_scaling_processes(Some(processes.to_vec()))
            .send()
            .await
            .map_err(|e| self.error("SuspendProcesses", e))?;
        Ok(())
    }

    pub(super) async fn resume(&self, group: &GroupName, processes: &[String]) -> Result<(), CloudError> {
        if processes.is_empty() {
            return Ok(());
        }
        self.asg
            .resume_processes()
            .auto_scaling_group_name(group.as_str())
            .set_scaling_processes(Some(processes.to_vec()))
            .send()
            .await
            .map_err(|e| self.error("ResumeProcesses", e))?;
        Ok(())
    }

    pub(super) async fn tag_group(
        &self,
        group: &GroupName,
        set: &Tags,
        remove: &[&str],
    ) -> Result<(), CloudError> {
        let set: Vec<Tag> = set
            .iter()
            .map(|(key, value)| tag(group, key, Some(value)))
            .collect();
        for some in set.chunks(TAGS_PER_CALL) {
            self.asg
                .create_or_update_tags()
                .set_tags(Some(some.to_vec()))
                .send()
                .await
                .map_err(|e| self.error("CreateOrUpdateTags", e))?;
        }
        let remove: Vec<Tag> = remove.iter().map(|key| tag(group, key, None)).collect();
        for some in remove.chunks(TAGS_PER_CALL) {
            self.asg
                .delete_tags()
                .set_tags(Some(some.to_vec()))
                .send()
                .await
                .map_err(|e| self.error("DeleteTags", e))?;
        }
        Ok(())
    }

    /// Read at the last moment: a plan may be old, and nothing that is not ours is ever deleted.
    pub(super) fn is_ours_and_empty(
        &self,
        estate: &Estate,
        group: &GroupName,
        raw: &AutoScalingGroup,
    ) -> Result<(), CloudError> {
        let owner = tags(raw).remove(tags::APP);
        if owner.as_deref() != Some(estate.app.as_str()) {
            return Err(CloudError::Changed {
                what: format!("the ownership tag of {group}"),
                expected: estate.app.clone(),
                found: owner.unwrap_or_else(|| "not there".to_owned()),
            });
        }
        let left = raw.instances().len();
        if left > 0 {
            return Err(CloudError::InUse {
                what: format!("{group}, with {left} of its instances left,"),
            });
        }
        Ok(())
    }

    /// Deletes an empty group of this app with the alarms that were copied for it; never by force.
    pub(super) async fn delete_group(&self, estate: &Estate, group: &GroupName) -> Result<(), CloudError> {
        let Some(raw) = self.describe_group(group).await? else {
            return Ok(());
        };
        if raw.status().is_some_and(|status| !status.is_empty()) {
            return Ok(());
        }
        self.is_ours_and_empty(estate, group, &raw)?;
        self.without_warm_pool(group, &raw).await?;
        // Before the group, whose policies are the only way to find them.
        self.delete_copied_alarms(&estate.app, group).await?;
        if raw.deletion_protection() == Some(&DeletionProtection::PreventAllDeletion) {
            self.asg
                .update_auto_scaling_group()
                .auto_scaling_group_name(group.as_str())
                .deletion_protection(DeletionProtection::None)
                .send()
                .await
                .map_err(|e| self.error("UpdateAutoScalingGroup", e))?;
        }
        let deleted = self
            .asg
            .delete_auto_scaling_group()
            .auto_scaling_group_name(group.as_str())
            .send()
            .await
            .map_err(|e| self.error("DeleteAutoScalingGroup", e));
        match deleted {
            Err(CloudError::NotFound { .. }) => Ok(()),
            other => other.map(drop),
        }
    }
}

fn count(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// Tags of ours stay on the group: instances have no use for them.
fn tag(group: &GroupName, key: &str, value: Option<&String>) -> Tag {
    Tag::builder()
        .resource_id(group.as_str())
        .resource_type("auto-scaling-group")
        .key(key)
        .set_value(value.cloned())
        .propagate_at_launch(false)
        .build()
}

/// The states in which AWS takes an instance's protection away.
fn can_be_unprotected(state: &LifecycleState) -> bool {
    matches!(
        state,
        LifecycleState::InService | LifecycleState::EnteringStandby | LifecycleState::Standby
    )
}
