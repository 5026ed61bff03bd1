//! Networks, launch templates and instances as EC2 has them.

use std::net::SocketAddr;
use std::time::Duration;

use super::images::DEFAULT_IMAGE;
use super::templates::NewVersion;
use super::{InstanceState, Launch, TemplateRef};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::orders::Order;
use crate::lab::world::time::Moment;
use crate::lab::world::{Settings, World};

fn world() -> World {
    World::new(Settings::default())
}

fn data(members: &[(&str, &str)]) -> Tree {
    Tree::Map(
        members
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Tree::from(*value)))
            .collect(),
    )
}

fn new(data: Tree) -> NewVersion {
    NewVersion {
        description: None,
        data,
        source: None,
        token: None,
    }
}

fn template(world: &mut World, members: &[(&str, &str)]) -> TemplateRef {
    let id = world.create_template("web", new(data(members))).expect("done");
    TemplateRef {
        id,
        name: String::new(),
        version: String::new(),
    }
}

fn launch(world: &World, template: TemplateRef) -> Launch {
    let subnet = world.default_subnet("us-east-1b").expect("done");
    Launch {
        template,
        instance_type: None,
        image: None,
        subnet,
        tags: vec![],
        port: 8080,
    }
}

fn after(seconds: f64) -> Moment {
    Moment::after_start(Duration::from_secs_f64(seconds))
}

fn address() -> SocketAddr {
    "127.0.0.9:8080".parse().expect("readable")
}

fn code<T: std::fmt::Debug>(outcome: Result<T, Refused>) -> String {
    outcome.expect_err("refused").code.into_owned()
}

#[test]
fn a_new_account_has_a_default_subnet_in_each_of_three_zones() {
    let world = world();
    for zone in ["us-east-1a", "us-east-1b", "us-east-1c"] {
        let subnet = world.default_subnet(zone).expect("done");
        assert_eq!(world.subnet_zone(&subnet).expect("done"), zone);
    }
    assert_eq!(code(world.default_subnet("us-east-1d")), "InvalidParameterValue");
    assert_eq!(code(world.subnet_zone("subnet-1")), "InvalidSubnetID.NotFound");
}

#[test]
fn an_instance_runs_once_it_is_launched_and_started() {
    let mut world = world();
    let template = template(
        &mut world,
        &[
            ("ImageId", DEFAULT_IMAGE),
            ("UserData", "aGVsbG8="),
            ("InstanceType", "t3.small"),
        ],
    );
    let wanted = launch(&world, template);
    let id = world.launch_instance(wanted).expect("done");
    let orders = world.take_orders();
    let [Order::Start(start)] = orders.as_slice() else {
        panic!("{orders:?}")
    };
    assert_eq!(
        (start.user_data.as_str(), start.port, start.instance_type.as_str()),
        ("hello", 8080, "t3.small")
    );
    world.instance_started(&id, Ok(address()));
    assert_eq!(
        world.instance(&id).expect("an instance").state,
        InstanceState::Pending
    );
    world.advance(after(2.0));
    let instance = world.instance(&id).expect("an instance");
    assert_eq!(
        (instance.state, instance.address),
        (InstanceState::Running, Some(address()))
    );
    assert_eq!(
        (instance.zone.as_str(), instance.template.version.as_str()),
        ("us-east-1b", "1")
    );
}

#[test]
fn an_instance_that_cannot_start_is_terminated_and_forgotten_after_an_hour() {
    let mut world = world();
    let template = template(&mut world, &[("ImageId", DEFAULT_IMAGE)]);
    let wanted = launch(&world, template);
    let id = world.launch_instance(wanted).expect("done");
    world.instance_started(&id, Err("no shell".to_owned()));
    let instance = world.instance(&id).expect("an instance");
    assert_eq!(
        (instance.state, instance.reason.as_deref()),
        (InstanceState::Terminated, Some("no shell"))
    );
    world.advance(after(3599.0));
    assert!(world.instance(&id).is_some());
    world.advance(after(3600.0));
    assert!(world.instance(&id).is_none());
}

#[test]
fn a_terminated_instance_is_stopped_first() {
    let mut world = world();
    let template = template(&mut world, &[("ImageId", DEFAULT_IMAGE)]);
    let wanted = launch(&world, template);
    let id = world.launch_instance(wanted).expect("done");
    world.instance_started(&id, Ok(address()));
    world.advance(after(2.0));
    world.take_orders();
    world.terminate_instance(&id);
    world.terminate_instance(&id);
    let stop = Order::Stop {
        instance: id.clone(),
        grace: Duration::from_secs(30),
    };
    assert_eq!(world.take_orders(), [stop]);
    assert_eq!(
        world.instance(&id).expect("an instance").state,
        InstanceState::ShuttingDown
    );
    world.instance_ended(&id);
    let instance = world.instance(&id).expect("an instance");
    assert_eq!(
        (instance.state, instance.address, instance.reason.as_deref()),
        (InstanceState::Terminated, None, None)
    );
}

#[test]
fn a_version_replaces_whole_members_of_its_source_and_does_not_inherit_snapshots() {
    let mut world = world();
    let ebs = Tree::map()
        .with("SnapshotId", Tree::from("snap-1"))
        .with("VolumeSize", Tree::from("8"));
    let disk = Tree::map()
        .with("DeviceName", Tree::from("/dev/xvda"))
        .with("Ebs", ebs);
    let first = data(&[
        ("ImageId", DEFAULT_IMAGE),
        ("InstanceType", "t3.micro"),
        ("UserData", "YQ=="),
    ])
    .with("BlockDeviceMapping", Tree::list([disk.clone()]));
    let id = world.create_template("web", new(first)).expect("done");
    let named = TemplateRef {
        id: id.clone(),
        ..TemplateRef::default()
    };
    let second = NewVersion {
        source: Some("1".to_owned()),
        ..new(data(&[("ImageId", "ami-00000000000000002")]))
    };
    assert_eq!(
        world.create_template_version(&named, second).expect("done"),
        (id.clone(), 2)
    );
    let third =
        new(data(&[("ImageId", "ami-00000000000000002")]).with("BlockDeviceMapping", Tree::list([disk])));
    let third = NewVersion {
        source: Some("$Latest".to_owned()),
        ..third
    };
    world.create_template_version(&named, third).expect("done");

    let version = |number: &str| {
        world
            .template_data(&TemplateRef {
                id: id.clone(),
                version: number.to_owned(),
                ..TemplateRef::default()
            })
            .expect("done")
    };
    let second = version("2");
    assert_eq!(second.text("ImageId"), Some("ami-00000000000000002"));
    assert_eq!(
        (second.text("InstanceType"), second.text("UserData")),
        (Some("t3.micro"), Some("YQ=="))
    );
    let ebs = |data: &Tree| {
        data.items("BlockDeviceMapping")[0]
            .get("Ebs")
            .expect("Ebs")
            .clone()
    };
    assert_eq!(
        (ebs(&second).text("SnapshotId"), ebs(&second).text("VolumeSize")),
        (None, Some("8"))
    );
    assert_eq!(ebs(&version("3")).text("SnapshotId"), Some("snap-1"));
    assert_eq!(version("$Default").text("ImageId"), Some(DEFAULT_IMAGE));
}

#[test]
fn a_client_token_makes_one_version_only() {
    let mut world = world();
    let named = template(&mut world, &[("ImageId", DEFAULT_IMAGE)]);
    let asked = NewVersion {
        token: Some("once".to_owned()),
        ..new(data(&[("ImageId", DEFAULT_IMAGE)]))
    };
    let made = world
        .create_template_version(&named, asked.clone())
        .expect("done");
    assert_eq!(
        world
            .create_template_version(&named, asked.clone())
            .expect("done"),
        made
    );
    assert_eq!(world.compute.templates.find(&named).expect("done").latest(), 2);
    let other = NewVersion {
        data: data(&[("ImageId", "ami-00000000000000009")]),
        ..asked
    };
    assert_eq!(
        code(world.create_template_version(&named, other)),
        "IdempotentParameterMismatch"
    );
}

#[test]
fn templates_and_versions_that_are_not_there_have_aws_codes() {
    let mut world = world();
    let named = template(&mut world, &[("ImageId", DEFAULT_IMAGE)]);
    let by_id = TemplateRef {
        id: "lt-0".to_owned(),
        ..TemplateRef::default()
    };
    let by_name = TemplateRef {
        name: "none".to_owned(),
        ..TemplateRef::default()
    };
    assert_eq!(
        code(world.resolve_template(&by_id)),
        "InvalidLaunchTemplateId.NotFound"
    );
    assert_eq!(
        code(world.resolve_template(&by_name)),
        "InvalidLaunchTemplateName.NotFoundException"
    );
    let version = TemplateRef {
        version: "7".to_owned(),
        ..named.clone()
    };
    assert_eq!(
        code(world.resolve_template(&version)),
        "InvalidLaunchTemplateId.VersionNotFound"
    );
    let taken = world.create_template("web", new(Tree::map()));
    assert_eq!(code(taken), "InvalidLaunchTemplateName.AlreadyExistsException");
    assert_eq!(
        code(world.delete_template_version(&named, "1")),
        "InvalidParameterValue"
    );
}

#[test]
fn only_images_that_somebody_named_or_registered_exist() {
    let mut world = world();
    assert_eq!(
        code(world.check_image("ami-0aaaaaaaaaaaaaaaa")),
        "InvalidAMIID.NotFound"
    );
    assert_eq!(code(world.check_image("ami-none")), "InvalidAMIID.Malformed");
    template(&mut world, &[("ImageId", "ami-0aaaaaaaaaaaaaaaa")]);
    world.check_image("ami-0aaaaaaaaaaaaaaaa").expect("done");
    let registered = world.register_image("release-2", "", "arm64").expect("done");
    world.check_image(&registered).expect("done");
    world.deregister_image(&registered).expect("done");
    assert_eq!(code(world.check_image(&registered)), "InvalidAMIID.NotFound");
}

#[test]
fn subnets_lie_within_their_vpc_and_apart_from_each_other() {
    let mut world = world();
    let vpc = world.create_vpc("10.0.0.0/16").expect("done");
    let subnet = world
        .create_subnet(&vpc, "10.0.1.0/24", Some("us-east-1c"))
        .expect("done");
    assert_eq!(world.subnet_zone(&subnet).expect("done"), "us-east-1c");
    assert_eq!(
        code(world.create_subnet(&vpc, "10.0.1.128/25", None)),
        "InvalidSubnet.Conflict"
    );
    assert_eq!(
        code(world.create_subnet(&vpc, "10.1.0.0/24", None)),
        "InvalidSubnet.Range"
    );
    assert_eq!(code(world.delete_vpc(&vpc)), "DependencyViolation");
    world.delete_subnet(&subnet).expect("done");
    world.delete_vpc(&vpc).expect("done");
}
