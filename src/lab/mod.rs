//! A whole ALB with its Auto Scaling groups in one process: what AWS would do, on one laptop.
//!
//! - [`world`]: the state machine. It never waits and never does anything itself: it is told the time and gives orders.
//! - [`keeper`]: keeps the world's time, carries its orders out, and hands the data plane its pictures.
//! - [`wire`]: the AWS APIs over one handler: bytes in, bytes out.
//! - [`traffic`]: the load balancer on real sockets, told by those pictures what to do.

pub mod keeper;
pub mod refusal;
pub mod traffic;
pub mod tree;
pub mod wire;
pub mod world;
