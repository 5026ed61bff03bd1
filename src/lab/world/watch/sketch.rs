//! A distribution in few bytes: counts by logarithmic bucket, for percentiles that are at most 1 % off.
//!
//! Kept values would be exact, but a busy second has thousands of them and is kept for hours. Buckets grow with the spread of the
//! values, not with their number, and merging two sketches loses nothing, so that any period can be put together from seconds.

/// Half a per cent of relative error to either side.
const GAMMA: f64 = 1.005 / 0.995;
/// The bucket of the value zero, which has no logarithm.
const ZERO: i16 = i16::MIN;

/// Counts by bucket, in ascending order of buckets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sketch {
    buckets: Vec<(i16, f32)>,
}

impl Sketch {
    /// Adds a value that is not negative, `count` times.
    pub(super) fn add(&mut self, value: f64, count: f64) {
        self.put(bucket(value), count as f32);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for &(bucket, count) in &other.buckets {
            self.put(bucket, count);
        }
    }

    /// The smallest value that at least this share (0 to 1) of all values does not exceed.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        let total: f64 = self.buckets.iter().map(|&(_, count)| f64::from(count)).sum();
        let wanted = share * total;
        let mut seen = 0.0;
        for &(bucket, count) in &self.buckets {
            seen += f64::from(count);
            // Counts are sums of floats: a hair's breadth must not choose the next bucket.
            if seen + total * 1e-9 >= wanted {
                return Some(middle(bucket));
            }
        }
        self.buckets.last().map(|&(bucket, _)| middle(bucket))
    }

    fn put(&mut self, bucket: i16, count: f32) {
        match self.buckets.binary_search_by_key(&bucket, |&(bucket, _)| bucket) {
            Ok(place) => self.buckets[place].1 += count,
            Err(place) => self.buckets.insert(place, (bucket, count)),
        }
    }
}

fn bucket(value: f64) -> i16 {
    if value <= 0.0 {
        return ZERO;
    }
    // A float cast saturates, which is what is wanted beyond CloudWatch's own bounds of 2^±360.
    ((value.ln() / GAMMA.ln()).ceil() as i16).max(ZERO + 1)
}

fn middle(bucket: i16) -> f64 {
    if bucket == ZERO {
        0.0
    } else {
        2.0 * GAMMA.powi(bucket.into()) / (GAMMA + 1.0)
    }
}
