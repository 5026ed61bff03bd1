//! Words of others that are made to trick a terminal, a log or a comment are shown and do nothing.

use aws_sdk_autoscaling::types::Tag as GroupTag;
use aws_sdk_elasticloadbalancingv2::types::{HttpHeaderConditionConfig, RuleCondition, Tag};
use swingbridge::model::plan::Plan;
use swingbridge::plan;

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
    let action = aws_sdk_elasticloadbalancingv2::types::Action::builder()
        .r#type(aws_sdk_elasticloadbalancingv2::types::ActionTypeEnum::Forward)
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
