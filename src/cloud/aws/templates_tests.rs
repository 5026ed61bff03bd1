//! What a new launch template version says of its own.

use aws_sdk_ec2::types::VolumeType;

use super::super::members::{members, unset};
use super::*;
use crate::model::tags::Tags;

fn mapping(device: &str, snapshot: &str) -> LaunchTemplateBlockDeviceMapping {
    LaunchTemplateBlockDeviceMapping::builder()
        .device_name(device)
        .virtual_name("ephemeral0")
        .no_device("")
        .ebs(
            LaunchTemplateEbsBlockDevice::builder()
                .encrypted(true)
                .delete_on_termination(true)
                .iops(3000)
                .kms_key_id("key")
                .snapshot_id(snapshot)
                .volume_size(20)
                .volume_type(VolumeType::Gp3)
                .throughput(125)
                .volume_initialization_rate(100)
                .ebs_card_index(0)
                .build(),
        )
        .build()
}

fn source() -> ResponseLaunchTemplateData {
    ResponseLaunchTemplateData::builder()
        .image_id("ami-1")
        .key_name("inherited")
        .block_device_mappings(mapping("/dev/xvda", "snap-root"))
        .block_device_mappings(mapping("/dev/xvdb", "snap-data"))
        .build()
}

fn snapshots(data: &RequestLaunchTemplateData) -> Vec<Option<&str>> {
    data.block_device_mappings()
        .iter()
        .map(|mapping| mapping.ebs().and_then(|ebs| ebs.snapshot_id()))
        .collect()
}

fn release(inputs: &str) -> Release {
    Release {
        name: "v2".into(),
        inputs: inputs.into(),
        source: Source::Build {
            image: None,
            user_data: None,
        },
        tags: Tags::new(),
        variant: None,
    }
}

#[test]
fn a_mapping_is_carried_with_every_member_it_has() {
    let mapping = mapping("/dev/xvdb", "snap-data");
    let request = request_mapping(&mapping, false);
    assert_eq!(unset(&mapping), Vec::<String>::new());
    let (from, to) = (mapping.ebs().expect("ebs"), request.ebs().expect("ebs"));
    assert_eq!(unset(from), Vec::<String>::new());
    assert_eq!(members(from), members(to));
    assert_eq!(unset(&request), Vec::<String>::new());
}

#[test]
fn a_new_image_brings_its_own_root_snapshot_and_leaves_the_others() {
    let data = data(&source(), Some("ami-2"), None, Some("/dev/xvda")).expect("fits");
    assert_eq!(data.image_id(), Some("ami-2"));
    assert_eq!(snapshots(&data), [None, Some("snap-data")]);
    assert_eq!(data.key_name(), None, "what is inherited is not sent");
}

#[test]
fn without_a_new_image_every_snapshot_stays() {
    let none = data(&source(), None, Some("#!/bin/sh\n"), None).expect("fits");
    assert_eq!(none.image_id(), None);
    assert_eq!(none.user_data(), Some("IyEvYmluL3NoCg=="));
    assert_eq!(snapshots(&none), [Some("snap-root"), Some("snap-data")]);
    let same = data(&source(), Some("ami-1"), None, Some("/dev/xvda")).expect("fits");
    assert_eq!(snapshots(&same), [Some("snap-root"), Some("snap-data")]);
}

#[test]
fn a_new_image_whose_root_device_is_unknown_is_refused_where_a_snapshot_could_follow_it() {
    assert!(matches!(
        data(&source(), Some("ami-2"), None, None),
        Err(CloudError::Rejected { code, .. }) if code == "RootDeviceUnknown"
    ));
    let plain = ResponseLaunchTemplateData::builder().image_id("ami-1").build();
    let data = data(&plain, Some("ami-2"), None, None).expect("nothing to mix up");
    assert!(data.block_device_mappings.is_none());
}

#[test]
fn user_data_that_no_instance_could_read_is_refused() {
    let fits = "x".repeat(USER_DATA_LIMIT);
    assert!(data(&source(), None, Some(&fits), None).is_ok());
    assert!(matches!(
        data(&source(), None, Some(&format!("{fits}x")), None),
        Err(CloudError::Rejected { code, .. }) if code == "UserDataTooLarge"
    ));
}

#[test]
fn the_same_request_has_the_same_token_and_other_inputs_another() {
    let template = TemplateId::from("lt-1");
    let token = client_token("shop", &template, 3, &release("abc"));
    assert_eq!(token.len(), 64);
    assert_eq!(token, client_token("shop", &template, 3, &release("abc")));
    assert_ne!(token, client_token("shop", &template, 3, &release("abd")));
    assert_ne!(token, client_token("shop", &template, 4, &release("abc")));
}

#[test]
fn user_data_is_known_by_a_digest_only() {
    let digest = digest_of(&BASE64.encode("password=secret"));
    assert_eq!(digest.len(), 12);
    assert!(!digest.contains("secret"));
    assert_ne!(digest, digest_of(&BASE64.encode("password=other")));
}
