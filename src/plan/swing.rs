//! Steps that change where rules send requests: routes and the entrance; and the read-back of all that is written.

use super::{Context, stages};
use crate::model::ids::TargetGroupName;
use crate::model::policy::Treatment;
use crate::model::routing::{Action, Asks, Priority, Rule, Share, Sticky};
use crate::model::step::{Expected, Purpose, Step};

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
        std::iter::once(&roles.live)
            .chain(&roles.candidate)
            .chain(&roles.previous)
            .chain(&roles.others)
            .any(|standing| standing.target_group.as_ref() == Some(name))
    };
    rule.action
        .shares()
        .iter()
        .filter(move |share| share.weight == 0 && !is_generation(&share.target_group))
        .cloned()
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
            asks: Asks::Secret(ENTRANCE_HEADER.into()),
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

/// The same, unless the steps change nothing that a request could have met.
pub(super) fn confirmed(context: &Context<'_>, steps: &[Step]) -> Option<Step> {
    let read = confirm(context, steps);
    let nothing = matches!(&read, Step::Confirm { expect, .. } if expect.is_empty());
    let closes = |step: &Step| {
        matches!(
            step,
            Step::DeleteRule {
                purpose: Purpose::UserDoor,
                ..
            }
        )
    };
    (!nothing || steps.iter().any(closes)).then_some(read)
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
