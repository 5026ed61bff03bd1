//! Draws the picture from what the APIs say, so that it cannot show anything else than a client sees.

use std::collections::BTreeMap;

use super::picture::{Action, Alarm, Balancer, Group, Listener, Member, Rule, Share, Target, TargetGroup};
use super::words;
use crate::lab::tree::Tree;
use crate::lab::wire::within;
use crate::lab::world::World;

/// What a survey finds.
#[derive(Debug, Default)]
pub(in crate::lab) struct Found {
    pub(in crate::lab) balancers: Vec<Balancer>,
    pub(in crate::lab) target_groups: Vec<TargetGroup>,
    pub(in crate::lab) groups: Vec<Group>,
    pub(in crate::lab) alarms: Vec<Alarm>,
    pub(in crate::lab) troubles: Vec<String>,
}

/// Looks at everything. `url` says where a listener (by its ARN and protocol) really is.
pub(in crate::lab) fn survey(world: &mut World, url: impl Fn(&str, &str) -> Option<String>) -> Found {
    let mut view = View {
        world,
        troubles: Vec::new(),
        names: BTreeMap::new(),
    };
    let target_groups = view.target_groups();
    let balancers = view.balancers(&url);
    let groups = view.groups();
    let alarms = view.alarms();
    Found {
        balancers,
        target_groups,
        groups,
        alarms,
        troubles: view.troubles,
    }
}

struct View<'w> {
    world: &'w mut World,
    troubles: Vec<String>,
    /// Target groups' names by ARN.
    names: BTreeMap<String, String>,
}

impl View<'_> {
    // One part that cannot be seen must not hide the others.
    fn list(&mut self, action: &str, input: &Tree, list: &str) -> Vec<Tree> {
        within::list(self.world, action, input, list).unwrap_or_else(|refused| {
            self.troubles.push(format!("{action}: {refused}"));
            Vec::new()
        })
    }

    fn target_groups(&mut self) -> Vec<TargetGroup> {
        let found = self.list(
            "elasticloadbalancing:DescribeTargetGroups",
            &Tree::map(),
            "TargetGroups",
        );
        self.names = found
            .iter()
            .map(|group| (text(group, "TargetGroupArn"), text(group, "TargetGroupName")))
            .collect();
        found.iter().map(|group| self.target_group(group)).collect()
    }

    fn target_group(&mut self, group: &Tree) -> TargetGroup {
        let arn = text(group, "TargetGroupArn");
        let input = Tree::map().with("TargetGroupArn", Tree::from(arn.as_str()));
        let health = self.list(
            "elasticloadbalancing:DescribeTargetHealth",
            &input,
            "TargetHealthDescriptions",
        );
        let targets = health.iter().map(|described| self.target(described)).collect();
        TargetGroup {
            name: text(group, "TargetGroupName"),
            protocol: text(group, "Protocol"),
            port: whole(group, "Port"),
            health_check: words::health_check(group),
            targets,
            tags: self.tags(&arn),
            arn,
        }
    }

    fn target(&self, described: &Tree) -> Target {
        let nothing = Tree::map();
        let target = described.get("Target").unwrap_or(&nothing);
        let health = described.get("TargetHealth").unwrap_or(&nothing);
        let id = text(target, "Id");
        let zone = target.text("AvailabilityZone").map(str::to_owned);
        Target {
            port: whole(target, "Port"),
            zone: zone
                .or_else(|| Some(self.world.instance(&id)?.zone.clone()))
                .unwrap_or_default(),
            health: text(health, "State"),
            reason: health.text("Reason").map(str::to_owned),
            description: health.text("Description").map(str::to_owned),
            id,
        }
    }

    fn balancers(&mut self, url: &impl Fn(&str, &str) -> Option<String>) -> Vec<Balancer> {
        let found = self.list(
            "elasticloadbalancing:DescribeLoadBalancers",
            &Tree::map(),
            "LoadBalancers",
        );
        let mut balancers = Vec::new();
        for balancer in found {
            let arn = text(&balancer, "LoadBalancerArn");
            let input = Tree::map().with("LoadBalancerArn", Tree::from(arn.as_str()));
            let mut listeners = self.list("elasticloadbalancing:DescribeListeners", &input, "Listeners");
            listeners.sort_by_key(|listener| whole(listener, "Port"));
            let listeners = listeners
                .iter()
                .map(|listener| self.listener(listener, url))
                .collect();
            balancers.push(Balancer {
                name: text(&balancer, "LoadBalancerName"),
                arn,
                listeners,
            });
        }
        balancers
    }

    fn listener(&mut self, listener: &Tree, url: &impl Fn(&str, &str) -> Option<String>) -> Listener {
        let arn = text(listener, "ListenerArn");
        let input = Tree::map().with("ListenerArn", Tree::from(arn.as_str()));
        let mut rules = self.list("elasticloadbalancing:DescribeRules", &input, "Rules");
        rules.sort_by_key(|rule| text(rule, "Priority").parse::<u32>().unwrap_or(u32::MAX));
        Listener {
            protocol: text(listener, "Protocol"),
            port: u16::try_from(whole(listener, "Port")).unwrap_or_default(),
            url: url(&arn, &text(listener, "Protocol")),
            rules: rules.iter().map(|rule| self.rule(rule)).collect(),
            arn,
        }
    }

    fn rule(&mut self, rule: &Tree) -> Rule {
        let arn = text(rule, "RuleArn");
        Rule {
            priority: text(rule, "Priority"),
            conditions: rule.items("Conditions").iter().map(words::condition).collect(),
            action: self.action(rule.items("Actions")),
            // A default rule is its listener's: it has no tags of its own.
            tags: if rule.flag("IsDefault").ok().flatten() == Some(true) {
                BTreeMap::new()
            } else {
                self.tags(&arn)
            },
            arn,
        }
    }

    fn action(&self, actions: &[Tree]) -> Action {
        let Some(last) = actions.last() else {
            return Action::Answer { text: String::new() };
        };
        if let Some(text) = words::answer(last) {
            return Action::Answer { text };
        }
        let config = last.get("ForwardConfig");
        let weighed = config
            .map(|config| config.items("TargetGroups"))
            .unwrap_or_default();
        let shares: Vec<(String, i64)> = if weighed.is_empty() {
            vec![(text(last, "TargetGroupArn"), 1)]
        } else {
            let weight = |group: &Tree| group.whole("Weight").ok().flatten().unwrap_or(1);
            weighed
                .iter()
                .map(|group| (text(group, "TargetGroupArn"), weight(group)))
                .collect()
        };
        let whole: i64 = shares.iter().map(|(_, weight)| weight).sum();
        let sticky = config.and_then(|config| config.get("TargetGroupStickinessConfig"));
        let sticky = sticky.filter(|sticky| sticky.flag("Enabled").ok().flatten() == Some(true));
        Action::Forward {
            shares: shares
                .into_iter()
                .map(|(arn, weight)| self.share(&arn, weight, whole))
                .collect(),
            sticky_seconds: sticky.and_then(|sticky| sticky.whole("DurationSeconds").ok().flatten()),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "weights are at most 999")]
    fn share(&self, arn: &str, weight: i64, whole: i64) -> Share {
        let percent = if whole == 0 {
            0.0
        } else {
            100.0 * weight as f64 / whole as f64
        };
        Share {
            target_group: self.name_of(arn),
            weight,
            percent,
        }
    }

    fn name_of(&self, arn: &str) -> String {
        self.names.get(arn).cloned().unwrap_or_else(|| arn.to_owned())
    }

    fn tags(&mut self, arn: &str) -> BTreeMap<String, String> {
        let input = Tree::map().with("ResourceArns", Tree::texts([arn]));
        let described = self.list("elasticloadbalancing:DescribeTags", &input, "TagDescriptions");
        described
            .iter()
            .flat_map(|described| described.items("Tags"))
            .map(|tag| (text(tag, "Key"), text(tag, "Value")))
            .collect()
    }

    fn groups(&mut self) -> Vec<Group> {
        let found = self.list(
            "autoscaling:DescribeAutoScalingGroups",
            &Tree::map(),
            "AutoScalingGroups",
        );
        found.iter().map(|group| self.group(group)).collect()
    }

    fn group(&self, group: &Tree) -> Group {
        Group {
            name: text(group, "AutoScalingGroupName"),
            min: whole(group, "MinSize"),
            desired: whole(group, "DesiredCapacity"),
            max: whole(group, "MaxSize"),
            template: template(group),
            target_groups: group
                .strings("TargetGroupARNs")
                .iter()
                .map(|arn| self.name_of(arn))
                .collect(),
            instances: group.items("Instances").iter().map(member).collect(),
            suspended: group
                .items("SuspendedProcesses")
                .iter()
                .map(|process| text(process, "ProcessName"))
                .collect(),
            tags: group
                .items("Tags")
                .iter()
                .map(|tag| (text(tag, "Key"), text(tag, "Value")))
                .collect(),
            status: group.text("Status").map(str::to_owned),
        }
    }

    fn alarms(&mut self) -> Vec<Alarm> {
        let kinds = Tree::map().with("AlarmTypes", Tree::texts(["MetricAlarm", "CompositeAlarm"]));
        let mut found = self.list("cloudwatch:DescribeAlarms", &kinds, "MetricAlarms");
        found.extend(self.list("cloudwatch:DescribeAlarms", &kinds, "CompositeAlarms"));
        let alarm = |alarm: &Tree| Alarm {
            name: text(alarm, "AlarmName"),
            state: text(alarm, "StateValue"),
            reason: text(alarm, "StateReason"),
        };
        found.iter().map(alarm).collect()
    }
}

fn template(holder: &Tree) -> String {
    let mixed = |group: &Tree| {
        let template = group.get("MixedInstancesPolicy")?.get("LaunchTemplate")?;
        template.get("LaunchTemplateSpecification").cloned()
    };
    match holder.get("LaunchTemplate").cloned().or_else(|| mixed(holder)) {
        Some(template) => format!(
            "{} {}",
            text(&template, "LaunchTemplateName"),
            text(&template, "Version")
        ),
        None => String::new(),
    }
}

fn member(instance: &Tree) -> Member {
    Member {
        id: text(instance, "InstanceId"),
        lifecycle: text(instance, "LifecycleState"),
        health: text(instance, "HealthStatus"),
        zone: text(instance, "AvailabilityZone"),
        version: instance
            .get("LaunchTemplate")
            .map(|template| text(template, "Version"))
            .unwrap_or_default(),
        protected: instance
            .flag("ProtectedFromScaleIn")
            .ok()
            .flatten()
            .unwrap_or_default(),
    }
}

fn text(tree: &Tree, name: &str) -> String {
    tree.text(name).unwrap_or_default().to_owned()
}

fn whole(tree: &Tree, name: &str) -> i64 {
    tree.whole(name).ok().flatten().unwrap_or_default()
}
