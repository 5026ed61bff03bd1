//! Builds an estate, call by call, as a client would.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::plan::{Action, Estate, Forward, Group, Listener, LoadBalancer, Policy, TargetGroup, Version};
use super::words::{conditions, pairs, text};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::wire::within;
use crate::lab::world::World;

/// Zones that load balancers and groups stand in: the fewest that a load balancer may have.
const ZONES: usize = 2;

/// Why an estate cannot be built.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unbuilt {
    #[error("{0}")]
    Refused(String),
    #[error("{what} names the {kind} {name}, which the estate does not have")]
    Unknown {
        what: String,
        kind: &'static str,
        name: String,
    },
    #[error("{0} has neither a forward nor a status")]
    NoAction(String),
}

/// Builds it all, or says which call was refused and why.
pub fn build(world: &mut World, estate: &Estate) -> Result<(), Unbuilt> {
    let mut site = Site {
        world,
        names: BTreeMap::new(),
        network: String::new(),
        subnets: Vec::new(),
    };
    site.look_around()?;
    for template in &estate.launch_templates {
        site.launch_template(&template.name, &template.versions)?;
    }
    for group in &estate.target_groups {
        site.target_group(group)?;
    }
    for balancer in &estate.load_balancers {
        site.load_balancer(balancer)?;
    }
    for group in &estate.groups {
        site.group(group)?;
    }
    for call in &estate.calls {
        let input = site.translated(&toml::Value::Table(call.input.clone()));
        site.call(&call.action, &input)?;
    }
    Ok(())
}

struct Site<'w> {
    world: &'w mut World,
    /// ARNs and identifiers by kind and name.
    names: BTreeMap<(&'static str, String), String>,
    network: String,
    subnets: Vec<String>,
}

impl Site<'_> {
    fn call(&mut self, action: &str, input: &Tree) -> Result<Tree, Unbuilt> {
        let refused = |refused: Refused| Unbuilt::Refused(format!("{action}: {refused}"));
        within::call(self.world, action, input).map_err(refused)
    }

    /// Calls, and takes one text out of the first thing that was made.
    fn made(&mut self, action: &str, input: &Tree, list: &str, member: &str) -> Result<String, Unbuilt> {
        let answer = self.call(action, input)?;
        let made = answer
            .items(list)
            .first()
            .and_then(|made| made.text(member))
            .map(str::to_owned);
        made.ok_or_else(|| Unbuilt::Refused(format!("{action} answered without {list}.{member}")))
    }

    fn name(&self, what: &str, kind: &'static str, name: &str) -> Result<String, Unbuilt> {
        let known = self.names.get(&(kind, name.to_owned())).cloned();
        known.ok_or_else(|| Unbuilt::Unknown {
            what: what.to_owned(),
            kind,
            name: name.to_owned(),
        })
    }

    fn look_around(&mut self) -> Result<(), Unbuilt> {
        let refused = |refused: Refused| Unbuilt::Refused(refused.to_string());
        let mut subnets =
            within::list(self.world, "ec2:DescribeSubnets", &Tree::map(), "subnetSet").map_err(refused)?;
        subnets.sort_by_key(|subnet| subnet.text("availabilityZone").map(str::to_owned));
        self.network = subnets
            .first()
            .and_then(|subnet| subnet.text("vpcId"))
            .unwrap_or_default()
            .to_owned();
        self.subnets = subnets
            .iter()
            .filter_map(|subnet| subnet.text("subnetId"))
            .take(ZONES)
            .map(str::to_owned)
            .collect();
        Ok(())
    }

    fn launch_template(&mut self, name: &str, versions: &[Version]) -> Result<(), Unbuilt> {
        for (place, version) in versions.iter().enumerate() {
            let image = self.image(&version.image)?;
            let data = Tree::map()
                .with("ImageId", Tree::Text(image))
                .with("InstanceType", text(&version.instance_type))
                .with("UserData", Tree::Text(STANDARD.encode(&version.user_data)));
            let action = if place == 0 {
                "ec2:CreateLaunchTemplate"
            } else {
                "ec2:CreateLaunchTemplateVersion"
            };
            let input = Tree::map()
                .with("LaunchTemplateName", text(name))
                .with("LaunchTemplateData", data);
            let answer = self.call(action, &input)?;
            if let Some(id) = answer
                .get("launchTemplate")
                .and_then(|template| template.text("launchTemplateId"))
            {
                self.names
                    .insert(("launch_template", name.to_owned()), id.to_owned());
            }
        }
        Ok(())
    }

    fn image(&mut self, name: &str) -> Result<String, Unbuilt> {
        if let Ok(known) = self.name(name, "image", name) {
            return Ok(known);
        }
        let input = Tree::map()
            .with("Name", text(name))
            .with("Architecture", text("x86_64"))
            .with("RootDeviceName", text("/dev/xvda"))
            .with("VirtualizationType", text("hvm"));
        let id = self
            .call("ec2:RegisterImage", &input)?
            .text("imageId")
            .unwrap_or_default()
            .to_owned();
        self.names.insert(("image", name.to_owned()), id.clone());
        Ok(id)
    }

    fn target_group(&mut self, group: &TargetGroup) -> Result<(), Unbuilt> {
        let code = if group.protocol_version == "GRPC" {
            "GrpcCode"
        } else {
            "HttpCode"
        };
        let matcher = group
            .health_codes
            .as_deref()
            .map(|codes| Tree::map().with(code, text(codes)));
        let input = Tree::map()
            .with("Name", text(&group.name))
            .with("Protocol", text(&group.protocol))
            .with("ProtocolVersion", text(&group.protocol_version))
            .with("Port", Tree::from(group.port))
            .with("VpcId", text(&self.network))
            .with("TargetType", text("instance"))
            .with("HealthCheckProtocol", text(&group.protocol))
            .with("HealthCheckPath", text(&group.health_path))
            .with("HealthCheckIntervalSeconds", Tree::from(group.health_interval))
            .with("HealthCheckTimeoutSeconds", Tree::from(group.health_timeout))
            .with("HealthyThresholdCount", Tree::from(group.healthy_after))
            .with("UnhealthyThresholdCount", Tree::from(group.unhealthy_after))
            .with("Matcher", matcher)
            .with("Tags", pairs(&group.tags));
        let arn = self.made(
            "elasticloadbalancing:CreateTargetGroup",
            &input,
            "TargetGroups",
            "TargetGroupArn",
        )?;
        if let Some(attributes) = pairs(&group.attributes) {
            let input = Tree::map()
                .with("TargetGroupArn", text(&arn))
                .with("Attributes", attributes);
            self.call("elasticloadbalancing:ModifyTargetGroupAttributes", &input)?;
        }
        self.names.insert(("target_group", group.name.clone()), arn);
        Ok(())
    }

    fn load_balancer(&mut self, balancer: &LoadBalancer) -> Result<(), Unbuilt> {
        let input = Tree::map()
            .with("Name", text(&balancer.name))
            .with("Type", text("application"))
            .with("Scheme", text("internet-facing"))
            .with("Subnets", Tree::texts(self.subnets.clone()))
            .with("Tags", pairs(&balancer.tags));
        let arn = self.made(
            "elasticloadbalancing:CreateLoadBalancer",
            &input,
            "LoadBalancers",
            "LoadBalancerArn",
        )?;
        if let Some(attributes) = pairs(&balancer.attributes) {
            let input = Tree::map()
                .with("LoadBalancerArn", text(&arn))
                .with("Attributes", attributes);
            self.call("elasticloadbalancing:ModifyLoadBalancerAttributes", &input)?;
        }
        for listener in &balancer.listeners {
            self.listener(&arn, listener)?;
        }
        self.names.insert(("load_balancer", balancer.name.clone()), arn);
        Ok(())
    }

    fn listener(&mut self, balancer: &str, listener: &Listener) -> Result<(), Unbuilt> {
        let what = format!("the listener {}", listener.port);
        let mut input = Tree::map()
            .with("LoadBalancerArn", text(balancer))
            .with("Protocol", text(&listener.protocol))
            .with("Port", Tree::from(listener.port))
            .with(
                "DefaultActions",
                Tree::list([self.action(&what, &listener.default)?]),
            );
        if listener.protocol == "HTTPS" {
            let settings = &self.world.settings;
            // The lab presents its own; a client only needs to have named one.
            let certificate = format!(
                "arn:aws:acm:{}:{}:certificate/lab",
                settings.region, settings.account
            );
            let certificate = Tree::map().with("CertificateArn", Tree::Text(certificate));
            input = input.with("Certificates", Tree::list([certificate]));
        }
        let arn = self.made(
            "elasticloadbalancing:CreateListener",
            &input,
            "Listeners",
            "ListenerArn",
        )?;
        for rule in &listener.rules {
            let what = format!("the rule {} of {what}", rule.priority);
            let input = Tree::map()
                .with("ListenerArn", text(&arn))
                .with("Priority", Tree::from(rule.priority))
                .with("Conditions", conditions(rule))
                .with("Actions", Tree::list([self.action(&what, &rule.action())?]))
                .with("Tags", pairs(&rule.tags));
            self.call("elasticloadbalancing:CreateRule", &input)?;
        }
        Ok(())
    }

    fn action(&self, what: &str, action: &Action) -> Result<Tree, Unbuilt> {
        if let Some(forward) = &action.forward {
            return self.forward(what, forward, action.sticky_seconds);
        }
        let status = action.status.ok_or_else(|| Unbuilt::NoAction(what.to_owned()))?;
        let fixed = Tree::map()
            .with("StatusCode", Tree::Text(status.to_string()))
            .with(
                "ContentType",
                text(action.content_type.as_deref().unwrap_or("text/plain")),
            )
            .with("MessageBody", action.body.as_deref().map(text));
        Ok(Tree::map()
            .with("Type", text("fixed-response"))
            .with("FixedResponseConfig", fixed))
    }

    fn forward(&self, what: &str, forward: &Forward, sticky: Option<u32>) -> Result<Tree, Unbuilt> {
        let shares: BTreeMap<String, u32> = match forward {
            Forward::To(name) => BTreeMap::from([(name.clone(), 1)]),
            Forward::Shared(shares) => shares.clone(),
        };
        let mut groups = Vec::new();
        for (name, weight) in shares {
            let arn = self.name(what, "target_group", &name)?;
            groups.push(
                Tree::map()
                    .with("TargetGroupArn", Tree::Text(arn))
                    .with("Weight", Tree::from(weight)),
            );
        }
        let stickiness = sticky.map(|seconds| {
            Tree::map()
                .with("Enabled", Tree::Flag(true))
                .with("DurationSeconds", Tree::from(seconds))
        });
        let config = Tree::map()
            .with("TargetGroups", Tree::List(groups))
            .with("TargetGroupStickinessConfig", stickiness);
        Ok(Tree::map()
            .with("Type", text("forward"))
            .with("ForwardConfig", config))
    }

    fn group(&mut self, group: &Group) -> Result<(), Unbuilt> {
        let what = format!("the group {}", group.name);
        let template = Tree::map()
            .with(
                "LaunchTemplateId",
                Tree::Text(self.name(&what, "launch_template", &group.template)?),
            )
            .with("Version", text(&group.version));
        let mut arns = Vec::new();
        for name in &group.target_groups {
            arns.push(self.name(&what, "target_group", name)?);
        }
        let tag = |(key, value): (&String, &String)| {
            Tree::map()
                .with("ResourceId", text(&group.name))
                .with("ResourceType", text("auto-scaling-group"))
                .with("Key", text(key))
                .with("Value", text(value))
                .with("PropagateAtLaunch", Tree::Flag(true))
        };
        let tags = (!group.tags.is_empty()).then(|| Tree::list(group.tags.iter().map(tag)));
        let input = Tree::map()
            .with("AutoScalingGroupName", text(&group.name))
            .with("LaunchTemplate", template)
            .with("MinSize", Tree::from(group.min))
            .with("MaxSize", Tree::from(group.max))
            .with("DesiredCapacity", group.desired.map(Tree::from))
            .with("VPCZoneIdentifier", Tree::Text(self.subnets.join(",")))
            .with("TargetGroupARNs", (!arns.is_empty()).then(|| Tree::texts(arns)))
            .with("HealthCheckType", text(&group.health_check))
            .with("HealthCheckGracePeriod", Tree::from(group.health_grace))
            .with("Tags", tags);
        self.call("autoscaling:CreateAutoScalingGroup", &input)?;
        for policy in &group.policies {
            self.policy(group, policy)?;
        }
        Ok(())
    }

    fn policy(&mut self, group: &Group, policy: &Policy) -> Result<(), Unbuilt> {
        let mut metric = Tree::map().with("PredefinedMetricType", text(&policy.metric));
        if policy.metric == "ALBRequestCountPerTarget" {
            let first = group
                .target_groups
                .first()
                .map(String::as_str)
                .unwrap_or_default();
            let arn = self.name(&format!("the policy {}", policy.name), "target_group", first)?;
            metric = metric.with("ResourceLabel", self.resource_label(&arn).map(Tree::Text));
        }
        let tracking = Tree::map()
            .with("PredefinedMetricSpecification", metric)
            .with("TargetValue", Tree::Real(policy.target));
        let input = Tree::map()
            .with("AutoScalingGroupName", text(&group.name))
            .with("PolicyName", text(&policy.name))
            .with("PolicyType", text("TargetTrackingScaling"))
            .with("TargetTrackingConfiguration", tracking);
        self.call("autoscaling:PutScalingPolicy", &input).map(drop)
    }

    /// `app/<balancer>/<id>/targetgroup/<group>/<id>`; nothing for a target group that no load balancer uses.
    fn resource_label(&mut self, target_group: &str) -> Option<String> {
        let input = Tree::map().with("TargetGroupArns", Tree::texts([target_group]));
        let answer = self
            .call("elasticloadbalancing:DescribeTargetGroups", &input)
            .ok()?;
        let balancer = answer
            .items("TargetGroups")
            .first()?
            .items("LoadBalancerArns")
            .first()?
            .as_text()?;
        let (_, balancer) = balancer.split_once(":loadbalancer/")?;
        Some(format!("{balancer}/{}", target_group.rsplit(':').next()?))
    }

    /// A call's input with names in place of `${kind.name}`.
    fn translated(&self, value: &toml::Value) -> Tree {
        match value {
            toml::Value::String(text) => Tree::Text(self.with_names(text)),
            toml::Value::Integer(number) => Tree::Whole(*number),
            toml::Value::Float(number) => Tree::Real(*number),
            toml::Value::Boolean(flag) => Tree::Flag(*flag),
            toml::Value::Datetime(time) => Tree::Text(time.to_string()),
            toml::Value::Array(values) => Tree::list(values.iter().map(|value| self.translated(value))),
            toml::Value::Table(table) => Tree::Map(
                table
                    .iter()
                    .map(|(key, value)| (key.clone(), self.translated(value)))
                    .collect(),
            ),
        }
    }

    fn with_names(&self, text: &str) -> String {
        let replace = |text: String, ((kind, name), value): (&(&str, String), &String)| {
            text.replace(&format!("${{{kind}.{name}}}"), value)
        };
        self.names.iter().fold(text.to_owned(), replace)
    }
}
