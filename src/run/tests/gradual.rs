//! Promotions share by share, on a cloud in memory: what is watched, who ends it, and how it is told.

use tokio::time::{Instant, sleep};

use super::script::{Script, heard};
use super::*;
use crate::model::estate::{Gap, Part, TargetGroup, TargetState};
use crate::model::event::{Ended, EventKind};
use crate::model::hook::Place;
use crate::model::judging::{Bound, Consequence, FAILED, Inconclusive, Judging, Measure, REQUESTS, Rule};
use crate::model::readings::{Compared, Readings, Series, Window};
use crate::model::shift::{Expired, Expiry, Held, Reached, Shift, Stage, Wait};

pub(super) const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn canary(stages: &[(u32, Wait)]) -> Policy {
    Policy {
        strategy: Strategy::Canary,
        shift: Some(Shift {
            stages: stages
                .iter()
                .map(|(weight, wait)| Stage {
                    weight: *weight,
                    wait: *wait,
                })
                .collect(),
            sticky: None,
            reduce_every: MINUTE,
        }),
        ..quick()
    }
}

/// A ready candidate beside live.
pub(super) async fn with_candidate(policy: &Policy) -> World {
    let world = World::new(fixtures::initial());
    must(&world, &deploy("42"), policy).await;
    world
}

/// Which share the candidate has, in per cent.
pub(super) fn weight(world: &World) -> Option<u64> {
    let estate = world.now();
    let rule = estate.listeners[0].rules.last().expect("a default rule");
    rule.percent_of(&tg(2))
}

pub(super) fn reached(world: &World) -> Option<Reached> {
    let estate = world.now();
    Reached::of(&estate.target_group(&tg(2)).expect("tg-2").tags)
}

pub(super) async fn promote(world: &World, policy: &Policy) -> Verdict {
    run(world, &Intent::Promote, policy, true)
        .await
        .expect("nobody killed it")
}

/// Does something while the first stage bakes.
pub(super) async fn meanwhile<T>(
    world: &World,
    policy: &Policy,
    act: impl AsyncFnOnce() -> T,
) -> (Verdict, T) {
    let later = async {
        while reached(world).is_none() {
            sleep(Duration::from_secs(1)).await;
        }
        sleep(MINUTE).await;
        act().await
    };
    tokio::join!(promote(world, policy), later)
}

#[tokio::test(start_paused = true)]
async fn a_share_that_cannot_be_seen_any_more_is_not_told_as_one_that_somebody_has_changed() {
    let policy = canary(&[(5, Wait::Bake(MINUTE * 10))]);
    let world = with_candidate(&policy).await;
    let hidden = async || {
        world.vary(|estate| {
            for target_group in &mut estate.target_groups {
                target_group.tags.clear();
            }
            estate.gaps.push(Gap {
                part: Part::TargetGroupTags,
                about: "tg-2".into(),
                error: "DescribeTags did not answer for now".into(),
                denied: false,
                passes: true,
            });
        });
    };
    let (verdict, ()) = meanwhile(&world, &policy, hidden).await;
    assert_eq!(verdict.code, 6, "{verdict:#?}");
    assert!(
        verdict.summary.contains("cannot be seen") && verdict.summary.contains("DescribeTags"),
        "{}",
        verdict.summary
    );
    assert_eq!(weight(&world), Some(5));
}

#[tokio::test(start_paused = true)]
async fn a_canary_takes_its_time_and_leaves_nothing_behind() {
    let policy = canary(&[(5, Wait::Bake(MINUTE * 10)), (50, Wait::Bake(MINUTE * 5))]);
    let world = with_candidate(&policy).await;
    let began = Instant::now();
    let verdict = promote(&world, &policy).await;
    assert_eq!(verdict.code, 0, "{verdict:#?}");
    assert!(began.elapsed() >= MINUTE * 15, "{:?}", began.elapsed());
    assert_eq!(live(&world, &policy), 2);
    assert_eq!(reached(&world), None);
    nothing_broken(&world);
    no_lock(&world);
}

#[tokio::test(start_paused = true)]
async fn a_bake_that_was_cut_off_goes_on_for_what_is_left_of_it() {
    let policy = canary(&[(5, Wait::Bake(MINUTE * 10))]);
    let world = with_candidate(&policy).await;
    // Asked to stop after about six minutes of ten.
    let (stopper, interrupt) = Interrupt::pair();
    let scope = scope();
    let job = script::job(&world, &scope, &Intent::Promote, true, interrupt, &script::Nobody);
    let estate = world.now();
    let plan = plan::plan(&estate, &Intent::Promote, &policy).expect("a plan");
    let mut listen = Listen::default();
    let stops = async {
        sleep(MINUTE * 6).await;
        stopper.stop(Signal::Terminate);
    };
    let (verdict, ()) = tokio::join!(carry_out(&job, &plan, &estate, &mut listen), stops);
    assert_eq!((verdict.code, verdict.ended), (143, Ended::Interrupted));
    assert_eq!(weight(&world), Some(5), "the share stays");
    no_lock(&world);
    let began = Instant::now();
    assert_eq!(promote(&world, &policy).await.code, 0);
    let rest = began.elapsed();
    assert!(rest > MINUTE * 3 && rest < MINUTE * 6, "{rest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_candidate_that_dies_while_it_bakes_is_left_at_once() {
    let policy = canary(&[(5, Wait::Bake(MINUTE * 10))]);
    let world = with_candidate(&policy).await;
    let (verdict, ()) = meanwhile(&world, &policy, async || {
        world.sick.lock().expect("not poisoned").push(tg(2));
        world.vary(|estate| {
            for target in &mut fixtures::target_group_mut(estate, 2).targets {
                target.state = TargetState::Unhealthy;
            }
        });
    })
    .await;
    assert_eq!((verdict.code, verdict.ended), (5, Ended::SwungBack));
    assert_eq!(
        verdict.summary,
        "swung back: tg-2 has nobody healthy, and 5 % of production goes there"
    );
    assert_eq!(live(&world, &policy), 1);
    let estate = world.now();
    assert_eq!(
        State::of(&estate.target_group(&tg(2)).expect("tg-2").tags),
        State::RolledBack
    );
    no_lock(&world);
}

#[tokio::test(start_paused = true)]
async fn one_look_that_finds_nobody_healthy_is_borne_and_two_in_a_row_take_the_share_back() {
    let policy = canary(&[(5, Wait::Bake(MINUTE * 10))]);
    // Looks are 15 s apart, and it falls ill 5 s after one of them: 20 s have one look in them, 35 s two.
    let (twice, longer) = ([(true, 20), (false, 10), (true, 20)], [(true, 35)]);
    for (spells, code, live_after) in [(&twice[..], 0, 2), (&longer[..], 5, 1)] {
        let world = with_candidate(&policy).await;
        let falls_ill = async || {
            sleep(Duration::from_secs(5)).await;
            for (is_ill, seconds) in spells {
                *world.sick.lock().expect("not poisoned") = is_ill.then(|| tg(2)).into_iter().collect();
                sleep(Duration::from_secs(*seconds)).await;
            }
            world.sick.lock().expect("not poisoned").clear();
        };
        let (verdict, ()) = meanwhile(&world, &policy, falls_ill).await;
        assert_eq!(verdict.code, code, "{spells:?}: {verdict:#?}");
        assert_eq!(live(&world, &policy), live_after);
        no_lock(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_locked_out_while_it_bakes() {
    let policy = canary(&[(5, Wait::Bake(MINUTE * 10))]);
    let world = with_candidate(&policy).await;
    let (verdict, back) = meanwhile(&world, &policy, async || {
        run(&world, &rollback(), &policy, true).await
    })
    .await;
    assert_eq!(back.expect("nobody killed it").code, 0);
    assert_eq!(
        verdict.code, 8,
        "it says that somebody else has decided: {verdict:#?}"
    );
    assert_eq!(live(&world, &policy), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_waits_for_a_person_ends_the_command_and_promote_goes_on() {
    let policy = canary(&[(20, Wait::Pause(None)), (50, Wait::Bake(MINUTE))]);
    let world = with_candidate(&policy).await;
    let verdict = promote(&world, &policy).await;
    assert_eq!((verdict.code, verdict.ended), (9, Ended::Paused));
    assert_eq!(
        verdict.summary,
        "paused: 20 % of production stays on generation 2, until a person goes on"
    );
    assert_eq!(weight(&world), Some(20));
    no_lock(&world);
    assert_eq!(promote(&world, &policy).await.code, 0);
    assert_eq!(live(&world, &policy), 2);
}

#[tokio::test(start_paused = true)]
async fn a_pause_by_somebody_else_ends_the_watch_and_resume_bakes_anew() {
    let policy = canary(&[(5, Wait::Bake(MINUTE * 10))]);
    let world = with_candidate(&policy).await;
    let (verdict, ()) = meanwhile(&world, &policy, async || {
        must(&world, &Intent::Pause, &policy).await
    })
    .await;
    assert_eq!(verdict.code, 9, "{verdict:#?}");
    assert_eq!(
        reached(&world).and_then(|reached| reached.held),
        Some(Held::Asked)
    );
    let began = Instant::now();
    must(&world, &Intent::Resume, &policy).await;
    assert!(began.elapsed() >= MINUTE * 10, "{:?}", began.elapsed());
    assert_eq!(live(&world, &policy), 2);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_writes_no_route_never_says_that_it_has_begun_to_move_production() {
    let policy = canary(&[(20, Wait::Pause(None)), (50, Wait::Bake(MINUTE))]);
    let mut denied = 0;
    for at in 0.. {
        let world = with_candidate(&policy).await;
        assert_eq!(promote(&world, &policy).await.code, 9);
        world.order(Some((at, Fault::Deny)));
        let verdict = run(&world, &Intent::Pause, &policy, true).await;
        if world.tried() <= at {
            break;
        }
        let verdict = verdict.expect("nobody killed it");
        assert!(matches!(verdict.code, 0 | 4), "call {at}: {verdict:#?}");
        denied += u32::from(verdict.code == 4);
        assert_eq!(weight(&world), Some(20));
    }
    assert!(denied > 0);
}

#[tokio::test(start_paused = true)]
async fn a_share_by_hand_is_taken_back_by_halves() {
    let policy = quick();
    let world = with_candidate(&policy).await;
    must(&world, &Intent::Shift { percent: 40 }, &policy).await;
    assert_eq!(weight(&world), Some(40));
    must(&world, &Intent::Retreat, &policy).await;
    let shares: Vec<String> = world
        .changes()
        .into_iter()
        .filter_map(|change| Some(change.strip_prefix("point :80 default rule → ")?.to_owned()))
        .collect();
    assert_eq!(
        shares,
        [
            "tg-1:60 tg-2:40",
            "tg-1:80 tg-2:20",
            "tg-1:90 tg-2:10",
            "tg-1:95 tg-2:5",
            "tg-1"
        ]
    );
    assert_eq!(live(&world, &policy), 1);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn how_far_a_bake_has_come_is_told() {
    let policy = canary(&[(5, Wait::Bake(MINUTE))]);
    let world = with_candidate(&policy).await;
    let scope = scope();
    let (_stopper, interrupt) = Interrupt::pair();
    let job = script::job(&world, &scope, &Intent::Promote, true, interrupt, &script::Nobody);
    let estate = world.now();
    let plan = plan::plan(&estate, &Intent::Promote, &policy).expect("a plan");
    let mut listen = Listen::default();
    carry_out(&job, &plan, &estate, &mut listen).await;
    let bake = plan.steps.iter().position(crate::model::step::Step::lets_go);
    let told: Vec<(u32, u32)> = listen
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Progress { step, have, want, .. } if Some(*step) == bake => Some((*have, *want)),
            _ => None,
        })
        .collect();
    assert!(told.len() >= 4 && told.is_sorted(), "{told:?}");
    assert_eq!(told.last(), Some(&(60, 60)));
}

/// Of every period: so many requests and responses 5xx of the candidate; live has none of the latter.
pub(super) fn measured(world: &World, requests: f64, errors: f64) {
    let tell = move |window: Window, compared: &Compared| {
        let mut readings = Readings::none(window, compared);
        let times =
            (0..window.periods()).map(|n| window.from + window.period * u32::try_from(n).expect("few"));
        let times: Vec<jiff::Timestamp> = times.collect();
        let series = |value: f64| Series(times.iter().map(|at| (*at, value)).collect());
        for (side, requests, errors) in [
            (&mut readings.candidate, requests, errors),
            (&mut readings.live, 10_000.0, 0.0),
        ] {
            side.series.insert(REQUESTS.into(), series(requests));
            side.series.insert(FAILED.into(), series(errors));
        }
        readings
    };
    *world.readings.lock().expect("not poisoned") = Some(Box::new(tell));
}

/// Ten minutes at 5 %, judged by the share of errors alone.
pub(super) fn judged(then: Consequence) -> Policy {
    Policy {
        judge: Some(Judging {
            rules: vec![Rule {
                name: "error-rate".into(),
                measure: Measure::ErrorRate,
                bounds: vec![Bound::AtMost(5.0)],
                then,
            }],
            ..Judging::default()
        }),
        ..canary(&[(40, Wait::Bake(MINUTE * 10))])
    }
}

#[tokio::test(start_paused = true)]
async fn a_candidate_that_is_judged_good_to_the_end_is_promoted() {
    let policy = judged(Consequence::Rollback);
    let world = with_candidate(&policy).await;
    measured(&world, 500.0, 5.0);
    assert_eq!(promote(&world, &policy).await.code, 0);
    assert_eq!(live(&world, &policy), 2);
}

#[tokio::test(start_paused = true)]
async fn a_candidate_that_is_judged_bad_is_swung_back_with_the_numbers() {
    let policy = judged(Consequence::Rollback);
    let world = with_candidate(&policy).await;
    measured(&world, 500.0, 50.0);
    let began = Instant::now();
    let verdict = promote(&world, &policy).await;
    assert_eq!(
        (verdict.code, verdict.ended),
        (5, Ended::SwungBack),
        "{verdict:#?}"
    );
    // A closed period is enough: two minutes of ten.
    assert!(began.elapsed() < MINUTE * 5, "{:?}", began.elapsed());
    for words in ["error-rate", "10 % of 500", "bound 5 %"] {
        assert!(verdict.summary.contains(words), "{words}: {}", verdict.summary);
    }
    assert_eq!(live(&world, &policy), 1);
    let shares = world
        .changes()
        .iter()
        .filter(|change| change.starts_with("point :80 default rule"))
        .count();
    assert_eq!(shares, 2, "there, and back at once");
    no_lock(&world);
}

#[tokio::test(start_paused = true)]
async fn what_is_only_to_be_reduced_is_taken_back_by_halves() {
    let policy = judged(Consequence::Reduce);
    let world = with_candidate(&policy).await;
    measured(&world, 500.0, 50.0);
    let verdict = promote(&world, &policy).await;
    assert_eq!(
        (verdict.code, verdict.ended),
        (5, Ended::SwungBack),
        "{verdict:#?}"
    );
    let shares: Vec<String> = world
        .changes()
        .into_iter()
        .filter_map(|change| Some(change.strip_prefix("point :80 default rule → ")?.to_owned()))
        .collect();
    assert_eq!(
        shares,
        [
            "tg-1:60 tg-2:40",
            "tg-1:80 tg-2:20",
            "tg-1:90 tg-2:10",
            "tg-1:95 tg-2:5",
            "tg-1"
        ]
    );
    assert_eq!(live(&world, &policy), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_to_be_held_waits_for_a_person_who_goes_on() {
    let policy = judged(Consequence::Hold);
    let world = with_candidate(&policy).await;
    measured(&world, 500.0, 50.0);
    let verdict = promote(&world, &policy).await;
    assert_eq!((verdict.code, verdict.ended), (9, Ended::Paused), "{verdict:#?}");
    assert_eq!(
        reached(&world).and_then(|reached| reached.held),
        Some(Held::Judged)
    );
    assert_eq!(weight(&world), Some(40));
    assert_eq!(promote(&world, &policy).await.code, 0, "a person has decided");
    assert_eq!(live(&world, &policy), 2);
}

#[tokio::test(start_paused = true)]
async fn the_last_metrics_are_waited_for_without_asking_any_more_often() {
    let mut policy = judged(Consequence::Rollback);
    policy.judge.as_mut().expect("a judge").inconclusive = Inconclusive::GoOn;
    let world = with_candidate(&policy).await;
    let (_, events) = script::heard(&world, &Intent::Promote, &policy, true, &script::Nobody).await;
    let baked: Vec<_> = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Progress { want: 600, .. }))
        .map(|event| event.elapsed)
        .collect();
    assert!(baked.len() > 40, "{} looks", baked.len());
    let hasty = baked
        .windows(2)
        .filter(|two| two[1] - two[0] < Duration::from_secs(14))
        .count();
    assert_eq!(hasty, 0, "of {} looks", baked.len());
}

#[tokio::test(start_paused = true)]
async fn without_evidence_a_bake_ends_as_configured() {
    for (inconclusive, code, live_after) in [
        (Inconclusive::Hold, 9, None),
        (Inconclusive::Rollback, 5, Some(1)),
        (Inconclusive::GoOn, 0, Some(2)),
    ] {
        let mut policy = judged(Consequence::Rollback);
        policy.judge.as_mut().expect("a judge").inconclusive = inconclusive;
        // Either nothing is measured at all, or too little.
        for requests in [None, Some(3.0)] {
            let world = with_candidate(&policy).await;
            if let Some(requests) = requests {
                measured(&world, requests, 0.0);
            }
            let verdict = promote(&world, &policy).await;
            assert_eq!(verdict.code, code, "{inconclusive:?}: {verdict:#?}");
            if let Some(generation) = live_after {
                assert_eq!(live(&world, &policy), generation);
            }
        }
    }
}

fn candidate(estate: &mut Estate) -> &mut TargetGroup {
    let mut all = estate.target_groups.iter_mut();
    all.find(|one| one.name == tg(2)).expect("tg-2")
}

#[tokio::test(start_paused = true)]
async fn a_candidate_whose_health_cannot_be_read_is_not_told_as_dead() {
    for (denied, seen_again, code) in [(false, true, 0), (false, false, 6), (true, false, 6)] {
        let policy = canary(&[(5, Wait::Bake(MINUTE * 10))]);
        let world = with_candidate(&policy).await;
        let hides = async || {
            let mut targets = Vec::new();
            world.vary(|estate| {
                std::mem::swap(&mut candidate(estate).targets, &mut targets);
                estate.gaps.push(Gap {
                    part: Part::TargetHealth,
                    about: "tg-2".into(),
                    error: "no answer for now".into(),
                    denied,
                    passes: !denied,
                });
            });
            sleep(MINUTE).await;
            if seen_again {
                world.vary(|estate| {
                    estate.gaps.clear();
                    std::mem::swap(&mut candidate(estate).targets, &mut targets);
                });
            }
        };
        let (verdict, ()) = meanwhile(&world, &policy, hides).await;
        assert_eq!(verdict.code, code, "{verdict:#?}");
        if code == 6 {
            let told = "could not see the target health of tg-2: no answer for now";
            assert!(verdict.summary.contains(told), "{}", verdict.summary);
            assert_eq!(weight(&world), Some(5), "the share stays");
        }
    }
}

/// Promoted to a pause that nobody ends within ten minutes, and on behind it as said.
async fn left_alone(policy: &Policy) -> World {
    let world = with_candidate(policy).await;
    assert_eq!(promote(&world, policy).await.code, 9);
    assert_eq!(weight(&world), Some(5));
    sleep(MINUTE * 11).await;
    world
}

fn expiring(then: Expired) -> Policy {
    let pause = Wait::Pause(Some(Expiry {
        after: MINUTE * 10,
        then,
    }));
    canary(&[(5, pause), (50, Wait::Bake(MINUTE * 5))])
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_over_is_ended_by_repair_as_a_person_would_have_gone_on() {
    let policy = expiring(Expired::GoOn);
    let world = left_alone(&policy).await;
    let began = Instant::now();
    must(&world, &Intent::Repair, &policy).await;
    assert!(began.elapsed() >= MINUTE * 5, "it bakes: {:?}", began.elapsed());
    assert_eq!(live(&world, &policy), 2);
    assert_eq!(reached(&world), None);
    nothing_broken(&world);
    no_lock(&world);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_over_is_ended_by_repair_as_a_person_would_have_gone_back() {
    let mut policy = expiring(Expired::Rollback);
    policy.hooks = vec![fixtures::hook(Place::OnRollback)];
    let world = left_alone(&policy).await;
    let script = Script::default();
    let (verdict, _) = heard(&world, &Intent::Repair, &policy, true, &script).await;
    assert_eq!(verdict.expect("nobody killed it").code, 0);
    assert_eq!(live(&world, &policy), 1);
    assert_eq!(script.places(), [Place::OnRollback]);
    nothing_broken(&world);
    no_lock(&world);
}

#[tokio::test(start_paused = true)]
async fn a_share_that_a_person_changes_meanwhile_is_theirs() {
    let policy = canary(&[(10, Wait::Bake(MINUTE * 10))]);
    let world = with_candidate(&policy).await;
    let shifts = async || {
        let shift = Intent::Shift { percent: 5 };
        run(&world, &shift, &policy, true)
            .await
            .expect("nobody killed it")
    };
    let (verdict, shifted) = meanwhile(&world, &policy, shifts).await;
    assert_eq!(shifted.code, 0, "{shifted:#?}");
    // Not stale: a command that is stale means what it says now, and would write its share again.
    assert_eq!((verdict.code, verdict.ended), (8, Ended::Overtaken));
    assert_eq!(weight(&world), Some(5));
}
