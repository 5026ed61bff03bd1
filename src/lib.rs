//! Swingbridge swings production traffic between versions of a service on AWS, and back.
//!
//! The rooms, from the inside out. `docs/ARCHITECTURE.md` says what each must never do.
//!
//! - [`model`]: the words. Ids, what was observed, what is wanted, plans, steps and events, as data.
//! - [`plan`]: an estate and an intent become a plan, or a refusal with every reason. Pure.
//! - [`judge`]: metrics of live and of a candidate become a verdict, with the numbers. Pure.
//! - [`cloud`]: the domain verbs a plan is carried out with, and their one adapter, [`cloud::aws`].
//! - [`run`]: the one loop that carries a plan out, its lock, its waits and its journal.
//! - [`report`]: events, plans and estates made readable for people and for programs.
//! - [`config`]: `swingbridge.toml`, the environment and flags become validated settings.
//! - [`lab`]: a whole ALB with its Auto Scaling groups in one process, to try, rehearse and test on.
//! - [`cli`]: the commands. Wiring only.

#[cfg(test)]
mod cases;
pub mod cli;
pub mod cloud;
pub mod config;
pub mod judge;
pub mod lab;
pub mod model;
pub mod plan;
pub mod report;
pub mod run;
