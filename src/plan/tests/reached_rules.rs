//! Steps about rules and about live, each with the change that brings its end about.

use super::*;
use crate::model::estate::{Launch, TemplateVersion};
use crate::model::fixtures::{asg, entrance, group_mut, rule_mut};
use crate::model::fixtures::{release, tg, to};
use crate::model::ids::TemplateId;
use crate::model::routing::{Asks, RulePlace};
use crate::model::step::{Expected, Pinned, Purpose, Step};
use std::time::Duration;

type Change = fn(&mut Estate);

pub(super) fn place(estate: &Estate, priority: Priority) -> RulePlace {
    estate
        .rules()
        .find(|rule| rule.priority == priority)
        .expect("the rule exists")
        .at()
}

/// Steps about rules, and about live.
pub(super) fn of_rules(estate: &Estate) -> Vec<(Step, Change)> {
    let door = place(estate, Priority::Numbered(fixtures::GREEN));
    vec![
        (
            Step::Point {
                rule: place(estate, Priority::Default),
                purpose: Purpose::Route,
                before: to(1),
                after: to(2),
                sticky: None,
                when: String::new(),
            },
            |estate| rule_mut(estate, 80, Priority::Default).action = to(2),
        ),
        (
            Step::Confirm {
                expect: vec![
                    Expected {
                        port: 80,
                        priority: Priority::Default,
                        action: to(2),
                        sticky: None,
                    },
                    Expected {
                        port: 80,
                        priority: Priority::Numbered(fixtures::GREEN),
                        action: to(2),
                        sticky: None,
                    },
                ],
                times: 1,
                propagation: Duration::ZERO,
            },
            |estate| rule_mut(estate, 80, Priority::Default).action = to(2),
        ),
        (
            Step::CreateRule {
                port: 80,
                priority: fixtures::ENTRANCE,
                purpose: Purpose::Entrance,
                asks: Asks::Secret("X-Swingbridge".into()),
                action: to(1),
            },
            |estate| fixtures::add_rule(estate, entrance(to(1))),
        ),
        (
            Step::DeleteRule {
                rule: door.clone(),
                purpose: Purpose::GreenDoor,
            },
            |estate| {
                fixtures::remove_rule(estate, 80, Priority::Numbered(fixtures::GREEN));
            },
        ),
        (Step::AdoptRule { rule: door }, |estate| {
            *estate = doors_are_ours(estate.clone())
        }),
        (Step::OpenStaging { target_group: tg(9) }, |estate| {
            fixtures::add_rule(estate, fixtures::lock_rule(&fixtures::holder(), to(9)));
        }),
        (
            Step::Pin {
                group: asg(1),
                versions: vec![Pinned {
                    template: TemplateId::from("lt-1"),
                    from: "$Latest".into(),
                    to: 8,
                }],
            },
            |estate| set_version(estate, "8"),
        ),
        (
            Step::BuildTemplateVersion {
                template: TemplateId::from("lt-1"),
                template_name: "shop".into(),
                source: 7,
                release: release("42"),
                root_device: None,
            },
            |estate| {
                estate.templates[0].versions.push(TemplateVersion {
                    number: 9,
                    description: Some(release("42").version_description(fixtures::APP)),
                    image: None,
                    user_data: None,
                });
            },
        ),
    ]
}

pub(super) fn set_version(estate: &mut Estate, version: &str) {
    let Launch::Template { uses, .. } = &mut group_mut(estate, 1).launch else {
        panic!("the fixture has a template");
    };
    uses[0].version = version.into();
}
