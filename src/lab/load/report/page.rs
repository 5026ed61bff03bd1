//! A report as one HTML page that needs nothing else.

use minijinja::{Environment, UndefinedBehavior, context};

use super::figures::{count, millis, percent, seconds};
use super::{Report, chart};

const TEMPLATE: &str = include_str!("../../../../templates/load-report.html.j2");

pub(super) fn write(report: &Report) -> String {
    fill(report).expect("the template and the report are both in this program, and tested together")
}

fn fill(report: &Report) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("count", count);
    environment.add_filter("millis", millis);
    environment.add_filter("percent", percent);
    environment.add_filter("seconds", seconds);
    // The name's ending is what turns escaping on.
    environment.add_template("load-report.html", TEMPLATE)?;
    let words: Vec<&str> = report
        .failures
        .iter()
        .map(|group| group.failure.words())
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    let rate = report.requests as f64 / report.seconds.max(0.001);
    environment.get_template("load-report.html")?.render(context! {
        report => report,
        began => report.began.strftime("%F %T UTC").to_string(),
        rate => format!("{rate:.0}"),
        failure_words => words,
        answers => chart::answers(report),
        latency => chart::latency(report),
    })
}
