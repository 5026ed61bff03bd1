//! Promotions share by share, as they are written.

use std::time::Duration;

use super::mistakes::problems;
use super::*;
use crate::model::routing::Sticky;
use crate::model::shift::{Expired, Expiry, Shift, Stage, Wait};

const LEAST: &str = "app = \"shop\"\nload_balancer = \"alb\"\n";

fn shift(text: &str) -> Shift {
    good(&format!("{LEAST}{text}")).policy.shift.expect("a shift")
}

const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

#[test]
fn a_canary_has_the_stages_that_are_written() {
    let text = r#"
strategy = "canary"
[canary]
steps = [
    { weight = 5, bake = "10m" },
    { pause = "until-promoted" },
    { weight = 20, pause = "2h", then = "go-on" },
    { weight = 50, pause = "1h" },
]
[shift]
sticky = "1h"
reduce_every = "2m"
"#;
    let stage = |weight, wait| Stage { weight, wait };
    let expiry = |after, then| Wait::Pause(Some(Expiry { after, then }));
    assert_eq!(
        shift(text),
        Shift {
            stages: vec![
                stage(5, Wait::Bake(minutes(10))),
                stage(5, Wait::Pause(None)),
                stage(20, expiry(minutes(120), Expired::GoOn)),
                stage(50, expiry(minutes(60), Expired::Rollback)),
            ],
            sticky: Some(Sticky::For(3600)),
            reduce_every: minutes(2),
        }
    );
}

#[test]
fn a_linear_promotion_has_even_stages_below_the_whole() {
    for (step, expected) in [
        (10, vec![10, 20, 30, 40, 50, 60, 70, 80, 90]),
        (30, vec![30, 60, 90]),
        (50, vec![50]),
        (99, vec![99]),
    ] {
        let text = format!("strategy = \"linear\"\n[linear]\nstep = {step}\nevery = \"1m\"\n");
        let stages = shift(&text).stages;
        let weights: Vec<u32> = stages.iter().map(|stage| stage.weight).collect();
        assert_eq!(weights, expected);
        assert!(stages.iter().all(|stage| stage.wait == Wait::Bake(minutes(1))));
    }
}

#[test]
fn a_swing_at_once_has_no_stages_whatever_else_is_configured() {
    let text = format!("{LEAST}[canary]\nsteps = [{{ weight = 5, bake = \"1m\" }}]\n");
    let by_hand = good(&text).policy.shift.expect("for shares by hand");
    assert_eq!(by_hand.stages, []);
    assert_eq!(by_hand.reduce_every, minutes(1));
    let direct = format!("{LEAST}strategy = \"direct\"\n");
    assert_eq!(good(&direct).policy.shift, None, "nobody has a share there");
}

#[test]
fn every_mistake_in_stages_is_said_with_its_way_out() {
    let canary = |steps: &str| format!("{LEAST}strategy = \"canary\"\n[canary]\nsteps = [{steps}]\n");
    for (steps, expected) in [
        (
            "{ bake = \"1m\" }",
            "step 1 has no weight, and there is none before it | give it a `weight`: before the first, production waits for `promote` anyhow",
        ),
        (
            "{ weight = 50, bake = \"1m\" }, { weight = 5, bake = \"1m\" }",
            "step 2 goes back from 50 % to 5 % | let the weights rise",
        ),
        (
            "{ weight = 5 }",
            "step 1 waits for nothing | give it a `bake`, for instance \"10m\", or `pause = \"until-promoted\"`",
        ),
        (
            "{ weight = 5, bake = \"1m\", pause = \"until-promoted\" }",
            "step 1 has a bake and a pause | make two steps of it: `{ weight = 5, bake = \"10m\" }, { pause = \"until-promoted\" }`",
        ),
        (
            "{ weight = 5, pause = \"until-promoted\", then = \"rollback\" }",
            "step 1 says what follows a pause, and has none that ends | write the pause with its length, for instance `pause = \"24h\", then = \"rollback\"`",
        ),
    ] {
        assert_eq!(problems(&canary(steps)), [format!("5: {expected}")]);
    }
    assert_eq!(
        problems(&format!("{LEAST}strategy = \"canary\"\n")),
        [
            "3: `strategy` is \"canary\", and there is no [canary] | add [canary] with `steps = [{ weight = 5, bake = \"10m\" }, { weight = 50, bake = \"10m\" }]`"
        ]
    );
    assert_eq!(
        problems(&format!("{LEAST}[shift]\nsticky = \"200h\"\n")),
        ["4: `sticky` is outside of what a load balancer can keep | from \"1s\" to \"168h\", or \"off\""]
    );
    for weight in [0, 100] {
        let found = problems(&canary(&format!("{{ weight = {weight}, bake = \"1m\" }}")));
        assert_eq!(
            found,
            [format!(
                "5: `weight` is {weight} | it must be a whole number from 1 to 99"
            )]
        );
    }
}
