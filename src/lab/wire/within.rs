//! Operations called from within the lab: what a client would call, without a protocol between.

use super::{Operation, autoscaling, cloudwatch, ec2, elbv2};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;

/// The services as a caller names them: by the prefix of their permissions.
const SERVICES: &[(&str, &[Operation])] = &[
    ("autoscaling", autoscaling::OPERATIONS),
    ("cloudwatch", cloudwatch::OPERATIONS),
    ("ec2", ec2::OPERATIONS),
    ("elasticloadbalancing", elbv2::OPERATIONS),
];

/// Calls an operation by the name it has in a policy, such as `ec2:DescribeSubnets`. Neither throttled nor failed by faults.
/// Answers have the names that a service writes: EC2's begin with a small letter, and its lists end in `Set`.
pub(in crate::lab) fn call(world: &mut World, action: &str, input: &Tree) -> Result<Tree, Refused> {
    let operation = action.split_once(':').and_then(|(service, name)| {
        let (_, operations) = SERVICES.iter().find(|(known, _)| *known == service)?;
        operations.iter().find(|operation| operation.name == name)
    });
    let operation =
        operation.ok_or_else(|| Refused::new("InvalidAction", format!("{action} is not in this lab")))?;
    let unknown = input
        .members()
        .iter()
        .find(|(name, _)| !operation.members.contains(&name.as_str()));
    if let Some((name, _)) = unknown {
        return Err(Refused::invalid(format!("{action} has no parameter {name}")));
    }
    (operation.act)(world, input)
}

/// Everything a paged operation lists under `list`, page after page.
pub(in crate::lab) fn list(
    world: &mut World,
    action: &str,
    input: &Tree,
    list: &str,
) -> Result<Vec<Tree>, Refused> {
    // What a page mark is called in the question, and in the answer.
    let (asked, answered) = match action.split_once(':') {
        Some(("elasticloadbalancing", _)) => ("Marker", "NextMarker"),
        Some(("ec2", _)) => ("NextToken", "nextToken"),
        _ => ("NextToken", "NextToken"),
    };
    let mut found = Vec::new();
    let mut page = call(world, action, input)?;
    loop {
        found.extend(page.items(list).iter().cloned());
        match page
            .text(answered)
            .filter(|mark| !mark.is_empty())
            .map(str::to_owned)
        {
            Some(mark) => page = call(world, action, &input.clone().with(asked, Tree::Text(mark)))?,
            None => return Ok(found),
        }
    }
}
