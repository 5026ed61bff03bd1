//! What goes wrong on purpose: which calls fail and how, and what happens to instances.

use super::World;
use crate::lab::refusal::Refused;

/// A tag of `Order::Start` only: whoever plays the instance lets it answer 503 to everything.
pub const UNHEALTHY_BOOT: &str = "lab:unhealthy-boot";

#[derive(Debug, Default)]
pub struct Faults {}

impl Faults {
    pub(super) fn hides_image(&self, _image: &str) -> bool {
        false
    }
}

impl World {
    /// The error of a launch in a zone, if it is to fail.
    pub(super) fn launch_fault(&mut self, _zone: &str) -> Option<Refused> {
        None
    }

    /// Whether the instance that is being launched will answer 503.
    pub(super) fn boots_unhealthy(&mut self) -> bool {
        false
    }
}
