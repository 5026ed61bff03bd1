//! Who plays the world's instances: real processes, or none at all where time is not real either.
//!
//! A real instance is two layers: the lab starts its own executable again as the instance's *machine* ([`child`]), and the machine runs
//! the user data. The machine ends, with everything it runs, as soon as its standard input closes: so nothing outlives the lab,
//! however the lab ends.

mod addresses;
pub mod child;
mod description;
mod imagined;
mod machine;
mod memory;
mod probe;
mod processes;
#[cfg(test)]
mod tests;
mod trust;
mod user_data;

pub use imagined::Imagined;
pub use processes::Processes;
