//! A placeholder for everything about Auto Scaling groups, which is written on a branch of its own.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::types::AutoScalingGroup;

use super::Aws;
use crate::cloud::{CloudError, Versions};
use crate::model::estate::{AttachmentKind, Estate, Gap, Group, Image, Launch, LaunchTemplate};
use crate::model::ids::{Arn, GroupName, Size, TargetGroupName, TemplateId};
use crate::model::release::Release;
use crate::model::scope::Scope;
use crate::model::step::{NewGroup, Pinned};
use crate::model::tags::Tags;

fn absent<T>(action: &str) -> Result<T, CloudError> {
    Err(CloudError::Rejected {
        action: action.to_owned(),
        code: "not built".to_owned(),
        message: "this build has no Auto Scaling half".to_owned(),
    })
}

pub(super) fn group(
    scope: &Scope,
    raw: &AutoScalingGroup,
    _names_by_arn: &BTreeMap<Arn, TargetGroupName>,
) -> Group {
    let name = GroupName::from(raw.auto_scaling_group_name().unwrap_or_default());
    Group {
        generation: scope.names.generation_of_group(&scope.app, &name, &Tags::new()),
        arn: Arn::from(raw.auto_scaling_group_arn().unwrap_or_default()),
        name,
        size: Size {
            min: 0,
            max: 0,
            desired: 0,
        },
        launch: Launch::Unknown,
        settings: BTreeMap::new(),
        instances: Vec::new(),
        target_groups: Vec::new(),
        other_traffic: Vec::new(),
        suspended: BTreeMap::new(),
        attachments: Vec::new(),
        operator: None,
        deleting: false,
        refresh: None,
        tags: Tags::new(),
        failures: Vec::new(),
        created_at: None,
    }
}

impl Aws {
    pub(super) async fn describe_groups(&self) -> Result<Vec<AutoScalingGroup>, CloudError> {
        Ok(Vec::new())
    }

    pub(super) async fn enrich_groups(&self, groups: Vec<Group>) -> (Vec<Group>, Vec<Gap>) {
        (groups, Vec::new())
    }

    pub(super) async fn launch_templates(&self, _groups: &[Group]) -> (Vec<LaunchTemplate>, Vec<Gap>) {
        (Vec::new(), Vec::new())
    }

    pub(super) async fn image(&self, _id: &str) -> (Option<Image>, Vec<Gap>) {
        (None, Vec::new())
    }

    pub(super) async fn look_at_group(
        &self,
        _group: &GroupName,
        previous: &Group,
        _names_by_arn: &BTreeMap<Arn, TargetGroupName>,
        _scope: &Scope,
    ) -> Result<Option<Group>, CloudError> {
        Ok(Some(previous.clone()))
    }

    pub(super) async fn build_template_version(
        &self,
        _app: &str,
        _template: &TemplateId,
        _source: u64,
        _release: &Release,
        _root_device: Option<&str>,
    ) -> Result<u64, CloudError> {
        absent("CreateLaunchTemplateVersion")
    }

    pub(super) async fn create_group(
        &self,
        _estate: &Estate,
        _new: &NewGroup,
        _versions: &Versions,
    ) -> Result<(), CloudError> {
        absent("CreateAutoScalingGroup")
    }

    pub(super) async fn attach(
        &self,
        _estate: &Estate,
        _group: &GroupName,
        _copy_of: &GroupName,
        _kind: AttachmentKind,
        _target_group: &TargetGroupName,
        _instead_of: &TargetGroupName,
    ) -> Result<(), CloudError> {
        absent("attaching")
    }

    pub(super) async fn pin(&self, _group: &GroupName, _versions: &[Pinned]) -> Result<(), CloudError> {
        absent("UpdateAutoScalingGroup")
    }

    pub(super) async fn resize(&self, _group: &GroupName, _size: Size) -> Result<(), CloudError> {
        absent("UpdateAutoScalingGroup")
    }

    pub(super) async fn suspend(&self, _group: &GroupName, _processes: &[String]) -> Result<(), CloudError> {
        absent("SuspendProcesses")
    }

    pub(super) async fn resume(&self, _group: &GroupName, _processes: &[String]) -> Result<(), CloudError> {
        absent("ResumeProcesses")
    }

    pub(super) async fn delete_group(&self, _estate: &Estate, _group: &GroupName) -> Result<(), CloudError> {
        absent("DeleteAutoScalingGroup")
    }

    pub(super) async fn tag_group(
        &self,
        _group: &GroupName,
        _set: &Tags,
        _remove: &[&str],
    ) -> Result<(), CloudError> {
        absent("CreateOrUpdateTags")
    }
}
