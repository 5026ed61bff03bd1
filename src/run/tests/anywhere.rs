//! Every call of every command is hit once: killed, failed, unanswered. The same command again must
//! end as if nothing had happened.

use std::time::Duration;

use super::colours::by_turns;
use super::{deploy, live, must, no_lock, nothing_broken, quick, rich, rollback, run, shape};
use crate::model::fixtures::by_turns as pair;
use crate::model::plan::Intent;
use crate::model::policy::{AfterRollback, Policy, Strategy, Treatment};
use crate::model::refusal::Reason;
use crate::model::roles::Roles;
use crate::model::routing::Priority;
use crate::plan;
use crate::run::world::{Fault, World};

/// Two releases, one after the other, and more.
fn twice(more: &[Intent]) -> Vec<Intent> {
    let mut all = vec![deploy("42"), Intent::Promote, deploy("43"), Intent::Promote];
    all.extend_from_slice(more);
    all
}

/// The commands of a whole life, each as it is reached by those before it.
fn lives() -> Vec<(&'static str, Policy, Vec<Intent>)> {
    let mut direct = quick();
    direct.strategy = Strategy::Direct;
    let mut doorless = quick();
    doorless.doors = None;
    let mut scaled = quick();
    scaled.after_promotion.previous = Treatment::Scale(1);
    let mut retired = quick();
    retired.after_promotion.previous = Treatment::Retire;
    let remove = Intent::Rollback {
        to: None,
        failed: Some(AfterRollback::Remove),
    };
    let back = vec![deploy("42"), Intent::Promote, rollback(), Intent::Abort];
    vec![
        ("preview", quick(), back.clone()),
        ("without doors", doorless.clone(), back.clone()),
        ("direct", direct.clone(), vec![deploy("42"), remove.clone()]),
        ("scaled", scaled, back),
        ("retired", retired, vec![deploy("42"), Intent::Promote]),
        ("removed", quick(), vec![deploy("42"), remove.clone()]),
        ("pair", pair(quick()), twice(&[rollback(), Intent::Abort])),
        (
            "pair, retired",
            pair(quick()),
            twice(&[Intent::Retire { generation: None }]),
        ),
        (
            "pair, direct",
            pair(direct),
            vec![deploy("42"), deploy("43"), remove, deploy("44")],
        ),
        ("pair, without doors", pair(doorless), twice(&[])),
        (
            "pair, direct by turns",
            pair(Policy {
                strategy: Strategy::Direct,
                ..by_turns(Duration::ZERO)
            }),
            vec![deploy("42"), deploy("43"), deploy("44")],
        ),
        (
            "pair, by turns",
            pair(by_turns(Duration::ZERO)),
            twice(&[rollback(), Intent::Abort]),
        ),
        (
            "by turns",
            by_turns(Duration::from_secs(600)),
            vec![deploy("42"), Intent::Promote, rollback()],
        ),
        (
            "by turns, at once",
            by_turns(Duration::ZERO),
            vec![deploy("42"), Intent::Promote, deploy("43"), Intent::Promote],
        ),
        (
            "twice",
            quick(),
            vec![
                deploy("42"),
                Intent::Promote,
                deploy("43"),
                Intent::Promote,
                Intent::Retire { generation: None },
            ],
        ),
    ]
}

fn begin(policy: &Policy) -> World {
    let mut estate = rich();
    if policy.doors.is_none() {
        for listener in &mut estate.listeners {
            listener
                .rules
                .retain(|rule| ![Priority::Numbered(10), Priority::Numbered(11)].contains(&rule.priority));
        }
    }
    World::new(estate)
}

/// Hits every single changing call of every command with a fault, runs the command again, and
/// expects the same end as without it.
async fn anywhere(fault: Fault) {
    for (name, policy, commands) in lives() {
        for last in 0..commands.len() {
            let clean = begin(&policy);
            for intent in &commands[..=last] {
                must(&clean, intent, &policy).await;
            }
            let expected = shape(&clean.now());
            for at in 0.. {
                let world = begin(&policy);
                for intent in &commands[..last] {
                    must(&world, intent, &policy).await;
                }
                let intent = &commands[last];
                let before = live(&world, &policy);
                world.order(Some((at, fault)));
                let first = run(&world, intent, &policy, false).await;
                if world.tried() <= at {
                    assert!(at > 3, "{name}: {} made hardly any call", intent.word());
                    break;
                }
                world.order(None);
                let here = format!(
                    "{name}: {} hit at call {at}: {:?}",
                    intent.word(),
                    world.changes().last()
                );
                if fault == Fault::Deny {
                    let verdict = first.expect("nobody killed it");
                    let now = Roles::of(&world.now(), &policy)
                        .map(|roles| (roles.live.generation.0, roles.halfway));
                    // Whatever was denied: the exit code tells the truth about production.
                    match verdict.code {
                        0 | 6 => {}
                        4 | 5 => assert_eq!(now, Ok((before, false)), "{here}: {verdict:#?}"),
                        other => panic!("{here}: exit code {other}: {verdict:#?}"),
                    }
                }
                must(&world, intent, &policy).await;
                assert_eq!(shape(&world.now()), expected, "{here}");
                no_lock(&world);
                nothing_broken(&world);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn killed_before_any_call_the_same_command_again_converges() {
    anywhere(Fault::DieBefore).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_call_the_same_command_again_converges() {
    anywhere(Fault::DieAfter).await;
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_changes_nothing_about_the_end() {
    anywhere(Fault::Throttle).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_changes_nothing_about_the_end() {
    anywhere(Fault::LoseAnswer).await;
}

#[tokio::test(start_paused = true)]
async fn a_denied_call_leaves_production_where_the_exit_code_says() {
    anywhere(Fault::Deny).await;
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_a_rollback_serves_what_was_live_before() {
    for (name, policy, commands) in lives() {
        for last in 0..commands.len() {
            if !matches!(commands[last], Intent::Deploy { .. } | Intent::Promote) {
                continue;
            }
            for at in 0.. {
                let world = begin(&policy);
                for intent in &commands[..last] {
                    must(&world, intent, &policy).await;
                }
                let before = live(&world, &policy);
                world.order(Some((at, Fault::DieAfter)));
                let _ = run(&world, &commands[last], &policy, false).await;
                if world.tried() <= at {
                    break;
                }
                world.order(None);
                let here = format!("{name}: {} killed after call {at}", commands[last].word());
                let estate = world.now();
                let begun = Roles::of(&estate, &policy)
                    .is_ok_and(|roles| roles.candidate.is_some() || roles.live.generation.0 != before);
                if !begun {
                    // It died before there was anything to roll back: a rollback now means the release before.
                    continue;
                }
                match plan::plan(&estate, &rollback(), &policy) {
                    Ok(_) => {
                        must(&world, &rollback(), &policy).await;
                    }
                    // Nothing had been marked yet, or the way back was removed as configured.
                    Err(refusal) => assert!(
                        refusal.reasons.iter().all(|reason| match reason {
                            Reason::NoPrevious => true,
                            Reason::NoGroup { .. } => policy.after_promotion.previous == Treatment::Retire,
                            _ => false,
                        }),
                        "{here}: {refusal}"
                    ),
                }
                if policy.after_promotion.previous != Treatment::Retire {
                    assert_eq!(live(&world, &policy), before, "{here}");
                }
                nothing_broken(&world);
            }
        }
    }
}
