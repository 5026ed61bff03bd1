//! Which answers to a health check are a pass: "200", "200-299", "200,404", or gRPC codes.

use std::ops::RangeInclusive;

use crate::lab::refusal::Refused;
use crate::lab::world::orders::Answer;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    /// As it was written.
    pub codes: String,
    pub grpc: bool,
    ranges: Vec<RangeInclusive<u32>>,
}

impl Matcher {
    pub(super) fn http(codes: &str) -> Result<Self, Refused> {
        Self::read(codes, false, 200..=499)
    }

    pub(super) fn grpc(codes: &str) -> Result<Self, Refused> {
        Self::read(codes, true, 0..=99)
    }

    fn read(codes: &str, grpc: bool, bounds: RangeInclusive<u32>) -> Result<Self, Refused> {
        let wrong = || {
            Refused::invalid(format!(
                "Health check matcher codes '{codes}' must be numbers or ranges between {} and {}",
                bounds.start(),
                bounds.end()
            ))
        };
        let ranges = codes
            .split(',')
            .map(|part| {
                let (low, high) = part.split_once('-').unwrap_or((part, part));
                let (low, high) = (
                    low.trim().parse().map_err(|_| wrong())?,
                    high.trim().parse().map_err(|_| wrong())?,
                );
                if bounds.contains(&low) && bounds.contains(&high) && low <= high {
                    Ok(low..=high)
                } else {
                    Err(wrong())
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            codes: codes.to_owned(),
            grpc,
            ranges,
        })
    }

    pub(super) fn passes(&self, answer: Answer) -> bool {
        match answer {
            Answer::Status(code) => !self.grpc && self.has(code.into()),
            Answer::Grpc(code) => self.grpc && self.has(code),
            Answer::TimedOut | Answer::Refused => false,
        }
    }

    fn has(&self, code: u32) -> bool {
        self.ranges.iter().any(|range| range.contains(&code))
    }
}
