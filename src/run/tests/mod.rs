//! Whole operations on a cloud in memory.

mod ab;
mod ab_killed;
mod anywhere;
mod colours;
mod estates;
mod forever;
mod gates;
mod gradual;
mod growth;
mod hooks;
mod judged;
mod locked;
mod moves;
mod overruled;
mod pages;
mod pair;
mod promised;
mod properties;
mod properties_killed;
mod quiet;
mod recreate;
mod retiring;
mod rolling;
mod schema_walk;
mod script;
mod sides;
mod stays;
mod swept;
mod unseen;
mod users;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::estate::{Attachment, AttachmentKind, Estate};
use crate::model::event::{Event, Reporter, Verdict};
use crate::model::fixtures::{self, asg, tg, to};
use crate::model::ids::Generation;
use crate::model::obligation::owed;
use crate::model::plan::Intent;
use crate::model::policy::{AfterRollback, Policy, Strategy, Treatment};
use crate::model::roles::Roles;
use crate::model::routing::{Action, Priority};
use crate::model::scope::Scope;
use crate::model::standing::State;
use crate::plan;
use crate::run::identity::Identity;
use crate::run::interrupt::{Interrupt, Signal};
use crate::run::world::{Fault, World};
use crate::run::{Job, LockSettings, carry_out};

#[derive(Default)]
struct Listen {
    events: Vec<Event>,
}

impl Reporter for Listen {
    fn on(&mut self, event: &Event) -> std::io::Result<()> {
        self.events.push(event.clone());
        Ok(())
    }
}

fn scope() -> Scope {
    Scope {
        app: fixtures::APP.into(),
        load_balancer: "alb-ks".into(),
        names: fixtures::policy().names,
        image: None,
    }
}

/// Somebody whose process is not there any more, so that a killed run's lock is known to be dead.
fn somebody(alive: bool) -> Identity {
    let mut identity = Identity::from_environment(&|_| None);
    if !alive {
        let mut parts: Vec<&str> = identity.process.split(' ').collect();
        parts[2] = "999999999";
        identity.process = parts.join(" ");
    }
    identity
}

/// Two listeners, a path rule on each, doors on one, something of everything on the group, and a
/// rule of somebody else.
fn rich() -> Estate {
    let mut estate = fixtures::initial();
    estate.listeners.push(fixtures::listener(
        443,
        vec![
            fixtures::rule(443, Priority::Numbered(30), &[fixtures::path("/api/*")], to(1)),
            fixtures::default_rule(443, to(1)),
        ],
    ));
    let other = fixtures::rule(
        80,
        Priority::Numbered(40),
        &[fixtures::path("/other")],
        Action::to(&"other-app".into()),
    );
    estate.listeners[0].rules.insert(2, other);
    let mut unrelated = fixtures::target_group(99, &[]);
    unrelated.name = "other-app".into();
    unrelated.arn = crate::model::ids::Arn::new("arn-other-app");
    unrelated.generation = None;
    estate.target_groups.push(unrelated);
    estate.target_groups[0].attributes =
        BTreeMap::from([("deregistration_delay.timeout_seconds".into(), "17".into())]);
    let group = &mut estate.groups[0];
    group
        .suspended
        .insert("AZRebalance".into(), "User suspended".into());
    for (kind, name) in [
        (AttachmentKind::Hook, "drain"),
        (AttachmentKind::Policy, "requests"),
        (AttachmentKind::Alarm, "asg-1-cpu"),
        (AttachmentKind::Schedule, "night"),
        (AttachmentKind::Notification, "topic"),
        (AttachmentKind::Metrics, "GroupDesiredCapacity"),
    ] {
        group.attachments.push(Attachment {
            kind,
            name: name.into(),
            detail: "as it is".into(),
            stays: None,
        });
    }
    estate
}

fn quick() -> Policy {
    let mut policy = fixtures::policy();
    policy.health.timeout = Duration::from_secs(60);
    policy
}

fn deploy(name: &str) -> Intent {
    Intent::Deploy {
        release: fixtures::release(name),
    }
}

fn rollback() -> Intent {
    Intent::Rollback {
        to: None,
        failed: None,
    }
}

fn rollback_and_remove() -> Intent {
    Intent::Rollback {
        to: None,
        failed: Some(AfterRollback::Remove),
    }
}

/// Runs one command from its first look to its verdict, or until it is killed.
async fn run(world: &World, intent: &Intent, policy: &Policy, alive: bool) -> Option<Verdict> {
    script::heard(world, intent, policy, alive, &script::Nobody)
        .await
        .0
}

async fn must(world: &World, intent: &Intent, policy: &Policy) {
    let verdict = run(world, intent, policy, true).await.expect("nobody killed it");
    assert_eq!(verdict.code, 0, "{}: {verdict:#?}", intent.word());
}

fn live(world: &World, policy: &Policy) -> u32 {
    let estate = world.now();
    let roles = Roles::of(&estate, policy).unwrap_or_else(|reasons| panic!("{reasons:?}"));
    assert!(!roles.halfway, "production is half way");
    roles.live.generation.0
}

fn nothing_broken(world: &World) {
    let broken = world.broken.lock().expect("not poisoned").clone();
    assert!(broken.is_empty(), "{broken:#?}");
}

fn no_lock(world: &World) {
    let estate = world.now();
    let lock = estate.listeners[0]
        .rules
        .iter()
        .find(|rule| rule.priority == Priority::Numbered(fixtures::LOCK));
    assert_eq!(lock, None, "the lock was not released");
}

/// What is seen of an estate by its users and its owner, without what differs between two runs.
fn shape(estate: &Estate) -> Vec<String> {
    let mut lines: Vec<String> = estate
        .rules()
        .map(|rule| format!("{} → {}", rule.at(), rule.action))
        .collect();
    for group in &estate.groups {
        let suspended: Vec<&str> = group.suspended.keys().map(String::as_str).collect();
        let attached: Vec<&str> = group.attachments.iter().map(|one| one.name.as_str()).collect();
        lines.push(format!(
            "{} {} [{}] [{}] {:?} {:?}",
            group.name,
            group.size,
            suspended.join(" "),
            attached.join(" "),
            owed(&group.tags),
            group.launch,
        ));
    }
    for tg in &estate.target_groups {
        lines.push(format!(
            "{} {:?} {:?}",
            tg.name,
            State::of(&tg.tags),
            tg.attributes
        ));
    }
    lines
}

#[tokio::test(start_paused = true)]
async fn a_release_is_deployed_promoted_and_rolled_back() {
    let policy = quick();
    let world = World::new(rich());
    must(&world, &deploy("42"), &policy).await;
    assert_eq!(live(&world, &policy), 1);
    let estate = world.now();
    let roles = Roles::of(&estate, &policy).expect("roles");
    assert_eq!(roles.candidate.as_ref().map(|one| one.state), Some(State::Ready));
    assert_eq!(roles.green_doors[0].action, to(2));
    assert_eq!(roles.blue_doors[0].action, to(1));

    must(&world, &Intent::Promote, &policy).await;
    assert_eq!(live(&world, &policy), 2);
    let estate = world.now();
    let roles = Roles::of(&estate, &policy).expect("roles");
    assert_eq!(roles.green_doors[0].action, fixtures::closed(404));
    assert_eq!(roles.blue_doors[0].action, to(2));
    assert_eq!(
        roles.previous.as_ref().map(|one| one.generation),
        Some(Generation(1))
    );
    assert_eq!(
        roles.entrance.map(|rule| &rule.action),
        Some(&to(1)),
        "the way back stays checked"
    );
    assert!(
        owed(&estate.group(&asg(2)).expect("asg-2").tags).is_empty(),
        "scaling is handed over"
    );
    assert_eq!(estate.group(&asg(2)).expect("asg-2").size.min, 1);

    must(&world, &rollback(), &policy).await;
    assert_eq!(live(&world, &policy), 1);
    let estate = world.now();
    let group = estate.group(&asg(1)).expect("asg-1");
    assert_eq!(
        (group.size.min, owed(&group.tags).len()),
        (1, 0),
        "what was held is released"
    );
    assert!(!group.suspended.contains_key("ScheduledActions"));
    assert!(
        group.suspended.contains_key("AZRebalance"),
        "what its owner suspended stays suspended"
    );
    no_lock(&world);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn the_clone_has_everything_that_hangs_on_live() {
    let policy = quick();
    let world = World::new(rich());
    must(&world, &deploy("42"), &policy).await;
    let estate = world.now();
    let clone = estate.group(&asg(2)).expect("asg-2");
    let names: Vec<&str> = clone.attachments.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "drain",
            "requests",
            "asg-2-cpu",
            "night",
            "topic",
            "GroupDesiredCapacity"
        ]
    );
    assert!(clone.suspended.contains_key("AZRebalance"));
    assert_eq!(
        estate.target_group(&tg(2)).expect("tg-2").attributes,
        estate.target_group(&tg(1)).expect("tg-1").attributes
    );
}

#[tokio::test(start_paused = true)]
async fn doing_it_again_says_that_it_is_done() {
    let policy = quick();
    let world = World::new(rich());
    for intent in [deploy("42"), Intent::Promote, rollback(), Intent::Abort] {
        must(&world, &intent, &policy).await;
        let before = world.changes().len();
        let plan = plan::plan(&world.now(), &intent, &policy);
        match plan {
            Ok(plan) => assert!(plan.is_empty(), "{}: {:#?}", intent.word(), plan.steps),
            Err(refusal) => panic!("{}: {refusal}", intent.word()),
        }
        must(&world, &intent, &policy).await;
        assert_eq!(
            world.changes().len(),
            before,
            "{} changed something again",
            intent.word()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_release_follows_and_old_generations_can_be_retired() {
    let policy = quick();
    let world = World::new(rich());
    for name in ["42", "43"] {
        must(&world, &deploy(name), &policy).await;
        must(&world, &Intent::Promote, &policy).await;
    }
    assert_eq!(live(&world, &policy), 3);
    must(&world, &Intent::Retire { generation: None }, &policy).await;
    let estate = world.now();
    let names: Vec<String> = estate.groups.iter().map(|group| group.name.to_string()).collect();
    assert_eq!(names, ["asg-3"]);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_direct_deploy_swings_by_itself() {
    let mut policy = quick();
    policy.strategy = Strategy::Direct;
    let world = World::new(rich());
    must(&world, &deploy("42"), &policy).await;
    assert_eq!(live(&world, &policy), 2);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn without_doors_the_entrance_keeps_a_candidate_checked() {
    let mut policy = quick();
    policy.doors = None;
    let mut estate = fixtures::initial();
    estate.listeners[0]
        .rules
        .retain(|rule| rule.priority == Priority::Default);
    let world = World::new(estate);
    must(&world, &deploy("42"), &policy).await;
    let seen = world.now();
    let roles = Roles::of(&seen, &policy).expect("roles");
    assert_eq!(roles.entrance.map(|rule| &rule.action), Some(&to(2)));
    must(&world, &Intent::Promote, &policy).await;
    must(&world, &rollback(), &policy).await;
    assert_eq!(live(&world, &policy), 1);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_previous_generation_that_was_scaled_down_is_brought_back_before_the_swing() {
    let mut policy = quick();
    policy.after_promotion.previous = Treatment::Scale(1);
    let world = World::new(rich());
    must(&world, &deploy("42"), &policy).await;
    must(&world, &Intent::Promote, &policy).await;
    assert_eq!(world.now().group(&asg(1)).expect("asg-1").size.desired, 1);
    // Live has grown since.
    world.vary(|estate| fixtures::group_mut(estate, 2).size.desired = 3);
    must(&world, &rollback(), &policy).await;
    let estate = world.now();
    let group = estate.group(&asg(1)).expect("asg-1");
    assert_eq!((group.size.min, group.size.desired), (1, 3));
    assert_eq!(live(&world, &policy), 1);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_previous_generation_can_be_removed_with_the_promotion() {
    let mut policy = quick();
    policy.after_promotion.previous = Treatment::Retire;
    let world = World::new(rich());
    must(&world, &deploy("42"), &policy).await;
    must(&world, &Intent::Promote, &policy).await;
    let estate = world.now();
    assert!(estate.group(&asg(1)).is_none() && estate.target_group(&tg(1)).is_none());
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_can_remove_what_failed() {
    let policy = quick();
    let world = World::new(rich());
    must(&world, &deploy("42"), &policy).await;
    let intent = rollback_and_remove();
    must(&world, &intent, &policy).await;
    assert!(world.now().group(&asg(2)).is_none());
    must(&world, &intent, &policy).await;
    assert_eq!(live(&world, &policy), 1);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_candidate_that_never_becomes_healthy_leaves_production_alone() {
    let policy = quick();
    let world = World::new(rich());
    world.sick.lock().expect("not poisoned").push(tg(2));
    let verdict = run(&world, &deploy("42"), &policy, true)
        .await
        .expect("nobody killed it");
    assert_eq!(verdict.code, 4, "{verdict:#?}");
    assert_eq!(live(&world, &policy), 1);
    no_lock(&world);
    must(&world, &Intent::Abort, &policy).await;
    assert!(world.now().group(&asg(2)).is_none());
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_interrupted_stops_between_steps_and_releases_the_lock() {
    let policy = quick();
    let world = World::new(rich());
    let (stopper, interrupt) = Interrupt::pair();
    let scope = scope();
    let job = script::job(&world, &scope, &deploy("42"), true, interrupt, &script::Nobody);
    world.sick.lock().expect("not poisoned").push(tg(2));
    let estate = world.now();
    let plan = plan::plan(&estate, &deploy("42"), &policy).expect("a plan");
    let mut listen = Listen::default();
    let stop = async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        stopper.stop(Signal::Terminate);
        std::future::pending::<()>().await;
    };
    let verdict = tokio::select! {
        verdict = carry_out(&job, &plan, &estate, &mut listen) => verdict,
        () = stop => unreachable!("it waits for ever"),
    };
    assert_eq!(verdict.code, 143);
    no_lock(&world);
    assert_eq!(live(&world, &policy), 1);
}

/// Sets the clock of a generation's mark back.
fn long_ago(world: &World, n: u32) {
    world.vary(|estate| {
        let tags = &mut fixtures::target_group_mut(estate, n).tags;
        let state = State::of(tags);
        tags.insert(crate::model::tags::STATE.into(), state.tag(fixtures::minute(0)));
    });
}

#[tokio::test(start_paused = true)]
async fn what_was_swung_to_stays_held_while_its_alarms_are_of_the_past() {
    let mut policy = quick();
    policy.swing.hold = Duration::from_secs(300);
    let world = World::new(rich());
    must(&world, &deploy("42"), &policy).await;
    must(&world, &Intent::Promote, &policy).await;
    must(&world, &Intent::Repair, &policy).await;
    assert_eq!(
        world.now().group(&asg(2)).expect("asg-2").size.min,
        2,
        "released too early"
    );
    // The same command again swings nothing any more, and stays all the same.
    let again = plan::plan(&world.now(), &Intent::Promote, &policy).expect("a plan");
    assert!(again.is_empty() && matches!(plan::left_by(&again, &world.now()), Ok(plan::Left::Due(_))));
    long_ago(&world, 2);
    must(&world, &Intent::Repair, &policy).await;
    let estate = world.now();
    let group = estate.group(&asg(2)).expect("asg-2");
    assert_eq!((group.size.min, owed(&group.tags).len()), (1, 0));
    assert_eq!(plan::left_by(&again, &estate), Ok(plan::Left::Nothing));
}

#[tokio::test(start_paused = true)]
async fn what_a_swing_left_for_later_never_swings_to_a_candidate() {
    let mut policy = quick();
    policy.after_promotion.previous = Treatment::Scale(1);
    policy.after_promotion.after = Duration::from_secs(3600);
    let world = World::new(rich());
    must(&world, &deploy("42"), &policy).await;
    must(&world, &Intent::Promote, &policy).await;
    long_ago(&world, 2);
    must(&world, &deploy("43"), &policy).await;
    must(&world, &Intent::Repair, &policy).await;
    assert_eq!(live(&world, &policy), 2);
    assert_eq!(world.now().group(&asg(1)).expect("asg-1").size.desired, 1);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_promotion_run_again_keeps_the_previous_generation_for_its_time() {
    let mut policy = quick();
    policy.after_promotion.previous = Treatment::Retire;
    policy.after_promotion.after = Duration::from_secs(3600);
    for at in 0.. {
        let world = World::new(rich());
        must(&world, &deploy("42"), &policy).await;
        world.order(Some((at, Fault::DieAfter)));
        let _ = run(&world, &Intent::Promote, &policy, false).await;
        if world.tried() <= at {
            break;
        }
        world.order(None);
        must(&world, &Intent::Promote, &policy).await;
        assert!(
            world.now().group(&asg(1)).is_some(),
            "removed at once after call {at}"
        );
        assert_eq!(live(&world, &policy), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_candidate_smaller_than_live_is_ready_and_grows_with_its_promotion() {
    let mut policy = quick();
    policy.capacity = crate::model::policy::Capacity::Fixed(crate::model::ids::Size {
        min: 1,
        max: 4,
        desired: 1,
    });
    let world = World::new(rich());
    must(&world, &deploy("42"), &policy).await;
    assert_eq!(world.now().group(&asg(2)).expect("asg-2").size.desired, 1);
    must(&world, &Intent::Promote, &policy).await;
    assert_eq!(world.now().group(&asg(2)).expect("asg-2").size.desired, 2);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_promotion_that_was_given_up_leaves_live_as_it_was() {
    let policy = quick();
    let world = World::new(rich());
    must(&world, &deploy("42"), &policy).await;
    world.sick.lock().expect("not poisoned").push(tg(2));
    let verdict = run(&world, &Intent::Promote, &policy, true)
        .await
        .expect("nobody killed it");
    assert_eq!(verdict.code, 4);
    must(&world, &Intent::Abort, &policy).await;
    let estate = world.now();
    let group = estate.group(&asg(1)).expect("asg-1");
    assert_eq!((group.size.min, owed(&group.tags).len()), (1, 0));
}
