//! A whole ALB with its Auto Scaling groups in one process: what AWS would do, on one laptop.
//!
//! - [`world`]: the state machine. It never waits and never does anything itself: it is told the time and gives orders.
//! - [`keeper`]: keeps the world's time, carries its orders out, and hands the data plane its pictures.
//! - [`instances`]: plays the instances: real processes on loopback, or imagined ones for virtual time.
//! - [`sample`]: the built-in service that instances run, with knobs to misbehave.
//! - [`wire`]: the AWS APIs over one handler: bytes in, bytes out.

pub mod instances;
pub mod keeper;
pub mod refusal;
pub mod sample;
pub mod tree;
pub mod wire;
pub mod world;
