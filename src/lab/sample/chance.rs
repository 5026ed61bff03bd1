//! What chance has in store for each request, in the order in which they come.

use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Where the number ends and the instance's name begins in what the generator is made of.
const NUMBER: usize = 8;

#[derive(Debug)]
pub(super) struct Chance(Mutex<StdRng>);

/// What one request has drawn: two numbers from 0 up to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Draw {
    pub(super) jitter: f64,
    pub(super) error: f64,
}

impl Chance {
    /// The same number and instance draw the same; without a number nobody knows what comes. Two instances with one
    /// number must differ, or they would fail together.
    pub(super) fn of(number: Option<u64>, instance: &str) -> Self {
        let Some(number) = number else {
            return Self(Mutex::new(StdRng::from_seed(rand::random())));
        };
        let mut seed = [0; 32];
        let (first, rest) = seed.split_at_mut(NUMBER);
        first.copy_from_slice(&number.to_le_bytes());
        let room = rest.len();
        for (at, byte) in instance.bytes().enumerate() {
            rest[at % room] ^= byte;
        }
        Self(Mutex::new(StdRng::from_seed(seed)))
    }

    pub(super) fn draw(&self) -> Draw {
        // A generator is never left half way.
        let mut random = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Draw {
            jitter: random.random(),
            error: random.random(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(number: Option<u64>, instance: &str) -> Vec<Draw> {
        let chance = Chance::of(number, instance);
        (0..20).map(|_| chance.draw()).collect()
    }

    #[test]
    fn the_same_number_and_instance_have_the_same_luck_and_nobody_else_has() {
        let one = draws(Some(7), "i-0123456789abcdef0");
        assert_eq!(one, draws(Some(7), "i-0123456789abcdef0"));
        assert_ne!(one, draws(Some(8), "i-0123456789abcdef0"));
        assert_ne!(one, draws(Some(7), "i-0123456789abcdef1"));
    }

    #[test]
    fn without_a_number_it_is_another_course_each_time() {
        assert_ne!(draws(None, "i-1"), draws(None, "i-1"));
        assert_ne!(draws(None, "i-1"), draws(Some(0), "i-1"));
    }
}
