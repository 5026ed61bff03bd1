//! Randomness for choices between target groups and targets: without a lock, and the same from the same seed.

use std::sync::atomic::{AtomicU64, Ordering};

/// The step of the SplitMix64 sequence.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

#[derive(Debug)]
pub(super) struct Chance(AtomicU64);

impl Chance {
    pub(super) fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub(super) fn bits(&self) -> u64 {
        let mut bits = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number in 0..`below`; 0 when there is none.
    pub(super) fn below(&self, below: u64) -> u64 {
        // The high half of the product is spread evenly, and costs no division.
        let product = u128::from(self.bits()) * u128::from(below);
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// A number from 0 (included) to 1 (not).
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
    pub(super) fn share(&self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
