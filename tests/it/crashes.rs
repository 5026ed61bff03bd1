//! Killed before and after each call that changes something, and run again: it must end as if nothing had happened.

use futures_util::{StreamExt, stream};

use crate::initial::{DEPLOY, assert_no_lock};
use crate::support::{Estate, Fault, Ground, Proxy, Snapshot, Swing};

/// How many estates are worked on at a time: each mostly waits for its own budget of calls.
const AT_ONCE: usize = 6;

const PROMOTE: &[&str] = &["promote", "--yes"];
const ROLLBACK: &[&str] = &["rollback", "--yes"];

/// An operator on an estate of their own, all of whose calls can be watched.
struct Stage {
    estate: Estate,
    swing: Swing,
    proxy: Proxy,
}

impl Stage {
    /// With these commands behind it.
    async fn after(commands: &[&[&str]]) -> Self {
        let estate = Estate::initial(Ground::LocalStack).await;
        let mut swing = Swing::adopting(&estate).await;
        for command in commands {
            swing.run(command).await.ended(0);
        }
        let proxy = Proxy::before(&estate.endpoint).await;
        swing.through(&proxy);
        Self { estate, swing, proxy }
    }

    /// What two estates must have in common: their own names, and times and numbers of plans in tags, aside.
    async fn result(&self) -> Snapshot {
        let seen = self.estate.look().await;
        assert_no_lock(&seen);
        let clock = |name: &str| {
            ["state", "created-at", "plan"]
                .iter()
                .any(|key| name.ends_with(&format!(" tag swingbridge:{key}")))
        };
        seen.without(clock).renamed(&self.estate.aliases())
    }

    /// Runs the command, killed at this change, and then to its end.
    async fn killed_at(&self, command: &[&str], change: usize, fault: Fault) -> Snapshot {
        let moment = format!("{fault:?} at change {change}");
        self.proxy
            .inject(move |call| (call.change == change).then(|| fault.clone()));
        self.swing.run_until_killed(&self.proxy, command).await.killed();
        self.proxy.heal();
        let again = self.swing.run(command).await;
        assert_eq!(again.code, Some(0), "{moment}, then again:\n{again}");
        self.result().await
    }
}

/// Kills the command at every `stride`-th change, on an estate each, before and after it by turns or both.
async fn survives(before: &[&[&str]], command: &[&str], stride: usize, both: bool) {
    let calm = Stage::after(before).await;
    calm.swing.run(command).await.ended(0);
    let changes = calm.proxy.changes();
    let wanted = calm.result().await;
    // All but the last, which gives the lock up: nothing is left to do after it.
    let moments: Vec<(usize, Fault)> = (1..=changes.len())
        .step_by(stride)
        .flat_map(|at| {
            let faults = [Fault::KillAfter, Fault::KillBefore];
            let turn = at / stride % 2;
            let chosen = if both { &faults[..] } else { &faults[turn..=turn] };
            chosen
                .iter()
                .map(move |fault| (at, fault.clone()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(moments.len() > 3, "hardly anything to kill: {changes:?}");
    let results: Vec<(String, Vec<String>)> = stream::iter(moments)
        .map(|(at, fault)| {
            let (wanted, call) = (&wanted, &changes[at - 1]);
            async move {
                let moment = format!("{fault:?} at change {at}, {call}");
                let stage = Stage::after(before).await;
                let result = stage.killed_at(command, at, fault).await;
                (moment, wanted.differences(&result))
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let wrong: Vec<_> = results
        .into_iter()
        .filter(|(_, differences)| !differences.is_empty())
        .collect();
    assert!(wrong.is_empty(), "not as in one go: {wrong:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_killed_anywhere_is_finished_by_the_same_command() {
    survives(&[], &DEPLOY, 2, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_killed_anywhere_is_finished_by_the_same_command() {
    survives(&[&DEPLOY], PROMOTE, 1, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_killed_anywhere_is_finished_by_the_same_command() {
    survives(&[&DEPLOY, PROMOTE], ROLLBACK, 2, false).await;
}
