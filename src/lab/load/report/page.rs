//! A report as one HTML page that needs nothing else.

use minijinja::{Environment, UndefinedBehavior, Value, context};

use serde::Serialize;
use serde_json::Value as Json;

use super::figures::{count, millis, percent, seconds};
use super::{Report, chart, notes};

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
        report => valued(report),
        began => report.began.strftime("%F %T UTC").to_string(),
        rate => format!("{rate:.0}"),
        failure_words => words,
        notes => notes::of(report),
        answers => valued(&chart::answers(report)),
        latency => valued(&chart::latency(report)),
    })
}

/// As the template sees it. The template engine reads serde's data itself only at the price of a feature for the
/// whole program, and JSON is a form that every report has anyway.
fn valued(data: &impl Serialize) -> Value {
    fn of(json: Json) -> Value {
        match json {
            Json::Null => Value::from(()),
            Json::Bool(flag) => flag.into(),
            Json::Number(number) => match (number.as_u64(), number.as_f64()) {
                (Some(whole), _) => whole.into(),
                (None, real) => real.unwrap_or_default().into(),
            },
            Json::String(text) => text.into(),
            Json::Array(items) => items.into_iter().map(of).collect(),
            Json::Object(members) => {
                Value::from_pairs(members.into_iter().map(|(name, json)| (name, of(json))))
            }
        }
    }
    of(serde_json::to_value(data).unwrap_or_default())
}
