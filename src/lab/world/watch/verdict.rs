//! From an alarm's datapoints to its state, as the CloudWatch guide tabulates it ("Configuring how alarms treat missing data").

use super::alarm::{State, Treatment};

/// How many datapoints beyond the evaluation periods are looked at, so that real ones can stand in for missing ones.
/// The guide's tables have 5 for 3 periods.
pub(super) const BEYOND: i64 = 2;

/// M out of N, and what a missing datapoint counts as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Criteria {
    pub(super) periods: usize,
    pub(super) to_alarm: usize,
    pub(super) missing: Treatment,
}

/// The state that datapoints mean: breaching or not, or missing, the oldest first. Nothing where the state stays as it is.
pub(super) fn verdict(points: &[Option<bool>], criteria: Criteria) -> Option<State> {
    let real: Vec<bool> = points
        .iter()
        .rev()
        .flatten()
        .copied()
        .take(criteria.periods)
        .collect();
    let breaching = real.iter().filter(|breaching| **breaching).count();
    let missing = criteria.periods - real.len();
    let state_of = |breaching: usize| {
        if breaching >= criteria.to_alarm {
            State::Alarm
        } else {
            State::Ok
        }
    };

    if missing == 0 || breaching >= criteria.to_alarm {
        return Some(state_of(breaching));
    }
    match criteria.missing {
        Treatment::Breaching => Some(state_of(breaching + missing)),
        Treatment::NotBreaching => Some(State::Ok),
        Treatment::Ignore if breaching == real.len() => None,
        Treatment::Missing if real.is_empty() => Some(State::InsufficientData),
        // Nothing but breaches, and the oldest is old enough that it is no longer rash to believe it.
        Treatment::Missing if breaching == real.len() && oldest(points) >= criteria.to_alarm => {
            Some(State::Alarm)
        }
        Treatment::Ignore | Treatment::Missing => Some(State::Ok),
    }
}

/// How many datapoints ago the oldest real one is; the most recent is one.
fn oldest(points: &[Option<bool>]) -> usize {
    points
        .iter()
        .position(Option::is_some)
        .map_or(0, |place| points.len() - place)
}
