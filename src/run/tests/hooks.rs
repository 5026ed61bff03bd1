//! Whole operations with hooks that pass, fail, wait and are interrupted.

use futures_util::future::BoxFuture;

use super::*;
use crate::model::event::{Ended, EventKind, Outcome};
use crate::model::hook::{Call, Gate, Hook, Place};
use crate::model::policy::OnFailure;
use crate::model::shift::{Shift, Stage, Wait};
use crate::model::tags;
use crate::model::told::Told;
use crate::run::hook::{Answer, Caller, Outside, Reply};
use crate::run::journal::{self, Journal};

use script::{Script, heard};

pub(super) fn failing(place: Place) -> (Place, Answer) {
    (place, Answer::Failed("exit code 1".into()))
}

pub(super) fn hooked(places: &[Place]) -> Policy {
    Policy {
        hooks: places.iter().map(|place| fixtures::hook(*place)).collect(),
        ..quick()
    }
}

async fn ready(policy: &Policy) -> World {
    let world = World::new(rich());
    let bare = Policy {
        hooks: Vec::new(),
        ..policy.clone()
    };
    must(&world, &deploy("42"), &bare).await;
    world
}

#[tokio::test(start_paused = true)]
async fn hooks_are_called_in_the_order_of_the_plan_and_told_who_is_who() {
    let policy = hooked(&[
        Place::OnFailure,
        Place::AfterPromote,
        Place::EachStep,
        Place::BeforePromote,
        Place::AfterPreview,
        Place::BeforeTraffic,
        Place::Expand,
        Place::BeforeDeploy,
    ]);
    let (world, script) = (World::new(rich()), Script::default());
    let (verdict, events) = heard(&world, &deploy("42"), &policy, true, &script).await;
    assert_eq!(verdict.map(|verdict| verdict.code), Some(0));
    let (verdict, _) = heard(&world, &Intent::Promote, &policy, true, &script).await;
    assert_eq!(verdict.map(|verdict| verdict.code), Some(0));
    assert_eq!(
        script.places(),
        [
            Place::BeforeDeploy,
            Place::Expand,
            Place::BeforeTraffic,
            Place::AfterPreview,
            Place::BeforePromote,
            Place::EachStep,
            Place::AfterPromote,
        ]
    );
    let said: Vec<&String> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::HookOutput { lines, .. } => Some(lines),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(
        said,
        [
            "before-deploy was here",
            "expand was here",
            "before-traffic was here",
            "after-preview was here"
        ]
    );
    let told = |place: Place| {
        script
            .asked()
            .into_iter()
            .find(|told| told.place == place)
            .expect("asked")
    };
    let generations = |told: &Told| {
        [&told.live, &told.candidate, &told.previous].map(|side| side.as_ref().map(|side| side.generation.0))
    };
    assert_eq!(generations(&told(Place::BeforeDeploy)), [Some(1), Some(2), None]);
    assert_eq!(generations(&told(Place::BeforePromote)), [Some(1), Some(2), None]);
    assert_eq!(generations(&told(Place::AfterPromote)), [Some(2), None, Some(1)]);
    assert_eq!(told(Place::EachStep).weight, Some(100));
    let variables = told(Place::BeforeTraffic).variables();
    let value = |name: &str| variables.get(name).map(String::as_str);
    assert_eq!(value("HOOK_RELEASE"), Some("42"));
    assert_eq!(value("HOOK_CANDIDATE_TARGET_GROUP"), Some("tg-2"));
    assert_eq!(value("HOOK_LIVE_GROUP"), Some("asg-1"));
    assert_eq!(value("HOOK_ENTRANCE_HEADER"), Some(plan::ENTRANCE_HEADER));
    let entrances = script
        .asked()
        .iter()
        .filter(|told| told.entrance.is_some())
        .count();
    assert_eq!(entrances, 1, "only before traffic");
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn before_traffic_the_entrance_leads_to_the_candidate_and_nothing_else_does() {
    #[derive(Debug)]
    struct Looks<'a>(&'a World);
    impl Caller for Looks<'_> {
        fn call<'a>(&'a self, _: &'a Hook, told: &'a Told, _: BoxFuture<'a, ()>) -> BoxFuture<'a, Reply> {
            let estate = self.0.now();
            let entrance = told.entrance.clone().expect("an entrance");
            let candidate = tg(2);
            let leading: Vec<_> = estate.rules_naming(&candidate).collect();
            let header = fixtures::header(&entrance.header, &entrance.value);
            let only = leading.len() == 1 && leading[0].conditions == [header];
            let answer = match only && leading[0].action == to(2) {
                true => Answer::Passed,
                false => Answer::Failed(format!("{leading:#?}")),
            };
            Box::pin(async {
                Reply {
                    answer,
                    said: Vec::new(),
                }
            })
        }
    }
    let policy = hooked(&[Place::BeforeTraffic]);
    let world = World::new(rich());
    let (verdict, _) = heard(&world, &deploy("42"), &policy, true, &Looks(&world)).await;
    let verdict = verdict.expect("nobody killed it");
    assert_eq!(verdict.code, 0, "{}", verdict.summary);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_fails_before_traffic_has_moved_leaves_production_where_it_was() {
    for place in [
        Place::BeforeDeploy,
        Place::Expand,
        Place::BeforeTraffic,
        Place::AfterPreview,
    ] {
        let (world, script) = (World::new(rich()), Script::saying(&[failing(place)]));
        let policy = hooked(&[place, Place::OnFailure]);
        let (verdict, _) = heard(&world, &deploy("42"), &policy, true, &script).await;
        let verdict = verdict.expect("nobody killed it");
        assert_eq!((verdict.code, verdict.ended), (4, Ended::Failed), "{place}");
        assert!(
            verdict
                .summary
                .contains(&format!("the {place} hook ./{place}.sh failed: exit code 1")),
            "{}",
            verdict.summary
        );
        assert_eq!(live(&world, &policy), 1);
        no_lock(&world);
        assert_eq!(script.places(), [place, Place::OnFailure]);
        let told = script.asked().remove(1);
        assert_eq!(told.exit_code, Some(4));
        // The same command calls it again, and goes on.
        let (verdict, _) = heard(&world, &deploy("42"), &policy, true, &script).await;
        assert_eq!(verdict.map(|verdict| verdict.code), Some(0), "{place}");
        assert_eq!(script.places()[2..], [place]);
        nothing_broken(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn a_promotion_whose_gate_fails_moves_nothing() {
    let policy = hooked(&[Place::BeforePromote]);
    let world = ready(&policy).await;
    let before = shape(&world.now());
    let script = Script::saying(&[failing(Place::BeforePromote)]);
    let (verdict, _) = heard(&world, &Intent::Promote, &policy, true, &script).await;
    assert_eq!(verdict.map(|verdict| verdict.code), Some(4));
    assert_eq!(shape(&world.now()), before, "nothing is even held");
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_fails_when_traffic_has_moved_puts_production_back() {
    let policy = hooked(&[Place::EachStep, Place::OnRollback, Place::OnFailure]);
    let world = ready(&policy).await;
    // Telling others may fail as well: it changes nothing.
    let script = Script::saying(&[
        failing(Place::EachStep),
        failing(Place::OnRollback),
        failing(Place::OnFailure),
    ]);
    let (verdict, _) = heard(&world, &Intent::Promote, &policy, true, &script).await;
    let verdict = verdict.expect("nobody killed it");
    assert_eq!(
        (verdict.code, verdict.ended),
        (5, Ended::SwungBack),
        "{verdict:#?}"
    );
    assert_eq!(live(&world, &policy), 1);
    assert_eq!(
        script.places(),
        [Place::EachStep, Place::OnRollback, Place::OnFailure]
    );
    let estate = world.now();
    let roles = Roles::of(&estate, &policy).expect("roles");
    assert_eq!(roles.rolled_back().map(|one| one.generation), Some(Generation(2)));
    nothing_broken(&world);
    no_lock(&world);
}

#[tokio::test(start_paused = true)]
async fn after_the_swing_a_hook_only_warns_unless_it_is_required() {
    for required in [false, true] {
        let mut policy = hooked(&[Place::AfterPromote]);
        policy.hooks[0].required = required;
        let world = ready(&policy).await;
        let script = Script::saying(&[failing(Place::AfterPromote)]);
        let (verdict, events) = heard(&world, &Intent::Promote, &policy, true, &script).await;
        let verdict = verdict.expect("nobody killed it");
        assert_eq!(verdict.code, if required { 6 } else { 0 });
        assert_eq!(live(&world, &policy), 2, "it has swung, and stays");
        let warned = events.iter().any(|event| {
            matches!(&event.kind, EventKind::StepFinished { outcome: Outcome::Warned { warning }, .. }
                if warning.contains("after-promote"))
        });
        assert_eq!(warned, !required);
        if required {
            let (verdict, _) = heard(&world, &Intent::Promote, &policy, true, &script).await;
            assert_eq!(verdict.map(|verdict| verdict.code), Some(0));
            assert_eq!(script.places().len(), 2, "it is called again");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_tried_again_as_often_as_configured() {
    for (failures, code) in [(2, 0), (3, 4)] {
        let mut policy = hooked(&[Place::BeforeTraffic]);
        policy.hooks[0].retries = 2;
        let script = Script::saying(&vec![failing(Place::BeforeTraffic); failures]);
        let world = World::new(rich());
        let (verdict, events) = heard(&world, &deploy("42"), &policy, true, &script).await;
        assert_eq!(verdict.map(|verdict| verdict.code), Some(code));
        assert_eq!(script.asked().len(), 3);
        let retrying = |event: &&Event| matches!(event.kind, EventKind::Retrying { .. });
        assert_eq!(events.iter().filter(retrying).count(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_gate_is_asked_until_it_passes_while_the_lock_is_kept_alive() {
    let mut policy = hooked(&[Place::BeforePromote]);
    policy.hooks[0].gate = Some(Gate {
        every: Duration::from_secs(60),
        expires: Duration::from_secs(3600),
    });
    let world = ready(&policy).await;
    let not_yet = (Place::BeforePromote, Answer::NotYet("exit code 75".into()));
    let script = Script::saying(&vec![not_yet.clone(); 10]);
    let beats = |world: &World| {
        let changes = world.changes();
        changes
            .iter()
            .filter(|change| change.contains("lock-beat="))
            .count()
    };
    let before = beats(&world);
    let (verdict, _) = heard(&world, &Intent::Promote, &policy, true, &script).await;
    assert_eq!(verdict.map(|verdict| verdict.code), Some(0));
    assert_eq!(script.asked().len(), 11);
    // Ten minutes at four heartbeats in two.
    assert!(beats(&world) - before >= 20, "{}", beats(&world) - before);
    assert_eq!(live(&world, &policy), 2);
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_never_passes_expires() {
    let mut policy = hooked(&[Place::BeforePromote]);
    policy.hooks[0].gate = Some(Gate {
        every: Duration::from_secs(25),
        expires: Duration::from_secs(60),
    });
    let world = ready(&policy).await;
    let script = Script::saying(&vec![
        (Place::BeforePromote, Answer::NotYet("exit code 75".into()));
        10
    ]);
    let (verdict, _) = heard(&world, &Intent::Promote, &policy, true, &script).await;
    let verdict = verdict.expect("nobody killed it");
    assert_eq!(verdict.code, 4);
    assert!(
        verdict.summary.contains("did not pass within 1m: exit code 75"),
        "{}",
        verdict.summary
    );
    assert_eq!(script.asked().len(), 4, "at 0, 25, 50 and 60 seconds");
}

#[tokio::test(start_paused = true)]
async fn a_long_hook_gives_signs_of_life_and_an_interruption_ends_it() {
    let policy = hooked(&[Place::BeforeTraffic, Place::OnFailure]);
    let world = World::new(rich());
    let script = Script::taking(Duration::from_secs(600));
    let (stopper, interrupt) = Interrupt::pair();
    let scope = scope();
    let job = script::job(&world, &scope, &deploy("42"), true, interrupt, &script);
    let estate = world.now();
    let plan = plan::plan(&estate, &deploy("42"), &policy).expect("a plan");
    let mut listen = Listen::default();
    let stop = async {
        while script.asked().is_empty() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        tokio::time::sleep(Duration::from_secs(100)).await;
        stopper.stop(Signal::Interrupt);
    };
    let (verdict, ()) = tokio::join!(carry_out(&job, &plan, &estate, &mut listen), stop);
    assert_eq!((verdict.code, verdict.ended), (130, Ended::Interrupted));
    assert_eq!(
        script.places(),
        [Place::BeforeTraffic],
        "whoever interrupts knows it"
    );
    let running = listen.events.iter().filter(|event| {
        matches!(&event.kind, EventKind::Progress { reasons, .. }
            if reasons.iter().any(|reason| reason.starts_with("running for")))
    });
    assert_eq!(running.count(), 3);
    no_lock(&world);
}

#[tokio::test(start_paused = true)]
async fn the_schema_is_expanded_and_contracted_once_and_then_there_is_no_way_back() {
    let mut policy = hooked(&[Place::Expand, Place::BeforeRetire, Place::Contract]);
    policy.after_promotion.previous = Treatment::Retire;
    policy.after_promotion.after = Duration::from_secs(600);
    let (world, script) = (World::new(rich()), Script::saying(&[failing(Place::Contract)]));
    let tag = |key: &str| {
        world
            .now()
            .target_group(&tg(2))
            .expect("tg-2")
            .tags
            .get(key)
            .cloned()
    };
    for intent in [deploy("42"), Intent::Promote] {
        let (verdict, _) = heard(&world, &intent, &policy, true, &script).await;
        assert_eq!(verdict.map(|verdict| verdict.code), Some(0));
    }
    assert_eq!(script.places(), [Place::Expand]);
    assert_eq!(tag(tags::EXPANDED).as_deref(), Some("2"));
    let said = plan::truth(&world.now(), &policy).join("; ");
    assert!(said.contains("contract is pending"), "{said}");

    // The contract fails: nothing is deleted, and the same command calls it again.
    let (verdict, _) = heard(
        &world,
        &Intent::Retire { generation: None },
        &policy,
        true,
        &script,
    )
    .await;
    assert_eq!(verdict.map(|verdict| verdict.code), Some(4));
    assert!(world.now().group(&asg(1)).is_some());
    assert_eq!(tag(tags::CONTRACTED), None);
    assert!(plan::plan(&world.now(), &rollback(), &policy).is_ok());
    let (verdict, _) = heard(
        &world,
        &Intent::Retire { generation: None },
        &policy,
        true,
        &script,
    )
    .await;
    assert_eq!(verdict.map(|verdict| verdict.code), Some(0));
    assert!(world.now().group(&asg(1)).is_none());
    assert_eq!(tag(tags::CONTRACTED).as_deref(), Some("2"));
    assert_eq!(
        script
            .places()
            .iter()
            .filter(|place| **place == Place::Contract)
            .count(),
        2
    );
    let said = plan::truth(&world.now(), &policy).join("; ");
    assert!(!said.contains("contract is pending"), "{said}");
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_killed_anywhere_has_called_every_hook_by_the_time_it_is_finished() {
    let mut policy = hooked(&[
        Place::BeforeDeploy,
        Place::Expand,
        Place::BeforeTraffic,
        Place::BeforePromote,
        Place::EachStep,
        Place::AfterPromote,
        Place::BeforeRetire,
        Place::Contract,
    ]);
    policy.strategy = Strategy::Direct;
    policy.after_promotion.previous = Treatment::Retire;
    let wanted: Vec<Place> = policy.hooks.iter().map(|hook| hook.at).collect();
    let whole = World::new(rich());
    let (verdict, _) = heard(&whole, &deploy("42"), &policy, true, &Script::default()).await;
    assert_eq!(verdict.map(|verdict| verdict.code), Some(0));
    for kill in 0..whole.tried() {
        let (world, script) = (World::new(rich()), Script::default());
        world.order(Some((kill, Fault::DieAfter)));
        heard(&world, &deploy("42"), &policy, false, &script).await;
        world.order(None);
        let (verdict, _) = heard(&world, &deploy("42"), &policy, true, &script).await;
        let verdict = verdict.expect("nobody killed it");
        assert_eq!(verdict.code, 0, "killed after {kill}: {verdict:#?}");
        let mut called = script.places();
        called.sort();
        called.dedup();
        assert_eq!(called, wanted, "killed after {kill}");
        nothing_broken(&world);
    }
}

/// Two shares that bake a minute each, and then the swing.
fn gradual(places: &[Place]) -> Policy {
    let stage = |weight| Stage {
        weight,
        wait: Wait::Bake(Duration::from_secs(60)),
    };
    Policy {
        strategy: Strategy::Canary,
        shift: Some(Shift {
            stages: vec![stage(10), stage(50)],
            sticky: None,
            reduce_every: Duration::from_secs(60),
        }),
        ..hooked(places)
    }
}

#[tokio::test(start_paused = true)]
async fn a_promotion_by_shares_is_hooked_at_each_of_them() {
    let policy = gradual(&[Place::BeforePromote, Place::EachStep, Place::AfterPromote]);
    let (world, script) = (ready(&policy).await, Script::default());
    let (verdict, _) = heard(&world, &Intent::Promote, &policy, true, &script).await;
    let verdict = verdict.expect("nobody killed it");
    assert_eq!(verdict.code, 0, "{verdict:#?}");
    let asked: Vec<(Place, Option<u32>)> = script
        .asked()
        .iter()
        .map(|told| (told.place, told.weight))
        .collect();
    assert_eq!(
        asked,
        [
            (Place::BeforePromote, None),
            (Place::EachStep, Some(10)),
            (Place::EachStep, Some(50)),
            (Place::EachStep, Some(100)),
            (Place::AfterPromote, None)
        ]
    );
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_share_whose_hook_fails_is_taken_back() {
    let policy = gradual(&[Place::EachStep, Place::OnRollback]);
    let world = ready(&policy).await;
    let script = Script::saying(&[(Place::EachStep, Answer::Passed), failing(Place::EachStep)]);
    let (verdict, _) = heard(&world, &Intent::Promote, &policy, true, &script).await;
    assert_eq!(verdict.map(|verdict| verdict.code), Some(5));
    assert_eq!(live(&world, &policy), 1);
    assert_eq!(
        script.places(),
        [Place::EachStep, Place::EachStep, Place::OnRollback]
    );
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_winner_whose_hook_fails_keeps_production_and_the_same_command_ends_it() {
    let policy = Policy {
        hooks: [Place::EachStep, Place::OnRollback, Place::OnFailure]
            .map(fixtures::hook)
            .into(),
        ..ab::three()
    };
    assert_eq!(policy.swing.on_failure, OnFailure::PutBack);
    let world = World::new(rich());
    for intent in [ab::both_deployed(), vec![Intent::Promote]].concat() {
        ab::goes(&world, &intent, &ab::three()).await;
    }
    let script = Script::saying(&[failing(Place::EachStep)]);
    let winner = ab::winner("bold");
    let (verdict, _) = heard(&world, &winner, &policy, true, &script).await;
    let verdict = verdict.expect("nobody killed it");
    assert_eq!((verdict.code, verdict.ended), (6, Ended::Stopped), "{verdict:#?}");
    assert!(
        verdict
            .summary
            .contains("the each-step hook ./each-step.sh failed: exit code 1"),
        "{}",
        verdict.summary
    );
    assert_eq!(script.places(), [Place::EachStep, Place::OnFailure]);
    let asked = script.asked();
    assert_eq!((asked[0].weight, asked[1].exit_code), (Some(100), Some(6)));
    let leads = |world: &World| {
        let leads = ab::routes(world);
        leads.into_iter().map(|(to, _)| to).collect::<Vec<_>>()
    };
    assert!(
        leads(&world).iter().all(|to| to == "tg-2"),
        "it has swung, and stays: {:?}",
        leads(&world)
    );
    no_lock(&world);
    let (verdict, _) = heard(&world, &winner, &policy, true, &script).await;
    assert_eq!(verdict.map(|verdict| verdict.code), Some(0));
    assert_eq!(live(&world, &policy), 2);
    assert!(world.now().group(&asg(3)).is_none(), "the other is gone");
    nothing_broken(&world);
}

/// Calls real programs in virtual time, which stands still until they have ended.
#[derive(Debug)]
struct Real(Outside);

impl Caller for Real {
    fn call<'a>(&'a self, hook: &'a Hook, told: &'a Told, stop: BoxFuture<'a, ()>) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let (ended, waits) = std::sync::mpsc::channel::<()>();
            // While something blocks, time is not wound forward.
            let holds = tokio::task::spawn_blocking(move || waits.recv());
            let reply = self.0.call(hook, told, stop).await;
            drop(ended);
            let _ = holds.await;
            reply
        })
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_hook_says_is_read_in_the_journal_without_what_it_must_not_say() {
    let mut policy = hooked(&[Place::BeforeTraffic]);
    policy.hooks[0].call = Call::Shell {
        script: "echo \"asking $HOOK_CANDIDATE_GROUP with $TOKEN\"; echo two are healthy >&2".into(),
        env: vec!["TOKEN".into()],
    };
    let outside = Real(Outside {
        folder: ".".into(),
        env: |name| match name {
            "TOKEN" => Some("hunter2".into()),
            _ => std::env::var(name).ok(),
        },
    });
    let world = World::new(rich());
    let folder = tempfile::tempdir().expect("a folder");
    let (_stopper, interrupt) = Interrupt::pair();
    let scope = scope();
    let job = script::job(&world, &scope, &deploy("42"), true, interrupt, &outside);
    let estate = world.now();
    let plan = plan::plan(&estate, &deploy("42"), &policy).expect("a plan");
    let began = fixtures::minute(0);
    let mut journal = Journal::create(folder.path(), fixtures::APP, "run", began).expect("a journal");
    let verdict = carry_out(&job, &plan, &estate, &mut journal).await;
    assert_eq!(verdict.code, 0, "{verdict:#?}");
    let runs = journal::runs(folder.path(), fixtures::APP).expect("a folder of runs");
    assert_eq!(runs.len(), 1);
    let said = runs[0].iter().position(|event| {
        matches!(&event.kind, EventKind::HookOutput { hook, lines }
            if hook.starts_with("run the before-traffic hook")
                && *lines == ["asking asg-2 with (hidden)", "two are healthy"])
    });
    let said = said.unwrap_or_else(|| panic!("{:#?}", runs[0]));
    // Where the step of the hook begins and ends.
    let step = plan.steps.iter().position(|step| step.title().contains(" hook "));
    let around = [&runs[0][said - 1].kind, &runs[0][said + 1].kind];
    assert!(
        matches!(around, [EventKind::StepStarted { step: began }, EventKind::StepFinished { step: ended, .. }]
            if Some(*began) == step && Some(*ended) == step),
        "{around:#?}"
    );
    for file in std::fs::read_dir(folder.path().join(fixtures::APP)).expect("a folder") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("a text");
        assert!(text.contains("\"hook-output\""), "docs/hooks.md names the event");
        assert!(!text.contains("hunter2"), "{text}");
    }
}
