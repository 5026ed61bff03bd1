//! A whole ALB with its Auto Scaling groups in one process: what AWS would do, on one laptop.
//!
//! - [`world`]: the state machine. It never waits and never does anything itself: it is told the time and gives orders.
//! - [`keeper`]: keeps the world's time, carries its orders out, and hands the data plane its pictures.
//! - [`load`]: puts requests on a load balancer, whatever it answers, and keeps a ledger of every one.
//! - [`wire`]: the AWS APIs over one handler: bytes in, bytes out.

pub mod keeper;
pub mod load;
pub mod refusal;
pub mod tree;
pub mod wire;
pub mod world;
