//! `[judge]`: what the schema cannot say of it, and how it becomes what the judge goes by.

use std::collections::BTreeMap;

use super::check::nearest;
use super::file::judge::{Judging, Metric, Rule};
use super::source::Origin;
use super::validate::Judge;
use crate::model::expression;
use crate::model::judging::{self, Bound, Consequence, Custom, Measure, Query, Test};

/// What CloudWatch answers in one call.
const MOST_QUERIES: usize = 500;
const DAY: u64 = 24 * 3600;
/// These take in whatever there is, so that one generation would be measured with the other's metrics.
const TAKE_ALL: [&str; 3] = ["METRICS", "SEARCH", "SELECT"];

impl Judge<'_> {
    pub(super) fn judging(&mut self, judge: &Judging) {
        self.time(judge);
        let mut seen = Vec::new();
        for (index, alarm) in judge.alarms.iter().enumerate() {
            if seen.contains(&alarm) {
                self.say(
                    &[&format!("judge.alarms.{index}")],
                    format!("\"{alarm}\" is listed twice"),
                    "remove one of the two",
                );
            }
            seen.push(alarm);
        }
        for (name, rule) in &judge.rules {
            self.rule(name, rule, judge);
        }
        let assembled = assembled(judge);
        if assembled.rules.is_empty() && assembled.alarms.is_empty() {
            self.say(
                &["judge.rules", "judge"],
                "every rule is switched off, so nothing could be judged",
                "leave one rule or name an alarm, or leave [judge] out",
            );
        }
        let asked: usize = assembled
            .wanted()
            .values()
            .map(|custom| custom.metrics.len() + usize::from(custom.expression.is_some()))
            .sum();
        if asked * 2 > MOST_QUERIES {
            self.say(
                &["judge.rules"],
                format!("the rules ask for {asked} metrics of each generation"),
                format!("CloudWatch answers {} at once", MOST_QUERIES / 2),
            );
        }
    }

    fn time(&mut self, judge: &Judging) {
        let period = judge.period.0;
        let seconds = period.as_secs();
        let known = match seconds {
            1 | 5 | 10 | 20 | 30 => true,
            _ => seconds > 0 && seconds % 60 == 0,
        };
        if !known || period.subsec_nanos() > 0 || seconds > DAY {
            self.say(
                &["judge.period"],
                "`period` is not one that CloudWatch has",
                "write \"1m\" or several minutes; for a lab \"1s\", \"5s\", \"10s\", \"20s\" or \"30s\"",
            );
        }
        if judge.lag.0.as_secs() > DAY {
            self.say(
                &["judge.lag"],
                "`lag` is longer than a day",
                "metrics come within minutes; the default is \"1m\"",
            );
        }
    }

    fn rule(&mut self, name: &str, rule: &Rule, judge: &Judging) {
        let path = format!("judge.rules.{name}");
        if self.is_refused_within(&path) {
            return;
        }
        let key = self.key_of("judge.rules", name);
        if let Some(why) = name_problem(name) {
            self.say_at(
                key,
                format!("rule `{name}` {why}"),
                "begin with a small letter, and go on with letters, digits, `-` and `_`",
            );
            return;
        }
        let built_in = judging::Rule::built_in(name);
        match &built_in {
            Some(_) => self.built_in(name, rule),
            None => {
                if !self.of_ones_own(name, rule, key.clone()) {
                    return;
                }
            }
        }
        if rule.enabled == Some(false) {
            return;
        }
        let bounds = bounds(rule, built_in);
        if bounds.is_empty() {
            self.say_at(
                key,
                format!("rule `{name}` has no bound"),
                "write at_most, at_least, at_most_of_live, at_least_of_live, not_higher or not_lower",
            );
        }
        self.bounds(&path, &bounds, judge);
    }

    fn built_in(&mut self, name: &str, rule: &Rule) {
        let own = [
            ("metrics", !rule.metrics.is_empty()),
            ("expression", rule.expression.is_some()),
            ("unit", rule.unit.is_some()),
        ];
        for (key, _) in own.iter().filter(|(_, given)| *given) {
            self.say(
                &[&format!("judge.rules.{name}.{key}")],
                format!("`{name}` is a built-in rule, which has metrics of its own"),
                format!("give the rule another name, or leave `{key}` out"),
            );
        }
    }

    /// Whether it is worth looking further.
    fn of_ones_own(&mut self, name: &str, rule: &Rule, key: Origin) -> bool {
        if rule.metrics.is_empty() {
            let known = judging::Rule::BUILT_IN;
            let help = match nearest(name, known.into_iter()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "give it metrics = {{ m = {{ namespace, metric, dimensions, statistic }} }}; built in are {}",
                    known.join(", ")
                ),
            };
            self.say_at(key, format!("rule `{name}` has no metrics"), help);
            return false;
        }
        for (id, metric) in &rule.metrics {
            self.metric(&format!("judge.rules.{name}.metrics"), id, metric);
        }
        let path = format!("judge.rules.{name}.expression");
        match &rule.expression {
            None if rule.metrics.len() > 1 => {
                let ids: Vec<&str> = rule.metrics.keys().map(String::as_str).collect();
                self.say_at(
                    key,
                    format!("rule `{name}` has {} metrics and no expression", ids.len()),
                    format!("write for instance expression = \"{}\"", ids.join(" / ")),
                );
            }
            None => {}
            Some(text) => self.expression(&path, text, &rule.metrics),
        }
        true
    }

    fn expression(&mut self, path: &str, text: &str, metrics: &BTreeMap<String, Metric>) {
        if let Some(function) = expression::functions(text)
            .into_iter()
            .find(|word| TAKE_ALL.contains(word))
        {
            self.say(
                &[path],
                format!("`{function}` takes in the metrics of both generations"),
                "name each metric under `metrics`, and use its id",
            );
            return;
        }
        let ids = expression::ids(text);
        let known = || metrics.keys().cloned().collect::<Vec<_>>().join(", ");
        if let Some(unknown) = ids.iter().find(|id| !metrics.contains_key(**id)) {
            self.say(
                &[path],
                format!("`{unknown}` is not an id of the rule's metrics"),
                format!("known are {}", known()),
            );
        } else if ids.is_empty() {
            self.say(
                &[path],
                "`expression` names none of the rule's metrics",
                format!("use {}", known()),
            );
        }
    }

    fn metric(&mut self, metrics: &str, id: &str, metric: &Metric) {
        let fits = id.starts_with(|c: char| c.is_ascii_lowercase())
            && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && id.len() <= 200;
        if !fits {
            let key = self.key_of(metrics, id);
            self.say_at(
                key,
                format!("`{id}` cannot be the id of a metric"),
                "begin with a small letter, and go on with letters, digits and `_`",
            );
        }
        if !is_statistic(&metric.statistic) {
            self.say(
                &[&format!("{metrics}.{id}.statistic")],
                format!("`statistic` cannot be \"{}\"", metric.statistic),
                "it must be Sum, Average, Minimum, Maximum, SampleCount, or like p95, tm99, TM(1%:99%)",
            );
        }
        for (name, value) in &metric.dimensions {
            let rest = Custom::PLACES
                .iter()
                .fold(value.clone(), |rest, place| rest.replace(place, ""));
            if rest.contains(['{', '}']) {
                let key = self.key_of(&format!("{metrics}.{id}.dimensions"), name);
                self.say_at(
                    key,
                    format!("\"{value}\" has braces that stand for nothing"),
                    format!("known are {}", Custom::PLACES.join(", ")),
                );
            }
        }
    }

    fn bounds(&mut self, path: &str, bounds: &[Bound], judge: &Judging) {
        for bound in bounds {
            let (key, test) = match bound {
                Bound::AtMostOfLive(factor) if *factor <= 0.0 => ("at_most_of_live", None),
                Bound::AtLeastOfLive(factor) if *factor <= 0.0 => ("at_least_of_live", None),
                Bound::NotHigher(test) => ("not_higher", Some(test)),
                Bound::NotLower(test) => ("not_lower", Some(test)),
                _ => continue,
            };
            let path = format!("{path}.{key}");
            match test {
                None => self.say(
                    &[&path],
                    format!("`{key}` is not above 0"),
                    "it is a factor: 2 is twice what live has",
                ),
                Some(test) => self.test(&path, *test, judge.window),
            }
        }
        let most = bounds.iter().find_map(|bound| match bound {
            Bound::AtMost(limit) => Some(*limit),
            _ => None,
        });
        let least = bounds.iter().find_map(|bound| match bound {
            Bound::AtLeast(limit) => Some(*limit),
            _ => None,
        });
        if let (Some(most), Some(least)) = (most, least)
            && most < least
        {
            self.say(
                &[&format!("{path}.at_least"), &format!("{path}.at_most")],
                format!("nothing is at most {most} and at least {least}"),
                "raise at_most or lower at_least",
            );
        }
    }

    fn test(&mut self, path: &str, test: Test, window: u32) {
        let periods = usize::try_from(window).unwrap_or(usize::MAX);
        if periods < Test::FEWEST || Test::smallest_chance(periods, periods) >= test.alpha {
            self.say(
                &["judge.window", path],
                format!(
                    "{window} periods cannot show a difference by less than {} of chance",
                    test.alpha
                ),
                format!(
                    "set `window` to {} or more, or raise `alpha`",
                    Test::periods_for(test.alpha)
                ),
            );
        }
    }
}

fn name_problem(name: &str) -> Option<&'static str> {
    if name.len() > 64 {
        Some("has a name longer than 64 characters")
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        Some("does not begin with a small letter")
    } else if !name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    {
        Some("has a name that is no word")
    } else {
        None
    }
}

fn is_statistic(text: &str) -> bool {
    const WORDS: [&str; 6] = ["Sum", "Average", "Minimum", "Maximum", "SampleCount", "IQM"];
    let trimmed = |prefix: &str| {
        text.strip_prefix(prefix)
            .and_then(|number| number.parse::<f64>().ok())
            .is_some_and(|number| (0.0..=100.0).contains(&number))
    };
    let ranged = |prefix: &str| {
        text.strip_prefix(prefix)
            .and_then(|rest| rest.strip_prefix('('))
            .and_then(|rest| rest.strip_suffix(')'))
            .is_some_and(|range| range.contains(':'))
    };
    WORDS.contains(&text)
        || ["p", "tm", "tc", "ts", "wm"].into_iter().any(trimmed)
        || ["TM", "TC", "TS", "WM", "PR"].into_iter().any(ranged)
}

/// The bounds of a rule: those that are given, and those of the built-in rule that are not.
fn bounds(rule: &Rule, built_in: Option<judging::Rule>) -> Vec<Bound> {
    let given = [
        rule.at_most.map(Bound::AtMost),
        rule.at_least.map(Bound::AtLeast),
        rule.at_most_of_live.map(Bound::AtMostOfLive),
        rule.at_least_of_live.map(Bound::AtLeastOfLive),
        rule.not_higher.map(|chance| Bound::NotHigher(chance.into())),
        rule.not_lower.map(|chance| Bound::NotLower(chance.into())),
    ];
    let kind = std::mem::discriminant::<Bound>;
    let mut bounds = built_in.map(|rule| rule.bounds).unwrap_or_default();
    for bound in given.into_iter().flatten() {
        match bounds.iter_mut().find(|other| kind(other) == kind(&bound)) {
            Some(other) => *other = bound,
            None => bounds.push(bound),
        }
    }
    bounds
}

/// What the judge goes by: the defaults, with what is written over them.
pub(super) fn assembled(judge: &Judging) -> judging::Judging {
    let mut rules = judging::Rule::defaults();
    for (name, written) in &judge.rules {
        rules.retain(|rule| rule.name != *name);
        if written.enabled == Some(false) {
            continue;
        }
        let built_in = judging::Rule::built_in(name);
        let (measure, then) = match &built_in {
            Some(rule) => (rule.measure.clone(), rule.then),
            None => (Measure::Custom(custom(written)), Consequence::Rollback),
        };
        rules.push(judging::Rule {
            name: name.clone(),
            measure,
            bounds: bounds(written, built_in),
            then: written.then.map_or(then, Consequence::from),
        });
    }
    // The built-in ones in their usual order, then those of one's own by their names.
    rules.sort_by_key(|rule| {
        judging::Rule::BUILT_IN
            .iter()
            .position(|name| *name == rule.name)
            .unwrap_or(usize::MAX)
    });
    judging::Judging {
        period: judge.period.0,
        lag: judge.lag.0,
        window: judge.window,
        minimum_requests: judge.minimum_requests.into(),
        inconclusive: judge.inconclusive.into(),
        rules,
        alarms: judge.alarms.clone(),
    }
}

fn custom(rule: &Rule) -> Custom {
    Custom {
        metrics: rule
            .metrics
            .iter()
            .map(|(id, metric)| {
                let query = Query {
                    namespace: metric.namespace.clone(),
                    metric: metric.metric.clone(),
                    dimensions: metric.dimensions.clone(),
                    statistic: metric.statistic.clone(),
                };
                (id.clone(), query)
            })
            .collect(),
        expression: rule.expression.clone(),
        unit: rule.unit.clone().unwrap_or_default(),
    }
}
