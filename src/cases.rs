//! On how many cases a property is tried: the same ones every time, so that a failure in CI is a failure everywhere.

use proptest::test_runner::{Config, RngSeed};

/// So many, unless `PROPTEST_CASES` asks for others.
pub(crate) fn cases(number: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok();
    Config {
        cases: asked.and_then(|text| text.parse().ok()).unwrap_or(number),
        rng_seed: RngSeed::Fixed(42),
        failure_persistence: None,
        ..Config::default()
    }
}
