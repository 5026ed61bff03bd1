//! What every plan needs to be true, and what a clone needs of its original.

use std::collections::BTreeSet;

use super::Context;
use crate::model::doors::UserDoor;
use crate::model::estate::{Estate, Group, Launch, Part};
use crate::model::lock::{self, LockState};
use crate::model::policy::Policy;
use crate::model::refusal::Reason;
use crate::model::roles::Roles;
use crate::model::routing::{Priority, Rule};
use crate::model::standing::Standing;

/// Fixed by AWS for every load balancer.
pub(super) const TARGET_GROUPS_PER_LOAD_BALANCER: usize = 100;

pub(super) fn common(estate: &Estate, policy: &Policy, roles: &Roles<'_>) -> Result<(), Vec<Reason>> {
    let mut reasons = Vec::new();
    match lock::state(estate, policy.lock) {
        LockState::NoListener => reasons.push(Reason::NoListener {
            port: policy.lock.port,
            wanted_by: "[lock] listener".into(),
        }),
        LockState::Foreign { what, .. } => reasons.push(Reason::PriorityTaken {
            port: policy.lock.port,
            priority: policy.lock.priority,
            what,
            setting: "[lock] priority".into(),
        }),
        LockState::Free | LockState::Held { .. } => {}
    }
    // Every change of a route looks at health once more: what is not allowed then is not allowed now.
    reasons.extend(denied(estate, Part::TargetHealth));
    reserved_priorities(estate, policy, roles, &mut reasons);
    for port in policy.doors.iter().flat_map(|doors| &doors.ports) {
        if estate.listener(*port).is_none() {
            reasons.push(Reason::NoListener {
                port: *port,
                wanted_by: "[doors] listeners".into(),
            });
        }
    }
    if reasons.is_empty() { Ok(()) } else { Err(reasons) }
}

/// The lock and the entrance must be evaluated before every route, or nobody gets through them.
fn reserved_priorities(estate: &Estate, policy: &Policy, roles: &Roles<'_>, reasons: &mut Vec<Reason>) {
    let port = policy.lock.port;
    let first_route = roles
        .routes
        .iter()
        .filter(|rule| rule.port == port)
        .filter_map(|rule| match rule.priority {
            Priority::Numbered(number) => Some(number),
            Priority::Default => None,
        })
        .min();
    for (what, priority, setting) in [
        ("the lock", policy.lock.priority, "[lock] priority"),
        ("the entrance", policy.entrance, "[lock] entrance_priority"),
    ] {
        if let Some(first) = first_route.filter(|first| *first < priority) {
            reasons.push(Reason::PriorityTooLow {
                what: what.into(),
                port,
                priority,
                first,
                setting: setting.into(),
            });
        }
    }
    let at_entrance = estate.listener(port).and_then(|listener| {
        listener
            .rules
            .iter()
            .find(|rule| rule.priority == Priority::Numbered(policy.entrance))
    });
    if let (Some(rule), None) = (at_entrance, roles.entrance) {
        reasons.push(Reason::PriorityTaken {
            port,
            priority: policy.entrance,
            what: rule
                .conditions
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" and "),
            setting: "[lock] entrance_priority".into(),
        });
    }
}

/// Where a rule of ours is to stand, what it is called, and where its priority is written.
pub(super) struct Place {
    pub(super) port: u16,
    pub(super) priority: u32,
    pub(super) what: String,
    pub(super) setting: String,
}

impl Place {
    pub(super) fn of(door: &UserDoor, port: u16) -> Self {
        Self {
            port,
            priority: door.priority,
            what: format!("the door for {}", door.name),
            setting: format!("the priority of {} under [doors]", door.name),
        }
    }

    /// No such listener, somebody else's rule that stands there, a route that comes before it. `ours`: whose rules may be
    /// there.
    pub(super) fn problems(self, context: &Context<'_>, ours: &[&Rule]) -> Vec<Reason> {
        let Self {
            port,
            priority,
            what,
            setting,
        } = self;
        let Some(listener) = context.estate.listener(port) else {
            let wanted_by = "[doors] listeners".to_owned();
            return vec![Reason::NoListener { port, wanted_by }];
        };
        let mut reasons = Vec::new();
        let mut rules = listener.rules.iter();
        let taken = rules
            .find(|rule| rule.priority == Priority::Numbered(priority))
            .filter(|rule| ours.iter().all(|own| own.arn != rule.arn));
        if let Some(rule) = taken {
            reasons.push(Reason::PriorityTaken {
                port,
                priority,
                what: rule.action.to_string(),
                setting: setting.clone(),
            });
        }
        let first = context.roles.routes.iter().filter(|rule| rule.port == port);
        let first = first.filter_map(|rule| match rule.priority {
            Priority::Numbered(number) => Some(number),
            Priority::Default => None,
        });
        if let Some(first) = first.min().filter(|first| *first < priority) {
            reasons.push(Reason::PriorityTooLow {
                what,
                port,
                priority,
                first,
                setting,
            });
        }
        reasons
    }
}

/// The group of a generation, which must exist and be fit to be changed.
pub(super) fn group_of<'a>(context: &'a Context<'_>, standing: &Standing) -> Result<&'a Group, Vec<Reason>> {
    let group = present_group(context, standing)?;
    let mut reasons = untouchable(group);
    if let Some(refresh) = group.refreshing() {
        reasons.push(Reason::Refreshing {
            group: group.name.clone(),
            status: refresh.status.clone(),
        });
    }
    if reasons.is_empty() {
        Ok(group)
    } else {
        Err(reasons)
    }
}

/// The group of a generation, which must exist.
pub(super) fn present_group<'a>(
    context: &'a Context<'_>,
    standing: &Standing,
) -> Result<&'a Group, Vec<Reason>> {
    standing
        .group
        .as_ref()
        .and_then(|name| context.estate.group(name))
        .ok_or_else(|| match &standing.target_group {
            Some(target_group) => Reason::NoGroup {
                generation: standing.generation,
                target_group: target_group.clone(),
            },
            None => Reason::NoSuchGeneration {
                generation: standing.generation,
            },
        })
        .map_err(|reason| vec![reason])
}

/// Why nobody may change a group now.
pub(super) fn untouchable(group: &Group) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if let Some(operator) = &group.operator {
        reasons.push(Reason::Operated {
            group: group.name.clone(),
            operator: operator.clone(),
        });
    }
    if group.deleting {
        reasons.push(Reason::Deleting {
            group: group.name.clone(),
        });
    }
    reasons
}

/// What stands against cloning live.
pub(super) fn cloneable(context: &Context<'_>, original: &Group, reasons: &mut Vec<Reason>) {
    if let Launch::Configuration { name } = &original.launch {
        reasons.push(Reason::LaunchConfiguration {
            group: original.name.clone(),
            name: name.clone(),
        });
    }
    let extra: Vec<String> = original
        .other_traffic
        .iter()
        .cloned()
        .chain(original.target_groups.iter().skip(1).map(ToString::to_string))
        .collect();
    if !extra.is_empty() {
        reasons.push(Reason::ExtraTraffic {
            group: original.name.clone(),
            what: extra.join(", "),
        });
    }
    for part in [
        Part::Attachments,
        Part::Alarms,
        Part::TargetGroupAttributes,
        Part::Refreshes,
        Part::Templates,
    ] {
        unseen(context.estate, part, reasons);
    }
    let used: BTreeSet<_> = context
        .estate
        .rules()
        .flat_map(|rule| rule.action.shares())
        .map(|share| &share.target_group)
        .collect();
    if used.len() >= TARGET_GROUPS_PER_LOAD_BALANCER {
        reasons.push(Reason::TooManyTargetGroups {
            would: used.len() + 1,
            limit: TARGET_GROUPS_PER_LOAD_BALANCER,
        });
    }
}

/// Refuses what will have to see a part of the estate that we are not allowed to see. One that only could not be seen
/// for a moment is looked at again when its time comes.
pub(super) fn denied(estate: &Estate, part: Part) -> Option<Reason> {
    let gap = estate.gaps.iter().find(|gap| gap.part == part && gap.denied)?;
    Some(Reason::unseen(gap))
}

/// Refuses what depends on a part of the estate that could not be seen.
pub(super) fn unseen(estate: &Estate, part: Part, reasons: &mut Vec<Reason>) {
    if let Some(gap) = estate.gap(part) {
        reasons.push(Reason::unseen(gap));
    }
}
