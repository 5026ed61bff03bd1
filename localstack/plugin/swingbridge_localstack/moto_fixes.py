"""Repairs of the bundled moto, only where it would refuse, damage or misreport any blue/green deployment.

Everything else it does differently from AWS is left as it is; the README names what matters.
"""

from localstack.runtime import hooks
from localstack.utils.patch import patch


@hooks.on_runtime_start()
def fix_launch_template_versions():
    from moto.ec2.models.launch_templates import LaunchTemplate
    from moto.ec2.responses.launch_templates import LaunchTemplates
    from moto.ec2.utils import parse_user_data

    @patch(LaunchTemplate.create_version)
    def create_version(original, self, data, description):
        # Only version 1 has its user data parsed; launching an instance from a later one fails an assertion.
        if isinstance(data.get("UserData"), str):
            data["UserData"] = parse_user_data(data["UserData"])
        return original(self, data, description)

    @patch(LaunchTemplates.create_launch_template_version)
    def create_launch_template_version(original, self):
        # SourceVersion is ignored: the new version would lack everything the request does not repeat.
        answer = original(self)
        source = self._get_param("SourceVersion")
        if source:
            made = answer.result["LaunchTemplateVersion"]
            template = self.ec2_backend.get_launch_template(made["LaunchTemplateId"])
            old, new = template.get_version(source), template.get_version(made["VersionNumber"])
            if "TagSpecifications" not in new.data:
                new.instance_tags = old.instance_tags
            for field, value in old.data.items():
                new.data.setdefault(field, value)
        return answer


@hooks.on_runtime_start()
def fix_version_of_instances():
    # Each instance of a group is said to be of the template's default version, whichever it was launched from.
    from moto.autoscaling.models import InstanceState

    @patch(InstanceState.__init__)
    def remember_version(original, self, *arguments, **named):
        original(self, *arguments, **named)
        group = self.auto_scaling_group
        if group.ec2_launch_template is not None:
            version = group.ec2_launch_template.get_version(group.launch_template_version)
            self.launched_from = {
                "LaunchTemplateId": group.ec2_launch_template.id,
                "LaunchTemplateName": group.ec2_launch_template.name,
                "Version": str(version.number),
            }

    InstanceState.launch_template = property(lambda self: getattr(self, "launched_from", None))


@hooks.on_runtime_start()
def fix_tags_of_load_balancing():
    # moto allows 10 tags on a resource, as AWS once did; today it is 50.
    from moto.elbv2.exceptions import TooManyTagsError
    from moto.elbv2.models import ELBv2Backend

    @patch(ELBv2Backend.add_tags)
    def add_tags(_original, self, resource_arns, tags):
        for arn in resource_arns:
            self._get_resource_by_arn(arn)
            keys = set(self.tagging_service.get_tag_dict_for_resource(arn))
            if len(keys | {tag["Key"] for tag in tags}) > 50:
                raise TooManyTagsError()
            self.tagging_service.tag_resource(arn, tags)


@hooks.on_runtime_start()
def fix_names_shared_by_groups():
    # moto keeps policies and scheduled actions by name alone, so giving one group a policy whose name another group
    # also uses takes it away from the other. AWS keeps them per group.
    from moto.autoscaling.models import AutoScalingBackend
    from moto.autoscaling.responses import AutoScalingResponse
    from moto.core.responses import EmptyResult

    @patch(AutoScalingBackend.put_scaling_policy)
    def put_scaling_policy(original, self, name, *arguments, **named):
        policy = original(self, name, *arguments, **named)
        self.policies[policy.arn] = self.policies.pop(name)
        return policy

    @patch(AutoScalingResponse.put_scaling_policy)
    def put_scaling_policy_answer(original, self):
        # Answered as PolicyArn, which no SDK reads; an alarm needs the ARN this call returns.
        answer = original(self)
        answer.result["PolicyARN"] = answer.result.pop("PolicyArn")
        return answer

    def named_policy(response):
        group, name = response._get_param("AutoScalingGroupName"), response._get_param("PolicyName")
        for arn, policy in response.autoscaling_backend.policies.items():
            if name == arn or (name == policy.name and group in (None, policy.auto_scaling_group_name)):
                return arn
        return name

    @patch(AutoScalingResponse.delete_policy)
    def delete_policy(_original, self):
        self.autoscaling_backend.delete_policy(named_policy(self))
        return EmptyResult()

    @patch(AutoScalingResponse.execute_policy)
    def execute_policy(_original, self):
        self.autoscaling_backend.execute_policy(named_policy(self))
        return EmptyResult()

    def action_key(group, name):
        return f"{group}/{name}"

    @patch(AutoScalingBackend.put_scheduled_update_group_action)
    def put_scheduled_update_group_action(original, self, *arguments, **named):
        action = original(self, *arguments, **named)
        key = action_key(action.auto_scaling_group_name, action.scheduled_action_name)
        self.scheduled_actions[key] = self.scheduled_actions.pop(action.scheduled_action_name)
        return action

    @patch(AutoScalingBackend.delete_scheduled_action)
    def delete_scheduled_action(original, self, auto_scaling_group_name, scheduled_action_name):
        original(self, auto_scaling_group_name, scheduled_action_name)
        self.scheduled_actions.pop(action_key(auto_scaling_group_name, scheduled_action_name), None)
