//! The warm pool: instances kept ready beside a group.

use aws_sdk_autoscaling::types::{AutoScalingGroup, WarmPoolConfiguration, WarmPoolStatus};

use super::swap::Swap;
use crate::cloud::CloudError;
use crate::cloud::aws::Aws;
use crate::model::estate::{Attachment, AttachmentKind};
use crate::model::ids::GroupName;

impl Aws {
    pub(super) async fn copy_warm_pool(&self, swap: &Swap) -> Result<(), CloudError> {
        let raw = self.existing_group(&swap.from).await?;
        let Some(pool) = kept(&raw) else {
            return Ok(());
        };
        self.asg
            .put_warm_pool()
            .auto_scaling_group_name(swap.to.as_str())
            .set_max_group_prepared_capacity(pool.max_group_prepared_capacity)
            .set_min_size(pool.min_size)
            .set_pool_state(pool.pool_state.clone())
            .set_instance_reuse_policy(pool.instance_reuse_policy.clone())
            .send()
            .await
            .map_err(|e| self.error("PutWarmPool", e))?;
        Ok(())
    }

    /// Has a warm pool emptied and deleted, if there is one. Its instances end as instances do, with their hooks: the
    /// API deletes a pool that has any only by force, and one that keeps some beside an empty group never gets rid of them
    /// by itself.
    pub(in crate::cloud::aws) async fn without_warm_pool(
        &self,
        group: &GroupName,
        raw: &AutoScalingGroup,
    ) -> Result<(), CloudError> {
        let Some(pool) = raw.warm_pool_configuration() else {
            return Ok(());
        };
        if pool.status() != Some(&WarmPoolStatus::PendingDelete) {
            if keeps_some(pool) {
                self.asg
                    .put_warm_pool()
                    .auto_scaling_group_name(group.as_str())
                    .max_group_prepared_capacity(0)
                    .min_size(0)
                    .set_pool_state(pool.pool_state.clone())
                    .send()
                    .await
                    .map_err(|e| self.error("PutWarmPool", e))?;
            } else if raw.warm_pool_size().unwrap_or(0) == 0 {
                let deleted = self
                    .asg
                    .delete_warm_pool()
                    .auto_scaling_group_name(group.as_str())
                    .send()
                    .await
                    .map_err(|e| self.error("DeleteWarmPool", e));
                match deleted {
                    // Of one that has gone already, by a call whose answer was lost, nothing more is to be said.
                    Err(CloudError::Rejected { .. })
                        if self
                            .existing_group(group)
                            .await?
                            .warm_pool_configuration()
                            .is_none() => {}
                    other => drop(other?),
                }
            }
        }
        Err(CloudError::InUse {
            what: format!("{group}, whose warm pool is being emptied,"),
        })
    }
}

/// Whether it has instances ready even for a group that has none.
fn keeps_some(pool: &WarmPoolConfiguration) -> bool {
    pool.min_size().unwrap_or(0) > 0 || pool.max_group_prepared_capacity().unwrap_or(0) > 0
}

/// The group's description holds it; one that is being deleted is none.
fn kept(raw: &AutoScalingGroup) -> Option<&WarmPoolConfiguration> {
    raw.warm_pool_configuration()
        .filter(|pool| pool.status() != Some(&WarmPoolStatus::PendingDelete))
}

pub(in crate::cloud::aws) fn attachment(raw: &AutoScalingGroup) -> Option<Attachment> {
    let pool = kept(raw)?;
    let state = pool.pool_state().map_or("Stopped", |state| state.as_str());
    let mut detail = format!("{state}, at least {}", pool.min_size().unwrap_or(0));
    if let Some(most) = pool.max_group_prepared_capacity().filter(|most| *most >= 0) {
        detail.push_str(&format!(", prepared up to {most}"));
    }
    if pool
        .instance_reuse_policy()
        .and_then(|policy| policy.reuse_on_scale_in())
        == Some(true)
    {
        detail.push_str(", reused on scale-in");
    }
    Some(Attachment {
        kind: AttachmentKind::WarmPool,
        name: "warm pool".to_owned(),
        detail,
        stays: None,
    })
}
