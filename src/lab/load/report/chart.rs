//! The geometry of the page's charts: what the template draws, in units of its view box.

use std::fmt::Write;

use serde::Serialize;

use super::figures::{clock, count};
use super::{Report, Second};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 946.0;
/// More columns than this could not be told apart.
const MOST_COLUMNS: usize = 300;
/// Room above a plot for the marks' numbers, which step aside when they come close together.
const TOP: f64 = 64.0;
const PIN_ROWS: [f64; 3] = [50.0, 30.0, 10.0];
const PIN_ROOM: f64 = 22.0;
/// Steps of the time axis, in seconds.
const TIME_STEPS: [u64; 13] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200];
const MOST_TIME_LABELS: u64 = 12;

#[derive(Serialize)]
pub(super) struct Chart {
    width: f64,
    height: f64,
    /// Where the picture begins; higher the more rows of marks there are.
    over: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    /// One for each version, or for each line.
    shapes: Vec<Shape>,
    failures: Vec<Bar>,
    across: Vec<Tick>,
    up: Vec<Tick>,
    pins: Vec<Pin>,
}

#[derive(Serialize)]
struct Shape {
    name: String,
    path: String,
}

#[derive(Serialize)]
struct Bar {
    x: f64,
    width: f64,
    words: String,
}

#[derive(Serialize)]
struct Tick {
    at: f64,
    label: String,
}

#[derive(Serialize)]
struct Pin {
    number: usize,
    x: f64,
    y: f64,
    words: String,
}

/// Some seconds of the timeline, as means.
struct Column {
    /// The middle of it, in seconds.
    middle: f64,
    from: f64,
    to: f64,
    /// Answers a second.
    rates: Vec<f64>,
    failed: u64,
    p50: f64,
    p99: f64,
}

/// Answers a second by version, stacked.
pub(super) fn answers(report: &Report) -> Option<Chart> {
    let columns = columns(report);
    let bottom = TOP + 220.0;
    let plot = Plot::across(report, bottom)?;
    let highest = columns
        .iter()
        .map(|column| column.rates.iter().sum::<f64>())
        .fold(0.0, f64::max);
    let step = nice_step(highest);
    let ceiling = step * (highest / step).ceil().max(1.0);
    let y = |rate: f64| bottom - rate / ceiling * (bottom - TOP);
    let shapes = report.versions.iter().enumerate().map(|(rank, version)| {
        let below = |column: &Column, ranks: usize| y(column.rates.iter().take(ranks).sum());
        let upper = columns.iter().map(|column| (column, below(column, rank + 1)));
        let lower = columns.iter().map(|column| (column, below(column, rank)));
        Shape {
            name: version.name.clone(),
            path: plot.area(upper, lower),
        }
    });
    let failures = columns
        .iter()
        .filter(|column| column.failed > 0)
        .map(|column| Bar {
            x: tenth(plot.x(column.from)),
            width: tenth((plot.x(column.to) - plot.x(column.from)).max(2.0)),
            words: format!("{} failed at {}", count(column.failed), clock_of(column.from)),
        });
    let up = (0_u32..)
        .map(|number| f64::from(number) * step)
        .take_while(|rate| *rate <= ceiling * 1.001)
        .map(|rate| Tick {
            at: tenth(y(rate)),
            label: format!("{rate:.0}"),
        });
    Some(plot.chart(report, shapes.collect(), failures.collect(), up.collect()))
}

/// The median and the 99th percentile of each second, on a logarithmic axis.
pub(super) fn latency(report: &Report) -> Option<Chart> {
    let columns: Vec<Column> = columns(report)
        .into_iter()
        .filter(|column| column.p50 > 0.0)
        .collect();
    let bottom = TOP + 150.0;
    let plot = Plot::across(report, bottom)?;
    let least = columns.iter().map(|column| column.p50).reduce(f64::min)?;
    let most = columns.iter().map(|column| column.p99).reduce(f64::max)?;
    let lowest = least.log10().floor();
    let highest = most.log10().ceil().max(lowest + 1.0);
    let y = |millis: f64| bottom - (millis.log10() - lowest) / (highest - lowest) * (bottom - TOP);
    let line = |name: &str, of: fn(&Column) -> f64| Shape {
        name: name.to_owned(),
        path: plot.line(columns.iter().map(|column| (column, y(of(column).max(least))))),
    };
    let shapes = vec![line("p50", |column| column.p50), line("p99", |column| column.p99)];
    let mut up = Vec::new();
    let mut exponent = lowest;
    while exponent <= highest {
        let millis = 10.0_f64.powf(exponent);
        let label = if millis < 1000.0 {
            format!("{millis} ms")
        } else {
            format!("{} s", millis / 1000.0)
        };
        up.push(Tick {
            at: tenth(y(millis)),
            label,
        });
        exponent += 1.0;
    }
    Some(plot.chart(report, shapes, Vec::new(), up))
}

struct Plot {
    seconds: f64,
    bottom: f64,
}

impl Plot {
    fn across(report: &Report, bottom: f64) -> Option<Self> {
        let seconds = report.seconds;
        (seconds > 0.0 && !report.timeline.is_empty()).then_some(Self { seconds, bottom })
    }

    fn x(&self, seconds: f64) -> f64 {
        LEFT + (seconds / self.seconds).clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    /// Through the columns' middles, drawn out to the edges of the first and the last.
    fn line<'a>(&self, along: impl Iterator<Item = (&'a Column, f64)>) -> String {
        let along: Vec<_> = along.collect();
        let first = along.first().map(|(column, y)| (self.x(column.from), *y));
        let middles = along.iter().map(|(column, y)| (self.x(column.middle), *y));
        let last = along.last().map(|(column, y)| (self.x(column.to), *y));
        path(first.into_iter().chain(middles).chain(last))
    }

    /// In steps: a slope would show a switch of versions as slower than it was, and as begun before its mark.
    fn area<'a>(
        &self,
        upper: impl Iterator<Item = (&'a Column, f64)>,
        lower: impl DoubleEndedIterator<Item = (&'a Column, f64)>,
    ) -> String {
        let there = upper.flat_map(|(column, y)| [(self.x(column.from), y), (self.x(column.to), y)]);
        let back = lower
            .rev()
            .flat_map(|(column, y)| [(self.x(column.to), y), (self.x(column.from), y)]);
        format!("{}Z", path(there.chain(back)))
    }

    fn chart(&self, report: &Report, shapes: Vec<Shape>, failures: Vec<Bar>, up: Vec<Tick>) -> Chart {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "seconds of one run"
        )]
        let whole = self.seconds as u64;
        let longest = TIME_STEPS[TIME_STEPS.len() - 1];
        let step = TIME_STEPS
            .into_iter()
            .find(|step| whole / step <= MOST_TIME_LABELS)
            .unwrap_or(longest);
        let across = (0..=whole / step).map(|number| Tick {
            #[expect(clippy::cast_precision_loss, reason = "seconds of one run")]
            at: tenth(self.x((number * step) as f64)),
            label: clock(number * step),
        });
        let pins = self.pins(report);
        let over = pins.iter().map(|pin| pin.y - 12.0).fold(TOP - 16.0, f64::min);
        Chart {
            width: WIDTH,
            height: self.bottom + 24.0 - over,
            over,
            left: LEFT,
            right: RIGHT,
            top: TOP,
            bottom: self.bottom,
            shapes,
            failures,
            across: across.collect(),
            up,
            pins,
        }
    }

    fn pins(&self, report: &Report) -> Vec<Pin> {
        let mut row = 0;
        let mut last = f64::NEG_INFINITY;
        let mut pins = Vec::new();
        for (number, phase) in report.phases.iter().enumerate().skip(1) {
            let x = tenth(self.x(phase.from));
            row = if x - last < PIN_ROOM {
                (row + 1) % PIN_ROWS.len()
            } else {
                0
            };
            last = x;
            pins.push(Pin {
                number,
                x,
                y: PIN_ROWS[row],
                words: phase.name.clone(),
            });
        }
        pins
    }
}

fn path(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (x, y) in points {
        let step = if path.is_empty() { 'M' } else { 'L' };
        // Writing to a string cannot fail.
        let _ = write!(path, "{step}{x:.1} {y:.1}");
    }
    path
}

fn columns(report: &Report) -> Vec<Column> {
    let per_column = report.timeline.len().div_ceil(MOST_COLUMNS).max(1);
    let mut columns: Vec<Column> = report
        .timeline
        .chunks(per_column)
        .enumerate()
        .map(|(number, seconds)| column(number * per_column, seconds, report))
        .collect();
    // The rest of a second at the end is mostly chance, and would look like a collapse.
    if columns.len() > 1 && columns.last().is_some_and(|last| last.to - last.from < 0.5) {
        columns.pop();
    }
    columns
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of one run, and counts far below 2^53"
)]
fn column(first: usize, seconds: &[Second], report: &Report) -> Column {
    let from = first as f64;
    let to = (from + seconds.len() as f64)
        .min(report.seconds)
        .max(from + 0.001);
    let rate = |rank: usize| {
        let answers: u64 = seconds
            .iter()
            .filter_map(|second| second.versions.get(rank))
            .sum();
        answers as f64 / (to - from)
    };
    Column {
        middle: f64::midpoint(from, to),
        from,
        to,
        rates: (0..report.versions.len()).map(rate).collect(),
        failed: seconds.iter().map(|second| second.failed).sum(),
        // Percentiles do not add up; a column of several seconds shows its typical median and its worst tail.
        p50: seconds.iter().map(|second| second.p50_ms).sum::<f64>() / seconds.len() as f64,
        p99: seconds.iter().map(|second| second.p99_ms).fold(0.0, f64::max),
    }
}

/// 1, 2 or 5 times a power of ten, so that three to six of them reach the highest value.
fn nice_step(highest: f64) -> f64 {
    let rough = (highest / 4.0).max(1.0);
    let power = 10.0_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|factor| factor * power >= rough)
        .unwrap_or(10.0);
    factor * power
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds of one run"
)]
fn clock_of(seconds: f64) -> String {
    clock(seconds as u64)
}

/// No more digits in the page than an eye can see.
fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
