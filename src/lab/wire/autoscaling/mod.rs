//! Auto Scaling, 2011-01-01.

use super::Operation;

pub(super) const OPERATIONS: &[Operation] = &[];
