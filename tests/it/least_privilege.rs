//! Each role with exactly the policy that the binary prints for it, on a lab that holds its callers to that: what the
//! role is for goes well, and what is another's is denied by name.

use std::time::Duration;

use swingbridge::lab::permission::FREE_KEY;
use tokio::time::timeout;

use crate::initial::{assert_no_lock, doors};
use crate::support::swing::Ran;
use crate::support::{Estate, Swing};

/// What every lab begins with. Its launch template has versions 1 and 2.
const ESTATE: &str = include_str!("../../templates/lab-estate.toml");
/// The share is watched for longer than a pause takes to come.
const CONFIG: &str = r#"
app = "shop"
load_balancer = "alb-ks"
strategy = "canary"

[doors]
scheme = "role"

[canary]
steps = [{ weight = 50, bake = "10m" }]

[shift]
reduce_every = "2s"

[swing]
confirmations = 1
"#;
/// The lab's own.
const ACCOUNT: &str = "000000000000";
/// Any but the one that stays free.
const HELD_KEY: &str = "AKIAHELD";
/// A policy is printed without a word to AWS.
const NOBODY: &str = "http://127.0.0.1:9";
const PATIENCE: Duration = Duration::from_secs(60);
/// How AWS begins to say which permission is missing.
const DENIED: &str = "is not authorized to perform: ";

/// A lab that holds whoever has this role to its policy, and somebody who prepares what the role is to work on.
struct Role {
    policy: String,
    estate: Estate,
    held: Swing,
    free: Swing,
}

impl Role {
    /// A lab reads its policy when it is brought up, so each role has one of its own.
    async fn of(name: &str) -> Self {
        let mut held = Swing::at(HELD_KEY, NOBODY);
        held.write("swingbridge.toml", CONFIG);
        let policy = printed(&held, name).await;
        held.write("policy.json", &policy);
        let file = held.path("policy.json");
        let file = file.to_str().expect("a path in words");
        // Nobody sends requests here: instances need not run to be healthy.
        let flags = ["--imagined", "--speed", "20", "--policy", file];
        let estate = Estate::of(ESTATE, &flags).await;
        assert_eq!(estate.account, FREE_KEY, "who looks is held to nothing");
        held.set("SWINGBRIDGE_ENDPOINT_URL", &estate.endpoint);
        let free = held.colleague(&estate);
        // At rest: what is seen later has been changed by somebody.
        estate
            .look_until(|seen| {
                let live = seen.about("group asg-1");
                live.get("instances") == "2" && live.get("versions of instances") == "1"
            })
            .await;
        Self {
            policy,
            estate,
            held,
            free,
        }
    }

    /// What the role is for.
    async fn well(&self, command: &[&str]) -> Ran {
        self.held.run(command).await.ended(0).says_not("not authorized")
    }

    /// By somebody who may do everything.
    async fn prepared(&self, command: &[&str]) {
        self.free.run(command).await.ended(0);
    }

    /// What another role is for: it says which permission is missing, one that only the other has, and the way out.
    async fn cannot(&self, command: &[&str], other: &str) {
        let ran = self.held.run(command).await;
        assert!(matches!(ran.code, Some(3 | 4)), "{ran}");
        let ran = ran.says("iam-policy").says(DENIED);
        let said = format!("{}\n{}", ran.stdout, ran.stderr);
        let named = said
            .split(DENIED)
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next());
        let named = named.expect("an action").trim_end_matches([':', ',']);
        let permission = format!("\"{named}\"");
        let others = printed(&self.held, other).await;
        assert!(others.contains(&permission), "{other} lacks {named}, too\n{ran}");
        assert!(!self.policy.contains(&permission), "it has {named}\n{ran}");
    }

    /// Where blue, green and everybody else are led.
    async fn leads(&self, to: [&str; 3]) {
        let seen = self.estate.look().await;
        assert_eq!(doors(&seen), to);
        assert_no_lock(&seen);
    }

    /// Where everybody is led who asks for nothing in particular.
    async fn production(&self) -> String {
        let seen = self.estate.look().await;
        assert_no_lock(&seen);
        seen.get("rule :80/default leads to").to_owned()
    }

    async fn stands(&self, group: &str) -> bool {
        let seen = self.estate.look().await;
        seen.find(&format!("group {group} min_size")).is_some()
    }

    /// Whether something is left to be undone on the group.
    async fn owes(&self, group: &str) -> bool {
        let tags = self.estate.group_tags(group).await;
        tags.keys().any(|key| key.starts_with("swingbridge:owes-"))
    }

    /// Until a stage is watched.
    async fn bakes(&self) {
        let bakes = async { while !self.well(&["status"]).await.stdout.contains("bakes until") {} };
        let bakes = timeout(PATIENCE, bakes).await;
        assert!(bakes.is_ok(), "the candidate gets no share");
    }
}

/// The role's policy for the app that is configured.
async fn printed(swing: &Swing, role: &str) -> String {
    let command = ["iam-policy", role, "--account", ACCOUNT];
    swing.run(&command).await.ended(0).stdout
}

fn deploy(release: &str) -> [&str; 6] {
    [
        "deploy",
        "--release",
        release,
        "--launch-template-version",
        "2",
        "--yes",
    ]
}

/// A release by user data, whose version of the launch template has to be made first.
const BUILT: [&str; 6] = ["deploy", "--release", "2", "--user-data", "release.txt", "--yes"];
const RELEASE: &str = "#!sample\nversion = \"2\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_plan_sees_everything_and_is_told_what_a_deploy_would_need() {
    let role = Role::of("plan").await;
    role.held.write("release.txt", RELEASE);
    let before = role.estate.look().await;
    // Among what it finds is that this role can make no version.
    role.held.run(&["check"]).await.ended(0);
    let plan_deploy = [
        "plan",
        "deploy",
        "--release",
        "2",
        "--launch-template-version",
        "2",
    ];
    for command in [
        &plan_deploy[..],
        &["plan", "deploy", "--release", "2", "--user-data", "release.txt"],
        &["status"],
        &["status", "--format", "json"],
        &["history"],
    ] {
        role.well(command).await;
    }
    role.cannot(&deploy("2"), "deploy").await;
    role.cannot(&BUILT, "deploy").await;
    before.same_as(&role.estate.look().await, "after plans and denials");

    role.prepared(&deploy("2")).await;
    let before = role.estate.look().await;
    for command in [&["plan", "promote"][..], &["status"], &["metrics"]] {
        role.well(command).await;
    }
    role.cannot(&["promote", "--full", "--yes"], "promote").await;
    before.same_as(&role.estate.look().await, "after a look at the candidate");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_deploy_brings_up_a_candidate_and_leaves_production_where_it_is() {
    let role = Role::of("deploy").await;
    role.held.write("release.txt", RELEASE);
    role.well(&["check"]).await;
    // The first deployment, which adopts what was there.
    role.well(&BUILT).await;
    role.leads(["tg-1", "tg-2", "tg-1"]).await;
    role.well(&["status"]).await;
    role.cannot(&["promote", "--full", "--yes"], "promote").await;
    assert_eq!(role.production().await, "tg-1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_promote_swings_pauses_and_clears_up_but_makes_nothing_new() {
    let mut role = Role::of("promote").await;
    role.prepared(&deploy("2")).await;
    let promoting = role.held.start(&["promote", "--yes"]);
    role.bakes().await;
    role.well(&["pause", "--yes", "--wait-for-lock", "1m"]).await;
    let paused = promoting.ended().await.ended(9);
    paused.says_not("not authorized");
    assert_eq!(role.production().await, "tg-1 and tg-2");

    // What is left for later is not due before repair is told so.
    role.held.set("SWINGBRIDGE_HOLD", "1h");
    role.well(&["promote", "--full", "--yes", "--no-wait"]).await;
    role.leads(["tg-2", "404", "tg-2"]).await;
    assert!(role.owes("asg-2").await, "it is held");
    role.held.set("SWINGBRIDGE_HOLD", "0s");
    role.well(&["repair", "--yes"]).await;
    assert!(!role.owes("asg-2").await, "nothing is left");

    role.well(&["retire", "--yes"]).await;
    assert!(!role.stands("asg-1").await, "it is retired");
    role.prepared(&deploy("3")).await;
    role.leads(["tg-2", "tg-3", "tg-2"]).await;
    role.well(&["abort", "--yes"]).await;
    assert!(!role.stands("asg-3").await, "it is aborted");
    role.cannot(&deploy("4"), "deploy").await;
    role.leads(["tg-2", "404", "tg-2"]).await;
    assert!(!role.stands("asg-3").await && !role.stands("asg-4").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_roll_back_takes_production_and_shares_of_it_back_but_makes_nothing_new() {
    let role = Role::of("rollback").await;
    role.prepared(&deploy("2")).await;
    role.prepared(&["promote", "--full", "--yes"]).await;
    role.leads(["tg-2", "404", "tg-2"]).await;
    role.well(&["rollback", "--yes"]).await;
    role.leads(["tg-1", "404", "tg-1"]).await;

    role.prepared(&deploy("3")).await;
    role.prepared(&["shift", "10", "--yes"]).await;
    assert_eq!(role.production().await, "tg-1 and tg-3");
    role.well(&["rollback", "--gradually", "--yes"]).await;
    assert_eq!(role.production().await, "tg-1");
    role.cannot(&deploy("4"), "deploy").await;
    assert_eq!(role.production().await, "tg-1");
    assert!(!role.stands("asg-4").await);
}
