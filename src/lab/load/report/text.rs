//! A report for a terminal of 100 columns.

use std::fmt::Write;

use console::{Color, Style};

use super::figures::{count, cut, millis, percent, seconds};
use super::notes;
use super::{FailureGroup, Phase, Report, Second};

/// Columns of the timeline.
const TIMELINE: usize = 56;
const NAME: usize = 16;
const PHASE: usize = 20;
const ANSWERED_BY: usize = 22;
const HEIGHTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const HUES: [Color; 6] = [
    Color::Blue,
    Color::Green,
    Color::Yellow,
    Color::Magenta,
    Color::Cyan,
    Color::White,
];

pub(super) fn write(report: &Report, colour: bool) -> String {
    let mut page = Page {
        text: String::new(),
        colour,
    };
    page.head(report);
    page.timeline(report);
    page.phases(report);
    page.kinds(report);
    page.failures(&report.failures);
    page.notes(report);
    page.text
}

struct Page {
    text: String,
    colour: bool,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    fn paint(&self, style: Style, text: impl std::fmt::Display) -> String {
        style.force_styling(self.colour).apply_to(text).to_string()
    }

    fn heading(&mut self, text: &str) {
        let text = self.paint(Style::new().bold(), text);
        self.line("");
        self.line(&text);
    }

    fn head(&mut self, report: &Report) {
        let target = self.paint(Style::new().bold(), &report.target);
        self.line(&format!("Load on {target}"));
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
        let rate = report.requests as f64 / report.seconds.max(0.001);
        let facts = format!(
            "{} requests in {}, {rate:.0} a second, from {}",
            count(report.requests),
            seconds(report.seconds),
            report.began.strftime("%F %T UTC"),
        );
        let facts = self.paint(Style::new().dim(), facts);
        self.line(&facts);
        self.line("");
        let verdict = if report.failed == 0 {
            Style::new().green()
        } else {
            Style::new().red()
        };
        let verdict = self.paint(
            verdict.bold(),
            format!("failed requests: {}", count(report.failed)),
        );
        self.line(&verdict);
    }

    fn timeline(&mut self, report: &Report) {
        if report.timeline.is_empty() {
            return;
        }
        let per_column = report.timeline.len().div_ceil(TIMELINE);
        let columns: Vec<&[Second]> = report.timeline.chunks(per_column).collect();
        let column = if per_column == 1 {
            "a second".to_owned()
        } else {
            format!("{per_column} seconds")
        };
        self.heading(&format!(
            "Who answered (a column is {column}, its height the share)"
        ));
        for (rank, version) in report.versions.iter().enumerate() {
            let bars: String = columns
                .iter()
                .map(|column| HEIGHTS[height(column, rank)])
                .collect();
            let bars = self.paint(
                Style::new().fg(HUES[rank % HUES.len()]),
                format!("{bars:TIMELINE$}"),
            );
            let name = cut(&version.name, NAME);
            let requests = count(version.requests);
            self.line(&format!(
                "  {name:NAME$} {bars} {requests:>10} {:>8}",
                percent(version.share)
            ));
        }
        if report.failed > 0 {
            let failed = |column: &&[Second]| {
                if column.iter().any(|second| second.failed > 0) {
                    '×'
                } else {
                    ' '
                }
            };
            let crosses: String = columns.iter().map(failed).collect();
            let row = format!(
                "{:NAME$} {crosses:TIMELINE$} {:>10}",
                "failed",
                count(report.failed)
            );
            let row = self.paint(Style::new().red(), row);
            self.line(&format!("  {row}"));
        }
        if report.phases.len() > 1 {
            let row = format!("  {:NAME$} {}", "phase", phase_row(report, per_column));
            let row = self.paint(Style::new().dim(), row);
            self.line(&row);
        }
    }

    fn phases(&mut self, report: &Report) {
        self.heading("Latency in ms, from when each request was due (without slow ones and WebSockets)");
        let titles = format!(
            "  {:PHASE$} {:>8} {:>8} {:>6} {:>6} {:>6} {:>6} {:>6}  {}",
            "phase", "from", "requests", "failed", "p50", "p90", "p99", "max", "answered by"
        );
        let titles = self.paint(Style::new().dim(), titles);
        self.line(&titles);
        for (number, phase) in report.phases.iter().enumerate() {
            let name = if number == 0 {
                phase.name.clone()
            } else {
                format!("{number} {}", phase.name)
            };
            let row = self.phase(&name, phase);
            self.line(&row);
        }
        if report.phases.len() > 1 {
            let latency = report.latency;
            let row = format!(
                "  {:PHASE$} {:>8} {:>8} {:>6} {:>6} {:>6} {:>6} {:>6}",
                "all of it",
                "",
                count(report.requests),
                count(report.failed),
                millis(latency.p50_ms),
                millis(latency.p90_ms),
                millis(latency.p99_ms),
                millis(latency.max_ms),
            );
            let row = self.paint(Style::new().bold(), row);
            self.line(&row);
        }
    }

    fn phase(&self, name: &str, phase: &Phase) -> String {
        let failed = format!("{:>6}", count(phase.failed));
        let failed = if phase.failed > 0 {
            self.paint(Style::new().red(), failed)
        } else {
            failed
        };
        let mut by = String::new();
        for version in &phase.versions {
            let comma = if by.is_empty() { "" } else { ", " };
            // Writing to a string cannot fail.
            let _ = write!(by, "{comma}{}", version.name);
            if phase.versions.len() > 1 {
                let _ = write!(by, " {:.0}%", version.share * 100.0);
            }
        }
        format!(
            "  {:PHASE$} {:>8} {:>8} {failed} {:>6} {:>6} {:>6} {:>6}  {}",
            cut(name, PHASE),
            seconds(phase.from),
            count(phase.requests),
            millis(phase.latency.p50_ms),
            millis(phase.latency.p90_ms),
            millis(phase.latency.p99_ms),
            millis(phase.latency.max_ms),
            cut(&by, ANSWERED_BY),
        )
    }

    fn kinds(&mut self, report: &Report) {
        self.heading("By kind");
        let titles = format!(
            "  {:PHASE$} {:>8} {:>8} {:>6} {:>6} {:>6}",
            "", "", "requests", "failed", "p50", "p99"
        );
        let titles = self.paint(Style::new().dim(), titles);
        self.line(&titles);
        for kind in &report.kinds {
            self.line(&format!(
                "  {:PHASE$} {:>8} {:>8} {:>6} {:>6} {:>6}",
                cut(&kind.name, PHASE),
                "",
                count(kind.requests),
                count(kind.failed),
                millis(kind.p50_ms),
                millis(kind.p99_ms),
            ));
        }
    }

    fn failures(&mut self, failures: &[FailureGroup]) {
        if failures.is_empty() {
            return;
        }
        self.heading("Failures");
        for group in failures {
            let title = format!("  {} × {}", count(group.count), group.failure.words());
            let title = self.paint(Style::new().red(), title);
            self.line(&title);
            for example in &group.examples {
                let status = example
                    .status
                    .map_or_else(|| "no status".to_owned(), |status| status.to_string());
                let version = example
                    .version
                    .as_deref()
                    .map(|version| format!(" from {version}"));
                self.line(&format!(
                    "      at {:>8}: {}, {status}{}, after {} ms",
                    seconds(example.at),
                    example.kind,
                    version.unwrap_or_default(),
                    millis(example.took_ms),
                ));
            }
            let unnamed = group.count.saturating_sub(group.examples.len() as u64);
            if unnamed > 0 {
                self.line(&format!("      and {} more", count(unnamed)));
            }
        }
    }

    fn notes(&mut self, report: &Report) {
        self.line("");
        for note in notes::of(report) {
            let note = self.paint(Style::new().dim(), note);
            self.line(&note);
        }
    }
}

/// How high a version's bar stands in a column: at least a little if it answered at all.
fn height(column: &[Second], rank: usize) -> usize {
    let of = |second: &Second| second.versions.get(rank).copied().unwrap_or(0);
    let mine: u64 = column.iter().map(of).sum();
    let all: u64 = column.iter().flat_map(|second| &second.versions).sum();
    let full = (HEIGHTS.len() - 1) as u64;
    let height = (mine * full + all / 2).checked_div(all).unwrap_or(0);
    usize::try_from(height.max(u64::from(mine > 0))).unwrap_or(0)
}

/// The numbers of the phases, each where it begins; of two that begin together the later one is seen.
fn phase_row(report: &Report, per_column: usize) -> String {
    let mut row = vec![' '; TIMELINE];
    for (number, phase) in report.phases.iter().enumerate().skip(1) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "seconds of one run"
        )]
        let column = phase.from as usize / per_column;
        for (offset, digit) in number.to_string().chars().enumerate() {
            if let Some(place) = row.get_mut(column + offset) {
                *place = digit;
            }
        }
    }
    row.into_iter().collect()
}
