//! EC2, 2016-11-15: only what deployments and their tests need.

use super::Operation;

pub(super) const OPERATIONS: &[Operation] = &[];
