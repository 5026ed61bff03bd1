//! `lab status`, `reset`, `fault` and `down`: what is asked of a lab that runs.

use super::args::{Fault, Status, Where};
use super::place;
use crate::cli::args::TextOrJson;
use crate::cli::failure::Failure;
use crate::cli::session::{json, out};
use crate::lab::dashboard::Picture;
use crate::lab::dashboard::picture::Action;
use crate::lab::permission::FREE_KEY;
use crate::lab::serve::client::Unanswered;
use crate::report::visible;

impl From<Unanswered> for Failure {
    fn from(error: Unanswered) -> Self {
        let way_out = match &error {
            Unanswered::Refused(_) => "`swingbridge lab fault --help` shows what can be asked",
            _ => "`swingbridge lab up` brings one up; --port says where it answers",
        };
        Self::usage(error.to_string(), way_out)
    }
}

pub(super) async fn status(args: &Status) -> Result<u8, Failure> {
    let picture = place::lab(&args.place).state().await?;
    match args.format {
        TextOrJson::Json => json(&format!("{:#}\n", serde_json::to_value(&picture)?))?,
        TextOrJson::Text => out(&text(&picture))?,
    }
    Ok(0)
}

pub(super) async fn reset(place: &Where) -> Result<u8, Failure> {
    place::lab(place).reset().await?;
    out("the lab is back to the estate it began with\n")?;
    Ok(0)
}

pub(super) async fn fault(args: &Fault) -> Result<u8, Failure> {
    let lab = place::lab(&args.place);
    if args.clear {
        lab.heal().await?;
        out("no faults stand any more\n")?;
    } else if args.words.is_empty() {
        let faults = lab.state().await?.faults;
        match faults.is_empty() {
            true => out("no faults stand\n")?,
            false => {
                let lines: Vec<String> = faults.iter().map(|fault| line(fault)).collect();
                out(&lines.concat())?;
            }
        }
    } else {
        let fault = args.words.join(" ");
        lab.fault(&fault).await?;
        out(&line(&format!("so be it: {fault}")))?;
    }
    Ok(0)
}

pub(super) async fn down(place: &Where) -> Result<u8, Failure> {
    place::lab(place).down().await?;
    out("the lab is going down\n")?;
    Ok(0)
}

/// Names, conditions, answers and faults are words of others: none of them makes a line of its own.
fn line(text: &str) -> String {
    format!("{}\n", visible(text))
}

/// What runs, and the lines to paste so that other commands talk to it.
pub(in crate::cli) fn text(lab: &Picture) -> String {
    let mut text = line(&format!(
        "lab at {} (speed {}), dashboard {}/_lab/",
        lab.endpoint, lab.speed, lab.endpoint
    ));
    for balancer in &lab.balancers {
        text.push('\n');
        text += &line(&balancer.name);
        for listener in &balancer.listeners {
            let url = listener.url.as_deref().unwrap_or("not listening yet");
            text += &line(&format!("  {} :{} at {url}", listener.protocol, listener.port));
            for rule in &listener.rules {
                let when = match rule.conditions.is_empty() {
                    true => "every other request".to_owned(),
                    false => rule.conditions.join(" and "),
                };
                text += &line(&format!(
                    "    {:>7}  {when} → {}",
                    rule.priority,
                    leads(&rule.action)
                ));
            }
        }
    }
    for group in &lab.target_groups {
        let healthy = group
            .targets
            .iter()
            .filter(|target| target.health == "healthy")
            .count();
        text.push('\n');
        text += &line(&format!(
            "{}  {healthy} of {} targets healthy",
            group.name,
            group.targets.len()
        ));
        for target in group.targets.iter().filter(|target| target.health != "healthy") {
            let reason = target.reason.as_deref().unwrap_or("");
            text += &line(&format!("    {} {} {reason}", target.id, target.health));
        }
    }
    for group in &lab.groups {
        text.push('\n');
        text += &line(&format!(
            "{}  {} instances of {} wanted ({} to {}), {}",
            group.name,
            group.instances.len(),
            group.desired,
            group.min,
            group.max,
            group.template
        ));
    }
    for fault in &lab.faults {
        text.push('\n');
        text += &line(&format!("fault: {fault}"));
    }
    text.push('\n');
    text.push_str(&environment(lab));
    text
}

fn leads(action: &Action) -> String {
    match action {
        Action::Forward { shares, .. } => match shares.as_slice() {
            [only] => only.target_group.clone(),
            several => {
                let parts: Vec<String> = several
                    .iter()
                    .map(|share| format!("{} {:.0} %", share.target_group, share.percent))
                    .collect();
                parts.join(", ")
            }
        },
        Action::Answer { text } => text.clone(),
    }
}

/// Any credentials do, as long as no policy holds them: the lab checks no signature. The aws CLI of old and boto3 know the region by its second name only.
pub(super) fn environment(lab: &Picture) -> String {
    format!(
        "export AWS_ACCESS_KEY_ID={FREE_KEY} AWS_SECRET_ACCESS_KEY=lab AWS_REGION={} AWS_DEFAULT_REGION={} \
         AWS_ENDPOINT_URL={} SWINGBRIDGE_ENDPOINT_URL={}\n",
        lab.region, lab.region, lab.endpoint, lab.endpoint
    )
}
