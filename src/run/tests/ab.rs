//! Tests of variants on a cloud in memory: begun, ended by a winner or without one, and cut off at every call.

use super::*;
use crate::model::ab::{By, PER_RULE, Pick, Taking, Test, Variant};
use crate::model::ab_reason::AbReason;
use crate::model::event::Ended;
use crate::model::judging::{REQUESTS, latency as latency_of};
use crate::model::readings::{Compared, Readings, Series, Window};
use crate::model::refusal::Reason;
use crate::model::routing::{Rule, Sticky};

pub(super) const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
/// How a command ends that leaves a test to run.
const RUNS: u8 = 9;

fn variant(name: &str, live: bool, weight: u32, priority: Option<u32>) -> Variant {
    Variant {
        name: name.into(),
        live,
        weight,
        priority,
    }
}

fn tested(variants: Vec<Variant>, by: By) -> Policy {
    Policy {
        strategy: Strategy::Ab,
        ab: Some(Test {
            variants,
            by,
            lasts: WEEK * 2,
            pick: None,
        }),
        ..quick()
    }
}

pub(super) fn three() -> Policy {
    tested(
        vec![
            variant("control", true, 40, None),
            variant("bold", false, 30, None),
            variant("calm", false, 30, None),
        ],
        By::Weight { sticky: 604_800 },
    )
}

/// Live takes no part in it.
pub(super) fn two_new() -> Policy {
    tested(
        vec![variant("bold", false, 1, None), variant("calm", false, 1, None)],
        By::Weight { sticky: 3600 },
    )
}

pub(super) fn by_header() -> Policy {
    tested(
        vec![
            variant("control", true, 0, None),
            variant("bold", false, 0, Some(5)),
            variant("calm", false, 0, Some(6)),
        ],
        By::Header {
            name: "x-variant".into(),
        },
    )
}

fn deploy_as(name: &str, variant: &str) -> Intent {
    let mut release = fixtures::release(name);
    release.variant = Some(variant.into());
    Intent::Deploy { release }
}

pub(super) fn winner(name: &str) -> Intent {
    Intent::Winner { name: name.into() }
}

/// What a command is to end with.
fn code(intent: &Intent) -> u8 {
    if *intent == Intent::Promote { RUNS } else { 0 }
}

pub(super) async fn goes(world: &World, intent: &Intent, policy: &Policy) -> Verdict {
    let verdict = run(world, intent, policy, true).await.expect("nobody killed it");
    assert_eq!(verdict.code, code(intent), "{}: {verdict:#?}", intent.word());
    verdict
}

pub(super) fn both_deployed() -> Vec<Intent> {
    vec![deploy_as("42", "bold"), deploy_as("43", "calm")]
}

async fn with_variants(policy: &Policy) -> World {
    let world = World::new(rich());
    for intent in &both_deployed() {
        goes(&world, intent, policy).await;
    }
    world
}

pub(super) async fn begun(policy: &Policy) -> World {
    let world = with_variants(policy).await;
    goes(&world, &Intent::Promote, policy).await;
    world
}

/// Production's rules on both listeners.
pub(super) fn routes(world: &World) -> Vec<(String, Sticky)> {
    let estate = world.now();
    let policy = three();
    let roles = Roles::of(&estate, &policy).expect("roles");
    let routes = roles.routes.iter();
    routes
        .map(|rule| (rule.action.to_string(), rule.sticky))
        .collect()
}

fn groups(world: &World) -> Vec<String> {
    let estate = world.now();
    estate.groups.iter().map(|group| group.name.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn variants_stand_side_by_side_without_a_share_and_stay_checked() {
    let policy = three();
    let world = World::new(rich());
    for intent in &both_deployed() {
        goes(&world, intent, &policy).await;
    }
    assert_eq!(live(&world, &policy), 1);
    let estate = world.now();
    let roles = Roles::of(&estate, &policy).expect("roles");
    assert_eq!(roles.candidate, None);
    let standing: Vec<_> = roles
        .variants
        .iter()
        .map(|one| (one.generation.0, one.variant.as_deref(), one.state))
        .collect();
    assert_eq!(
        standing,
        [(2, Some("bold"), State::Ready), (3, Some("calm"), State::Ready)]
    );
    for name in [tg(2), tg(3)] {
        assert_eq!(plan::healthy(&estate, &name), 2, "{name}");
    }
    assert_eq!(roles.green_doors[0].action, fixtures::closed(404));
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_test_shares_every_route_with_stickiness_and_its_winner_gets_all_of_it() {
    let policy = three();
    let world = begun(&policy).await;
    let shared = ("tg-1:40 tg-2:30 tg-3:30".to_owned(), Sticky::For(604_800));
    assert_eq!(routes(&world), [shared.clone(), shared.clone(), shared]);
    no_lock(&world);

    goes(&world, &winner("bold"), &policy).await;
    let whole = ("tg-2".to_owned(), Sticky::Off);
    assert_eq!(routes(&world), [whole.clone(), whole.clone(), whole]);
    assert_eq!(live(&world, &policy), 2);
    assert_eq!(groups(&world), ["asg-1", "asg-2"], "the other variant is gone");
    let estate = world.now();
    let roles = Roles::of(&estate, &policy).expect("roles");
    assert_eq!(roles.previous.as_ref().map(|one| one.generation.0), Some(1));
    assert_eq!(roles.entrance.map(|rule| rule.action.clone()), Some(to(1)));
    assert_eq!(Taking::of(&estate.target_group(&tg(2)).expect("tg-2").tags), None);
    // And from there back, as after any promotion.
    goes(&world, &rollback(), &policy).await;
    assert_eq!(live(&world, &policy), 1);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn the_variant_that_is_live_can_win_and_the_others_are_gone() {
    for policy in [three(), by_header()] {
        let world = begun(&policy).await;
        goes(&world, &winner("control"), &policy).await;
        assert_eq!(live(&world, &policy), 1);
        assert_eq!(groups(&world), ["asg-1"]);
        let whole = ("tg-1".to_owned(), Sticky::Off);
        assert_eq!(routes(&world), [whole.clone(), whole.clone(), whole]);
        let estate = world.now();
        let held = estate.groups.iter().any(|group| !owed(&group.tags).is_empty());
        assert!(!held, "nothing is owed");
        nothing_broken(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn a_header_leads_to_each_variant_and_production_stays() {
    let policy = by_header();
    let world = begun(&policy).await;
    let whole = ("tg-1".to_owned(), Sticky::Off);
    assert_eq!(routes(&world), [whole.clone(), whole.clone(), whole]);
    let led = |world: &World| {
        let estate = world.now();
        let roles = Roles::of(&estate, &policy).expect("roles");
        let rules = roles.variant_rules.iter();
        rules
            .map(|rule| format!("{} {} → {}", rule.at(), rule.conditions[0], rule.action))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        led(&world),
        [
            ":80 rule 5 x-variant=bold → tg-2",
            ":80 rule 6 x-variant=calm → tg-3",
            ":443 rule 5 x-variant=bold → tg-2",
            ":443 rule 6 x-variant=calm → tg-3",
        ]
    );
    goes(&world, &winner("calm"), &policy).await;
    assert_eq!(live(&world, &policy), 3);
    assert_eq!(led(&world), Vec::<String>::new());
    assert_eq!(groups(&world), ["asg-1", "asg-3"]);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn promoted_again_while_it_runs_it_says_until_when_and_changes_nothing() {
    let policy = three();
    let world = begun(&policy).await;
    let before = world.changes().len();
    let verdict = goes(&world, &Intent::Promote, &policy).await;
    assert_eq!(verdict.ended, Ended::Paused);
    assert!(
        verdict.summary.starts_with("the test runs until "),
        "{}",
        verdict.summary
    );
    assert_eq!(world.changes().len(), before);
    // The load may have made live grow meanwhile: that is nothing to begin anew for.
    world.vary(|estate| fixtures::group_mut(estate, 1).size.desired = 3);
    goes(&world, &Intent::Promote, &policy).await;
    assert_eq!(world.changes().len(), before);
}

#[tokio::test(start_paused = true)]
async fn other_weights_are_written_by_another_promote_and_the_time_runs_on() {
    let mut policy = three();
    let world = begun(&policy).await;
    let since = |world: &World| {
        let estate = world.now();
        let taking = Taking::of(&estate.target_group(&tg(2)).expect("tg-2").tags);
        taking.expect("it takes part").since
    };
    let began = since(&world);
    policy.ab.as_mut().expect("a test").variants[1].weight = 10;
    tokio::time::sleep(WEEK).await;
    goes(&world, &Intent::Promote, &policy).await;
    assert_eq!(routes(&world)[0].0, "tg-1:40 tg-2:10 tg-3:30");
    assert_eq!(since(&world), began);
}

#[tokio::test(start_paused = true)]
async fn a_test_that_is_taken_back_leaves_its_variants_or_nothing() {
    for policy in [three(), two_new(), by_header()] {
        let world = begun(&policy).await;
        goes(&world, &rollback(), &policy).await;
        assert_eq!(live(&world, &policy), 1);
        assert_eq!(groups(&world), ["asg-1", "asg-2", "asg-3"]);
        goes(&world, &Intent::Abort, &policy).await;
        assert_eq!(groups(&world), ["asg-1"]);
        let world = begun(&policy).await;
        goes(&world, &rollback_and_remove(), &policy).await;
        assert_eq!(groups(&world), ["asg-1"]);
        nothing_broken(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn five_new_variants_share_production_that_live_has_left() {
    let names = ["a", "b", "c", "d", "e"];
    let variants = names.map(|name| variant(name, false, 1, None));
    let policy = tested(variants.into(), By::Weight { sticky: 60 });
    let world = World::new(rich());
    for name in names {
        goes(&world, &deploy_as(name, name), &policy).await;
    }
    goes(&world, &Intent::Promote, &policy).await;
    assert_eq!(routes(&world)[0].0, "tg-2:1 tg-3:1 tg-4:1 tg-5:1 tg-6:1");
    assert_eq!(names.len(), PER_RULE);
    let estate = world.now();
    let roles = Roles::of(&estate, &policy).expect("roles");
    assert_eq!(roles.live.generation.0, 1);
    assert_eq!(
        roles.entrance.map(|rule| rule.action.clone()),
        Some(to(1)),
        "the way back stays checked"
    );
    goes(&world, &rollback_and_remove(), &policy).await;
    assert_eq!(live(&world, &policy), 1);
    assert_eq!(groups(&world), ["asg-1"]);
    nothing_broken(&world);
}

fn refused(world: &World, intent: &Intent, policy: &Policy) -> Vec<Reason> {
    plan::plan(&world.now(), intent, policy)
        .expect_err("a refusal")
        .reasons
}

#[tokio::test(start_paused = true)]
async fn no_test_begins_before_every_variant_is_ready_and_nobody_else_stands_in_the_way() {
    let policy = three();
    let world = World::new(rich());
    goes(&world, &deploy_as("42", "bold"), &policy).await;
    assert_eq!(
        refused(&world, &Intent::Promote, &policy),
        [Reason::Ab(AbReason::VariantsMissing { names: "calm".into() })]
    );
    assert!(matches!(
        refused(&world, &deploy("43"), &policy)[..],
        [Reason::Ab(AbReason::NotAVariant { .. })]
    ));
    for unknown in ["control", "loud"] {
        assert!(matches!(
            refused(&world, &deploy_as("43", unknown), &policy)[..],
            [Reason::Ab(AbReason::NoSuchVariant { .. })]
        ));
    }
    assert!(matches!(
        refused(&world, &deploy_as("43", "bold"), &policy)[..],
        [Reason::Ab(AbReason::VariantExists { .. })]
    ));
    assert!(matches!(
        refused(&world, &winner("bold"), &policy)[..],
        [Reason::Ab(AbReason::NoTest)]
    ));
    let mut renamed = policy.clone();
    renamed.ab.as_mut().expect("a test").variants[1].name = "brave".into();
    assert!(matches!(
        refused(&world, &Intent::Promote, &renamed)[..],
        [
            Reason::Ab(AbReason::StrangeVariant { .. }),
            Reason::Ab(AbReason::VariantsMissing { .. })
        ]
    ));
    // One of them can go without the others.
    goes(&world, &deploy_as("43", "calm"), &policy).await;
    let one = Intent::Retire {
        generation: Some(Generation(2)),
    };
    goes(&world, &one, &policy).await;
    assert_eq!(groups(&world), ["asg-1", "asg-3"]);
    assert_eq!(plan::healthy(&world.now(), &tg(3)), 2, "the other stays checked");
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn while_a_test_runs_nothing_else_moves_production() {
    let policy = three();
    let world = begun(&policy).await;
    let mut preview = quick();
    preview.strategy = Strategy::Preview;
    for intent in [deploy("44"), Intent::Promote, Intent::Shift { percent: 10 }] {
        assert_eq!(
            refused(&world, &intent, &preview),
            [Reason::Ab(AbReason::TestRuns { live: Generation(1) })],
            "{}",
            intent.word()
        );
    }
    for intent in [Intent::PromoteFully, Intent::Shift { percent: 10 }, Intent::Pause] {
        assert_eq!(
            refused(&world, &intent, &policy),
            [Reason::Ab(AbReason::SharedByTest)]
        );
    }
    assert!(matches!(
        refused(&world, &Intent::Abort, &policy)[..],
        [Reason::Ab(AbReason::TestRuns { .. })]
    ));
    for generation in [2, 3] {
        let retire = Intent::Retire {
            generation: Some(Generation(generation)),
        };
        assert!(matches!(
            refused(&world, &retire, &policy)[..],
            [Reason::Ab(AbReason::TestRuns { .. })]
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn a_variant_in_which_nobody_is_healthy_gets_no_share() {
    let policy = three();
    let world = World::new(rich());
    for intent in &both_deployed() {
        goes(&world, intent, &policy).await;
    }
    world.sick.lock().expect("not poisoned").push(tg(3));
    let verdict = run(&world, &Intent::Promote, &policy, true)
        .await
        .expect("it ends");
    assert_eq!(verdict.code, 4, "{verdict:#?}");
    assert_eq!(live(&world, &policy), 1);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn doing_it_again_says_that_it_is_done() {
    for policy in [three(), two_new(), by_header()] {
        let mut lives = vec![vec![winner("calm")], vec![rollback(), Intent::Abort]];
        if policy.ab.as_ref().expect("a test").live().is_some() {
            lives.push(vec![winner("control")]);
        }
        for ends in lives {
            let world = World::new(rich());
            let begins = both_deployed().into_iter().chain([Intent::Promote]);
            for intent in begins.chain(ends) {
                goes(&world, &intent, &policy).await;
                let before = world.changes().len();
                let again = plan::plan(&world.now(), &intent, &policy).expect("a plan");
                let waits = again.steps.iter().all(crate::model::step::Step::lets_go);
                assert!(waits, "{}: {:#?}", intent.word(), again.steps);
                goes(&world, &intent, &policy).await;
                assert_eq!(world.changes().len(), before, "{}", intent.word());
            }
        }
    }
}

/// Two weeks later, each variant's answers took this long in every period, give or take a little.
pub(super) fn two_weeks_later(world: &World, seconds: &'static [(u32, f64)]) {
    let tell = move |window: Window, compared: &Compared| {
        let mut readings = Readings::none(window, compared);
        let count = u32::try_from(window.periods()).expect("few");
        for side in [&mut readings.live, &mut readings.candidate] {
            let of = |(n, _): &&(u32, f64)| tg(*n) == side.target_group;
            let (_, about) = seconds.iter().find(of).expect("somebody of the test");
            let series = |value: &dyn Fn(u32) -> f64| {
                Series(
                    (0..count)
                        .map(|n| (window.from + window.period * n, value(n)))
                        .collect(),
                )
            };
            side.series.insert(REQUESTS.into(), series(&|_| 1000.0));
            let latency = series(&|n| about + f64::from(n % 7) / 100.0);
            side.series.insert(latency_of(95), latency);
        }
        readings
    };
    *world.readings.lock().expect("not poisoned") = Some(Box::new(tell));
}

pub(super) fn picking() -> Policy {
    with_pick(three())
}

/// A measure ends its test.
pub(super) fn with_pick(mut policy: Policy) -> Policy {
    policy.ab.as_mut().expect("a test").pick = Some(Pick {
        rule: "latency-p95".into(),
        higher: false,
        confidence: 0.95,
    });
    policy
}

pub(super) const BOLD_IS_FASTER: &[(u32, f64)] = &[(1, 0.4), (2, 0.3), (3, 0.4)];
const ALL_THE_SAME: &[(u32, f64)] = &[(1, 0.4), (2, 0.4), (3, 0.4)];

#[tokio::test(start_paused = true)]
async fn when_its_time_is_over_a_test_is_reported_and_waits_for_a_person() {
    let policy = three();
    let world = begun(&policy).await;
    two_weeks_later(&world, BOLD_IS_FASTER);
    tokio::time::sleep(WEEK * 2 + Duration::from_secs(3600)).await;
    let before = world.changes().len();
    let verdict = goes(&world, &Intent::Promote, &policy).await;
    assert!(
        verdict.summary.starts_with("the test is over since "),
        "{}",
        verdict.summary
    );
    assert_eq!(
        verdict.reasons,
        ["latency-p95: bold has 0.33 s, lower than control with 0.43 s (99.9 % sure)"]
    );
    // Nobody asked repair to name one.
    let repaired = run(&world, &Intent::Repair, &policy, true)
        .await
        .expect("it ends");
    assert_eq!(repaired.code, 0, "{repaired:#?}");
    assert_eq!(world.changes().len(), before);
}

#[tokio::test(start_paused = true)]
async fn when_its_time_is_over_a_measure_picks_the_winner_if_it_is_sure() {
    for command in [Intent::Promote, Intent::Repair] {
        let policy = picking();
        let world = begun(&policy).await;
        two_weeks_later(&world, BOLD_IS_FASTER);
        let early = run(&world, &Intent::Promote, &policy, true)
            .await
            .expect("it ends");
        assert_eq!(early.code, RUNS, "{early:#?}");
        tokio::time::sleep(WEEK * 2).await;
        let verdict = run(&world, &command, &policy, true).await.expect("it ends");
        assert_eq!(verdict.code, 0, "{verdict:#?}");
        assert_eq!(live(&world, &policy), 2);
        assert_eq!(groups(&world), ["asg-1", "asg-2"]);
        no_lock(&world);
        nothing_broken(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_wins_by_chance_or_by_silence() {
    for seconds in [Some(ALL_THE_SAME), None] {
        let policy = picking();
        let world = begun(&policy).await;
        if let Some(seconds) = seconds {
            two_weeks_later(&world, seconds);
        }
        tokio::time::sleep(WEEK * 2).await;
        for command in [Intent::Promote, Intent::Repair] {
            let verdict = run(&world, &command, &policy, true).await.expect("it ends");
            assert_eq!(verdict.code, RUNS, "{verdict:#?}");
            assert!(
                verdict.reasons[0].starts_with("latency-p95: "),
                "{:?}",
                verdict.reasons
            );
        }
        assert_eq!(routes(&world)[0].0, "tg-1:40 tg-2:30 tg-3:30");
    }
}

#[tokio::test(start_paused = true)]
async fn a_winner_in_which_nobody_is_healthy_gets_nothing_and_the_test_runs_on() {
    let policy = three();
    let world = begun(&policy).await;
    let before = routes(&world);
    world.sick.lock().expect("not poisoned").push(tg(2));
    let verdict = run(&world, &winner("bold"), &policy, true)
        .await
        .expect("it ends");
    assert_eq!(verdict.code, 4, "{verdict:#?}");
    assert_eq!(routes(&world), before);
    no_lock(&world);
    // Whoever is left can win all the same.
    goes(&world, &winner("calm"), &policy).await;
    assert_eq!(live(&world, &policy), 3);
}

/// How many changes a promotion makes before the one that begins like this.
async fn changes_before(policy: &Policy, this: &str) -> usize {
    let world = with_variants(policy).await;
    world.order(None);
    let before = world.changes().len();
    goes(&world, &Intent::Promote, policy).await;
    let after = &world.changes()[before..];
    after
        .iter()
        .position(|change| change.starts_with(this))
        .unwrap_or_else(|| panic!("{after:#?}"))
}

#[tokio::test(start_paused = true)]
async fn a_first_rule_of_a_test_that_is_refused_has_moved_nobody() {
    let policy = by_header();
    let calls = changes_before(&policy, "create :80 rule 5").await;
    let world = with_variants(&policy).await;
    let before = routes(&world);
    world.order(Some((calls, Fault::Refuse)));
    let verdict = run(&world, &Intent::Promote, &policy, true).await;
    let verdict = verdict.expect("nobody killed it");
    assert_eq!(verdict.code, 4, "{verdict:#?}");
    assert_eq!(routes(&world), before);
    nothing_broken(&world);
    // Nobody was taken back for it: the same command begins the test.
    goes(&world, &Intent::Promote, &policy).await;
}

#[tokio::test(start_paused = true)]
async fn users_who_are_led_to_a_variant_half_way_are_led_back() {
    let policy = by_header();
    let calls = changes_before(&policy, "create :443 rule 5").await;
    let world = with_variants(&policy).await;
    world.order(Some((calls, Fault::Refuse)));
    let verdict = run(&world, &Intent::Promote, &policy, true).await;
    let verdict = verdict.expect("nobody killed it");
    assert_eq!(verdict.code, 5, "{verdict:#?}");
    let estate = world.now();
    let roles = Roles::of(&estate, &policy).expect("roles");
    assert_eq!(roles.variant_rules, Vec::<&Rule>::new());
    nothing_broken(&world);
}
