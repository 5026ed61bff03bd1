//! `check`: everything that would break a deploy, found without changing anything.

use super::args::{Global, Look, TextOrJson};
use super::failure::Failure;
use super::session::{Session, json, look_of_stdout, out};
use crate::model::account::{Finding, Weight};
use crate::plan;
use crate::report;

pub(super) async fn run(global: &Global, args: &Look) -> Result<u8, Failure> {
    let session = Session::open(global).await?;
    let findings = findings(&session).await?;
    match args.format {
        TextOrJson::Text => out(&report::check::text(&findings, look_of_stdout()))?,
        TextOrJson::Json => json(&format!("{}\n", serde_json::to_string_pretty(&findings)?))?,
    }
    Ok(
        if findings.iter().any(|finding| finding.weight == Weight::Breaks) {
            3
        } else {
            0
        },
    )
}

/// What is found, the worst first.
pub(super) async fn findings(session: &Session) -> Result<Vec<Finding>, Failure> {
    let (identity, limits, estate) =
        tokio::join!(session.aws.identity(), session.aws.limits(), session.observe());
    let identity = identity?;
    let estate = estate?;
    let mut findings = vec![Finding {
        weight: Weight::Fine,
        text: format!(
            "these are the credentials of {} in account {}",
            identity.arn, identity.account
        ),
        way_out: None,
    }];
    findings.extend(plan::checkup(&estate, &session.config.policy, &limits?));
    findings.extend(session.aws.can_release(&estate).await);
    findings.sort_by_key(|finding| finding.weight);
    Ok(findings)
}
