//! What hangs on a group and is carried to its clone by calls of its own, one file per kind.

use super::Aws;
use crate::cloud::CloudError;
use crate::model::estate::{AttachmentKind, Estate};
use crate::model::ids::{GroupName, TargetGroupName};

pub(super) mod hooks;
pub(super) mod metrics;
pub(super) mod notifications;
pub(super) mod policies;
pub(super) mod schedules;
pub(super) mod swap;
pub(super) mod warm_pool;

use swap::Swap;

impl Aws {
    /// Gives a clone everything of one kind that its original has. Each put overwrites, so that a
    /// second call ends where the first one did.
    pub(super) async fn attach(
        &self,
        estate: &Estate,
        group: &GroupName,
        copy_of: &GroupName,
        kind: AttachmentKind,
        target_group: &TargetGroupName,
        instead_of: &TargetGroupName,
    ) -> Result<(), CloudError> {
        let arn = |name: &TargetGroupName| {
            estate
                .target_group(name)
                .map(|tg| tg.arn.clone())
                .ok_or_else(|| CloudError::NotFound {
                    what: format!("target group {name}"),
                })
        };
        let swap = Swap::new(copy_of, group, &arn(instead_of)?, &arn(target_group)?);
        match kind {
            AttachmentKind::Hook => self.copy_hooks(&swap).await,
            AttachmentKind::Policy => self.copy_policies(&swap).await,
            AttachmentKind::Alarm => self.copy_alarms(&estate.app, &swap).await,
            AttachmentKind::Schedule => self.copy_schedules(&swap).await,
            AttachmentKind::Notification => self.copy_notifications(&swap).await,
            AttachmentKind::Metrics => self.copy_metrics(&swap).await,
            AttachmentKind::WarmPool => self.copy_warm_pool(&swap).await,
        }
    }
}

/// Whether the other side does not know an operation at all, as emulators do.
pub(super) fn is_unknown_operation(error: &CloudError) -> bool {
    match error {
        CloudError::Rejected { code, message, .. } => {
            matches!(
                code.as_str(),
                "InvalidAction" | "UnknownOperation" | "UnknownOperationException" | "NotImplemented"
            ) || is_not_emulated(message)
        }
        CloudError::Passing { message, .. } => is_not_emulated(message),
        _ => false,
    }
}

fn is_not_emulated(message: &str) -> bool {
    let message = message.to_lowercase();
    [
        "not yet implemented",
        "not implemented",
        "not yet been emulated",
        "not yet been implemented",
    ]
    .iter()
    .any(|phrase| message.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_that_is_not_there_is_told_from_one_that_failed() {
        let passing = |message: &str| CloudError::Passing {
            action: "X".into(),
            message: message.into(),
        };
        assert!(is_unknown_operation(&passing(
            "InternalFailure: The API action 'DescribeWarmPool' for service 'autoscaling' is either not available in your current license plan or has not yet been emulated by LocalStack."
        )));
        assert!(!is_unknown_operation(&passing("Throttling: Rate exceeded")));
    }
}
