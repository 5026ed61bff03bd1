//! EC2, 2016-11-15: only what deployments and their tests need.

use super::Operation;

pub(super) const VERSION: &str = "2016-11-15";

pub(super) const OPERATIONS: &[Operation] = &[];
