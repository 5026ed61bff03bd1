//! `metrics`: the candidate beside live, as it is now.

use std::path::Path;

use super::args::{Global, Metrics, TextOrJson};
use super::failure::Failure;
use super::session::{Session, json, look_of_stdout, out};
use crate::cloud::Cloud;
use crate::config::Config;
use crate::judge;
use crate::model::judging::Judging;
use crate::model::readings::{Compared, Readings, Window, weight_of};
use crate::model::refusal::Refusal;
use crate::model::roles::Roles;
use crate::report;
use crate::run;

pub(super) async fn run(global: &Global, args: &Metrics) -> Result<u8, Failure> {
    let session = Session::open(global).await?;
    if session.config.policy.ab.is_some() {
        return variants(&session, args).await;
    }
    let readings = readings(&session).await?;
    if let Some(file) = &args.record {
        record(file, &readings)?;
    }
    let judgement = judge::judge(&judging(&session.config), &readings);
    match args.format {
        TextOrJson::Text => out(&report::metrics::text(&readings, &judgement, look_of_stdout()))?,
        TextOrJson::Json => json(&report::metrics::json(&readings, &judgement)?)?,
    }
    Ok(0)
}

/// All variants of a test beside each other.
async fn variants(session: &Session, args: &Metrics) -> Result<u8, Failure> {
    if args.record.is_some() {
        return Err(Failure::usage(
            "--record keeps what a candidate is judged by, and variants are compared with each other",
            "leave it out; --format json has everything that was measured",
        ));
    }
    let policy = &session.config.policy;
    let estate = session.observe().await?;
    let measured = run::variants::measured(&session.aws, &estate, policy).await?;
    let (Some(measured), Some(test)) = (measured, &policy.ab) else {
        return Err(Failure::refused(
            "there are no variants to compare",
            vec![
                "`swingbridge deploy --variant NAME` makes them, `swingbridge promote` begins their test"
                    .into(),
            ],
        ));
    };
    let comparison = judge::contrast(&test.judging(policy.judge.as_ref()), &measured);
    match args.format {
        TextOrJson::Text => out(&report::comparison::text(
            &measured,
            &comparison,
            look_of_stdout(),
        ))?,
        TextOrJson::Json => json(&report::comparison::json(&measured, &comparison)?)?,
    }
    Ok(0)
}

/// As configured; by default where it is not, for whoever wants to see before they configure it.
pub(super) fn judging(config: &Config) -> Judging {
    config.policy.judge.clone().unwrap_or_default()
}

pub(super) async fn readings(session: &Session) -> Result<Readings, Failure> {
    let judging = judging(&session.config);
    let estate = session.observe().await?;
    let roles = Roles::of(&estate, &session.config.policy).map_err(Refusal::from)?;
    let compared = roles.candidate.as_ref().and_then(|candidate| {
        let weight = weight_of(&roles, candidate);
        Compared::of(&estate, &roles.live, candidate, weight)
    });
    let Some(compared) = compared else {
        return Err(Failure::refused(
            "there is no candidate to compare with live",
            vec![
                "`swingbridge deploy` makes one; `swingbridge judge replay FILE` judges what was recorded"
                    .into(),
            ],
        ));
    };
    let window = Window::closed(&judging, session.aws.now(), None);
    Ok(session.aws.readings(&judging, window, &compared).await?)
}

fn record(file: &Path, readings: &Readings) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(readings)?;
    std::fs::write(file, report::in_json(&text).into_owned() + "\n").map_err(|error| {
        Failure::usage(
            format!("cannot write {}: {error}", file.display()),
            "name a file that can be written",
        )
    })
}
