//! What is promised of a soak, of reading back, of the lock's times and of its secret, to the second and to the bit.

use std::collections::BTreeSet;

use tokio::time::{Instant, sleep};

use super::script::{Nobody, heard};
use super::*;
use crate::model::event::EventKind;
use crate::model::lock::{self, Holder, LockState};
use crate::model::routing::Condition;
use crate::model::step::Step;
use crate::model::tags;
use crate::run::act::unguessable;

/// As the tests' jobs have it.
const LEASE: Duration = Duration::from_secs(120);
const HOUR: Duration = Duration::from_secs(3_600);
/// How exactly a test sees when something happens.
const TICK: Duration = Duration::from_millis(10);

/// Whether a request can find the candidate: by a route or a door, not by the tool's own rules.
fn is_led_to(world: &World) -> bool {
    let own = [fixtures::LOCK, fixtures::ENTRANCE].map(Priority::Numbered);
    let estate = world.now();
    estate
        .rules_naming(&tg(2))
        .any(|rule| !own.contains(&rule.priority))
}

#[tokio::test(start_paused = true)]
async fn health_that_breaks_while_it_soaks_begins_the_soak_anew_for_doors_and_for_routes() {
    for strategy in [Strategy::Preview, Strategy::Direct] {
        let mut policy = quick();
        policy.strategy = strategy;
        policy.health.timeout = Duration::from_secs(600);
        let soak = policy.health.soak;
        let world = World::new(rich());
        let breaks = async {
            while plan::healthy(&world.now(), &tg(2)) < 2 {
                sleep(TICK).await;
            }
            sleep(soak * 2 / 3).await;
            assert!(!is_led_to(&world), "{strategy:?}: before it has soaked");
            world.sick.lock().expect("not poisoned").push(tg(2));
            // Health is looked at ten times in a soak at least, give or take a fifth: this is seen.
            sleep(soak / 6).await;
            world.sick.lock().expect("not poisoned").clear();
            let healthy_again = Instant::now();
            while !is_led_to(&world) {
                sleep(TICK).await;
            }
            healthy_again.elapsed()
        };
        let intent = deploy("42");
        let ((), soaked) = tokio::join!(must(&world, &intent, &policy), breaks);
        assert!(soaked >= soak, "{strategy:?}: {soaked:?}");
        no_lock(&world);
        nothing_broken(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn rules_read_back_as_often_in_a_row_as_configured_and_one_read_from_before_begins_the_count_anew() {
    let mut policy = quick();
    policy.swing.confirmations = 5;
    // So that nothing is waited for but the count.
    policy.swing.propagation = Duration::ZERO;
    let (last, stale) = (Priority::Default, Priority::Numbered(30));
    // Reads are 1/4, 1/2, 1 and 1 s apart, and 2 s after one that is not as written; each give or take a fifth.
    for (from_before, least, told) in [(false, 2_150, 1), (true, 6_000, 3)] {
        let world = World::new(rich());
        must(&world, &deploy("42"), &policy).await;
        let intent = Intent::Promote;
        let plan = plan::plan(&world.now(), &intent, &policy).expect("a plan");
        let mut steps = plan.steps.iter();
        let confirm = steps.position(|step| matches!(step, Step::Confirm { .. }));
        let point = |action| world.vary(|estate| fixtures::point(estate, 443, stale, action));
        let reads = async {
            while fixtures::rule_mut(&mut world.now(), 443, last).action != to(2) {
                sleep(TICK).await;
            }
            if from_before {
                // From after the third read until after the fourth.
                sleep(Duration::from_millis(1_100)).await;
                point(to(1));
                sleep(Duration::from_millis(1_050)).await;
                point(to(2));
            }
        };
        let promoted = heard(&world, &intent, &policy, true, &Nobody);
        let ((verdict, events), ()) = tokio::join!(promoted, reads);
        assert_eq!(verdict.map(|verdict| verdict.code), Some(0));
        let own: Vec<&Event> = events
            .iter()
            .filter(|event| match event.kind {
                EventKind::StepStarted { step }
                | EventKind::Progress { step, .. }
                | EventKind::StepFinished { step, .. } => Some(step) == confirm,
                _ => false,
            })
            .collect();
        let [started, progress @ .., finished] = own.as_slice() else {
            panic!("nothing was read back: {own:#?}");
        };
        assert_eq!(progress.len(), told, "{progress:#?}");
        let took = finished.elapsed - started.elapsed;
        assert!(took >= Duration::from_millis(least), "{took:?}");
        assert_eq!(live(&world, &policy), 2);
        nothing_broken(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_lasts_longer_than_its_lease_beats_four_times_in_it_and_keeps_its_lock() {
    let mut policy = quick();
    policy.health.timeout = LEASE * 5;
    let world = World::new(rich());
    // It waits for health in vain, for as long as it may.
    world.sick.lock().expect("not poisoned").push(tg(2));
    let intent = deploy("42");
    let knocks = async {
        let began = Instant::now();
        let mut beats = Vec::new();
        while began.elapsed() < LEASE * 4 {
            sleep(Duration::from_secs(5)).await;
            let knocked = run(&world, &intent, &policy, false).await;
            assert_eq!(knocked.map(|verdict| verdict.code), Some(7));
            let LockState::Held { holder, .. } = lock::state(&world.now(), policy.lock) else {
                panic!("nobody holds the lock after {:?}", began.elapsed());
            };
            assert_eq!(holder.lease, LEASE);
            if beats.last() != Some(&holder.beat) {
                beats.push(holder.beat);
            }
        }
        beats
    };
    let (verdict, beats) = tokio::join!(run(&world, &intent, &policy, true), knocks);
    assert_eq!(verdict.map(|verdict| verdict.code), Some(4));
    let longest = beats
        .windows(2)
        .map(|two| Duration::try_from(two[1].duration_since(two[0])).expect("one after the other"))
        .max()
        .expect("several");
    assert!(longest <= LEASE / 4 + TICK, "{longest:?}");
    assert!(beats.len() >= 15, "{beats:?}");
    no_lock(&world);
}

/// Locked by somebody on another machine, whose last sign of life is an hour old by our clock.
fn locked(lease: Duration) -> World {
    let holder = Holder {
        beat: jiff::Timestamp::now() - HOUR,
        lease,
        ..fixtures::holder()
    };
    let mut estate = rich();
    fixtures::add_rule(&mut estate, fixtures::lock_rule(&holder, fixtures::closed(404)));
    World::new(estate)
}

#[tokio::test(start_paused = true)]
async fn a_silent_holder_is_listened_to_for_a_third_of_the_lease_before_the_lock_is_taken_from_it() {
    let world = locked(LEASE);
    let (verdict, events) = heard(&world, &deploy("42"), &quick(), true, &Nobody).await;
    assert_eq!(verdict.map(|verdict| verdict.code), Some(0));
    let taken = events
        .iter()
        .find(|event| matches!(&event.kind, EventKind::Notice { text } if text.contains("taken over")))
        .expect("it is told");
    // And not for much longer: whoever comes after a crash waits for it.
    let listened = LEASE / 3..LEASE / 2;
    assert!(listened.contains(&taken.elapsed), "{:?}", taken.elapsed);
    no_lock(&world);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_beats_as_late_as_it_may_keeps_its_lock_however_far_behind_its_clock_is() {
    // Ours is LEASE; theirs may be longer.
    for lease in [LEASE, LEASE * 3] {
        let world = locked(lease);
        let beats = async {
            sleep(lease / 4).await;
            world.vary(|estate| {
                let rule = fixtures::rule_mut(estate, 80, Priority::Numbered(fixtures::LOCK));
                let beat = jiff::Timestamp::now() - HOUR + lease / 4;
                rule.tags.insert(tags::LOCK_BEAT.into(), beat.to_string());
            });
        };
        let (intent, policy) = (deploy("42"), quick());
        let (verdict, ()) = tokio::join!(run(&world, &intent, &policy, true), beats);
        assert_eq!(verdict.map(|verdict| verdict.code), Some(7), "{lease:?}");
        assert_eq!(world.changes(), Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn a_holder_whose_clock_is_behind_is_waited_for_like_any_other() {
    let (world, began) = (locked(LEASE), Instant::now());
    let beats = async {
        for beat in 1..=8 {
            sleep(LEASE / 4).await;
            world.vary(|estate| {
                let rule = fixtures::rule_mut(estate, 80, Priority::Numbered(fixtures::LOCK));
                let beat = jiff::Timestamp::now() - HOUR + LEASE / 4 * beat;
                rule.tags.insert(tags::LOCK_BEAT.into(), beat.to_string());
            });
        }
        // It has done what it held the lock for.
        world.vary(|estate| fixtures::remove_rule(estate, 80, Priority::Numbered(fixtures::LOCK)));
    };
    let (_stopper, interrupt) = Interrupt::pair();
    let (scope, intent, policy) = (scope(), deploy("42"), quick());
    let mut job = script::job(&world, &scope, &intent, true, interrupt, &Nobody);
    job.lock.wait = LEASE * 4;
    let estate = world.now();
    let plan = plan::plan(&estate, &intent, &policy).expect("a plan");
    let mut listen = Listen::default();
    let (verdict, ()) = tokio::join!(carry_out(&job, &plan, &estate, &mut listen), beats);
    assert_eq!(verdict.code, 0, "{verdict:#?}");
    assert!(began.elapsed() >= LEASE * 2, "{:?}", began.elapsed());
    no_lock(&world);
    nothing_broken(&world);
}

#[test]
fn what_nobody_is_to_guess_has_128_bits_and_every_one_of_them_varies() {
    let (mut ever, mut always) = (0, u128::MAX);
    // That a bit is the same in all of them by chance: 1 to 2^64.
    for _ in 0..65 {
        let value = unguessable();
        let bits = u128::from_str_radix(&value, 16).expect("a hexadecimal number");
        assert_eq!(value, format!("{bits:032x}"));
        ever |= bits;
        always &= bits;
    }
    assert_eq!((ever, always), (u128::MAX, 0));
}

/// What a request would have to say to meet the tool's own rule at this priority, if it stands.
fn asked(world: &World, priority: u32) -> Option<Vec<Condition>> {
    let estate = world.now();
    let mut rules = estate.rules();
    let rule = rules.find(|rule| rule.priority == Priority::Numbered(priority))?;
    Some(rule.conditions.clone())
}

/// The same of the lock's rule while a command holds it.
async fn asked_meanwhile(world: &World, intent: &Intent, policy: &Policy) -> Vec<Condition> {
    let held = async {
        loop {
            if let Some(conditions) = asked(world, fixtures::LOCK) {
                break conditions;
            }
            sleep(TICK).await;
        }
    };
    let ((), conditions) = tokio::join!(must(world, intent, policy), held);
    conditions
}

#[tokio::test(start_paused = true)]
async fn the_locks_of_two_runs_and_the_standing_entrance_ask_for_nothing_but_a_secret_of_their_own() {
    let policy = quick();
    let world = World::new(rich());
    let all = [
        asked_meanwhile(&world, &deploy("42"), &policy).await,
        asked_meanwhile(&world, &Intent::Promote, &policy).await,
        asked(&world, fixtures::ENTRANCE).expect("the way back stays checked"),
    ];
    let mut secrets = BTreeSet::new();
    for conditions in &all {
        let [Condition::Header { name, values }] = conditions.as_slice() else {
            panic!("{conditions:?}");
        };
        assert_eq!((name.as_str(), values.len()), (plan::ENTRANCE_HEADER, 1));
        assert_eq!(values[0].len(), 32, "128 bits");
        secrets.insert(&values[0]);
    }
    assert_eq!(secrets.len(), all.len(), "{secrets:?}");
}
