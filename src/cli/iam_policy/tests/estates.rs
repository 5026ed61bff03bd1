//! The estates that a role is tried on: between them they have everything that a clone copies by a call of its own.

use std::sync::Arc;

use bytes::Bytes;

use crate::lab::estates::{Estate, build};
use crate::lab::keeper::Keeper;
use crate::lab::permission::FREE_KEY;
use crate::lab::wire;

/// One load balancer with three routes: a default rule on each of two listeners, and a rule with a number. Behind
/// them a group that follows its template's default version, and has one of everything hanging on it.
const EVERYTHING: &str = r#"
name = "everything"

[[launch_templates]]
name = "ks-app"
versions = [{ image = "app-1" }, { image = "app-2" }]

[[target_groups]]
name = "tg-1"
port = 8080
health_path = "/health"
attributes = { "deregistration_delay.timeout_seconds" = "5" }

[[load_balancers]]
name = "alb-ks"

[[load_balancers.listeners]]
port = 80
default = { forward = "tg-1" }

[[load_balancers.listeners.rules]]
priority = 10
header = { name = "x-client-mode", values = ["blue"] }
forward = "tg-1"

[[load_balancers.listeners.rules]]
priority = 11
header = { name = "x-client-mode", values = ["green"] }
status = 404

[[load_balancers.listeners.rules]]
priority = 20
path = ["/api/*"]
forward = "tg-1"

[[load_balancers.listeners]]
port = 81
default = { forward = "tg-1" }

[[groups]]
name = "asg-1"
template = "ks-app"
version = "$Default"
min = 1
max = 4
desired = 2
target_groups = ["tg-1"]
health_grace = 10
policies = [{ name = "requests", metric = "ALBRequestCountPerTarget", target = 500.0 }]

[[calls]]
action = "ec2:CreateLaunchTemplateVersion"
[calls.input]
LaunchTemplateId = "${launch_template.ks-app}"
SourceVersion = "2"
[calls.input.LaunchTemplateData]
IamInstanceProfile = { Name = "web" }
TagSpecification = [{ ResourceType = "volume", Tag = [{ Key = "team", Value = "kie" }] }]

[[calls]]
action = "autoscaling:PutScalingPolicy"
input = { AutoScalingGroupName = "asg-1", PolicyName = "busy", PolicyType = "StepScaling", AdjustmentType = "ChangeInCapacity", StepAdjustments = [{ MetricIntervalLowerBound = 0.0, ScalingAdjustment = 1 }] }

[[calls]]
action = "autoscaling:PutScheduledUpdateGroupAction"
input = { AutoScalingGroupName = "asg-1", ScheduledActionName = "night", Recurrence = "0 20 * * *", MinSize = 1 }

[[calls]]
action = "autoscaling:PutLifecycleHook"
input = { AutoScalingGroupName = "asg-1", LifecycleHookName = "drain", LifecycleTransition = "autoscaling:EC2_INSTANCE_TERMINATING", HeartbeatTimeout = 30, DefaultResult = "CONTINUE", NotificationTargetARN = "arn:aws:sqs:us-east-1:000000000000:drains", RoleARN = "arn:aws:iam::000000000000:role/hooks" }

[[calls]]
action = "autoscaling:PutNotificationConfiguration"
input = { AutoScalingGroupName = "asg-1", TopicARN = "arn:aws:sns:us-east-1:000000000000:deploys", NotificationTypes = ["autoscaling:EC2_INSTANCE_LAUNCH"] }

[[calls]]
action = "autoscaling:EnableMetricsCollection"
input = { AutoScalingGroupName = "asg-1", Granularity = "1Minute", Metrics = ["GroupDesiredCapacity"] }

[[calls]]
action = "autoscaling:PutWarmPool"
input = { AutoScalingGroupName = "asg-1", MinSize = 1, PoolState = "Stopped" }

[[calls]]
action = "autoscaling:UpdateAutoScalingGroup"
input = { AutoScalingGroupName = "asg-1", NewInstancesProtectedFromScaleIn = true }

[[calls]]
action = "autoscaling:SuspendProcesses"
input = { AutoScalingGroupName = "asg-1", ScalingProcesses = ["AZRebalance", "Terminate"] }
"#;

pub(super) fn everything(keeper: &Arc<Keeper>) {
    put_up(keeper, EVERYTHING);
}

/// The same with another app's part, which is on the last of its listeners.
pub(super) fn everything_beside(keeper: &Arc<Keeper>, neighbour: &str) {
    let (ours, calls) = EVERYTHING.split_once("[[calls]]").expect("calls");
    put_up(keeper, &format!("{ours}{neighbour}[[calls]]{calls}"));
}

fn put_up(keeper: &Arc<Keeper>, text: &str) {
    let estate = Estate::read(text).expect("an estate");
    keeper
        .with(|world| build(world, &estate))
        .expect("a built estate");
    let policy = keeper.with(|world| world.scaling.groups["asg-1"].policies["busy"].arn.clone());
    call(
        keeper,
        "monitoring",
        &format!(
            "Action=PutMetricAlarm&Version=2010-08-01&AlarmName=busy-asg-1&Namespace=AWS%2FEC2&MetricName=CPUUtilization\
             &Statistic=Average&Period=60&EvaluationPeriods=1&Threshold=80&ComparisonOperator=GreaterThanThreshold\
             &Dimensions.member.1.Name=AutoScalingGroupName&Dimensions.member.1.Value=asg-1\
             &AlarmActions.member.1={policy}&AlarmActions.member.2=arn%3Aaws%3Asns%3Aus-east-1%3A000000000000%3Adeploys"
        ),
    );
}

/// The names of all alarms that no policy of AWS's own keeps.
pub(super) fn alarms(keeper: &Arc<Keeper>) -> Vec<String> {
    let answer = call(keeper, "monitoring", "Action=DescribeAlarms&Version=2010-08-01");
    let mut names: Vec<String> = answer
        .split("<AlarmName>")
        .skip(1)
        .filter_map(|rest| rest.split('<').next())
        .filter(|name| !name.starts_with("TargetTracking-"))
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

/// The number of the image of a name.
pub(super) fn image(keeper: &Arc<Keeper>, name: &str) -> String {
    let answer = call(
        keeper,
        "ec2",
        &format!("Action=DescribeImages&Version=2016-11-15&Filter.1.Name=name&Filter.1.Value.1={name}"),
    );
    let id = answer
        .split("<imageId>")
        .nth(1)
        .and_then(|rest| rest.split('<').next());
    id.unwrap_or_else(|| panic!("no image {name}: {answer}"))
        .to_owned()
}

/// A call by whoever brought the lab up, which goes well.
pub(super) fn call(keeper: &Arc<Keeper>, service: &str, form: &str) -> String {
    let (status, text) = answer(keeper, FREE_KEY, service, form);
    assert_eq!(status, 200, "{form}: {text}");
    text
}

/// Status and body of a call.
pub(super) fn answer(keeper: &Arc<Keeper>, key: &str, service: &str, form: &str) -> (u16, String) {
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential={key}/20261121/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let request = http::Request::post("/")
        .header("authorization", credential)
        .body(Bytes::from(form.to_owned()))
        .expect("a request");
    let response = keeper
        .with(|world| wire::answer(world, &request))
        .response()
        .expect("a response");
    let text = String::from_utf8_lossy(response.body()).into_owned();
    (response.status().as_u16(), text)
}
