//! Identifiers as AWS forms them, the same in every run that starts from the same seed.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

// Unlike rand's standard one this generator can be copied, and with it the whole world.
#[derive(Clone, Debug)]
pub struct Ids {
    random: Xoshiro256PlusPlus,
}

impl Ids {
    pub(super) fn seeded(seed: u64) -> Self {
        Self {
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
        }
    }

    /// `i-0123456789abcdef0`, `lt-…`, `ami-…`: a prefix and 17 hexadecimal digits.
    pub fn resource(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{:016x}", self.random.next_u64())
    }

    /// The 16 hexadecimal digits at the end of a load balancer's, listener's, rule's or target group's ARN.
    pub fn tail(&mut self) -> String {
        format!("{:016x}", self.random.next_u64())
    }

    /// A UUID (version 4) in the usual form.
    pub fn uuid(&mut self) -> String {
        let bits = (u128::from(self.random.next_u64()) << 64) | u128::from(self.random.next_u64());
        let bits = (bits & !(0xf000 << 64) & !(0xc << 60)) | (0x4000 << 64) | (0x8 << 60);
        let hex = format!("{bits:032x}");
        format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        )
    }

    /// A number in 0..`below`, for choices that AWS makes at random.
    pub fn pick(&mut self, below: usize) -> usize {
        if below == 0 {
            0
        } else {
            self.random.random_range(0..below)
        }
    }

    /// Whether something with this probability (0 to 1) happens now.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.random.random_bool(probability.clamp(0.0, 1.0))
    }
}
