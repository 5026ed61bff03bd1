//! Secrets are planted wherever there may be some, and looked for in everything that the tool says or leaves.
#![cfg(feature = "launch-templates")]

mod planted;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Estate, Fault, Proxy, Swing};
use planted::{
    ESTATE, HOOKS, Posted, ROLLING, SECRETS, VARIANTS, ask_for_a_login, operator, somebody_elsewhere,
};

/// What a release is made of, as a command has it.
fn of(user_data: &'static str) -> [&'static str; 4] {
    ["--release", "v2", "--user-data", user_data]
}

/// An operator who says as much as can be said, and hears it all.
struct Heard<'a> {
    swing: &'a mut Swing,
    said: Vec<(String, String)>,
}

impl Heard<'_> {
    async fn run(&mut self, arguments: &[&str], code: i32) {
        let ran = self.swing.run(&[arguments, &["-vv"]].concat()).await.ended(code);
        self.said
            .push((arguments.join(" "), format!("{}\n{}", ran.stdout, ran.stderr)));
    }

    async fn all_run(&mut self, commands: &[&[&str]]) {
        for command in commands {
            self.run(command, 0).await;
        }
    }

    /// Writes a configuration, which is given the hooks.
    async fn begins(&mut self, host: &str) {
        self.run(&["init", "--from-aws", "--load-balancer", "alb-ks", "--yes"], 0)
            .await;
        let written = self.configuration();
        let hooks = HOOKS.replace("HOST", host);
        self.swing.write("swingbridge.toml", &format!("{written}{hooks}"));
        self.said.push(("what init wrote".into(), written));
    }

    fn configuration(&self) -> String {
        fs::read_to_string(self.swing.path("swingbridge.toml")).expect("a configuration")
    }

    async fn looks_and_plans(&mut self) {
        self.all_run(&[
            &["check"],
            &["check", "--format", "json"],
            &["status"],
            &["status", "--format", "json"],
            &["status", "--log-format", "json"],
            &["history"],
            &["iam-policy", "all", "--account", "000000000000"],
            &[&["deploy", "--dry-run", "--format", "json"][..], &of("boot.sh")].concat(),
        ])
        .await;
        for format in ["text", "json", "markdown"] {
            self.run(
                &[&["plan", "deploy", "--format", format][..], &of("boot.sh")].concat(),
                0,
            )
            .await;
        }
        self.run(&[&["plan", "deploy"][..], &of("wrong.sh")].concat(), 2)
            .await;
    }

    /// A call is denied, and a candidate never becomes healthy.
    async fn fails(&mut self, proxy: &Proxy) {
        proxy.inject(|call| {
            (call.operation == "CreateAutoScalingGroup").then_some(Fault::Refuse("AccessDenied", 403))
        });
        self.run(&[&["deploy", "--yes"][..], &of("boot.sh")].concat(), 4)
            .await;
        proxy.heal();
        self.run(&["abort", "--yes"], 0).await;
        self.swing.set("SWINGBRIDGE_HEALTH_TIMEOUT", "5s");
        self.run(
            &[&["deploy", "--yes", "--log-format", "json"][..], &of("sick.sh")].concat(),
            4,
        )
        .await;
        self.run(&["status"], 0).await;
        self.run(&["abort", "--yes"], 0).await;
        self.swing.set("SWINGBRIDGE_HEALTH_TIMEOUT", "2m");
    }

    /// The one file that is to hold user data is its owner's.
    async fn saves_and_applies(&mut self) {
        // A file that everybody may read must not stay one.
        self.swing.write("plan.json", "an earlier plan");
        let saved = self.swing.path("plan.json");
        fs::set_permissions(&saved, fs::Permissions::from_mode(0o644)).expect("ours");
        self.run(
            &[&["plan", "deploy", "--out", "plan.json"][..], &of("boot.sh")].concat(),
            0,
        )
        .await;
        let text = fs::read_to_string(&saved).expect("a saved plan");
        assert!(
            text.contains("canary-user-data-of-release"),
            "only here, and it must be"
        );
        assert_eq!(mode(&saved), 0o600);
        self.all_run(&[
            &["plan", "show", "plan.json", "--format", "text"],
            &["plan", "show", "plan.json", "--format", "json"],
            &["plan", "show", "plan.json", "--format", "markdown"],
            &["apply", "plan.json", "--yes", "--format", "json"],
            &["apply", "plan.json", "--yes"],
            &["metrics", "--record", "readings.json"],
            &["metrics", "--format", "json"],
        ])
        .await;
        // Nobody has come yet.
        self.run(&["judge", "replay", "readings.json"], 9).await;
    }

    async fn shares_goes_back_and_promotes(&mut self) {
        self.all_run(&[
            &["plan", "shift", "30", "--format", "json"],
            &["shift", "30", "--yes"],
            &["pause", "--yes"],
            &["status"],
            &["plan", "promote", "--format", "json"],
            &["resume", "--yes"],
            &["status"],
            &["rollback", "--yes"],
            &["status", "--format", "json"],
            &["abort", "--yes"],
            &["repair", "--yes"],
            &["unlock", "--yes"],
            &["history"],
            &["history", "--format", "json"],
            &[&["deploy", "--yes", "--log-format", "json"][..], &of("boot.sh")].concat(),
            &["promote", "--yes", "--format", "json"],
            &["retire", "--yes", "--log-format", "json"],
        ])
        .await;
    }

    /// A test of variants, and then a plan that is stale.
    async fn tests_variants(&mut self) {
        let configured = self.configuration();
        let variants = configured.replacen(r#"strategy = "preview""#, r#"strategy = "ab""#, 1);
        assert_ne!(variants, configured);
        self.swing
            .write("swingbridge.toml", &format!("{variants}{VARIANTS}"));
        let as_bold = ["--variant", "bold", "--release", "v3", "--user-data", "boot.sh"];
        self.run(&[&["deploy", "--yes"][..], &as_bold].concat(), 0).await;
        self.run(&["promote", "--yes"], 9).await;
        self.run(&["metrics"], 0).await;
        self.run(&["winner", "bold", "--yes"], 0).await;
        self.swing.write("swingbridge.toml", &configured);
        self.run(&["apply", "plan.json", "--yes"], 8).await;
    }

    /// What the lab says to whoever runs it, and what somebody says who loads it.
    async fn asks_the_lab_and_loads_it(&mut self, estate: &Estate) {
        let port = estate.endpoint.rsplit(':').next().expect("a port");
        let status = ["lab", "status", "--port", port];
        self.run(&status, 0).await;
        let whole = self
            .swing
            .run(&[&status[..], &["--format", "json"]].concat())
            .await;
        let mut lab = whole.ended(0).json();
        let url = lab
            .pointer("/balancers/0/listeners/0/url")
            .and_then(Value::as_str)
            .expect("a listener that listens")
            .to_owned();
        without_tags(&mut lab);
        self.said.push(("lab status as JSON".into(), lab.to_string()));
        self.run(
            &[
                "load",
                &url,
                "--for",
                "1s",
                "--rate",
                "20",
                "-H",
                "authorization: canary-bearer-token",
                "--html",
                "load.html",
                "--ledger",
                "load.jsonl",
            ],
            0,
        )
        .await;
    }

    /// All that was said, that stands in files, and that was posted; nothing secret is in any of it. The files.
    fn gives_nothing_away(mut self, posted: &Posted, entrances: &[String]) -> Vec<PathBuf> {
        let mut left = Vec::new();
        files(&self.swing.path(""), &mut left);
        for path in left.iter().filter(|path| !holds_it_on_purpose(path)) {
            let text = String::from_utf8_lossy(&fs::read(path).expect("readable")).into_owned();
            self.said.push((path.display().to_string(), text));
        }
        let posted = posted.lock().expect("not poisoned").clone();
        let news = posted.into_iter().filter(|(to, _)| to != "/hook");
        let news = news.map(|(_, words)| ("a notification".to_owned(), words));
        self.said.extend(news);
        let by_entrance = entrances.iter();
        let by_entrance = by_entrance.map(|value| ("the way in by the entrance", value.as_str()));
        let secrets: Vec<_> = SECRETS.into_iter().chain(by_entrance).collect();
        for (where_, text) in &self.said {
            for (what, secret) in &secrets {
                if let Some(at) = text.find(*secret) {
                    let line = text[..at].matches('\n').count();
                    let line = text.lines().nth(line).unwrap_or_default();
                    panic!("{what} is in `{where_}`:\n{line}");
                }
            }
            // Nor as AWS is sent it: how `#!sample` begins in base64.
            assert!(
                !text.contains("IyFzYW1wbGU"),
                "user data in base64 is in `{where_}`"
            );
        }
        left
    }
}

/// A lab shows whoever runs it the tags of their own account, and nothing else that is secret.
fn without_tags(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("tags");
            members.values_mut().for_each(without_tags);
        }
        Value::Array(all) => all.iter_mut().for_each(without_tags),
        _ => {}
    }
}

/// What was written by hand, and the one file that is to hold user data.
fn holds_it_on_purpose(path: &Path) -> bool {
    let name = path.file_name().expect("a name").to_string_lossy();
    [
        "plan.json",
        "boot.sh",
        "sick.sh",
        "wrong.sh",
        "swingbridge.toml",
        "entrances.txt",
    ]
    .contains(&&*name)
}

/// The journals of all runs.
fn journals(left: &[PathBuf]) -> Vec<String> {
    left.iter()
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .map(|path| fs::read_to_string(path).expect("readable"))
        .collect()
}

/// Whoever shares the machine reads none of it.
fn is_nobody_elses(swing: &Swing, left: &[PathBuf]) {
    for path in left {
        if path.starts_with(swing.path("journal")) {
            assert_eq!(mode(path), 0o600, "{}", path.display());
            assert_eq!(mode(path.parent().expect("a folder")), 0o700);
        }
    }
}

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            files(&entry.path(), all);
        } else {
            all.push(entry.path());
        }
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_anything_that_is_said_or_left() {
    let estate = Estate::of(ESTATE, &["--speed", "20"]).await;
    ask_for_a_login(&estate).await;
    let proxy = Proxy::before(&estate.endpoint).await;
    let (host, posted) = somebody_elsewhere().await;
    let mut swing = operator(&estate, &host);
    swing.through(&proxy);
    let mut heard = Heard {
        swing: &mut swing,
        said: Vec::new(),
    };
    heard.begins(&host).await;
    heard.looks_and_plans().await;
    heard.fails(&proxy).await;
    heard.saves_and_applies().await;
    heard.shares_goes_back_and_promotes().await;
    heard.tests_variants().await;
    // Nobody listens there.
    heard.swing.set(
        "SWINGBRIDGE_ENDPOINT_URL",
        "http://ada:canary-endpoint-password@127.0.0.1:9",
    );
    heard.run(&["status"], 4).await;
    heard.asks_the_lab_and_loads_it(&estate).await;

    let entrances = fs::read_to_string(heard.swing.path("entrances.txt")).expect("a hook wrote it");
    let entrances = entrances.lines().filter(|line| line.len() > 8);
    let entrances: Vec<String> = entrances.map(str::to_owned).collect();
    assert!(entrances.len() > 1, "{entrances:?}");
    let in_json = heard
        .said
        .iter()
        .filter(|(what, _)| what.contains("--log-format"));
    let mut in_json = in_json.flat_map(|(_, text)| text.lines());
    assert!(in_json.any(|line| line.starts_with("{\"")), "no log line is JSON");
    let left = heard.gives_nothing_away(&posted, &entrances);
    let journals = journals(&left);
    assert!(journals.len() > 6, "{left:?}");
    let news = posted.lock().expect("not poisoned").clone();
    let news = news.iter().filter(|(to, _)| to != "/hook").count();
    assert!(news > 6, "only {news} notifications");
    // They were told, and said it: it is hidden, not missing.
    let journals = journals.concat();
    for hidden in [
        "signed with (hidden)",
        "SMOKE_TOKEN=(hidden)",
        "HOOK_ENTRANCE_VALUE=(hidden)",
        r#"\"value\":\"(hidden)\""#,
    ] {
        assert!(journals.contains(hidden), "no journal has {hidden}");
    }
    is_nobody_elses(&swing, &left);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_what_is_said_or_left_of_a_release_that_takes_lives_place() {
    let estate = Estate::of(ESTATE, &["--speed", "20"]).await;
    let (host, posted) = somebody_elsewhere().await;
    let mut swing = operator(&estate, &host);
    swing.write("swingbridge.toml", &ROLLING.replace("HOST", &host));
    let mut heard = Heard {
        swing: &mut swing,
        said: Vec::new(),
    };
    heard
        .all_run(&[
            &["status"],
            &["history"],
            &[&["plan", "deploy", "--format", "json"][..], &of("boot.sh")].concat(),
            &[&["plan", "deploy"][..], &of("boot.sh")].concat(),
            &[&["deploy", "--yes", "--log-format", "json"][..], &of("boot.sh")].concat(),
            &["status"],
            &["rollback", "--yes", "--format", "json"],
            &["history", "--format", "json"],
        ])
        .await;
    let left = heard.gives_nothing_away(&posted, &[]);
    let journals = journals(&left);
    assert!(journals.len() > 1, "{left:?}");
    let journals = journals.concat();
    for hidden in ["signed with (hidden)", "SMOKE_TOKEN=(hidden)"] {
        assert!(journals.contains(hidden), "no journal has {hidden}");
    }
    is_nobody_elses(&swing, &left);
}

#[test]
fn no_pipeline_publishes_a_saved_plan_but_to_hand_it_on() {
    let pipelines = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let mut all = Vec::new();
    files(&pipelines.join("jenkins"), &mut all);
    let mut archived = 0;
    for path in &all {
        let text = fs::read_to_string(path).expect("readable");
        let saves = text.contains("plan.json");
        for line in text.lines().filter(|line| line.contains("archiveArtifacts")) {
            let leaves_out = line.contains(r#"excludes: "${env.OUT}/plan.json""#);
            assert!(!saves || leaves_out, "{}: {line}", path.display());
            archived += usize::from(saves);
        }
    }
    assert!(archived > 3, "{archived}");
    // Whoever opens a pull request may be anybody: nothing is saved there, as nobody is to apply it.
    let plan = fs::read_to_string(pipelines.join("github/plan.yml")).expect("readable");
    assert!(plan.contains("swingbridge") && plan.contains("plan deploy"));
    assert!(!plan.contains("--out ") && !plan.contains("plan.json"));
}
