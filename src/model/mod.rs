//! The words of the product, as plain data. Nothing here awaits, prints or reads a clock.

pub mod ab;
pub mod ab_reason;
pub mod account;
pub mod address;
pub mod clone;
pub mod colours;
pub mod comparison;
pub mod doors;
pub mod estate;
pub mod event;
pub mod expression;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod fleet;
pub mod history;
pub mod hook;
pub mod ids;
pub mod judgement;
pub mod judging;
pub mod lock;
pub mod notify;
pub mod obligation;
pub mod plan;
pub mod policy;
pub mod readings;
pub mod refusal;
pub mod release;
pub mod roles;
pub mod rollout;
pub mod routing;
pub mod schema;
pub mod scope;
pub mod shift;
pub mod step;
pub mod tags;
pub mod told;
mod variants;
