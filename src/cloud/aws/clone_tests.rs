//! The clone against the table of its rules, member by member of the SDK's own types.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_autoscaling::operation::create_auto_scaling_group::CreateAutoScalingGroupInput;
use aws_sdk_autoscaling::operation::update_auto_scaling_group::UpdateAutoScalingGroupInput;
use aws_sdk_autoscaling::types::{
    AvailabilityZoneDistribution, AvailabilityZoneImpairmentPolicy, CapacityDistributionStrategy,
    CapacityReservationPreference, CapacityReservationSpecification, DeletionProtection, EnabledMetric,
    ImpairedZoneHealthCheckBehavior, Instance, InstanceLifecyclePolicy, InstanceMaintenancePolicy,
    InstancesDistribution, LaunchTemplate, LaunchTemplateOverrides, LaunchTemplateSpecification,
    MixedInstancesPolicy, Operator, RetentionAction, RetentionTriggers, SuspendedProcess,
    WarmPoolConfiguration,
};
use aws_smithy_types::DateTime;

use super::super::members::{api_name, members, unset};
use super::super::reuse;
use super::*;
use crate::model::clone::{GROUP, Treatment, rule_for};
use crate::model::ids::{Generation, GroupName, Size, TargetGroupName, TemplateId};
use crate::model::tags::Tags;

const TARGET_GROUP: &str = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/tg-2/bbb";
const CUSTOM_ROLE: &str =
    "arn:aws:iam::1:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_shop";

fn template(id: &str, version: &str) -> LaunchTemplateSpecification {
    LaunchTemplateSpecification::builder()
        .launch_template_id(id)
        .launch_template_name(format!("{id}-name"))
        .version(version)
        .build()
}

fn described_tag(key: &str, value: &str, propagate: bool) -> TagDescription {
    TagDescription::builder()
        .resource_id("asg-1")
        .resource_type("auto-scaling-group")
        .key(key)
        .value(value)
        .propagate_at_launch(propagate)
        .build()
}

/// A group with every member set, though no real one could have them all.
fn original() -> AutoScalingGroup {
    AutoScalingGroup::builder()
        .auto_scaling_group_name("asg-1")
        .auto_scaling_group_arn("arn:asg-1")
        .launch_configuration_name("lc")
        .launch_template(template("lt-1", "$Latest"))
        .mixed_instances_policy(
            MixedInstancesPolicy::builder()
                .launch_template(
                    LaunchTemplate::builder()
                        .launch_template_specification(template("lt-1", "$Default"))
                        .overrides(
                            LaunchTemplateOverrides::builder()
                                .instance_type("m5.large")
                                .weighted_capacity("2")
                                .build(),
                        )
                        .overrides(
                            LaunchTemplateOverrides::builder()
                                .launch_template_specification(template("lt-2", "4"))
                                .build(),
                        )
                        .build(),
                )
                .instances_distribution(
                    InstancesDistribution::builder()
                        .on_demand_base_capacity(1)
                        .build(),
                )
                .build(),
        )
        .min_size(2)
        .max_size(9)
        .desired_capacity(4)
        .predicted_capacity(5)
        .default_cooldown(77)
        .availability_zones("eu-west-1a")
        .availability_zone_ids("euw1-az1")
        .load_balancer_names("classic")
        .target_group_arns("arn:tg-1")
        .health_check_type("ELB")
        .health_check_grace_period(91)
        .instances(Instance::builder().instance_id("i-1").build())
        .created_time(DateTime::from_secs(1))
        .suspended_processes(SuspendedProcess::builder().process_name("AZRebalance").build())
        .placement_group("pg")
        .vpc_zone_identifier("subnet-a,subnet-b")
        .enabled_metrics(EnabledMetric::builder().metric("GroupMinSize").build())
        .status("Delete in progress")
        .tags(described_tag("team", "shop", true))
        .tags(described_tag("version", "1", true))
        .tags(described_tag("aws:cloudformation:stack-name", "s", true))
        .tags(described_tag("swingbridge:state", "live", false))
        .termination_policies("OldestInstance")
        .new_instances_protected_from_scale_in(true)
        .service_linked_role_arn(CUSTOM_ROLE)
        .max_instance_lifetime(86_400)
        .capacity_rebalance(true)
        .warm_pool_configuration(WarmPoolConfiguration::builder().min_size(1).build())
        .warm_pool_size(1)
        .context("context")
        .desired_capacity_type("units")
        .default_instance_warmup(33)
        .traffic_sources(
            TrafficSourceIdentifier::builder()
                .identifier("arn:tg-1")
                .r#type("elbv2")
                .build(),
        )
        .instance_maintenance_policy(
            InstanceMaintenancePolicy::builder()
                .min_healthy_percentage(90)
                .max_healthy_percentage(120)
                .build(),
        )
        .deletion_protection(DeletionProtection::PreventAllDeletion)
        .availability_zone_distribution(
            AvailabilityZoneDistribution::builder()
                .capacity_distribution_strategy(CapacityDistributionStrategy::BalancedOnly)
                .build(),
        )
        .availability_zone_impairment_policy(
            AvailabilityZoneImpairmentPolicy::builder()
                .zonal_shift_enabled(true)
                .impaired_zone_health_check_behavior(ImpairedZoneHealthCheckBehavior::IgnoreUnhealthy)
                .build(),
        )
        .capacity_reservation_specification(
            CapacityReservationSpecification::builder()
                .capacity_reservation_preference(CapacityReservationPreference::CapacityReservationsFirst)
                .build(),
        )
        .instance_lifecycle_policy(
            InstanceLifecyclePolicy::builder()
                .retention_triggers(
                    RetentionTriggers::builder()
                        .terminate_hook_abandon(RetentionAction::Retain)
                        .build(),
                )
                .build(),
        )
        .operator(Operator::builder().principal("ecs").build())
        .build()
}

fn new_group() -> NewGroup {
    NewGroup {
        group: GroupName::from("asg-2"),
        copy_of: GroupName::from("asg-1"),
        target_group: TargetGroupName::from("tg-2"),
        instead_of: TargetGroupName::from("tg-1"),
        generation: Generation(2),
        release: "v2".into(),
        size: Size {
            min: 4,
            max: 9,
            desired: 4,
        },
        versions: Vec::new(),
        tags: Tags::from([
            (tags::APP.to_owned(), "shop".to_owned()),
            (tags::GENERATION.to_owned(), "2".to_owned()),
            ("version".to_owned(), "2".to_owned()),
        ]),
        settings: BTreeMap::new(),
        hooks: Vec::new(),
    }
}

fn cloned(original: &AutoScalingGroup) -> CreateAutoScalingGroupInput {
    let versions = Versions::from([(TemplateId::from("lt-1"), 8), (TemplateId::from("lt-2"), 5)]);
    let hooks = vec![
        LifecycleHookSpecification::builder()
            .lifecycle_hook_name("warm-up")
            .build(),
    ];
    request(original, &new_group(), &Arn::from(TARGET_GROUP), &versions, hooks)
        .and_then(|request| {
            request.build().map_err(|error| CloudError::Rejected {
                action: "build".into(),
                code: "incomplete".into(),
                message: error.to_string(),
            })
        })
        .expect("a request")
}

#[test]
fn the_example_has_every_member_of_a_group() {
    assert_eq!(unset(&original()), Vec::<String>::new());
}

#[test]
fn every_member_the_api_has_is_decided_on_and_no_other() {
    let described = members(&AutoScalingGroup::builder().build());
    let created = members(&CreateAutoScalingGroupInput::builder().build().expect("empty"));
    let known: BTreeSet<String> = described
        .keys()
        .chain(created.keys())
        .map(|name| api_name(name))
        .collect();
    let decided: BTreeSet<String> = GROUP.iter().map(|rule| rule.field.to_owned()).collect();
    assert_eq!(decided, known);
    assert_eq!(GROUP.len(), decided.len(), "a member is decided on twice");
}

#[test]
fn what_is_copied_arrives_as_it_is_and_what_is_left_does_not_arrive() {
    let original = original();
    let (from, to) = (members(&original), members(&cloned(&original)));
    let all: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    for name in all {
        let rule = rule_for(GROUP, &api_name(name)).expect("a rule");
        match rule.treatment {
            Treatment::Copy => assert_eq!(to.get(name), from.get(name), "{name}"),
            Treatment::Leave | Treatment::Refuse | Treatment::Separately => {
                assert!(
                    to.get(name).is_none_or(|text| text == "None,"),
                    "{name}: {:?}",
                    to.get(name)
                );
            }
            Treatment::Transform | Treatment::InputOnly => {}
        }
    }
}

#[test]
fn every_copied_setting_is_shown_and_compared() {
    let shown = settings(&original());
    for rule in GROUP.iter().filter(|rule| rule.treatment == Treatment::Copy) {
        assert!(shown.contains_key(rule.field), "{}", rule.field);
    }
    for name in [
        "AvailabilityZones",
        "ServiceLinkedRoleARN",
        "MixedInstancesPolicy",
    ] {
        assert!(shown.contains_key(name), "{name}");
    }
}

#[test]
fn a_pinned_version_is_no_change_of_settings() {
    let mut later = original();
    if let Some(template) = later
        .mixed_instances_policy
        .as_mut()
        .and_then(|policy| policy.launch_template.as_mut())
    {
        template.launch_template_specification = Some(self::template("lt-1", "7"));
    }
    assert_eq!(difference(&settings(&original()), &settings(&later)), None);
}

#[test]
fn a_changed_setting_is_named_with_both_values() {
    let mut later = original();
    later.health_check_grace_period = None;
    assert_eq!(
        difference(&settings(&original()), &settings(&later)),
        Some((
            "HealthCheckGracePeriod".to_owned(),
            "91".to_owned(),
            "not set".to_owned()
        ))
    );
}

#[test]
fn the_clone_gets_its_own_name_size_target_group_hooks_and_versions() {
    let input = cloned(&original());
    assert_eq!(input.auto_scaling_group_name(), Some("asg-2"));
    assert_eq!(
        (input.min_size(), input.max_size(), input.desired_capacity()),
        (Some(4), Some(9), Some(4))
    );
    assert_eq!(input.target_group_arns(), [TARGET_GROUP]);
    assert!(input.traffic_sources.is_none());
    assert_eq!(input.lifecycle_hook_specification_list().len(), 1);
    let base = input.launch_template().expect("a template");
    assert_eq!(
        (
            base.launch_template_id(),
            base.launch_template_name(),
            base.version()
        ),
        (Some("lt-1"), None, Some("8"))
    );
    let mixed = input
        .mixed_instances_policy()
        .and_then(|policy| policy.launch_template())
        .expect("a mixed policy");
    assert_eq!(
        mixed
            .launch_template_specification()
            .and_then(|one| one.version()),
        Some("8")
    );
    let [sized, own] = mixed.overrides() else {
        panic!("both overrides");
    };
    assert_eq!(sized.weighted_capacity(), Some("2"));
    assert_eq!(
        own.launch_template_specification().and_then(|one| one.version()),
        Some("5")
    );
}

#[test]
fn a_group_attached_by_traffic_source_is_cloned_with_one() {
    let mut original = original();
    original.target_group_arns = Some(Vec::new());
    let input = cloned(&original);
    assert!(input.target_group_arns.is_none());
    let [source] = input.traffic_sources() else {
        panic!("one traffic source");
    };
    assert_eq!(
        (source.identifier(), source.r#type()),
        (Some(TARGET_GROUP), Some("elbv2"))
    );
}

#[test]
fn zones_are_named_only_where_there_are_no_subnets() {
    assert!(cloned(&original()).availability_zones.is_none());
    let mut classic = original();
    classic.vpc_zone_identifier = Some(String::new());
    let input = cloned(&classic);
    assert_eq!(input.availability_zones(), ["eu-west-1a"]);
    assert_eq!(input.vpc_zone_identifier(), None);
}

#[test]
fn the_role_every_account_has_is_not_named() {
    assert_eq!(cloned(&original()).service_linked_role_arn(), Some(CUSTOM_ROLE));
    let mut usual = original();
    usual.service_linked_role_arn = Some(
        "arn:aws:iam::1:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling".into(),
    );
    assert_eq!(cloned(&usual).service_linked_role_arn(), None);
}

#[test]
fn tags_are_the_owners_and_this_generations_and_none_that_are_reserved() {
    let input = cloned(&original());
    let seen: Vec<_> = input
        .tags()
        .iter()
        .map(|tag| {
            assert_eq!(tag.resource_id(), Some("asg-2"));
            (
                tag.key().unwrap_or_default(),
                tag.value().unwrap_or_default(),
                tag.propagate_at_launch(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("team", "shop", Some(true)),
            ("swingbridge:app", "shop", Some(false)),
            ("swingbridge:generation", "2", Some(false)),
            ("version", "2", Some(true)),
        ]
    );
}

/// The request that makes a group that is there, and was like `found`, the original's image.
fn updated(original: &AutoScalingGroup, found: &AutoScalingGroup) -> UpdateAutoScalingGroupInput {
    let versions = Versions::from([(TemplateId::from("lt-1"), 8), (TemplateId::from("lt-2"), 5)]);
    let request = reuse::request(original, found, &new_group(), &versions).expect("a request");
    request.build().expect("complete")
}

#[test]
fn a_group_that_is_used_again_gets_all_that_a_clone_gets_and_an_update_takes_but_its_size() {
    let update = updated(&original(), &AutoScalingGroup::builder().build());
    let (made, update_members) = (members(&cloned(&original())), members(&update));
    let differing: Vec<&str> = update_members
        .iter()
        .filter(|(name, value)| made.get(*name) != Some(*value))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(differing, ["desired_capacity", "max_size", "min_size"]);
    assert_eq!(
        (update.min_size, update.max_size, update.desired_capacity),
        (Some(0), Some(0), Some(0)),
        "it stays empty"
    );
    // Nothing that can be updated is forgotten: these a clone does not set either.
    let forgotten: Vec<String> = unset(&update)
        .into_iter()
        .filter(|name| made.get(name).is_some_and(|value| value != "None,"))
        .collect();
    assert_eq!(forgotten, Vec::<String>::new());
}

#[test]
fn what_the_original_has_not_is_taken_away_from_a_group_that_is_used_again() {
    let bare = AutoScalingGroup::builder()
        .auto_scaling_group_name("asg-1")
        .launch_template(template("lt-1", "7"))
        .build();
    let update = updated(&bare, &original());
    assert_eq!(update.max_instance_lifetime, Some(0));
    assert_eq!(update.default_instance_warmup, Some(-1));
    assert_eq!(update.placement_group.as_deref(), Some(""));
    assert_eq!(update.capacity_rebalance, Some(false));
    let maintenance = update.instance_maintenance_policy.expect("none");
    assert_eq!(
        (
            maintenance.min_healthy_percentage,
            maintenance.max_healthy_percentage
        ),
        (Some(-1), Some(-1))
    );
    let nothing = updated(&bare, &bare);
    assert_eq!(nothing.max_instance_lifetime, None);
    assert_eq!(nothing.instance_maintenance_policy, None);
}
