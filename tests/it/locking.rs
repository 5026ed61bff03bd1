//! One operator at a time: who holds the lock, who waits, who takes it over, and who must leave it alone.

use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, FixedResponseActionConfig, PathPatternConditionConfig, RuleCondition, Tag,
};

use crate::initial::{DEPLOY, assert_no_lock, doors};
use crate::support::{Estate, Fault, Ground, Proxy, Swing};

/// An operator whose deploy is stuck in its wait for health, with the lock held.
async fn stuck(estate: &Estate, swing: &mut Swing) -> (Proxy, crate::support::swing::Started) {
    let proxy = Proxy::before(&estate.endpoint).await;
    proxy.inject(|call| {
        (call.operation == "DescribeTargetHealth")
            .then_some(Fault::Health("initial", "Elb.InitialHealthChecking"))
    });
    swing.through(&proxy);
    let started = swing.start(&DEPLOY);
    until_lock(estate, true).await;
    (proxy, started)
}

/// Until the lock's rule stands, or is gone.
async fn until_lock(estate: &Estate, stands: bool) {
    let listener = &estate.listeners().await[&80];
    for _ in 0..600 {
        let rules = estate.rules(listener).await;
        if rules.iter().any(|rule| rule.priority() == Some("1")) == stands {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited for the lock for too long (to stand: {stands})");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_one_operator_works_another_is_told_who_it_is() {
    let estate = Estate::initial(Ground::LocalStack).await;
    let mut swing = Swing::adopting(&estate).await;
    let mut colleague = swing.colleague(&estate);
    for (name, value) in [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_ACTOR", "ada"),
        ("USER", "ada"),
    ] {
        swing.set(name, value);
    }
    colleague.set("USER", "grace");
    let (proxy, started) = stuck(&estate, &mut swing).await;

    let refused = colleague.run(&DEPLOY).await.ended(7);
    refused
        .says("ada")
        .says("swingbridge deploy --release v2")
        .says("swingbridge unlock");
    colleague
        .run(&["unlock", "--yes"])
        .await
        .ended(7)
        .says("ada")
        .says("--force");
    let status = colleague
        .run(&["status", "--format", "json"])
        .await
        .ended(0)
        .json();
    assert_eq!(status["lock"]["state"], "held");
    assert_eq!(status["lock"]["expired"], false);

    // Whoever waits gets it as soon as it is free, and finds the work done.
    let waiting = colleague.start(&[
        "deploy",
        "--release",
        "v2",
        "--launch-template-version",
        "2",
        "--yes",
        "--wait-for-lock",
        "60s",
    ]);
    proxy.heal();
    started.ended().await.ended(0);
    let waited = waiting.ended().await;
    assert_eq!(waited.code, Some(0), "{waited}");
    assert_no_lock(&estate.look().await);
    colleague
        .run(&["unlock", "--yes"])
        .await
        .ended(0)
        .says("the lock is free");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_deploys_started_at_once_make_one_candidate() {
    let estate = Estate::initial(Ground::LocalStack).await;
    let swing = Swing::adopting(&estate).await;
    let colleague = swing.colleague(&estate);
    let (one, other) = tokio::join!(swing.run(&DEPLOY), colleague.run(&DEPLOY));
    let mut codes = [one.code, other.code];
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(7)], "{one}\n{other}");
    let seen = estate.look().await;
    assert_no_lock(&seen);
    assert_eq!(
        seen.find(&format!("group {} min_size", estate.name("asg-3"))),
        None
    );
    assert_eq!(doors(&seen)[1], estate.name("tg-2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_whose_holder_fell_silent_is_taken_over() {
    let estate = Estate::initial(Ground::LocalStack).await;
    let swing = Swing::adopting(&estate).await;
    lock_left_by(&estate, "elsewhere", "2020-01-01T00:00:00Z").await;
    let status = swing.run(&["status", "--format", "json"]).await.ended(0).json();
    assert_eq!(status["lock"]["expired"], true);
    swing
        .run(&DEPLOY)
        .await
        .ended(0)
        .says("taken over")
        .says("elsewhere");
    let seen = estate.look().await;
    assert_no_lock(&seen);
    assert_eq!(doors(&seen)[1], estate.name("tg-2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_is_freed_when_expired_or_by_force_and_else_not() {
    let estate = Estate::initial(Ground::LocalStack).await;
    let swing = Swing::adopting(&estate).await;
    let fresh = aws_now();
    lock_left_by(&estate, "elsewhere", &fresh).await;
    let held = estate.look().await;
    swing.run(&["unlock", "--yes"]).await.ended(7).says("elsewhere");
    swing.run(&DEPLOY).await.ended(7).says("elsewhere");
    held.same_as(&estate.look().await, "while somebody holds the lock");
    // Without a terminal nobody can be asked.
    swing.run(&["unlock", "--force"]).await.ended(2).says("--yes");
    swing.run(&["unlock", "--force", "--yes"]).await.ended(0);
    assert_no_lock(&estate.look().await);

    lock_left_by(&estate, "elsewhere", "2020-01-01T00:00:00Z").await;
    swing
        .run(&["unlock", "--yes"])
        .await
        .ended(0)
        .says("its lease has run out");
    assert_no_lock(&estate.look().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_rule_in_the_locks_place_is_never_touched() {
    let estate = Estate::initial(Ground::LocalStack).await;
    let swing = Swing::adopting(&estate).await;
    rule_at_the_lock(&estate, Vec::new()).await;
    let before = estate.look().await;
    swing.run(&DEPLOY).await.ended(3).says("priority");
    swing
        .run(&["unlock", "--force", "--yes"])
        .await
        .ended(3)
        .says("not ours");
    swing.run(&["check"]).await.ended(3);
    before.same_as(&estate.look().await, "with a foreign rule in the lock's place");
}

fn aws_now() -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    aws_smithy_types::DateTime::from_secs(now.as_secs().cast_signed())
        .fmt(aws_smithy_types::date_time::Format::DateTime)
        .expect("a time")
}

/// A lock as a run on another machine leaves it when that machine dies.
pub(crate) async fn lock_left_by(estate: &Estate, host: &str, beat: &str) {
    let app = estate.name("alb-ks");
    let tags = [
        ("swingbridge:app", app.as_str()),
        ("swingbridge:rule", "lock"),
        ("swingbridge:lock-owner", "somebody"),
        ("swingbridge:lock-host", host),
        ("swingbridge:lock-process", "elsewhere/1/1/1"),
        ("swingbridge:lock-command", "swingbridge promote"),
        ("swingbridge:lock-run", "0badcafe"),
        ("swingbridge:lock-since", beat),
        ("swingbridge:lock-beat", beat),
        ("swingbridge:lock-lease", "120"),
    ];
    let tags = tags.map(|(key, value)| Tag::builder().key(key).value(value).build());
    rule_at_the_lock(estate, tags.to_vec()).await;
}

async fn rule_at_the_lock(estate: &Estate, tags: Vec<Tag>) {
    let path = PathPatternConditionConfig::builder().values("/theirs").build();
    let answer = FixedResponseActionConfig::builder().status_code("404").build();
    estate
        .elb
        .create_rule()
        .listener_arn(&estate.listeners().await[&80])
        .priority(1)
        .conditions(
            RuleCondition::builder()
                .field("path-pattern")
                .path_pattern_config(path)
                .build(),
        )
        .actions(
            Action::builder()
                .r#type(ActionTypeEnum::FixedResponse)
                .fixed_response_config(answer)
                .build(),
        )
        .set_tags((!tags.is_empty()).then_some(tags))
        .send()
        .await
        .expect("a rule");
}
