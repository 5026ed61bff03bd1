//! Rollouts in place, as they are written.

use std::time::Duration;

use super::mistakes::problems;
use super::*;
use crate::model::policy::Strategy;
use crate::model::rollout::Kept;

const LEAST: &str = "app = \"shop\"\nload_balancer = \"alb\"\nstrategy = \"rolling\"\n";

#[test]
fn a_rollout_is_as_it_is_written_and_new_instances_come_first_unless_told_otherwise() {
    let policy = good(LEAST).policy;
    assert_eq!(policy.strategy, Strategy::Rolling);
    let rolling = policy.rolling.expect("how");
    assert_eq!((rolling.min_healthy, rolling.max_healthy), (90, 110));
    assert!(rolling.skip_matching && rolling.rolls_back);
    let text = "[rolling]\nmin_healthy = 100\nmax_healthy = 150\ncheckpoints = [20, 50]\ncheckpoint_delay = \"1h\"\nwarmup = \"60s\"\nalarms = [\"shop-5xx\"]\nstandby = \"ignore\"\n";
    let rolling = good(&format!("{LEAST}{text}")).policy.rolling.expect("how");
    assert_eq!(rolling.checkpoints, [20, 50]);
    assert_eq!(rolling.checkpoint_delay, Duration::from_secs(3600));
    assert_eq!((rolling.warmup, rolling.standby), (Some(60), Kept::Ignore));
}

#[test]
fn other_strategies_have_no_rollout() {
    let other = LEAST.replace("rolling", "preview");
    assert_eq!(good(&other).policy.rolling, None);
}

#[test]
fn what_auto_scaling_would_refuse_is_said_before_anything_is_called() {
    for (text, expected) in [
        (
            "min_healthy = 100\nmax_healthy = 100",
            "6: `min_healthy` and `max_healthy` are both 100, so no instance could ever be replaced | raise `max_healthy`: new instances then come before others go",
        ),
        (
            "min_healthy = 20\nmax_healthy = 150",
            "6: `max_healthy` is 150 and `min_healthy` 20: Auto Scaling allows 100 between them | bring them closer together",
        ),
        (
            "checkpoints = [50, 20]",
            "5: `checkpoints` do not rise | write each once, the smallest first",
        ),
        (
            "bake = \"49h\"",
            "5: is longer than Auto Scaling waits | \"48h\" is the longest",
        ),
    ] {
        assert_eq!(problems(&format!("{LEAST}[rolling]\n{text}\n")), [expected]);
    }
}

#[test]
fn a_hook_that_would_never_be_called_is_refused() {
    let hook = "[[hooks]]\nat = \"before-traffic\"\nrun = [\"true\"]\n";
    let found = problems(&format!("{LEAST}{hook}"));
    assert!(found[0].contains("it would never be called"), "{found:?}");
    let hook = hook.replace("before-traffic", "after-promote");
    good(&format!("{LEAST}{hook}"));
}
