//! Numbers and measures as people read them, with as many digits as tell a number from its bound.

use std::time::Duration;

use super::evidence::Measured;
use crate::model::judging::{Measure, Rule};

/// More digits than these tell nobody anything.
const MOST_DIGITS: usize = 9;

/// What is measured, in a word or two.
pub(super) fn label(rule: &Rule) -> String {
    match &rule.measure {
        Measure::ErrorRate => "5xx".into(),
        Measure::SuccessRate => "success".into(),
        Measure::Latency(percentile) => format!("p{percentile}"),
        Measure::ConnectionErrors => "connection errors".into(),
        Measure::UnhealthyHosts => "unhealthy hosts".into(),
        Measure::Custom(_) => rule.name.clone(),
    }
}

pub(super) fn unit(measure: &Measure) -> &str {
    match measure {
        Measure::ErrorRate | Measure::SuccessRate | Measure::ConnectionErrors => "%",
        Measure::Latency(_) => "s",
        Measure::UnhealthyHosts => "",
        Measure::Custom(custom) => &custom.unit,
    }
}

/// `6.2 % of 1,204`.
pub(super) fn measured(side: &Measured, limits: &[f64], unit: &str) -> String {
    let Some(value) = side.value else {
        return "no data".into();
    };
    let value = with_unit(&number(value, limits), unit);
    match side.requests {
        Some(requests) => format!("{value} of {}", count(requests)),
        None => value,
    }
}

pub(super) fn with_unit(number: &str, unit: &str) -> String {
    match unit {
        "" => number.to_owned(),
        unit => format!("{number} {unit}"),
    }
}

/// A number with three digits that count, or with as many more as it takes to see on which side of others it is.
pub(super) fn number(value: f64, others: &[f64]) -> String {
    let least = match value.abs() {
        0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 0.1 => 2,
        size if size >= 0.001 => 4,
        _ => MOST_DIGITS,
    };
    let digits = (least..=MOST_DIGITS)
        .find(|digits| {
            let seen: f64 = format!("{value:.digits$}").parse().unwrap_or(value);
            others
                .iter()
                .all(|other| seen.partial_cmp(other) == value.partial_cmp(other))
        })
        .unwrap_or(MOST_DIGITS);
    let text = format!("{value:.digits$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    let (sign, size) = match text.strip_prefix('-') {
        Some(size) if size != "0" => ("-", size),
        Some(size) => ("", size),
        None => ("", text),
    };
    let (whole, rest) = size
        .split_once('.')
        .map_or((size, None), |(whole, rest)| (whole, Some(rest)));
    let whole = grouped(whole);
    match rest {
        Some(rest) => format!("{sign}{whole}.{rest}"),
        None => format!("{sign}{whole}"),
    }
}

/// A number of requests.
pub(super) fn count(value: f64) -> String {
    grouped(&format!("{value:.0}"))
}

/// Digits in groups of three.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many periods of a length, as one length of time.
pub(super) fn span(period: Duration, periods: u64) -> String {
    let seconds = period.as_secs().saturating_mul(periods);
    match (seconds % 60, seconds % 3600) {
        (_, 0) if seconds > 0 => format!("{}h", seconds / 3600),
        (0, _) if seconds > 0 => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_as_many_digits_as_tell_it_from_its_bound() {
        let table: &[(f64, &[f64], &str)] = &[
            (6.2, &[5.0], "6.2"),
            (6.249, &[5.0], "6.25"),
            (5.000_4, &[5.0], "5.0004"),
            (4.999_96, &[5.0], "4.99996"),
            (5.0, &[5.0], "5"),
            (0.0, &[0.0], "0"),
            (0.0, &[0.000_1], "0"),
            (0.012_34, &[], "0.0123"),
            (93.14, &[90.0], "93.1"),
            (-0.000_000_000_1, &[], "0"),
            (-3.5, &[], "-3.5"),
            (1_234_567.0, &[], "1,234,567"),
            (100.0, &[], "100"),
            // Not to be told apart by anybody.
            (5.000_000_000_04, &[5.0], "5"),
        ];
        for (value, others, text) in table {
            assert_eq!(number(*value, others), *text, "{value} against {others:?}");
        }
    }

    #[test]
    fn requests_are_counted_in_groups_of_three() {
        for (value, text) in [
            (0.0, "0"),
            (999.0, "999"),
            (1_204.0, "1,204"),
            (22_871_000.0, "22,871,000"),
        ] {
            assert_eq!(count(value), text);
        }
    }

    #[test]
    fn a_window_is_told_as_one_length() {
        let minute = Duration::from_secs(60);
        for (period, periods, text) in [
            (minute, 5, "5m"),
            (minute, 60, "1h"),
            (minute, 0, "0s"),
            (Duration::from_secs(10), 9, "90s"),
        ] {
            assert_eq!(span(period, periods), text);
        }
    }
}
