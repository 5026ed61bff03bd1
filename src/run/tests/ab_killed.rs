//! Tests of variants, cut off at every call: the same command again ends as if nothing had happened, and a rollback serves
//! what was live.

use super::ab::{
    BOLD_IS_FASTER, WEEK, begun, both_deployed, by_header, goes, routes, three, two_new, two_weeks_later,
    winner, with_pick,
};
use super::script::{Script, heard};
use super::*;
use crate::model::ab::Taking;
use crate::model::hook::Place;
use crate::model::refusal::Reason;
use crate::model::routing::Sticky;

/// The commands of a whole life.
fn lives() -> Vec<(&'static str, Policy, Vec<Intent>)> {
    let life = |ends: &[Intent]| -> Vec<Intent> {
        let begins = both_deployed().into_iter().chain([Intent::Promote]);
        begins.chain(ends.iter().cloned()).collect()
    };
    let by_turns = Policy {
        doors: super::colours::by_turns(Duration::from_secs(600)).doors,
        ..three()
    };
    let mut retired = three();
    retired.after_promotion.previous = Treatment::Retire;
    vec![
        ("a new one wins", three(), life(&[winner("calm"), rollback()])),
        ("live wins", three(), life(&[winner("control")])),
        ("nobody wins", three(), life(&[rollback(), Intent::Abort])),
        ("without live", two_new(), life(&[winner("bold")])),
        ("by header", by_header(), life(&[winner("bold")])),
        ("retired", retired, life(&[winner("calm")])),
        ("by turns", by_turns, life(&[winner("calm"), rollback()])),
    ]
}

fn seen(estate: &Estate) -> Vec<String> {
    let stickiness = estate
        .rules()
        .map(|rule| format!("{} {}", rule.at(), rule.sticky));
    let taking = estate.target_groups.iter().map(|group| {
        let taking = Taking::of(&group.tags).map(|taking| (taking.weight, taking.won));
        format!("{} {taking:?}", group.name)
    });
    shape(estate)
        .into_iter()
        .chain(stickiness)
        .chain(taking)
        .collect()
}

async fn anywhere(fault: Fault) {
    for (name, policy, commands) in lives() {
        for last in 0..commands.len() {
            let clean = World::new(rich());
            for intent in &commands[..=last] {
                goes(&clean, intent, &policy).await;
            }
            let expected = seen(&clean.now());
            for at in 0.. {
                let world = World::new(rich());
                for intent in &commands[..last] {
                    goes(&world, intent, &policy).await;
                }
                let intent = &commands[last];
                let before = routes(&world);
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
                    match verdict.code {
                        0 | 6 | 9 => {}
                        4 => assert_eq!(routes(&world), before, "{here}: {verdict:#?}"),
                        5 => assert_eq!(live(&world, &policy), 1, "{here}: {verdict:#?}"),
                        other => panic!("{here}: exit code {other}: {verdict:#?}"),
                    }
                    if verdict.code == 5 {
                        // It was swung back, and its variants closed.
                        nothing_broken(&world);
                        continue;
                    }
                }
                goes(&world, intent, &policy).await;
                assert_eq!(seen(&world.now()), expected, "{here}");
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
        let gone = policy.after_promotion.previous == Treatment::Retire;
        for last in 0..commands.len() {
            if matches!(commands[last], Intent::Rollback { .. } | Intent::Abort) {
                continue;
            }
            for at in 0.. {
                let world = World::new(rich());
                for intent in &commands[..last] {
                    goes(&world, intent, &policy).await;
                }
                world.order(Some((at, Fault::DieAfter)));
                let _ = run(&world, &commands[last], &policy, false).await;
                if world.tried() <= at {
                    break;
                }
                world.order(None);
                let here = format!("{name}: {} killed after call {at}", commands[last].word());
                match plan::plan(&world.now(), &rollback(), &policy) {
                    Ok(_) => goes(&world, &rollback(), &policy).await,
                    // Nothing had been marked yet, or the way back was removed as configured.
                    Err(refusal) => {
                        let fair = |reason: &Reason| {
                            matches!(reason, Reason::NoPrevious)
                                || (gone && matches!(reason, Reason::NoGroup { .. }))
                        };
                        assert!(refusal.reasons.iter().all(fair), "{here}: {refusal}");
                        continue;
                    }
                };
                assert_eq!(live(&world, &policy), 1, "{here}");
                let sticky = routes(&world).iter().any(|(_, sticky)| *sticky != Sticky::Off);
                assert!(!sticky, "{here}");
                no_lock(&world);
                nothing_broken(&world);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_test_that_is_cut_off_anywhere_has_called_its_hooks_by_the_time_it_is_finished() {
    for bare in [three(), by_header()] {
        let policy = Policy {
            hooks: vec![fixtures::hook(Place::EachStep)],
            ..bare.clone()
        };
        let begun: Vec<Intent> = both_deployed().into_iter().chain([Intent::Promote]).collect();
        for (before, last) in [
            (both_deployed(), Intent::Promote),
            (begun.clone(), winner("bold")),
            (begun, winner("control")),
        ] {
            for kill in 0.. {
                let (world, script) = (World::new(rich()), Script::default());
                for intent in &before {
                    goes(&world, intent, &bare).await;
                }
                world.order(Some((kill, Fault::DieAfter)));
                heard(&world, &last, &policy, false, &script).await;
                let over = world.tried() <= kill;
                world.order(None);
                if !over {
                    heard(&world, &last, &policy, true, &script).await;
                }
                assert!(
                    script.places().contains(&Place::EachStep),
                    "{}, killed after call {kill}: {:?}",
                    last.word(),
                    script.places()
                );
                if over {
                    break;
                }
            }
        }
    }
}

/// A test whose time is over, and whose measure picks bold.
async fn over(policy: &Policy) -> World {
    let world = begun(policy).await;
    two_weeks_later(&world, BOLD_IS_FASTER);
    tokio::time::sleep(WEEK * 2).await;
    world
}

#[tokio::test(start_paused = true)]
async fn a_test_whose_measure_picks_ends_as_in_one_go_wherever_that_is_cut_off() {
    let commands = [Intent::Promote, Intent::Repair];
    for (policy, command) in [three(), by_header()].into_iter().flat_map(|policy| {
        commands
            .clone()
            .map(|command| (with_pick(policy.clone()), command))
    }) {
        let word = command.word();
        let clean = over(&policy).await;
        must(&clean, &command, &policy).await;
        assert_eq!(live(&clean, &policy), 2);
        let expected = seen(&clean.now());
        for fault in [Fault::DieBefore, Fault::DieAfter] {
            for at in 0.. {
                let world = over(&policy).await;
                world.order(Some((at, fault)));
                let _ = run(&world, &command, &policy, false).await;
                if world.tried() <= at {
                    assert!(at > 3, "{word} made hardly any call");
                    break;
                }
                world.order(None);
                let here = format!("{word}: {fault:?} at call {at}: {:?}", world.changes().last());
                let verdict = run(&world, &command, &policy, true)
                    .await
                    .expect("nobody killed it");
                assert_eq!(verdict.code, 0, "{here}: {verdict:#?}");
                assert_eq!(live(&world, &policy), 2, "{here}");
                assert_eq!(world.now().groups.len(), 2, "nobody who lost is left: {here}");
                if command == Intent::Repair {
                    // The mark of the generation before live is all that it may leave.
                    must(&world, &Intent::Promote, &policy).await;
                }
                assert_eq!(seen(&world.now()), expected, "{here}");
                no_lock(&world);
                nothing_broken(&world);
            }
        }
    }
}

/// The rules of production and of the header that lead to this generation.
fn led(world: &World, policy: &Policy, n: u32) -> Vec<String> {
    let estate = world.now();
    let roles = Roles::of(&estate, policy).unwrap_or_else(|reasons| panic!("{reasons:?}"));
    let rules = roles.routes.iter().chain(&roles.variant_rules);
    let there = rules.filter(|rule| rule.weight_of(&tg(n)).is_some_and(|weight| weight > 0));
    there.map(|rule| rule.at().to_string()).collect()
}

/// The same estate once more, whose test is over: the clock of a new world begins anew.
async fn once_more(estate: &Estate) -> World {
    let world = World::new(estate.clone());
    two_weeks_later(&world, BOLD_IS_FASTER);
    tokio::time::sleep(WEEK * 2 + Duration::from_secs(3600)).await;
    world
}

#[tokio::test(start_paused = true)]
async fn whoever_goes_back_from_a_winner_by_header_is_not_overruled_by_repair_wherever_that_is_cut_off() {
    let policy = with_pick(by_header());
    let all = |world: &World| [1, 2, 3].map(|n| led(world, &policy, n));
    let says_who_won = |change: &String| change.starts_with("tag arn-tg-2 ") && change.ends_with(" won");
    let (mut ends, mut gone_back) = (0, 0);
    for end in 0.. {
        let picked = over(&policy).await;
        picked.order(Some((end, Fault::DieAfter)));
        let _ = run(&picked, &Intent::Promote, &policy, false).await;
        if picked.tried() <= end {
            break;
        }
        if !picked.changes().iter().any(says_who_won) {
            continue;
        }
        ends += 1;
        let left = picked.now();
        for at in 0.. {
            let world = once_more(&left).await;
            let before = all(&world);
            world.order(Some((at, Fault::DieAfter)));
            let _ = run(&world, &rollback(), &policy, false).await;
            if world.tried() <= at {
                assert!(at > 3, "after call {end} a rollback made hardly any call");
                break;
            }
            world.order(None);
            let here = format!(
                "the end cut off after {:?}, the way back after {:?}",
                picked.changes().last(),
                world.changes().last()
            );
            let found = all(&world);
            let repaired = run(&world, &Intent::Repair, &policy, true).await;
            let repaired = repaired.expect("nobody killed it");
            assert_eq!(repaired.code, 0, "{here}: {repaired:#?}");
            if found != before {
                gone_back += 1;
                let new: Vec<String> = led(&world, &policy, 2)
                    .into_iter()
                    .filter(|rule| !found[1].contains(rule))
                    .collect();
                assert_eq!(new, Vec::<String>::new(), "lead to the winner: {here}");
            }
            let verdict = run(&world, &rollback(), &policy, true).await;
            let verdict = verdict.expect("nobody killed it");
            assert_eq!(verdict.code, 0, "{here}: {verdict:#?}");
            assert_eq!(live(&world, &policy), 1, "{here}");
            let [_, winner, other] = all(&world);
            assert_eq!([winner, other].concat(), Vec::<String>::new(), "{here}");
            no_lock(&world);
            nothing_broken(&world);
        }
    }
    assert!(
        ends > 5 && gone_back > 0,
        "{ends} ends, and {gone_back} ways back that had begun"
    );
}
