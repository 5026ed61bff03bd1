//! What a lab begins with: an estate, written down in a small file and built through the same operations as a client's.

mod build;
mod plan;
mod words;

#[cfg(test)]
mod tests;

pub use build::Unbuilt;
pub use build::build;
pub use plan::Estate;

/// The initial scenario: one load balancer, one generation behind it, the door of the other closed. It is also the
/// file that shows every key.
pub const INITIAL: &str = include_str!("../../../templates/lab-estate.toml");
