//! Killed on real sockets, at random moments under load, and continued: not one request is lost.

mod estate;
mod judge;
mod log;
mod play;
mod record;
mod round;
mod stage;
mod timeline;

use log::Log;
use round::{Act, Round, Signal};
use stage::Stage;

/// These rounds only, written as they were printed, with commas between.
const THESE: &str = "SWINGBRIDGE_ROUND";
/// The whole, with seeds that begin at this number.
const WHOLE: &str = "SWINGBRIDGE_ROUNDS";

/// Struck down while health is waited for; between two writes of a swing, to go on and to go back; right after the door
/// was opened; before there is a group; and while the rules are read back.
const SLICE: [&str; 6] = [
    "deploy:sigkill:1023",
    "promote:sigkill:1036",
    "deploy:sigterm:1001",
    "promote:sigkill:1030",
    "deploy:sigkill:1037",
    "promote:sigint:1010",
];

/// 50 rounds of each command for each signal.
fn whole(first: u64) -> Vec<Round> {
    let signals = [
        (Signal::Kill, 50),
        (Signal::Terminate, 50),
        (Signal::Interrupt, 50),
    ];
    let times = signals
        .into_iter()
        .flat_map(|(signal, times)| std::iter::repeat_n(signal, times));
    // A candidate that was deployed in one round is promoted in the next.
    let acts = times.flat_map(|signal| [(Act::Deploy, signal), (Act::Promote, signal)]);
    (first..)
        .zip(acts)
        .map(|(seed, (act, signal))| Round { act, signal, seed })
        .collect()
}

fn chosen() -> Vec<Round> {
    let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match (said(THESE), said(WHOLE)) {
        (Some(these), _) => these
            .split(',')
            .map(|one| one.parse().expect("a round"))
            .collect(),
        (None, Some(first)) => whole(first.parse().expect("a number to begin the seeds with")),
        (None, None) => SLICE.map(|text| text.parse().expect("a round")).into(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_struck_down_at_any_moment_under_load_is_continued_and_no_request_is_lost() {
    let rounds = chosen();
    let mut log = Log::open(rounds.len());
    let mut stage = None;
    for round in rounds {
        let mut there = match stage.take() {
            Some(there) => there,
            None => Stage::set().await.expect("a lab with an operator"),
        };
        let played = play::play(&mut there, round).await.expect("a lab that answers");
        // Where something went wrong nothing can be built on.
        if log.note(&played) {
            stage = Some(there);
        }
    }
    log.finish();
}
