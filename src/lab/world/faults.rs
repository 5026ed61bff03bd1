//! What goes wrong on purpose: which calls fail and how, and what happens to instances.

#[derive(Debug, Default)]
pub struct Faults {}
