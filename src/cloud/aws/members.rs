//! The members of an SDK type as its `Debug` output shows them, so that tests can demand a decision
//! about each, and fail when a later SDK brings one that nobody has thought of.

use std::collections::BTreeMap;
use std::fmt::Debug;

/// Member name, as Rust writes it, to the text of its value.
pub(super) fn members(value: &impl Debug) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut last = String::new();
    for line in format!("{value:#?}").lines().skip(1) {
        let Some(line) = line.strip_prefix("    ") else {
            continue;
        };
        match line.split_once(": ") {
            Some((name, text)) if !line.starts_with([' ', '}', ']', ')']) => {
                name.clone_into(&mut last);
                all.insert(last.clone(), text.to_owned());
            }
            _ => all.entry(last.clone()).or_default().push_str(line),
        }
    }
    all
}

/// The members that are not set.
pub(super) fn unset(value: &impl Debug) -> Vec<String> {
    members(value)
        .into_iter()
        .filter(|(_, text)| text.trim_end_matches(',') == "None")
        .map(|(name, _)| name)
        .collect()
}

/// `vpc_zone_identifier` as the API writes it: `VPCZoneIdentifier`.
pub(super) fn api_name(member: &str) -> String {
    member
        .split('_')
        .map(|word| match word {
            "arn" => "ARN".to_owned(),
            "arns" => "ARNs".to_owned(),
            "vpc" => "VPC".to_owned(),
            _ => word[..1].to_uppercase() + &word[1..],
        })
        .collect()
}

#[test]
fn members_are_told_from_what_is_inside_them() {
    use aws_sdk_autoscaling::types::{AutoScalingGroup, LaunchTemplateSpecification};
    let group = AutoScalingGroup::builder()
        .launch_template(
            LaunchTemplateSpecification::builder()
                .launch_template_id("lt-1")
                .build(),
        )
        .build();
    let all = members(&group);
    assert!(all["launch_template"].contains("lt-1"));
    assert!(!all.contains_key("launch_template_id"));
    assert!(unset(&group).contains(&"min_size".to_owned()));
}
