//! Releases that take each other's place in one group, on a cloud in memory.

use tokio::time::sleep;

use super::*;
use crate::model::estate::{Gap, Part};
use crate::model::event::{Ended, EventKind};
use crate::model::refusal::Reason;
use crate::model::release::Source;
use crate::model::rollout::{Before, Kept, Rolling, Rollout};
use crate::report::status::{Phase, StatusView};

const MINUTE: Duration = Duration::from_secs(60);

fn rolling() -> Policy {
    Policy {
        strategy: Strategy::Rolling,
        rolling: Some(Rolling {
            min_healthy: 90,
            max_healthy: 110,
            checkpoints: Vec::new(),
            checkpoint_delay: Duration::ZERO,
            warmup: None,
            bake: Duration::ZERO,
            alarms: Vec::new(),
            skip_matching: true,
            rolls_back: true,
            protected: Kept::Wait,
            standby: Kept::Wait,
        }),
        ..quick()
    }
}

/// Release 42 is version 8, which is there; 43 is made, as the next.
fn deploy(name: &str) -> Intent {
    let mut release = fixtures::release(name);
    if name == "43" {
        release.source = Source::Build {
            image: None,
            user_data: Some("#!sample".into()),
        };
    }
    Intent::Deploy { release }
}

async fn did(world: &World, intent: &Intent, policy: &Policy) -> Verdict {
    run(world, intent, policy, true).await.expect("nobody killed it")
}

/// The version each instance is of, and what the group starts more from.
fn versions(world: &World) -> (Vec<String>, String) {
    let estate = world.now();
    let group = estate.group(&asg(1)).expect("asg-1");
    let each = group.instances.iter();
    (
        each.map(|one| one.template_version.clone().unwrap_or_default())
            .collect(),
        group.launch.uses()[0].version.clone(),
    )
}

fn runs(world: &World, version: &str) {
    assert_eq!(
        versions(world),
        (vec![version.into(), version.into()], version.into())
    );
    let estate = world.now();
    let group = estate.group(&asg(1)).expect("asg-1");
    assert_eq!(
        Rollout::of(&group.tags),
        None,
        "the rollout is not written down as ended"
    );
}

fn release(world: &World, policy: &Policy) -> Option<String> {
    let estate = world.now();
    Roles::of(&estate, policy).expect("roles").live.release
}

fn refresh_status(world: &World) -> Option<String> {
    let estate = world.now();
    let group = estate.group(&asg(1)).expect("asg-1");
    group.refresh.as_ref().map(|refresh| refresh.status.clone())
}

/// Does something in the middle of the rollout of release 42.
async fn meanwhile<T>(world: &World, policy: &Policy, act: impl AsyncFnOnce() -> T) -> (Verdict, T) {
    let later = async {
        while refresh_status(world).is_none() {
            sleep(Duration::from_secs(1)).await;
        }
        sleep(MINUTE).await;
        act().await
    };
    let release = deploy("42");
    tokio::join!(did(world, &release, policy), later)
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_may_not_be_seen_any_more_is_left_to_go_on_and_told_as_that() {
    for (part, about) in [(Part::Refreshes, "asg-1"), (Part::RuleTags, "alb")] {
        for denied in [true, false] {
            let policy = rolling();
            let world = World::new(rich());
            let hides = async || {
                world.vary(|estate| {
                    estate.gaps.push(Gap {
                        part,
                        about: about.into(),
                        error: "no answer for now".into(),
                        denied,
                        passes: !denied,
                    });
                });
            };
            let (verdict, ()) = meanwhile(&world, &policy, hides).await;
            assert_eq!(verdict.code, 6, "{part:?}: {verdict:#?}");
            let told = format!("could not see the {part} of {about}: no answer for now");
            assert!(verdict.summary.contains(&told), "{}", verdict.summary);
            assert!(
                verdict.next.contains(&"swingbridge status".to_owned()),
                "{verdict:#?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_takes_the_place_of_live_in_its_own_group_and_the_one_before_comes_back() {
    let policy = rolling();
    let world = World::new(rich());
    let verdict = did(&world, &deploy("42"), &policy).await;
    assert_eq!(verdict.code, 0, "{verdict:#?}");
    assert!(
        verdict.next.contains(&"swingbridge rollback".to_owned()),
        "{verdict:#?}"
    );
    runs(&world, "8");
    assert_eq!(live(&world, &policy), 1, "there is no second generation");
    assert_eq!(release(&world, &policy).as_deref(), Some("42"));
    must(&world, &deploy("42"), &policy).await;
    must(&world, &deploy("43"), &policy).await;
    runs(&world, "9");
    must(&world, &rollback(), &policy).await;
    runs(&world, "8");
    assert_eq!(release(&world, &policy).as_deref(), Some("42"));
    let changes = world.changes().len();
    must(&world, &rollback(), &policy).await;
    assert_eq!(world.changes().len(), changes, "it goes back by one release only");
    assert_eq!(world.now().groups.len(), 1);
    no_lock(&world);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_rollout_tells_in_per_cent_how_far_it_has_come_until_all_of_it_is_there() {
    let policy = rolling();
    let world = World::new(rich());
    let (verdict, events) = script::heard(&world, &deploy("42"), &policy, true, &script::Nobody).await;
    assert_eq!(verdict.map(|verdict| verdict.code), Some(0));
    let titles = events.iter().find_map(|event| match &event.kind {
        EventKind::RunStarted { steps, .. } => Some(steps.clone()),
        _ => None,
    });
    let titles = titles.expect("a run begins");
    let mut told: Vec<(u32, String)> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Progress {
                step,
                have,
                want,
                reasons,
            } => {
                assert_eq!(titles[*step], "wait until all of asg-1's instances are replaced");
                assert_eq!(*want, 100);
                Some((*have, reasons.join(", ")))
            }
            _ => None,
        })
        .collect();
    // It is looked at more often than it changes.
    told.dedup();
    let told: Vec<(u32, &str)> = told.iter().map(|(have, why)| (*have, why.as_str())).collect();
    assert_eq!(
        told,
        [
            (0, "InProgress, 2 instances left"),
            (50, "InProgress, 1 instance left"),
            (100, "Successful, 0 instances left"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn meanwhile_status_says_how_far_it_is() {
    let policy = rolling();
    let world = World::new(rich());
    let (verdict, phase) = meanwhile(&world, &policy, async || {
        StatusView::of(&world.now(), &policy, fixtures::minute(0), &|_| false).phase
    })
    .await;
    assert_eq!(verdict.code, 0, "{verdict:#?}");
    assert_eq!(phase.name, Phase::RollingOut);
    assert_eq!(
        phase.text,
        "release 42 is being rolled out on asg-1: 50 %, InProgress, 1 instance left"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_there_before_any_release_comes_back_without_a_name() {
    let policy = rolling();
    let world = World::new(rich());
    must(&world, &deploy("42"), &policy).await;
    must(&world, &rollback(), &policy).await;
    runs(&world, "7");
    assert_eq!(release(&world, &policy), None);
    let estate = world.now();
    assert_eq!(Before::of(&estate.group(&asg(1)).expect("asg-1").tags), None);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_locked_out_while_instances_are_replaced_and_a_rollback_takes_them_back() {
    let policy = rolling();
    let world = World::new(rich());
    let (deployed, back) = meanwhile(&world, &policy, async || {
        no_lock(&world);
        assert_eq!(versions(&world).0, ["8", "7"], "half of it is replaced");
        did(&world, &rollback(), &policy).await
    })
    .await;
    assert_eq!(back.code, 0, "{back:#?}");
    assert_eq!(
        (deployed.code, deployed.ended),
        (5, Ended::SwungBack),
        "{deployed:#?}"
    );
    assert_eq!(
        deployed.reasons,
        ["RollbackSuccessful: The rollback was requested by a user."]
    );
    runs(&world, "7");
    assert_eq!(release(&world, &policy), None);
    no_lock(&world);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_release_whose_instances_do_not_become_healthy_is_taken_back_by_itself_and_can_be_tried_again() {
    let policy = rolling();
    let world = World::new(rich());
    world.failing.lock().expect("not poisoned").push(8);
    let verdict = did(&world, &deploy("42"), &policy).await;
    assert_eq!(
        (verdict.code, verdict.ended),
        (5, Ended::SwungBack),
        "{verdict:#?}"
    );
    assert_eq!(
        verdict.summary,
        "asg-1 was rolled back in place, and is as it was before"
    );
    assert_eq!(
        verdict.reasons,
        ["RollbackSuccessful: replacements do not become healthy"]
    );
    runs(&world, "7");
    assert_eq!(release(&world, &policy), None);
    world.failing.lock().expect("not poisoned").clear();
    must(&world, &deploy("42"), &policy).await;
    runs(&world, "8");
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn what_failed_while_nobody_watched_is_told_by_whoever_comes_next() {
    let policy = rolling();
    let world = World::new(rich());
    let (stopper, interrupt) = Interrupt::pair();
    let scope = scope();
    let job = script::job(&world, &scope, &deploy("42"), true, interrupt, &script::Nobody);
    let estate = world.now();
    let plan = plan::plan(&estate, &deploy("42"), &policy).expect("a plan");
    let mut listen = Listen::default();
    let stops = async {
        while refresh_status(&world).is_none() {
            sleep(Duration::from_secs(1)).await;
        }
        sleep(Duration::from_secs(20)).await;
        stopper.stop(Signal::Terminate);
    };
    let (verdict, ()) = tokio::join!(carry_out(&job, &plan, &estate, &mut listen), stops);
    assert_eq!(verdict.code, 143, "{verdict:#?}");
    assert!(
        verdict.summary.contains("goes on with asg-1 by itself"),
        "{verdict:#?}"
    );
    no_lock(&world);
    // Nobody but whoever began it goes on.
    let why = |intent: &Intent| {
        let refusal = plan::plan(&world.now(), intent, &policy).expect_err(intent.word());
        refusal.reasons
    };
    let rolling_out = Reason::RollingOut {
        group: asg(1),
        release: "release 42".into(),
    };
    assert_eq!(why(&deploy("43")), [rolling_out]);
    for other in [Intent::Promote, Intent::Abort] {
        let reasons = why(&other);
        assert!(
            matches!(
                &reasons[..],
                [Reason::NotWithStrategy { command, strategy: Strategy::Rolling, .. }]
                    if command == other.word()
            ),
            "{reasons:?}"
        );
    }
    world.failing.lock().expect("not poisoned").push(8);
    sleep(MINUTE * 10).await;
    let verdict = did(&world, &deploy("42"), &policy).await;
    assert_eq!(verdict.code, 5, "{verdict:#?}");
    runs(&world, "7");
    // Whoever rolls back now finds that it is done.
    let tags = fixtures::target_group_mut(&mut world.now(), 1).tags.clone();
    assert_eq!(State::of(&tags), State::Restored);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_somebody_cancels_half_way_needs_a_person_who_can_go_either_way() {
    for onward in [deploy("42"), rollback()] {
        let policy = rolling();
        let world = World::new(rich());
        let (verdict, ()) = meanwhile(&world, &policy, async || {
            world.vary(|estate| {
                let refresh = fixtures::group_mut(estate, 1).refresh.as_mut().expect("one");
                refresh.status = "Cancelled".into();
            });
        })
        .await;
        assert_eq!((verdict.code, verdict.ended), (6, Ended::Stopped), "{verdict:#?}");
        assert_eq!(versions(&world).0, ["8", "7"]);
        must(&world, &onward, &policy).await;
        let version = if onward == rollback() { "7" } else { "8" };
        runs(&world, version);
        nothing_broken(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn the_refresh_of_somebody_else_is_never_touched() {
    let policy = rolling();
    let mut estate = rich();
    fixtures::group_mut(&mut estate, 1).refresh = Some(fixtures::refresh("InProgress"));
    for intent in [deploy("42"), rollback()] {
        let refusal = plan::plan(&estate, &intent, &policy).expect_err("refused");
        let text = refusal.to_string();
        assert!(text.contains("an instance refresh is running on asg-1"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_dies_at_any_call_goes_on_where_it_was() {
    for fault in [
        Fault::DieBefore,
        Fault::DieAfter,
        Fault::LoseAnswer,
        Fault::Throttle,
    ] {
        for at in 0.. {
            let policy = rolling();
            let world = World::new(rich());
            must(&world, &deploy("42"), &policy).await;
            world.order(Some((at, fault)));
            let _ = run(&world, &deploy("43"), &policy, false).await;
            if world.tried() <= at {
                break;
            }
            world.order(None);
            must(&world, &deploy("43"), &policy).await;
            runs(&world, "9");
            assert_eq!(release(&world, &policy).as_deref(), Some("43"), "after call {at}");
            must(&world, &rollback(), &policy).await;
            runs(&world, "8");
            assert_eq!(release(&world, &policy).as_deref(), Some("42"), "after call {at}");
            no_lock(&world);
            nothing_broken(&world);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_dies_at_any_call_can_be_taken_back_and_so_can_the_way_back_go_on() {
    for fault in [Fault::DieBefore, Fault::DieAfter] {
        for at in 0.. {
            let policy = rolling();
            let world = World::new(rich());
            must(&world, &deploy("42"), &policy).await;
            world.order(Some((at, fault)));
            let _ = run(&world, &deploy("43"), &policy, false).await;
            if world.tried() <= at {
                break;
            }
            world.order(None);
            let group = world.now().group(&asg(1)).expect("asg-1").clone();
            let begun = Rollout::of(&group.tags).is_some() || versions(&world).1 == "9";
            if begun {
                must(&world, &rollback(), &policy).await;
                runs(&world, "8");
                assert_eq!(release(&world, &policy).as_deref(), Some("42"), "after call {at}");
            }
        }
        for at in 0.. {
            let policy = rolling();
            let world = World::new(rich());
            must(&world, &deploy("42"), &policy).await;
            must(&world, &deploy("43"), &policy).await;
            world.order(Some((at, fault)));
            let _ = run(&world, &rollback(), &policy, false).await;
            if world.tried() <= at {
                break;
            }
            world.order(None);
            must(&world, &rollback(), &policy).await;
            runs(&world, "8");
            assert_eq!(release(&world, &policy).as_deref(), Some("42"), "after call {at}");
            no_lock(&world);
            nothing_broken(&world);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_command_about_a_candidate_would_do_is_said_where_there_is_none() {
    let policy = rolling();
    for intent in [
        Intent::Promote,
        Intent::PromoteFully,
        Intent::Shift { percent: 5 },
        Intent::Pause,
        Intent::Resume,
        Intent::Retreat,
        Intent::Abort,
    ] {
        let refusal = plan::plan(&rich(), &intent, &policy).expect_err("refused");
        assert_eq!(
            refusal.to_string(),
            format!(
                "refused: `{}` has no meaning with strategy rolling",
                intent.word()
            )
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_was_begun_and_cannot_be_seen_is_not_told_as_nothing() {
    let policy = rolling();
    let calls = {
        let world = World::new(rich());
        must(&world, &deploy("42"), &policy).await;
        let begun = |change: &String| change.starts_with("replace the instances");
        world.changes().iter().position(begun).expect("it begins")
    };
    for fault in [Fault::Deny, Fault::LoseAnswer] {
        let world = World::new(rich());
        world.order(Some((calls, fault)));
        let blind = async {
            while world.tried() <= calls {
                sleep(Duration::from_millis(10)).await;
            }
            world.vary(|estate| {
                estate.gaps.push(Gap {
                    part: Part::Refreshes,
                    about: "asg-1".into(),
                    error: "no answer for now".into(),
                    denied: true,
                    passes: false,
                });
            });
        };
        let release = deploy("42");
        let (verdict, ()) = tokio::join!(did(&world, &release, &policy), blind);
        let begun = refresh_status(&world).is_some();
        assert_eq!(verdict.code, if begun { 6 } else { 4 }, "{fault:?}: {verdict:#?}");
        assert_eq!(begun, fault == Fault::LoseAnswer);
        assert!(
            !verdict.next.contains(&"swingbridge abort".to_owned()),
            "{verdict:#?}"
        );
    }
}
