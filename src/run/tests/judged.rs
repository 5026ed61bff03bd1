//! Judged canaries: how a verdict is told, and what becomes of it when the command is cut off at any call.

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use super::gradual::{MINUTE, canary, judged, meanwhile, measured, promote, reached, weight, with_candidate};
use super::script::heard;
use super::*;
use crate::model::event::{Ended, EventKind, Outcome};
use crate::model::judgement;
use crate::model::judging::Consequence;
use crate::model::lock::{self, LockState};
use crate::model::refusal::Reason;
use crate::model::shift::{Held, Reached, Wait};
use crate::model::tags::{self, Tags};

/// What is said of one period in which one request in ten failed.
const NUMBERS: &str = "error-rate: candidate 5xx 10 % of 500, live 0 % of 10,000, bound 5 %";

/// Up to when a share is judged first: until the end of the first whole minute that it had.
fn first_minute(world: &World) -> Timestamp {
    let stage = format!("tag arn-tg-2 {}=", tags::STAGE);
    let changes = world.changes();
    let written = changes.iter().find_map(|change| change.strip_prefix(&stage));
    let written = written.expect("its share is written down").to_owned();
    let mark = Reached::of(&Tags::from([(tags::STAGE.to_owned(), written)])).expect("a stage");
    let whole = TimestampRound::new().smallest(Unit::Minute).mode(RoundMode::Ceil);
    mark.since.round(whole).expect("a time") + MINUTE
}

#[tokio::test(start_paused = true)]
async fn a_verdict_is_told_with_its_numbers_and_the_minute_up_to_which_it_was_judged() {
    for then in [Consequence::Rollback, Consequence::Reduce, Consequence::Hold] {
        let policy = judged(then);
        let world = with_candidate(&policy).await;
        measured(&world, 500.0, 50.0);
        let (verdict, events) = heard(&world, &Intent::Promote, &policy, true, &script::Nobody).await;
        let verdict = verdict.expect("nobody killed it");
        let sentence = format!("{NUMBERS} (up to {:.0})", first_minute(&world));

        let said: Vec<_> = events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::Judged { step, judgement } => {
                    Some((*step, judgement.verdict, judgement.sentence.as_str()))
                }
                _ => None,
            })
            .collect();
        let [(bake, fails, numbers)] = said[..] else {
            panic!("{said:#?}")
        };
        assert_eq!((fails, numbers), (judgement::Verdict::Fail(then), NUMBERS));
        let outcome = events.iter().find_map(|event| match &event.kind {
            EventKind::StepFinished { step, outcome } if *step == bake => Some(outcome),
            _ => None,
        });
        if then == Consequence::Hold {
            assert_eq!(outcome, Some(&Outcome::Done));
            assert_eq!((verdict.code, verdict.ended), (9, Ended::Paused));
            assert_eq!(
                verdict.summary,
                "paused: 40 % of production stays on generation 2, until a person goes on"
            );
            assert_eq!(verdict.reasons, [sentence]);
            continue;
        }
        assert_eq!((verdict.code, verdict.ended), (5, Ended::SwungBack));
        assert_eq!(verdict.summary, format!("swung back: {sentence}"));
        let notice = format!("{sentence}; production is put back to where it was");
        let told = |event: &Event| matches!(&event.kind, EventKind::Notice { text } if *text == notice);
        assert!(events.iter().any(told), "{notice}: {events:#?}");
        assert_eq!(outcome, Some(&Outcome::Failed { error: sentence }));
    }
}

/// A candidate beside live on several routes of which one request in ten fails once it has a share.
async fn with_bad_candidate(policy: &Policy) -> World {
    let world = World::new(rich());
    must(&world, &deploy("42"), policy).await;
    measured(&world, 500.0, 50.0);
    world
}

/// Its promotion, cut off at this call; `None` when it has ended by then.
async fn cut_off(policy: &Policy, at: usize, fault: Fault) -> Option<World> {
    let world = with_bad_candidate(policy).await;
    world.order(Some((at, fault)));
    let _ = run(&world, &Intent::Promote, policy, false).await;
    let hit = world.tried() > at;
    world.order(None);
    hit.then_some(world)
}

/// With what is written down of a share.
fn seen(estate: &Estate) -> Vec<String> {
    let stages = estate.target_groups.iter().map(|group| {
        let mark = Reached::of(&group.tags).map(|mark| (mark.stage, mark.weight, mark.held));
        format!("{} {mark:?}", group.name)
    });
    shape(estate).into_iter().chain(stages).collect()
}

#[tokio::test(start_paused = true)]
async fn a_candidate_that_is_taken_back_ends_as_in_one_go_wherever_that_is_cut_off() {
    for then in [Consequence::Rollback, Consequence::Reduce] {
        let policy = judged(then);
        let clean = with_bad_candidate(&policy).await;
        assert_eq!(promote(&clean, &policy).await.code, 5);
        let expected = seen(&clean.now());
        for fault in [Fault::DieBefore, Fault::DieAfter] {
            let mut marked = 0;
            for at in 0.. {
                let Some(world) = cut_off(&policy, at, fault).await else {
                    break;
                };
                let here = format!("{then}: {fault:?} at call {at}: {:?}", world.changes().last());
                match plan::plan(&world.now(), &Intent::Promote, &policy) {
                    Ok(_) => {
                        let verdict = promote(&world, &policy).await;
                        assert_eq!(verdict.code, 5, "{here}: {verdict:#?}");
                    }
                    // It was written down as rolled back: there is no candidate any more, and a rollback finishes it.
                    Err(refusal) => {
                        let rolled_back = Some(Generation(2));
                        assert_eq!(refusal.reasons, [Reason::NoCandidate { rolled_back }], "{here}");
                        must(&world, &rollback(), &policy).await;
                        marked += 1;
                    }
                }
                assert_eq!(seen(&world.now()), expected, "{here}");
                no_lock(&world);
                nothing_broken(&world);
            }
            assert!(marked > 0, "{then}: it was never cut off after its marks");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_comes_first_after_a_hold_that_was_cut_off_promote_still_asks() {
    let policy = judged(Consequence::Hold);
    for first in [deploy("42"), Intent::Repair, Intent::Pause] {
        let mut asked = 0;
        for at in 0.. {
            let Some(world) = cut_off(&policy, at, Fault::DieAfter).await else {
                break;
            };
            let held = reached(&world).and_then(|mark| mark.held);
            if held != Some(Held::Judged) || lock::state(&world.now(), policy.lock) == LockState::Free {
                continue;
            }
            let _ = run(&world, &first, &policy, true).await;
            no_lock(&world);
            let verdict = promote(&world, &policy).await;
            let here = format!("{} at call {at}", first.word());
            assert_eq!(verdict.code, 9, "{here}: {verdict:#?}");
            let mark = reached(&world).map(|mark| (mark.stage, mark.weight, mark.held));
            assert_eq!(mark, Some((1, 40, Some(Held::Judged))), "{here}");
            assert_eq!(weight(&world), Some(40), "{here}: it has gone on");
            asked += 1;
        }
        assert!(asked > 0, "{}", first.word());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_pauses_and_was_cut_off_before_anybody_was_asked_asks_once_whoever_paused_it() {
    let policy = canary(&[(20, Wait::Pause(None)), (50, Wait::Bake(MINUTE))]);
    let mut asked = 0;
    for at in 0.. {
        let Some(world) = cut_off(&policy, at, Fault::DieAfter).await else {
            break;
        };
        let waits = reached(&world).is_some_and(|mark| mark.held.is_none());
        if !waits || lock::state(&world.now(), policy.lock) == LockState::Free {
            continue;
        }
        must(&world, &Intent::Pause, &policy).await;
        no_lock(&world);
        let verdict = promote(&world, &policy).await;
        assert_eq!(verdict.code, 9, "call {at}: {verdict:#?}");
        assert_eq!(weight(&world), Some(20), "call {at}: it has gone on");
        no_lock(&world);
        // From then on whoever promotes has decided.
        let verdict = promote(&world, &policy).await;
        assert_eq!(verdict.code, 0, "call {at}: {verdict:#?}");
        assert_eq!(live(&world, &policy), 2);
        no_lock(&world);
        nothing_broken(&world);
        asked += 1;
    }
    assert!(asked > 0, "it was never cut off before it asked");
}

#[tokio::test(start_paused = true)]
async fn a_candidate_that_is_held_is_held_again_wherever_that_is_cut_off_before_anybody_was_told() {
    let policy = judged(Consequence::Hold);
    let clean = with_bad_candidate(&policy).await;
    assert_eq!(promote(&clean, &policy).await.code, 9);
    let expected = seen(&clean.now());
    for fault in [Fault::DieBefore, Fault::DieAfter] {
        let (mut written_down, mut told) = (0, 0);
        for at in 0.. {
            let Some(world) = cut_off(&policy, at, fault).await else {
                break;
            };
            let here = format!("{fault:?} at call {at}: {:?}", world.changes().last());
            let held = reached(&world).and_then(|mark| mark.held);
            let is_over = lock::state(&world.now(), policy.lock) == LockState::Free;
            let verdict = promote(&world, &policy).await;
            if held == Some(Held::Judged) && is_over {
                // From then on whoever promotes has decided.
                assert_eq!(verdict.code, 0, "{here}: {verdict:#?}");
                assert_eq!(live(&world, &policy), 2, "{here}");
                told += 1;
            } else {
                written_down += u32::from(held == Some(Held::Judged));
                assert_eq!(verdict.code, 9, "{here}: {verdict:#?}");
                assert_eq!(seen(&world.now()), expected, "{here}");
            }
            no_lock(&world);
            nothing_broken(&world);
        }
        assert!(
            written_down > 0 && told <= 1,
            "cut off {written_down} times after its mark, {told} after its end"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_judge_takes_a_candidate_back_as_a_person_does_who_says_so_during_the_same_bake() {
    let policy = judged(Consequence::Rollback);
    let by_the_judge = with_bad_candidate(&policy).await;
    assert_eq!(promote(&by_the_judge, &policy).await.code, 5);

    let by_a_person = with_bad_candidate(&policy).await;
    // Nothing that the judge would take back.
    measured(&by_a_person, 500.0, 5.0);
    let (verdict, back) = meanwhile(&by_a_person, &policy, async || {
        run(&by_a_person, &rollback(), &policy, true).await
    })
    .await;
    let back = back.expect("nobody killed it");
    assert_eq!(back.code, 0, "{back:#?}");
    assert_eq!(
        (verdict.code, verdict.ended),
        (8, Ended::Overtaken),
        "{verdict:#?}"
    );

    assert_eq!(seen(&by_the_judge.now()), seen(&by_a_person.now()));
    let again = |world: &World| match plan::plan(&world.now(), &rollback(), &policy) {
        Ok(plan) => {
            assert!(plan.is_empty(), "{:#?}", plan.steps);
            plan.summary
        }
        Err(refusal) => refusal.to_string(),
    };
    assert_eq!(again(&by_the_judge), again(&by_a_person));
    for world in [&by_the_judge, &by_a_person] {
        assert_eq!(live(world, &policy), 1);
        no_lock(world);
        nothing_broken(world);
    }
}
