//! STS, 2011-06-15: who is calling.

use std::time::Duration;

use super::Operation;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "GetCallerIdentity",
        members: &[],
        act: caller,
    },
    Operation {
        name: "AssumeRole",
        members: &[
            "RoleArn",
            "RoleSessionName",
            "DurationSeconds",
            "ExternalId",
            "Policy",
            "PolicyArns",
            "SourceIdentity",
            "Tags",
            "TransitiveTagKeys",
        ],
        act: assume_role,
    },
];

/// How long a role is assumed for when nothing else is said.
const SESSION: i64 = 3600;

fn caller(world: &mut World, _input: &Tree) -> Result<Tree, Refused> {
    let account = &world.settings.account;
    Ok(Tree::map()
        .with("UserId", Tree::from("AIDALABLABLABLABLABLA"))
        .with("Account", Tree::from(account.as_str()))
        .with("Arn", Tree::Text(format!("arn:aws:iam::{account}:user/lab"))))
}

/// Any role may be assumed; its credentials are as good as any others here.
fn assume_role(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let (role, session) = (input.need("RoleArn")?, input.need("RoleSessionName")?);
    let Some((account, name)) = role
        .strip_prefix("arn:aws:iam::")
        .and_then(|rest| rest.split_once(":role/"))
        .map(|(account, path)| (account, path.rsplit('/').next().unwrap_or(path)))
    else {
        return Err(Refused::new(
            "ValidationError",
            format!("{role} is invalid: it is not the ARN of a role"),
        ));
    };
    let seconds = input.whole("DurationSeconds")?.unwrap_or(SESSION);
    if !(900..=43_200).contains(&seconds) {
        return Err(Refused::new(
            "ValidationError",
            format!("DurationSeconds is {seconds}, not 900 to 43200"),
        ));
    }
    let expires = world.at(world.now + Duration::from_secs(seconds.unsigned_abs()));
    let role_id = format!("AROA{}", world.ids.tail().to_uppercase());
    let credentials = Tree::map()
        .with(
            "AccessKeyId",
            Tree::Text(format!("ASIA{}", world.ids.tail().to_uppercase())),
        )
        .with(
            "SecretAccessKey",
            Tree::Text(format!("{}{}", world.ids.tail(), world.ids.tail())),
        )
        .with("SessionToken", Tree::Text(world.ids.uuid()))
        .with("Expiration", Tree::Time(expires));
    let user = Tree::map()
        .with("AssumedRoleId", Tree::Text(format!("{role_id}:{session}")))
        .with(
            "Arn",
            Tree::Text(format!("arn:aws:sts::{account}:assumed-role/{name}/{session}")),
        );
    Ok(Tree::map()
        .with("Credentials", credentials)
        .with("AssumedRoleUser", user))
}
