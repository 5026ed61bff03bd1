//! An audit: what AWS has of an estate, asked with the plain SDK and with no code that is under test.

use std::collections::BTreeMap;
use std::future::Future;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_autoscaling as autoscaling;
use aws_sdk_cloudwatch as cloudwatch;
use aws_sdk_elasticloadbalancingv2 as elb;
use tokio::runtime::Runtime;

use super::audit_rules::{condition, leads_to};
use super::{audit_groups, localstack};

pub(crate) type Tags = BTreeMap<String, String>;

/// Comparable facts by their name. A whole answer is written out in one of them where no test needs
/// its parts: then nothing of it can change unseen.
pub(crate) type Facts = BTreeMap<String, String>;

/// All that AWS has of one estate. Names are without its prefix, except in what is a tag's value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// By listener, and in the order in which the load balancer tries them.
    pub(crate) rules: Vec<Rule>,
    pub(crate) target_groups: BTreeMap<String, TargetGroup>,
    pub(crate) groups: BTreeMap<String, Group>,
    /// Empty where LocalStack has no CloudWatch.
    pub(crate) alarms: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) arn: String,
    pub(crate) port: i32,
    pub(crate) priority: String,
    pub(crate) conditions: Vec<String>,
    pub(crate) actions: Vec<String>,
    pub(crate) tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetGroup {
    pub(crate) arn: String,
    pub(crate) settings: String,
    pub(crate) attributes: Facts,
    pub(crate) tags: Tags,
    pub(crate) targets: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) fields: Facts,
    pub(crate) target_groups: Vec<String>,
    pub(crate) launch_template: String,
    /// Minimum, desired, maximum.
    pub(crate) size: (i32, i32, i32),
    /// With whether instances get them.
    pub(crate) tags: BTreeMap<String, (String, bool)>,
    pub(crate) policies: Facts,
    pub(crate) schedules: Facts,
    pub(crate) hooks: Facts,
    pub(crate) notifications: Vec<String>,
    pub(crate) metrics: Vec<String>,
    pub(crate) suspended: Vec<String>,
}

pub(crate) struct Audit {
    runtime: Runtime,
    pub(crate) elb: elb::Client,
    pub(crate) autoscaling: autoscaling::Client,
    pub(crate) cloudwatch: cloudwatch::Client,
    #[cfg(feature = "launch-templates")]
    pub(crate) ec2: aws_sdk_ec2::Client,
}

impl Audit {
    pub(crate) fn new(endpoint: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let config: SdkConfig = runtime.block_on(
            aws_config::defaults(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
                .endpoint_url(endpoint)
                .load(),
        );
        Self {
            elb: elb::Client::new(&config),
            autoscaling: autoscaling::Client::new(&config),
            cloudwatch: cloudwatch::Client::new(&config),
            #[cfg(feature = "launch-templates")]
            ec2: aws_sdk_ec2::Client::new(&config),
            runtime,
        }
    }

    /// For the calls that only one test makes.
    pub(crate) fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(what)
    }

    pub(crate) fn look(&self, load_balancer: &str, prefix: &str) -> Snapshot {
        self.wait(async {
            let target_groups = self.target_groups(prefix).await;
            Snapshot {
                rules: self.rules(load_balancer, &target_groups).await,
                groups: audit_groups::look(&self.autoscaling, prefix, &target_groups).await,
                alarms: self.alarms(prefix).await,
                target_groups,
            }
        })
    }

    async fn target_groups(&self, prefix: &str) -> BTreeMap<String, TargetGroup> {
        let pages = self.elb.describe_target_groups().into_paginator().items().send();
        let all: Vec<_> = pages.try_collect().await.expect("target groups");
        let mut named = BTreeMap::new();
        for mut found in all {
            let Some(name) = found
                .target_group_name
                .take()
                .and_then(|name| plain(&name, prefix))
            else {
                continue;
            };
            let arn = found.target_group_arn.take().expect("an ARN");
            // Who it is and what leads to it; all the rest is a setting.
            found.load_balancer_arns = None;
            let asked = self.elb.describe_target_group_attributes().target_group_arn(&arn);
            let attributes = asked
                .send()
                .await
                .expect("attributes")
                .attributes
                .unwrap_or_default();
            let asked = self.elb.describe_target_health().target_group_arn(&arn);
            let targets = asked
                .send()
                .await
                .expect("targets")
                .target_health_descriptions()
                .len();
            let group = TargetGroup {
                settings: format!("{found:?}"),
                attributes: attributes
                    .into_iter()
                    .map(|pair| (pair.key.unwrap_or_default(), pair.value.unwrap_or_default()))
                    .collect(),
                tags: self.tags(&arn).await,
                targets,
                arn,
            };
            named.insert(name, group);
        }
        named
    }

    async fn rules(&self, load_balancer: &str, targets: &BTreeMap<String, TargetGroup>) -> Vec<Rule> {
        let asked = self.elb.describe_load_balancers().names(load_balancer).send();
        let found = asked.await.expect("the load balancer");
        let arn = found.load_balancers()[0].load_balancer_arn().expect("an ARN");
        let asked = self.elb.describe_listeners().load_balancer_arn(arn).send();
        let mut listeners = asked.await.expect("listeners").listeners.unwrap_or_default();
        listeners.sort_by_key(|listener| listener.port);
        let mut rules = Vec::new();
        for listener in listeners {
            let asked = self
                .elb
                .describe_rules()
                .listener_arn(listener.listener_arn().expect("an ARN"));
            let mut here = asked.send().await.expect("rules").rules.unwrap_or_default();
            here.sort_by_key(|rule| {
                rule.priority()
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(u32::MAX)
            });
            for rule in here {
                let arn = rule.rule_arn().expect("an ARN").to_owned();
                rules.push(Rule {
                    port: listener.port.expect("a port"),
                    priority: rule.priority().expect("a priority").to_owned(),
                    conditions: rule.conditions().iter().map(condition).collect(),
                    actions: rule
                        .actions()
                        .iter()
                        .map(|action| leads_to(action, targets))
                        .collect(),
                    tags: self.tags(&arn).await,
                    arn,
                });
            }
        }
        rules
    }

    async fn tags(&self, arn: &str) -> Tags {
        let asked = self.elb.describe_tags().resource_arns(arn).send();
        let all = asked.await.expect("tags").tag_descriptions.unwrap_or_default();
        all.into_iter()
            .flat_map(|described| described.tags.unwrap_or_default())
            .map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()))
            .collect()
    }

    async fn alarms(&self, prefix: &str) -> BTreeMap<String, String> {
        if !localstack::cloudwatch() {
            return BTreeMap::new();
        }
        let asked = self.cloudwatch.describe_alarms().alarm_name_prefix(prefix).send();
        let all = asked.await.expect("alarms").metric_alarms.unwrap_or_default();
        all.into_iter()
            .map(|alarm| {
                let name = alarm
                    .alarm_name()
                    .and_then(|name| plain(name, prefix))
                    .expect("its name");
                let dimensions: Vec<_> = alarm.dimensions().iter().filter_map(|of| of.value()).collect();
                let actions = alarm.alarm_actions();
                (name, format!("{dimensions:?} {:?} {actions:?}", alarm.threshold))
            })
            .collect()
    }
}

/// The name without the prefix, if it has it.
pub(crate) fn plain(name: &str, prefix: &str) -> Option<String> {
    name.strip_prefix(prefix).map(ToOwned::to_owned)
}
