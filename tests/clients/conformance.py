"""Drives a lab with the unmodified boto3 and aws CLI, and says of each fact about AWS whether it holds there.

    lab up --port 0 --empty --speed 20 --data-plane-delay 100ms
    python conformance.py http://127.0.0.1:PORT

Each check is a function named as the sentence that it proves; docs/lab.md refers to them. They run in order on one
estate. Nothing waits for a fixed time: a wait is for a condition, with a deadline.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import boto3
import urllib3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-east-1"
SERVICES = ("ec2", "elbv2", "autoscaling", "cloudwatch", "sts")
PATIENCE = 30
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def clients(endpoint):
    # Made in threads: each parses a large service model. One try per call: what is refused must be seen.
    def make(service):
        session = boto3.session.Session(aws_access_key_id="lab", aws_secret_access_key="lab", region_name=REGION)
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)
        return session.client(service, endpoint_url=endpoint, config=config)

    with ThreadPoolExecutor(len(SERVICES)) as pool:
        return dict(zip(SERVICES, pool.map(make, SERVICES)))


def same(is_so, wanted):
    if is_so != wanted:
        raise AssertionError(f"{is_so!r} instead of {wanted!r}")


def holds(condition, otherwise):
    if not condition:
        raise AssertionError(otherwise)


def refused(code, call, **arguments):
    """The message of the refusal that must come."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        same(error.response["Error"]["Code"], code)
        return error.response["Error"]["Message"]
    answer.pop("ResponseMetadata", None)
    raise AssertionError(f"not refused with {code}, but answered: {answer!r}")


def until(what, condition):
    end = time.monotonic() + PATIENCE
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {PATIENCE} seconds: {what}; last seen: {answer!r}")
        time.sleep(0.05)


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def sample(version, **knobs):
    lines = [f'version = "{version}"', *(f"{name} = {json.dumps(value)}" for name, value in knobs.items())]
    return encoded("#!sample\n" + "\n".join(lines) + "\n")


def header_is(name, value):
    return [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, "Values": [value]}}]


def forward(*shares, **more):
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in shares]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups, **more}}]


def fixed(status, body="nothing here"):
    return [
        {
            "Type": "fixed-response",
            "FixedResponseConfig": {"StatusCode": status, "ContentType": "text/plain", "MessageBody": body},
        }
    ]


def dimension(arn, kind):
    return arn.split(f":{kind}/")[1] if kind == "loadbalancer" else arn.split(":")[-1]


class Lab:
    """The estate that all checks share: two generations behind one listener, and who made what."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.aws = clients(endpoint)
        self.ec2, self.elb, self.asg = self.aws["ec2"], self.aws["elbv2"], self.aws["autoscaling"]
        self.cloudwatch, self.sts = self.aws["cloudwatch"], self.aws["sts"]
        self.http = urllib3.PoolManager(maxsize=4, retries=False, timeout=10)
        self.priority = 1000
        self.answered = Counter()

    def build(self):
        self.vpc = self.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
        subnets = self.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["Subnets"]
        subnets.sort(key=lambda subnet: subnet["AvailabilityZone"])
        self.subnets = [subnet["SubnetId"] for subnet in subnets[:2]]
        self.image = self.ec2.register_image(
            Name="app-1", Architecture="x86_64", RootDeviceName="/dev/sda1", VirtualizationType="hvm"
        )["ImageId"]
        self.template = self.make_template("app", sample("1"))
        self.ec2.create_launch_template_version(
            LaunchTemplateId=self.template, SourceVersion="1", LaunchTemplateData={"UserData": sample("2")}
        )
        self.blue, self.green = self.target_group("blue"), self.target_group("green")
        balancer = self.elb.create_load_balancer(Name="front", Type="application", Subnets=self.subnets)
        self.balancer = balancer["LoadBalancers"][0]["LoadBalancerArn"]
        self.listener = self.elb.create_listener(
            LoadBalancerArn=self.balancer, Protocol="HTTP", Port=80, DefaultActions=forward((self.blue, 1))
        )["Listeners"][0]["ListenerArn"]
        self.group("blue", "1", self.blue, desired=2)
        self.group("green", "2", self.green, desired=2)

    def make_template(self, name, user_data):
        data = {"ImageId": self.image, "InstanceType": "t3.micro", "UserData": user_data}
        answer = self.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
        return answer["LaunchTemplate"]["LaunchTemplateId"]

    def target_group(self, name, **settings):
        settings = {
            "Protocol": "HTTP",
            "Port": 8080,
            "VpcId": self.vpc,
            "TargetType": "instance",
            "HealthCheckPath": "/health",
            "HealthCheckIntervalSeconds": 20,
            "HealthCheckTimeoutSeconds": 15,
            "HealthyThresholdCount": 5,
            "UnhealthyThresholdCount": 2,
            **settings,
        }
        return self.elb.create_target_group(Name=name, **settings)["TargetGroups"][0]["TargetGroupArn"]

    def group(self, name, version, target_group=None, desired=0, template=None, **settings):
        settings = {
            "MinSize": 0,
            "MaxSize": 4,
            "VPCZoneIdentifier": ",".join(self.subnets),
            "TargetGroupARNs": [target_group] if target_group else [],
            **settings,
        }
        self.asg.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchTemplate={"LaunchTemplateId": template or self.template, "Version": version},
            DesiredCapacity=desired,
            **settings,
        )

    def described(self, name):
        groups = self.asg.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return groups[0] if groups else None

    def instances(self, name, state="InService"):
        found = self.described(name)
        return [each["InstanceId"] for each in found["Instances"] if each["LifecycleState"] == state] if found else []

    def serving(self, name, count, state="InService"):
        return until(f"{count} of {name} {state}", lambda: len(got := self.instances(name, state)) == count and got)

    def health(self, target_group):
        found = self.elb.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
        return {each["Target"]["Id"]: each["TargetHealth"] for each in found}

    def states(self, target_group):
        return sorted(health["State"] for health in self.health(target_group).values())

    def healthy(self, target_group, count):
        until(f"{count} healthy in {target_group}", lambda: self.states(target_group) == ["healthy"] * count)

    def rule(self, conditions, actions, **more):
        self.priority += 1
        answer = self.elb.create_rule(
            ListenerArn=self.listener, Priority=self.priority, Conditions=conditions, Actions=actions, **more
        )
        return answer["Rules"][0]["RuleArn"]

    def default_rule(self):
        rules = self.elb.describe_rules(ListenerArn=self.listener)["Rules"]
        return next(rule["RuleArn"] for rule in rules if rule["IsDefault"])

    def picture(self):
        return json.loads(self.http.request("GET", self.endpoint + "/_lab/state").data)

    def url(self):
        listeners = [each for balancer in self.picture()["balancers"] for each in balancer["listeners"]]
        return next((each["url"] for each in listeners if each["arn"] == self.listener), None)

    def ask(self, **headers):
        # A header in Python is written with underscores here.
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.http.request("GET", self.front.rstrip("/") + "/", headers=headers, redirect=False)
        self.answered[answer.headers.get("x-version") if "x-picky" not in headers else None] += 1
        return answer

    def answers(self, count, **headers):
        """Who answered how often: the version, or the status when it was nobody."""
        answers = [self.ask(**headers) for _ in range(count)]
        return Counter(answer.headers.get("x-version") or answer.status for answer in answers)


# ── The account ───────────────────────────────────────────────────────────────────────────────────────


@check
def the_caller_is_told_who_it_is(lab):
    identity = lab.sts.get_caller_identity()
    holds(len(identity["Account"]) == 12 and identity["Arn"].startswith("arn:aws:"), identity)


@check
def a_request_without_a_signature_is_refused(lab):
    unsigned = boto3.client(
        "elbv2", region_name=REGION, endpoint_url=lab.endpoint, config=Config(signature_version=UNSIGNED)
    )
    refused("MissingAuthenticationToken", unsigned.describe_load_balancers)


@check
def an_action_that_the_lab_does_not_have_is_named(lab):
    message = refused("InvalidAction", lab.elb.describe_trust_stores)
    holds("DescribeTrustStores" in message, message)


@check
def a_parameter_that_no_action_has_is_named(lab):
    def add(params, **_):
        params["body"]["Colour"] = "blue"

    lab.elb.meta.events.register("before-call.elastic-load-balancing-v2.DescribeRules", add)
    try:
        message = refused("ValidationError", lab.elb.describe_rules, ListenerArn=lab.listener)
    finally:
        lab.elb.meta.events.unregister("before-call.elastic-load-balancing-v2.DescribeRules", add)
    holds("Colour" in message, message)


@check
def account_limits_are_those_of_a_new_account(lab):
    limits = {each["Name"]: each["Max"] for each in lab.elb.describe_account_limits()["Limits"]}
    names = ("rules-per-application-load-balancer", "target-groups-per-action-on-application-load-balancer")
    same([limits[name] for name in names], ["100", "5"])
    same(lab.asg.describe_account_limits()["MaxNumberOfAutoScalingGroups"], 500)


# ── EC2 ───────────────────────────────────────────────────────────────────────────────────────────────


@check
def an_image_is_described_and_one_that_is_not_there_has_its_code(lab):
    same([each["Name"] for each in lab.ec2.describe_images(ImageIds=[lab.image])["Images"]], ["app-1"])
    refused("InvalidAMIID.NotFound", lab.ec2.describe_images, ImageIds=["ami-00000000000000001"])


@check
def a_version_inherits_what_it_does_not_replace(lab):
    versions = lab.ec2.describe_launch_template_versions(LaunchTemplateId=lab.template, Versions=["2"])
    data = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    same((data["ImageId"], data["InstanceType"], data["UserData"]), (lab.image, "t3.micro", sample("2")))


@check
def a_new_version_is_not_the_default_one(lab):
    found = lab.ec2.describe_launch_templates(LaunchTemplateIds=[lab.template])["LaunchTemplates"][0]
    same((found["DefaultVersionNumber"], found["LatestVersionNumber"]), (1, 2))


@check
def a_client_token_makes_one_version_only(lab):
    def make(data):
        answer = lab.ec2.create_launch_template_version(
            LaunchTemplateId=lab.template, SourceVersion="2", ClientToken="once", LaunchTemplateData=data
        )
        return answer["LaunchTemplateVersion"]["VersionNumber"]

    first = make({"InstanceType": "t3.small"})
    same(make({"InstanceType": "t3.small"}), first)
    refused("IdempotentParameterMismatch", lambda: make({"InstanceType": "t3.large"}))


@check
def latest_and_default_mean_what_they_say(lab):
    found = lab.ec2.describe_launch_template_versions(LaunchTemplateId=lab.template, Versions=["$Latest", "$Default"])
    numbers = {each["VersionNumber"] for each in found["LaunchTemplateVersions"]}
    newest = lab.ec2.describe_launch_templates(LaunchTemplateIds=[lab.template])["LaunchTemplates"][0]
    same(numbers, {1, newest["LatestVersionNumber"]})


@check
def launch_template_versions_really_page(lab):
    pages = lab.ec2.get_paginator("describe_launch_template_versions").paginate(
        LaunchTemplateId=lab.template, PaginationConfig={"PageSize": 1}
    )
    pages = [[each["VersionNumber"] for each in page["LaunchTemplateVersions"]] for page in pages]
    same(sorted(sum(pages, [])), [1, 2, 3])
    same([len(page) for page in pages if page], [1, 1, 1])


@check
def a_version_or_a_template_that_is_not_there_has_its_code(lab):
    describe = lab.ec2.describe_launch_template_versions
    refused("InvalidLaunchTemplateId.VersionNotFound", describe, LaunchTemplateId=lab.template, Versions=["99"])
    refused("InvalidLaunchTemplateName.NotFoundException", describe, LaunchTemplateName="nobody")


@check
def the_default_version_cannot_be_deleted(lab):
    answer = lab.ec2.delete_launch_template_versions(LaunchTemplateId=lab.template, Versions=["1", "3"])
    same([each["VersionNumber"] for each in answer["SuccessfullyDeletedLaunchTemplateVersions"]], [3])
    same([each["VersionNumber"] for each in answer["UnsuccessfullyDeletedLaunchTemplateVersions"]], [1])


# ── Load balancing: target groups ─────────────────────────────────────────────────────────────────────


@check
def a_target_group_made_again_with_the_same_settings_is_the_same_one(lab):
    same(lab.target_group("blue"), lab.blue)


@check
def a_target_group_of_the_same_name_and_other_settings_is_refused(lab):
    refused("DuplicateTargetGroupName", lambda: lab.target_group("blue", HealthCheckPath="/other"))


@check
def a_target_group_that_is_not_there_has_its_code(lab):
    refused("TargetGroupNotFound", lab.elb.describe_target_groups, Names=["nobody"])


@check
def target_group_attributes_have_aws_defaults_and_are_written_one_by_one(lab):
    def attributes():
        found = lab.elb.describe_target_group_attributes(TargetGroupArn=lab.green)["Attributes"]
        return {each["Key"]: each["Value"] for each in found}

    before = attributes()
    keys = ("deregistration_delay.timeout_seconds", "slow_start.duration_seconds", "stickiness.enabled")
    same([before[key] for key in keys], ["300", "0", "false"])
    change = {"deregistration_delay.timeout_seconds": "100"}
    lab.elb.modify_target_group_attributes(
        TargetGroupArn=lab.green, Attributes=[{"Key": key, "Value": value} for key, value in change.items()]
    )
    same(attributes(), {**before, **change})


@check
def a_new_target_group_is_tagged_and_tags_come_and_go(lab):
    arn = lab.target_group("tagged", Tags=[{"Key": "team", "Value": "kie"}])
    lab.elb.add_tags(ResourceArns=[arn], Tags=[{"Key": "release", "Value": "1"}, {"Key": "team", "Value": "web"}])
    lab.elb.remove_tags(ResourceArns=[arn], TagKeys=["release"])
    found = lab.elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
    same(found, [{"Key": "team", "Value": "web"}])
    lab.elb.delete_target_group(TargetGroupArn=arn)


@check
def tags_of_more_than_twenty_resources_are_not_described_at_once(lab):
    arns = [lab.blue] + [lab.blue[:-2] + f"{number:02}" for number in range(20)]
    refused("ValidationError", lab.elb.describe_tags, ResourceArns=arns)


@check
def target_groups_really_page(lab):
    pages = list(lab.elb.get_paginator("describe_target_groups").paginate(PaginationConfig={"PageSize": 1}))
    same(sorted(each["TargetGroupName"] for page in pages for each in page["TargetGroups"]), ["blue", "green"])
    same([len(page["TargetGroups"]) for page in pages if page["TargetGroups"]], [1, 1])


@check
def load_balancers_and_listeners_are_described_with_their_attributes(lab):
    balancer = lab.elb.describe_load_balancers(Names=["front"])["LoadBalancers"][0]
    same((balancer["Type"], balancer["LoadBalancerArn"]), ("application", lab.balancer))
    attributes = lab.elb.describe_load_balancer_attributes(LoadBalancerArn=lab.balancer)["Attributes"]
    same({each["Key"]: each["Value"] for each in attributes}["idle_timeout.timeout_seconds"], "60")
    listeners = lab.elb.describe_listeners(LoadBalancerArn=lab.balancer)["Listeners"]
    same([(each["ListenerArn"], each["Port"]) for each in listeners], [(lab.listener, 80)])


# ── Load balancing: health ────────────────────────────────────────────────────────────────────────────


@check
def one_pass_makes_a_new_target_healthy_whatever_the_threshold(lab):
    lab.serving("blue", 2)
    lab.healthy(lab.blue, 2)
    # Ten passes, which the threshold asks of a target that was unhealthy, would take 45 seconds at the speed of 20.
    arn = lab.target_group("slow", HealthyThresholdCount=10, HealthCheckIntervalSeconds=100)
    rule = lab.rule(header_is("x-slow", "yes"), forward((arn, 1)))
    lab.elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": lab.instances("blue")[0]}])
    lab.healthy(arn, 1)
    lab.elb.delete_rule(RuleArn=rule)
    lab.elb.delete_target_group(TargetGroupArn=arn)


@check
def a_target_is_unused_until_a_rule_names_its_group(lab):
    lab.serving("green", 2)
    same({health.get("Reason") for health in lab.health(lab.green).values()}, {"Target.NotInUse"})
    same(lab.states(lab.green), ["unused", "unused"])


@check
def weight_0_in_a_rule_is_enough_to_be_checked(lab):
    lab.elb.modify_listener(ListenerArn=lab.listener, DefaultActions=forward((lab.blue, 1), (lab.green, 0)))
    lab.healthy(lab.green, 2)
    lab.front = until("a listener that listens", lab.url)
    until("the service", lambda: lab.ask().status == 200)
    same(lab.answers(20), Counter({"1": 20}))


@check
def a_healthy_target_has_no_reason(lab):
    same({tuple(health) for health in lab.health(lab.blue).values()}, {("State",)})


@check
def a_target_that_is_not_registered_says_so(lab):
    asked = lab.elb.describe_target_health(TargetGroupArn=lab.blue, Targets=[{"Id": lab.instances("green")[0]}])
    health = asked["TargetHealthDescriptions"][0]["TargetHealth"]
    same((health["State"], health["Reason"]), ("unused", "Target.NotRegistered"))


@check
def a_target_that_fails_its_checks_says_with_which_code(lab):
    arn = lab.target_group("picky", Matcher={"HttpCode": "418"})
    rule = lab.rule(header_is("x-picky", "yes"), forward((arn, 1)))
    lab.elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": lab.instances("blue")[0]}])
    until("unhealthy", lambda: lab.states(arn) == ["unhealthy"])
    health = list(lab.health(arn).values())[0]
    same(health["Reason"], "Target.ResponseCodeMismatch")
    holds("200" in health["Description"], health)
    lab.picky, lab.picky_rule = arn, rule


@check
def a_group_without_a_healthy_target_fails_open(lab):
    until("fail-open", lambda: lab.ask(x_picky="yes").status == 200)


@check
def a_deregistered_target_drains_for_the_whole_delay(lab):
    # At the speed of this lab the delay of 40 seconds takes 2.
    change = [{"Key": "deregistration_delay.timeout_seconds", "Value": "40"}]
    lab.elb.modify_target_group_attributes(TargetGroupArn=lab.picky, Attributes=change)
    lab.elb.deregister_targets(TargetGroupArn=lab.picky, Targets=[{"Id": lab.instances("blue")[0]}])
    began = time.monotonic()
    health = list(lab.health(lab.picky).values())
    same([(each["State"], each["Reason"]) for each in health], [("draining", "Target.DeregistrationInProgress")])
    until("the end of draining", lambda: not lab.health(lab.picky))
    took = time.monotonic() - began
    holds(took > 1.8, f"it took {took:.1f} seconds, idle as it was")


@check
def a_group_without_targets_is_a_503(lab):
    until("a 503", lambda: lab.ask(x_picky="yes").status == 503)


@check
def a_target_group_that_a_rule_names_cannot_be_deleted(lab):
    refused("ResourceInUse", lab.elb.delete_target_group, TargetGroupArn=lab.picky)
    lab.elb.delete_rule(RuleArn=lab.picky_rule)
    lab.elb.delete_target_group(TargetGroupArn=lab.picky)


# ── Load balancing: rules ─────────────────────────────────────────────────────────────────────────────


@check
def a_priority_is_used_once(lab):
    lab.door = lab.rule(header_is("x-client-mode", "green"), fixed("456", "closed"))
    refused(
        "PriorityInUse",
        lab.elb.create_rule,
        ListenerArn=lab.listener,
        Priority=lab.priority,
        Conditions=header_is("x-other", "yes"),
        Actions=fixed("404"),
    )


@check
def a_rule_that_is_not_there_has_its_code(lab):
    refused("RuleNotFound", lab.elb.describe_rules, RuleArns=[lab.door[:-2] + "zz"])


@check
def the_default_rule_can_be_changed_through_its_listener_only(lab):
    default = lab.default_rule()
    refused("OperationNotPermitted", lab.elb.delete_rule, RuleArn=default)
    refused("OperationNotPermitted", lab.elb.modify_rule, RuleArn=default, Actions=fixed("404"))


@check
def a_forward_to_one_target_group_is_described_in_both_ways(lab):
    rule = lab.rule(header_is("x-one", "yes"), [{"Type": "forward", "TargetGroupArn": lab.blue}])
    action = lab.elb.describe_rules(RuleArns=[rule])["Rules"][0]["Actions"][0]
    same(action["TargetGroupArn"], lab.blue)
    same(action["ForwardConfig"]["TargetGroups"], [{"TargetGroupArn": lab.blue, "Weight": 1}])
    lab.elb.delete_rule(RuleArn=rule)


@check
def both_ways_to_name_a_target_group_must_agree(lab):
    action = {"TargetGroupArn": lab.blue, **forward((lab.blue, 1), (lab.green, 1))[0]}
    refused("InvalidLoadBalancerAction", lab.elb.modify_rule, RuleArn=lab.door, Actions=[action])


@check
def several_target_groups_need_weights(lab):
    groups = [{"TargetGroupArn": lab.blue}, {"TargetGroupArn": lab.green, "Weight": 1}]
    actions = [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]
    refused("InvalidLoadBalancerAction", lab.elb.modify_rule, RuleArn=lab.door, Actions=actions)


@check
def a_forward_names_at_most_five_target_groups_with_weights_up_to_999(lab):
    six = forward(*((f"{lab.blue[:-1]}{number}", 1) for number in range(6)))
    refused("TooManyTargetGroups", lab.elb.modify_rule, RuleArn=lab.door, Actions=six)
    heavy = forward((lab.blue, 1000), (lab.green, 1))
    refused("ValidationError", lab.elb.modify_rule, RuleArn=lab.door, Actions=heavy)


@check
def authentication_is_for_https_listeners_only(lab):
    pool = {
        "UserPoolArn": f"arn:aws:cognito-idp:{REGION}:000000000000:userpool/a",
        "UserPoolClientId": "b",
        "UserPoolDomain": "c",
    }
    who = {"Type": "authenticate-cognito", "Order": 1, "AuthenticateCognitoConfig": pool}
    actions = [who, {**forward((lab.green, 1))[0], "Order": 2}]
    refused("InvalidLoadBalancerAction", lab.elb.modify_rule, RuleArn=lab.door, Actions=actions)


@check
def a_redirect_fills_in_what_was_asked(lab):
    there = {"StatusCode": "HTTP_301", "Protocol": "HTTPS", "Port": "443", "Host": "new.example.com"}
    rule = lab.rule(header_is("x-moved", "yes"), [{"Type": "redirect", "RedirectConfig": there}])
    answer = until("the redirect", lambda: (got := lab.ask(x_moved="yes")).status == 301 and got)
    same(answer.headers["location"], "https://new.example.com:443/")
    lab.elb.delete_rule(RuleArn=rule)


@check
def a_rule_keeps_what_was_not_written(lab):
    before = lab.elb.describe_rules(RuleArns=[lab.door])["Rules"][0]
    after = lab.elb.modify_rule(RuleArn=lab.door, Actions=forward((lab.green, 1)))["Rules"][0]
    same((after["Conditions"], after["Priority"]), (before["Conditions"], before["Priority"]))
    until("green through its door", lambda: lab.answers(5, x_client_mode="green") == Counter({"2": 5}))


@check
def a_header_condition_ignores_case_and_knows_wildcards(lab):
    rule = lab.rule(header_is("X-Shape", "Ro?nd*"), fixed("418", "round"))
    until("the rule", lambda: lab.ask(x_shape="ROUNDISH").status == 418)
    same(lab.ask(x_shape="rond").status, 200)
    lab.elb.delete_rule(RuleArn=rule)


@check
def more_than_three_values_in_a_condition_are_refused(lab):
    condition = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a", "/b", "/c", "/d"]}}]
    try:
        lab.elb.modify_rule(RuleArn=lab.door, Conditions=condition)
    except ClientError as error:
        holds(error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error)
    else:
        raise AssertionError("it was taken")


@check
def priorities_are_swapped_in_one_call_or_not_at_all(lab):
    first, second = lab.rule(header_is("x-a", "1"), fixed("404")), lab.rule(header_is("x-a", "2"), fixed("404"))
    low, high = lab.priority - 1, lab.priority

    def priorities():
        rules = lab.elb.describe_rules(RuleArns=[first, second])["Rules"]
        return {rule["RuleArn"]: rule["Priority"] for rule in rules}

    def put(*numbers):
        pairs = [{"RuleArn": arn, "Priority": number} for arn, number in zip((first, second), numbers)]
        return lab.elb.set_rule_priorities(RulePriorities=pairs)

    put(high, low)
    same(priorities(), {first: str(high), second: str(low)})
    door = int(lab.elb.describe_rules(RuleArns=[lab.door])["Rules"][0]["Priority"])
    refused("PriorityInUse", lambda: put(low, door))
    same(priorities(), {first: str(high), second: str(low)})
    for rule in (first, second):
        lab.elb.delete_rule(RuleArn=rule)


@check
def rules_really_page_and_the_default_one_is_last(lab):
    rules = [lab.rule(header_is("x-page", str(number)), fixed("404")) for number in range(4)]
    pages = list(
        lab.elb.get_paginator("describe_rules").paginate(ListenerArn=lab.listener, PaginationConfig={"PageSize": 2})
    )
    same([len(page["Rules"]) for page in pages], [2, 2, 2])
    same([rule["IsDefault"] for page in pages for rule in page["Rules"]], [False] * 5 + [True])
    for rule in rules:
        lab.elb.delete_rule(RuleArn=rule)


@check
def a_rule_is_made_with_tags(lab):
    rule = lab.rule(header_is("x-tag", "yes"), fixed("404"), Tags=[{"Key": "role", "Value": "door"}])
    found = lab.elb.describe_tags(ResourceArns=[rule])["TagDescriptions"][0]["Tags"]
    same(found, [{"Key": "role", "Value": "door"}])
    lab.elb.delete_rule(RuleArn=rule)


@check
def target_stickiness_among_several_groups_demands_group_stickiness(lab):
    def stick(enabled):
        attributes = [{"Key": "stickiness.enabled", "Value": enabled}, {"Key": "stickiness.type", "Value": "lb_cookie"}]
        lab.elb.modify_target_group_attributes(TargetGroupArn=lab.green, Attributes=attributes)

    refused("InvalidConfigurationRequest", lambda: stick("true"))
    lab.elb.modify_listener(ListenerArn=lab.listener, DefaultActions=forward((lab.blue, 1)))
    stick("true")
    both = forward((lab.blue, 1), (lab.green, 0))
    refused("InvalidLoadBalancerAction", lab.elb.modify_listener, ListenerArn=lab.listener, DefaultActions=both)
    stick("false")
    lab.elb.modify_listener(ListenerArn=lab.listener, DefaultActions=both)


@check
def group_stickiness_needs_its_duration(lab):
    actions = forward((lab.blue, 1), (lab.green, 1), TargetGroupStickinessConfig={"Enabled": True})
    refused("InvalidLoadBalancerAction", lab.elb.modify_rule, RuleArn=lab.door, Actions=actions)


# ── Load balancing: traffic ───────────────────────────────────────────────────────────────────────────


@check
def weights_are_shares_of_requests(lab):
    lab.elb.modify_listener(ListenerArn=lab.listener, DefaultActions=forward((lab.blue, 80), (lab.green, 20)))
    until("both", lambda: len(lab.answers(20)) == 2)
    answers = lab.answers(400)
    same(set(answers), {"1", "2"})
    # Four standard deviations of a share of a fifth in 400.
    holds(48 <= answers["2"] <= 112, answers)


@check
def one_write_moves_all_requests(lab):
    lab.elb.modify_listener(ListenerArn=lab.listener, DefaultActions=forward((lab.blue, 0), (lab.green, 1)))
    until("green alone", lambda: lab.answers(10) == Counter({"2": 10}))
    same(lab.answers(100), Counter({"2": 100}))


@check
def a_group_cookie_outweighs_the_weights(lab):
    sticky = {"Enabled": True, "DurationSeconds": 600}
    both = forward((lab.blue, 1), (lab.green, 1), TargetGroupStickinessConfig=sticky)
    lab.elb.modify_rule(RuleArn=lab.door, Actions=both)
    first = until("a cookie", lambda: (got := lab.ask(x_client_mode="green")).headers.get("set-cookie") and got)
    cookie = first.headers["set-cookie"].split(";")[0]
    holds(cookie.startswith("AWSALBTG="), cookie)
    same(lab.answers(30, x_client_mode="green", cookie=cookie), Counter({first.headers["x-version"]: 30}))
    lab.elb.modify_rule(RuleArn=lab.door, Actions=fixed("456", "closed"))


@check
def a_closed_door_answers_by_itself(lab):
    answer = until("the door", lambda: (got := lab.ask(x_client_mode="green")).status == 456 and got)
    same((answer.data, answer.headers["content-type"].split(";")[0]), (b"closed", "text/plain"))


# ── Auto Scaling ──────────────────────────────────────────────────────────────────────────────────────


@check
def a_group_name_exists_once(lab):
    refused("AlreadyExists", lambda: lab.group("blue", "1"))


@check
def a_group_that_is_not_there_is_described_as_nothing(lab):
    same(lab.asg.describe_auto_scaling_groups(AutoScalingGroupNames=["nobody"])["AutoScalingGroups"], [])


@check
def a_group_is_described_with_its_template_and_its_target_groups(lab):
    found = lab.described("green")
    same(found["LaunchTemplate"], {"LaunchTemplateId": lab.template, "LaunchTemplateName": "app", "Version": "2"})
    same(found["TargetGroupARNs"], [lab.green])
    same(len({each["AvailabilityZone"] for each in found["Instances"]}), 2)
    attached = lab.asg.describe_load_balancer_target_groups(AutoScalingGroupName="green")
    same([each["State"] for each in attached["LoadBalancerTargetGroups"]], ["InService"])


@check
def groups_really_page(lab):
    pages = list(lab.asg.get_paginator("describe_auto_scaling_groups").paginate(PaginationConfig={"PageSize": 1}))
    names = [[each["AutoScalingGroupName"] for each in page["AutoScalingGroups"]] for page in pages]
    same([page for page in names if page], [["blue"], ["green"]])


@check
def desired_capacity_stays_within_its_bounds(lab):
    for wrong in (5, -1):
        refused("ValidationError", lab.asg.set_desired_capacity, AutoScalingGroupName="blue", DesiredCapacity=wrong)


@check
def a_maximum_below_the_size_drags_the_desired_capacity_down(lab):
    lab.group("sized", "1", MinSize=0, MaxSize=3)
    lab.asg.update_auto_scaling_group(AutoScalingGroupName="sized", MinSize=2)
    same(lab.described("sized")["DesiredCapacity"], 2)
    lab.asg.update_auto_scaling_group(AutoScalingGroupName="sized", MinSize=0, MaxSize=1)
    same(lab.described("sized")["DesiredCapacity"], 1)


@check
def group_tags_come_and_go(lab):
    tag = {"ResourceId": "sized", "ResourceType": "auto-scaling-group", "Key": "team"}
    lab.asg.create_or_update_tags(Tags=[{**tag, "Value": "kie", "PropagateAtLaunch": True}])
    found = lab.asg.describe_tags(Filters=[{"Name": "auto-scaling-group", "Values": ["sized"]}])["Tags"]
    same([(each["Key"], each["Value"], each["PropagateAtLaunch"]) for each in found], [("team", "kie", True)])
    filters = [{"Name": "tag:team", "Values": ["kie"]}]
    named = lab.asg.describe_auto_scaling_groups(Filters=filters)["AutoScalingGroups"]
    same([each["AutoScalingGroupName"] for each in named], ["sized"])
    lab.asg.delete_tags(Tags=[tag])
    same(lab.described("sized")["Tags"], [])


@check
def a_group_with_instances_is_deleted_by_force_only(lab):
    lab.serving("sized", 1)
    refused("ResourceInUse", lab.asg.delete_auto_scaling_group, AutoScalingGroupName="sized")
    lab.asg.delete_auto_scaling_group(AutoScalingGroupName="sized", ForceDelete=True)
    until("the group is gone", lambda: lab.described("sized") is None)


@check
def a_suspended_launch_launches_nothing_until_it_is_resumed(lab):
    lab.group("still", "1")
    lab.asg.suspend_processes(AutoScalingGroupName="still", ScalingProcesses=["Launch"])
    same([each["ProcessName"] for each in lab.described("still")["SuspendedProcesses"]], ["Launch"])
    lab.asg.set_desired_capacity(AutoScalingGroupName="still", DesiredCapacity=1)
    # Long enough for another group that was asked later to have launched.
    lab.asg.set_desired_capacity(AutoScalingGroupName="green", DesiredCapacity=3)
    lab.serving("green", 3)
    same(lab.described("still")["Instances"], [])
    lab.asg.resume_processes(AutoScalingGroupName="still", ScalingProcesses=["Launch"])
    lab.serving("still", 1)


@check
def a_protected_instance_is_not_scaled_in(lab):
    lab.healthy(lab.green, 3)
    kept = lab.instances("green")[:2]
    lab.asg.set_instance_protection(AutoScalingGroupName="green", InstanceIds=kept, ProtectedFromScaleIn=True)
    lab.asg.set_desired_capacity(AutoScalingGroupName="green", DesiredCapacity=2)
    until("scale-in", lambda: sorted(lab.instances("green")) == sorted(kept))
    lab.asg.set_instance_protection(AutoScalingGroupName="green", InstanceIds=kept, ProtectedFromScaleIn=False)


@check
def an_instance_that_goes_drains_before_it_is_terminated(lab):
    # The delay of 100 seconds takes 5 here; the group waits for it.
    states = Counter(lab.states(lab.green))
    same((states["healthy"], states["draining"]), (2, 1))
    going = [each for each in lab.described("green")["Instances"] if each["LifecycleState"] != "InService"]
    same([each["LifecycleState"] for each in going], ["Terminating"])
    until("gone", lambda: len(lab.described("green")["Instances"]) == 2)


@check
def an_instance_that_dies_is_replaced(lab):
    gone = lab.instances("still")[0]
    lab.ec2.terminate_instances(InstanceIds=[gone])
    until("another one", lambda: (now := lab.instances("still")) and gone not in now)


@check
def a_launch_hook_holds_an_instance_until_it_is_completed(lab):
    hook = {"AutoScalingGroupName": "hooked", "LifecycleHookName": "prepare"}
    lab.group("hooked", "1")
    lab.asg.put_lifecycle_hook(**hook, LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING")
    found = lab.asg.describe_lifecycle_hooks(AutoScalingGroupName="hooked")["LifecycleHooks"][0]
    same((found["HeartbeatTimeout"], found["DefaultResult"], found["GlobalTimeout"]), (3600, "ABANDON", 172800))
    lab.asg.set_desired_capacity(AutoScalingGroupName="hooked", DesiredCapacity=1)
    held = lab.serving("hooked", 1, "Pending:Wait")[0]
    lab.asg.complete_lifecycle_action(**hook, InstanceId=held, LifecycleActionResult="CONTINUE")
    same(lab.serving("hooked", 1), [held])


@check
def a_scheduled_action_in_the_past_is_refused(lab):
    past = datetime.now(timezone.utc) - timedelta(hours=1)
    refused(
        "ValidationError",
        lab.asg.put_scheduled_update_group_action,
        AutoScalingGroupName="blue",
        ScheduledActionName="late",
        StartTime=past,
        DesiredCapacity=2,
    )


@check
def failures_of_a_batch_of_scheduled_actions_are_told_and_no_error(lab):
    now = datetime.now(timezone.utc)
    actions = [
        {"ScheduledActionName": "late", "StartTime": now - timedelta(hours=1), "DesiredCapacity": 2},
        {"ScheduledActionName": "evening", "Recurrence": "0 19 * * *", "TimeZone": "Europe/Rome", "DesiredCapacity": 2},
    ]
    answer = lab.asg.batch_put_scheduled_update_group_action(
        AutoScalingGroupName="blue", ScheduledUpdateGroupActions=actions
    )
    same([each["ScheduledActionName"] for each in answer["FailedScheduledUpdateGroupActions"]], ["late"])
    found = lab.asg.describe_scheduled_actions(AutoScalingGroupName="blue")["ScheduledUpdateGroupActions"]
    same([(each["ScheduledActionName"], each["TimeZone"]) for each in found], [("evening", "Europe/Rome")])


@check
def notifications_metrics_and_warm_pools_are_kept(lab):
    topic = f"arn:aws:sns:{REGION}:{lab.sts.get_caller_identity()['Account']}:events"
    lab.asg.put_notification_configuration(
        AutoScalingGroupName="blue", TopicARN=topic, NotificationTypes=["autoscaling:EC2_INSTANCE_LAUNCH"]
    )
    found = lab.asg.describe_notification_configurations(AutoScalingGroupNames=["blue"])["NotificationConfigurations"]
    same([each["TopicARN"] for each in found], [topic])
    lab.asg.enable_metrics_collection(
        AutoScalingGroupName="blue", Granularity="1Minute", Metrics=["GroupDesiredCapacity"]
    )
    same([each["Metric"] for each in lab.described("blue")["EnabledMetrics"]], ["GroupDesiredCapacity"])
    lab.asg.put_warm_pool(AutoScalingGroupName="hooked", MinSize=0, PoolState="Stopped")
    pool = lab.asg.describe_warm_pool(AutoScalingGroupName="hooked")["WarmPoolConfiguration"]
    same((pool["MinSize"], pool["PoolState"]), (0, "Stopped"))
    lab.asg.delete_warm_pool(AutoScalingGroupName="hooked", ForceDelete=True)
    until("no pool", lambda: "WarmPoolConfiguration" not in lab.described("hooked"))


@check
def activities_have_causes_and_really_page(lab):
    pages = list(
        lab.asg.get_paginator("describe_scaling_activities").paginate(
            AutoScalingGroupName="green", PaginationConfig={"PageSize": 2}
        )
    )
    activities = [each for page in pages for each in page["Activities"]]
    same(len(activities), 4)
    same([len(page["Activities"]) for page in pages][:2], [2, 2])
    holds(all(each["Cause"].startswith("At ") for each in activities), activities)
    same(activities[0]["StatusCode"], "Successful")
    holds(activities[0]["Description"].startswith("Terminating EC2 instance"), activities[0])


@check
def a_group_that_is_not_refreshed_has_no_refreshes(lab):
    same(lab.asg.describe_instance_refreshes(AutoScalingGroupName="green")["InstanceRefreshes"], [])


@check
def an_instance_refresh_under_way_forbids_a_warm_pool(lab):
    lab.asg.start_instance_refresh(AutoScalingGroupName="hooked", Preferences={"InstanceWarmup": 600})
    refused("InstanceRefreshInProgress", lab.asg.start_instance_refresh, AutoScalingGroupName="hooked")
    refused("InstanceRefreshInProgress", lab.asg.put_warm_pool, AutoScalingGroupName="hooked", MinSize=0)
    lab.asg.cancel_instance_refresh(AutoScalingGroupName="hooked")

    def status():
        return lab.asg.describe_instance_refreshes(AutoScalingGroupName="hooked")["InstanceRefreshes"][0]["Status"]

    until("the end of it", lambda: status() == "Cancelled")


@check
def a_target_group_is_attached_and_detached(lab):
    arn = lab.target_group("late")
    named = {"AutoScalingGroupName": "still", "TargetGroupARNs": [arn]}
    lab.asg.attach_load_balancer_target_groups(**named)

    def states():
        found = lab.asg.describe_load_balancer_target_groups(AutoScalingGroupName="still")
        return [each["State"] for each in found["LoadBalancerTargetGroups"]]

    # In service it is only once a target of it passes, and here no rule names it.
    until("added", lambda: states() == ["Added"])
    lab.asg.detach_load_balancer_target_groups(**named)
    until("detached", lambda: states() == [])


@check
def a_target_tracking_policy_has_two_alarms_of_its_own(lab):
    label = dimension(lab.balancer, "loadbalancer") + "/" + dimension(lab.blue, "targetgroup")
    lab.asg.put_scaling_policy(
        AutoScalingGroupName="blue",
        PolicyName="requests",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label},
            "TargetValue": 100000.0,
            "DisableScaleIn": False,
        },
    )
    policy = lab.asg.describe_policies(AutoScalingGroupName="blue")["ScalingPolicies"][0]
    names = [alarm["AlarmName"] for alarm in policy["Alarms"]]
    kinds = [name.rsplit("-", 5)[0] for name in sorted(names)]
    same(kinds, ["TargetTracking-blue-AlarmHigh", "TargetTracking-blue-AlarmLow"])
    same(len(lab.cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]), 2)
    lab.asg.delete_policy(AutoScalingGroupName="blue", PolicyName="requests")
    same(lab.cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"], [])


@check
def a_resource_label_of_a_target_group_that_is_not_attached_is_refused(lab):
    label = dimension(lab.balancer, "loadbalancer") + "/" + dimension(lab.green, "targetgroup")
    metric = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}
    refused(
        "ValidationError",
        lab.asg.put_scaling_policy,
        AutoScalingGroupName="blue",
        PolicyName="requests",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={"PredefinedMetricSpecification": metric, "TargetValue": 100.0},
    )


@check
def a_policy_lists_the_alarms_that_call_on_it_and_they_go_with_it(lab):
    arn = lab.asg.put_scaling_policy(
        AutoScalingGroupName="blue",
        PolicyName="steps",
        PolicyType="StepScaling",
        AdjustmentType="ChangeInCapacity",
        StepAdjustments=[{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
    )["PolicyARN"]
    alarm(lab, "busy", AlarmActions=[arn])
    policy = lab.asg.describe_policies(AutoScalingGroupName="blue", PolicyNames=["steps"])["ScalingPolicies"][0]
    same([each["AlarmName"] for each in policy["Alarms"]], ["busy"])
    lab.asg.delete_policy(AutoScalingGroupName="blue", PolicyName="steps")
    same(lab.cloudwatch.describe_alarms(AlarmNames=["busy"])["MetricAlarms"], [])


# ── CloudWatch ────────────────────────────────────────────────────────────────────────────────────────


def alarm(lab, name, **settings):
    lab.cloudwatch.put_metric_alarm(
        AlarmName=name,
        **{
            "Namespace": "Shop",
            "MetricName": "Queue",
            "Statistic": "Maximum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 10.0,
            "ComparisonOperator": "GreaterThanThreshold",
            **settings,
        },
    )


def counted(lab, metric, **dimensions):
    """The sum of a load balancer's metric over the last minutes; nothing when there is none."""
    stat = {
        "Metric": {
            "Namespace": "AWS/ApplicationELB",
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        },
        "Period": 60,
        "Stat": "Sum",
    }
    now = datetime.now(timezone.utc)
    answer = lab.cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": stat}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
    )["MetricDataResults"][0]
    same(answer["StatusCode"], "Complete")
    return sum(answer["Values"])


@check
def requests_are_counted_by_target_group_under_both_dimensions(lab):
    balancer = dimension(lab.balancer, "loadbalancer")
    blue, green = dimension(lab.blue, "targetgroup"), dimension(lab.green, "targetgroup")

    def requests():
        return {arn: counted(lab, "RequestCount", LoadBalancer=balancer, TargetGroup=arn) for arn in (blue, green)}

    lab.answers(50)
    until("every request", lambda: requests() == {blue: lab.answered["1"], green: lab.answered["2"]})
    holds(min(lab.answered["1"], lab.answered["2"]) > 50, lab.answered)


@check
def a_metric_under_other_dimensions_is_another_metric(lab):
    same(counted(lab, "RequestCount", TargetGroup=dimension(lab.blue, "targetgroup")), 0)


@check
def answers_of_the_load_balancer_itself_are_not_a_target_groups(lab):
    balancer, blue = dimension(lab.balancer, "loadbalancer"), dimension(lab.blue, "targetgroup")
    until("the 503s", lambda: counted(lab, "HTTPCode_ELB_503_Count", LoadBalancer=balancer) >= 1)
    same(counted(lab, "HTTPCode_ELB_503_Count", LoadBalancer=balancer, TargetGroup=blue), 0)
    metrics = lab.cloudwatch.list_metrics(Namespace="AWS/ApplicationELB", MetricName="HTTPCode_ELB_503_Count")["Metrics"]
    same({each["Name"] for metric in metrics for each in metric["Dimensions"]}, {"LoadBalancer"})


@check
def metric_math_is_computed(lab):
    values = {"Namespace": "Shop", "MetricName": "Orders"}
    lab.cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Orders", "Value": 21.0}])
    now = datetime.now(timezone.utc)
    stat = {"Metric": values, "Period": 60, "Stat": "Sum"}
    queries = [
        {"Id": "m", "MetricStat": stat, "ReturnData": False},
        {"Id": "twice", "Expression": "m * 2", "Label": "twice"},
    ]
    answer = lab.cloudwatch.get_metric_data(
        MetricDataQueries=queries, StartTime=now - timedelta(minutes=5), EndTime=now + timedelta(minutes=1)
    )["MetricDataResults"]
    same([(each["Id"], each["Values"]) for each in answer], [("twice", [42.0])])


@check
def an_alarm_begins_without_data_and_rings_when_there_is_cause(lab):
    alarm(lab, "queue", TreatMissingData="ignore")

    def state():
        return lab.cloudwatch.describe_alarms(AlarmNames=["queue"])["MetricAlarms"][0]["StateValue"]

    same(state(), "INSUFFICIENT_DATA")

    def rings():
        lab.cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Queue", "Value": 50.0}])
        return state() == "ALARM"

    until("the alarm", rings)


@check
def a_composite_alarm_follows_its_children_and_is_described_on_request_only(lab):
    lab.cloudwatch.put_composite_alarm(AlarmName="all", AlarmRule='ALARM("queue")')
    found = lab.cloudwatch.describe_alarms(AlarmNames=["all"])
    same((found["MetricAlarms"], found["CompositeAlarms"]), ([], []))

    def state():
        found = lab.cloudwatch.describe_alarms(AlarmNames=["all"], AlarmTypes=["CompositeAlarm"])
        return found["CompositeAlarms"][0]["StateValue"]

    until("the composite", lambda: state() == "ALARM")
    lab.cloudwatch.set_alarm_state(AlarmName="queue", StateValue="OK", StateReason="by hand")
    until("calm", lambda: state() == "OK")


@check
def an_alarm_that_a_composite_one_names_stays_until_that_goes(lab):
    try:
        lab.cloudwatch.delete_alarms(AlarmNames=["queue"])
    except ClientError as error:
        same(error.response["ResponseMetadata"]["HTTPStatusCode"], 400)
    else:
        raise AssertionError("it was deleted")
    lab.cloudwatch.delete_alarms(AlarmNames=["all"])
    lab.cloudwatch.delete_alarms(AlarmNames=["queue"])
    same(lab.cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])["MetricAlarms"], [])


# ── The aws CLI ───────────────────────────────────────────────────────────────────────────────────────


def cli(lab, *words):
    """The answer of the real aws CLI, which is told of the lab by its environment only."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {
        **kept,
        "AWS_ACCESS_KEY_ID": "lab",
        "AWS_SECRET_ACCESS_KEY": "lab",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": lab.endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    command = [sys.executable, "-m", "awscli", *words, "--output", "json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    holds(done.returncode == 0, done.stderr)
    return json.loads(done.stdout)


@check
def the_aws_cli_says_who_calls(lab):
    same(cli(lab, "sts", "get-caller-identity")["Account"], lab.sts.get_caller_identity()["Account"])


@check
def the_aws_cli_describes_rules(lab):
    rules = cli(lab, "elbv2", "describe-rules", "--listener-arn", lab.listener)["Rules"]
    same([rule["RuleArn"] for rule in rules], [lab.door, lab.default_rule()])


@check
def the_aws_cli_describes_groups(lab):
    names = "AutoScalingGroups[].AutoScalingGroupName"
    found = cli(lab, "autoscaling", "describe-auto-scaling-groups", "--query", names)
    same(sorted(found), ["blue", "green", "hooked", "still"])


@check
def the_aws_cli_describes_launch_template_versions(lab):
    found = cli(lab, "ec2", "describe-launch-template-versions", "--launch-template-name", "app")
    same(sorted(each["VersionNumber"] for each in found["LaunchTemplateVersions"]), [1, 2])


@check
def the_aws_cli_gets_metric_data(lab):
    stat = {"Metric": {"Namespace": "Shop", "MetricName": "Orders"}, "Period": 60, "Stat": "Sum"}
    now = datetime.now(timezone.utc)
    found = cli(
        lab,
        "cloudwatch",
        "get-metric-data",
        "--metric-data-queries",
        json.dumps([{"Id": "m", "MetricStat": stat}]),
        "--start-time",
        (now - timedelta(minutes=5)).isoformat(),
        "--end-time",
        (now + timedelta(minutes=1)).isoformat(),
    )
    same(found["MetricDataResults"][0]["Values"], [21.0])


# ── The end of an estate ──────────────────────────────────────────────────────────────────────────────


@check
def an_empty_group_is_deleted_without_force(lab):
    lab.asg.set_desired_capacity(AutoScalingGroupName="still", DesiredCapacity=0)
    until("empty", lambda: not lab.described("still")["Instances"])

    def deleted():
        try:
            return lab.asg.delete_auto_scaling_group(AutoScalingGroupName="still")
        except ClientError as error:
            # The last instance is gone; the activity that ended it may still be closing.
            same(error.response["Error"]["Code"], "ScalingActivityInProgress")
            return None

    until("deleted", deleted)
    until("gone", lambda: lab.described("still") is None)


@check
def throttled_calls_are_refused_in_the_services_own_words(lab):
    fault = "throttle autoscaling:DescribePolicies count=1"
    lab.http.request("POST", lab.endpoint + "/_lab/faults", body=fault, headers={"x-lab": "1"})
    refused("RateExceeded", lab.asg.describe_policies)
    lab.asg.describe_policies()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("endpoint", help="such as http://127.0.0.1:4600")
    lab = Lab(parser.parse_args().endpoint.rstrip("/"))
    began = time.monotonic()
    lab.build()
    failed = 0
    for each in CHECKS:
        try:
            each(lab)
            print(f"ok   {each.__name__}", flush=True)
        except Exception as error:  # Whatever went wrong, the other checks are worth making.
            failed += 1
            place = traceback.extract_tb(error.__traceback__)
            line = next(frame.lineno for frame in reversed(place) if frame.filename == __file__)
            print(f"FAIL {each.__name__}, line {line}: {error or type(error).__name__}", flush=True)
    print(f"{len(CHECKS) - failed} held, {failed} failed, {time.monotonic() - began:.0f} seconds")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
