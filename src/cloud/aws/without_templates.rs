//! Stands in for launch templates and images in a binary built without `aws-sdk-ec2`.

use super::Aws;
use crate::cloud::CloudError;
use crate::model::estate::{Gap, Group, Image, LaunchTemplate, Part};
use crate::model::ids::TemplateId;
use crate::model::release::{Release, Source};

const WHY: &str = "this binary was built without the feature `launch-templates`";

impl Aws {
    pub(super) async fn launch_templates(&self, groups: &[Group]) -> (Vec<LaunchTemplate>, Vec<Gap>) {
        let mut names: Vec<&str> = groups
            .iter()
            .flat_map(|group| group.launch.uses())
            .map(|used| used.template.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        let gaps = names.into_iter().map(|name| gap(Part::Templates, name)).collect();
        (Vec::new(), gaps)
    }

    pub(super) async fn image(&self, id: &str) -> (Option<Image>, Vec<Gap>) {
        (None, vec![gap(Part::Image, id)])
    }

    pub(super) async fn build_template_version(
        &self,
        _app: &str,
        _template: &TemplateId,
        _source: u64,
        release: &Release,
        _root_device: Option<&str>,
    ) -> Result<u64, CloudError> {
        match &release.source {
            Source::Version { number } => Ok(*number),
            Source::Build { .. } => Err(absent()),
        }
    }

    pub async fn can_build_version(&self, _template: &TemplateId, _source: u64) -> Result<(), CloudError> {
        Err(absent())
    }
}

fn absent() -> CloudError {
    CloudError::Rejected {
        action: "CreateLaunchTemplateVersion".to_owned(),
        code: "NotBuiltIn".to_owned(),
        message: WHY.to_owned(),
    }
}

fn gap(part: Part, about: &str) -> Gap {
    Gap {
        part,
        about: about.to_owned(),
        error: WHY.to_owned(),
        denied: false,
        passes: false,
    }
}
