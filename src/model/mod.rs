//! The words of the product, as plain data. Nothing here awaits, prints or reads a clock.

pub mod account;
pub mod address;
pub mod clone;
pub mod estate;
pub mod event;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod fleet;
pub mod history;
pub mod hook;
pub mod ids;
pub mod judging;
pub mod lock;
pub mod notify;
pub mod obligation;
pub mod plan;
pub mod policy;
pub mod refusal;
pub mod release;
pub mod roles;
pub mod routing;
pub mod schema;
pub mod scope;
pub mod step;
pub mod tags;
pub mod told;
