//! Elastic Load Balancing, 2015-12-01.

mod account;
mod actions;
mod attributes;
mod balancers;
mod conditions;
mod listeners;
mod pages;
mod rules;
mod tags;
mod target_groups;
mod targets;
#[cfg(test)]
mod tests;

use super::Operation;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "CreateLoadBalancer",
        members: &[
            "Name",
            "Subnets",
            "SubnetMappings",
            "SecurityGroups",
            "Scheme",
            "Tags",
            "Type",
            "IpAddressType",
        ],
        act: balancers::create,
    },
    Operation {
        name: "DescribeLoadBalancers",
        members: &["LoadBalancerArns", "Names", "Marker", "PageSize"],
        act: balancers::describe,
    },
    Operation {
        name: "DeleteLoadBalancer",
        members: &["LoadBalancerArn"],
        act: balancers::delete,
    },
    Operation {
        name: "SetSecurityGroups",
        members: &["LoadBalancerArn", "SecurityGroups"],
        act: balancers::set_security_groups,
    },
    Operation {
        name: "SetSubnets",
        members: &["LoadBalancerArn", "Subnets", "SubnetMappings", "IpAddressType"],
        act: balancers::set_subnets,
    },
    Operation {
        name: "DescribeLoadBalancerAttributes",
        members: &["LoadBalancerArn"],
        act: attributes::describe_of_balancer,
    },
    Operation {
        name: "ModifyLoadBalancerAttributes",
        members: &["LoadBalancerArn", "Attributes"],
        act: attributes::modify_of_balancer,
    },
    Operation {
        name: "CreateListener",
        members: &[
            "LoadBalancerArn",
            "Protocol",
            "Port",
            "SslPolicy",
            "Certificates",
            "DefaultActions",
            "Tags",
        ],
        act: listeners::create,
    },
    Operation {
        name: "DescribeListeners",
        members: &["LoadBalancerArn", "ListenerArns", "Marker", "PageSize"],
        act: listeners::describe,
    },
    Operation {
        name: "ModifyListener",
        members: &[
            "ListenerArn",
            "Port",
            "Protocol",
            "SslPolicy",
            "Certificates",
            "DefaultActions",
        ],
        act: listeners::modify,
    },
    Operation {
        name: "DeleteListener",
        members: &["ListenerArn"],
        act: listeners::delete,
    },
    Operation {
        name: "DescribeListenerAttributes",
        members: &["ListenerArn"],
        act: attributes::describe_of_listener,
    },
    Operation {
        name: "ModifyListenerAttributes",
        members: &["ListenerArn", "Attributes"],
        act: attributes::modify_of_listener,
    },
    Operation {
        name: "DescribeListenerCertificates",
        members: &["ListenerArn", "Marker", "PageSize"],
        act: listeners::describe_certificates,
    },
    Operation {
        name: "CreateRule",
        members: &[
            "ListenerArn",
            "Conditions",
            "Priority",
            "Actions",
            "Tags",
            "Transforms",
        ],
        act: rules::create,
    },
    Operation {
        name: "DescribeRules",
        members: &["ListenerArn", "RuleArns", "Marker", "PageSize"],
        act: rules::describe,
    },
    Operation {
        name: "ModifyRule",
        members: &[
            "RuleArn",
            "Conditions",
            "Actions",
            "Transforms",
            "ResetTransforms",
        ],
        act: rules::modify,
    },
    Operation {
        name: "DeleteRule",
        members: &["RuleArn"],
        act: rules::delete,
    },
    Operation {
        name: "SetRulePriorities",
        members: &["RulePriorities"],
        act: rules::set_priorities,
    },
    Operation {
        name: "CreateTargetGroup",
        members: &[
            "Name",
            "Protocol",
            "ProtocolVersion",
            "Port",
            "VpcId",
            "HealthCheckProtocol",
            "HealthCheckPort",
            "HealthCheckEnabled",
            "HealthCheckPath",
            "HealthCheckIntervalSeconds",
            "HealthCheckTimeoutSeconds",
            "HealthyThresholdCount",
            "UnhealthyThresholdCount",
            "Matcher",
            "TargetType",
            "Tags",
            "IpAddressType",
            "TargetControlPort",
        ],
        act: target_groups::create,
    },
    Operation {
        name: "DescribeTargetGroups",
        members: &[
            "LoadBalancerArn",
            "TargetGroupArns",
            "Names",
            "Marker",
            "PageSize",
        ],
        act: target_groups::describe,
    },
    Operation {
        name: "ModifyTargetGroup",
        members: &[
            "TargetGroupArn",
            "HealthCheckProtocol",
            "HealthCheckPort",
            "HealthCheckPath",
            "HealthCheckEnabled",
            "HealthCheckIntervalSeconds",
            "HealthCheckTimeoutSeconds",
            "HealthyThresholdCount",
            "UnhealthyThresholdCount",
            "Matcher",
        ],
        act: target_groups::modify,
    },
    Operation {
        name: "DeleteTargetGroup",
        members: &["TargetGroupArn"],
        act: target_groups::delete,
    },
    Operation {
        name: "DescribeTargetGroupAttributes",
        members: &["TargetGroupArn"],
        act: attributes::describe_of_group,
    },
    Operation {
        name: "ModifyTargetGroupAttributes",
        members: &["TargetGroupArn", "Attributes"],
        act: attributes::modify_of_group,
    },
    Operation {
        name: "RegisterTargets",
        members: &["TargetGroupArn", "Targets"],
        act: targets::register,
    },
    Operation {
        name: "DeregisterTargets",
        members: &["TargetGroupArn", "Targets"],
        act: targets::deregister,
    },
    Operation {
        name: "DescribeTargetHealth",
        members: &["TargetGroupArn", "Targets", "Include"],
        act: targets::describe_health,
    },
    Operation {
        name: "AddTags",
        members: &["ResourceArns", "Tags"],
        act: tags::add,
    },
    Operation {
        name: "RemoveTags",
        members: &["ResourceArns", "TagKeys"],
        act: tags::remove,
    },
    Operation {
        name: "DescribeTags",
        members: &["ResourceArns"],
        act: tags::describe,
    },
    Operation {
        name: "DescribeAccountLimits",
        members: &["Marker", "PageSize"],
        act: account::describe_limits,
    },
    Operation {
        name: "DescribeSSLPolicies",
        members: &["Names", "Marker", "PageSize", "LoadBalancerType"],
        act: account::describe_security_policies,
    },
];
