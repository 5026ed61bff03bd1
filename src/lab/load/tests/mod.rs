//! The generator against small servers on real sockets, and the figures it keeps against exact ones.

mod against_servers;
mod bookkeeping;
mod server;
