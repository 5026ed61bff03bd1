//! The domain verbs a plan is carried out with. The one adapter is [`aws`]; it decides nothing.

use std::collections::BTreeMap;
use std::future::Future;

use jiff::Timestamp;
use thiserror::Error;

use crate::model::estate::{AttachmentKind, Estate, Gap, Part};
use crate::model::ids::{Arn, GroupName, Size, TargetGroupName, TemplateId};
use crate::model::judging::Judging;
use crate::model::readings::{Compared, Readings, Window};
use crate::model::release::Release;
use crate::model::rollout::Rolling;
use crate::model::routing::{Action, Condition, RulePlace, Sticky};
use crate::model::scope::Scope;
use crate::model::step::{NewGroup, Pinned};
use crate::model::tags::Tags;

pub mod aws;
mod clock;

pub use clock::Clock;

/// What is read again while a step is waited for; everything else keeps its last observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Everything,
    /// All rules of all listeners, with the tags of rules that were not there before.
    Rules,
    /// The given groups and target groups: sizes, instances, failures, health, tags.
    Fleet,
    /// As [`Look::Fleet`], with what hangs on the groups and the target groups' attributes.
    Generation,
}

/// A rule to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRule {
    pub port: u16,
    pub priority: u32,
    pub condition: Condition,
    pub action: Action,
    pub tags: Tags,
}

/// What a rule is known to be just before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swing<'a> {
    pub rule: &'a RulePlace,
    pub before: &'a Action,
    pub after: &'a Action,
    /// Group stickiness, where it is not to stay as it is.
    pub sticky: Option<Sticky>,
}

/// The launch template version each template of a new group is pinned to.
pub type Versions = BTreeMap<TemplateId, u64>;

/// AWS, in the words of the product. Every verb can be called again: what is so already stays so.
pub trait Cloud: Sync {
    /// What time it is for whoever works on this cloud.
    fn now(&self) -> Timestamp;

    fn observe(&self, scope: &Scope) -> impl Future<Output = Result<Estate, CloudError>> + Send;

    /// Reads a part of an estate again. `fleets` says which, where it matters.
    fn look(
        &self,
        scope: &Scope,
        estate: &Estate,
        look: Look,
        fleets: &[(GroupName, TargetGroupName)],
    ) -> impl Future<Output = Result<Estate, CloudError>> + Send;

    /// Reads what judging takes of both generations over the same closed periods, and the states of its alarms. A
    /// part that did not come is [`CloudError::Passing`], never a gap in the readings.
    fn readings(
        &self,
        judging: &Judging,
        window: Window,
        compared: &Compared,
    ) -> impl Future<Output = Result<Readings, CloudError>> + Send;

    /// Creates a rule; [`CloudError::PriorityInUse`] when another rule has the priority. This very
    /// rule, by condition, action and tags, is one that an attempt nobody heard of has made.
    fn create_rule(
        &self,
        estate: &Estate,
        new: &NewRule,
    ) -> impl Future<Output = Result<Arn, CloudError>> + Send;

    /// Deletes a rule by its arn; one that is gone already is deleted.
    fn delete_rule(&self, rule: &Arn) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// Changes where a rule sends requests, keeping everything else: reads it right before, and
    /// returns [`CloudError::Changed`] when it is neither as `before` nor as `after`.
    fn point(&self, estate: &Estate, swing: Swing<'_>)
    -> impl Future<Output = Result<(), CloudError>> + Send;

    fn create_target_group(
        &self,
        name: &TargetGroupName,
        copy_of: &Arn,
        tags: &Tags,
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    fn set_target_group_attributes(
        &self,
        target_group: &Arn,
        attributes: &BTreeMap<String, String>,
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    fn delete_target_group(&self, target_group: &Arn) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// Makes a launch template version from `source`; returns its number. Idempotent by release.
    fn build_template_version(
        &self,
        app: &str,
        template: &TemplateId,
        source: u64,
        release: &Release,
        root_device: Option<&str>,
    ) -> impl Future<Output = Result<u64, CloudError>> + Send;

    /// Creates a group as a clone, with its hooks. Refuses with [`CloudError::Changed`] when the
    /// original's settings are not those in `new`.
    fn create_group(
        &self,
        estate: &Estate,
        new: &NewGroup,
        versions: &Versions,
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// Gives an empty group of this app its original's settings and its owner's tags, and no size yet. Refuses with
    /// [`CloudError::Changed`] as [`Cloud::create_group`] does.
    fn reshape_group(
        &self,
        estate: &Estate,
        new: &NewGroup,
        versions: &Versions,
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// Has a group register its instances with a target group.
    fn stand_on(
        &self,
        group: &GroupName,
        target_group: &Arn,
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// Takes an empty group of this app off its target groups, and its warm pool away; never by force.
    fn stand_down(
        &self,
        estate: &Estate,
        group: &GroupName,
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    fn attach(
        &self,
        estate: &Estate,
        group: &GroupName,
        copy_of: &GroupName,
        kind: AttachmentKind,
        target_group: &TargetGroupName,
        instead_of: &TargetGroupName,
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    fn pin(
        &self,
        group: &GroupName,
        versions: &[Pinned],
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// Has Auto Scaling replace a group's instances by ones of these versions. [`CloudError::InUse`] while it does.
    fn start_refresh(
        &self,
        group: &GroupName,
        versions: &Versions,
        rolling: &Rolling,
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// Has it take back what the refresh under way has replaced; one that has ended stays so.
    fn take_refresh_back(&self, group: &GroupName) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// Scales a group to exactly this.
    fn resize(&self, group: &GroupName, size: Size) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// Keeps a group from having fewer than `floor` instances, or than it has by now. Never lowers anything: whoever
    /// scales it out meanwhile must not be undone.
    fn raise(&self, group: &GroupName, floor: u32) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// Gives a group these bounds, as far as they fit what it has by now.
    fn bound(
        &self,
        group: &GroupName,
        min: u32,
        max: u32,
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    fn suspend(
        &self,
        group: &GroupName,
        processes: &[String],
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    fn resume(
        &self,
        group: &GroupName,
        processes: &[String],
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// Deletes an empty group, never by force, and the alarms that were copied for it.
    fn delete_group(
        &self,
        estate: &Estate,
        group: &GroupName,
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// Sets and removes tags of a rule or target group.
    fn tag(
        &self,
        arn: &Arn,
        set: &Tags,
        remove: &[&str],
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    fn tag_group(
        &self,
        group: &GroupName,
        set: &Tags,
        remove: &[&str],
    ) -> impl Future<Output = Result<(), CloudError>> + Send;
}

/// What can go wrong between us and AWS, sorted by what to do about it.
#[derive(Debug, Error)]
pub enum CloudError {
    #[error("no {what}")]
    NotFound { what: String },
    #[error("the listener already has a rule at priority {priority}")]
    PriorityInUse { priority: u32 },
    #[error("{what} exists already")]
    AlreadyExists { what: String },
    #[error("{what} is still in use")]
    InUse { what: String },
    /// Something is not what the plan saw.
    #[error("{what} has changed: it is {found}, and the plan saw {expected}")]
    Changed {
        what: String,
        expected: String,
        found: String,
    },
    /// Writing the rule would lose something of it.
    #[error("{rule} cannot be written without losing something: {why}")]
    Unwritable { rule: String, why: String },
    #[error("not allowed: {action}: {message}")]
    Denied { action: String, message: String },
    #[error("no usable AWS credentials: {message}")]
    Credentials { message: String },
    #[error("cannot reach {endpoint}: {message}")]
    Unreachable { endpoint: String, message: String },
    /// Throttling, a server fault or a time-out: the call may be tried again, or may have worked.
    #[error("{action} did not answer for now: {message}")]
    Passing { action: String, message: String },
    #[error("{action} was rejected: {code}: {message}")]
    Rejected {
        action: String,
        code: String,
        message: String,
    },
}

impl CloudError {
    /// Whether trying again later can help.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Passing { .. } | Self::InUse { .. })
    }

    /// Whether a permission is missing.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Denied { .. })
    }

    /// What is not seen because of it.
    pub(crate) fn gap(&self, part: Part, about: &str) -> Gap {
        Gap {
            part,
            about: about.to_owned(),
            error: self.to_string(),
            denied: self.is_denied(),
            passes: self.may_pass() || matches!(self, Self::Unreachable { .. }),
        }
    }

    /// Whether it was only asked for something.
    pub fn is_of_a_question(&self) -> bool {
        matches!(self, Self::Passing { action, .. } if action.starts_with("Describe"))
    }

    /// What to do about it.
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::NotFound { what } if what.starts_with("load balancer") => {
                "check its name, the region and the account; `aws elbv2 describe-load-balancers` lists them"
            }
            Self::Denied { .. } => "`swingbridge iam-policy all` prints what this tool needs",
            Self::Credentials { .. } => {
                "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in again (`aws sso login`)"
            }
            Self::Unreachable { .. } => "check the network, the region and the endpoint (--endpoint-url)",
            Self::Changed { .. } => "see who changes it (`swingbridge status`), then run the command again",
            Self::Unwritable { .. } => {
                "use a version of swingbridge that knows all of the rule, or point it by hand"
            }
            Self::Passing { .. } => "run the same command again: it continues",
            Self::NotFound { .. } => {
                "somebody has deleted it: `swingbridge status` shows what is left; then run the command again"
            }
            Self::PriorityInUse { .. } => {
                "run the command again: it finds out whose rule that is; swingbridge.toml can give ours another place"
            }
            Self::AlreadyExists { .. } => {
                "it is not what this command makes: remove it, or choose other names in swingbridge.toml (`[names]`)"
            }
            Self::InUse { .. } => "wait until that is over, then run the same command again: it continues",
            Self::Rejected { .. } => "put right what AWS names, then run the same command again",
        }
    }
}
