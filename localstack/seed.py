"""Builds a test estate on a LocalStack and prints what it built as one JSON object; run it through ./seed.

Scenarios: "initial" is the smallest estate a blue/green deployment starts from. "foreign" is one somebody else
built and decorated: nothing in it is tagged by Swingbridge, and a deployment must carry all of it over or leave it be.
"""

import argparse
import base64
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

REGION = "us-east-1"
SERVICES = ("ec2", "elbv2", "autoscaling", "cloudwatch", "sts")


def clients(endpoint, account):
    # LocalStack takes an access key of twelve digits for the account's number, and keeps accounts apart.
    # Made in threads: each parses a large service model. One try per call: a fake which answers 500 will do so again.
    def make(service):
        session = boto3.session.Session(
            aws_access_key_id=account, aws_secret_access_key="test", region_name=REGION
        )
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)
        return session.client(service, endpoint_url=endpoint, config=config)

    with ThreadPoolExecutor(len(SERVICES)) as pool:
        return dict(zip(SERVICES, pool.map(make, SERVICES)))


def header_is(value):
    return [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x-client-mode", "Values": [value]}}]


def path_is(value):
    return [{"Field": "path-pattern", "PathPatternConfig": {"Values": [value]}}]


def host_is(value):
    return [{"Field": "host-header", "HostHeaderConfig": {"Values": [value]}}]


def forward(arn):
    return [{"Type": "forward", "TargetGroupArn": arn}]


def not_found():
    fixed = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no green deployment"}
    return [{"Type": "fixed-response", "FixedResponseConfig": fixed}]


def tags(**pairs):
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def group_tags(group, *triples):
    return [
        {
            "ResourceId": group,
            "ResourceType": "auto-scaling-group",
            "Key": key,
            "Value": value,
            "PropagateAtLaunch": propagate,
        }
        for key, value, propagate in triples
    ]


class Estate:
    """The calls both scenarios share; each adds what it made to `made`, keyed by the name without the prefix."""

    def __init__(self, aws, endpoint, scenario, prefix):
        self.ec2, self.elb, self.asg = aws["ec2"], aws["elbv2"], aws["autoscaling"]
        self.cloudwatch = aws["cloudwatch"]
        self.prefix = prefix
        self.made = {
            "scenario": scenario,
            "prefix": prefix,
            "endpoint": endpoint,
            "region": REGION,
            "account": aws["sts"].get_caller_identity()["Account"],
            "load_balancer": {},
            "listeners": {},
            "target_groups": {},
            "launch_templates": {},
            "groups": {},
            "refused": [],
        }

    def name(self, plain):
        return self.prefix + plain

    def optional(self, what, call, **arguments):
        # Not every LocalStack answers every call. A refusal is described too, so no test passes because of it.
        try:
            return call(**arguments)
        except (ClientError, BotoCoreError) as error:
            self.made["refused"].append({"call": what, "error": str(error)})
            return None

    def network(self):
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            self.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=REGION + zone)["Subnet"]["SubnetId"]
            for zone, cidr in (("a", "10.0.1.0/24"), ("b", "10.0.2.0/24"))
        ]
        security_group = self.ec2.create_security_group(
            VpcId=vpc, GroupName=self.name("web"), Description="web"
        )["GroupId"]
        self.made.update(vpc=vpc, subnets=subnets, security_group=security_group)

    def image(self, plain):
        return self.ec2.register_image(
            Name=self.name(plain), Architecture="x86_64", RootDeviceName="/dev/sda1", VirtualizationType="hvm"
        )["ImageId"]

    def launch_template(self, plain, *releases):
        # One version per (image, user data), in order from version 1.
        versions = {}
        name = self.name(plain)
        for number, (image, user_data) in enumerate(releases, start=1):
            data = {
                "ImageId": image,
                "InstanceType": "t3.micro",
                "SecurityGroupIds": [self.made["security_group"]],
                "UserData": base64.b64encode(user_data.encode()).decode(),
            }
            if number == 1:
                answer = self.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
                identity = answer["LaunchTemplate"]["LaunchTemplateId"]
            else:
                self.ec2.create_launch_template_version(LaunchTemplateId=identity, LaunchTemplateData=data)
            versions[str(number)] = {"image": image, "user_data": user_data}
        self.made["launch_templates"][plain] = {"name": name, "id": identity, "versions": versions}
        return identity

    def load_balancer(self, plain):
        answer = self.elb.create_load_balancer(
            Name=self.name(plain),
            Type="application",
            Scheme="internet-facing",
            Subnets=self.made["subnets"],
            SecurityGroups=[self.made["security_group"]],
        )["LoadBalancers"][0]
        self.made["load_balancer"] = {"name": self.name(plain), "arn": answer["LoadBalancerArn"]}

    def target_group(self, plain, attributes=None, labels=None):
        name = self.name(plain)
        optional = {"Tags": labels} if labels else {}
        arn = self.elb.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=8080,
            VpcId=self.made["vpc"],
            TargetType="instance",
            HealthCheckProtocol="HTTP",
            HealthCheckPath="/health",
            HealthCheckIntervalSeconds=10,
            HealthCheckTimeoutSeconds=5,
            HealthyThresholdCount=3,
            UnhealthyThresholdCount=2,
            Matcher={"HttpCode": "200-299"},
            **optional,
        )["TargetGroups"][0]["TargetGroupArn"]
        if attributes:
            self.elb.modify_target_group_attributes(
                TargetGroupArn=arn,
                Attributes=[{"Key": key, "Value": value} for key, value in attributes.items()],
            )
        self.made["target_groups"][plain] = {"name": name, "arn": arn}
        return arn

    def listener(self, port, default, rules):
        # rules: (role, priority, conditions, actions, tags)
        listener = self.elb.create_listener(
            LoadBalancerArn=self.made["load_balancer"]["arn"], Protocol="HTTP", Port=port, DefaultActions=default
        )["Listeners"][0]["ListenerArn"]
        described = {}
        for role, priority, conditions, actions, labels in rules:
            optional = {"Tags": labels} if labels else {}
            rule = self.elb.create_rule(
                ListenerArn=listener, Priority=priority, Conditions=conditions, Actions=actions, **optional
            )["Rules"][0]
            described[role] = {"arn": rule["RuleArn"], "priority": priority}
        for rule in self.elb.describe_rules(ListenerArn=listener)["Rules"]:
            if rule["IsDefault"]:
                described["default"] = {"arn": rule["RuleArn"], "priority": "default"}
        self.made["listeners"][str(port)] = {"arn": listener, "rules": described}

    def group(self, plain, template, version, target_group, desired, maximum, **settings):
        name = self.name(plain)
        self.asg.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchTemplate={"LaunchTemplateId": template, "Version": version},
            MinSize=1,
            MaxSize=maximum,
            DesiredCapacity=desired,
            VPCZoneIdentifier=",".join(self.made["subnets"]),
            TargetGroupARNs=[target_group],
            HealthCheckType="ELB",
            **settings,
        )
        self.made["groups"][plain] = {"name": name, "desired": desired}
        return name


def initial(estate):
    estate.network()
    first, second = estate.image("app-1"), estate.image("app-2")
    template = estate.launch_template("ks-app", (first, "#!/bin/sh\nrelease=1\n"), (second, "#!/bin/sh\nrelease=2\n"))
    live = estate.target_group("tg-1")
    estate.load_balancer("alb-ks")
    estate.listener(
        80,
        forward(live),
        [
            ("blue", 10, header_is("blue"), forward(live), None),
            ("green", 11, header_is("green"), not_found(), None),
        ],
    )
    estate.group("asg-1", template, "1", live, desired=2, maximum=4, HealthCheckGracePeriod=60)


def foreign(estate):
    estate.network()
    first, second = estate.image("shop-7"), estate.image("shop-8")
    template = estate.launch_template("shop", (first, "#!/bin/sh\nrelease=7\n"), (second, "#!/bin/sh\nrelease=8\n"))
    live = estate.target_group(
        "shop-tg-7",
        attributes={"slow_start.duration_seconds": "30", "deregistration_delay.timeout_seconds": "17"},
        labels=tags(team="payments", cost="42"),
    )
    other = estate.target_group("other-app", labels=tags(team="search"))
    estate.load_balancer("shop")
    estate.listener(
        80,
        forward(live),
        [
            ("blue", 10, header_is("blue"), forward(live), tags(team="payments", role="stable")),
            ("green", 11, header_is("green"), not_found(), tags(team="payments", role="preview")),
            ("api", 20, path_is("/api/*"), forward(live), tags(team="payments")),
            ("other", 30, host_is("search.example.com"), forward(other), tags(team="search")),
        ],
    )
    # The same rules at other priorities and in another order: nothing may rely on a priority meaning the same twice.
    estate.listener(
        8443,
        forward(live),
        [
            ("api", 5, path_is("/api/*"), forward(live), tags(team="payments")),
            ("other", 40, host_is("search.example.com"), forward(other), tags(team="search")),
            ("green", 100, header_is("green"), not_found(), tags(team="payments", role="preview")),
            ("blue", 101, header_is("blue"), forward(live), tags(team="payments", role="stable")),
        ],
    )
    name = estate.name("shop-asg-7")
    estate.group(
        "shop-asg-7",
        template,
        "$Latest",
        live,
        desired=3,
        maximum=9,
        HealthCheckGracePeriod=120,
        DefaultCooldown=240,
        DefaultInstanceWarmup=45,
        TerminationPolicies=["OldestInstance", "Default"],
        MaxInstanceLifetime=604800,
        CapacityRebalance=True,
        Tags=group_tags(name, ("team", "payments", True), ("Name", name, True), ("runbook", "wiki/shop", False)),
    )
    decorate(estate, name, live)


def decorate(estate, name, live):
    # All that hangs on a group without being part of it.
    asg, made = estate.asg, estate.made
    balancer_part = made["load_balancer"]["arn"].split(":loadbalancer/")[1]
    label = balancer_part + "/" + live.split(":")[-1]
    requests = asg.put_scaling_policy(
        AutoScalingGroupName=name,
        PolicyName="requests-per-target",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "ALBRequestCountPerTarget",
                "ResourceLabel": label,
            },
            "TargetValue": 500.0,
            "DisableScaleIn": False,
        },
    )["PolicyARN"]
    steps = asg.put_scaling_policy(
        AutoScalingGroupName=name,
        PolicyName="cpu-steps",
        PolicyType="StepScaling",
        AdjustmentType="ChangeInCapacity",
        MetricAggregationType="Average",
        EstimatedInstanceWarmup=90,
        StepAdjustments=[
            {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 20.0, "ScalingAdjustment": 1},
            {"MetricIntervalLowerBound": 20.0, "ScalingAdjustment": 2},
        ],
    )["PolicyARN"]
    made["policies"] = {"requests-per-target": {"arn": requests, "label": label}, "cpu-steps": {"arn": steps}}

    alarm = estate.name("shop-asg-7-cpu-high")
    answer = estate.optional(
        "cloudwatch:PutMetricAlarm",
        estate.cloudwatch.put_metric_alarm,
        AlarmName=alarm,
        AlarmDescription="adds instances",
        AlarmActions=[steps],
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "AutoScalingGroupName", "Value": name}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=3,
        DatapointsToAlarm=2,
        Threshold=70.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )
    made["alarms"] = [alarm] if answer else []

    asg.put_scheduled_update_group_action(
        AutoScalingGroupName=name,
        ScheduledActionName="evening",
        Recurrence="0 19 * * 1-5",
        TimeZone="Europe/Rome",
        MinSize=1,
        MaxSize=9,
        DesiredCapacity=3,
    )
    asg.put_lifecycle_hook(
        AutoScalingGroupName=name,
        LifecycleHookName="drain",
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
        HeartbeatTimeout=120,
        DefaultResult="CONTINUE",
        NotificationMetadata='{"drain":true}',
    )
    asg.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["AZRebalance"])
    asg.enable_metrics_collection(
        AutoScalingGroupName=name, Granularity="1Minute", Metrics=["GroupInServiceInstances", "GroupDesiredCapacity"]
    )
    topic = f"arn:aws:sns:{REGION}:{made['account']}:{estate.name('shop-events')}"
    answer = estate.optional(
        "autoscaling:PutNotificationConfiguration",
        asg.put_notification_configuration,
        AutoScalingGroupName=name,
        TopicARN=topic,
        NotificationTypes=["autoscaling:EC2_INSTANCE_LAUNCH_ERROR", "autoscaling:EC2_INSTANCE_TERMINATE"],
    )
    made["topics"] = [topic] if answer else []
    made["scheduled_actions"], made["hooks"] = ["evening"], ["drain"]


SCENARIOS = {"initial": initial, "foreign": foreign}


def main():
    parser = argparse.ArgumentParser(prog=os.environ.get("SEED_PROG"), description=__doc__.splitlines()[0])
    parser.add_argument("--endpoint", required=True, help="such as http://127.0.0.1:4566")
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="initial")
    parser.add_argument("--prefix", default="", help="put before every name, as it is; up to 20 characters")
    parser.add_argument("--account", default="test", help="twelve digits; without it LocalStack's default account")
    arguments = parser.parse_args()
    # Target group names have 32 characters at most, and a deployment adds to the ones made here.
    if len(arguments.prefix) > 20:
        parser.error("--prefix has more than 20 characters")
    estate = Estate(clients(arguments.endpoint, arguments.account), arguments.endpoint, arguments.scenario, arguments.prefix)
    SCENARIOS[arguments.scenario](estate)
    json.dump(estate.made, sys.stdout, indent=2, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
