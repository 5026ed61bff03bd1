//! `iam-policy`: what a role needs, as narrow as AWS allows.

use minijinja::{Environment, UndefinedBehavior, context};

use super::args::{Global, IamPolicy, PolicyFor};
use super::failure::Failure;
use super::session::{env, hand_over};
use crate::config::{self, Config};
use crate::model::policy::Strategy;
use crate::model::scope::Generations;

#[cfg(test)]
mod tests;

pub(super) fn run(global: &Global, args: &IamPolicy) -> Result<u8, Failure> {
    let config = config::load(global.config.as_deref(), &global.settings.overrides(), &env)?;
    let region = config
        .connection
        .region
        .clone()
        .or_else(|| env("AWS_REGION"))
        .or_else(|| env("AWS_DEFAULT_REGION"))
        .unwrap_or_else(|| "*".into());
    let text = document(&config, args, &region).map_err(Failure::unexpected)?;
    hand_over(&format!("{}\n", text.trim_end()))?;
    Ok(0)
}

/// A role's policy for one app, filled in.
fn document(config: &Config, args: &IamPolicy, region: &str) -> Result<String, minijinja::Error> {
    let template = match args.for_what {
        PolicyFor::Plan => include_str!("../../templates/iam/plan.json"),
        PolicyFor::Deploy => include_str!("../../templates/iam/deploy.json"),
        PolicyFor::Promote => include_str!("../../templates/iam/promote.json"),
        PolicyFor::Rollback => include_str!("../../templates/iam/rollback.json"),
        PolicyFor::All => include_str!("../../templates/iam/all.json"),
    };
    let load_balancer = config
        .scope
        .load_balancer
        .rsplit("loadbalancer/app/")
        .next()
        .and_then(|name| name.split('/').next())
        .unwrap_or("*");
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.render_str(
        template,
        context! {
            app => &config.app,
            account => &args.account,
            partition => partition(region),
            region => region,
            load_balancer => load_balancer,
            instance_role => &args.instance_role,
            pair => config.policy.names.generations == Generations::Pair,
            rolling => config.policy.strategy == Strategy::Rolling,
        },
    )
}

fn partition(region: &str) -> &'static str {
    const OF: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("eusc-", "aws-eusc"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
    ];
    let found = OF.iter().find(|(start, _)| region.starts_with(start));
    found.map_or("aws", |(_, partition)| partition)
}
