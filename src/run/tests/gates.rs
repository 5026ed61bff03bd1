//! What a gate holds back.

use tokio::time::{Instant, sleep};

use super::ab;
use super::script::{Script, heard};
use super::*;
use crate::model::event::Ended;
use crate::model::hook::{Gate, Place};
use crate::run::hook::Answer;

#[tokio::test(start_paused = true)]
async fn a_winner_that_a_gate_refuses_gets_nothing_until_it_passes() {
    let gated = Policy {
        hooks: vec![fixtures::hook(Place::BeforePromote)],
        ..ab::three()
    };
    let world = ab::begun(&ab::three()).await;
    let before = shape(&world.now());
    let script = Script::saying(&[(
        Place::BeforePromote,
        Answer::Failed("the committee says no".into()),
    )]);
    let winner = ab::winner("bold");
    let (verdict, _) = heard(&world, &winner, &gated, true, &script).await;
    let verdict = verdict.expect("nobody killed it");
    assert_eq!(verdict.code, 4, "{verdict:#?}");
    assert_eq!(shape(&world.now()), before);
    no_lock(&world);
    let (verdict, _) = heard(&world, &winner, &gated, true, &script).await;
    assert_eq!(verdict.map(|verdict| verdict.code), Some(0));
    assert_eq!(script.places(), [Place::BeforePromote; 2]);
    assert_eq!(live(&world, &gated), 2);
    nothing_broken(&world);
}

/// How a command ends that may take so long, and how long it took.
async fn within(
    world: &World,
    intent: &Intent,
    policy: &Policy,
    timeout: Duration,
    hooks: &Script,
) -> (Verdict, Duration) {
    let (_stopper, interrupt) = Interrupt::pair();
    let (scope, began) = (scope(), Instant::now());
    let mut job = script::job(world, &scope, intent, true, interrupt, hooks);
    job.timeout = Some(timeout);
    let estate = world.now();
    let plan = plan::plan(&estate, intent, policy).expect("a plan");
    let verdict = carry_out(&job, &plan, &estate, &mut Listen::default()).await;
    (verdict, began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_winner_that_a_measure_picks_waits_at_its_gate_for_no_longer_than_the_command_may_take() {
    let mut gate = fixtures::hook(Place::BeforePromote);
    gate.gate = Some(Gate {
        every: Duration::from_secs(60),
        expires: Duration::from_secs(24 * 3600),
    });
    let gated = Policy {
        hooks: vec![gate],
        ..ab::picking()
    };
    let (timeout, a_bit) = (Duration::from_secs(600), Duration::from_secs(10));
    for command in [Intent::Promote, Intent::Repair] {
        let world = ab::begun(&ab::picking()).await;
        ab::two_weeks_later(&world, ab::BOLD_IS_FASTER);
        sleep(ab::WEEK * 2).await;
        let before = (shape(&world.now()), ab::routes(&world));
        let not_yet = (Place::BeforePromote, Answer::NotYet("exit code 75".into()));
        let script = Script::saying(&vec![not_yet; 100]);
        let (verdict, took) = within(&world, &command, &gated, timeout, &script).await;
        assert_eq!((verdict.code, verdict.ended), (4, Ended::Failed), "{verdict:#?}");
        assert!(verdict.summary.contains("--timeout"), "{}", verdict.summary);
        assert!(
            (timeout..timeout + a_bit).contains(&took),
            "{}: {took:?}",
            command.word()
        );
        assert!(script.asked().len() > 5, "asked {} times", script.asked().len());
        assert_eq!((shape(&world.now()), ab::routes(&world)), before);
        no_lock(&world);
        nothing_broken(&world);
    }
}
