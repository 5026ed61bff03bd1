//! Targets and their health on the wire.

use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::balancing::TargetHealth;
use crate::lab::world::balancing::targets::{TargetAsked, TargetKey};

pub(super) fn register(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.register_targets(input.need("TargetGroupArn")?, &read_needed(input)?)?;
    Ok(Tree::map())
}

pub(super) fn deregister(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.deregister_targets(input.need("TargetGroupArn")?, &read_needed(input)?)?;
    Ok(Tree::map())
}

pub(super) fn describe_health(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let include = input.strings("Include");
    if let Some(unknown) = include
        .iter()
        .find(|what| !matches!(what.as_str(), "AnomalyDetection" | "All"))
    {
        return Err(Refused::invalid(format!(
            "Include cannot have '{unknown}', only 'AnomalyDetection' and 'All'"
        )));
    }
    let group = input.need("TargetGroupArn")?;
    let check_port = world.target_group(group)?.check.port.clone();
    let healths = world.target_healths(group, &read(input)?)?;
    let written = healths.iter().map(|(key, health)| {
        let port = if check_port == "traffic-port" {
            key.port.to_string()
        } else {
            check_port.clone()
        };
        write(key, health, port, !include.is_empty())
    });
    Ok(Tree::map().with("TargetHealthDescriptions", Tree::list(written)))
}

fn read_needed(input: &Tree) -> Result<Vec<TargetAsked>, Refused> {
    let targets = read(input)?;
    if targets.is_empty() {
        Err(Refused::missing("Targets"))
    } else {
        Ok(targets)
    }
}

fn read(input: &Tree) -> Result<Vec<TargetAsked>, Refused> {
    let read_one = |target: &Tree| {
        let port = target.whole("Port")?.map(|port| {
            u16::try_from(port)
                .ok()
                .filter(|port| *port > 0)
                .ok_or_else(|| Refused::invalid(format!("The port {port} is not between 1 and 65535")))
        });
        Ok(TargetAsked {
            instance: target.need("Id")?.to_owned(),
            port: port.transpose()?,
        })
    };
    input.items("Targets").iter().map(read_one).collect()
}

fn write(key: &TargetKey, health: &TargetHealth, check_port: String, anomalies: bool) -> Tree {
    let target = Tree::map()
        .with("Id", Tree::from(key.instance.as_str()))
        .with("Port", Tree::from(key.port));
    let told = Tree::map()
        .with("State", Tree::from(health.state))
        .with("Reason", health.reason.map(Tree::from))
        .with("Description", health.description.clone().map(Tree::from));
    // The lab looks for no anomalies and shifts no zones away; this is how AWS says so.
    let anomaly = Tree::map()
        .with("Result", Tree::from("normal"))
        .with("MitigationInEffect", Tree::from("no"));
    let shift = Tree::map()
        .with("State", Tree::from("no_override"))
        .with("Reason", Tree::from("AdministrativeOverride.NoOverride"))
        .with(
            "Description",
            Tree::from("No override is currently active on target"),
        );
    Tree::map()
        .with("Target", target)
        .with("HealthCheckPort", Tree::from(check_port))
        .with("TargetHealth", told)
        .with("AnomalyDetection", anomalies.then_some(anomaly))
        .with("AdministrativeOverride", shift)
}
