//! Instances: run, describe, terminate.

use super::filters::{Filters, one};
use super::listing::{answer, asked_for, passes, specified_tags, tag_set};
use super::places::zone_id;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::compute::instances::Details;
use crate::lab::world::compute::{Instance, InstanceState, Launch, TemplateRef};

/// Where an instance that no target group expects anywhere is told to serve.
const USUAL_PORT: u16 = 80;
/// More at once is a slip of the finger on one laptop.
const MOST_AT_ONCE: i64 = 200;

pub(super) fn run(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let token = input.text("ClientToken").map(str::to_owned);
    if let Some(launched) = token
        .as_ref()
        .and_then(|token| world.compute.runs.get(token))
        .cloned()
    {
        return Ok(reservation(world, &launched));
    }
    let (least, most) = (count(input, "MinCount")?, count(input, "MaxCount")?);
    if !(1..=MOST_AT_ONCE).contains(&most) || !(1..=most).contains(&least) {
        let text = format!(
            "MinCount {least} and MaxCount {most} are not 1 to {MOST_AT_ONCE}, the first at most the second"
        );
        return Err(Refused::new("InvalidParameterValue", text));
    }
    let (template, data) = template_and_data(world, input)?;
    let subnet = subnet(world, &data)?;
    let launch = Launch {
        template,
        instance_type: None,
        image: None,
        subnet,
        tags: specified_tags(input, "instance"),
        port: USUAL_PORT,
    };
    let mut launched = Vec::new();
    for _ in 0..most {
        match world.launch_with(Details {
            launch: launch.clone(),
            data: data.clone(),
        }) {
            Ok(id) => launched.push(id),
            Err(_) if i64::try_from(launched.len()).is_ok_and(|count| count >= least) => break,
            Err(refused) => {
                // All or nothing below the minimum.
                launched.iter().for_each(|id| world.terminate_instance(id));
                return Err(refused);
            }
        }
    }
    if let Some(token) = token {
        world.compute.runs.insert(token, launched.clone());
    }
    Ok(reservation(world, &launched))
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let found = matching(world, input)?;
    let reservations = found
        .iter()
        .map(|id| reservation(world, std::slice::from_ref(id)));
    answer(input, "reservationSet", reservations.collect())
}

pub(super) fn describe_status(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let all = input.flag("IncludeAllInstances")?.unwrap_or(false);
    let found = matching(world, input)?;
    let instances = found.iter().filter_map(|id| world.instance(id));
    let shown = instances.filter(|instance| all || instance.state == InstanceState::Running);
    let status = |instance: &Instance| {
        let word = if instance.state == InstanceState::Running {
            "ok"
        } else {
            "not-applicable"
        };
        let passed = if word == "ok" { "passed" } else { word };
        let detail = Tree::map()
            .with("name", Tree::from("reachability"))
            .with("status", Tree::from(passed));
        let checked = Tree::map()
            .with("status", Tree::from(word))
            .with("details", Tree::list([detail]));
        Tree::map()
            .with("instanceId", Tree::from(instance.id.as_str()))
            .with("availabilityZone", Tree::from(instance.zone.as_str()))
            .with("instanceState", state(instance.state))
            .with("systemStatus", checked.clone())
            .with("instanceStatus", checked)
    };
    answer(input, "instanceStatusSet", shown.map(status).collect())
}

pub(super) fn terminate(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let ids = input.strings("InstanceId");
    if ids.is_empty() {
        return Err(Refused::new(
            "MissingParameter",
            "The request must contain the parameter InstanceId",
        ));
    }
    ids.iter().try_for_each(|id| check(world, id))?;
    let mut changed = Vec::new();
    for id in ids {
        let before = world.instance(&id).map(|instance| instance.state);
        world.terminate_instance(&id);
        let after = world.instance(&id).map(|instance| instance.state);
        changed.push(
            Tree::map()
                .with("instanceId", Tree::Text(id))
                .with("currentState", after.map(state))
                .with("previousState", before.map(state)),
        );
    }
    Ok(Tree::map().with("instancesSet", Tree::List(changed)))
}

fn count(input: &Tree, name: &str) -> Result<i64, Refused> {
    let missing = || {
        Refused::new(
            "MissingParameter",
            format!("The request must contain the parameter {name}"),
        )
    };
    input.whole(name)?.ok_or_else(missing)
}

/// The template that a launch names, and the launch's own data over the template's.
fn template_and_data(world: &World, input: &Tree) -> Result<(TemplateRef, Tree), Refused> {
    let (template, base) = match input.get("LaunchTemplate") {
        Some(named) => {
            let mut wanted = super::templates::named(named)?;
            named
                .text("Version")
                .unwrap_or_default()
                .clone_into(&mut wanted.version);
            let template = world.resolve_template(&wanted)?;
            let data = world.template_data(&template)?;
            (template, data)
        }
        None => (TemplateRef::default(), Tree::map()),
    };
    // The tags of both count; the launch's own are given by themselves.
    let own = input
        .members()
        .iter()
        .filter(|(name, _)| name != "TagSpecification");
    let kept = base
        .members()
        .iter()
        .filter(|(name, _)| name == "TagSpecification" || input.get(name).is_none());
    Ok((template, Tree::Map(kept.chain(own).cloned().collect())))
}

fn subnet(world: &World, data: &Tree) -> Result<String, Refused> {
    let interfaces = data.items("NetworkInterface");
    let named = data
        .text("SubnetId")
        .or_else(|| interfaces.iter().find_map(|interface| interface.text("SubnetId")));
    match named {
        Some(subnet) => Ok(subnet.to_owned()),
        None => {
            let zone = data
                .get("Placement")
                .and_then(|placement| placement.text("AvailabilityZone"));
            world.default_subnet(zone.unwrap_or(&world.zones()[0]))
        }
    }
}

fn check(world: &World, id: &str) -> Result<(), Refused> {
    match world.instance(id) {
        Some(_) => Ok(()),
        None if !id.starts_with("i-") => Err(Refused::new(
            "InvalidInstanceID.Malformed",
            format!("Invalid id: \"{id}\""),
        )),
        None => Err(Refused::new(
            "InvalidInstanceID.NotFound",
            format!("The instance ID '{id}' does not exist"),
        )),
    }
}

fn matching(world: &World, input: &Tree) -> Result<Vec<String>, Refused> {
    let filters = Filters::of(input)?;
    let ids = asked_for(input, "InstanceId", world.compute.instances.keys(), |id| {
        check(world, id)
    })?;
    let mut found = Vec::new();
    for instance in ids.iter().filter_map(|id| world.instance(id)) {
        let (code, name) = instance.state.named();
        let fact = |fact: &str| match fact {
            "instance-id" => one(instance.id.as_str()),
            "instance-state-name" => one(name),
            "instance-state-code" => one(code.to_string()),
            "image-id" => one(instance.image.as_str()),
            "instance-type" => one(instance.instance_type.as_str()),
            "availability-zone" => one(instance.zone.as_str()),
            "subnet-id" => one(instance.subnet.as_str()),
            "vpc-id" => one(vpc(world, instance)),
            "private-ip-address" => Some(address(instance).into_iter().collect()),
            "instance.group-id" => Some(instance.security_groups.clone()),
            "key-name" => Some(instance.key_name.iter().cloned().collect()),
            _ => None,
        };
        if passes(world, &filters, &instance.id, &fact)? {
            found.push(instance.id.clone());
        }
    }
    Ok(found)
}

fn reservation(world: &World, ids: &[String]) -> Tree {
    let instances = ids
        .iter()
        .filter_map(|id| world.instance(id))
        .map(|instance| described(world, instance));
    let first = ids.first().map(|id| id.replacen("i-", "r-", 1));
    Tree::map()
        .with("reservationId", first.map(Tree::Text))
        .with("ownerId", Tree::from(world.settings.account.as_str()))
        .with("groupSet", Tree::list([]))
        .with("instancesSet", Tree::list(instances))
}

fn described(world: &World, instance: &Instance) -> Tree {
    let groups = instance.security_groups.iter().map(|id| {
        let name = world
            .security_group(id)
            .map(|group| Tree::from(group.name.as_str()))
            .ok();
        Tree::map()
            .with("groupId", Tree::from(id.as_str()))
            .with("groupName", name)
    });
    let placement = Tree::map()
        .with("availabilityZone", Tree::from(instance.zone.as_str()))
        .with("availabilityZoneId", Tree::Text(zone_id(&instance.zone)))
        .with("tenancy", Tree::from("default"));
    let architecture = world
        .compute
        .images
        .get(&instance.image)
        .map(|image| Tree::from(image.architecture.as_str()));
    let reason = instance.reason.as_deref().map(|reason| {
        let reason = Tree::map().with("message", Tree::from(reason));
        reason.with("code", Tree::from("Server.InternalError"))
    });
    Tree::map()
        .with("instanceId", Tree::from(instance.id.as_str()))
        .with("imageId", Tree::from(instance.image.as_str()))
        .with("instanceState", state(instance.state))
        .with("privateDnsName", Tree::from(""))
        .with("dnsName", Tree::from(""))
        .with(
            "reason",
            Tree::from(instance.reason.as_deref().unwrap_or_default()),
        )
        .with("stateReason", reason)
        .with("keyName", instance.key_name.clone().map(Tree::Text))
        .with("amiLaunchIndex", Tree::from(0_i64))
        .with("instanceType", Tree::from(instance.instance_type.as_str()))
        .with("launchTime", Tree::Time(world.at(instance.launched)))
        .with("placement", placement)
        .with("monitoring", Tree::map().with("state", Tree::from("disabled")))
        .with("subnetId", Tree::from(instance.subnet.as_str()))
        .with("vpcId", Tree::Text(vpc(world, instance)))
        .with("privateIpAddress", address(instance).map(Tree::Text))
        .with("groupSet", Tree::list(groups))
        .with("architecture", architecture)
        .with("rootDeviceType", Tree::from("ebs"))
        .with("virtualizationType", Tree::from("hvm"))
        .with("tagSet", tag_set(&world.tags_of(&instance.id)))
}

fn vpc(world: &World, instance: &Instance) -> String {
    world
        .subnet(&instance.subnet)
        .map(|subnet| subnet.vpc.clone())
        .unwrap_or_default()
}

fn address(instance: &Instance) -> Option<String> {
    instance.address.map(|address| address.ip().to_string())
}

fn state(state: InstanceState) -> Tree {
    let (code, name) = state.named();
    Tree::map()
        .with("code", Tree::from(code))
        .with("name", Tree::from(name))
}
