//! How a policy's number changes a capacity.

use crate::lab::refusal::Refused;

#[derive(Clone, Debug, PartialEq)]
pub enum Adjustment {
    ChangeInCapacity,
    ExactCapacity,
    /// With the least number of instances it moves.
    PercentChangeInCapacity {
        at_least: Option<i64>,
    },
}

pub const ADJUSTMENT_TYPES: [&str; 3] = ["ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"];

impl Adjustment {
    pub fn read(name: &str, at_least: Option<i64>) -> Result<Self, Refused> {
        match (name, at_least) {
            ("PercentChangeInCapacity", at_least) => Ok(Self::PercentChangeInCapacity { at_least }),
            ("ChangeInCapacity" | "ExactCapacity", Some(_)) => Err(Refused::invalid(format!(
                "MinAdjustmentMagnitude is for PercentChangeInCapacity only, not for {name}"
            ))),
            ("ChangeInCapacity", None) => Ok(Self::ChangeInCapacity),
            ("ExactCapacity", None) => Ok(Self::ExactCapacity),
            (other, _) => Err(Refused::invalid(format!(
                "AdjustmentType is {other}; it can be {}",
                ADJUSTMENT_TYPES.join(", ")
            ))),
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::ChangeInCapacity => "ChangeInCapacity",
            Self::ExactCapacity => "ExactCapacity",
            Self::PercentChangeInCapacity { .. } => "PercentChangeInCapacity",
        }
    }

    /// The capacity after the adjustment; the group's bounds are not applied yet.
    pub(super) fn applied(&self, capacity: i64, by: i64) -> i64 {
        match self {
            Self::ChangeInCapacity => capacity + by,
            Self::ExactCapacity => by,
            Self::PercentChangeInCapacity { at_least } => {
                // Rounded towards no change, except that a part of an instance is a whole one.
                let whole = capacity * by / 100;
                let moved = if whole == 0 && capacity * by != 0 {
                    by.signum()
                } else {
                    whole
                };
                let least = at_least.unwrap_or(0).abs();
                capacity
                    + if moved.abs() < least {
                        by.signum() * least
                    } else {
                        moved
                    }
            }
        }
    }
}
