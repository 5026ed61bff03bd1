//! The data plane with real sockets on loopback: backends and clients are in the test.

mod draining;
mod failing;
mod forwarding;
mod protocols;
mod stage;
mod sticking;
mod streaming;
