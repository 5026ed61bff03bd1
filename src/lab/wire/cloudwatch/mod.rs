//! CloudWatch, 2010-08-01.

use super::Operation;

pub(super) const OPERATIONS: &[Operation] = &[];
