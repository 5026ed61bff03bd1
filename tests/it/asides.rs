//! `init` and `unlock` change something and are no plans: struck at each of their calls, they go well or say why not,
//! and the same command again leaves nothing half done.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_autoscaling::types::Tag;

use crate::initial::assert_no_lock;
use crate::locking::lock_left_by;
use crate::support::{Estate, Fault, Ground, Proxy, Snapshot, Swing};

/// What happens to a call. The last is no fault that passes.
fn faults() -> [Fault; 6] {
    [
        Fault::KillBefore,
        Fault::KillAfter,
        Fault::Lose,
        Fault::Refuse("Throttling", 400),
        Fault::Refuse("InternalFailure", 500),
        Fault::Refuse("AccessDenied", 403),
    ]
}

struct Stage {
    estate: Estate,
    swing: Swing,
    proxy: Proxy,
}

impl Stage {
    async fn new(swing: impl AsyncFnOnce(&Estate) -> Swing) -> Self {
        let estate = Estate::initial(Ground::Lab).await;
        let mut swing = swing(&estate).await;
        let proxy = Proxy::before(&estate.endpoint).await;
        swing.through(&proxy);
        Self { estate, swing, proxy }
    }

    /// What can happen to which of so many calls: to a change everything, to a question one thing, by turns.
    async fn moments(&self, command: &[&str]) -> Vec<(usize, Fault)> {
        self.swing.run(command).await.ended(0);
        let calls = self.proxy.seen();
        let all = calls.iter().enumerate().flat_map(|(at, call)| {
            let turn = at % faults().len();
            let struck = faults().into_iter().enumerate();
            struck
                .filter(move |(number, _)| call.changes() || *number == turn)
                .map(move |(_, fault)| (at + 1, fault))
        });
        all.collect()
    }

    /// Runs the command while this happens to that call of it, and then until it goes well.
    async fn struck(&mut self, command: &[&str], at: usize, fault: &Fault) {
        // One of its own: questions are asked at once, and each that meets a death asks for another one.
        self.proxy = Proxy::before(&self.estate.endpoint).await;
        self.swing.through(&self.proxy);
        let (calls, what) = (Arc::new(AtomicUsize::new(0)), fault.clone());
        let counted = Arc::clone(&calls);
        self.proxy
            .inject(move |_| (counted.fetch_add(1, Ordering::Relaxed) + 1 == at).then(|| what.clone()));
        let ran = self.swing.run_until_killed(&self.proxy, command).await;
        assert!(
            calls.load(Ordering::Relaxed) >= at,
            "call {at} was not made:\n{ran}"
        );
        self.proxy.heal();
        match fault {
            Fault::KillBefore | Fault::KillAfter => drop(ran.killed()),
            // Some questions can be done without.
            Fault::Refuse("AccessDenied", _) if ran.code != Some(0) => {
                assert!(matches!(ran.code, Some(3 | 4)), "{ran}");
                drop(ran.says("AccessDenied").says("iam-policy"));
            }
            _ => drop(ran.ended(0)),
        }
        self.swing.run(command).await.ended(0);
    }
}

/// Without the tags by which an app is adopted.
fn production(seen: &Snapshot) -> Snapshot {
    seen.without(|name| name.contains(" tag swingbridge:"))
}

/// As if nobody had ever been there.
async fn forgotten(estate: &Estate) {
    let keys = ["swingbridge:app", "swingbridge:generation", "swingbridge:rule"];
    let group = estate.name("asg-1");
    let tag = |key: &str| {
        Tag::builder()
            .key(key)
            .resource_id(&group)
            .resource_type("auto-scaling-group")
            .build()
    };
    let tags = keys[..2].iter().map(|key| tag(key)).collect();
    let untagged = estate.asg.delete_tags().set_tags(Some(tags)).send().await;
    untagged.expect("tags of a group");
    let arns = [
        estate.target_group_arn(&estate.name("tg-1")).await,
        estate.rule_arn(80, "10").await,
        estate.rule_arn(80, "11").await,
    ];
    let untagged = estate
        .elb
        .remove_tags()
        .set_resource_arns(Some(arns.to_vec()))
        .set_tag_keys(Some(keys.map(str::to_owned).to_vec()))
        .send()
        .await;
    untagged.expect("tags of the load balancer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adoption_struck_anywhere_moves_nothing_and_is_finished_by_the_same_command() {
    let mut stage = Stage::new(async |estate| Swing::new(estate)).await;
    let before = stage.estate.look().await;
    let balancer = stage.estate.made("/load_balancer/name").to_owned();
    let init = [
        "init",
        "--from-aws",
        "--load-balancer",
        &balancer,
        "--yes",
        "--force",
    ];
    let moments = stage.moments(&init).await;
    let adopted = stage.estate.look().await;
    production(&before).same_as(&production(&adopted), "by an adoption");
    assert!(moments.len() > 30, "{}", moments.len());
    for (at, fault) in moments {
        forgotten(&stage.estate).await;
        stage.struck(&init, at, &fault).await;
        let when = format!("{fault:?} at call {at}");
        adopted.same_as(&stage.estate.look().await, &when);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_is_freed_by_the_same_command_wherever_the_first_was_struck() {
    const LONG_AGO: &str = "2020-01-01T00:00:00Z";
    let mut stage = Stage::new(Swing::adopting).await;
    let unlock = ["unlock", "--yes"];
    let before = stage.estate.look().await;
    lock_left_by(&stage.estate, "elsewhere", LONG_AGO).await;
    let moments = stage.moments(&unlock).await;
    before.same_as(&stage.estate.look().await, "by an unlock");
    assert!(moments.len() > 10, "{}", moments.len());
    for (at, fault) in moments {
        lock_left_by(&stage.estate, "elsewhere", LONG_AGO).await;
        stage.struck(&unlock, at, &fault).await;
        let seen = stage.estate.look().await;
        assert_no_lock(&seen);
        before.same_as(&seen, &format!("{fault:?} at call {at}"));
    }
}
