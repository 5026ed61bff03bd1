//! What a clone takes over, held against the SDK's own types.

use aws_sdk_elasticloadbalancingv2::types::{ProtocolEnum, TargetGroupIpAddressTypeEnum, TargetTypeEnum};

use super::*;
use crate::model::clone::{TARGET_GROUP, Treatment, rule_for};

fn original() -> SdkTargetGroup {
    SdkTargetGroup::builder()
        .target_group_arn("arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/tg-1/1")
        .target_group_name("tg-1")
        .protocol(ProtocolEnum::Http)
        .protocol_version("GRPC")
        .port(8080)
        .vpc_id("vpc-1")
        .health_check_protocol(ProtocolEnum::Https)
        .health_check_port("8081")
        .health_check_enabled(true)
        .health_check_path("/health")
        .health_check_interval_seconds(7)
        .health_check_timeout_seconds(3)
        .healthy_threshold_count(4)
        .unhealthy_threshold_count(6)
        .matcher(Matcher::builder().grpc_code("0-5").build())
        .load_balancer_arns("arn:lb")
        .target_type(TargetTypeEnum::Instance)
        .ip_address_type(TargetGroupIpAddressTypeEnum::Ipv4)
        .target_control_port(3000)
        .build()
}

/// What the SDK prints of a value names each of its members, as they are called in Rust, one
/// level below the value's own name.
fn members(printed: &str) -> Vec<String> {
    printed
        .lines()
        .filter_map(|line| line.strip_prefix("    ")?.split_once(": "))
        .filter(|(name, _)| !name.starts_with([' ', '_', '}', ']']))
        .map(|(name, _)| {
            name.split('_')
                .map(|word| {
                    let (first, rest) = word.split_at(1);
                    first.to_uppercase() + rest
                })
                .collect()
        })
        .collect()
}

fn described() -> Vec<String> {
    members(&format!("{:#?}", original()))
}

fn taken() -> Vec<String> {
    let input = clone_of(&original(), &TargetGroupName::from("tg-2"), &Tags::new()).build();
    members(&format!("{:#?}", input.expect("a complete input")))
}

#[test]
fn every_member_of_a_target_group_has_a_line_in_the_clone_table() {
    assert!(described().len() >= 19, "{:?}", described());
    for member in described().iter().chain(&taken()) {
        assert!(
            rule_for(TARGET_GROUP, member).is_some(),
            "{member} is new: decide what a clone does with it"
        );
    }
}

#[test]
fn no_line_of_the_clone_table_is_about_a_member_that_does_not_exist() {
    let (described, taken) = (described(), taken());
    for rule in TARGET_GROUP {
        let found = match rule.treatment {
            Treatment::InputOnly => {
                taken.iter().any(|member| member == rule.field)
                    && !described.iter().any(|member| member == rule.field)
            }
            _ => described.iter().chain(&taken).any(|member| member == rule.field),
        };
        assert!(found, "{}", rule.field);
    }
}

#[test]
fn a_clone_of_a_target_group_with_every_member_set_has_every_member_set() {
    let own = Tags::from([(APP.to_owned(), "shop".to_owned())]);
    let clone = clone_of(&original(), &TargetGroupName::from("tg-2"), &own);
    let printed = format!("{clone:#?}");
    for line in printed.lines().filter(|line| !line.starts_with("     ")) {
        assert!(!line.ends_with(": None,"), "{line}");
    }
    assert_eq!(clone.get_name().as_deref(), Some("tg-2"));
}

#[test]
fn every_member_that_is_copied_is_shown_among_the_settings() {
    let shown = settings(&original());
    for rule in TARGET_GROUP
        .iter()
        .filter(|rule| rule.treatment == Treatment::Copy)
    {
        assert!(shown.contains_key(rule.field), "{}", rule.field);
    }
}

#[test]
fn reserved_tags_and_those_of_the_generation_are_not_inherited() {
    let tags = |pairs: &[(&str, &str)]| -> Tags {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    };
    let inherited = tags(&[
        ("team", "shop"),
        ("aws:cloudformation:stack-name", "s"),
        ("swingbridge:state", "live"),
        (GENERATION, "1"),
    ]);
    let own = tags(&[(APP, "shop"), (GENERATION, "2")]);
    assert_eq!(
        cloned_tags(&inherited, &own),
        tags(&[("team", "shop"), (APP, "shop"), (GENERATION, "2")])
    );
}

#[test]
fn settings_are_rendered_by_the_names_the_api_gives_them() {
    let settings = settings(&original());
    for (name, value) in [
        ("Port", "8080"),
        ("Matcher", "gRPC 0-5"),
        ("HealthCheckProtocol", "HTTPS"),
        ("TargetType", "instance"),
        ("HealthCheckEnabled", "true"),
    ] {
        assert_eq!(settings.get(name).map(String::as_str), Some(value), "{name}");
    }
}

#[test]
fn a_target_shifted_away_from_its_zone_says_so() {
    use aws_sdk_elasticloadbalancingv2::types::{AdministrativeOverride, TargetDescription, TargetHealth};
    let raw = |state| {
        TargetHealthDescription::builder()
            .target(TargetDescription::builder().id("i-1").port(80).build())
            .target_health(
                TargetHealth::builder()
                    .state(TargetHealthStateEnum::UnhealthyDraining)
                    .build(),
            )
            .administrative_override(AdministrativeOverride::builder().state(state).build())
            .build()
    };
    let shifted = target(&raw(TargetAdministrativeOverrideStateEnum::ZonalShiftActive));
    assert_eq!(shifted.zonal_override.as_deref(), Some("zonal_shift_active"));
    assert_eq!(shifted.state, TargetState::Draining);
    let normal = target(&raw(TargetAdministrativeOverrideStateEnum::NoOverride));
    assert_eq!(normal.zonal_override, None);
}
