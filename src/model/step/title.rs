//! What each step does, in a line for a person.

use std::time::Duration;

use super::{NewGroup, Purpose, Step};
use crate::model::estate::AttachmentKind;
use crate::model::ids::TargetGroupName;
use crate::model::policy::Want;
use crate::model::routing::{Action, Sticky};
use crate::model::shift::{Expiry, Held};

impl Step {
    /// What the step does, for a person.
    pub fn title(&self) -> String {
        match self {
            Self::Adopt {
                generation,
                group,
                target_group,
            } => format!("adopt {group} and {target_group} as generation {generation} (tags only)"),
            Self::AdoptRule { rule } => format!("adopt the door at {rule} (tags only)"),
            Self::Pin { group, versions } => {
                let texts: Vec<String> = versions
                    .iter()
                    .map(|pin| format!("{} {} → {}", pin.template, pin.from, pin.to))
                    .collect();
                format!("pin {group} to launch template {}", texts.join(", "))
            }
            Self::BuildTemplateVersion {
                template_name,
                source,
                ..
            } => format!("make a version of launch template {template_name} from version {source}"),
            Self::CreateTargetGroup {
                target_group,
                copy_of,
                ..
            } => format!("create {target_group} like {copy_of}"),
            Self::SetTargetGroupAttributes {
                target_group,
                attributes,
            } => match attributes.len() {
                1 => format!("set one attribute of {target_group}"),
                count => format!("set {count} attributes of {target_group}"),
            },
            Self::OpenStaging { target_group } => {
                format!("open the staging entrance to {target_group}, so that its health is checked")
            }
            Self::StayInUse { target_groups } => match target_groups.as_slice() {
                [] => "let go of what was kept in use".into(),
                some => format!(
                    "keep {} in use while this runs, neither cut off nor unchecked",
                    names(some)
                ),
            },
            Self::CreateGroup(new) => made("create", new),
            Self::ReuseGroup(new) => made("make", new),
            Self::SuspendProcesses { group, processes } => {
                format!("suspend {} on {group}", processes.join(", "))
            }
            Self::Attach {
                group, kind, names, ..
            } => match kind {
                AttachmentKind::Metrics | AttachmentKind::WarmPool => {
                    format!("copy {} to {group}", kind.plural())
                }
                _ => format!("copy {} to {group}: {}", kind.plural(), names.join(", ")),
            },
            Self::Hold { group } => format!("hold {group} from scaling in"),
            Self::MatchCapacity { group, like } => {
                format!("bring {group} to at least what {like} has by then")
            }
            Self::AwaitHealthy {
                target_group,
                want,
                like,
                soak,
                ..
            } => {
                let soak = if soak.is_zero() {
                    String::new()
                } else {
                    format!(", for {}", span(*soak))
                };
                match want {
                    Want::Count(count) => format!("wait for {count} healthy targets in {target_group}{soak}"),
                    Want::Percent(100) => {
                        format!(
                            "wait for as many healthy targets in {target_group} as {like} has capacity{soak}"
                        )
                    }
                    Want::Percent(percent) => format!(
                        "wait for {percent} % of {like}'s capacity as healthy targets in {target_group}{soak}"
                    ),
                }
            }
            Self::Mark {
                generation, state, ..
            } => format!("mark generation {generation} as {state}"),
            Self::StartRefresh {
                group,
                rollout,
                versions,
                rolling,
            } => {
                let to = versions.first().map(|pick| pick.version.to_string());
                rollout.title(group, &to.unwrap_or_default(), rolling)
            }
            Self::AwaitRefresh { group, wants } => wants.waited_for(group),
            Self::TakeRefreshBack { group } => {
                format!("have {group}'s instance refresh take back what it has replaced")
            }
            Self::MarkRelease { group, released, .. } => {
                format!("write down that {group} runs {released}")
            }
            Self::EndRollout { group } => format!("write down that the rollout on {group} has ended"),
            Self::MarkStage {
                stage, weight, held, ..
            } => match held {
                None => format!("write down that stage {stage}, {weight} %, is reached"),
                Some(Held::Retreating) => "write down that the weight is taken back".into(),
                Some(Held::Anew) => format!("write down that stage {stage} is waited for from the start"),
                Some(Held::Asked | Held::Judged) => {
                    format!("write down that production stays at {weight} %")
                }
            },
            Self::Bake {
                weight,
                lasts,
                judged,
                ..
            } => {
                let how = if *judged { " and be judged" } else { "" };
                format!("let {weight} % bake for {}{how}", span(*lasts))
            }
            Self::Pause { weight, expiry, .. } => {
                let expires = match expiry {
                    Some(Expiry { after, then }) => format!(" (after {} `repair` {then})", span(*after)),
                    None => String::new(),
                };
                format!("pause at {weight} % for a person to promote or roll back{expires}")
            }
            Self::MarkTest {
                variant, won: true, ..
            } => format!("write down that {variant} has won"),
            Self::MarkTest { variant, weight, .. } => match weight {
                0 => format!("write down that {variant} takes part in the test"),
                weight => format!("write down that {variant} takes part in the test, with weight {weight}"),
            },
            Self::AwaitWinner { lasts, pick } => {
                let who = match pick {
                    Some(measure) => format!("for {measure} or a person to name the winner"),
                    None => "for a person to name the winner".to_owned(),
                };
                format!("let the test run for {}, and wait {who}", span(*lasts))
            }
            Self::Point {
                rule,
                purpose,
                before,
                after,
                sticky,
                ..
            } => match (purpose, after) {
                (Purpose::BlueDoor | Purpose::GreenDoor, Action::Fixed(_)) => {
                    format!("close the {purpose} at {rule}: {before} → {after}")
                }
                (Purpose::BlueDoor | Purpose::GreenDoor, _) => {
                    format!("point the {purpose} at {rule}: {before} → {after}")
                }
                (Purpose::UserDoor | Purpose::Entrance | Purpose::Variant, _) => {
                    format!("point the {purpose} at {rule}: {before} → {after}")
                }
                (Purpose::Beacon, after) => format!("let the beacon at {rule} say {}", said(after)),
                (Purpose::Route, _) if after.only_target().is_none() => {
                    format!("shift {rule}: {before} → {after}{}", stickiness(*sticky))
                }
                (Purpose::Route, _) => format!("swing {rule}: {before} → {after}"),
            },
            Self::CreateRule {
                port,
                priority,
                purpose: Purpose::Beacon,
                asks,
                action,
            } => format!(
                "create the beacon as :{port} rule {priority}, {asks}: {}",
                said(action)
            ),
            Self::CreateRule {
                port,
                priority,
                purpose: purpose @ (Purpose::UserDoor | Purpose::Variant),
                asks,
                action,
            } => format!("create the {purpose} as :{port} rule {priority}, {asks} → {action}"),
            Self::CreateRule {
                port,
                priority,
                purpose,
                action,
                ..
            } => format!("create the {purpose} as :{port} rule {priority} → {action}"),
            Self::DeleteRule { rule, purpose } => format!("remove the {purpose} at {rule}"),
            Self::Confirm { expect, .. } => match expect.len() {
                0 => "wait until the load balancer obeys".to_owned(),
                1 => "read the rule back until it agrees".to_owned(),
                count => format!("read all {count} rules back until they agree"),
            },
            Self::PayObligations { group } => format!("release {group}: undo what was held"),
            Self::Shrink { group, to } => format!("scale {group} down to {to}"),
            Self::Stop { group, next, .. } => {
                format!("downtime begins: stop {group}, so that {next} can take its place")
            }
            Self::Start { group, after } => {
                format!("start {group} with at least as many instances as {after} had")
            }
            Self::AwaitEmpty { group, .. } => format!("wait until {group} has drained and is empty"),
            Self::DeleteGroup { group } => format!("delete {group}"),
            Self::Vacate { group } => format!("free {group} for the next release"),
            Self::DeleteTargetGroup { target_group } => format!("delete {target_group}"),
            Self::Hook { hook } => hook.title(),
            Self::MarkSchema {
                generation, change, ..
            } => format!("mark the schema as {change} for generation {generation}"),
        }
    }
}

/// In the image of its original.
fn made(verb: &str, new: &NewGroup) -> String {
    let versions: Vec<String> = new.versions.iter().map(|pick| pick.version.to_string()).collect();
    format!(
        "{verb} {} like {} with {} instances, launch template version {}",
        new.group,
        new.copy_of,
        new.size.desired,
        versions.join(", ")
    )
}

/// As it is written in a configuration.
pub fn span(duration: Duration) -> String {
    jiff::fmt::friendly::SpanPrinter::new().unsigned_duration_to_string(&duration)
}

fn stickiness(sticky: Option<Sticky>) -> String {
    sticky.map_or_else(String::new, |sticky| format!(", {sticky}"))
}

/// What a fixed response says.
fn said(action: &Action) -> &str {
    match action {
        Action::Fixed(fixed) => fixed.body.as_deref().unwrap_or_default(),
        _ => "nothing",
    }
}

fn names(target_groups: &[TargetGroupName]) -> String {
    let names: Vec<&str> = target_groups.iter().map(TargetGroupName::as_str).collect();
    names.join(" and ")
}
