//! EC2 answers with other names than it is asked with: `BlockDeviceMapping` comes back as `blockDeviceMappingSet`.

use crate::lab::tree::Tree;

/// The members that a launch template's data may have.
pub(super) const LAUNCH_DATA: &[&str] = &[
    "BlockDeviceMapping",
    "CapacityReservationSpecification",
    "CpuOptions",
    "CreditSpecification",
    "DisableApiStop",
    "DisableApiTermination",
    "EbsOptimized",
    "ElasticGpuSpecification",
    "ElasticInferenceAccelerator",
    "EnclaveOptions",
    "HibernationOptions",
    "IamInstanceProfile",
    "ImageId",
    "InstanceInitiatedShutdownBehavior",
    "InstanceMarketOptions",
    "InstanceRequirements",
    "InstanceType",
    "KernelId",
    "KeyName",
    "LicenseSpecification",
    "MaintenanceOptions",
    "MetadataOptions",
    "Monitoring",
    "NetworkInterface",
    "NetworkPerformanceOptions",
    "Operator",
    "Placement",
    "PrivateDnsNameOptions",
    "RamDiskId",
    "SecondaryInterface",
    "SecurityGroup",
    "SecurityGroupId",
    "TagSpecification",
    "UserData",
];

/// A launch template's data as it is answered.
pub(super) fn written(data: &Tree) -> Tree {
    match data {
        Tree::Map(members) => Tree::Map(
            members
                .iter()
                .map(|(name, value)| answered(name, value))
                .collect(),
        ),
        Tree::List(items) => Tree::list(items.iter().map(written)),
        leaf => leaf.clone(),
    }
}

fn answered(name: &str, value: &Tree) -> (String, Tree) {
    match (name, value) {
        ("LicenseSpecification", _) => ("licenseSet".to_owned(), written(value)),
        ("NetworkInterface", Tree::List(items)) => (
            "networkInterfaceSet".to_owned(),
            Tree::list(items.iter().map(|item| interface(item.members()))),
        ),
        (_, Tree::List(_)) => (format!("{}Set", lowered(name)), written(value)),
        _ => (lowered(name), written(value)),
    }
}

/// A network interface's groups alone have items of another name than `item`.
fn interface(members: &[(String, Tree)]) -> Tree {
    let groups = |value: &Tree| match value {
        Tree::List(ids) => Tree::Map(ids.iter().map(|id| ("groupId".to_owned(), id.clone())).collect()),
        other => other.clone(),
    };
    let answered = members.iter().map(|(name, value)| match name.as_str() {
        "SecurityGroupId" => ("groupSet".to_owned(), groups(value)),
        _ => answered(name, value),
    });
    Tree::Map(answered.collect())
}

fn lowered(name: &str) -> String {
    let mut characters = name.chars();
    characters
        .next()
        .map(|first| first.to_ascii_lowercase())
        .into_iter()
        .chain(characters)
        .collect()
}

/// A structure under the same names, their first letters small.
pub(super) fn lowered_names(tree: &Tree) -> Tree {
    match tree {
        Tree::Map(members) => Tree::Map(
            members
                .iter()
                .map(|(name, value)| (lowered(name), lowered_names(value)))
                .collect(),
        ),
        Tree::List(items) => Tree::list(items.iter().map(lowered_names)),
        leaf => leaf.clone(),
    }
}
