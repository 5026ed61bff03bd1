//! Security groups: permissions are kept and described, and nothing obeys them.

use super::filters::{Filters, one};
use super::listing::{answer, asked_for, done, passes, tag_new, tag_set};
use super::names::lowered_names;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::compute::network::SecurityGroup;

pub(super) fn create(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let default = world.default_vpc().map(|vpc| vpc.id.clone());
    let vpc = input.text("VpcId").map(str::to_owned).or(default);
    let vpc = vpc.ok_or_else(|| Refused::new("VPCIdNotSpecified", "No default VPC for this user"))?;
    let id = world.create_security_group(&vpc, input.need("GroupName")?, input.need("GroupDescription")?)?;
    tag_new(world, input, "security-group", &id)?;
    let arn = arn(world, &id);
    Ok(Tree::map()
        .with("return", Tree::from(true))
        .with("groupId", Tree::Text(id.clone()))
        .with("securityGroupArn", Tree::Text(arn))
        .with("tagSet", tag_set(&world.tags_of(&id))))
}

pub(super) fn delete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let id = meant(world, input)?;
    world.delete_security_group(&id)?;
    Ok(done().with("groupId", Tree::Text(id)))
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let (filters, names) = (Filters::of(input)?, input.strings("GroupName"));
    let groups = &world.compute.network.groups;
    let ids = asked_for(input, "GroupId", groups.keys(), |id| {
        world.security_group(id).map(drop)
    })?;
    let mut found = Vec::new();
    for group in ids.iter().filter_map(|id| groups.get(id)) {
        let fact = |name: &str| match name {
            "group-id" => one(group.id.as_str()),
            "group-name" => one(group.name.as_str()),
            "description" => one(group.description.as_str()),
            "vpc-id" => one(group.vpc.as_str()),
            "owner-id" => one(world.settings.account.as_str()),
            _ => None,
        };
        if (names.is_empty() || names.contains(&group.name)) && passes(world, &filters, &group.id, &fact)? {
            found.push(described(world, group));
        }
    }
    answer(input, "securityGroupInfo", found)
}

pub(super) fn authorize_ingress(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    authorize(world, input, false)
}

pub(super) fn authorize_egress(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    authorize(world, input, true)
}

pub(super) fn revoke_ingress(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    revoke(world, input, false)
}

pub(super) fn revoke_egress(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    revoke(world, input, true)
}

fn authorize(world: &mut World, input: &Tree, outward: bool) -> Result<Tree, Refused> {
    let id = meant(world, input)?;
    let wanted = permissions(input)?;
    let account = world.settings.account.clone();
    let rules: Vec<Tree> = wanted
        .iter()
        .flat_map(|permission| {
            let common = Tree::map()
                .with("groupId", Tree::from(id.as_str()))
                .with("groupOwnerId", Tree::from(account.as_str()))
                .with("isEgress", Tree::from(outward))
                .with("ipProtocol", permission.get("IpProtocol").cloned())
                .with("fromPort", permission.get("FromPort").cloned())
                .with("toPort", permission.get("ToPort").cloned());
            let ranges = permission
                .items("IpRanges")
                .iter()
                .map(|range| ("cidrIpv4", range.get("CidrIp").cloned()));
            let wide = permission
                .items("Ipv6Ranges")
                .iter()
                .map(|range| ("cidrIpv6", range.get("CidrIpv6").cloned()));
            let groups = permission.items("Groups").iter().map(|group| {
                let group = Tree::map().with("groupId", group.get("GroupId").cloned());
                ("referencedGroupInfo", Some(group))
            });
            let sources: Vec<_> = ranges.chain(wide).chain(groups).collect();
            sources
                .into_iter()
                .map(move |(name, source)| common.clone().with(name, source))
        })
        .collect();
    let rules: Vec<Tree> = rules
        .into_iter()
        .map(|rule| rule.with("securityGroupRuleId", Tree::Text(world.ids.resource("sgr"))))
        .collect();
    if let Some(kept) = kept(world, &id, outward) {
        if let Some(twice) = wanted.iter().find(|permission| kept.contains(permission)) {
            let text = format!("the specified rule \"{}\" already exists", summary(twice));
            return Err(Refused::new("InvalidPermission.Duplicate", text));
        }
        kept.extend(wanted);
    }
    Ok(done().with("securityGroupRuleSet", Tree::List(rules)))
}

fn revoke(world: &mut World, input: &Tree, outward: bool) -> Result<Tree, Refused> {
    let id = meant(world, input)?;
    let gone = permissions(input)?;
    if let Some(kept) = kept(world, &id, outward) {
        if let Some(unknown) = gone.iter().find(|permission| !kept.contains(permission)) {
            let text = format!(
                "The specified rule \"{}\" does not exist in this security group.",
                summary(unknown)
            );
            return Err(Refused::new("InvalidPermission.NotFound", text));
        }
        kept.retain(|permission| !gone.contains(permission));
    }
    Ok(done())
}

fn kept<'a>(world: &'a mut World, id: &str, outward: bool) -> Option<&'a mut Vec<Tree>> {
    let group = world.compute.network.groups.get_mut(id)?;
    Some(if outward {
        &mut group.egress
    } else {
        &mut group.ingress
    })
}

/// The permissions of a call: a list of them, or one in the call's own members.
fn permissions(input: &Tree) -> Result<Vec<Tree>, Refused> {
    match input.items("IpPermissions") {
        [] => {
            let range = input
                .get("CidrIp")
                .map(|range| Tree::list([Tree::map().with("CidrIp", range.clone())]));
            let group = input.get("SourceSecurityGroupName");
            let group = group.map(|name| Tree::list([Tree::map().with("GroupName", name.clone())]));
            let protocol = input.need("IpProtocol")?;
            Ok(vec![
                Tree::map()
                    .with("IpProtocol", Tree::from(protocol))
                    .with("FromPort", input.get("FromPort").cloned())
                    .with("ToPort", input.get("ToPort").cloned())
                    .with("IpRanges", range)
                    .with("Groups", group),
            ])
        }
        permissions => Ok(permissions.to_vec()),
    }
}

/// The group that a call means, by id, or by name in the default VPC.
fn meant(world: &World, input: &Tree) -> Result<String, Refused> {
    if let Some(name) = input
        .text("GroupName")
        .filter(|_| input.text("GroupId").is_none())
    {
        let vpc = world.default_vpc().map(|vpc| vpc.id.as_str());
        let mut groups = world.compute.network.groups.values();
        let found = groups.find(|group| group.name == name && Some(group.vpc.as_str()) == vpc);
        return found.map(|group| group.id.clone()).ok_or_else(|| {
            Refused::new(
                "InvalidGroup.NotFound",
                format!("The security group '{name}' does not exist in default VPC"),
            )
        });
    }
    world
        .security_group(input.need("GroupId")?)
        .map(|group| group.id.clone())
}

fn described(world: &World, group: &SecurityGroup) -> Tree {
    Tree::map()
        .with("groupId", Tree::from(group.id.as_str()))
        .with("groupName", Tree::from(group.name.as_str()))
        .with("groupDescription", Tree::from(group.description.as_str()))
        .with("ownerId", Tree::from(world.settings.account.as_str()))
        .with("vpcId", Tree::from(group.vpc.as_str()))
        .with("securityGroupArn", Tree::Text(arn(world, &group.id)))
        .with(
            "ipPermissions",
            Tree::list(group.ingress.iter().map(described_permission)),
        )
        .with(
            "ipPermissionsEgress",
            Tree::list(group.egress.iter().map(described_permission)),
        )
        .with("tagSet", tag_set(&world.tags_of(&group.id)))
}

/// Permissions are answered under the names they are asked with, but for their first letter.
fn described_permission(permission: &Tree) -> Tree {
    lowered_names(permission)
}

fn summary(permission: &Tree) -> String {
    let part = |name: &str| permission.text(name).unwrap_or("all").to_owned();
    format!(
        "{}, from port {}, to port {}",
        part("IpProtocol"),
        part("FromPort"),
        part("ToPort")
    )
}

fn arn(world: &World, id: &str) -> String {
    format!(
        "arn:aws:ec2:{}:{}:security-group/{id}",
        world.settings.region, world.settings.account
    )
}
