"""Compares the lab's judgement of every printed policy with that of moto, whose authorisation is switched on.

    python permissions.py path/to/swingbridge

For each policy that `iam-policy` prints, and for two that have every other action of them all, boto3 makes every call
that the policies are about, on a lab and on a moto server. Both must deny the call exactly when its action is not in the
policy. moto looks at signatures and actions and at nothing else of a statement, so that is what it is given.

Then the real binary shows the status of an estate on moto with the keys of a user who has exactly the actions printed for
that, and is denied when one of them is taken away.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

REGION = "us-east-1"
ACCOUNTS = {"lab": "000000000000", "moto": "123456789012"}
PATIENCE = 60
ROLES = ("plan", "deploy", "promote", "rollback", "all")
# AWS asks about these in passing, while another call is made. moto never does.
IN_PASSING = {"ec2:RunInstances", "ec2:CreateTags", "iam:PassRole"}
# What a credential calls a service, where a policy calls it otherwise. moto takes the one for the other.
SIGNED_AS = {"cloudwatch": "monitoring"}
TAG = {"Key": "swingbridge:app", "Value": "ks"}

# What has more printed for it than the others.
KINDS = ('strategy = "rolling"', 'generations = "pair"')
CONFIGURATION = """
app = "ks"
load_balancer = "alb-ks"
{kind}

[names]
group = "asg-{{n}}"
target_group = "tg-{{n}}"

[doors]
scheme = "role"
header = "x-client-mode"
blue = "blue"
green = "green"
listeners = [80]
blue_priority = 10
green_priority = 11

[lock]
listener = 80
priority = 1
entrance_priority = 2
"""


def until(condition, otherwise):
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(otherwise)
        time.sleep(0.05)
    return found


def clients(endpoint, key, secret):
    session = boto3.session.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name=REGION)
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60)
    names = ("autoscaling", "cloudwatch", "ec2", "elbv2", "iam")
    return {name: session.client(name, endpoint_url=endpoint, config=config) for name in names}


class Lab:
    """A lab that holds everybody but the key `lab` to a policy."""

    def __init__(self, binary, folder, policy):
        file = folder / "policy.json"
        file.write_text(json.dumps(policy))
        self.process = subprocess.Popen(
            [binary, "lab", "up", "--port", "0", "--imagined", "--policy", file],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_STATE_HOME": str(folder)},
        )
        for line in self.process.stdout:
            if "SWINGBRIDGE_ENDPOINT_URL=" in line:
                self.endpoint = line.split("SWINGBRIDGE_ENDPOINT_URL=")[1].strip()
                return
        raise AssertionError("the lab did not come up")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Moto:
    """A moto server. Nothing is checked until `on`."""

    def __init__(self, folder):
        self.log = open(folder / "moto.log", "w", encoding="utf-8")
        program = "import sys; from moto.server import main; main(sys.argv[1:])"
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", program, "-H", "127.0.0.1", "-p", "0"],
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

        def announced():
            if self.process.poll() is not None:
                raise AssertionError("moto ended: " + (folder / "moto.log").read_text())
            said = (folder / "moto.log").read_text().split("http://127.0.0.1:")
            return said[1].split()[0] if len(said) > 1 else None

        self.endpoint = f"http://127.0.0.1:{until(announced, 'moto does not say where it is')}"
        until(lambda: self.checks(float("inf")), "moto does not answer")
        self.free = clients(self.endpoint, "AKIAFREE", "free")
        self.users = 0

    def checks(self, after):
        # With a form's content type the server would look for the number in the form.
        request = urllib.request.Request(
            f"{self.endpoint}/moto-api/reset-auth",
            data=str(after).encode(),
            headers={"Content-Type": "text/plain"},
        )
        try:
            return urllib.request.urlopen(request, timeout=10).status == 200
        except urllib.error.URLError:
            return False

    def user(self, actions):
        """Keys of a new user who may do these, and nothing else."""
        self.checks(float("inf"))
        self.users += 1
        name = f"user-{self.users}"
        self.free["iam"].create_user(UserName=name)
        key = self.free["iam"].create_access_key(UserName=name)["AccessKey"]
        own = []
        for action in sorted(actions):
            service, operation = action.split(":")
            own.append(f"{SIGNED_AS.get(service, service)}:{operation}")
        statement = {"Effect": "Allow", "Action": own, "Resource": "*"}
        self.free["iam"].put_user_policy(
            UserName=name,
            PolicyName="printed",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        self.checks(0)
        return key["AccessKeyId"], key["SecretAccessKey"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()


def actions_of(policy):
    found = set()
    for statement in policy["Statement"]:
        if statement["Effect"] == "Allow":
            listed = statement["Action"]
            found.update([listed] if isinstance(listed, str) else listed)
    return found


def only(policy, kept):
    """The policy with these of its actions alone."""
    statements = []
    for statement in policy["Statement"]:
        listed = statement["Action"]
        if statement["Effect"] == "Allow":
            listed = [action for action in ([listed] if isinstance(listed, str) else listed) if action in kept]
        if listed:
            statements.append({**statement, "Action": listed})
    return {**policy, "Statement": statements}


def first(items):
    return items[0]


def prepared(lab):
    """What the calls are about: one's own, and some more that may be deleted."""
    free = clients(lab.endpoint, "lab", "lab")
    elb, scaling = free["elbv2"], free["autoscaling"]
    balancer = first(elb.describe_load_balancers()["LoadBalancers"])["LoadBalancerArn"]
    listener = first(elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"])["ListenerArn"]
    target_group = first(elb.describe_target_groups()["TargetGroups"])
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}

    def rule(priority):
        made = elb.create_rule(
            ListenerArn=listener,
            Priority=priority,
            Conditions=[{"Field": "path-pattern", "Values": ["/x"]}],
            Actions=[answer],
            Tags=[TAG],
        )
        return first(made["Rules"])["RuleArn"]

    spare = elb.create_target_group(
        Name="spare", Protocol="HTTP", Port=80, VpcId=target_group["VpcId"], TargetType="instance", Tags=[TAG]
    )
    group = first(scaling.describe_auto_scaling_groups()["AutoScalingGroups"])
    tag = {**TAG, "ResourceId": "asg-1", "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
    scaling.create_or_update_tags(Tags=[tag])
    template = group["LaunchTemplate"]["LaunchTemplateId"]
    zones = group["AvailabilityZones"]
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="spare",
        MinSize=0,
        MaxSize=0,
        AvailabilityZones=zones,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
        Tags=[{**tag, "ResourceId": "spare"}],
    )
    return {
        "balancer": balancer,
        "listener": listener,
        "target_group": target_group["TargetGroupArn"],
        "vpc": target_group["VpcId"],
        "rule": rule(100),
        "spare_rule": rule(101),
        "spare_target_group": first(spare["TargetGroups"])["TargetGroupArn"],
        "template": template,
        "zones": zones,
        "answer": answer,
        "tag": tag,
    }


def calls(on):
    """One call for each action: what AWS checks it as, the client, and how it is made. What deletes comes last."""
    group = {"AutoScalingGroupName": "asg-1"}
    target_group = {"TargetGroupArn": on["target_group"]}
    alarm = f"arn:aws:cloudwatch:{REGION}:{ACCOUNTS['lab']}:alarm:ours"
    template = {"LaunchTemplateId": on["template"], "Version": "1"}
    elb = [
        ("DescribeAccountLimits", {}),
        ("DescribeListeners", {"LoadBalancerArn": on["balancer"]}),
        ("DescribeLoadBalancerAttributes", {"LoadBalancerArn": on["balancer"]}),
        ("DescribeLoadBalancers", {}),
        ("DescribeRules", {"ListenerArn": on["listener"]}),
        ("DescribeTags", {"ResourceArns": [on["rule"]]}),
        ("DescribeTargetGroupAttributes", target_group),
        ("DescribeTargetGroups", {}),
        ("DescribeTargetHealth", target_group),
        (
            "CreateRule",
            {
                "ListenerArn": on["listener"],
                "Priority": 200,
                "Conditions": [{"Field": "path-pattern", "Values": ["/y"]}],
                "Actions": [on["answer"]],
                "Tags": [TAG],
            },
        ),
        (
            "CreateTargetGroup",
            {"Name": "made", "Protocol": "HTTP", "Port": 80, "VpcId": on["vpc"], "TargetType": "instance", "Tags": [TAG]},
        ),
        ("ModifyListener", {"ListenerArn": on["listener"], "DefaultActions": [on["answer"]]}),
        ("ModifyRule", {"RuleArn": on["rule"], "Actions": [on["answer"]]}),
        (
            "ModifyTargetGroupAttributes",
            {
                "TargetGroupArn": on["spare_target_group"],
                "Attributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "1"}],
            },
        ),
        ("AddTags", {"ResourceArns": [on["rule"]], "Tags": [TAG]}),
        ("RemoveTags", {"ResourceArns": [on["rule"]], "TagKeys": ["stage"]}),
        ("DeleteRule", {"RuleArn": on["spare_rule"]}),
        ("DeleteTargetGroup", {"TargetGroupArn": on["spare_target_group"]}),
    ]
    scaling = [
        ("DescribeAccountLimits", {}),
        ("DescribeAutoScalingGroups", {}),
        ("DescribeInstanceRefreshes", group),
        ("DescribeLifecycleHooks", group),
        ("DescribeNotificationConfigurations", {}),
        ("DescribePolicies", group),
        ("DescribeScalingActivities", group),
        ("DescribeScheduledActions", group),
        (
            "CreateAutoScalingGroup",
            {
                "AutoScalingGroupName": "made",
                "MinSize": 0,
                "MaxSize": 0,
                "AvailabilityZones": on["zones"],
                "LaunchTemplate": template,
                "Tags": [{**on["tag"], "ResourceId": "made"}],
            },
        ),
        (
            "BatchPutScheduledUpdateGroupAction",
            {
                **group,
                "ScheduledUpdateGroupActions": [
                    {"ScheduledActionName": "night", "Recurrence": "0 1 * * *", "MinSize": 1}
                ],
            },
        ),
        ("CreateOrUpdateTags", {"Tags": [on["tag"]]}),
        ("EnableMetricsCollection", {**group, "Granularity": "1Minute"}),
        (
            "PutNotificationConfiguration",
            {
                **group,
                "TopicARN": f"arn:aws:sns:{REGION}:{ACCOUNTS['lab']}:deploys",
                "NotificationTypes": ["autoscaling:EC2_INSTANCE_LAUNCH"],
            },
        ),
        (
            "PutScalingPolicy",
            {
                **group,
                "PolicyName": "busy",
                "PolicyType": "SimpleScaling",
                "AdjustmentType": "ChangeInCapacity",
                "ScalingAdjustment": 1,
            },
        ),
        (
            "PutLifecycleHook",
            {**group, "LifecycleHookName": "drain", "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"},
        ),
        ("AttachLoadBalancerTargetGroups", {**group, "TargetGroupARNs": [on["target_group"]]}),
        ("DetachLoadBalancerTargetGroups", {**group, "TargetGroupARNs": [on["target_group"]]}),
        (
            "DetachTrafficSources",
            {**group, "TrafficSources": [{"Identifier": on["target_group"], "Type": "elbv2"}]},
        ),
        ("PutWarmPool", {**group, "MinSize": 0}),
        ("SuspendProcesses", {**group, "ScalingProcesses": ["AZRebalance"]}),
        ("ResumeProcesses", {**group, "ScalingProcesses": ["AZRebalance"]}),
        ("SetDesiredCapacity", {**group, "DesiredCapacity": 2}),
        ("SetInstanceProtection", {**group, "InstanceIds": ["i-0123456789abcdef0"], "ProtectedFromScaleIn": False}),
        ("UpdateAutoScalingGroup", {**group, "MinSize": 1}),
        ("StartInstanceRefresh", {**group, "DesiredConfiguration": {"LaunchTemplate": template}}),
        ("RollbackInstanceRefresh", group),
        ("DeleteWarmPool", group),
        ("DeleteAutoScalingGroup", {"AutoScalingGroupName": "spare"}),
        ("DeleteTags", {"Tags": [{key: on["tag"][key] for key in ("ResourceId", "ResourceType", "Key")}]}),
    ]
    watch = [
        ("DescribeAlarms", {}),
        (
            "GetMetricData",
            {
                "MetricDataQueries": [
                    {
                        "Id": "busy",
                        "MetricStat": {
                            "Metric": {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization"},
                            "Period": 60,
                            "Stat": "Average",
                        },
                    }
                ],
                "StartTime": "2026-03-02T12:00:00Z",
                "EndTime": "2026-03-02T12:05:00Z",
            },
        ),
        (
            "PutMetricAlarm",
            {
                "AlarmName": "ours",
                "Namespace": "AWS/EC2",
                "MetricName": "CPUUtilization",
                "Statistic": "Average",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 80.0,
                "ComparisonOperator": "GreaterThanThreshold",
            },
        ),
        ("TagResource", {"ResourceARN": alarm, "Tags": [TAG]}),
        ("ListTagsForResource", {"ResourceARN": alarm}),
        ("DeleteAlarms", {"AlarmNames": ["ours"]}),
    ]
    compute = [
        ("DescribeImages", {}),
        ("DescribeLaunchTemplates", {}),
        ("DescribeLaunchTemplateVersions", {"LaunchTemplateId": on["template"]}),
        (
            "CreateLaunchTemplateVersion",
            {
                "LaunchTemplateId": on["template"],
                "SourceVersion": "1",
                "LaunchTemplateData": {"ImageId": "ami-0123456789abcdef0"},
            },
        ),
    ]
    services = (
        ("elasticloadbalancing", "elbv2", elb),
        ("autoscaling", "autoscaling", scaling),
        ("cloudwatch", "cloudwatch", watch),
        ("ec2", "ec2", compute),
    )
    return [
        (f"{service}:{operation}", client, operation, arguments)
        for service, client, made in services
        for operation, arguments in made
    ]


def is_denied(client, operation, arguments, action):
    """Whether a call is denied for want of its own action; what else may be wrong with it is of no interest."""
    # As boto3 calls it: CreateRule is create_rule.
    method = next(name for name, own in client.meta.method_to_api_mapping.items() if own == operation)
    try:
        getattr(client, method)(**arguments)
    except ClientError as error:
        response = error.response
        said = json.dumps(response["Error"]).replace('"monitoring:', '"cloudwatch:').replace(" monitoring:", " cloudwatch:")
        return response["ResponseMetadata"]["HTTPStatusCode"] == 403 and f"perform: {action}" in said
    except ResponseParserError:
        # moto stumbled over a call that it had let in.
        return False
    return False


def compared(binary, folder, moto, name, policy):
    """Makes every call under a policy on both, and counts the answers that agree with it and with each other."""
    granted = actions_of(policy)
    with Lab(binary, folder, policy) as lab:
        made = calls(prepared(lab))
        unknown = granted - {action for action, *_ in made} - IN_PASSING
        if unknown:
            raise AssertionError(f"no call is made for {', '.join(sorted(unknown))}")
        held = clients(lab.endpoint, "AKIAHELD", "held")
        users = clients(moto.endpoint, *moto.user(granted - IN_PASSING))
        wrong = []
        for action, client, operation, arguments in made:
            there = {
                "lab": is_denied(held[client], operation, arguments, action),
                "moto": is_denied(users[client], operation, arguments, action),
            }
            wanted = action not in granted
            for where, denied in there.items():
                if denied != wanted:
                    words = {True: "denied", False: "allowed"}
                    wrong.append(f"{name}: {action} is {words[denied]} by {where}, and the policy says {words[wanted]}")
    if wrong:
        raise AssertionError("\n".join(wrong))
    return len(made)


def printed(binary, folder, role, account):
    said = subprocess.run(
        [binary, "iam-policy", role, "--account", account, "--region", REGION],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(said.stdout)


def estate_on(moto):
    """The README's estate, made by whoever may do everything."""
    moto.checks(float("inf"))
    ec2, elb, scaling = (moto.free[name] for name in ("ec2", "elbv2", "autoscaling"))
    subnets = ec2.describe_subnets()["Subnets"][:2]
    template = ec2.create_launch_template(
        LaunchTemplateName="ks-app", LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    ec2.create_launch_template_version(
        LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.small"}
    )
    balancer = first(
        elb.create_load_balancer(Name="alb-ks", Subnets=[subnet["SubnetId"] for subnet in subnets])["LoadBalancers"]
    )
    target_group = first(
        elb.create_target_group(Name="tg-1", Protocol="HTTP", Port=80, VpcId=balancer["VpcId"], TargetType="instance")[
            "TargetGroups"
        ]
    )["TargetGroupArn"]
    forward = {"Type": "forward", "TargetGroupArn": target_group}
    listener = first(
        elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[forward]
        )["Listeners"]
    )["ListenerArn"]
    closed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}
    for priority, colour, action in ((10, "blue", forward), (11, "green", closed)):
        elb.create_rule(
            ListenerArn=listener,
            Priority=priority,
            Conditions=[
                {
                    "Field": "http-header",
                    "HttpHeaderConfig": {"HttpHeaderName": "x-client-mode", "Values": [colour]},
                }
            ],
            Actions=[action],
        )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="asg-1",
        MinSize=1,
        MaxSize=4,
        DesiredCapacity=2,
        VPCZoneIdentifier=",".join(subnet["SubnetId"] for subnet in subnets),
        LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
        TargetGroupARNs=[target_group],
    )


def commanded(binary, folder, moto, actions, *command):
    """Runs the binary with the keys of a user who may do exactly this."""
    key, secret = moto.user(actions - IN_PASSING)
    done = subprocess.run(
        [binary, *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE * 5,
        env={
            "PATH": os.environ["PATH"],
            "XDG_STATE_HOME": str(folder),
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": REGION,
            "SWINGBRIDGE_ENDPOINT_URL": moto.endpoint,
        },
    )
    return done.returncode, f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}"


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory(prefix="swingbridge-permissions-") as name:
        folder = pathlib.Path(name)
        policies, whole = {}, []
        for kind in KINDS:
            (folder / "swingbridge.toml").write_text(CONFIGURATION.format(kind=kind))
            own = {role: printed(binary, folder, role, ACCOUNTS["lab"]) for role in ROLES}
            for statement in own["all"]["Statement"] + own["plan"]["Statement"]:
                whole.append({key: value for key, value in statement.items() if key != "Sid"})
            policies |= {f"{role}, {kind}": policy for role, policy in own.items()}
        every = sorted(set().union(*map(actions_of, policies.values())))
        together = {"Version": "2012-10-17", "Statement": whole}
        policies["every other action"] = only(together, every[::2])
        policies["every other action but those"] = only(together, every[1::2])
        agreed = 0
        with Moto(folder) as moto:
            for name, policy in policies.items():
                agreed += compared(binary, folder, moto, name, policy)
            print(f"{agreed} calls under {len(policies)} policies: lab and moto agree")
            estate_on(moto)
            # The rest of the commands need calls that moto answers with a server error.
            actions = actions_of(policies[f"plan, {KINDS[0]}"])
            code, said = commanded(binary, folder, moto, actions, "status")
            if code != 0:
                raise AssertionError(said)
            # The body of moto's denial is not one that the Rust SDK can read: the status is what is left of it.
            code, said = commanded(
                binary, folder, moto, actions - {"elasticloadbalancing:DescribeRules"}, "status"
            )
            if code != 4 or "DescribeRules was rejected" not in said or "403" not in said:
                raise AssertionError(f"without DescribeRules {said}")
            print("status: done with what is printed for plan, denied without DescribeRules")


if __name__ == "__main__":
    main()
