//! Hooks as they are called for real: child processes, and a server on loopback.

mod commands;
mod page;
mod webhooks;

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Answer, Caller, Outside, Reply};
use crate::model::fixtures;
use crate::model::hook::{Call, Gate, Hook, Place};
use crate::model::ids::Generation;
use crate::model::told::{Entrance, Side, Told};

fn told() -> Told {
    Told {
        place: Place::BeforeTraffic,
        app: "shop".into(),
        load_balancer: "alb-ks".into(),
        command: "swingbridge deploy --release 42".into(),
        run: "1a2b".into(),
        plan: "0c0ffee0".into(),
        release: Some("42".into()),
        live: Some(side(1)),
        candidate: Some(side(2)),
        previous: None,
        weight: None,
        entrance: Some(Entrance {
            header: "x-swingbridge-entrance".into(),
            value: "5e5a3e".into(),
        }),
        failure: None,
        exit_code: None,
    }
}

fn side(n: u32) -> Side {
    Side {
        generation: Generation(n),
        group: Some(fixtures::asg(n)),
        target_group: Some(fixtures::tg(n)),
        release: None,
    }
}

fn gate() -> Option<Gate> {
    Some(Gate {
        every: Duration::from_secs(1),
        expires: Duration::from_secs(10),
    })
}

fn never() -> BoxFuture<'static, ()> {
    Box::pin(std::future::pending())
}

/// A machine with these variables.
fn outside(env: fn(&str) -> Option<String>) -> Outside {
    Outside {
        folder: ".".into(),
        env,
    }
}

fn with_path(name: &str) -> Option<String> {
    match name {
        "PATH" => std::env::var(name).ok(),
        "HOME" => Some("/home/nobody".into()),
        "TOKEN" => Some("hunter2".into()),
        "HOOK_SECRET" => Some("key".into()),
        "OTHER" => Some("not asked for".into()),
        _ => None,
    }
}
