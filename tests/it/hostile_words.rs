//! Words of others that are made to trick a terminal, a log or a comment are shown and do nothing.

use aws_sdk_autoscaling::types::Tag as GroupTag;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, FixedResponseActionConfig, HttpHeaderConditionConfig, RuleCondition, Tag,
};
use serde_json::json;
use swingbridge::model::plan::Plan;
use swingbridge::model::readings::{Readings, Series};
use swingbridge::plan;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::rolling::failed_orders;
use crate::support::{Estate, Swing};

const ESTATE: &str = r#"
name = "words"

[[launch_templates]]
name = "ks-app"

[[launch_templates.versions]]
image = "app-1"

[[launch_templates.versions]]
image = "app-2"

[[target_groups]]
name = "tg-1"
port = 8080
health_path = "/health"

[[load_balancers]]
name = "alb-ks"

[[load_balancers.listeners]]
port = 80
default = { forward = "tg-1" }

[[groups]]
name = "asg-1"
template = "ks-app"
version = "1"
min = 1
max = 4
desired = 1
target_groups = ["tg-1"]
health_grace = 10
"#;

/// Clears the screen, names the window, hides what follows, turns it round, begins a line of its own with a
/// command of a pipeline, and would be a picture and a call in a comment.
const HOSTILE: &str =
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}8m\u{202e}\u{200b}\r\n::add-mask::x\n`|<script>alert(1)</script>@team";

/// What of that may be in a tag of a load balancer's things.
const HOSTILE_TAG: &str = "ada\n::add-mask::x\r\u{2028}root";

/// What of that may be in the header by which a server says its version, and more for pages.
const HOSTILE_VERSION: &str = "::x</title><script>alert(\"1\")</script>|`@team`";

/// As long as a unit may be.
const HOSTILE_UNIT: &str = "\u{1b}[2J\u{202e}\"|<b>";

#[track_caller]
fn harmless(what: &str, text: &str) {
    let hidden: Vec<char> = text
        .chars()
        .filter(|c| {
            (c.is_control() && *c != '\n') || matches!(*c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        })
        .collect();
    assert!(hidden.is_empty(), "{what} lets {hidden:?} through:\n{text:?}");
    let command = text.lines().find(|line| line.trim_start().starts_with("::"));
    assert_eq!(command, None, "{what}:\n{text}");
}

/// Runs a command, whose every word must be harmless.
async fn heard(swing: &Swing, arguments: &[&str]) -> String {
    let ran = swing.run(arguments).await;
    let what = format!("{arguments:?}");
    harmless(&what, &ran.stdout);
    harmless(&what, &ran.stderr);
    format!("{}{}", ran.stdout, ran.stderr)
}

/// A file that a command has left, which must be as harmless.
fn left(swing: &Swing, name: &str) -> String {
    let text = std::fs::read_to_string(swing.path(name)).expect("it was written");
    harmless(name, &text);
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_and_names_of_others_are_shown_and_do_nothing() {
    let estate = Estate::of(ESTATE, &["--imagined", "--speed", "20"]).await;
    let swing = Swing::adopting(&estate).await;
    // Whoever may tag the group names a release; and policies, too, have names.
    for key in ["swingbridge:release", "note"] {
        estate
            .asg
            .create_or_update_tags()
            .tags(
                GroupTag::builder()
                    .resource_id("asg-1")
                    .resource_type("auto-scaling-group")
                    .key(key)
                    .value(HOSTILE)
                    .propagate_at_launch(false)
                    .build(),
            )
            .send()
            .await
            .expect("a tag");
    }
    let live = estate.target_group_arn("tg-1").await;
    estate
        .elb
        .add_tags()
        .resource_arns(&live)
        .tags(Tag::builder().key("note").value(HOSTILE_TAG).build())
        .send()
        .await
        .expect("a tag");
    let policy = estate
        .asg
        .put_scaling_policy()
        .auto_scaling_group_name("asg-1")
        .policy_name(HOSTILE)
        .policy_type("SimpleScaling")
        .adjustment_type("ChangeInCapacity")
        .scaling_adjustment(1)
        .send()
        .await;
    policy.expect("a policy");

    let deploy = ["--release", "v2", "--launch-template-version", "2"];
    let status = heard(&swing, &["status"]).await;
    // What XML cannot carry does not even arrive.
    assert!(
        status.contains("\\u{202e}"),
        "it is shown as what it is:\n{status}"
    );
    let mut shown = String::new();
    for command in [
        &["check"][..],
        &["history"],
        &["status", "--format", "json"],
        &[&["plan", "deploy"][..], &deploy].concat(),
        &[
            &["plan", "deploy", "--format", "json", "--out", "plan.json"][..],
            &deploy,
        ]
        .concat(),
        &[&["plan", "deploy", "--format", "markdown"][..], &deploy].concat(),
    ] {
        shown.push_str(&heard(&swing, command).await);
    }
    let comment = heard(&swing, &["plan", "show", "plan.json", "--format", "markdown"]).await;
    assert!(comment.contains("alert"), "the policy is named:\n{comment}");
    for bad in ["<script", "@team", "\n`"] {
        assert!(!comment.contains(bad), "{bad:?} in\n{comment}");
    }

    // Somebody holds the lock, and says so in tags.
    let lock = lock_of(&estate).await;
    let status = heard(&swing, &["status"]).await;
    assert!(status.contains("ada\\u{a}"), "the holder is shown:\n{status}");
    heard(&swing, &["unlock"]).await;
    heard(&swing, &[&["deploy", "--yes"][..], &deploy].concat()).await;
    estate
        .elb
        .delete_rule()
        .rule_arn(lock)
        .send()
        .await
        .expect("deleted");

    // Journals and plan files are files: anybody may have written them.
    swing
        .run(&[&["deploy", "--yes"][..], &deploy].concat())
        .await
        .ended(0);
    let folder = swing.path("journal").join("alb-ks");
    let journal = std::fs::read_dir(&folder)
        .expect("a journal")
        .flatten()
        .next()
        .expect("a run");
    let text = std::fs::read_to_string(journal.path()).expect("readable");
    harmless("a journal", &text);
    assert!(text.contains("alert"), "the policy is named:\n{text}");
    left(&swing, "plan.json");
    let hostile = serde_json::to_string(HOSTILE).expect("JSON");
    let text = text.replace("swingbridge deploy", hostile.trim_matches('"'));
    std::fs::write(journal.path(), text).expect("ours");
    let history = heard(&swing, &["history"]).await;
    assert!(history.contains("\\u{1b}[2J"), "{history}");

    let plan = std::fs::read_to_string(swing.path("plan.json")).expect("a saved plan");
    let mut plan: Plan = serde_json::from_str(&plan).expect("a plan");
    plan.summary = HOSTILE.into();
    plan.app = HOSTILE.into();
    for note in &mut plan.notes {
        note.text = HOSTILE.into();
    }
    swing.write(
        "bad.json",
        &serde_json::to_string(&plan::sealed(plan)).expect("JSON"),
    );
    for format in ["text", "json", "markdown"] {
        heard(&swing, &["plan", "show", "bad.json", "--format", format]).await;
    }
    heard(&swing, &["apply", "bad.json", "--yes"]).await;
    // What is typed comes from a branch's name, as a rule.
    heard(
        &swing,
        &["deploy", "--yes", "--release", HOSTILE, "--image", HOSTILE],
    )
    .await;
    heard(&swing, &["rollback", "--yes"]).await;
}

/// An alarm by this name, and a candidate that is judged by it and by a metric with that unit.
async fn judged() -> (Estate, Swing) {
    let estate = Estate::of(ESTATE, &["--imagined", "--speed", "20"]).await;
    let swing = Swing::adopting(&estate).await;
    failed_orders(&estate.cw, HOSTILE).await;
    // TOML writes a text as JSON does.
    let (alarm, unit) = (json!(HOSTILE), json!(HOSTILE_UNIT));
    let judge = format!(
        r#"[judge]
alarms = [{alarm}]

[judge.rules.orders]
metrics = {{ m = {{ namespace = "Shop", metric = "Orders", statistic = "Sum" }} }}
unit = {unit}
at_most = 1

[swing]
"#
    );
    swing.edit("[swing]\n", &judge);
    let deploy = [
        "deploy",
        "--yes",
        "--release",
        "v2",
        "--launch-template-version",
        "2",
    ];
    swing.run(&deploy).await.ended(0);
    (estate, swing)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alarms_and_metrics_of_others_and_recordings_of_them_are_shown_and_do_nothing() {
    let (_estate, swing) = judged().await;
    let metrics = heard(&swing, &["metrics"]).await;
    assert!(
        metrics.contains("alarm \\u{1b}[2J"),
        "the alarm is shown:\n{metrics}"
    );
    heard(&swing, &["metrics", "--format", "json"]).await;
    heard(&swing, &["metrics", "--record", "seen.json"]).await;
    let seen: Readings = serde_json::from_str(&left(&swing, "seen.json")).expect("readings");
    assert!(seen.alarms.contains_key(HOSTILE), "{seen:#?}");

    // A recording is a file: anybody may have written it.
    let mut foreign = seen.clone();
    let at = foreign.from;
    let points = |value: f64| Series::from(vec![(at, Some(value))]);
    for side in [&mut foreign.live, &mut foreign.candidate] {
        side.target_group = HOSTILE.into();
        for (name, value) in [(HOSTILE, 1.0), ("orders", 2.0), ("RequestCount", 1_000.0)] {
            side.series.insert(name.into(), points(value));
        }
    }
    foreign.unread = vec![HOSTILE.into()];
    swing.write("foreign.json", &serde_json::to_string(&foreign).expect("JSON"));
    for file in ["seen.json", "foreign.json"] {
        for format in ["text", "json"] {
            let replay = heard(&swing, &["judge", "replay", file, "--format", format]).await;
            assert!(replay.contains("alert"), "the alarm is named:\n{replay}");
        }
    }
    let mut broken = serde_json::to_value(&seen).expect("JSON");
    broken["alarms"] = json!({ "checkout": HOSTILE });
    swing.write("broken.json", &broken.to_string());
    let why = heard(&swing, &["judge", "replay", "broken.json"]).await;
    assert!(why.contains("these are no readings"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lab_says_of_words_of_others_does_nothing() {
    let (estate, swing) = judged().await;
    let condition = RuleCondition::builder()
        .field("path-pattern")
        .values("/words")
        .build();
    let answer = FixedResponseActionConfig::builder()
        .status_code("404")
        .content_type("text/plain")
        .message_body(HOSTILE)
        .build();
    let action = Action::builder()
        .r#type(ActionTypeEnum::FixedResponse)
        .fixed_response_config(answer)
        .build();
    let listener = estate.listeners().await[&80].clone();
    let rule = estate
        .elb
        .create_rule()
        .listener_arn(listener)
        .priority(400)
        .conditions(condition)
        .actions(action);
    rule.send().await.expect("a rule");
    let port = estate.endpoint.rsplit(':').next().expect("a port");
    // Nothing here takes tags off.
    let message = format!("message={HOSTILE}");
    let fault = ["error", "autoscaling:DeleteTags", "code=No", &message];
    let said = heard(&swing, &[&["lab", "fault", "--port", port][..], &fault].concat()).await;
    assert!(said.contains("so be it: error "), "{said}");
    let faults = heard(&swing, &["lab", "fault", "--port", port]).await;
    assert_eq!(faults.lines().count(), 1, "{faults}");
    let status = heard(&swing, &["lab", "status", "--port", port]).await;
    for shown in ["answer 404: \\u{1b}[2J", "message=\\u{1b}[2J"] {
        assert!(status.contains(shown), "no {shown} in\n{status}");
    }
    heard(&swing, &["lab", "status", "--port", port, "--format", "json"]).await;
}

/// Somebody who answers everything, and calls themselves so.
async fn server(version: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut head, mut some) = (Vec::new(), [0; 1024]);
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut some).await {
                        Ok(0) | Err(_) => return,
                        Ok(read) => head.extend_from_slice(&some[..read]),
                    }
                }
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nx-version: {version}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                // Whoever has gone does not want it.
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_tells_of_servers_and_doors_in_text_and_on_its_page_and_does_nothing() {
    let swing = Swing::at("000000000000", "http://127.0.0.1:9");
    let url = format!("{}/\u{202e}\u{9b}8m", server(HOSTILE_VERSION).await);
    let door = format!("{HOSTILE}=x-client-mode:green@50%");
    let load = [
        "load",
        &url,
        "--for",
        "1s",
        "--rate",
        "30",
        "--door",
        &door,
        "--html",
        "load.html",
        "--ledger",
        "load.jsonl",
    ];
    let text = heard(&swing, &load).await;
    for shown in ["\\u{202e}", "\\u{1b}[2J", "</title>"] {
        assert!(text.contains(shown), "no {shown} in\n{text}");
    }
    let page = left(&swing, "load.html");
    assert!(!page.contains("<script"), "{page}");
    let titles = |tag: &str| page.matches(tag).count();
    assert_eq!(titles("<title>"), titles("</title>"), "{page}");
    for shown in [
        "\\u{202e}",
        "\\u{1b}[2J",
        "&lt;script&gt;alert(1)",
        "alert(&quot;1&quot;)",
    ] {
        assert!(page.contains(shown), "no {shown} in\n{page}");
    }
    let ledger = left(&swing, "load.jsonl");
    assert!(ledger.contains("alert"), "{ledger}");
    heard(&swing, &[&load[..], &["--format", "json"]].concat()).await;
}

#[tokio::test]
async fn what_was_typed_is_said_again_and_does_nothing() {
    let swing = Swing::at("000000000000", "http://127.0.0.1:9");
    let broken = json!({ "format": 1, "intent": { "want": HOSTILE } });
    swing.write("broken.json", &broken.to_string());
    let door = format!("x={HOSTILE}");
    let all: [(&[&str], &str); 10] = [
        (&[HOSTILE], "unrecognized subcommand"),
        (&["deploy", HOSTILE], "unexpected argument"),
        (&["deploy", "--releese", HOSTILE], "unexpected argument"),
        (&["shift", HOSTILE], "invalid value"),
        (&["status", "--format", HOSTILE], "invalid value"),
        (&["load", HOSTILE], "invalid value"),
        (&["load", "http://127.0.0.1/", "--door", &door], "invalid value"),
        (&["load", "http://127.0.0.1/", "-H", HOSTILE], "invalid value"),
        (&["plan", "show", "broken.json"], "is not a saved plan"),
        (&["apply", "broken.json", "--yes"], "is not a saved plan"),
    ];
    for (words, says) in all {
        let said = heard(&swing, words).await;
        assert!(said.contains(says), "{words:?}: {said}");
    }
}

/// A lock rule as the tool would make it, held by somebody with a strange name.
async fn lock_of(estate: &Estate) -> String {
    let condition = RuleCondition::builder()
        .field("http-header")
        .http_header_config(
            HttpHeaderConditionConfig::builder()
                .http_header_name("x-swingbridge-entrance")
                .values("nobody-knows-it")
                .build(),
        )
        .build();
    let action = Action::builder()
        .r#type(ActionTypeEnum::Forward)
        .target_group_arn(estate.target_group_arn("tg-1").await)
        .build();
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let now = jiff::Timestamp::now().to_string();
    let answer = estate
        .elb
        .create_rule()
        .listener_arn(&estate.listeners().await[&80])
        .priority(1)
        .conditions(condition)
        .actions(action)
        .tags(tag("swingbridge:app", "alb-ks"))
        .tags(tag("swingbridge:rule", "lock"))
        .tags(tag("swingbridge:lock-owner", HOSTILE_TAG))
        .tags(tag("swingbridge:lock-host", HOSTILE_TAG))
        .tags(tag("swingbridge:lock-process", "1 2 3 4"))
        .tags(tag("swingbridge:lock-command", HOSTILE_TAG))
        .tags(tag("swingbridge:lock-run", HOSTILE_TAG))
        .tags(tag("swingbridge:lock-url", HOSTILE_TAG))
        .tags(tag("swingbridge:lock-since", &now))
        .tags(tag("swingbridge:lock-beat", &now))
        .tags(tag("swingbridge:lock-lease", "3600"))
        .send()
        .await
        .expect("a rule");
    answer.rules()[0].rule_arn().expect("an arn").to_owned()
}
