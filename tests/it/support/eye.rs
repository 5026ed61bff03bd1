//! Looks at an estate with clients of its own. What the product says is never asked.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_autoscaling::types::{AutoScalingGroup, Filter};
use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum, Rule, Tag, TargetGroup};

use super::estate::Estate;
use super::ground::Ground;
use super::localstack::LocalStack;
use super::snapshot::Snapshot;

/// How long something may take to come to be.
const PATIENCE: Duration = Duration::from_secs(60);

impl Estate {
    /// Every rule of every listener, every target group, every group and all that hangs on it.
    pub(crate) async fn look(&self) -> Snapshot {
        let mut all = Snapshot::default();
        let groups = self.target_groups().await;
        self.see_rules(&mut all, &groups).await;
        self.see_target_groups(&mut all, &groups).await;
        self.see_groups(&mut all).await;
        self.see_attachments(&mut all).await;
        if self.ground == Ground::Lab || LocalStack::get().cloudwatch {
            self.see_alarms(&mut all).await;
        }
        // Names instead of ARNs, whose ends nobody can foresee.
        let arns: Vec<(String, String)> = groups
            .iter()
            .flat_map(|group| {
                let (arn, name) = (
                    group.target_group_arn().expect("an arn"),
                    group.target_group_name(),
                );
                let name = format!("<{}>", name.expect("a name"));
                // A policy's label holds only the last part.
                let label = arn
                    .split(":targetgroup/")
                    .nth(1)
                    .map(|end| format!("targetgroup/{end}"));
                [
                    (arn.to_owned(), name.clone()),
                    (label.expect("a label"), format!("targetgroup/{name}")),
                ]
            })
            .collect();
        all.renamed(&arns)
    }

    /// Looks until it is so; what was seen last when it does not come to be.
    pub(crate) async fn look_until(&self, so: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let began = tokio::time::Instant::now();
        loop {
            let seen = self.look().await;
            if so(&seen) {
                return seen;
            }
            assert!(began.elapsed() < PATIENCE, "it did not come to be: {seen:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn target_groups(&self) -> Vec<TargetGroup> {
        let answer = self
            .elb
            .describe_target_groups()
            .send()
            .await
            .expect("target groups");
        answer.target_groups().to_vec()
    }

    pub(crate) async fn target_group_arn(&self, name: &str) -> String {
        let answer = self.elb.describe_target_groups().names(name).send().await;
        let answer = answer.expect("target groups");
        let arn = answer.target_groups()[0].target_group_arn();
        arn.expect("an arn").to_owned()
    }

    /// The listeners' ports and ARNs.
    pub(crate) async fn listeners(&self) -> BTreeMap<i32, String> {
        let arn = self.made("/load_balancer/arn");
        let answer = self
            .elb
            .describe_listeners()
            .load_balancer_arn(arn)
            .send()
            .await
            .expect("listeners");
        answer
            .listeners()
            .iter()
            .map(|one| {
                (
                    one.port().expect("a port"),
                    one.listener_arn().expect("an arn").to_owned(),
                )
            })
            .collect()
    }

    /// The rules of a listener, the default one among them.
    pub(crate) async fn rules(&self, listener: &str) -> Vec<Rule> {
        let answer = self
            .elb
            .describe_rules()
            .listener_arn(listener)
            .send()
            .await
            .expect("rules");
        answer.rules().to_vec()
    }

    async fn see_rules(&self, all: &mut Snapshot, groups: &[TargetGroup]) {
        for (port, listener) in self.listeners().await {
            for rule in self.rules(&listener).await {
                let place = format!("rule :{port}/{}", rule.priority().expect("a priority"));
                let conditions = format!("{:?}", rule.conditions());
                // The entrance's and the lock's secrets are new each time.
                let secret = conditions.contains("x-swingbridge");
                all.put(
                    format!("{place} conditions"),
                    if secret {
                        "unguessable".to_owned()
                    } else {
                        conditions
                    },
                );
                all.put(format!("{place} actions"), format!("{:?}", rule.actions()));
                all.put(format!("{place} leads to"), leads_to(rule.actions(), groups));
                for (key, value) in self.elb_tags(rule.rule_arn().expect("an arn")).await {
                    all.put(format!("{place} tag {key}"), value);
                }
            }
        }
    }

    pub(crate) async fn elb_tags(&self, arn: &str) -> BTreeMap<String, String> {
        let answer = self
            .elb
            .describe_tags()
            .resource_arns(arn)
            .send()
            .await
            .expect("tags");
        let text = |tag: &Tag| {
            (
                tag.key().unwrap_or_default().to_owned(),
                tag.value().unwrap_or_default().to_owned(),
            )
        };
        answer
            .tag_descriptions()
            .iter()
            .flat_map(|one| one.tags())
            .map(text)
            .collect()
    }

    async fn see_target_groups(&self, all: &mut Snapshot, groups: &[TargetGroup]) {
        for group in groups {
            let (arn, name) = (
                group.target_group_arn().expect("an arn"),
                group.target_group_name().expect("a name"),
            );
            let of = format!("target-group {name}");
            // Which load balancers use it follows from the rules; moto only ever adds to its list.
            all.put_members(&of, group, &["target_group_arn", "load_balancer_arns"]);
            let answer = self
                .elb
                .describe_target_group_attributes()
                .target_group_arn(arn)
                .send()
                .await;
            for attribute in answer.expect("attributes").attributes() {
                let (key, value) = (
                    attribute.key().unwrap_or_default(),
                    attribute.value().unwrap_or_default(),
                );
                all.put(format!("{of} attribute {key}"), value);
            }
            for (key, value) in self.elb_tags(arn).await {
                all.put(format!("{of} tag {key}"), value);
            }
        }
    }

    /// All groups as the service describes them.
    pub(crate) async fn groups(&self) -> Vec<AutoScalingGroup> {
        let answer = self
            .asg
            .describe_auto_scaling_groups()
            .send()
            .await
            .expect("groups");
        answer.auto_scaling_groups().to_vec()
    }

    async fn see_groups(&self, all: &mut Snapshot) {
        for group in self.groups().await {
            let of = format!("group {}", group.auto_scaling_group_name().expect("a name"));
            // What no two groups share.
            let own = ["auto_scaling_group_arn", "created_time"];
            // These are seen below: what is in them has no order.
            let apart = ["instances", "tags", "suspended_processes", "enabled_metrics"];
            all.put_members(&of, &group, &[&own[..], &apart].concat());
            all.put(format!("{of} instances"), group.instances().len().to_string());
            let mut versions: Vec<&str> = group
                .instances()
                .iter()
                .filter_map(|instance| instance.launch_template()?.version())
                .collect();
            versions.sort_unstable();
            versions.dedup();
            all.put(format!("{of} versions of instances"), versions.join(", "));
            let mut suspended: Vec<&str> = group
                .suspended_processes()
                .iter()
                .filter_map(|one| one.process_name())
                .collect();
            suspended.sort_unstable();
            all.put(format!("{of} suspended"), suspended.join(", "));
            for metric in group.enabled_metrics() {
                all.put(
                    format!("{of} metric {}", metric.metric().unwrap_or_default()),
                    metric.granularity().unwrap_or_default(),
                );
            }
            for tag in group.tags() {
                let propagated = tag.propagate_at_launch().unwrap_or_default();
                all.put(
                    format!("{of} tag {}", tag.key().unwrap_or_default()),
                    format!("{} (propagated: {propagated})", tag.value().unwrap_or_default()),
                );
            }
        }
    }

    async fn see_attachments(&self, all: &mut Snapshot) {
        let policies = self.asg.describe_policies().send().await.expect("policies");
        for policy in policies.scaling_policies() {
            let (group, name) = (policy.auto_scaling_group_name(), policy.policy_name());
            let of = format!("policy {} {}", group.expect("a group"), name.expect("a name"));
            all.put_members(&of, policy, &["policy_arn", "auto_scaling_group_name"]);
        }
        let actions = self
            .asg
            .describe_scheduled_actions()
            .send()
            .await
            .expect("scheduled actions");
        for action in actions.scheduled_update_group_actions() {
            let (group, name) = (action.auto_scaling_group_name(), action.scheduled_action_name());
            let of = format!("schedule {} {}", group.expect("a group"), name.expect("a name"));
            let own = [
                "scheduled_action_arn",
                "auto_scaling_group_name",
                "start_time",
                "time",
            ];
            all.put_members(&of, action, &own);
        }
        for group in self.groups().await {
            let name = group.auto_scaling_group_name().expect("a name");
            let hooks = self
                .asg
                .describe_lifecycle_hooks()
                .auto_scaling_group_name(name)
                .send()
                .await;
            for hook in hooks.expect("hooks").lifecycle_hooks() {
                let of = format!("hook {name} {}", hook.lifecycle_hook_name().expect("a name"));
                all.put_members(&of, hook, &["auto_scaling_group_name"]);
            }
            let answer = self
                .asg
                .describe_notification_configurations()
                .auto_scaling_group_names(name)
                .send()
                .await;
            for one in answer.expect("notifications").notification_configurations() {
                let (topic, kind) = (
                    one.topic_arn().unwrap_or_default(),
                    one.notification_type().unwrap_or_default(),
                );
                all.put(format!("notification {name} {topic} {kind}"), "yes");
            }
        }
    }

    async fn see_alarms(&self, all: &mut Snapshot) {
        let answer = self.cw.describe_alarms().send().await.expect("alarms");
        for alarm in answer.metric_alarms() {
            let of = format!("alarm {}", alarm.alarm_name().expect("a name"));
            let own = ["alarm_name", "alarm_arn", "alarm_actions"];
            let changing = |name: &str| name.starts_with("state_") || name.ends_with("_timestamp");
            let mut seen = Snapshot::default();
            seen.put_members(&of, alarm, &own);
            for (name, value) in seen
                .without(|name| name.split(' ').nth(2).is_some_and(changing))
                .pairs()
            {
                all.put(name, value);
            }
            // By the names of the policies that it drives: their ARNs are new each time.
            let drives: Vec<&str> = alarm
                .alarm_actions()
                .iter()
                .filter_map(|arn| arn.split(":autoScalingGroupName/").nth(1))
                .collect();
            all.put(format!("{of} drives"), drives.join(", "));
        }
    }

    /// The ARNs of rules by place, such as `:80/10`.
    pub(crate) async fn rule_arn(&self, port: i32, priority: &str) -> String {
        let listeners = self.listeners().await;
        self.rules(&listeners[&port])
            .await
            .iter()
            .find(|rule| rule.priority() == Some(priority))
            .and_then(Rule::rule_arn)
            .unwrap_or_else(|| panic!("no rule {priority} on :{port}"))
            .to_owned()
    }

    /// Tags of groups, read by the call made for them.
    pub(crate) async fn group_tags(&self, name: &str) -> BTreeMap<String, String> {
        let filter = Filter::builder().name("auto-scaling-group").values(name).build();
        let answer = self
            .asg
            .describe_tags()
            .filters(filter)
            .send()
            .await
            .expect("tags");
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        answer
            .tags()
            .iter()
            .map(|tag| (text(tag.key()), text(tag.value())))
            .collect()
    }
}

/// Where the actions of a rule send a request, in few words: a target group's name, or a status.
fn leads_to(actions: &[Action], groups: &[TargetGroup]) -> String {
    let name = |arn: &str| {
        groups
            .iter()
            .find(|group| group.target_group_arn() == Some(arn))
            .and_then(TargetGroup::target_group_name)
            .unwrap_or("a target group that is gone")
            .to_owned()
    };
    let texts: Vec<String> = actions
        .iter()
        .map(|action| match action.r#type() {
            Some(ActionTypeEnum::FixedResponse) => {
                let answer = action.fixed_response_config().expect("a fixed response");
                answer.status_code().unwrap_or_default().to_owned()
            }
            Some(ActionTypeEnum::Forward) => {
                let tuples = action
                    .forward_config()
                    .map(|config| config.target_groups())
                    .unwrap_or_default();
                let weighted: Vec<String> = tuples
                    .iter()
                    .filter(|tuple| tuples.len() == 1 || tuple.weight() != Some(0))
                    .filter_map(|tuple| tuple.target_group_arn().map(name))
                    .collect();
                match action.target_group_arn() {
                    Some(arn) => name(arn),
                    None => weighted.join(" and "),
                }
            }
            other => format!("{other:?}"),
        })
        .collect();
    texts.join(", then ")
}
