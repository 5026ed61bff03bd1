//! EC2's operations as a script calls them.

use super::OPERATIONS;
use super::names::written;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::compute::images::DEFAULT_IMAGE;
use crate::lab::world::{Settings, World};

/// An input from query names and values, as the form's parser would make it.
fn input(form: &str) -> Tree {
    crate::lab::wire::query::call("", &bytes::Bytes::from(format!("Action=X&{form}")))
        .expect("done")
        .input
}

fn call(world: &mut World, name: &str, form: &str) -> Result<Tree, Refused> {
    let operation = OPERATIONS
        .iter()
        .find(|operation| operation.name == name)
        .expect("done");
    let input = input(form);
    for (member, _) in input.members() {
        assert!(
            operation.members.contains(&member.as_str()),
            "{name} has no {member}"
        );
    }
    (operation.act)(world, &input)
}

fn ok(world: &mut World, name: &str, form: &str) -> Tree {
    call(world, name, form).expect("done")
}

fn world() -> World {
    World::new(Settings::default())
}

fn texts(items: &[Tree], name: &str) -> Vec<String> {
    items
        .iter()
        .filter_map(|item| item.text(name).map(str::to_owned))
        .collect()
}

#[test]
fn an_estate_is_built_from_nothing() {
    let world = &mut world();
    let vpc = ok(
        world,
        "CreateVpc",
        "CidrBlock=10.0.0.0/16&TagSpecification.1.ResourceType=vpc\
        &TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=shop",
    );
    let vpc = vpc
        .get("vpc")
        .expect("vpc")
        .need("vpcId")
        .expect("vpcId")
        .to_owned();
    let form = format!("VpcId={vpc}&CidrBlock=10.0.1.0/24&AvailabilityZoneId=use1-az2");
    let subnet = ok(world, "CreateSubnet", &form);
    let subnet = subnet.get("subnet").expect("subnet");
    assert_eq!(subnet.text("availabilityZone"), Some("us-east-1b"));
    assert_eq!(subnet.get("availableIpAddressCount"), Some(&Tree::Whole(251)));
    let subnet = subnet.need("subnetId").expect("subnetId").to_owned();
    let gateway = ok(world, "CreateInternetGateway", "");
    let gateway = gateway
        .get("internetGateway")
        .expect("internetGateway")
        .need("internetGatewayId")
        .expect("internetGatewayId")
        .to_owned();
    ok(
        world,
        "AttachInternetGateway",
        &format!("InternetGatewayId={gateway}&VpcId={vpc}"),
    );
    let table = ok(world, "CreateRouteTable", &format!("VpcId={vpc}"));
    let table = table
        .get("routeTable")
        .expect("routeTable")
        .need("routeTableId")
        .expect("routeTableId")
        .to_owned();
    ok(
        world,
        "CreateRoute",
        &format!("RouteTableId={table}&DestinationCidrBlock=0.0.0.0/0&GatewayId={gateway}"),
    );
    ok(
        world,
        "AssociateRouteTable",
        &format!("RouteTableId={table}&SubnetId={subnet}"),
    );
    let group = ok(
        world,
        "CreateSecurityGroup",
        &format!("GroupName=web&GroupDescription=web&VpcId={vpc}"),
    );
    let group = group.need("groupId").expect("groupId").to_owned();
    let permission = format!(
        "GroupId={group}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=80\
        &IpPermissions.1.ToPort=80&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0"
    );
    ok(world, "AuthorizeSecurityGroupIngress", &permission);
    let twice = call(world, "AuthorizeSecurityGroupIngress", &permission).expect_err("refused");
    assert_eq!(twice.code, "InvalidPermission.Duplicate");

    let by_tag = ok(
        world,
        "DescribeVpcs",
        "Filter.1.Name=tag:Name&Filter.1.Value.1=sh*",
    );
    assert_eq!(texts(by_tag.items("vpcSet"), "vpcId"), vec![vpc.clone()]);
    let tables = ok(
        world,
        "DescribeRouteTables",
        &format!("Filter.1.Name=association.subnet-id&Filter.1.Value.1={subnet}"),
    );
    let routes = tables.items("routeTableSet")[0].items("routeSet");
    assert_eq!(texts(routes, "gatewayId"), ["local".to_owned(), gateway]);
    let groups = ok(world, "DescribeSecurityGroups", &format!("GroupId.1={group}"));
    let ranges = groups.items("securityGroupInfo")[0].items("ipPermissions")[0].items("ipRanges");
    assert_eq!(texts(ranges, "cidrIp"), ["0.0.0.0/0"]);
    assert_eq!(
        call(world, "DeleteVpc", &format!("VpcId={vpc}"))
            .expect_err("refused")
            .code,
        "DependencyViolation"
    );
}

#[test]
fn the_default_vpc_is_found_as_scripts_find_it() {
    let world = &mut world();
    let vpcs = ok(
        world,
        "DescribeVpcs",
        "Filter.1.Name=isDefault&Filter.1.Value.1=true",
    );
    let vpc = texts(vpcs.items("vpcSet"), "vpcId").remove(0);
    let form = format!(
        "Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}&Filter.2.Name=default-for-az&Filter.2.Value.1=true"
    );
    let subnets = ok(world, "DescribeSubnets", &form);
    assert_eq!(subnets.items("subnetSet").len(), 3);
    let refused = call(
        world,
        "DescribeVpcs",
        "Filter.1.Name=colour&Filter.1.Value.1=blue",
    )
    .expect_err("refused");
    assert!(
        refused.code == "InvalidParameterValue" && refused.message.contains("colour"),
        "{refused}"
    );
}

#[test]
fn launch_data_comes_back_under_the_names_of_answers() {
    let data = input(
        "ImageId=ami-1&BlockDeviceMapping.1.Ebs.VolumeSize=8&NetworkInterface.1.SecurityGroupId.1=sg-1\
         &NetworkInterface.1.SecurityGroupId.2=sg-2&TagSpecification.1.Tag.1.Key=a&LicenseSpecification.1.LicenseConfigurationArn=arn",
    );
    let data = written(&data);
    assert_eq!(data.text("imageId"), Some("ami-1"));
    assert_eq!(
        data.items("blockDeviceMappingSet")[0]
            .get("ebs")
            .expect("ebs")
            .text("volumeSize"),
        Some("8")
    );
    let groups = data.items("networkInterfaceSet")[0]
        .get("groupSet")
        .expect("groupSet")
        .members();
    assert_eq!(
        groups,
        [
            ("groupId".to_owned(), Tree::from("sg-1")),
            ("groupId".to_owned(), Tree::from("sg-2"))
        ]
    );
    assert_eq!(
        texts(data.items("tagSpecificationSet")[0].items("tagSet"), "key"),
        ["a"]
    );
    assert_eq!(
        texts(data.items("licenseSet"), "licenseConfigurationArn"),
        ["arn"]
    );
}

#[test]
fn versions_are_described_by_number_by_name_and_in_pages() {
    let world = &mut world();
    let created = ok(
        world,
        "CreateLaunchTemplate",
        &format!("LaunchTemplateName=web&LaunchTemplateData.ImageId={DEFAULT_IMAGE}"),
    );
    let id = created
        .get("launchTemplate")
        .expect("launchTemplate")
        .need("launchTemplateId")
        .expect("launchTemplateId")
        .to_owned();
    for _ in 0..2 {
        let form = format!("LaunchTemplateId={id}&SourceVersion=1&LaunchTemplateData.InstanceType=t3.small");
        ok(world, "CreateLaunchTemplateVersion", &form);
    }
    let numbers = |found: &Tree| texts(found.items("launchTemplateVersionSet"), "versionNumber");
    let named = ok(
        world,
        "DescribeLaunchTemplateVersions",
        "LaunchTemplateName=web&LaunchTemplateVersion.1=%24Latest&LaunchTemplateVersion.2=%24Default",
    );
    assert_eq!(numbers(&named), ["3", "1"]);
    let range = ok(
        world,
        "DescribeLaunchTemplateVersions",
        "LaunchTemplateName=web&MinVersion=2&MaxVersion=2",
    );
    assert_eq!(numbers(&range), ["2"]);
    let first = ok(
        world,
        "DescribeLaunchTemplateVersions",
        "LaunchTemplateName=web&MaxResults=2",
    );
    assert_eq!(numbers(&first), ["3", "2"]);
    let token = first.need("nextToken").expect("nextToken");
    let rest = ok(
        world,
        "DescribeLaunchTemplateVersions",
        &format!("LaunchTemplateName=web&MaxResults=2&NextToken={token}"),
    );
    assert_eq!(
        (numbers(&rest), rest.get("nextToken")),
        (vec!["1".to_owned()], None)
    );

    ok(
        world,
        "ModifyLaunchTemplate",
        "LaunchTemplateName=web&SetDefaultVersion=2",
    );
    let form = "LaunchTemplateName=web&LaunchTemplateVersion.1=1&LaunchTemplateVersion.2=2&LaunchTemplateVersion.3=9";
    let deleted = ok(world, "DeleteLaunchTemplateVersions", form);
    let gone = deleted.items("successfullyDeletedLaunchTemplateVersionSet");
    assert_eq!(texts(gone, "versionNumber"), ["1"]);
    let kept = deleted.items("unsuccessfullyDeletedLaunchTemplateVersionSet");
    let codes: Vec<_> = kept
        .iter()
        .filter_map(|item| item.get("responseError")?.text("code"))
        .collect();
    assert_eq!(codes, ["unexpectedError", "launchTemplateVersionDoesNotExist"]);
}

#[test]
fn launch_data_with_a_member_that_ec2_does_not_have_is_refused() {
    let refused = call(
        &mut world(),
        "CreateLaunchTemplate",
        "LaunchTemplateName=web&LaunchTemplateData.Colour=blue",
    );
    let refused = refused.expect_err("refused");
    assert!(
        refused.code == "UnknownParameter" && refused.message.contains("Colour"),
        "{refused}"
    );
}

#[test]
fn instances_are_run_once_per_token_described_by_state_and_terminated() {
    let world = &mut world();
    let form = format!(
        "ImageId={DEFAULT_IMAGE}&MinCount=2&MaxCount=2&ClientToken=once\
        &TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=role&TagSpecification.1.Tag.1.Value=web"
    );
    let first = texts(
        ok(world, "RunInstances", &form).items("instancesSet"),
        "instanceId",
    );
    let again = texts(
        ok(world, "RunInstances", &form).items("instancesSet"),
        "instanceId",
    );
    assert_eq!((first.len(), &first), (2, &again));
    let pending = "Filter.1.Name=instance-state-name&Filter.1.Value.1=pending&Filter.2.Name=tag:role&Filter.2.Value.1=web";
    assert_eq!(
        ok(world, "DescribeInstances", pending)
            .items("reservationSet")
            .len(),
        2
    );
    let ended = ok(world, "TerminateInstances", &format!("InstanceId.1={}", first[0]));
    let ended = &ended.items("instancesSet")[0];
    let name = |state: &str| {
        ended
            .get(state)
            .expect("done")
            .text("name")
            .expect("name")
            .to_owned()
    };
    assert_eq!(
        (name("previousState").as_str(), name("currentState").as_str()),
        ("pending", "shutting-down")
    );
    assert_eq!(
        ok(world, "DescribeInstances", pending)
            .items("reservationSet")
            .len(),
        1
    );
    let unknown = call(
        world,
        "TerminateInstances",
        &format!("InstanceId.1={}&InstanceId.2=i-0", first[1]),
    )
    .expect_err("refused");
    assert_eq!(unknown.code, "InvalidInstanceID.NotFound");
    assert_eq!(
        ok(world, "DescribeInstances", pending)
            .items("reservationSet")
            .len(),
        1
    );
}

#[test]
fn a_launch_that_names_nothing_that_exists_fails_with_ec2s_codes() {
    let world = &mut world();
    for (form, code) in [
        (
            "ImageId=ami-0aaaaaaaaaaaaaaaa&MinCount=1&MaxCount=1",
            "InvalidAMIID.NotFound",
        ),
        ("MinCount=1&MaxCount=1", "MissingParameter"),
        (
            "MinCount=1&MaxCount=1&LaunchTemplate.LaunchTemplateName=none",
            "InvalidLaunchTemplateName.NotFoundException",
        ),
        (
            "ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=1&SubnetId=subnet-0",
            "InvalidSubnetID.NotFound",
        ),
        (
            "ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=1&SecurityGroupId.1=sg-0",
            "InvalidGroup.NotFound",
        ),
        (
            "ImageId=ami-0123456789abcdef0&MinCount=2&MaxCount=1",
            "InvalidParameterValue",
        ),
    ] {
        assert_eq!(
            call(world, "RunInstances", form).expect_err("refused").code,
            code,
            "{form}"
        );
    }
}

#[test]
fn tags_are_written_described_and_removed() {
    let world = &mut world();
    let image = texts(
        ok(world, "DescribeImages", "Owner.1=amazon").items("imagesSet"),
        "imageId",
    )
    .remove(0);
    ok(
        world,
        "CreateTags",
        &format!("ResourceId.1={image}&Tag.1.Key=release&Tag.1.Value=7&Tag.2.Key=kept"),
    );
    let found = ok(world, "DescribeTags", "Filter.1.Name=key&Filter.1.Value.1=rel*");
    assert_eq!(texts(found.items("tagSet"), "value"), ["7"]);
    ok(
        world,
        "DeleteTags",
        &format!("ResourceId.1={image}&Tag.1.Key=release"),
    );
    let found = ok(
        world,
        "DescribeTags",
        &format!("Filter.1.Name=resource-id&Filter.1.Value.1={image}"),
    );
    assert_eq!(texts(found.items("tagSet"), "key"), ["kept"]);
}

#[test]
fn zones_have_ids_in_the_regions_short_form() {
    let zones = ok(&mut world(), "DescribeAvailabilityZones", "");
    assert_eq!(
        texts(zones.items("availabilityZoneInfo"), "zoneId"),
        ["use1-az1", "use1-az2", "use1-az3"]
    );
}
