//! A plan is saved, reviewed, and carried out as reviewed, or refused as stale.

use aws_sdk_autoscaling::types::LaunchTemplateSpecification;
use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum};

use crate::initial::{DEPLOY, assert_no_lock, doors};
use crate::support::{Estate, Fault, Proxy, Swing, on_both_grounds};

const PLAN: [&str; 8] = [
    "plan",
    "deploy",
    "--release",
    "v2",
    "--launch-template-version",
    "2",
    "--out",
    "plan.json",
];
const APPLY: [&str; 3] = ["apply", "plan.json", "--yes"];

async fn a_saved_plan_is_carried_out_and_then_there_is_nothing_left(estate: Estate) {
    let swing = Swing::adopting(&estate).await;
    let before = estate.look().await;
    swing
        .run(&[&PLAN[..], &["--detailed-exitcode"]].concat())
        .await
        .ended(10);
    before.same_as(&estate.look().await, "after planning");
    swing
        .run(&[&APPLY[..], &["--dry-run"]].concat())
        .await
        .ended(0)
        .says(&estate.name("tg-2"));
    before.same_as(&estate.look().await, "after the plan was only shown");
    swing.run(&APPLY).await.ended(0);
    let seen = estate.look().await;
    assert_eq!(doors(&seen)[1], estate.name("tg-2"));
    assert_no_lock(&seen);
    swing
        .run(&[&PLAN[..], &["--detailed-exitcode"]].concat())
        .await
        .ended(0)
        .says("candidate already");
}

async fn a_plan_is_stale_when_a_rule_was_changed_since_and_can_still_be_read(estate: Estate) {
    let swing = Swing::adopting(&estate).await;
    swing.run(&PLAN).await.ended(0);
    // Somebody points the green door at live meanwhile.
    let live = Action::builder()
        .r#type(ActionTypeEnum::Forward)
        .target_group_arn(estate.made("/target_groups/tg-1/arn"))
        .build();
    let rule = estate.rule_arn(80, "11").await;
    estate
        .elb
        .modify_rule()
        .rule_arn(rule)
        .actions(live)
        .send()
        .await
        .expect("a changed rule");
    let changed = estate.look().await;
    swing
        .run(&APPLY)
        .await
        .ended(8)
        .says("rule 11")
        .says("swingbridge plan deploy");
    changed.same_as(&estate.look().await, "after a stale plan was refused");
    let shown = swing
        .run(&["plan", "show", "plan.json", "--format", "markdown"])
        .await
        .ended(0);
    shown.says("|").says("v2").says(&estate.name("tg-2"));
}

async fn an_application_that_was_killed_is_continued_by_applying_the_same_plan(estate: Estate) {
    let mut swing = Swing::adopting(&estate).await;
    // So that the first thing the plan does is to pin live.
    estate
        .asg
        .update_auto_scaling_group()
        .auto_scaling_group_name(estate.name("asg-1"))
        .launch_template(
            LaunchTemplateSpecification::builder()
                .launch_template_id(estate.made("/launch_templates/ks-app/id"))
                .version("$Default")
                .build(),
        )
        .send()
        .await
        .expect("a group that follows its template");
    let proxy = Proxy::before(&estate.endpoint).await;
    swing.through(&proxy);
    swing.run(&PLAN).await.ended(0);
    // Before the plan has left any mark of its own, and after.
    for operation in ["UpdateAutoScalingGroup", "CreateAutoScalingGroup"] {
        proxy.inject(move |call| (call.operation == operation).then_some(Fault::KillAfter));
        swing.run_until_killed(&proxy, &APPLY).await.killed();
        proxy.heal();
    }
    swing.run(&APPLY).await.ended(0);
    let seen = estate.look().await;
    assert_eq!(doors(&seen)[1], estate.name("tg-2"));
    assert_eq!(
        seen.find(&format!("target-group {} port", estate.name("tg-3"))),
        None
    );
    assert_no_lock(&seen);
    swing.run(&DEPLOY).await.ended(0).says("nothing to do");
}

async fn the_entrances_secret_is_told_to_nobody(estate: Estate) {
    let swing = Swing::adopting(&estate).await;
    swing.run(&DEPLOY).await.ended(0);
    swing.run(&["promote", "--yes"]).await.ended(0);
    // The entrance to the previous generation stands: who knows its value can get in.
    let rules = estate.rules(&estate.listeners().await[&80]).await;
    let entrance = rules
        .iter()
        .find(|rule| rule.priority() == Some("2"))
        .expect("an entrance");
    let secret = entrance.conditions()[0]
        .http_header_config()
        .expect("a header")
        .values()[0]
        .clone();
    assert!(secret.len() >= 16, "guessable: {secret}");
    for format in ["text", "json", "markdown"] {
        swing
            .run(&["plan", "rollback", "--format", format])
            .await
            .ended(0)
            .says_not(&secret);
    }
    for command in [&["status"][..], &["status", "--format", "json"], &["history"]] {
        swing.run(command).await.ended(0).says_not(&secret);
    }
    // Not even when what it was decided on changes.
    swing
        .run(&["plan", "rollback", "--out", "plan.json"])
        .await
        .ended(0)
        .says_not(&secret);
    swing.run(&["retire", "--yes"]).await.ended(0).says_not(&secret);
    swing
        .run(&["apply", "plan.json", "--yes"])
        .await
        .ended(8)
        .says_not(&secret);
}

on_both_grounds! {
    initial:
    a_saved_plan_is_carried_out_and_then_there_is_nothing_left,
    a_plan_is_stale_when_a_rule_was_changed_since_and_can_still_be_read,
    an_application_that_was_killed_is_continued_by_applying_the_same_plan,
    the_entrances_secret_is_told_to_nobody,
}
