//! Steps that change where rules send requests: routes, doors and the entrance.

use super::{Context, stages};
use crate::model::ab::PER_RULE;
use crate::model::ids::TargetGroupName;
use crate::model::policy::{Doors, Treatment};
use crate::model::routing::{Action, Priority, Rule, Share, Sticky};
use crate::model::step::{Expected, Purpose, Step};
use crate::model::tags;

/// The header that the entrance and the lock ask for; its value is unguessable.
pub const ENTRANCE_HEADER: &str = "x-swingbridge-entrance";

/// Every route, in order, to one target group.
pub(super) fn routes(context: &Context<'_>, to: &TargetGroupName) -> Vec<Step> {
    context
        .roles
        .routes
        .iter()
        .map(|rule| {
            let mut step = point(rule, Purpose::Route, route(context, rule, to));
            if let Step::Point { sticky, .. } = &mut step {
                *sticky = stages::when_whole(context, rule.sticky);
            }
            step
        })
        .collect()
}

/// The same steps for routes that earlier ones will have left like this.
pub(super) fn continue_from(context: &Context<'_>, steps: &mut [Step], left: &[(Action, Sticky)]) {
    let routes = context.roles.routes.iter().zip(left);
    for (rule, (action, stickiness)) in routes {
        for step in steps.iter_mut() {
            match step {
                Step::Point {
                    rule: at,
                    purpose: Purpose::Route,
                    before,
                    sticky,
                    ..
                } if at.arn == rule.arn => {
                    before.clone_from(action);
                    *sticky = stages::when_whole(context, *stickiness);
                }
                Step::Confirm { expect, .. } => {
                    let place = (rule.port, rule.priority);
                    for expected in expect.iter_mut().filter(|it| (it.port, it.priority) == place) {
                        expected.sticky = stages::when_whole(context, *stickiness);
                    }
                }
                _ => {}
            }
        }
    }
}

/// One target group gets every request. Somebody else's that waits in the rule at weight 0 stays in it.
fn route(context: &Context<'_>, rule: &Rule, to: &TargetGroupName) -> Action {
    Action::Forward {
        shares: Action::to(to)
            .shares()
            .iter()
            .cloned()
            .chain(bystanders(context, rule))
            .collect(),
    }
}

/// Somebody else's target groups that wait in a rule at weight 0.
pub(super) fn bystanders<'a>(context: &'a Context<'_>, rule: &'a Rule) -> impl Iterator<Item = Share> + 'a {
    let roles = &context.roles;
    let is_generation = move |name: &TargetGroupName| {
        roles
            .all()
            .any(|standing| standing.target_group.as_ref() == Some(name))
    };
    rule.action
        .shares()
        .iter()
        .filter(move |share| share.weight == 0 && !is_generation(&share.target_group))
        .cloned()
}

/// Doors that were there before us become ours. Never part of a way back: that must not wait for tags.
pub(super) fn adopt_doors(context: &Context<'_>) -> Vec<Step> {
    let roles = &context.roles;
    roles
        .blue_doors
        .iter()
        .chain(&roles.green_doors)
        .filter(|rule| !tags::owned_by(&rule.tags, &context.estate.app))
        .map(|rule| Step::AdoptRule { rule: rule.at() })
        .collect()
}

/// The blue door leads to live.
pub(super) fn blue(context: &Context<'_>, to: &TargetGroupName) -> Vec<Step> {
    doors(context, Purpose::BlueDoor, &Action::to(to))
}

pub(super) fn green(context: &Context<'_>, to: &TargetGroupName) -> Vec<Step> {
    doors(context, Purpose::GreenDoor, &Action::to(to))
}

pub(super) fn close_green(context: &Context<'_>) -> Vec<Step> {
    match &context.policy.doors {
        Some(policy) => doors(context, Purpose::GreenDoor, &Action::Fixed(policy.closed.clone())),
        None => Vec::new(),
    }
}

fn doors(context: &Context<'_>, purpose: Purpose, action: &Action) -> Vec<Step> {
    let Some(policy) = &context.policy.doors else {
        return Vec::new();
    };
    let standing = if purpose == Purpose::BlueDoor {
        &context.roles.blue_doors
    } else {
        &context.roles.green_doors
    };
    let mut steps: Vec<Step> = standing
        .iter()
        .map(|rule| point(rule, purpose, action.clone()))
        .collect();
    steps.extend(
        policy
            .ports
            .iter()
            .filter(|port| !standing.iter().any(|rule| rule.port == **port))
            .map(|port| create_door(policy, *port, purpose, action)),
    );
    steps
}

fn create_door(policy: &Doors, port: u16, purpose: Purpose, action: &Action) -> Step {
    let (priority, value) = if purpose == Purpose::BlueDoor {
        (policy.blue_priority, &policy.blue)
    } else {
        (policy.green_priority, &policy.green)
    };
    Step::CreateRule {
        port,
        priority,
        purpose,
        header: policy.header.clone(),
        value: Some(value.clone()),
        action: action.clone(),
    }
}

pub(super) fn point(rule: &Rule, purpose: Purpose, after: Action) -> Step {
    Step::Point {
        rule: rule.at(),
        purpose,
        before: rule.action.clone(),
        after,
        sticky: None,
        when: match purpose {
            // Its value lets whoever reads it in.
            Purpose::Entrance => format!("{ENTRANCE_HEADER}=(hidden)"),
            _ => conditions(rule),
        },
    }
}

fn conditions(rule: &Rule) -> String {
    if rule.conditions.is_empty() {
        return "every other request".into();
    }
    let texts: Vec<String> = rule.conditions.iter().map(ToString::to_string).collect();
    texts.join(" and ")
}

/// Keeps waiting generations health-checked: one rule that names them, or none when nobody waits.
/// Requests that know its header reach the first.
pub(super) fn entrance(context: &Context<'_>, waiting: &[TargetGroupName]) -> Vec<Step> {
    let rule = context.roles.entrance;
    if waiting.is_empty() {
        return rule
            .map(|rule| Step::DeleteRule {
                rule: rule.at(),
                purpose: Purpose::Entrance,
            })
            .into_iter()
            .collect();
    }
    let action = Action::Forward {
        shares: waiting
            .iter()
            .take(PER_RULE)
            .enumerate()
            .map(|(place, target_group)| Share {
                target_group: target_group.clone(),
                weight: u32::from(place == 0),
            })
            .collect(),
    };
    vec![match rule {
        Some(rule) => point(rule, Purpose::Entrance, action),
        None => Step::CreateRule {
            port: context.policy.lock.port,
            priority: context.policy.entrance,
            purpose: Purpose::Entrance,
            header: ENTRANCE_HEADER.into(),
            value: None,
            action,
        },
    }]
}

/// The previous generation, if its target group is to stay health-checked.
pub(super) fn waits_for_return(
    context: &Context<'_>,
    target_group: Option<&TargetGroupName>,
) -> Option<TargetGroupName> {
    match context.policy.after_promotion.previous {
        Treatment::Keep | Treatment::Scale(_) => target_group.cloned(),
        Treatment::Retire => None,
    }
}

/// Reads back every rule that the steps write.
pub(super) fn confirm(context: &Context<'_>, steps: &[Step]) -> Step {
    let mut expect: Vec<Expected> = Vec::new();
    for step in steps {
        let expected = match step {
            Step::Point {
                rule, after, sticky, ..
            } => Expected {
                port: rule.port,
                priority: rule.priority,
                action: after.clone(),
                sticky: *sticky,
            },
            Step::CreateRule {
                port,
                priority,
                action,
                ..
            } => Expected {
                port: *port,
                priority: Priority::Numbered(*priority),
                action: action.clone(),
                sticky: None,
            },
            _ => continue,
        };
        expect.retain(|other| (other.port, other.priority) != (expected.port, expected.priority));
        expect.push(expected);
    }
    Step::Confirm {
        expect,
        times: context.policy.swing.confirmations,
        propagation: context.policy.swing.propagation,
    }
}
