//! Elastic Load Balancing, 2015-12-01.

use super::Operation;

pub(super) const OPERATIONS: &[Operation] = &[];
