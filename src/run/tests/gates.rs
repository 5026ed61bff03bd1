//! What a gate holds back.

use super::ab;
use super::script::{Script, heard};
use super::*;
use crate::model::hook::Place;
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
