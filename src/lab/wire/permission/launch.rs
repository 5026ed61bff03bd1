//! What a group may start instances from: Auto Scaling asks whether its caller might launch them himself, whenever a
//! request names a launch template.

use super::{Needed, tags_in, with_request_tags};
use crate::lab::permission::Question;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::compute::TemplateRef;

/// Whether every template in a request has a version by number; nothing when there is no template.
pub(super) fn versions_are_given(input: &Tree) -> Option<bool> {
    let named = specifications(input);
    let by_number = |one: &&Tree| {
        one.text("Version")
            .is_some_and(|version| version.parse::<u64>().is_ok())
    };
    (!named.is_empty()).then(|| named.iter().all(by_number))
}

/// What the caller must be allowed for every template in a request.
pub(super) fn needed(world: &World, input: &Tree) -> Vec<Needed> {
    let subnets: Vec<&str> = input
        .text("VPCZoneIdentifier")
        .unwrap_or_default()
        .split(',')
        .filter(|subnet| !subnet.is_empty())
        .collect();
    let named = specifications(input);
    named
        .into_iter()
        .flat_map(|named| of_template(world, named, &subnets))
        .collect()
}

fn specifications(input: &Tree) -> Vec<&Tree> {
    let mixed = input
        .get("MixedInstancesPolicy")
        .and_then(|policy| policy.get("LaunchTemplate"));
    let overrides = mixed.into_iter().flat_map(|mixed| mixed.items("Overrides"));
    input
        .get("LaunchTemplate")
        .into_iter()
        .chain(mixed.and_then(|mixed| mixed.get("LaunchTemplateSpecification")))
        .chain(overrides.filter_map(|one| one.get("LaunchTemplateSpecification")))
        .collect()
}

fn of_template(world: &World, named: &Tree, subnets: &[&str]) -> Vec<Needed> {
    let text = |member| named.text(member).unwrap_or_default().to_owned();
    let reference = TemplateRef {
        id: text("LaunchTemplateId"),
        name: text("LaunchTemplateName"),
        version: text("Version"),
    };
    // One that is not there is refused for that by the call itself.
    let Ok(template) = world.compute.templates.find(&reference) else {
        return Vec::new();
    };
    let Ok(version) = template.version(&reference.version) else {
        return Vec::new();
    };
    let data = &version.data;
    let (region, account) = (&world.settings.region, &world.settings.account);
    let arn = |what: &str| format!("arn:aws:ec2:{region}:{account}:{what}");
    let template_arn = arn(&format!("launch-template/{}", template.id));
    let image = data.text("ImageId").unwrap_or("*");
    let resources = [
        template_arn.clone(),
        format!("arn:aws:ec2:{region}::image/{image}"),
        arn("instance/*"),
        arn("network-interface/*"),
        arn("volume/*"),
    ];
    let groups = data.strings("SecurityGroupId");
    let resources = resources
        .into_iter()
        .chain(subnets.iter().map(|subnet| arn(&format!("subnet/{subnet}"))))
        .chain(groups.iter().map(|group| arn(&format!("security-group/{group}"))));
    let launched = resources.map(|resource| {
        Question::new("ec2:RunInstances", resource).with("ec2:LaunchTemplate", &*template_arn)
    });
    let tagged = data.items("TagSpecification").iter().map(|specified| {
        let what = specified.text("ResourceType").unwrap_or("*");
        let question = Question::new("ec2:CreateTags", arn(&format!("{what}/*")))
            .with("ec2:CreateAction", "RunInstances");
        with_request_tags(question, &tags_in(specified, "Tag"))
    });
    // There is no IAM here: an instance profile is taken to hold the role of its name.
    let role = data.get("IamInstanceProfile").and_then(|profile| {
        let name = profile
            .text("Name")
            .or_else(|| profile.text("Arn")?.rsplit('/').next())?;
        Some(
            Question::new("iam:PassRole", format!("arn:aws:iam::{account}:role/{name}"))
                .with("iam:PassedToService", "ec2.amazonaws.com"),
        )
    });
    let refusal = format!("You are not authorized to use launch template: {}", template.id);
    launched
        .chain(tagged)
        .chain(role)
        .map(|question| Needed {
            question,
            refusal: Some(refusal.clone()),
        })
        .collect()
}
