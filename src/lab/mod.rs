//! A whole ALB with its Auto Scaling groups in one process: what AWS would do, on one laptop.
//!
//! - [`world`]: the state machine. It never waits and never does anything itself: it is told the time and gives orders.
//! - [`keeper`]: keeps the world's time, carries its orders out, and hands the data plane its pictures.
//! - [`instances`]: plays the instances: real processes on loopback, or imagined ones for virtual time.
//! - [`sample`]: the built-in service that instances run, with knobs to misbehave.
//! - [`estates`]: what a lab begins with, and how it is built.
//! - [`house`]: a lab that is up, at one address, through every reset; [`life`] is what is between two of them.
//! - `metering`: what the data plane counts, as metrics and as rates.
//! - [`serve`]: the one HTTP server, for the APIs, the dashboard and the lab's own commands; and its client.
//! - [`dashboard`]: everything in the lab in one picture, and the page that draws it.
//! - [`load`]: puts requests on a load balancer, whatever it answers, and keeps a ledger of every one.
//! - [`permission`]: policies, and what they let whom do.
//! - [`wire`]: the AWS APIs over one handler: bytes in, bytes out.
//! - [`plug`]: the wire as an HTTP client of the SDK's, without a socket.
//! - [`traffic`]: the load balancer on real sockets, told by those pictures what to do.

pub mod dashboard;
pub mod estates;
pub mod house;
pub mod instances;
pub mod keeper;
pub mod life;
pub mod load;
mod metering;
pub mod permission;
pub mod plug;
pub mod refusal;
pub mod sample;
pub mod serve;
pub mod traffic;
pub mod tree;
pub mod wire;
pub mod world;
