//! Tests of variants: what is planned at each of their moments, and what holds of any such plan.

use proptest::prelude::{Just, Strategy as _};
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::arbitrary::{Scene, intents, policies, scenes_of};
use super::properties::{is_planned_alike_or_refused_with_a_way_out, takes_its_steps_in_order};
use super::*;
use crate::cases::cases;
use crate::model::ab::{By, Pick, Test};
use crate::model::ab_reason::AbReason;
use crate::model::doors::UserDoor;
use crate::model::estate::TargetState;
use crate::model::fixtures::{
    bold_wins, minute, policy_of, test, test_by_header, test_running, test_running_by_header, variants_ready,
};
use crate::model::routing::{Action, Share};
use crate::model::step::{Purpose, Step};
use crate::plan::safe;

fn winner(name: &str) -> Intent {
    Intent::Winner { name: name.into() }
}

fn of(estate: Estate) -> Estate {
    doors_are_ours(estate)
}

#[test]
fn a_test_is_begun_with_every_variant_held_matched_and_healthy() {
    let all = titles(&of(variants_ready()), &Intent::Promote, &policy_of(test()));
    assert_eq!(
        all,
        [
            "hold asg-1 from scaling in",
            "wait for as many healthy targets in tg-2 as asg-2 has capacity",
            "wait for as many healthy targets in tg-3 as asg-3 has capacity",
            "mark generation 2 as promoting",
            "mark generation 3 as promoting",
            "shift :80 default rule: tg-1 → tg-1:40 tg-2:30 tg-3:30, sticky for 604800 s",
            "read the rule back until it agrees",
            "remove the entrance at :80 rule 2",
            "write down that bold takes part in the test, with weight 30",
            "write down that calm takes part in the test, with weight 30",
            "let the test run for 336h, and wait for a person to name the winner",
        ]
    );
    let all = titles(
        &of(variants_ready()),
        &Intent::Promote,
        &policy_of(test_by_header()),
    );
    assert_eq!(
        all[5..],
        [
            "create the variant's rule as :80 rule 5, x-variant=bold → tg-2",
            "create the variant's rule as :80 rule 6, x-variant=calm → tg-3",
            "read all 3 rules back until they agree",
            "remove the entrance at :80 rule 2",
            "write down that bold takes part in the test",
            "write down that calm takes part in the test",
            "let the test run for 336h, and wait for a person to name the winner",
        ]
    );
}

#[test]
fn a_test_that_is_begun_without_an_entrance_needs_none_but_for_a_live_that_takes_no_part() {
    let mut estate = of(variants_ready());
    estate.listeners[0]
        .rules
        .retain(|rule| rule.priority != Priority::Numbered(fixtures::ENTRANCE));
    let mut alone = test();
    alone.variants.remove(0);
    for (test, kept, left) in [
        (test(), "tg-2 and tg-3", None),
        (
            alone,
            "tg-2 and tg-3 and tg-1",
            Some("create the entrance as :80 rule 2 → tg-1"),
        ),
    ] {
        let all = titles(&estate, &Intent::Promote, &policy_of(test));
        let kept = format!("keep {kept} in use while this runs, neither cut off nor unchecked");
        assert!(all.contains(&kept), "{all:#?}");
        let entrances: Vec<&str> = all
            .iter()
            .map(String::as_str)
            .filter(|title| title.contains("entrance"))
            .collect();
        assert_eq!(entrances, left.as_slice(), "{all:#?}");
    }
}

#[test]
fn a_winner_gets_everything_before_the_others_go() {
    let all = titles(&of(test_running()), &winner("calm"), &policy_of(test()));
    assert_eq!(
        all,
        [
            "wait for as many healthy targets in tg-3 as asg-3 has capacity",
            "write down that calm has won",
            "create the entrance as :80 rule 2 → tg-1",
            "swing :80 default rule: tg-1:40 tg-2:30 tg-3:30 → tg-3",
            "point the blue door at :80 rule 10: tg-1 → tg-3",
            "read all 4 rules back until they agree",
            "mark generation 2 as lost",
            "mark generation 3 as live",
            "mark generation 1 as previous",
            "release asg-3: undo what was held",
            "scale asg-2 down to 0",
            "wait until asg-2 has drained and is empty",
            "delete asg-2",
            "delete tg-2",
        ]
    );
    let goes_on = titles(&of(bold_wins()), &winner("bold"), &policy_of(test()));
    assert_eq!(
        goes_on[..4],
        [
            "wait for as many healthy targets in tg-2 as asg-2 has capacity",
            "create the entrance as :80 rule 2 → tg-1",
            "point the blue door at :80 rule 10: tg-1 → tg-2",
            "read all 4 rules back until they agree",
        ]
    );
    assert_eq!(
        titles(&of(bold_wins()), &Intent::Promote, &policy_of(test())),
        goes_on,
        "promote finishes it"
    );
    assert_eq!(
        reasons(&of(bold_wins()), &winner("calm"), &policy_of(test())),
        [Reason::Ab(AbReason::WonAlready {
            variant: "bold".into()
        })]
    );
}

#[test]
fn a_test_that_is_over_is_waited_for_again_by_repair_only_if_a_measure_picks() {
    let mut estate = of(test_running());
    let mut tested = test();
    assert!(planned(&estate, &Intent::Repair, &policy_of(tested.clone())).is_empty());
    tested.pick = Some(Pick {
        rule: "latency-p95".into(),
        higher: false,
        confidence: 0.95,
    });
    let repair = |estate: &Estate| titles(estate, &Intent::Repair, &policy_of(tested.clone()));
    assert_eq!(repair(&estate), Vec::<String>::new(), "it runs");
    estate.observed_at = minute(14 * 24 * 60);
    assert_eq!(
        repair(&estate),
        ["let the test run for 336h, and wait for latency-p95 or a person to name the winner"]
    );
}

#[test]
fn a_crowded_rule_and_a_taken_priority_are_refused_before_anything_is_changed() {
    let mut estate = of(variants_ready());
    let strange = ["a", "b", "c"].map(|name| Share {
        target_group: name.into(),
        weight: 0,
    });
    let shares = std::iter::once(Share {
        target_group: fixtures::tg(1),
        weight: 1,
    });
    let shares = shares.chain(strange).collect();
    fixtures::point(&mut estate, 80, Priority::Default, Action::Forward { shares });
    assert_eq!(
        reasons(&estate, &Intent::Promote, &policy_of(test())),
        [Reason::Ab(AbReason::TooManyShares {
            rule: ":80 default rule".into(),
            would: 6,
            limit: 5
        })]
    );
    for (priority, first) in [(fixtures::BLUE, None), (60, Some(50))] {
        let mut estate = of(variants_ready());
        let route = fixtures::rule(
            80,
            Priority::Numbered(50),
            &[fixtures::path("/api/*")],
            fixtures::to(1),
        );
        estate.listeners[0].rules.insert(2, route);
        let mut policy = policy_of(test());
        policy.user_doors = vec![UserDoor {
            priority,
            ..beta("bold")
        }];
        let found = reasons(&estate, &Intent::Promote, &policy);
        let setting = "the priority of beta under [doors]";
        let expected = match (&found[..], first) {
            ([Reason::PriorityTaken { setting: said, .. }], None) => said == setting,
            (
                [
                    Reason::PriorityTooLow {
                        setting: said,
                        first,
                        what,
                        ..
                    },
                ],
                Some(other),
            ) => said == setting && *first == other && what == "the door for beta",
            _ => false,
        };
        assert!(expected, "{priority}: {found:?}");
    }
    let mut nowhere = policy_of(test());
    nowhere.user_doors = vec![UserDoor {
        ports: vec![8443],
        ..beta("bold")
    }];
    assert!(matches!(
        reasons(&of(variants_ready()), &Intent::Promote, &nowhere)[..],
        [Reason::NoListener { port: 8443, .. }]
    ));
    let mut by_header = test_by_header();
    by_header.variants[1].priority = Some(fixtures::BLUE);
    assert!(matches!(
        reasons(&of(variants_ready()), &Intent::Promote, &policy_of(by_header))[..],
        [Reason::PriorityTaken {
            priority: fixtures::BLUE,
            ..
        }]
    ));
}

/// Some of the users, who meet this variant.
fn beta(variant: &str) -> UserDoor {
    UserDoor {
        name: "beta".into(),
        priority: 8,
        condition: fixtures::header("x-beta", "yes"),
        ports: vec![80],
        variant: Some(variant.into()),
    }
}

fn tests() -> impl proptest::strategy::Strategy<Value = Test> {
    let weights = (1..=999_u32, 1..=999_u32, 1..=999_u32);
    let pick = proptest::option::of(Just(Pick {
        rule: "latency-p95".into(),
        higher: false,
        confidence: 0.9,
    }));
    (select(vec![test(), test_by_header()]), weights, pick, 0..4_u8).prop_map(
        |(mut test, (a, b, c), pick, alone)| {
            if test.shares() {
                for (variant, weight) in test.variants.iter_mut().zip([a, b, c]) {
                    variant.weight = weight;
                }
            }
            // Now and then live takes no part in it.
            if alone == 0 && matches!(test.by, By::Weight { .. }) {
                test.variants.remove(0);
            }
            test.pick = pick;
            test
        },
    )
}

fn scenes() -> impl proptest::strategy::Strategy<Value = Scene> {
    let begun = vec![
        variants_ready(),
        test_running(),
        test_running(),
        test_running_by_header(),
        bold_wins(),
    ];
    let led = proptest::option::of(select(vec!["control", "bold", "calm"]));
    let policies = (policies(), tests(), led).prop_map(|(policy, test, led)| Policy {
        strategy: Strategy::Ab,
        shift: None,
        user_doors: led.map(beta).into_iter().collect(),
        ab: Some(test),
        ..policy
    });
    let as_variant = select(vec!["bold", "calm", "loud"]).prop_map(|name| {
        let mut release = fixtures::release("43");
        release.variant = Some(name.into());
        Intent::Deploy { release }
    });
    let intents = prop_oneof![
        3 => Just(Intent::Promote),
        4 => select(vec!["control", "bold", "calm", "loud"]).prop_map(winner),
        2 => as_variant,
        2 => Just(Intent::Abort),
        2 => select(vec![2, 3]).prop_map(|n| retire(Some(n))),
        4 => intents(),
    ];
    scenes_of(begun, policies, intents)
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn any_test_is_planned_or_refused_with_a_way_out_and_always_alike(scene in scenes()) {
        is_planned_alike_or_refused_with_a_way_out(&scene)?;
    }

    #[test]
    fn no_test_takes_its_steps_in_an_order_that_hurts(scene in scenes()) {
        takes_its_steps_in_order(&scene)?;
    }

    #[test]
    fn every_route_is_shared_by_the_weights_that_are_configured(test in tests()) {
        let estate = of(variants_ready());
        let plan = planned(&estate, &Intent::Promote, &policy_of(test.clone()));
        let live = std::iter::once(("control", fixtures::tg(1)));
        let deployed = [("bold", fixtures::tg(2)), ("calm", fixtures::tg(3))];
        let target_groups: std::collections::BTreeMap<_, _> = live.chain(deployed).collect();
        let routes: Vec<&Action> = plan
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Point { purpose: Purpose::Route, after, .. } => Some(after),
                _ => None,
            })
            .collect();
        prop_assert_eq!(routes.len(), usize::from(test.shares()));
        for action in routes {
            let expected: Vec<Share> = test
                .variants
                .iter()
                .map(|variant| Share {
                    target_group: target_groups[variant.name.as_str()].clone(),
                    weight: variant.weight,
                })
                .collect();
            prop_assert_eq!(action.shares(), expected);
        }
    }

    #[test]
    fn a_variant_in_which_nobody_is_healthy_is_given_no_share(test in tests(), sick in 2..=3_u32) {
        let mut estate = of(variants_ready());
        let plan = planned(&estate, &Intent::Promote, &policy_of(test));
        for target in &mut fixtures::target_group_mut(&mut estate, sick).targets {
            target.state = TargetState::Unhealthy;
        }
        let leads = |action: &Action| action.shares().iter().any(|share| share.target_group == fixtures::tg(sick) && share.weight > 0);
        for step in &plan.steps {
            let share = match step {
                Step::Point { purpose: Purpose::Route, after, .. } => leads(after),
                Step::CreateRule { purpose: Purpose::Variant, action, .. } => leads(action),
                _ => false,
            };
            prop_assert!(!share || safe(step, &estate).is_err(), "{}", step.title());
        }
    }
}

/// A property that is only ever tried on refusals holds of nothing.
#[test]
fn the_scenes_lead_to_plans_of_every_kind() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::new(cases(1));
    let (strategy, mut words) = (scenes(), std::collections::BTreeMap::new());
    for _ in 0..3000 {
        let scene = strategy.new_tree(&mut runner).expect("a scene").current();
        if plan(&scene.estate, &scene.intent, &scene.policy).is_ok_and(|plan| !plan.is_empty()) {
            *words.entry(scene.intent.word()).or_insert(0) += 1;
        }
    }
    for word in ["promote", "winner", "deploy", "rollback", "abort", "retire"] {
        assert!(
            words.get(word).is_some_and(|count| *count >= 5),
            "{word}: {words:?}"
        );
    }
}
