//! What a printed policy keeps its holder from: changing anything, for a reader; and for everybody what carries the
//! tag of another app.

use std::collections::BTreeSet;

use super::configs::config;
use super::estates::{answer, call};
use super::ground::{Command, Ground, HELD_KEY, printed};
use super::without::permissions;
use super::{in_virtual_time, rollback, user_data, version};
use crate::cli::args::PolicyFor;
use crate::model::plan::Intent;
use crate::model::policy::AfterRollback;
use crate::model::routing::Priority;

/// What another app, `other`, has on the same load balancer.
const NEIGHBOUR: &str = r#"
[[target_groups]]
name = "other-tg-1"
port = 8080
tags = { "swingbridge:app" = "other" }

[[load_balancers.listeners.rules]]
priority = 30
path = ["/other/*"]
forward = "other-tg-1"
tags = { "swingbridge:app" = "other" }

[[groups]]
name = "other-asg-1"
template = "ks-app"
version = "1"
min = 1
max = 4
desired = 1
target_groups = ["other-tg-1"]
tags = { "swingbridge:app" = "other" }
"#;

/// What one app's changes are made to.
struct Belongings {
    group: &'static str,
    target_group: String,
    rule: String,
}

/// Every change there is to something that exists: the action, its service, and the call.
fn changes(to: &Belongings) -> Vec<(String, &'static str, String)> {
    let Belongings {
        group,
        target_group,
        rule,
    } = to;
    let named = format!("AutoScalingGroupName={group}");
    let tag = format!(
        "Tags.member.1.ResourceId={group}&Tags.member.1.ResourceType=auto-scaling-group&Tags.member.1.Key=swingbridge%3Aapp"
    );
    let of_groups = [
        (
            "BatchPutScheduledUpdateGroupAction",
            format!(
                "{named}&ScheduledUpdateGroupActions.member.1.ScheduledActionName=n&ScheduledUpdateGroupActions.member.1.Recurrence=0+1+*+*+*&ScheduledUpdateGroupActions.member.1.MinSize=1"
            ),
        ),
        (
            "CreateOrUpdateTags",
            format!("{tag}&Tags.member.1.Value=ks&Tags.member.1.PropagateAtLaunch=false"),
        ),
        ("EnableMetricsCollection", format!("{named}&Granularity=1Minute")),
        (
            "PutNotificationConfiguration",
            format!(
                "{named}&TopicARN=arn:aws:sns:us-east-1:000000000000:t&NotificationTypes.member.1=autoscaling:EC2_INSTANCE_LAUNCH"
            ),
        ),
        (
            "PutScalingPolicy",
            format!(
                "{named}&PolicyName=p&PolicyType=SimpleScaling&AdjustmentType=ChangeInCapacity&ScalingAdjustment=1"
            ),
        ),
        ("PutWarmPool", format!("{named}&MinSize=0")),
        (
            "SuspendProcesses",
            format!("{named}&ScalingProcesses.member.1=AZRebalance"),
        ),
        (
            "ResumeProcesses",
            format!("{named}&ScalingProcesses.member.1=AZRebalance"),
        ),
        ("SetDesiredCapacity", format!("{named}&DesiredCapacity=1")),
        (
            "SetInstanceProtection",
            format!("{named}&InstanceIds.member.1=i-1&ProtectedFromScaleIn=false"),
        ),
        ("UpdateAutoScalingGroup", format!("{named}&MinSize=0")),
        ("DeleteWarmPool", named.clone()),
        ("DeleteTags", tag.replace("swingbridge%3Aapp", "team")),
        ("DeleteAutoScalingGroup", named.clone()),
    ];
    let of_balancing = [
        (
            "AddTags",
            format!(
                "ResourceArns.member.1={target_group}&Tags.member.1.Key=swingbridge%3Aapp&Tags.member.1.Value=ks"
            ),
        ),
        (
            "ModifyTargetGroupAttributes",
            format!(
                "TargetGroupArn={target_group}&Attributes.member.1.Key=slow_start.duration_seconds&Attributes.member.1.Value=30"
            ),
        ),
        (
            "ModifyRule",
            format!(
                "RuleArn={rule}&Actions.member.1.Type=fixed-response&Actions.member.1.FixedResponseConfig.StatusCode=404"
            ),
        ),
        ("DeleteRule", format!("RuleArn={rule}")),
        ("DeleteTargetGroup", format!("TargetGroupArn={target_group}")),
    ];
    let groups = of_groups.into_iter().map(|(operation, rest)| {
        let form = format!("Action={operation}&Version=2011-01-01&{rest}");
        (format!("autoscaling:{operation}"), "autoscaling", form)
    });
    let balancing = of_balancing.into_iter().map(|(operation, rest)| {
        let form = format!("Action={operation}&Version=2015-12-01&{rest}");
        (
            format!("elasticloadbalancing:{operation}"),
            "elasticloadbalancing",
            form,
        )
    });
    groups.chain(balancing).collect()
}

async fn belongings(
    ground: &Ground,
    group: &'static str,
    target_group: &str,
    (port, priority): (u16, u32),
) -> Belongings {
    let described = call(
        &ground.keeper,
        "elasticloadbalancing",
        &format!("Action=DescribeTargetGroups&Version=2015-12-01&Names.member.1={target_group}"),
    );
    let arn = described
        .split("<TargetGroupArn>")
        .nth(1)
        .and_then(|rest| rest.split('<').next())
        .expect("a target group");
    let rule = ground
        .sees()
        .await
        .estate
        .rules()
        .find(|rule| rule.port == port && rule.priority == Priority::Numbered(priority))
        .expect("a rule")
        .arn
        .clone();
    Belongings {
        group,
        target_group: arn.to_owned(),
        rule: rule.to_string(),
    }
}

#[test]
fn no_role_can_touch_what_carries_the_tag_of_another_app() {
    in_virtual_time(|| async {
        for role in [
            PolicyFor::Deploy,
            PolicyFor::Promote,
            PolicyFor::Rollback,
            PolicyFor::All,
        ] {
            let ground = Ground::beside(NEIGHBOUR).await;
            ground.prepare(&Command::Run(version()), config("")).await;
            let policy = printed(role);
            let granted: BTreeSet<String> = permissions(&policy)
                .iter()
                .map(|one| one.action.clone())
                .collect();
            let theirs = belongings(&ground, "other-asg-1", "other-tg-1", (81, 30)).await;
            let ours = belongings(&ground, "asg-2", "tg-2", (80, 10)).await;
            let before = ground.sees().await;
            ground.hold_to(&policy);
            for (action, service, form) in changes(&theirs) {
                let (status, body) = answer(&ground.keeper, HELD_KEY, service, &form);
                assert_eq!(status, 403, "{role:?}: {action} on another app's: {body}");
            }
            assert_eq!(ground.sees().await, before);
            // On our own the same calls are not denied, or the above would say nothing.
            let mut tried = BTreeSet::new();
            for (action, service, form) in changes(&ours) {
                if granted.contains(&action) {
                    let (status, body) = answer(&ground.keeper, HELD_KEY, service, &form);
                    assert_ne!(status, 403, "{role:?}: {action} on our own: {body}");
                    tried.insert(action);
                }
            }
            assert!(tried.len() > 8, "{role:?}: only {tried:?} were tried");
        }
    });
}

#[test]
fn nothing_is_created_in_another_apps_name() {
    in_virtual_time(|| async {
        let ground = Ground::beside(NEIGHBOUR).await;
        ground.hold_to(&printed(PolicyFor::All));
        let seen = ground.sees().await;
        let listener = &seen.estate.listener(80).expect("a listener").arn;
        let template = seen.estate.templates[0].id.to_string();
        let rule = format!(
            "Action=CreateRule&Version=2015-12-01&ListenerArn={listener}&Priority=5&Conditions.member.1.Field=path-pattern\
         &Conditions.member.1.Values.member.1=/x&Actions.member.1.Type=fixed-response\
         &Actions.member.1.FixedResponseConfig.StatusCode=404&Tags.member.1.Key=swingbridge%3Aapp&Tags.member.1.Value="
        );
        let target_group =
            "Action=CreateTargetGroup&Version=2015-12-01&Name=made&Protocol=HTTP&Port=80&TargetType=instance\
                        &VpcId=vpc-1&Tags.member.1.Key=swingbridge%3Aapp&Tags.member.1.Value="
                .to_owned();
        let group = format!(
            "Action=CreateAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=made&MinSize=0&MaxSize=0\
         &LaunchTemplate.LaunchTemplateId={template}&LaunchTemplate.Version=1&AvailabilityZones.member.1=us-east-1a\
         &Tags.member.1.PropagateAtLaunch=false&Tags.member.1.Key=swingbridge%3Aapp&Tags.member.1.Value="
        );
        for (service, form) in [
            ("elasticloadbalancing", rule),
            ("elasticloadbalancing", target_group),
            ("autoscaling", group),
        ] {
            for (app, denied) in [("other", true), ("ks", false)] {
                let (status, body) = answer(&ground.keeper, HELD_KEY, service, &format!("{form}{app}"));
                assert_eq!(status == 403, denied, "{form}{app}: {body}");
            }
        }
    });
}

#[test]
fn whoever_may_only_read_changes_nothing_with_any_command() {
    in_virtual_time(|| async {
        let deployed = || Command::Run(version());
        let promoted = || Command::Run(Intent::Promote);
        for (before, command) in [
            (vec![], deployed()),
            (vec![], Command::Run(user_data())),
            (vec![], Command::Adopt),
            (vec![deployed()], promoted()),
            (vec![deployed()], Command::Run(Intent::Abort)),
            (vec![deployed(), promoted()], rollback(AfterRollback::Remove)),
            (vec![deployed(), promoted()], super::retire()),
        ] {
            let ground = Ground::new().await;
            for earlier in &before {
                ground.prepare(earlier, config("")).await;
            }
            tokio::time::sleep(std::time::Duration::from_secs(120)).await;
            let seen = ground.sees().await;
            ground.hold_to(&printed(PolicyFor::Plan));
            let told = ground.does(&command, config("")).await;
            assert_eq!(told.code, 4, "{command:?}: {}", told.words);
            assert!(
                told.words.contains("not authorized") && told.words.contains("iam-policy"),
                "{command:?}: {}",
                told.words
            );
            assert_eq!(ground.sees().await, seen, "{command:?}");
        }
    });
}

#[test]
fn whoever_may_not_write_routes_is_told_that_production_has_not_moved() {
    in_virtual_time(|| async {
        let ground = Ground::new().await;
        ground.prepare(&Command::Run(version()), config("")).await;
        let whole = printed(PolicyFor::Promote);
        let writes = [
            "elasticloadbalancing:ModifyListener",
            "elasticloadbalancing:ModifyRule",
        ];
        let kept_from = permissions(&whole)
            .iter()
            .filter(|one| writes.contains(&one.action.as_str()))
            .fold(whole.clone(), |policy, one| one.taken_from(&policy));
        let before = ground.sees().await.routes();
        ground.hold_to(&kept_from);
        let promote = Command::Run(Intent::Promote);
        let told = ground.does(&promote, config("")).await;
        // A first route that was not written is no swing that was taken back, which would be 5.
        assert_eq!(told.code, 4, "{}", told.words);
        assert!(
            writes.iter().any(|action| told.words.contains(action)),
            "{}",
            told.words
        );
        assert_eq!(ground.sees().await.routes(), before);
        ground.hold_to(&whole);
        let told = ground.does(&promote, config("")).await;
        assert_eq!(told.code, 0, "{}", told.words);
    });
}

#[test]
fn a_reader_may_describe_and_read_metrics_and_nothing_else() {
    for permission in permissions(&printed(PolicyFor::Plan)) {
        let (_, operation) = permission.action.split_once(':').expect("an action");
        assert!(
            operation.starts_with("Describe") || operation == "GetMetricData",
            "{permission:?}"
        );
    }
}
