//! What was measured of the variants of a test: since it began, or lately while none runs.

use std::time::Duration;

use jiff::Timestamp;

use crate::cloud::{Cloud, CloudError};
use crate::model::ab::Test;
use crate::model::comparison::{Measured, Measurements};
use crate::model::estate::Estate;
use crate::model::judging::Judging;
use crate::model::policy::Policy;
use crate::model::readings::{Compared, Window, weight_of};
use crate::model::roles::Roles;
use crate::model::standing::Standing;

/// With more periods than these a difference that matters shows as well.
const MOST: u64 = 360;
/// The lengths for which CloudWatch keeps what is older.
const LENGTHS: [u64; 5] = [60, 300, 900, 3600, 21_600];

/// `None` when no two variants stand that could be compared.
pub async fn measured<C: Cloud>(
    cloud: &C,
    estate: &Estate,
    policy: &Policy,
) -> Result<Option<Measurements>, CloudError> {
    let Some(test) = &policy.ab else { return Ok(None) };
    let Ok(roles) = Roles::of(estate, policy) else {
        return Ok(None);
    };
    let judging = test.judging(policy.judge.as_ref());
    let mut standing = standing(test, &roles).into_iter();
    let Some((first, baseline)) = standing.next() else {
        return Ok(None);
    };
    let window = window(test, &roles, &judging, cloud.now());
    let mut variants = Vec::new();
    for (name, other) in standing {
        let Some(compared) = Compared::of(estate, baseline, other, None) else {
            continue;
        };
        let readings = cloud.readings(&judging, window, &compared).await?;
        if variants.is_empty() {
            variants.push(Measured {
                variant: first.clone(),
                share: weight_of(&roles, baseline),
                side: readings.live,
            });
        }
        variants.push(Measured {
            variant: name,
            share: weight_of(&roles, other),
            side: readings.candidate,
        });
    }
    Ok((variants.len() > 1).then_some(Measurements {
        from: window.from,
        to: window.to,
        period: window.period,
        variants,
    }))
}

/// Live's own first, if it takes part; else as they are written.
fn standing<'a>(test: &Test, roles: &'a Roles<'_>) -> Vec<(String, &'a Standing)> {
    let of = |variant: &crate::model::ab::Variant| {
        let standing = if variant.live {
            roles.home()
        } else {
            roles.variant(&variant.name)
        };
        Some((variant.name.clone(), standing?))
    };
    test.live()
        .into_iter()
        .chain(test.deployed())
        .filter_map(of)
        .collect()
}

/// Whole periods from the test's beginning to its end, or until now; as long as it takes for them not to be too many.
fn window(test: &Test, roles: &Roles<'_>, judging: &Judging, now: Timestamp) -> Window {
    let Some(began) = roles.began() else {
        return Window::closed(judging, now, None);
    };
    let until = test.ends(began).min(now);
    let ran = Duration::try_from(until.duration_since(began)).unwrap_or_default();
    let shortest = judging.period.as_secs().max(1);
    let lengths = LENGTHS.into_iter().filter(|length| *length > shortest);
    let period = std::iter::once(shortest)
        .chain(lengths)
        .find(|length| ran.as_secs() / length <= MOST)
        .unwrap_or(21_600);
    let whole = Judging {
        period: Duration::from_secs(period),
        window: u32::MAX,
        ..judging.clone()
    };
    // Of a test that is over, metrics have come by now as far as they ever will.
    let seen = until.checked_add(judging.lag).unwrap_or(until).min(now);
    Window::closed(&whole, seen, Some(began))
}
