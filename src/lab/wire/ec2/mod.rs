//! EC2, 2016-11-15: only what deployments, and scripts that build an estate for them, need. Members have the names of EC2's query API.

mod filters;
mod groups;
mod images;
mod instances;
mod listing;
mod names;
mod places;
mod routes;
mod tags;
mod templates;
#[cfg(test)]
mod tests;
mod vpcs;

use super::Operation;

pub(super) const VERSION: &str = "2016-11-15";

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "CreateVpc",
        members: &[
            "CidrBlock",
            "InstanceTenancy",
            "AmazonProvidedIpv6CidrBlock",
            "TagSpecification",
        ],
        act: vpcs::create,
    },
    Operation {
        name: "DeleteVpc",
        members: &["VpcId"],
        act: vpcs::delete,
    },
    Operation {
        name: "DescribeVpcs",
        members: &["Filter", "VpcId", "NextToken", "MaxResults"],
        act: vpcs::describe,
    },
    Operation {
        name: "DescribeVpcAttribute",
        members: &["Attribute", "VpcId"],
        act: vpcs::attribute,
    },
    Operation {
        name: "ModifyVpcAttribute",
        members: &["VpcId", "EnableDnsHostnames", "EnableDnsSupport"],
        act: vpcs::modify_attribute,
    },
    Operation {
        name: "CreateSubnet",
        members: &[
            "VpcId",
            "CidrBlock",
            "AvailabilityZone",
            "AvailabilityZoneId",
            "TagSpecification",
        ],
        act: vpcs::create_subnet,
    },
    Operation {
        name: "DeleteSubnet",
        members: &["SubnetId"],
        act: vpcs::delete_subnet,
    },
    Operation {
        name: "DescribeSubnets",
        members: &["Filter", "SubnetId", "NextToken", "MaxResults"],
        act: vpcs::describe_subnets,
    },
    Operation {
        name: "ModifySubnetAttribute",
        members: &["SubnetId", "MapPublicIpOnLaunch"],
        act: vpcs::modify_subnet,
    },
    Operation {
        name: "CreateSecurityGroup",
        members: &["GroupName", "GroupDescription", "VpcId", "TagSpecification"],
        act: groups::create,
    },
    Operation {
        name: "DeleteSecurityGroup",
        members: &["GroupId", "GroupName"],
        act: groups::delete,
    },
    Operation {
        name: "DescribeSecurityGroups",
        members: &["Filter", "GroupId", "GroupName", "NextToken", "MaxResults"],
        act: groups::describe,
    },
    Operation {
        name: "AuthorizeSecurityGroupIngress",
        members: &[
            "GroupId",
            "GroupName",
            "IpPermissions",
            "IpProtocol",
            "FromPort",
            "ToPort",
            "CidrIp",
            "SourceSecurityGroupName",
            "SourceSecurityGroupOwnerId",
            "TagSpecification",
        ],
        act: groups::authorize_ingress,
    },
    Operation {
        name: "AuthorizeSecurityGroupEgress",
        members: &[
            "GroupId",
            "IpPermissions",
            "IpProtocol",
            "FromPort",
            "ToPort",
            "CidrIp",
            "SourceSecurityGroupName",
            "SourceSecurityGroupOwnerId",
            "TagSpecification",
        ],
        act: groups::authorize_egress,
    },
    Operation {
        name: "RevokeSecurityGroupIngress",
        members: &[
            "GroupId",
            "GroupName",
            "IpPermissions",
            "IpProtocol",
            "FromPort",
            "ToPort",
            "CidrIp",
            "SourceSecurityGroupName",
            "SourceSecurityGroupOwnerId",
        ],
        act: groups::revoke_ingress,
    },
    Operation {
        name: "RevokeSecurityGroupEgress",
        members: &[
            "GroupId",
            "IpPermissions",
            "IpProtocol",
            "FromPort",
            "ToPort",
            "CidrIp",
            "SourceSecurityGroupName",
            "SourceSecurityGroupOwnerId",
        ],
        act: groups::revoke_egress,
    },
    Operation {
        name: "CreateInternetGateway",
        members: &["TagSpecification"],
        act: routes::create_gateway,
    },
    Operation {
        name: "AttachInternetGateway",
        members: &["InternetGatewayId", "VpcId"],
        act: routes::attach_gateway,
    },
    Operation {
        name: "DetachInternetGateway",
        members: &["InternetGatewayId", "VpcId"],
        act: routes::detach_gateway,
    },
    Operation {
        name: "DeleteInternetGateway",
        members: &["InternetGatewayId"],
        act: routes::delete_gateway,
    },
    Operation {
        name: "DescribeInternetGateways",
        members: &["Filter", "InternetGatewayId", "NextToken", "MaxResults"],
        act: routes::describe_gateways,
    },
    Operation {
        name: "CreateRouteTable",
        members: &["VpcId", "ClientToken", "TagSpecification"],
        act: routes::create_table,
    },
    Operation {
        name: "DeleteRouteTable",
        members: &["RouteTableId"],
        act: routes::delete_table,
    },
    Operation {
        name: "DescribeRouteTables",
        members: &["Filter", "RouteTableId", "NextToken", "MaxResults"],
        act: routes::describe_tables,
    },
    Operation {
        name: "CreateRoute",
        members: &[
            "RouteTableId",
            "DestinationCidrBlock",
            "GatewayId",
            "NatGatewayId",
            "InstanceId",
            "NetworkInterfaceId",
            "TransitGatewayId",
            "VpcPeeringConnectionId",
        ],
        act: routes::create_route,
    },
    Operation {
        name: "DeleteRoute",
        members: &["RouteTableId", "DestinationCidrBlock"],
        act: routes::delete_route,
    },
    Operation {
        name: "AssociateRouteTable",
        members: &["RouteTableId", "SubnetId"],
        act: routes::associate,
    },
    Operation {
        name: "DisassociateRouteTable",
        members: &["AssociationId"],
        act: routes::disassociate,
    },
    Operation {
        name: "CreateLaunchTemplate",
        members: &[
            "LaunchTemplateName",
            "VersionDescription",
            "LaunchTemplateData",
            "TagSpecification",
            "ClientToken",
        ],
        act: templates::create,
    },
    Operation {
        name: "CreateLaunchTemplateVersion",
        members: &[
            "LaunchTemplateId",
            "LaunchTemplateName",
            "SourceVersion",
            "VersionDescription",
            "LaunchTemplateData",
            "ClientToken",
            "ResolveAlias",
        ],
        act: templates::create_version,
    },
    Operation {
        name: "ModifyLaunchTemplate",
        members: &[
            "LaunchTemplateId",
            "LaunchTemplateName",
            "SetDefaultVersion",
            "ClientToken",
        ],
        act: templates::modify,
    },
    Operation {
        name: "DeleteLaunchTemplate",
        members: &["LaunchTemplateId", "LaunchTemplateName"],
        act: templates::delete,
    },
    Operation {
        name: "DeleteLaunchTemplateVersions",
        members: &["LaunchTemplateId", "LaunchTemplateName", "LaunchTemplateVersion"],
        act: templates::delete_versions,
    },
    Operation {
        name: "DescribeLaunchTemplates",
        members: &[
            "LaunchTemplateId",
            "LaunchTemplateName",
            "Filter",
            "NextToken",
            "MaxResults",
        ],
        act: templates::describe,
    },
    Operation {
        name: "DescribeLaunchTemplateVersions",
        members: &[
            "LaunchTemplateId",
            "LaunchTemplateName",
            "LaunchTemplateVersion",
            "MinVersion",
            "MaxVersion",
            "Filter",
            "NextToken",
            "MaxResults",
            "ResolveAlias",
        ],
        act: templates::describe_versions,
    },
    Operation {
        name: "RunInstances",
        members: &[
            "ImageId",
            "InstanceType",
            "MinCount",
            "MaxCount",
            "KeyName",
            "SecurityGroupId",
            "SecurityGroup",
            "SubnetId",
            "UserData",
            "TagSpecification",
            "LaunchTemplate",
            "ClientToken",
            "Placement",
            "IamInstanceProfile",
            "BlockDeviceMapping",
            "NetworkInterface",
            "Monitoring",
            "MetadataOptions",
            "CreditSpecification",
            "EbsOptimized",
            "InstanceInitiatedShutdownBehavior",
        ],
        act: instances::run,
    },
    Operation {
        name: "DescribeInstances",
        members: &["InstanceId", "Filter", "NextToken", "MaxResults"],
        act: instances::describe,
    },
    Operation {
        name: "DescribeInstanceStatus",
        members: &[
            "InstanceId",
            "Filter",
            "NextToken",
            "MaxResults",
            "IncludeAllInstances",
        ],
        act: instances::describe_status,
    },
    Operation {
        name: "TerminateInstances",
        members: &["InstanceId", "Force", "SkipOsShutdown"],
        act: instances::terminate,
    },
    Operation {
        name: "RegisterImage",
        members: &[
            "Name",
            "Description",
            "Architecture",
            "RootDeviceName",
            "BlockDeviceMapping",
            "VirtualizationType",
            "EnaSupport",
            "SriovNetSupport",
            "ImageLocation",
            "BootMode",
            "ImdsSupport",
            "TagSpecification",
        ],
        act: images::register,
    },
    Operation {
        name: "DeregisterImage",
        members: &["ImageId"],
        act: images::deregister,
    },
    Operation {
        name: "DescribeImages",
        members: &[
            "ImageId",
            "Owner",
            "ExecutableBy",
            "Filter",
            "IncludeDeprecated",
            "IncludeDisabled",
            "NextToken",
            "MaxResults",
        ],
        act: images::describe,
    },
    Operation {
        name: "CreateTags",
        members: &["ResourceId", "Tag"],
        act: tags::create,
    },
    Operation {
        name: "DeleteTags",
        members: &["ResourceId", "Tag"],
        act: tags::delete,
    },
    Operation {
        name: "DescribeTags",
        members: &["Filter", "NextToken", "MaxResults"],
        act: tags::describe,
    },
    Operation {
        name: "DescribeAvailabilityZones",
        members: &["ZoneName", "ZoneId", "AllAvailabilityZones", "Filter"],
        act: places::zones,
    },
    Operation {
        name: "DescribeRegions",
        members: &["RegionName", "AllRegions", "Filter"],
        act: places::regions,
    },
    Operation {
        name: "DescribeInstanceTypes",
        members: &["InstanceType", "Filter", "NextToken", "MaxResults"],
        act: places::instance_types,
    },
];
