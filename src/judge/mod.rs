//! Metrics of live and of a candidate over the same periods become a verdict with every number it rests on. Pure.

mod bound;
mod contrast;
mod evidence;
mod mann_whitney;
mod words;

#[cfg(test)]
mod tests;

use crate::model::judgement::{Figure, Finding, Judgement, Outcome, Verdict};
use crate::model::judging::{Bound, Consequence, Judging, Rule};
use crate::model::readings::{AlarmState, Readings};
pub use contrast::{contrast, pick};

use bound::{Held, Tried};
use evidence::{Measured, Requests};
use words::{count, span};

/// What the readings say of the candidate. No data is never a pass.
pub fn judge(judging: &Judging, readings: &Readings) -> Judgement {
    let mut notes = Vec::new();
    let mut findings = Vec::new();
    for rule in &judging.rules {
        match found(rule, judging, readings) {
            Some(finding) => findings.push(finding),
            None => notes.push(format!(
                "{} is left out: it compares with live, and all of production goes to the candidate",
                rule.name
            )),
        }
    }
    findings.extend(judging.alarms.iter().map(|name| alarm(name, readings)));
    let shortage = shortage(judging, readings, findings.is_empty());
    notes.extend(shortage.clone());
    let verdict = verdict(&findings, shortage.is_some());
    Judgement {
        verdict,
        sentence: sentence(verdict, &findings, shortage, readings),
        findings,
        notes,
    }
}

/// The worst consequence of what fails; else what is missing counts.
fn verdict(findings: &[Finding], short: bool) -> Verdict {
    let failed = findings
        .iter()
        .filter(|finding| finding.outcome == Outcome::Fail)
        .map(|finding| finding.then)
        .max();
    let unclear = findings
        .iter()
        .any(|finding| finding.outcome == Outcome::Inconclusive);
    match failed {
        Some(then) => Verdict::Fail(then),
        None if short || unclear => Verdict::Inconclusive,
        None => Verdict::Pass,
    }
}

/// What there is too little of for any verdict but a bad one.
fn shortage(judging: &Judging, readings: &Readings, nothing_to_judge: bool) -> Option<String> {
    let long = span(readings.period, readings.periods());
    if readings.periods() == 0 {
        return Some("no period has closed yet".into());
    }
    if !readings.unread.is_empty() {
        return Some(format!("not all could be read: {}", readings.unread.join("; ")));
    }
    match Requests::of(&readings.candidate, readings) {
        Requests::Unseen => Some(format!(
            "there is no count of requests to the candidate in {long}: it comes only while there are some"
        )),
        Requests::Absurd => Some("the count of requests to the candidate is no number".into()),
        requests if requests.are_fewer_than(judging.minimum_requests) => Some(format!(
            "the candidate had {} requests in {long}, and it takes {} to judge it",
            count(requests.number()),
            judging.minimum_requests
        )),
        _ if nothing_to_judge => Some("no rule is left to judge by".into()),
        _ => None,
    }
}

fn sentence(verdict: Verdict, findings: &[Finding], shortage: Option<String>, readings: &Readings) -> String {
    let with = |outcome: Outcome, then: Option<Consequence>| -> Vec<&Finding> {
        findings
            .iter()
            .filter(|finding| finding.outcome == outcome && then.is_none_or(|then| then == finding.then))
            .collect()
    };
    let told = |decisive: &[&Finding]| match decisive {
        [] => "no rule is left to judge by".to_owned(),
        [one] => format!("{}: {}", one.rule, one.sentence),
        [first, rest @ ..] => {
            let rest: Vec<&str> = rest.iter().map(|finding| finding.rule.as_str()).collect();
            format!(
                "{}: {} (and the same of {})",
                first.rule,
                first.sentence,
                rest.join(", ")
            )
        }
    };
    match verdict {
        Verdict::Fail(then) => told(&with(Outcome::Fail, Some(then))),
        Verdict::Inconclusive => shortage.unwrap_or_else(|| told(&with(Outcome::Inconclusive, None))),
        Verdict::Pass => {
            let requests = |side| count(Requests::of(side, readings).number());
            format!(
                "{} of {} hold; in {} the candidate had {} requests, live {}",
                findings.len(),
                findings.len(),
                span(readings.period, readings.periods()),
                requests(&readings.candidate),
                requests(&readings.live)
            )
        }
    }
}

/// `None` when nothing is left of the rule.
fn found(rule: &Rule, judging: &Judging, readings: &Readings) -> Option<Finding> {
    // Then live has no requests, and is not to have any.
    let alone = readings.weight.is_some_and(|weight| weight >= 100);
    let bounds: Vec<Bound> = rule
        .bounds
        .iter()
        .copied()
        .filter(|bound| !(alone && bound::compares(*bound)))
        .collect();
    if bounds.is_empty() {
        return None;
    }
    let minimum = judging.minimum_requests;
    let candidate = Measured::of(rule, &readings.candidate, readings, minimum);
    let live = Measured::of(rule, &readings.live, readings, minimum);
    let tried: Vec<Tried> = bounds
        .iter()
        .map(|bound| {
            let (unit, negligible) = (words::unit(&rule.measure), rule.measure.negligible());
            bound::tried(*bound, &candidate, &live, unit, negligible)
        })
        .collect();
    let outcome = tried
        .iter()
        .map(|tried| match tried.held {
            Held::Yes => Outcome::Pass,
            Held::Unknown(_) => Outcome::Inconclusive,
            Held::No => Outcome::Fail,
        })
        .max()
        .unwrap_or(Outcome::Inconclusive);
    let limits: Vec<f64> = tried.iter().filter_map(|tried| tried.limit).collect();
    let figure = |side: &Measured| Figure {
        value: side.value,
        text: words::measured(side, &limits, words::unit(&rule.measure)),
    };
    let (candidate, live) = (figure(&candidate), figure(&live));
    let texts: Vec<&str> = tried.iter().map(|tried| tried.text.as_str()).collect();
    let bound = texts.join(" and ");
    let mut sentence = format!(
        "candidate {} {}, live {}, {} {bound}",
        words::label(rule),
        candidate.text,
        live.text,
        if texts.len() == 1 { "bound" } else { "bounds" }
    );
    // What is missing explains an outcome only if nothing worse does.
    if outcome == Outcome::Inconclusive {
        let why = tried.iter().find_map(|tried| match &tried.held {
            Held::Unknown(why) => Some(why),
            _ => None,
        });
        sentence.extend(why.map(|why| format!("; {why}")));
    }
    Some(Finding {
        rule: rule.name.clone(),
        outcome,
        then: rule.then,
        candidate,
        live,
        bound,
        sentence,
    })
}

/// An alarm is of the user's own making, and whoever names it here wants to be back before it is looked into.
fn alarm(name: &str, readings: &Readings) -> Finding {
    let (outcome, word, sentence) = match readings.alarms.get(name) {
        Some(AlarmState::Ok) => (Outcome::Pass, "OK", format!("{name} is OK")),
        Some(AlarmState::Alarm) => (Outcome::Fail, "ALARM", format!("{name} is in ALARM")),
        Some(AlarmState::InsufficientData) => (
            Outcome::Inconclusive,
            "INSUFFICIENT_DATA",
            format!("{name} has not enough data to be OK"),
        ),
        None if !readings.unread.is_empty() => (
            Outcome::Inconclusive,
            "not read",
            format!("how {name} stands is not known"),
        ),
        None => (
            Outcome::Inconclusive,
            "not there",
            format!("there is no alarm called {name}"),
        ),
    };
    Finding {
        rule: format!("alarm {name}"),
        outcome,
        then: Consequence::Rollback,
        candidate: Figure {
            value: None,
            text: word.into(),
        },
        live: Figure::default(),
        bound: "OK".into(),
        sentence,
    }
}
