//! Secrets are planted wherever there may be some, and looked for in everything that the tool says or leaves.
#![cfg(feature = "launch-templates")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, AuthenticateOidcActionConfig, PathPatternConditionConfig, RuleCondition,
};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::support::{Estate, Fault, Proxy, Swing};

/// What is never said, whoever asks.
const SECRETS: [(&str, &str); 17] = [
    ("live's user data", "canary-user-data-of-live"),
    ("the release's user data", "canary-user-data-of-release"),
    ("a tag of the load balancer", "canary-tag-of-balancer"),
    ("a tag of live's target group", "canary-tag-of-target-group"),
    ("a tag of live's group", "canary-tag-of-group"),
    ("an OIDC client's secret", "canary-oidc-client-secret"),
    ("AWS_SECRET_ACCESS_KEY", "canary-secret-access-key"),
    ("AWS_SESSION_TOKEN", "canary-session-token"),
    ("a variable of somebody", "canary-database-password"),
    ("a pipeline's token", "canary-pipeline-token"),
    ("a token in a pipeline's address", "canary-token-in-address"),
    ("a password in an endpoint", "canary-endpoint-password"),
    ("a header of a load", "canary-bearer-token"),
    ("a variable that hooks are given", "canary-smoke-token"),
    ("the secret of a webhook", "canary-hook-secret"),
    ("a token in a webhook's address", "canary-token-of-webhook"),
    ("the address of a notification", "canary-address-of-news"),
];

/// Hooks that say all that they know, to whoever keeps what they say; and news for somebody who refuses it, and for
/// nobody. `HOST` is where somebody listens.
const HOOKS: &str = r#"
[[hooks]]
at = "before-deploy"
post = "http://HOST/hook?token=canary-token-of-webhook"
secret_env = "HOOK_SECRET"

[[hooks]]
at = "before-traffic"
run = "env; echo \"$HOOK_ENTRANCE_VALUE\" >> entrances.txt"
shell = true
env = ["SMOKE_TOKEN"]

[[hooks]]
at = "before-traffic"
post = "http://HOST/hook"
secret_env = "HOOK_SECRET"

[[hooks]]
at = "on-failure"
run = "env >&2; exit 1"
shell = true
env = ["SMOKE_TOKEN"]

[[notify]]
on = ["deployed", "promoted", "rolled-back", "failed", "paused"]
url_env = "NEWS"
template = "json"

[[notify]]
on = ["deployed", "failed"]
url_env = "NEWS_FOR_NOBODY"
"#;

/// What a test of variants adds to the configuration.
const VARIANTS: &str = r#"
[ab]
duration = "1d"
variants = [{ name = "control", live = true, weight = 1 }, { name = "bold", weight = 1 }]
"#;

const ESTATE: &str = r##"
name = "secrets"

[[launch_templates]]
name = "ks-app"

[[launch_templates.versions]]
image = "app-1"
user_data = """
#!sample
version = "1"
# canary-user-data-of-live
"""

[[target_groups]]
name = "tg-1"
port = 8080
health_path = "/health"
health_interval = 5
health_timeout = 2
attributes = { "deregistration_delay.timeout_seconds" = "5" }
tags = { note = "canary-tag-of-target-group" }

[[load_balancers]]
name = "alb-ks"
tags = { note = "canary-tag-of-balancer" }

[[load_balancers.listeners]]
port = 80
default = { forward = "tg-1" }

[[load_balancers.listeners.rules]]
priority = 10
header = { name = "x-client-mode", values = ["blue"] }
forward = "tg-1"

[[load_balancers.listeners.rules]]
priority = 11
header = { name = "x-client-mode", values = ["green"] }
status = 404

[[load_balancers.listeners]]
port = 443
protocol = "HTTPS"
default = { forward = "tg-1" }

[[groups]]
name = "asg-1"
template = "ks-app"
version = "1"
min = 1
max = 4
desired = 2
target_groups = ["tg-1"]
health_grace = 10
tags = { note = "canary-tag-of-group" }
"##;

/// Somebody must log in to come to `/admin`.
async fn ask_for_a_login(estate: &Estate) {
    let listener = estate.listeners().await[&443].clone();
    let address = |path: &str| format!("https://login.example/{path}");
    let login = AuthenticateOidcActionConfig::builder()
        .issuer("https://login.example")
        .authorization_endpoint(address("authorize"))
        .token_endpoint(address("token"))
        .user_info_endpoint(address("user"))
        .client_id("shop")
        .client_secret("canary-oidc-client-secret")
        .build();
    let live = estate.target_group_arn("tg-1").await;
    estate
        .elb
        .create_rule()
        .listener_arn(listener)
        .priority(30)
        .conditions(
            RuleCondition::builder()
                .field("path-pattern")
                .path_pattern_config(PathPatternConditionConfig::builder().values("/admin/*").build())
                .build(),
        )
        .actions(
            Action::builder()
                .r#type(ActionTypeEnum::AuthenticateOidc)
                .order(1)
                .authenticate_oidc_config(login)
                .build(),
        )
        .actions(
            Action::builder()
                .r#type(ActionTypeEnum::Forward)
                .order(2)
                .target_group_arn(live)
                .build(),
        )
        .send()
        .await
        .expect("a rule");
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
}

/// What was posted: to where, and what.
type Posted = Arc<Mutex<Vec<(String, String)>>>;

/// Somebody who says a hook's words back to it, with the secret that they were signed with, and takes no news.
async fn somebody_elsewhere() -> (String, Posted) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let host = listener.local_addr().expect("bound").to_string();
    let posted = Posted::default();
    let shared = Arc::clone(&posted);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let shared = Arc::clone(&shared);
            let answer = service_fn(move |request| answer(request, Arc::clone(&shared)));
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer),
            );
        }
    });
    (host, posted)
}

async fn answer(request: Request<Incoming>, posted: Posted) -> hyper::Result<Response<Full<Bytes>>> {
    let to = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let words = String::from_utf8_lossy(&body).into_owned();
    let mut answer = Response::new(Full::from(format!("signed with canary-hook-secret\n{words}\n")));
    if to != "/hook" {
        *answer.status_mut() = StatusCode::FORBIDDEN;
    }
    posted.lock().expect("not poisoned").push((to, words));
    Ok(answer)
}

fn files(folder: &Path, all: &mut Vec<std::path::PathBuf>) {
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
    let mut swing = Swing::new(&estate);
    for (name, value) in [
        ("AWS_SECRET_ACCESS_KEY", "canary-secret-access-key"),
        ("AWS_SESSION_TOKEN", "canary-session-token"),
        ("DATABASE_PASSWORD", "canary-database-password"),
        ("GITHUB_TOKEN", "canary-pipeline-token"),
        ("CI_JOB_TOKEN", "canary-pipeline-token"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary-pipeline-token"),
        (
            "BUILD_URL",
            "https://ci:canary-token-in-address@ci.example/job/7/?token=canary-token-in-address",
        ),
        ("SMOKE_TOKEN", "canary-smoke-token"),
        ("HOOK_SECRET", "canary-hook-secret"),
        ("NEWS", &format!("http://{host}/canary-address-of-news")),
        ("NEWS_FOR_NOBODY", "http://127.0.0.1:9/canary-address-of-news"),
        ("SWINGBRIDGE_LOG", "trace"),
        ("RUST_LOG", "trace"),
        ("RUST_BACKTRACE", "full"),
    ] {
        swing.set(name, value);
    }
    swing.through(&proxy);
    swing.write(
        "boot.sh",
        "#!sample\nversion = \"2\"\n# canary-user-data-of-release\n",
    );
    swing.write(
        "sick.sh",
        "#!sample\nhealth_status = 503\n# canary-user-data-of-release\n",
    );
    swing.write(
        "wrong.sh",
        "#!sample\n# canary-user-data-of-release {{ relase }}\n",
    );
    // A file that everybody may read must not stay one.
    swing.write("plan.json", "an earlier plan");
    fs::set_permissions(swing.path("plan.json"), fs::Permissions::from_mode(0o644)).expect("ours");

    let mut heard = Heard {
        swing: &mut swing,
        said: Vec::new(),
    };
    heard
        .run(&["init", "--from-aws", "--load-balancer", "alb-ks", "--yes"], 0)
        .await;
    let configuration = heard.swing.path("swingbridge.toml");
    let written = fs::read_to_string(&configuration).expect("a configuration");
    let hooks = HOOKS.replace("HOST", &host);
    heard
        .swing
        .write("swingbridge.toml", &format!("{written}{hooks}"));
    heard.said.push(("what init wrote".into(), written));
    let deploy = |file: &'static str| ["--release", "v2", "--user-data", file];
    for command in [
        &["check"][..],
        &["check", "--format", "json"],
        &["status"],
        &["status", "--format", "json"],
        &["history"],
        &["iam-policy", "all", "--account", "000000000000"],
        &[
            "deploy",
            "--release",
            "v2",
            "--user-data",
            "boot.sh",
            "--dry-run",
            "--format",
            "json",
        ],
    ] {
        heard.run(command, 0).await;
    }
    for format in ["text", "json", "markdown"] {
        heard
            .run(
                &[&["plan", "deploy", "--format", format][..], &deploy("boot.sh")].concat(),
                0,
            )
            .await;
    }
    heard
        .run(&[&["plan", "deploy"][..], &deploy("wrong.sh")].concat(), 2)
        .await;

    // A call is denied, and a candidate never becomes healthy.
    proxy.inject(|call| {
        (call.operation == "CreateAutoScalingGroup").then_some(Fault::Refuse("AccessDenied", 403))
    });
    heard
        .run(&[&["deploy", "--yes"][..], &deploy("boot.sh")].concat(), 4)
        .await;
    proxy.heal();
    heard.run(&["abort", "--yes"], 0).await;
    heard.swing.set("SWINGBRIDGE_HEALTH_TIMEOUT", "5s");
    heard
        .run(&[&["deploy", "--yes"][..], &deploy("sick.sh")].concat(), 4)
        .await;
    heard.run(&["status"], 0).await;
    heard.run(&["abort", "--yes"], 0).await;
    heard.swing.set("SWINGBRIDGE_HEALTH_TIMEOUT", "2m");

    heard
        .run(
            &[&["plan", "deploy", "--out", "plan.json"][..], &deploy("boot.sh")].concat(),
            0,
        )
        .await;
    let saved = heard.swing.path("plan.json");
    let text = fs::read_to_string(&saved).expect("a saved plan");
    assert!(
        text.contains("canary-user-data-of-release"),
        "only here, and it must be"
    );
    assert_eq!(mode(&saved), 0o600);
    for format in ["text", "json", "markdown"] {
        heard
            .run(&["plan", "show", "plan.json", "--format", format], 0)
            .await;
    }
    heard
        .run(&["apply", "plan.json", "--yes", "--format", "json"], 0)
        .await;
    heard.run(&["apply", "plan.json", "--yes"], 0).await;
    heard.run(&["metrics", "--record", "readings.json"], 0).await;
    heard.run(&["metrics", "--format", "json"], 0).await;
    // Nobody has come yet.
    heard.run(&["judge", "replay", "readings.json"], 9).await;
    for command in [
        &["plan", "shift", "30", "--format", "json"][..],
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
    ] {
        heard.run(command, 0).await;
    }
    heard
        .run(&[&["deploy", "--yes"][..], &deploy("boot.sh")].concat(), 0)
        .await;
    heard.run(&["promote", "--yes", "--format", "json"], 0).await;
    heard.run(&["retire", "--yes"], 0).await;
    let configured = fs::read_to_string(&configuration).expect("a configuration");
    let variants = configured.replacen(r#"strategy = "preview""#, r#"strategy = "ab""#, 1);
    assert_ne!(variants, configured);
    heard
        .swing
        .write("swingbridge.toml", &format!("{variants}{VARIANTS}"));
    let as_bold = ["--variant", "bold", "--release", "v3", "--user-data", "boot.sh"];
    heard.run(&[&["deploy", "--yes"][..], &as_bold].concat(), 0).await;
    heard.run(&["promote", "--yes"], 9).await;
    heard.run(&["metrics"], 0).await;
    heard.run(&["winner", "bold", "--yes"], 0).await;
    heard.swing.write("swingbridge.toml", &configured);
    heard.run(&["apply", "plan.json", "--yes"], 8).await;
    // Nobody listens there.
    heard.swing.set(
        "SWINGBRIDGE_ENDPOINT_URL",
        "http://ada:canary-endpoint-password@127.0.0.1:9",
    );
    heard.run(&["status"], 4).await;
    let port = estate.endpoint.rsplit(':').next().expect("a port").to_owned();
    let lab = heard
        .swing
        .run(&["lab", "status", "--port", &port, "--format", "json"])
        .await;
    let lab = lab.ended(0).json();
    let url = lab
        .pointer("/balancers/0/listeners/0/url")
        .and_then(serde_json::Value::as_str)
        .expect("a listener that listens")
        .to_owned();
    heard
        .run(
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

    let Heard { swing, mut said } = heard;
    let mut left = Vec::new();
    files(&swing.path(""), &mut left);
    let ours = |path: &&std::path::PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        // What was written by hand, and the one file that is to hold user data.
        let by_hand = [
            "boot.sh",
            "sick.sh",
            "wrong.sh",
            "swingbridge.toml",
            "entrances.txt",
        ];
        name != "plan.json" && !by_hand.contains(&name.as_str())
    };
    let journals = left
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
    assert!(journals.count() > 6, "{left:?}");
    for path in left.iter().filter(ours) {
        let text = String::from_utf8_lossy(&fs::read(path).expect("readable")).into_owned();
        said.push((path.display().to_string(), text));
    }
    let posted = posted.lock().expect("not poisoned").clone();
    let news = posted.into_iter().filter(|(to, _)| to != "/hook");
    let news: Vec<_> = news
        .map(|(_, words)| ("a notification".to_owned(), words))
        .collect();
    assert!(news.len() > 6, "{news:?}");
    said.extend(news);
    // They were told, and said it: it is hidden, not missing.
    let journals = said.iter().filter(|(where_, _)| where_.ends_with(".jsonl"));
    let journals: String = journals.map(|(_, text)| text.as_str()).collect();
    for hidden in [
        "signed with (hidden)",
        "SMOKE_TOKEN=(hidden)",
        "HOOK_ENTRANCE_VALUE=(hidden)",
        r#"\"value\":\"(hidden)\""#,
    ] {
        assert!(journals.contains(hidden), "no journal has {hidden}");
    }
    let entrances = fs::read_to_string(swing.path("entrances.txt")).expect("a hook wrote it");
    let entrances: Vec<&str> = entrances.lines().filter(|line| line.len() > 8).collect();
    assert!(entrances.len() > 1, "{entrances:?}");
    let entrances = entrances
        .iter()
        .map(|value| ("the way in by the entrance", *value));
    let secrets: Vec<_> = SECRETS.into_iter().chain(entrances).collect();
    for (where_, text) in &said {
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
    // Whoever shares the machine reads none of it.
    for path in &left {
        if path.starts_with(swing.path("journal")) {
            assert_eq!(mode(path), 0o600, "{}", path.display());
            assert_eq!(mode(path.parent().expect("a folder")), 0o700);
        }
    }
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
