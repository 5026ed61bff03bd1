//! An instance as its group sees it.

use std::collections::BTreeSet;

use super::hooks::Wait;
use crate::lab::world::compute::TemplateRef;
use crate::lab::world::time::Moment;

/// Where an instance is between launch and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    Pending,
    PendingWait,
    InService,
    EnteringStandby,
    Standby,
    Detaching,
    Terminating,
    TerminatingWait,
    TerminatingProceed,
    WarmedPending,
    WarmedPendingWait,
    WarmedRunning,
    WarmedStopped,
    WarmedHibernated,
    WarmedTerminating,
    WarmedTerminatingProceed,
}

impl Lifecycle {
    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::PendingWait => "Pending:Wait",
            Self::InService => "InService",
            Self::EnteringStandby => "EnteringStandby",
            Self::Standby => "Standby",
            Self::Detaching => "Detaching",
            Self::Terminating => "Terminating",
            Self::TerminatingWait => "Terminating:Wait",
            Self::TerminatingProceed => "Terminating:Proceed",
            Self::WarmedPending => "Warmed:Pending",
            Self::WarmedPendingWait => "Warmed:Pending:Wait",
            Self::WarmedRunning => "Warmed:Running",
            Self::WarmedStopped => "Warmed:Stopped",
            Self::WarmedHibernated => "Warmed:Hibernated",
            Self::WarmedTerminating => "Warmed:Terminating",
            Self::WarmedTerminatingProceed => "Warmed:Terminating:Proceed",
        }
    }

    pub(super) fn counts(self) -> bool {
        matches!(self, Self::Pending | Self::PendingWait | Self::InService)
    }

    pub fn is_warm(self) -> bool {
        self.is_warmed()
            || matches!(
                self,
                Self::WarmedPending
                    | Self::WarmedPendingWait
                    | Self::WarmedTerminating
                    | Self::WarmedTerminatingProceed
            )
    }

    /// Ready to be taken out of the warm pool.
    pub(super) fn is_warmed(self) -> bool {
        matches!(
            self,
            Self::WarmedRunning | Self::WarmedStopped | Self::WarmedHibernated
        )
    }

    pub(super) fn is_ending(self) -> bool {
        matches!(
            self,
            Self::Terminating
                | Self::TerminatingWait
                | Self::TerminatingProceed
                | Self::WarmedTerminating
                | Self::WarmedTerminatingProceed
        )
    }

    pub(super) fn rests(self) -> bool {
        matches!(self, Self::InService | Self::Standby) || self.is_warmed()
    }
}

/// What made a group see an instance as unhealthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ailment {
    /// The instance is gone or stopped.
    Instance,
    /// A target group says so.
    Target,
    /// A call of `SetInstanceHealth` said so.
    User,
}

#[derive(Clone, Debug)]
pub struct Member {
    pub id: String,
    pub zone: String,
    pub instance_type: String,
    /// With the number of the version; nothing for an instance that was attached.
    pub template: Option<TemplateRef>,
    pub state: Lifecycle,
    pub ailment: Option<Ailment>,
    pub protected: bool,
    pub(super) launched: Moment,
    pub(super) in_service_since: Option<Moment>,
    /// The activity that brings it in or takes it out.
    pub(super) activity: Option<String>,
    /// Lifecycle actions that are not yet completed.
    pub(super) waits: Vec<Wait>,
    /// Target groups it was registered with, or is still draining from.
    pub(super) targets: BTreeSet<String>,
    /// The instance itself is no more, while its group has not yet seen to it.
    pub(super) gone: bool,
    pub(super) running: bool,
}

impl Member {
    pub fn health_status(&self) -> &'static str {
        if self.ailment.is_some() {
            "Unhealthy"
        } else {
            "Healthy"
        }
    }
}
