"""The autoscaling operations moto lacks and a deployment asks for; each keeps or derives what AWS would answer."""

from collections import defaultdict

from localstack.aws.api import CommonServiceException
from moto.autoscaling.models import autoscaling_backends

# (account, region) -> group -> topic -> notification types
_notifications = defaultdict(lambda: defaultdict(dict))


def _groups(context):
    return autoscaling_backends[context.account_id][context.region].autoscaling_groups


def _group(context, request):
    name = request["AutoScalingGroupName"]
    if name not in _groups(context):
        raise CommonServiceException("ValidationError", f"AutoScalingGroup name not found - {name}", 400)
    return _groups(context)[name]


def put_notification_configuration(context, request):
    group = _group(context, request)
    _notifications[context.account_id, context.region][group.arn][request["TopicARN"]] = request["NotificationTypes"]
    return {}


def delete_notification_configuration(context, request):
    group = _group(context, request)
    _notifications[context.account_id, context.region][group.arn].pop(request["TopicARN"], None)
    return {}


def describe_notification_configurations(context, request):
    wanted = request.get("AutoScalingGroupNames")
    kept = _notifications[context.account_id, context.region]
    return {
        "NotificationConfigurations": [
            {"AutoScalingGroupName": group.name, "TopicARN": topic, "NotificationType": kind}
            for group in _groups(context).values()
            if not wanted or group.name in wanted
            for topic, kinds in kept[group.arn].items()
            for kind in kinds
        ]
    }


def describe_traffic_sources(context, request):
    # Target groups only: moto knows no other source.
    sources = [
        {"Identifier": arn, "TrafficSource": arn, "Type": "elbv2", "State": "InService"}
        for arn in _group(context, request).target_group_arns
    ]
    return {"TrafficSources": sources if request.get("TrafficSourceType") in (None, "elbv2") else []}


def describe_instance_refreshes(context, request):
    # moto cannot start one, so there is none.
    _group(context, request)
    return {"InstanceRefreshes": []}


def describe_account_limits(context, request):
    return {
        "MaxNumberOfAutoScalingGroups": 500,
        "MaxNumberOfLaunchConfigurations": 200,
        "NumberOfAutoScalingGroups": len(_groups(context)),
        "NumberOfLaunchConfigurations": 0,
    }


HANDLERS = {
    "PutNotificationConfiguration": put_notification_configuration,
    "DeleteNotificationConfiguration": delete_notification_configuration,
    "DescribeNotificationConfigurations": describe_notification_configurations,
    "DescribeTrafficSources": describe_traffic_sources,
    "DescribeInstanceRefreshes": describe_instance_refreshes,
    "DescribeAccountLimits": describe_account_limits,
}
