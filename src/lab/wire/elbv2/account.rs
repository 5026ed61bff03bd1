//! What the account may have, and the TLS policies there are.

use super::pages;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::balancing::limits;
use crate::lab::world::balancing::listeners::SECURITY_POLICY;

pub(super) fn describe_limits(_: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let (limits, next) = pages::page(input, limits::ACCOUNT.to_vec(), |(name, _)| (*name).to_owned())?;
    let written = limits.into_iter().map(|(name, most)| {
        Tree::map()
            .with("Name", Tree::from(name))
            .with("Max", Tree::from(most.to_string()))
    });
    Ok(Tree::map()
        .with("Limits", Tree::list(written))
        .with("NextMarker", next))
}

pub(super) fn describe_security_policies(_: &mut World, input: &Tree) -> Result<Tree, Refused> {
    if let Some(unknown) = input
        .strings("Names")
        .iter()
        .find(|name| *name != SECURITY_POLICY)
    {
        return Err(Refused::new(
            "SSLPolicyNotFound",
            format!("SSL policy '{unknown}' not found"),
        ));
    }
    let ciphers = [
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384",
    ];
    let ciphers = (1_u32..).zip(ciphers).map(|(priority, name)| {
        Tree::map()
            .with("Name", Tree::from(name))
            .with("Priority", Tree::from(priority))
    });
    let policy = Tree::map()
        .with("SslProtocols", Tree::texts(["TLSv1.2", "TLSv1.3"]))
        .with("Ciphers", Tree::list(ciphers))
        .with("Name", Tree::from(SECURITY_POLICY))
        .with("SupportedLoadBalancerTypes", Tree::texts(["application"]));
    Ok(Tree::map().with("SslPolicies", Tree::list([policy])))
}
