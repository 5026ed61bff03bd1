//! Hooks as they are called for real: a program on this machine, or a request.

use std::path::PathBuf;

use futures_util::future::BoxFuture;

use super::{Caller, Reply, command, webhook};
use crate::model::hook::{Call, Hook};
use crate::model::told::Told;

/// Where programs are found, and what they may be given.
#[derive(Clone, Debug)]
pub struct Outside {
    /// The folder that commands begin in.
    pub folder: PathBuf,
    pub env: fn(&str) -> Option<String>,
}

impl Default for Outside {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("."),
            env: |name| std::env::var(name).ok(),
        }
    }
}

impl Caller for Outside {
    fn call<'a>(&'a self, hook: &'a Hook, told: &'a Told, stop: BoxFuture<'a, ()>) -> BoxFuture<'a, Reply> {
        let shell = ["sh".to_owned(), "-c".to_owned()];
        Box::pin(async move {
            match &hook.call {
                Call::Command { argv, .. } => command::run(self, hook, argv, told, stop).await,
                Call::Shell { script, .. } => {
                    let argv = [&shell[..], std::slice::from_ref(script)].concat();
                    command::run(self, hook, &argv, told, stop).await
                }
                Call::Webhook { url, secret_env } => {
                    webhook::send(self, hook, url, secret_env.as_deref(), told, stop).await
                }
            }
        })
    }
}
