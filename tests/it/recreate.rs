//! A service that stops before its successor starts, on the lab under real load: away once, for one stretch, and never
//! twice at the same time.

use std::time::Duration;

use swingbridge::lab::load::{self, Entry, Load};

use crate::support::Swing;
use crate::support::ground::Lab;
use crate::support::swing::Ran;

const CONFIG: &str = r#"
app = "shop"
load_balancer = "alb-ks"
strategy = "recreate"

[doors]
scheme = "none"
"#;

const DEPLOY: [&str; 6] = ["deploy", "--release", "2", "--user-data", "release.txt", "--yes"];

/// Where in what was printed this begins.
#[track_caller]
fn place(ran: &Ran, text: &str) -> usize {
    let found = ran.stdout.find(text);
    found.unwrap_or_else(|| panic!("nothing says {text:?}\n{ran}"))
}

/// For how many seconds nobody has answered, as it says itself.
#[track_caller]
fn downtime(ran: &Ran) -> u64 {
    let mut lines = ran.stdout.lines();
    let seconds = lines.find_map(|line| {
        let (_, told) = line.split_once("nobody answered from ")?;
        let (_, seconds) = told.rsplit_once(", ")?;
        seconds.strip_suffix(" s")?.parse().ok()
    });
    seconds.unwrap_or_else(|| panic!("nothing says for how long\n{ran}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_must_not_run_beside_live_is_away_for_one_stretch_and_so_is_its_rollback() {
    let lab = Lab::up(&["--speed", "10", "--data-plane-delay", "100ms"]).await;
    let url = lab.serving().await;
    let swing = Swing::at("000000000000", &lab.endpoint);
    swing.write("swingbridge.toml", CONFIG);
    swing.write("release.txt", "#!sample\nversion = \"2\"\n");
    for (command, leaves) in [(&DEPLOY[..], "asg-1"), (&["rollback", "--yes"][..], "asg-2")] {
        // Whoever asks is told before anything is done.
        let shown = swing.run(&[command, &["--dry-run"]].concat()).await.ended(0);
        shown.says(&format!("downtime: nobody answers from when {leaves} is stopped"));
        let load = load::start(Load {
            rate: 40.0,
            ..Load::on(url.parse().expect("a url"))
        })
        .expect("a load");
        let ran = swing.run(command).await.ended(0);
        let said = downtime(&ran);
        let begins = place(&ran, &format!("downtime begins: stop {leaves}"));
        let away = place(&ran, &format!("wait until {leaves} has drained and is empty"));
        let over = place(&ran, "nobody answered from ");
        assert!(begins < away && away < over, "{ran}");
        load.stop();
        let ledger = load.finish().await;
        let all: Vec<Entry> = ledger.entries().collect();
        let failed = |entry: &&Entry| entry.failure.is_some();
        let moments = |entries: &mut dyn Iterator<Item = &Entry>| -> Vec<Duration> {
            entries.map(|entry| entry.scheduled).collect()
        };
        let away = moments(&mut all.iter().filter(failed));
        let (began, ended) = (away.iter().min(), away.iter().max());
        let (began, ended) = began.zip(ended).expect("it was away");
        // It is counted from when live is told to stop; what the load balancer is told, it obeys a little later.
        let (met, counted) = (*ended - *began, Duration::from_secs(said + 2));
        assert!(met <= counted, "nobody answered for {met:?}, and it says\n{ran}");
        // Who was answered before, and who after.
        let answered = |before: bool| {
            let mut names: Vec<&str> = all
                .iter()
                .filter(|entry| entry.failure.is_none())
                .filter(|entry| (entry.scheduled < *began) == before)
                .filter_map(|entry| Some(ledger.version_name(entry.version?)))
                .collect();
            names.sort_unstable();
            names.dedup();
            names
        };
        let (before, after) = (answered(true), answered(false));
        assert_eq!((before.len(), after.len()), (1, 1), "{before:?}, then {after:?}");
        assert_ne!(before, after);
        let between = all
            .iter()
            .filter(|entry| entry.scheduled > *began && entry.scheduled < *ended);
        let served = between.filter(|entry| entry.failure.is_none()).count();
        assert_eq!(served, 0, "answered between {began:?} and {ended:?}");
    }
}
