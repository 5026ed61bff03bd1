//! The AWS APIs as clients speak them: one request's bytes in, one response's bytes out.
//!
//! - [`identity`]: who signed, and for which service.
//! - [`permission`]: what they may call.
//! - [`service`]: the services and their operations.
//! - [`protocol`]: what a request says and how an answer is said, in each of the protocols.

pub mod autoscaling;
mod cbor;
pub mod cloudwatch;
pub mod ec2;
pub mod elbv2;
mod identity;
mod json;
pub(super) mod paging;
mod permission;
mod protocol;
mod query;
mod service;
pub mod sts;
#[cfg(test)]
mod tests;
pub(in crate::lab) mod within;
mod xml;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use self::identity::Identity;
use self::protocol::{Call, Protocol};
use self::service::Service;
use super::refusal::Refused;
use super::tree::Tree;
use super::world::World;
use super::world::faults::Effect;

/// One operation of a service: its name, the members its input may have, and what it does.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) name: &'static str,
    /// Every top-level member of the input. Another one is an error that names it.
    pub(super) members: &'static [&'static str],
    /// The output's members; `Tree::map()` when it has none.
    pub(super) act: fn(&mut World, &Tree) -> Result<Tree, Refused>,
}

/// What the caller is to see of a call.
#[derive(Debug)]
pub enum Outcome {
    Respond(Response<Bytes>),
    /// The response after a while.
    Late(Duration, Response<Bytes>),
    /// No response: the connection breaks. The call may have had its effect.
    Lost,
}

impl Outcome {
    /// The response, however late; nothing when it is lost.
    pub fn response(self) -> Option<Response<Bytes>> {
        match self {
            Self::Respond(response) | Self::Late(_, response) => Some(response),
            Self::Lost => None,
        }
    }
}

/// Carries one API request out, or refuses it as AWS would.
pub fn answer(world: &mut World, request: &Request<Bytes>) -> Outcome {
    answered(world, request, None)
}

/// The same for a request to which something happens whatever faults the world has.
pub fn answer_struck(world: &mut World, request: &Request<Bytes>, effect: Effect) -> Outcome {
    answered(world, request, Some(effect))
}

fn answered(world: &mut World, request: &Request<Bytes>, effect: Option<Effect>) -> Outcome {
    let request_id = world.ids.uuid();
    let (service, identity) = match called(request) {
        Ok(called) => called,
        Err(refused) => {
            let protocol = Protocol::of(request, None);
            return Outcome::Respond(protocol.refuse(None, &refused, &request_id));
        }
    };
    let protocol = Protocol::of(request, Some(service));
    let prepared = protocol
        .read(request)
        .and_then(|call| Ok((service.operation(&call)?, call)));
    let (operation, mut call) = match prepared {
        Ok(prepared) => prepared,
        Err(refused) => return Outcome::Respond(protocol.refuse(Some(service), &refused, &request_id)),
    };
    let effect = effect.or_else(|| world.call_fault(service.name, operation.name));
    if matches!(effect, Some(Effect::LostRequest)) {
        return Outcome::Lost;
    }
    let done = match &effect {
        Some(Effect::Throttle) => Err(service.throttled()),
        Some(Effect::Error {
            code,
            status,
            message,
        }) => Err(Refused {
            status: *status,
            code: code.clone().into(),
            message: message.clone(),
        }),
        Some(Effect::Stale { seconds }) if !service::changes(operation.name) => {
            let ago = Duration::from_secs_f64(*seconds);
            match world.as_it_was(ago) {
                Some(mut past) => carry_out(&mut past, service, operation, &mut call, &identity),
                None => carry_out(world, service, operation, &mut call, &identity),
            }
        }
        _ => carry_out(world, service, operation, &mut call, &identity),
    };
    let response = match &done {
        Ok(output) => protocol.respond(service, operation.name, output, &request_id),
        Err(refused) => protocol.refuse(Some(service), refused, &request_id),
    };
    match effect {
        Some(Effect::LostResponse) => Outcome::Lost,
        Some(Effect::Late { seconds }) => Outcome::Late(Duration::from_secs_f64(seconds), response),
        _ => Outcome::Respond(response),
    }
}

/// Who is called, and by whom.
fn called(request: &Request<Bytes>) -> Result<(&'static Service, Identity), Refused> {
    let identity = Identity::of(request)?;
    let service = Service::signed_for(&identity.service)?;
    Ok((service, identity))
}

fn carry_out(
    world: &mut World,
    service: &Service,
    operation: &Operation,
    call: &mut Call,
    identity: &Identity,
) -> Result<Tree, Refused> {
    if world.settings.throttle && !world.admits(service.name, operation.name) {
        return Err(service.throttled());
    }
    let done = match permission::check(world, service, operation.name, &call.input, identity) {
        Ok(()) => {
            service.check(operation, call)?;
            if service::changes(operation.name) {
                world.remember();
            }
            (operation.act)(world, &call.input)
        }
        Err(denied) => Err(denied),
    };
    if service::changes(operation.name) {
        let what = service::subject(&call.input)
            .map(|subject| format!(" {subject}"))
            .unwrap_or_default();
        let came_of_it = done
            .as_ref()
            .err()
            .map(|refused| format!(": {}", refused.code))
            .unwrap_or_default();
        world.tell(
            "call",
            format!("{}{what}{came_of_it} ({})", operation.name, identity.access_key),
        );
    }
    done
}
