//! EC2: its reads, and versions of launch templates.

use super::{Needed, read};
use crate::lab::permission::Question;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::compute::TemplateRef;

pub(super) fn needed(world: &World, operation: &str, input: &Tree) -> Option<Vec<Needed>> {
    if operation != "CreateLaunchTemplateVersion" {
        return read("ec2", operation);
    }
    let text = |member| input.text(member).unwrap_or_default().to_owned();
    let named = TemplateRef {
        id: text("LaunchTemplateId"),
        name: text("LaunchTemplateName"),
        version: String::new(),
    };
    let id = world
        .compute
        .templates
        .find(&named)
        .map_or("*", |template| template.id.as_str());
    let arn = format!(
        "arn:aws:ec2:{}:{}:launch-template/{id}",
        world.settings.region, world.settings.account
    );
    Some(vec![Question::new("ec2:CreateLaunchTemplateVersion", arn).into()])
}
