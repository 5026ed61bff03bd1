//! Counts, durations and columns, written the same everywhere.

use std::time::Duration;

use jiff::Timestamp;

use super::visible::visible;
use crate::model::judgement::Judgement;

/// `1 rule`, `2 rules`.
pub(super) fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

/// The two largest units: `12s`, `3m 5s`, `2h 40m`, `3d 1h`.
pub(super) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}

/// How long a step took: tenths matter below ten seconds.
pub(super) fn took(duration: Duration) -> String {
    if duration < Duration::from_secs(10) {
        format!("{:.1}s", duration.as_secs_f64())
    } else {
        span(duration)
    }
}

/// A verdict of the judge in a line.
pub(super) fn judged(judgement: &Judgement) -> String {
    format!("judged {}: {}", judgement.verdict, visible(&judgement.sentence))
}

/// How long ago; nothing is ever in the future, whatever the clocks say.
pub(super) fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

/// Rows with their columns aligned; the last one is as long as it is.
pub(super) fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let wide = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..wide)
        .map(|column| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| console::measure_text_width(cell))
                .max()
                .unwrap_or_default()
        })
        .collect();
    rows.iter()
        .map(|row| {
            let line: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| {
                    let gap = width - console::measure_text_width(cell);
                    format!("{cell}{}", " ".repeat(gap))
                })
                .collect();
            line.join("  ").trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_two_largest_units() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m 0s"),
            (3599, "59m 59s"),
            (3600, "1h 0m"),
            (90_000, "1d 1h"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn columns_are_as_wide_as_what_is_seen_and_lines_end_where_they_end() {
        let rows = [
            vec!["a".into(), "\u{1b}[31mlong\u{1b}[0m".into(), "x".into()],
            vec!["ab→".into(), "c".into()],
        ];
        assert_eq!(columns(&rows), ["a    \u{1b}[31mlong\u{1b}[0m  x", "ab→  c"]);
    }
}
