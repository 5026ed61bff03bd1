//! STS, 2011-06-15: who is calling.

use super::Operation;

pub(super) const OPERATIONS: &[Operation] = &[];
