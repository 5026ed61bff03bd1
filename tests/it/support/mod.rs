//! What the scenarios share: a LocalStack, estates on it, the binary, an independent eye, and a proxy that misbehaves.

pub(crate) mod answers;
pub(crate) mod estate;
pub(crate) mod eye;
pub(crate) mod ground;
pub(crate) mod localstack;
pub(crate) mod proxy;
pub(crate) mod snapshot;
pub(crate) mod swing;

pub(crate) use estate::Estate;
pub(crate) use ground::{Ground, on_both_grounds};
pub(crate) use proxy::{Call, Fault, Proxy};
pub(crate) use snapshot::Snapshot;
pub(crate) use swing::Swing;
