//! Listeners on the wire.

use super::{actions, pages, tags};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::balancing::listeners::{Listener, ListenerSettings};

pub(super) fn create(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    if input.items("DefaultActions").is_empty() {
        return Err(Refused::missing("DefaultActions"));
    }
    let arn = world.create_listener(input.need("LoadBalancerArn")?, read(input)?, &tags::read(input)?)?;
    Ok(Tree::map().with("Listeners", Tree::list([write(world.listener(&arn)?)])))
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let listeners = world.listeners(input.text("LoadBalancerArn"), &input.strings("ListenerArns"))?;
    let (listeners, next) = pages::page(input, listeners, |listener| listener.arn.clone())?;
    Ok(Tree::map()
        .with("Listeners", Tree::list(listeners.into_iter().map(write)))
        .with("NextMarker", next))
}

pub(super) fn modify(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let listener = world.modify_listener(input.need("ListenerArn")?, read(input)?)?;
    Ok(Tree::map().with("Listeners", Tree::list([write(listener)])))
}

pub(super) fn delete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    world.delete_listener(input.need("ListenerArn")?)?;
    Ok(Tree::map())
}

/// The lab makes its own certificates, and has none besides the default one that a listener was created with.
pub(super) fn describe_certificates(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let listener = world.listener(input.need("ListenerArn")?)?;
    let certificates = listener.certificates.iter().map(|certificate| {
        Tree::map()
            .with("CertificateArn", Tree::from(certificate.as_str()))
            .with("IsDefault", Tree::from(true))
    });
    Ok(Tree::map().with("Certificates", Tree::list(certificates)))
}

fn read(input: &Tree) -> Result<ListenerSettings, Refused> {
    let certificates = input.items("Certificates");
    let named = certificates
        .iter()
        .map(|certificate| certificate.need("CertificateArn").map(str::to_owned));
    let named = named.collect::<Result<Vec<_>, _>>()?;
    Ok(ListenerSettings {
        port: input.whole("Port")?,
        protocol: input.text("Protocol").map(str::to_owned),
        certificates: (!named.is_empty()).then_some(named),
        security_policy: input.text("SslPolicy").map(str::to_owned),
        actions: actions::read(input, "DefaultActions")?,
    })
}

fn write(listener: &Listener) -> Tree {
    let certificates = listener
        .certificates
        .iter()
        .map(|certificate| Tree::map().with("CertificateArn", Tree::from(certificate.as_str())));
    let tls = listener.protocol == "HTTPS";
    Tree::map()
        .with("ListenerArn", Tree::from(listener.arn.as_str()))
        .with("LoadBalancerArn", Tree::from(listener.balancer.as_str()))
        .with("Port", Tree::from(listener.port))
        .with("Protocol", Tree::from(listener.protocol.as_str()))
        .with("Certificates", tls.then(|| Tree::list(certificates)))
        .with("SslPolicy", listener.security_policy.clone().map(Tree::from))
        .with("DefaultActions", actions::write(listener.default_actions()))
}
