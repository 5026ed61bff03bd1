//! Launch templates and images: what versions there are, and one more made for a release.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{
    LaunchTemplateBlockDeviceMapping, LaunchTemplateBlockDeviceMappingRequest, LaunchTemplateEbsBlockDevice,
    LaunchTemplateEbsBlockDeviceRequest, LaunchTemplateVersion as RawVersion, RequestLaunchTemplateData,
    ResponseLaunchTemplateData,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::future::join_all;
use sha2::{Digest, Sha256};

use super::Aws;
use crate::cloud::CloudError;
use crate::model::estate::{Gap, Group, Image, LaunchTemplate, Part, TemplateVersion};
use crate::model::ids::TemplateId;
use crate::model::release::{Release, Source};

/// The most versions one page may hold.
const PAGE: i32 = 200;
/// The most user data an instance can read, before encoding.
const USER_DATA_LIMIT: usize = 16 * 1024;
const CREATE: &str = "CreateLaunchTemplateVersion";

impl Aws {
    /// The templates that groups start from, with their newest versions and those in use.
    pub(super) async fn launch_templates(&self, groups: &[Group]) -> (Vec<LaunchTemplate>, Vec<Gap>) {
        let mut used: BTreeMap<TemplateId, BTreeSet<u64>> = BTreeMap::new();
        for template in groups.iter().flat_map(|group| group.launch.uses()) {
            used.entry(template.template.clone())
                .or_default()
                .extend(template.pinned());
        }
        let answers = join_all(
            used.iter()
                .map(|(id, versions)| self.launch_template(id, versions)),
        )
        .await;
        let mut templates = Vec::new();
        let mut gaps = Vec::new();
        for (id, answer) in used.keys().zip(answers) {
            match answer {
                Ok(template) => templates.push(template),
                Err(error) => gaps.push(error.gap(Part::Templates, id.as_str())),
            }
        }
        (templates, gaps)
    }

    async fn launch_template(
        &self,
        id: &TemplateId,
        used: &BTreeSet<u64>,
    ) -> Result<LaunchTemplate, CloudError> {
        let (by_id, by_name) = key(id);
        let answer = self
            .ec2
            .describe_launch_templates()
            .set_launch_template_ids(by_id.map(|id| vec![id]))
            .set_launch_template_names(by_name.map(|name| vec![name]))
            .send()
            .await
            .map_err(|e| self.error("DescribeLaunchTemplates", e))?;
        let raw = answer
            .launch_templates()
            .first()
            .ok_or_else(|| CloudError::NotFound {
                what: format!("launch template {id}"),
            })?;
        let latest = number(raw.latest_version_number());
        // Asked for from below: which end a first page starts at is nowhere promised.
        let newest = latest.saturating_sub(PAGE.unsigned_abs().into()) + 1;
        let mut versions = self.versions_from(id, newest).await?;
        let missing: Vec<String> = used
            .iter()
            .filter(|wanted| {
                !versions
                    .iter()
                    .any(|one| number(one.version_number()) == **wanted)
            })
            .map(ToString::to_string)
            .collect();
        if !missing.is_empty() {
            versions.extend(self.versions_numbered(id, missing).await?);
        }
        versions.sort_by_key(|one| std::cmp::Reverse(one.version_number()));
        Ok(LaunchTemplate {
            id: id.clone(),
            name: raw.launch_template_name().unwrap_or_default().to_owned(),
            default_version: number(raw.default_version_number()),
            latest_version: latest,
            versions: versions.iter().map(version).collect(),
        })
    }

    /// Every version from this number on.
    async fn versions_from(&self, id: &TemplateId, first: u64) -> Result<Vec<RawVersion>, CloudError> {
        let (by_id, by_name) = key(id);
        self.ec2
            .describe_launch_template_versions()
            .set_launch_template_id(by_id)
            .set_launch_template_name(by_name)
            .min_version(first.to_string())
            .max_results(PAGE)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|error| self.error("DescribeLaunchTemplateVersions", error))
    }

    async fn versions_numbered(
        &self,
        id: &TemplateId,
        numbers: Vec<String>,
    ) -> Result<Vec<RawVersion>, CloudError> {
        let (by_id, by_name) = key(id);
        let answer = self
            .ec2
            .describe_launch_template_versions()
            .set_launch_template_id(by_id)
            .set_launch_template_name(by_name)
            .set_versions(Some(numbers))
            .send()
            .await
            .map_err(|e| self.error("DescribeLaunchTemplateVersions", e))?;
        Ok(answer.launch_template_versions.unwrap_or_default())
    }

    /// The image a release asks for; none without a gap when there is none.
    pub(super) async fn image(&self, id: &str) -> (Option<Image>, Vec<Gap>) {
        if id.starts_with("resolve:") {
            let why = "a parameter is resolved only when an instance starts; name the image itself";
            let gap = Gap {
                part: Part::Image,
                about: id.to_owned(),
                error: why.to_owned(),
                denied: false,
                passes: false,
            };
            return (None, vec![gap]);
        }
        let answer = self
            .ec2
            .describe_images()
            .image_ids(id)
            .send()
            .await
            .map_err(|e| self.error("DescribeImages", e));
        match answer {
            Ok(answer) => {
                let image = answer.images().first().map(|raw| Image {
                    id: id.to_owned(),
                    name: raw.name().unwrap_or_default().to_owned(),
                    state: raw.state().map_or("unknown", |state| state.as_str()).to_owned(),
                    root_device: raw
                        .root_device_name()
                        .filter(|name| !name.is_empty())
                        .map(str::to_owned),
                });
                (image, Vec::new())
            }
            Err(CloudError::Rejected { code, .. }) if code.starts_with("InvalidAMI") => (None, Vec::new()),
            Err(error) => (None, vec![error.gap(Part::Image, id)]),
        }
    }

    /// Makes a version for a release, unless there is one already; returns its number.
    pub(super) async fn build_template_version(
        &self,
        app: &str,
        template: &TemplateId,
        source: u64,
        release: &Release,
        root_device: Option<&str>,
    ) -> Result<u64, CloudError> {
        let (image, user_data) = match &release.source {
            Source::Version { number } => return Ok(*number),
            Source::Build { image, user_data } => (image.as_deref(), user_data.as_deref()),
        };
        let description = release.version_description(app);
        // A version made from the source has a higher number than it.
        let later = self.versions_from(template, source).await?;
        if let Some(made) = later
            .iter()
            .filter(|one| one.version_description() == Some(description.as_str()))
            .map(|one| number(one.version_number()))
            .max()
        {
            return Ok(made);
        }
        let from = later
            .iter()
            .find(|one| number(one.version_number()) == source)
            .and_then(|one| one.launch_template_data())
            .ok_or_else(|| CloudError::NotFound {
                what: format!("version {source} of launch template {template}"),
            })?;
        let (by_id, by_name) = key(template);
        let made = self
            .ec2
            .create_launch_template_version()
            .set_launch_template_id(by_id)
            .set_launch_template_name(by_name)
            .source_version(source.to_string())
            .version_description(description)
            .client_token(client_token(app, template, source, release))
            .launch_template_data(data(from, image, user_data, root_device)?)
            .send()
            .await
            .map_err(|e| self.error(CREATE, e))?;
        for warning in made.warning().iter().flat_map(|warning| warning.errors()) {
            tracing::warn!(
                %template,
                code = warning.code().unwrap_or_default(),
                "{}",
                warning.message().unwrap_or_default()
            );
        }
        made.launch_template_version()
            .and_then(|version| version.version_number())
            .map(|made| number(Some(made)))
            .ok_or_else(|| CloudError::Passing {
                action: CREATE.to_owned(),
                message: "the answer names no version".to_owned(),
            })
    }

    /// Whether this identity may make versions of a template. Makes none.
    pub async fn can_build_version(&self, template: &TemplateId, source: u64) -> Result<(), CloudError> {
        let (by_id, by_name) = key(template);
        let answer = self
            .ec2
            .create_launch_template_version()
            .dry_run(true)
            .set_launch_template_id(by_id)
            .set_launch_template_name(by_name)
            .source_version(source.to_string())
            .launch_template_data(
                RequestLaunchTemplateData::builder()
                    .user_data(BASE64.encode("#"))
                    .build(),
            )
            .send()
            .await
            .map_err(|e| self.error(CREATE, e));
        match answer {
            // The API's way of saying yes.
            Err(CloudError::Rejected { code, .. }) if code == "DryRunOperation" => Ok(()),
            other => other.map(drop),
        }
    }
}

/// A template is addressed by exactly one of its id and its name.
fn key(id: &TemplateId) -> (Option<String>, Option<String>) {
    let text = id.as_str().to_owned();
    if text.starts_with("lt-") {
        (Some(text), None)
    } else {
        (None, Some(text))
    }
}

fn number(value: Option<i64>) -> u64 {
    value.and_then(|value| u64::try_from(value).ok()).unwrap_or(0)
}

fn version(raw: &RawVersion) -> TemplateVersion {
    let data = raw.launch_template_data();
    TemplateVersion {
        number: number(raw.version_number()),
        description: raw.version_description().map(str::to_owned),
        image: data.and_then(|data| data.image_id()).map(str::to_owned),
        user_data: data.and_then(|data| data.user_data()).map(digest_of),
    }
}

/// Enough to tell two user data apart, and nothing of what they say.
fn digest_of(encoded: &str) -> String {
    let text = BASE64.decode(encoded).unwrap_or_else(|_| encoded.into());
    sha256(&text)[..12].to_owned()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The same for the same request, so that a repeated one makes no second version.
fn client_token(app: &str, template: &TemplateId, source: u64, release: &Release) -> String {
    sha256(format!("{app}/{template}/{source}/{}/{}", release.name, release.inputs).as_bytes())
}

/// What a new version has of its own; everything else it inherits from its source.
fn data(
    source: &ResponseLaunchTemplateData,
    image: Option<&str>,
    user_data: Option<&str>,
    root_device: Option<&str>,
) -> Result<RequestLaunchTemplateData, CloudError> {
    let rejected = |code: &str, message: String| CloudError::Rejected {
        action: CREATE.to_owned(),
        code: code.to_owned(),
        message,
    };
    if let Some(size) = user_data.map(str::len).filter(|size| *size > USER_DATA_LIMIT) {
        return Err(rejected(
            "UserDataTooLarge",
            format!(
                "the user data has {size} bytes, and {USER_DATA_LIMIT} are allowed; let it fetch the rest"
            ),
        ));
    }
    let moved = image.is_some_and(|image| source.image_id() != Some(image));
    let has_snapshot = |mapping: &LaunchTemplateBlockDeviceMapping| {
        mapping.ebs().is_some_and(|ebs| ebs.snapshot_id().is_some())
    };
    let mappings = source.block_device_mappings();
    if moved && root_device.is_none() && mappings.iter().any(has_snapshot) {
        return Err(rejected(
            "RootDeviceUnknown",
            "the new image's root device is not known, so the former image's snapshot could be started instead"
                .to_owned(),
        ));
    }
    // Snapshots are not inherited, so the mappings are sent whole; the root's belongs to the image.
    let mappings = mappings
        .iter()
        .map(|mapping| request_mapping(mapping, moved && mapping.device_name() == root_device))
        .collect::<Vec<_>>();
    Ok(RequestLaunchTemplateData::builder()
        .set_image_id(image.map(str::to_owned))
        .set_user_data(user_data.map(|text| BASE64.encode(text)))
        .set_block_device_mappings((!mappings.is_empty()).then_some(mappings))
        .build())
}

fn request_mapping(
    mapping: &LaunchTemplateBlockDeviceMapping,
    follows_image: bool,
) -> LaunchTemplateBlockDeviceMappingRequest {
    let ebs = |ebs: &LaunchTemplateEbsBlockDevice| {
        LaunchTemplateEbsBlockDeviceRequest::builder()
            .set_encrypted(ebs.encrypted)
            .set_delete_on_termination(ebs.delete_on_termination)
            .set_iops(ebs.iops)
            .set_kms_key_id(ebs.kms_key_id.clone())
            .set_snapshot_id(ebs.snapshot_id.clone().filter(|_| !follows_image))
            .set_volume_size(ebs.volume_size)
            .set_volume_type(ebs.volume_type.clone())
            .set_throughput(ebs.throughput)
            .set_volume_initialization_rate(ebs.volume_initialization_rate)
            .set_ebs_card_index(ebs.ebs_card_index)
            .build()
    };
    LaunchTemplateBlockDeviceMappingRequest::builder()
        .set_device_name(mapping.device_name.clone())
        .set_virtual_name(mapping.virtual_name.clone())
        .set_ebs(mapping.ebs().map(ebs))
        .set_no_device(mapping.no_device.clone())
        .build()
}

#[cfg(test)]
#[path = "templates_tests.rs"]
mod tests;
