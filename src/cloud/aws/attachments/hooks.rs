//! Lifecycle hooks: made with the clone, so that they are there before its first instance.

use aws_sdk_autoscaling::types::{LifecycleHook, LifecycleHookSpecification};

use super::swap::Swap;
use crate::cloud::CloudError;
use crate::cloud::aws::Aws;
use crate::model::estate::{Attachment, AttachmentKind};
use crate::model::ids::GroupName;

impl Aws {
    pub(in crate::cloud::aws) async fn hooks_of(
        &self,
        group: &GroupName,
    ) -> Result<Vec<LifecycleHook>, CloudError> {
        let all = self
            .asg
            .describe_lifecycle_hooks()
            .auto_scaling_group_name(group.as_str())
            .send()
            .await
            .map_err(|e| self.error("DescribeLifecycleHooks", e))?;
        Ok(all.lifecycle_hooks.unwrap_or_default())
    }

    pub(super) async fn copy_hooks(&self, swap: &Swap) -> Result<(), CloudError> {
        for hook in self.hooks_of(&swap.from).await? {
            let hook = specification(&hook);
            self.asg
                .put_lifecycle_hook()
                .auto_scaling_group_name(swap.to.as_str())
                .set_lifecycle_hook_name(hook.lifecycle_hook_name)
                .set_lifecycle_transition(hook.lifecycle_transition)
                .set_notification_metadata(hook.notification_metadata)
                .set_heartbeat_timeout(hook.heartbeat_timeout)
                .set_default_result(hook.default_result)
                .set_notification_target_arn(hook.notification_target_arn)
                .set_role_arn(hook.role_arn)
                .send()
                .await
                .map_err(|e| self.error("PutLifecycleHook", e))?;
        }
        Ok(())
    }
}

/// What makes the same hook again. Its global timeout follows from the heartbeat's.
pub(in crate::cloud::aws) fn specification(hook: &LifecycleHook) -> LifecycleHookSpecification {
    LifecycleHookSpecification::builder()
        .set_lifecycle_hook_name(hook.lifecycle_hook_name.clone())
        .set_lifecycle_transition(hook.lifecycle_transition.clone())
        .set_notification_metadata(hook.notification_metadata.clone())
        .set_heartbeat_timeout(hook.heartbeat_timeout)
        .set_default_result(hook.default_result.clone())
        .set_notification_target_arn(hook.notification_target_arn.clone())
        .set_role_arn(hook.role_arn.clone())
        .build()
}

pub(in crate::cloud::aws) fn attachment(hook: &LifecycleHook) -> Attachment {
    let mut detail = format!(
        "{}, {} s, then {}",
        hook.lifecycle_transition().unwrap_or("every transition"),
        hook.heartbeat_timeout().unwrap_or(3600),
        hook.default_result().unwrap_or("ABANDON")
    );
    if let Some(target) = hook.notification_target_arn() {
        detail.push_str(", tells ");
        detail.push_str(target);
    }
    Attachment {
        kind: AttachmentKind::Hook,
        name: hook.lifecycle_hook_name().unwrap_or_default().to_owned(),
        detail,
        stays: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_is_made_again_with_everything_but_its_global_timeout() {
        let hook = LifecycleHook::builder()
            .lifecycle_hook_name("warm-up")
            .auto_scaling_group_name("asg-1")
            .lifecycle_transition("autoscaling:EC2_INSTANCE_LAUNCHING")
            .notification_target_arn("arn:queue")
            .role_arn("arn:role")
            .notification_metadata("m")
            .heartbeat_timeout(120)
            .global_timeout(12_000)
            .default_result("CONTINUE")
            .build();
        let expected = LifecycleHookSpecification::builder()
            .lifecycle_hook_name("warm-up")
            .lifecycle_transition("autoscaling:EC2_INSTANCE_LAUNCHING")
            .notification_target_arn("arn:queue")
            .role_arn("arn:role")
            .notification_metadata("m")
            .heartbeat_timeout(120)
            .default_result("CONTINUE")
            .build();
        assert_eq!(specification(&hook), expected);
    }
}
