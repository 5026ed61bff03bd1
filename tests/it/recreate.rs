//! A service that stops before its successor starts, on the lab under real load: away once, for one stretch, and never
//! twice at the same time.

use std::time::Duration;

use swingbridge::lab::load::{self, Entry, Load};

use crate::support::Swing;
use crate::support::ground::Lab;

const CONFIG: &str = r#"
app = "shop"
load_balancer = "alb-ks"
strategy = "recreate"

[doors]
scheme = "none"
"#;

const DEPLOY: [&str; 6] = ["deploy", "--release", "2", "--user-data", "release.txt", "--yes"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_must_not_run_beside_live_is_away_for_one_stretch_and_so_is_its_rollback() {
    let lab = Lab::up(&["--speed", "10", "--data-plane-delay", "100ms"]).await;
    let url = lab.serving().await;
    let swing = Swing::at("000000000000", &lab.endpoint);
    swing.write("swingbridge.toml", CONFIG);
    swing.write("release.txt", "#!sample\nversion = \"2\"\n");
    for command in [&DEPLOY[..], &["rollback", "--yes"]] {
        let load = load::start(Load {
            rate: 40.0,
            ..Load::on(url.parse().expect("a url"))
        })
        .expect("a load");
        swing.run(command).await.ended(0).says("downtime");
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
