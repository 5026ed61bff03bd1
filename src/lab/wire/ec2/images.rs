//! Machine images.

use super::filters::{Filters, one};
use super::listing::{answer, asked_for, done, passes, tag_new, tag_set};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::compute::images::Image;

pub(super) fn register(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let architecture = input.text("Architecture").unwrap_or("x86_64");
    let id = world.register_image(
        input.need("Name")?,
        input.text("Description").unwrap_or_default(),
        architecture,
    )?;
    tag_new(world, input, "image", &id)?;
    Ok(Tree::map().with("imageId", Tree::Text(id)))
}

pub(super) fn deregister(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.deregister_image(input.need("ImageId")?)?;
    Ok(done())
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let (filters, owners) = (Filters::of(input)?, input.strings("Owner"));
    let ids = asked_for(input, "ImageId", world.compute.images.keys(), |id| {
        world.check_image(id)
    })?;
    let account = world.settings.account.as_str();
    let mut found = Vec::new();
    for image in ids.iter().filter_map(|id| world.compute.images.get(id)) {
        if world.check_image(&image.id).is_err() {
            continue;
        }
        let owner = if image.public { "amazon" } else { account };
        let fact = |name: &str| match name {
            "image-id" => one(image.id.as_str()),
            "name" => one(image.name.as_str()),
            "description" => one(image.description.as_str()),
            "architecture" => one(image.architecture.as_str()),
            "state" => one("available"),
            "is-public" => one(image.public.to_string()),
            "owner-alias" => one(owner),
            "owner-id" => one(account),
            "root-device-type" => one("ebs"),
            "virtualization-type" => one("hvm"),
            "image-type" => one("machine"),
            _ => None,
        };
        let owned = owners.is_empty()
            || owners
                .iter()
                .any(|wanted| wanted == owner || wanted == account || (wanted == "self" && !image.public));
        if owned && passes(world, &filters, &image.id, &fact)? {
            found.push(described(world, image));
        }
    }
    answer(input, "imagesSet", found)
}

fn described(world: &World, image: &Image) -> Tree {
    let account = world.settings.account.as_str();
    let disk = Tree::map().with("deviceName", Tree::from("/dev/xvda")).with(
        "ebs",
        Tree::map()
            .with("volumeSize", Tree::from(8_i64))
            .with("deleteOnTermination", Tree::from(true)),
    );
    Tree::map()
        .with("imageId", Tree::from(image.id.as_str()))
        .with("imageLocation", Tree::Text(format!("{account}/{}", image.name)))
        .with("imageState", Tree::from("available"))
        .with("imageOwnerId", Tree::from(account))
        .with("imageOwnerAlias", image.public.then(|| Tree::from("amazon")))
        .with("creationDate", Tree::Time(world.at(image.created)))
        .with("isPublic", Tree::from(image.public))
        .with("architecture", Tree::from(image.architecture.as_str()))
        .with("imageType", Tree::from("machine"))
        .with("name", Tree::from(image.name.as_str()))
        .with("description", Tree::from(image.description.as_str()))
        .with("rootDeviceType", Tree::from("ebs"))
        .with("rootDeviceName", Tree::from("/dev/xvda"))
        .with("blockDeviceMapping", Tree::list([disk]))
        .with("virtualizationType", Tree::from("hvm"))
        .with("hypervisor", Tree::from("xen"))
        .with("enaSupport", Tree::from(true))
        .with("platformDetails", Tree::from("Linux/UNIX"))
        .with("tagSet", tag_set(&world.tags_of(&image.id)))
}
