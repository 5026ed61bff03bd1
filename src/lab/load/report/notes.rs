//! What a reader should know besides the figures.

use super::Report;
use super::figures::{count, millis};

pub(super) fn of(report: &Report) -> Vec<String> {
    let counted = [
        (
            report.went_back,
            "saw an older version after a newer one was alone, as after a rollback",
        ),
        (
            report.retried,
            "found their kept connection closed, and went out on a new one",
        ),
        (
            report.not_begun,
            "were not begun, as all connections were busy: allow more",
        ),
    ];
    let mut notes: Vec<String> = counted
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} of the requests {what}.", count(number)))
        .collect();
    notes.push(format!(
        "99 % of requests were begun at most {} ms late.",
        millis(report.late_p99_ms)
    ));
    notes
}
