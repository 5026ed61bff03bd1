//! The rules as they really are, and where they do not lead where the roles say that they should.

use serde::Serialize;

use crate::model::doors::Scheme;
use crate::model::estate::Estate;
use crate::model::lock::{self, LockState};
use crate::model::policy::Policy;
use crate::model::roles::Roles;
use crate::model::routing::{Action, Condition, Priority, Rule};
use crate::model::standing::{Standing, State};
use crate::model::step::Purpose;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleView {
    /// For instance `:80 rule 10`.
    pub place: String,
    pub port: u16,
    /// `None`: the default rule.
    pub priority: Option<u32>,
    /// `None` when roles cannot be told.
    pub kind: Option<RuleKind>,
    pub conditions: Vec<String>,
    pub action: String,
    /// Everything else the rule does.
    pub also: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    Route,
    BlueDoor,
    GreenDoor,
    /// Leads some of the users to the candidate.
    UserDoor,
    Beacon,
    /// Leads those to a variant who ask for it.
    Variant,
    Entrance,
    Lock,
    /// Names a target group of this app, and is none of the others.
    Other,
}

pub(super) fn of(estate: &Estate, policy: &Policy, roles: Option<&Roles>) -> Vec<RuleView> {
    estate
        .rules()
        .filter_map(|rule| match roles {
            Some(roles) => {
                let kind = kind(estate, policy, roles, rule)?;
                Some(view(policy, rule, Some(kind)))
            }
            None => Some(view(policy, rule, None)),
        })
        .collect()
}

fn kind(estate: &Estate, policy: &Policy, roles: &Roles, rule: &Rule) -> Option<RuleKind> {
    let among = |rules: &[&Rule]| rules.iter().any(|other| other.arn == rule.arn);
    let locks =
        matches!(lock::state(estate, policy.lock), LockState::Held { rule: arn, .. } if arn == rule.arn);
    let ours = || {
        rule.action.shares().iter().any(|share| {
            estate
                .target_group(&share.target_group)
                .is_some_and(|tg| tg.generation.is_some())
        })
    };
    if locks {
        Some(RuleKind::Lock)
    } else if roles.entrance.is_some_and(|entrance| entrance.arn == rule.arn) {
        Some(RuleKind::Entrance)
    } else if among(&roles.blue_doors) {
        Some(RuleKind::BlueDoor)
    } else if among(&roles.green_doors) {
        Some(RuleKind::GreenDoor)
    } else if among(&roles.variant_rules) {
        Some(RuleKind::Variant)
    } else if among(&roles.user_doors) {
        Some(RuleKind::UserDoor)
    } else if among(&roles.beacons) {
        Some(RuleKind::Beacon)
    } else if among(&roles.routes) {
        Some(RuleKind::Route)
    } else if ours() {
        Some(RuleKind::Other)
    } else {
        None
    }
}

fn view(policy: &Policy, rule: &Rule, kind: Option<RuleKind>) -> RuleView {
    let secret = is_secret(policy, rule);
    RuleView {
        place: rule.at().to_string(),
        port: rule.port,
        priority: match rule.priority {
            Priority::Numbered(number) => Some(number),
            Priority::Default => None,
        },
        kind,
        conditions: rule
            .conditions
            .iter()
            .map(|condition| match condition {
                Condition::Header { name, .. } if secret => format!("{name}=(hidden)"),
                other => other.to_string(),
            })
            .collect(),
        action: rule.action.to_string(),
        also: rule.also.clone(),
    }
}

/// Whoever knows the header value of lock and entrance reaches what stands behind them. By place and
/// not by tag, since tags may be what could not be seen.
fn is_secret(policy: &Policy, rule: &Rule) -> bool {
    rule.port == policy.lock.port
        && [policy.lock.priority, policy.entrance]
            .map(Priority::Numbered)
            .contains(&rule.priority)
}

pub(super) fn disagreements(policy: &Policy, roles: &Roles) -> Vec<String> {
    let mut all = Vec::new();
    if roles.halfway && roles.shared().is_none() && !roles.runs() {
        let leads: Vec<String> = roles
            .routes
            .iter()
            .map(|rule| format!("{} → {}", rule.at(), rule.action))
            .collect();
        all.push(format!("production is split: {}", leads.join(", ")));
    }
    let scheme = policy.doors.as_ref().map(|doors| doors.scheme);
    match scheme {
        Some(Scheme::Role) => by_role(roles, &mut all),
        Some(Scheme::Alternate { .. }) => by_turns(roles, &mut all),
        None => {}
    }
    all
}

/// Live's colour leads to live; the other's is closed, or leads to what stands beside it.
fn by_turns(roles: &Roles, all: &mut Vec<String>) {
    let Some(live) = &roles.live.target_group else {
        return;
    };
    let colour = roles.colour_of(live);
    for door in roles.doors(colour) {
        if !leads_to(&door.action, &roles.live) {
            all.push(format!(
                "the {} at {} leads to {}, not to live",
                Purpose::from(colour),
                door.at(),
                door.action
            ));
        }
    }
}

fn by_role(roles: &Roles, all: &mut Vec<String>) {
    for door in &roles.blue_doors {
        if !leads_to(&door.action, &roles.live) {
            all.push(format!(
                "the blue door at {} leads to {}, not to live",
                door.at(),
                door.action
            ));
        }
    }
    let (open, ready) = match &roles.candidate {
        Some(candidate) => (Some(candidate), candidate.state == State::Ready),
        None => (None, false),
    };
    for door in &roles.green_doors {
        let closed = matches!(door.action, Action::Fixed(_));
        let right = match open {
            Some(candidate) if leads_to(&door.action, candidate) => true,
            Some(_) => closed && !ready,
            None => closed,
        };
        if !right {
            let should = if ready {
                "the candidate"
            } else {
                "nothing: there is no candidate to open it to"
            };
            all.push(format!(
                "the green door at {} leads to {}, and should lead to {should}",
                door.at(),
                door.action
            ));
        }
    }
}

fn leads_to(action: &Action, standing: &Standing) -> bool {
    action.only_target().is_some() && action.only_target() == standing.target_group.as_ref()
}
