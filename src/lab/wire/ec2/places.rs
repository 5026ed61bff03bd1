//! Regions, zones and instance types: what there is to choose from.

use super::filters::{Filters, one};
use super::listing::answer;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;

/// Name, virtual CPUs, MiB of memory, architecture.
const TYPES: &[(&str, i64, i64, &str)] = &[
    ("c7g.large", 2, 4_096, "arm64"),
    ("m1.small", 1, 1_740, "x86_64"),
    ("m5.large", 2, 8_192, "x86_64"),
    ("m5.xlarge", 4, 16_384, "x86_64"),
    ("m7g.large", 2, 8_192, "arm64"),
    ("m7i.large", 2, 8_192, "x86_64"),
    ("t2.micro", 1, 1_024, "x86_64"),
    ("t3.large", 2, 8_192, "x86_64"),
    ("t3.medium", 2, 4_096, "x86_64"),
    ("t3.micro", 2, 1_024, "x86_64"),
    ("t3.nano", 2, 512, "x86_64"),
    ("t3.small", 2, 2_048, "x86_64"),
    ("t4g.micro", 2, 1_024, "arm64"),
    ("t4g.small", 2, 2_048, "arm64"),
];

pub(super) fn zones(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let (filters, region) = (Filters::of(input)?, world.settings.region.clone());
    let (names, ids) = (input.strings("ZoneName"), input.strings("ZoneId"));
    let mut found = Vec::new();
    for zone in world.zones() {
        let id = zone_id(&zone);
        let fact = |name: &str| match name {
            "zone-name" => one(zone.as_str()),
            "zone-id" => one(id.as_str()),
            "region-name" => one(region.as_str()),
            "state" => one("available"),
            "zone-type" => one("availability-zone"),
            "opt-in-status" => one("opt-in-not-required"),
            "group-name" => one(region.as_str()),
            _ => None,
        };
        let asked = (names.is_empty() || names.contains(&zone)) && (ids.is_empty() || ids.contains(&id));
        if asked && filters.pass(&[].into(), &fact)? {
            found.push(
                Tree::map()
                    .with("optInStatus", Tree::from("opt-in-not-required"))
                    .with("regionName", Tree::from(region.as_str()))
                    .with("zoneName", Tree::from(zone.as_str()))
                    .with("zoneId", Tree::Text(id))
                    .with("groupName", Tree::from(region.as_str()))
                    .with("networkBorderGroup", Tree::from(region.as_str()))
                    .with("zoneType", Tree::from("availability-zone"))
                    .with("zoneState", Tree::from("available")),
            );
        }
    }
    if let Some(unknown) = names.iter().find(|name| !world.zones().contains(name)) {
        return Err(Refused::new(
            "InvalidParameterValue",
            format!("Invalid availability zone: [{unknown}]"),
        ));
    }
    Ok(Tree::map().with("availabilityZoneInfo", Tree::List(found)))
}

/// A zone's id, as `use1-az1` is `us-east-1a`'s in many an account.
pub(super) fn zone_id(zone: &str) -> String {
    let (region, letter) = zone.split_at(zone.len().saturating_sub(1));
    let mut parts = region.split('-');
    let (area, direction, number) = (parts.next(), parts.next(), parts.next());
    let number_of_zone = match letter {
        "a" => 1,
        "b" => 2,
        _ => 3,
    };
    let direction = direction
        .and_then(|direction| direction.get(..1))
        .unwrap_or_default();
    format!(
        "{}{direction}{}-az{number_of_zone}",
        area.unwrap_or_default(),
        number.unwrap_or_default()
    )
}

pub(super) fn regions(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let region = world.settings.region.clone();
    let fact = |name: &str| match name {
        "region-name" => one(region.as_str()),
        "opt-in-status" => one("opt-in-not-required"),
        "endpoint" => one(format!("ec2.{region}.amazonaws.com")),
        _ => None,
    };
    let asked = input.strings("RegionName");
    let passes =
        Filters::of(input)?.pass(&[].into(), &fact)? && (asked.is_empty() || asked.contains(&region));
    let only = Tree::map()
        .with("optInStatus", Tree::from("opt-in-not-required"))
        .with("regionName", Tree::from(region.as_str()))
        .with(
            "regionEndpoint",
            Tree::Text(format!("ec2.{region}.amazonaws.com")),
        );
    Ok(Tree::map().with("regionInfo", Tree::list(passes.then_some(only))))
}

pub(super) fn instance_types(_world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let (filters, asked) = (Filters::of(input)?, input.strings("InstanceType"));
    if let Some(unknown) = asked
        .iter()
        .find(|asked| !TYPES.iter().any(|(name, ..)| name == asked))
    {
        let text = format!("The following supplied instance types do not exist: [{unknown}]");
        return Err(Refused::new("InvalidInstanceType", text));
    }
    let mut found = Vec::new();
    for (name, cpus, memory, architecture) in TYPES {
        let fact = |filter: &str| match filter {
            "instance-type" => one(*name),
            "processor-info.supported-architecture" => one(*architecture),
            "current-generation" => one(is_current(name).to_string()),
            "vcpu-info.default-vcpus" => one(cpus.to_string()),
            "memory-info.size-in-mib" => one(memory.to_string()),
            _ => None,
        };
        if (asked.is_empty() || asked.iter().any(|asked| asked == name)) && filters.pass(&[].into(), &fact)? {
            found.push(
                Tree::map()
                    .with("instanceType", Tree::from(*name))
                    .with("currentGeneration", Tree::from(is_current(name)))
                    .with("supportedUsageClasses", Tree::texts(["on-demand", "spot"]))
                    .with("bareMetal", Tree::from(false))
                    .with("hypervisor", Tree::from("nitro"))
                    .with(
                        "processorInfo",
                        Tree::map().with("supportedArchitectures", Tree::texts([*architecture])),
                    )
                    .with("vCpuInfo", Tree::map().with("defaultVCpus", Tree::from(*cpus)))
                    .with("memoryInfo", Tree::map().with("sizeInMiB", Tree::from(*memory)))
                    .with("burstablePerformanceSupported", Tree::from(name.starts_with('t'))),
            );
        }
    }
    answer(input, "instanceTypeSet", found)
}

fn is_current(instance_type: &str) -> bool {
    !instance_type.starts_with("m1.")
}
