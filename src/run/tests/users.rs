//! Doors for some of the users: whom they lead to with each strategy, and that nothing is left of them afterwards.

use super::ab;
use super::*;
use crate::model::doors::UserDoor;
use crate::model::hook::Place;
use crate::model::plan::Plan;
use crate::model::routing::Condition;
use crate::model::step::Step;
use crate::run::{Stayed, stay};

/// Beta testers by a header, and an office by its addresses.
fn with_users(policy: Policy, variant: Option<&str>) -> Policy {
    let door = |name: &str, priority, condition| UserDoor {
        name: name.into(),
        priority,
        condition,
        ports: vec![80],
        variant: variant.map(str::to_owned),
    };
    Policy {
        user_doors: vec![
            door("beta", 13, fixtures::header("x-beta", "yes")),
            door(
                "the office",
                14,
                Condition::Source {
                    values: vec!["203.0.113.0/24".into()],
                },
            ),
        ],
        ..policy
    }
}

/// Beta testers who say one of these.
fn beta(values: &[&str]) -> Condition {
    Condition::Header {
        name: "x-beta".into(),
        values: values.iter().map(ToString::to_string).collect(),
    }
}

/// Where the rules of such a purpose lead.
fn led(world: &World, policy: &Policy) -> Vec<String> {
    let estate = world.now();
    let roles = Roles::of(&estate, policy).expect("roles");
    let doors = roles.user_doors.iter().chain(&roles.variant_rules);
    doors
        .map(|rule| format!("{} {} → {}", rule.at(), rule.conditions[0], rule.action))
        .collect()
}

fn both_lead_to(target_group: &str) -> [String; 2] {
    [
        format!(":80 rule 13 x-beta=yes → {target_group}"),
        format!(":80 rule 14 source 203.0.113.0/24 → {target_group}"),
    ]
}

/// What comes in a plan, in this order: a door opens, one closes, production moves, a hook is called.
fn order(plan: &Plan) -> Vec<&'static str> {
    let steps = plan.steps.iter();
    steps
        .filter_map(|step| match step {
            Step::Hook { .. } => Some("hook"),
            _ if step.moves_production() => Some("production"),
            _ if step.leads_somebody() => Some("door"),
            _ => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn some_users_reach_the_candidate_for_as_long_as_there_is_one() {
    let policy = with_users(quick(), None);
    for end in [Intent::Promote, rollback(), Intent::Abort, rollback_and_remove()] {
        let world = World::new(fixtures::initial());
        must(&world, &deploy("42"), &policy).await;
        assert_eq!(led(&world, &policy), both_lead_to("tg-2"));
        must(&world, &end, &policy).await;
        assert!(led(&world, &policy).is_empty(), "after {}", end.word());
        nothing_broken(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn some_users_meet_a_direct_release_while_a_gate_holds_the_others_back_and_nothing_is_left_of_it() {
    let mut policy = with_users(quick(), None);
    policy.strategy = Strategy::Direct;
    policy.swing.hold = Duration::ZERO;
    let world = World::new(fixtures::initial());
    let gated = Policy {
        hooks: vec![fixtures::hook(Place::BeforePromote)],
        ..policy.clone()
    };
    let plan = plan::plan(&world.now(), &deploy("42"), &gated).expect("a plan");
    assert_eq!(order(&plan), ["door", "door", "hook", "production"]);
    let found = world.now();
    let plan = plan::plan(&found, &deploy("42"), &policy).expect("a plan");
    must(&world, &deploy("42"), &policy).await;
    assert_eq!(live(&world, &policy), 2);
    assert_eq!(led(&world, &policy), both_lead_to("tg-2"));
    let (_stopper, interrupt) = Interrupt::pair();
    let finish = async |_: Plan, _: Estate| {
        let verdict = run(&world, &Intent::Repair, &policy, true).await;
        verdict.expect("nobody killed it").code
    };
    let stayed = stay(&world, &scope(), (&plan, &found), &interrupt, |_| {}, finish).await;
    assert_eq!(stayed, Stayed::Done);
    assert_eq!(led(&world, &policy), Vec::<String>::new());
    let rest = plan::plan(&world.now(), &Intent::Repair, &policy).expect("a plan");
    assert!(rest.is_empty(), "{:?}", rest.steps);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn doors_of_a_direct_release_that_nobody_could_wait_for_are_gone_with_the_next_command() {
    let mut policy = with_users(quick(), None);
    policy.strategy = Strategy::Direct;
    for next in [deploy("42"), deploy("43"), rollback(), Intent::Repair] {
        let world = World::new(fixtures::initial());
        must(&world, &deploy("42"), &policy).await;
        must(&world, &next, &policy).await;
        assert_eq!(led(&world, &policy), Vec::<String>::new(), "{}", next.word());
        nothing_broken(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn some_users_meet_one_variant_whatever_the_weights_are_and_never_another_on_the_way() {
    for (policy, own) in [(ab::three(), 0), (ab::two_new(), 0), (ab::by_header(), 4)] {
        for (variant, target_group) in [("bold", "tg-2"), ("calm", "tg-3"), ("control", "tg-1")] {
            let policy = with_users(policy.clone(), Some(variant));
            if policy.ab.as_ref().and_then(|test| test.get(variant)).is_none() {
                continue;
            }
            let world = World::new(rich());
            for intent in &ab::both_deployed() {
                ab::goes(&world, intent, &policy).await;
            }
            assert_eq!(led(&world, &policy), Vec::<String>::new(), "nobody is led yet");
            let plan = plan::plan(&world.now(), &Intent::Promote, &policy).expect("a plan");
            let first = order(&plan).iter().position(|what| *what == "production");
            assert!(first.is_none_or(|first| first == 2), "{:?}", order(&plan));
            ab::goes(&world, &Intent::Promote, &policy).await;
            let rules = led(&world, &policy);
            assert_eq!(rules.len(), own + 2, "{rules:?}");
            for one in both_lead_to(target_group) {
                assert!(rules.contains(&one), "{one}: {rules:?}");
            }
            let told = plan.notes.iter().any(|note| {
                let led = format!("beta to {variant}, the office to {variant}");
                note.text.contains(&led)
            });
            assert!(told, "{:?}", plan.notes);
            for end in [ab::winner("calm"), rollback()] {
                let world = ab::begun(&policy).await;
                ab::goes(&world, &end, &policy).await;
                assert_eq!(led(&world, &policy), Vec::<String>::new(), "{}", end.word());
                nothing_broken(&world);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_door_that_is_configured_otherwise_leads_otherwise_after_another_promote() {
    let policy = with_users(ab::three(), Some("bold"));
    let world = ab::begun(&policy).await;
    let moved = with_users(ab::three(), Some("calm"));
    ab::goes(&world, &Intent::Promote, &moved).await;
    assert_eq!(led(&world, &moved), both_lead_to("tg-3"));
    let mut fewer = moved;
    fewer.user_doors.truncate(1);
    // What stands at its place asks for this as well.
    for values in [["yes", "on"].as_slice(), &["yes"], &["on"]] {
        fewer.user_doors[0].condition = beta(values);
        ab::goes(&world, &Intent::Promote, &fewer).await;
        let asked = &fewer.user_doors[0].condition;
        assert_eq!(led(&world, &fewer), [format!(":80 rule 13 {asked} → tg-3")]);
    }
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_door_to_the_candidate_that_asks_for_less_than_before_is_made_anew() {
    let mut policy = with_users(quick(), None);
    policy.user_doors.truncate(1);
    let world = World::new(fixtures::initial());
    for values in [["yes", "on"].as_slice(), &["yes"]] {
        policy.user_doors[0].condition = beta(values);
        must(&world, &deploy("42"), &policy).await;
        let asked = &policy.user_doors[0].condition;
        assert_eq!(led(&world, &policy), [format!(":80 rule 13 {asked} → tg-2")]);
    }
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_door_to_the_candidate_goes_to_where_it_is_configured_and_makes_room_for_another() {
    let mut policy = with_users(quick(), None);
    let world = World::new(fixtures::initial());
    must(&world, &deploy("42"), &policy).await;
    let (beta, office) = (
        policy.user_doors[0].condition.clone(),
        policy.user_doors[1].condition.clone(),
    );
    policy.user_doors[0].condition = office.clone();
    policy.user_doors[1].condition = beta.clone();
    must(&world, &deploy("42"), &policy).await;
    assert_eq!(
        led(&world, &policy),
        [
            format!(":80 rule 13 {office} → tg-2"),
            format!(":80 rule 14 {beta} → tg-2")
        ]
    );
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn doors_for_variants_are_for_nobody_with_another_strategy() {
    let world = World::new(fixtures::initial());
    let policy = with_users(quick(), Some("control"));
    must(&world, &deploy("42"), &policy).await;
    assert_eq!(led(&world, &policy), Vec::<String>::new());
    nothing_broken(&world);
}
