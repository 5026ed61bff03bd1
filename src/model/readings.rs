//! What was measured of live and of a candidate over the same time, as it is judged, recorded and judged again.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::estate::Estate;
use super::ids::{Arn, GroupName, TargetGroupName};
use super::judging::Judging;
use super::roles::Roles;
use super::standing::Standing;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Readings {
    pub from: Timestamp,
    /// Not included.
    pub to: Timestamp,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub period: Duration,
    /// How much of production went to the candidate, in per cent, if that is known.
    #[serde(default)]
    pub weight: Option<u32>,
    pub live: Side,
    pub candidate: Side,
    /// By name. An alarm that is not here does not exist.
    #[serde(default)]
    pub alarms: BTreeMap<String, AlarmState>,
    /// What could not be read, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

impl Readings {
    /// Nothing measured yet of these two.
    pub fn none(window: Window, compared: &Compared) -> Self {
        let side = |subject: &Subject| Side {
            target_group: subject.name.clone(),
            series: BTreeMap::new(),
        };
        Self {
            from: window.from,
            to: window.to,
            period: window.period,
            weight: compared.weight,
            live: side(&compared.live),
            candidate: side(&compared.candidate),
            alarms: BTreeMap::new(),
            unread: Vec::new(),
        }
    }

    /// The same, when not even that could be asked for.
    pub fn unread(window: Window, compared: &Compared, why: String) -> Self {
        Self {
            unread: vec![why],
            ..Self::none(window, compared)
        }
    }

    /// How many periods were asked for.
    pub fn periods(&self) -> u64 {
        let window = Window {
            from: self.from,
            to: self.to,
            period: self.period,
        };
        window.periods()
    }
}

/// What was measured of one generation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Side {
    pub target_group: TargetGroupName,
    /// By the names that [`Judging::wanted`] gives them.
    pub series: BTreeMap<String, Series>,
}

/// Values by the beginning of their period, oldest first. What has no value is not in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(
    from = "Vec<(Timestamp, Option<f64>)>",
    into = "Vec<(Timestamp, Option<f64>)>"
)]
pub struct Series(pub Vec<(Timestamp, f64)>);

impl Series {
    pub fn at(&self, time: Timestamp) -> Option<f64> {
        self.0.iter().find(|(at, _)| *at == time).map(|(_, value)| *value)
    }
}

/// JSON has no word for what is not a number. Were it left out, an error count would be taken for none.
impl From<Vec<(Timestamp, Option<f64>)>> for Series {
    fn from(points: Vec<(Timestamp, Option<f64>)>) -> Self {
        let points = points.into_iter();
        Self(
            points
                .map(|(at, value)| (at, value.unwrap_or(f64::NAN)))
                .collect(),
        )
    }
}

impl From<Series> for Vec<(Timestamp, Option<f64>)> {
    fn from(series: Series) -> Self {
        let points = series.0.into_iter();
        points
            .map(|(at, value)| (at, value.is_finite().then_some(value)))
            .collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmState {
    Ok,
    Alarm,
    InsufficientData,
}

/// Whole periods, all of them over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub from: Timestamp,
    /// Not included.
    pub to: Timestamp,
    pub period: Duration,
}

impl Window {
    /// The latest periods that count as closed now, none of which began before `since`. It may be empty.
    pub fn closed(judging: &Judging, now: Timestamp, since: Option<Timestamp>) -> Self {
        let length = i64::try_from(judging.period.as_secs()).unwrap_or(i64::MAX).max(1);
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        let begin = |second: i64| second.div_euclid(length).saturating_mul(length);
        let to = begin(now.as_second().saturating_sub(seconds(judging.lag)));
        let asked = to.saturating_sub(length.saturating_mul(i64::from(judging.window)));
        // The period in which it began was only partly so.
        let first = since.map_or(i64::MIN, |since| {
            let second = since
                .as_second()
                .saturating_add(i64::from(since.subsec_nanosecond() > 0));
            begin(second.saturating_add(length - 1))
        });
        let time = |second: i64| Timestamp::from_second(second).unwrap_or(Timestamp::MIN);
        Self {
            from: time(asked.max(first).min(to)),
            to: time(to),
            period: judging.period,
        }
    }

    pub fn periods(&self) -> u64 {
        let length = i64::try_from(self.period.as_secs()).unwrap_or(i64::MAX).max(1);
        let seconds = self.to.as_second().saturating_sub(self.from.as_second());
        u64::try_from(seconds / length).unwrap_or_default()
    }
}

/// Whose metrics are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    pub load_balancer: Arn,
    pub live: Subject,
    pub candidate: Subject,
    pub weight: Option<u32>,
}

/// How much of production goes to a generation, in per cent; `None` while routes disagree.
pub fn weight_of(roles: &Roles<'_>, generation: &Standing) -> Option<u32> {
    let name = generation.target_group.as_ref()?;
    let mut weights = roles.routes.iter().map(|route| {
        let shares = route.action.shares();
        let all: u64 = shares.iter().map(|share| u64::from(share.weight)).sum();
        let own: u64 = shares
            .iter()
            .filter(|share| share.target_group == *name)
            .map(|share| u64::from(share.weight))
            .sum();
        u32::try_from((100 * own).checked_div(all)?).ok()
    });
    let first = weights.next()??;
    weights.all(|weight| weight == Some(first)).then_some(first)
}

/// What one generation's metrics are found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub name: TargetGroupName,
    pub target_group: Arn,
    pub group: Option<GroupName>,
}

impl Compared {
    /// `None` when one of them has no target group, and so no metrics.
    pub fn of(estate: &Estate, live: &Standing, candidate: &Standing, weight: Option<u32>) -> Option<Self> {
        let subject = |standing: &Standing| {
            let found = estate.target_group(standing.target_group.as_ref()?)?;
            Some(Subject {
                name: found.name.clone(),
                target_group: found.arn.clone(),
                group: standing.group.clone(),
            })
        };
        Some(Self {
            load_balancer: estate.load_balancer.arn.clone(),
            live: subject(live)?,
            candidate: subject(candidate)?,
            weight,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;
    use crate::model::routing::{Action, Share};

    fn time(text: &str) -> Timestamp {
        format!("2026-03-02T{text}Z").parse().expect("a time")
    }

    #[test]
    fn only_whole_periods_that_are_over_are_read() {
        // Five periods of a minute, closed a minute after their end.
        let table = [
            ("12:10:00", None, "12:04:00", "12:09:00"),
            ("12:10:59", None, "12:04:00", "12:09:00"),
            ("12:11:00", None, "12:05:00", "12:10:00"),
            ("12:10:30", Some("11:00:00"), "12:04:00", "12:09:00"),
            ("12:10:30", Some("12:07:00"), "12:07:00", "12:09:00"),
            // In that minute, only some of the requests went where they go now.
            ("12:10:30", Some("12:06:01"), "12:07:00", "12:09:00"),
            ("12:10:30", Some("12:06:00.5"), "12:07:00", "12:09:00"),
            ("12:10:30", Some("12:08:30"), "12:09:00", "12:09:00"),
            ("12:10:30", Some("12:10:00"), "12:09:00", "12:09:00"),
        ];
        for (now, since, from, to) in table {
            let window = Window::closed(&Judging::default(), time(now), since.map(time));
            assert_eq!(
                (window.from, window.to),
                (time(from), time(to)),
                "{now} {since:?}"
            );
        }
    }

    #[test]
    fn a_window_has_as_many_periods_as_it_is_long() {
        let judging = Judging {
            period: Duration::from_secs(300),
            window: 3,
            ..Judging::default()
        };
        let window = Window::closed(&judging, time("12:10:59"), None);
        assert_eq!((window.from, window.to), (time("11:50:00"), time("12:05:00")));
        assert_eq!(window.periods(), 3);
    }

    #[test]
    fn a_weight_is_that_of_every_route() {
        let estate = fixtures::deployed();
        let mut roles = Roles::of(&estate, &fixtures::policy()).expect("roles");
        let candidate = roles.candidate.clone().expect("a candidate");
        assert_eq!(weight_of(&roles, &candidate), Some(0));
        let share = |n, weight| Share {
            target_group: fixtures::tg(n),
            weight,
        };
        let split = |live, candidate| Action::Forward {
            shares: vec![share(1, live), share(2, candidate)],
        };
        let (mut five, mut also, mut half) = (
            roles.routes[0].clone(),
            roles.routes[0].clone(),
            roles.routes[0].clone(),
        );
        five.action = split(95, 5);
        also.action = split(190, 10);
        half.action = split(1, 1);
        roles.routes = vec![&five, &also];
        assert_eq!(weight_of(&roles, &candidate), Some(5));
        roles.routes = vec![&five, &half];
        assert_eq!(weight_of(&roles, &candidate), None);
        roles.routes = Vec::new();
        assert_eq!(weight_of(&roles, &candidate), None);
    }

    #[test]
    fn what_is_no_number_is_still_none_after_it_was_recorded() {
        let series = Series(vec![(time("12:00:00"), 1.5), (time("12:01:00"), f64::INFINITY)]);
        let text = serde_json::to_string(&series).expect("JSON");
        let back: Series = serde_json::from_str(&text).expect("a series");
        assert_eq!(back.at(time("12:00:00")), Some(1.5));
        assert!(back.at(time("12:01:00")).expect("a value").is_nan());
        assert_eq!(back.at(time("12:02:00")), None);
    }
}
