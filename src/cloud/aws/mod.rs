//! The adapter to AWS: one file per service and purpose. It decides nothing and prints nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Clock, Cloud, CloudError, Look, NewRule, Swing, Versions};
use crate::model::estate::{AttachmentKind, Estate};
use crate::model::ids::{Arn, GroupName, Size, TargetGroupName, TemplateId};
use crate::model::judging::Judging;
use crate::model::readings::{Compared, Readings, Window};
use crate::model::release::Release;
use crate::model::rollout::Rolling;
use crate::model::scope::Scope;
use crate::model::step::{NewGroup, Pinned};
use crate::model::tags::Tags;

mod account;
mod actions;
mod alarms;
mod attachments;
mod budget;
mod clone;
mod connect;
mod enrich;
mod error;
mod groups;
mod load_balancers;
mod look;
mod observe;
mod pin;
mod readings;
mod refresh;
mod render;
mod resize;
mod reuse;
mod routing;
mod rules;
mod settings;
mod tags;
mod target_groups;
#[cfg(feature = "launch-templates")]
mod templates;
mod transport;
mod verbatim;
#[cfg(not(feature = "launch-templates"))]
mod without_templates;

#[cfg(test)]
mod calls_tests;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod lossless_form;
#[cfg(test)]
mod lossless_rules;
#[cfg(test)]
mod lossless_tests;
#[cfg(test)]
mod members;

/// How to reach AWS. What is `None` comes from the environment, as with every AWS tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    pub region: Option<String>,
    pub profile: Option<String>,
    pub endpoint: Option<String>,
}

/// Clients for every service we speak to, sharing one connection pool and one set of credentials.
#[derive(Clone, Debug)]
pub struct Aws {
    elb: aws_sdk_elasticloadbalancingv2::Client,
    asg: aws_sdk_autoscaling::Client,
    cw: aws_sdk_cloudwatch::Client,
    #[cfg(feature = "launch-templates")]
    ec2: aws_sdk_ec2::Client,
    sts: aws_sdk_sts::Client,
    /// For messages: the endpoint, or the region.
    place: String,
    clock: Clock,
}

/// Every verb is a method of [`Aws`] of the same name, in the file of what it is about.
impl Cloud for Aws {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn observe(&self, scope: &Scope) -> Result<Estate, CloudError> {
        Aws::observe(self, scope).await
    }

    async fn look(
        &self,
        scope: &Scope,
        estate: &Estate,
        look: Look,
        fleets: &[(GroupName, TargetGroupName)],
    ) -> Result<Estate, CloudError> {
        Aws::look(self, scope, estate, look, fleets).await
    }

    async fn readings(
        &self,
        judging: &Judging,
        window: Window,
        compared: &Compared,
    ) -> Result<Readings, CloudError> {
        Aws::readings(self, judging, window, compared).await
    }

    async fn create_rule(&self, estate: &Estate, new: &NewRule) -> Result<Arn, CloudError> {
        Aws::create_rule(self, estate, new).await
    }

    async fn delete_rule(&self, rule: &Arn) -> Result<(), CloudError> {
        Aws::delete_rule(self, rule).await
    }

    async fn point(&self, estate: &Estate, swing: Swing<'_>) -> Result<(), CloudError> {
        Aws::point(self, estate, swing).await
    }

    async fn create_target_group(
        &self,
        name: &TargetGroupName,
        copy_of: &Arn,
        tags: &Tags,
    ) -> Result<(), CloudError> {
        Aws::create_target_group(self, name, copy_of, tags).await
    }

    async fn set_target_group_attributes(
        &self,
        target_group: &Arn,
        attributes: &BTreeMap<String, String>,
    ) -> Result<(), CloudError> {
        Aws::set_target_group_attributes(self, target_group, attributes).await
    }

    async fn delete_target_group(&self, target_group: &Arn) -> Result<(), CloudError> {
        Aws::delete_target_group(self, target_group).await
    }

    async fn build_template_version(
        &self,
        app: &str,
        template: &TemplateId,
        source: u64,
        release: &Release,
        root_device: Option<&str>,
    ) -> Result<u64, CloudError> {
        Aws::build_template_version(self, app, template, source, release, root_device).await
    }

    async fn create_group(
        &self,
        estate: &Estate,
        new: &NewGroup,
        versions: &Versions,
    ) -> Result<(), CloudError> {
        Aws::create_group(self, estate, new, versions).await
    }

    async fn reshape_group(
        &self,
        estate: &Estate,
        new: &NewGroup,
        versions: &Versions,
    ) -> Result<(), CloudError> {
        Aws::reshape_group(self, estate, new, versions).await
    }

    async fn stand_on(&self, group: &GroupName, target_group: &Arn) -> Result<(), CloudError> {
        Aws::stand_on(self, group, target_group).await
    }

    async fn stand_down(&self, estate: &Estate, group: &GroupName) -> Result<(), CloudError> {
        Aws::stand_down(self, estate, group).await
    }

    async fn attach(
        &self,
        estate: &Estate,
        group: &GroupName,
        copy_of: &GroupName,
        kind: AttachmentKind,
        target_group: &TargetGroupName,
        instead_of: &TargetGroupName,
    ) -> Result<(), CloudError> {
        Aws::attach(self, estate, group, copy_of, kind, target_group, instead_of).await
    }

    async fn pin(&self, group: &GroupName, versions: &[Pinned]) -> Result<(), CloudError> {
        Aws::pin(self, group, versions).await
    }

    async fn start_refresh(
        &self,
        group: &GroupName,
        versions: &Versions,
        rolling: &Rolling,
    ) -> Result<(), CloudError> {
        Aws::start_refresh(self, group, versions, rolling).await
    }

    async fn take_refresh_back(&self, group: &GroupName) -> Result<(), CloudError> {
        Aws::take_refresh_back(self, group).await
    }

    async fn resize(&self, group: &GroupName, size: Size) -> Result<(), CloudError> {
        Aws::resize(self, group, size).await
    }

    async fn raise(&self, group: &GroupName, floor: u32) -> Result<(), CloudError> {
        Aws::raise(self, group, floor).await
    }

    async fn bound(&self, group: &GroupName, min: u32, max: u32) -> Result<(), CloudError> {
        Aws::bound(self, group, min, max).await
    }

    async fn suspend(&self, group: &GroupName, processes: &[String]) -> Result<(), CloudError> {
        Aws::suspend(self, group, processes).await
    }

    async fn resume(&self, group: &GroupName, processes: &[String]) -> Result<(), CloudError> {
        Aws::resume(self, group, processes).await
    }

    async fn delete_group(&self, estate: &Estate, group: &GroupName) -> Result<(), CloudError> {
        Aws::delete_group(self, estate, group).await
    }

    async fn tag(&self, arn: &Arn, set: &Tags, remove: &[&str]) -> Result<(), CloudError> {
        Aws::tag(self, arn, set, remove).await
    }

    async fn tag_group(&self, group: &GroupName, set: &Tags, remove: &[&str]) -> Result<(), CloudError> {
        Aws::tag_group(self, group, set, remove).await
    }
}
