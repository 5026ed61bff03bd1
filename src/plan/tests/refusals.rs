//! What every planner refuses: routes that cannot be read, places that are taken, things unseen.

use super::*;
use crate::model::estate::{Gap, Part};
use crate::model::fixtures::{closed, initial, point, policy, promoted, rule, to};
use crate::model::policy::RouteSelection;
use crate::model::routing::{Action, Share};

/// Every intent there is: what all of them refuse is asked of each.
fn intents() -> Vec<Intent> {
    vec![
        deploy("43"),
        Intent::Promote,
        rollback(),
        rollback_to(1),
        Intent::Abort,
        retire(None),
        Intent::Repair,
    ]
}

pub(super) fn all_refuse(estate: &Estate, policy: &Policy, expected: &[Reason]) {
    for intent in intents() {
        assert_eq!(reasons(estate, &intent, policy), expected, "{}", intent.word());
    }
}

fn shares(all: &[(&str, u32)]) -> Action {
    Action::Forward {
        shares: all
            .iter()
            .map(|(name, weight)| Share {
                target_group: (*name).into(),
                weight: *weight,
            })
            .collect(),
    }
}

#[test]
fn nobody_is_live_when_no_route_forwards_to_a_generation() {
    let mut estate = without_doors(initial());
    for nowhere in [closed(503), shares(&[("tg-1", 0)]), to(9)] {
        point(&mut estate, 80, Priority::Default, nowhere);
        all_refuse(
            &estate,
            &doorless(),
            &[Reason::NoLive {
                patterns: "tg-{n}".into(),
            }],
        );
    }
}

#[test]
fn weights_or_rules_that_disagree_are_a_split() {
    let mut weights = promoted();
    point(
        &mut weights,
        80,
        Priority::Default,
        shares(&[("tg-1", 10), ("tg-2", 90)]),
    );
    let mut rules = promoted();
    fixtures::add_rule(
        &mut rules,
        rule(80, Priority::Numbered(20), &[fixtures::path("/api/*")], to(1)),
    );
    for (estate, found) in [
        (weights, vec![":80 default rule → tg-1:10 tg-2:90"]),
        (rules, vec![":80 rule 20 → tg-1", ":80 default rule → tg-2"]),
    ] {
        let expected = Reason::SplitRoutes {
            generations: vec!["generation 1".into(), "generation 2".into()],
            rules: found.into_iter().map(str::to_owned).collect(),
        };
        all_refuse(&estate, &policy(), &[expected]);
    }
}

#[test]
fn a_route_shared_with_somebody_else_is_refused() {
    let mut estate = initial();
    point(
        &mut estate,
        80,
        Priority::Default,
        shares(&[("tg-1", 50), ("other-app", 50)]),
    );
    let expected = Reason::MixedRoute {
        rule: ":80 default rule".into(),
        others: "other-app".into(),
    };
    all_refuse(&estate, &policy(), &[expected]);
}

#[test]
fn a_listed_route_that_forwards_nowhere_or_does_not_exist_is_refused() {
    let mut policy = policy();
    policy.routes = RouteSelection::Listed(vec![
        (80, Priority::Numbered(77)),
        (80, Priority::Default),
        (443, Priority::Default),
    ]);
    all_refuse(
        &initial(),
        &policy,
        &[
            Reason::NoSuchRoute {
                place: ":80 rule 77".into(),
            },
            Reason::NoSuchRoute {
                place: ":443 default rule".into(),
            },
        ],
    );
    let mut estate = initial();
    fixtures::add_rule(
        &mut estate,
        rule(80, Priority::Numbered(77), &[fixtures::path("/old")], closed(410)),
    );
    policy.routes = RouteSelection::Listed(vec![(80, Priority::Numbered(77)), (80, Priority::Default)]);
    all_refuse(
        &estate,
        &policy,
        &[Reason::MixedRoute {
            rule: ":80 rule 77".into(),
            others: "closed (410)".into(),
        }],
    );
}

#[test]
fn without_the_tags_nobody_knows_what_is_ours() {
    for part in [Part::TargetGroupTags, Part::RuleTags] {
        let mut estate = promoted();
        estate.gaps.push(gap(part));
        all_refuse(&estate, &policy(), &[unseen(part, false)]);
    }
}

#[test]
fn a_deploy_refuses_what_it_would_copy_unseen_and_a_rollback_does_not_care() {
    for part in [
        Part::Attachments,
        Part::Alarms,
        Part::TargetGroupAttributes,
        Part::Refreshes,
        Part::Templates,
    ] {
        let mut estate = promoted();
        estate.gaps.push(gap(part));
        assert_eq!(reasons(&estate, &deploy("43"), &policy()), [unseen(part, false)]);
        assert_eq!(
            titles(&estate, &rollback(), &policy()),
            titles(&promoted(), &rollback(), &policy()),
            "a rollback at night depends on none of it"
        );
    }
}

#[test]
fn what_a_run_will_have_to_see_and_may_not_is_refused_before_anything_is_changed() {
    let not_allowed = |part| {
        let mut estate = promoted();
        estate.gaps.push(Gap {
            denied: true,
            passes: false,
            ..gap(part)
        });
        estate
    };
    let health = not_allowed(Part::TargetHealth);
    all_refuse(&health, &policy(), &[unseen(Part::TargetHealth, true)]);
    for part in [Part::Attachments, Part::Alarms] {
        let estate = not_allowed(part);
        let retire = Intent::Retire { generation: None };
        assert_eq!(reasons(&estate, &retire, &policy()), [unseen(part, true)]);
        assert_eq!(
            titles(&estate, &rollback(), &policy()),
            titles(&promoted(), &rollback(), &policy()),
            "a rollback that removes nothing needs none of it"
        );
    }
    // What only could not be seen for a moment is looked at again.
    let mut passing = promoted();
    passing.gaps.push(gap(Part::TargetHealth));
    assert_eq!(
        titles(&passing, &rollback(), &policy()),
        titles(&promoted(), &rollback(), &policy())
    );
}

fn gap(part: Part) -> Gap {
    Gap {
        part,
        about: "shop".into(),
        error: "AccessDenied".into(),
        denied: false,
        passes: true,
    }
}

fn unseen(part: Part, denied: bool) -> Reason {
    Reason::Unseen {
        part,
        about: "shop".into(),
        error: "AccessDenied".into(),
        denied,
    }
}

#[test]
fn a_rollback_that_is_half_way_is_finished_before_anything_else() {
    let mut estate = promoted();
    fixtures::mark(
        &mut estate,
        2,
        crate::model::standing::State::RollingBack,
        Some(1),
    );
    fixtures::add_rule(
        &mut estate,
        fixtures::rule(
            80,
            Priority::Numbered(20),
            &[fixtures::path("/api/*")],
            fixtures::to(1),
        ),
    );
    for intent in intents() {
        match intent {
            Intent::Rollback { .. } | Intent::Repair => {
                planned(&estate, &intent, &policy());
            }
            _ => assert_eq!(
                reasons(&estate, &intent, &policy()),
                [Reason::RollbackHalfWay { to: Generation(1) }]
            ),
        }
    }
}

#[test]
fn a_rollback_that_was_given_up_before_it_moved_anything_stops_nobody() {
    let mut estate = promoted();
    fixtures::mark(
        &mut estate,
        2,
        crate::model::standing::State::RollingBack,
        Some(1),
    );
    planned(&estate, &super::deploy("43"), &policy());
    planned(&estate, &Intent::Retire { generation: None }, &policy());
}

#[test]
fn a_promotion_from_a_generation_that_serves_nothing_does_not_explain_a_split() {
    let mut estate = fixtures::halfway();
    fixtures::mark(&mut estate, 2, crate::model::standing::State::Promoting, Some(7));
    assert!(matches!(
        reasons(&estate, &Intent::Promote, &policy()).as_slice(),
        [Reason::SplitRoutes { .. }]
    ));
}
