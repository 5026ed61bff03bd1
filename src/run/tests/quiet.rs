//! Steps that no display was laid out for: that a way back is not over is told while it waits, and how far it has come.

use tokio::time::sleep;

use super::gradual::{judged, measured, with_candidate};
use super::recreate;
use super::script::heard;
use super::*;
use crate::model::event::EventKind;
use crate::model::judging::Consequence;
use crate::model::obligation;

/// After how long without a word there is one: two looks are up to six seconds apart.
const SILENCE: std::ops::Range<Duration> = Duration::from_secs(30)..Duration::from_secs(37);

/// What is said of how far each wait has come, and how long nothing had been said of it before; from the word on that
/// production goes back. Nothing else than notices is said from there.
fn signs(events: &[Event], word: &str) -> Vec<(String, Duration)> {
    let says = |event: &Event| matches!(&event.kind, EventKind::Notice { text } if text.ends_with(word));
    let begins = events.iter().position(says);
    let begins = begins.unwrap_or_else(|| panic!("nobody says that {word}: {events:#?}"));
    let mut last: Option<(&str, Duration)> = None;
    let mut signs = Vec::new();
    for event in &events[begins..] {
        let text = match &event.kind {
            EventKind::Notice { text } => text.as_str(),
            EventKind::RunFinished { .. } => continue,
            other => panic!("{other:#?}"),
        };
        let measure = |title: &str| text.strip_prefix(title)?.strip_prefix(": ").map(str::to_owned);
        let sign = last.and_then(|(title, at)| Some((title, measure(title)?, event.elapsed - at)));
        let title = match sign {
            Some((title, measure, silence)) => {
                signs.push((measure, silence));
                title
            }
            None => text,
        };
        last = Some((title, event.elapsed));
    }
    signs
}

#[tokio::test(start_paused = true)]
async fn a_way_back_that_waits_for_health_says_every_half_minute_how_many_there_are() {
    let mut policy = recreate::recreate();
    policy.health.timeout = Duration::from_secs(300);
    let world = recreate::world();
    let is_stopped = || obligation::is_stopped(world.now().group(&asg(1)).expect("asg-1"));
    let sick = || world.sick.lock().expect("not poisoned");
    let second = Duration::from_secs(1);
    sick().push(tg(2));
    // What ran before takes its time to come up again.
    let lingers = async {
        while !is_stopped() {
            sleep(second).await;
        }
        sick().push(tg(1));
        while is_stopped() {
            sleep(second).await;
        }
        sleep(second * 110).await;
        sick().retain(|name| *name != tg(1));
    };
    let intent = deploy("42");
    let deploying = heard(&world, &intent, &policy, true, &script::Nobody);
    let ((verdict, events), ()) = tokio::join!(deploying, lingers);
    let verdict = verdict.expect("nobody killed it");
    assert_eq!(verdict.code, 5, "{verdict:#?}");
    assert_eq!(live(&world, &policy), 1);
    no_lock(&world);
    let signs = signs(&events, "what ran before is started again");
    let measures: Vec<&str> = signs.iter().map(|(measure, _)| measure.as_str()).collect();
    assert_eq!(measures, ["0 of 2: 2 unhealthy"; 3], "{signs:#?}");
    for (measure, silence) in &signs {
        assert!(SILENCE.contains(silence), "{measure} after {silence:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_way_back_that_the_judge_takes_says_every_half_minute_that_it_is_not_over() {
    for (then, waits) in [(Consequence::Rollback, 1), (Consequence::Reduce, 4)] {
        let mut policy = judged(then);
        policy.swing.propagation = Duration::from_secs(200);
        let world = with_candidate(&policy).await;
        measured(&world, 500.0, 50.0);
        let (verdict, events) = heard(&world, &Intent::Promote, &policy, true, &script::Nobody).await;
        let verdict = verdict.expect("nobody killed it");
        assert_eq!(verdict.code, 5, "{then}: {verdict:#?}");
        assert_eq!(live(&world, &policy), 1, "{then}");
        let signs = signs(&events, "production is put back to where it was");
        // Of each wait five or six.
        assert!(
            (5 * waits..=6 * waits).contains(&signs.len()),
            "{then}: {signs:#?}"
        );
        for (measure, silence) in &signs {
            let (have, want) = measure.split_once(" of ").expect("a measure");
            assert!(have == want && want != "0", "{then}: {measure}");
            assert!(SILENCE.contains(silence), "{then}: {measure} after {silence:?}");
        }
    }
}
