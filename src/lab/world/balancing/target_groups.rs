//! Target groups: what they are made with, and how their targets are checked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::attributes::{self, Attributes};
use super::matcher::Matcher;
use super::refusals::{no_balancer, no_target_group, not_in_the_lab};
use super::tags::{self, Tags};
use super::targets::{Target, TargetKey};
use super::{limits, names};
use crate::lab::refusal::Refused;
use crate::lab::world::{World, routing};

#[derive(Clone, Debug)]
pub struct TargetGroup {
    pub arn: String,
    pub name: String,
    /// `HTTP` or `HTTPS`.
    pub protocol: String,
    /// `HTTP1`, `HTTP2` or `GRPC`.
    pub version: String,
    pub port: u16,
    pub vpc: String,
    pub check: Check,
    pub attributes: Attributes,
    pub tags: Tags,
    pub(super) targets: BTreeMap<TargetKey, Target>,
    /// As the data plane sees it; nothing when that has to be made anew.
    pub(super) pictured: Option<Arc<routing::Pool>>,
}

/// Health check settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub protocol: String,
    /// `traffic-port` or a number.
    pub port: String,
    pub path: String,
    pub interval: Duration,
    pub timeout: Duration,
    pub healthy: u32,
    pub unhealthy: u32,
    pub matcher: Matcher,
}

/// Health check settings as a call gives them; nothing means the default, or "leave it".
#[derive(Clone, Debug, Default)]
pub struct CheckChange {
    pub enabled: Option<bool>,
    pub protocol: Option<String>,
    pub port: Option<String>,
    pub path: Option<String>,
    pub interval: Option<i64>,
    pub timeout: Option<i64>,
    pub healthy: Option<i64>,
    pub unhealthy: Option<i64>,
    pub http_codes: Option<String>,
    pub grpc_codes: Option<String>,
}

/// What `CreateTargetGroup` is asked for.
#[derive(Clone, Debug, Default)]
pub struct NewTargetGroup {
    pub name: String,
    pub protocol: Option<String>,
    pub version: Option<String>,
    pub port: Option<i64>,
    pub vpc: Option<String>,
    pub target_type: Option<String>,
    pub address_type: Option<String>,
    pub control_port: Option<i64>,
    pub check: CheckChange,
    pub tags: Vec<(String, String)>,
}

impl Check {
    fn default_for(version: &str) -> Result<Self, Refused> {
        let grpc = version == "GRPC";
        Ok(Self {
            protocol: "HTTP".to_owned(),
            port: "traffic-port".to_owned(),
            path: if grpc { "/AWS.ALB/healthcheck" } else { "/" }.to_owned(),
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            healthy: 5,
            unhealthy: 2,
            matcher: if grpc {
                Matcher::grpc("12")?
            } else {
                Matcher::http("200")?
            },
        })
    }

    /// These settings with some of them given anew.
    fn with(&self, change: &CheckChange) -> Result<Self, Refused> {
        if change.enabled == Some(false) {
            return Err(Refused::invalid(
                "Health checks cannot be disabled for target groups with target type 'instance'",
            ));
        }
        let mut next = self.clone();
        if let Some(protocol) = &change.protocol {
            if !matches!(protocol.as_str(), "HTTP" | "HTTPS") {
                return Err(Refused::invalid(format!(
                    "The health check protocol '{protocol}' is not HTTP or HTTPS"
                )));
            }
            next.protocol.clone_from(protocol);
        }
        if let Some(port) = &change.port {
            if port != "traffic-port" && port.parse::<u16>().map_or(true, |port| port == 0) {
                return Err(Refused::invalid(format!(
                    "The health check port '{port}' is not 'traffic-port' or a port"
                )));
            }
            next.port.clone_from(port);
        }
        if let Some(path) = &change.path {
            if !path.starts_with('/') || path.chars().count() > 1024 {
                return Err(Refused::invalid(format!(
                    "The health check path '{path}' must begin with '/' and have at most 1024 characters"
                )));
            }
            next.path.clone_from(path);
        }
        let within = |what: &str, value: Option<i64>, low: u32, high: u32, now: u32| match value {
            None => Ok(now),
            Some(value) => u32::try_from(value)
                .ok()
                .filter(|value| (low..=high).contains(value))
                .ok_or_else(|| {
                    Refused::invalid(format!(
                        "The health check {what} {value} is not between {low} and {high}"
                    ))
                }),
        };
        let seconds = |duration: Duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
        let interval = within("interval", change.interval, 5, 300, seconds(self.interval))?;
        let timeout = within("timeout", change.timeout, 2, 120, seconds(self.timeout))?;
        if timeout >= interval {
            return Err(Refused::invalid(format!(
                "The health check timeout ({timeout} s) must be smaller than the interval ({interval} s)"
            )));
        }
        next.interval = Duration::from_secs(interval.into());
        next.timeout = Duration::from_secs(timeout.into());
        next.healthy = within("healthy threshold", change.healthy, 2, 10, self.healthy)?;
        next.unhealthy = within("unhealthy threshold", change.unhealthy, 2, 10, self.unhealthy)?;
        next.matcher = match (&change.http_codes, &change.grpc_codes) {
            (None, None) => next.matcher,
            (Some(codes), None) if !self.matcher.grpc => Matcher::http(codes)?,
            (None, Some(codes)) if self.matcher.grpc => Matcher::grpc(codes)?,
            _ => {
                return Err(Refused::invalid(
                    "A matcher has GrpcCode for GRPC target groups, and HttpCode for all others",
                ));
            }
        };
        Ok(next)
    }
}

impl World {
    /// `CreateTargetGroup`: the same again is no error. Tags are not part of being the same. Gives the ARN.
    pub fn create_target_group(&mut self, new: &NewTargetGroup) -> Result<String, Refused> {
        check_kind(new)?;
        names::check("Target group", &new.name)?;
        let protocol = new.protocol.clone().ok_or_else(|| Refused::missing("Protocol"))?;
        if !matches!(protocol.as_str(), "HTTP" | "HTTPS") {
            return Err(not_in_the_lab(format_args!(
                "the target group protocol '{protocol}'"
            )));
        }
        let version = new.version.clone().unwrap_or_else(|| "HTTP1".to_owned());
        if !matches!(version.as_str(), "HTTP1" | "HTTP2" | "GRPC") {
            return Err(Refused::invalid(format!(
                "The protocol version '{version}' is not HTTP1, HTTP2 or GRPC"
            )));
        }
        let port = new.port.ok_or_else(|| Refused::missing("Port"))?;
        let port = u16::try_from(port)
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| Refused::invalid(format!("The port {port} is not between 1 and 65535")))?;
        let vpc = new
            .vpc
            .clone()
            .ok_or_else(|| Refused::invalid("A VPC ID must be specified"))?;
        self.vpc(&vpc)
            .map_err(|_| Refused::invalid(format!("The VPC ID '{vpc}' is not found")))?;
        let check = Check::default_for(&version)?.with(&new.check)?;
        let tags = tags::first(&new.tags)?;
        if let Some(there) = self
            .balancing
            .target_groups
            .values()
            .find(|group| group.name == new.name)
        {
            let same = (&there.protocol, &there.version, there.port, &there.vpc)
                == (&protocol, &version, port, &vpc);
            return if same && there.check == check {
                Ok(there.arn.clone())
            } else {
                Err(Refused::new(
                    "DuplicateTargetGroupName",
                    format!(
                        "A target group with the name '{}' and other settings exists",
                        new.name
                    ),
                ))
            };
        }
        if self.balancing.target_groups.len() >= limits::TARGET_GROUPS {
            return Err(Refused::new(
                "TooManyTargetGroups",
                format!("The account already has {} target groups", limits::TARGET_GROUPS),
            ));
        }
        let tail = self.ids.tail();
        let (region, account, name) = (&self.settings.region, &self.settings.account, &new.name);
        let arn = format!("arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{tail}");
        let group = TargetGroup {
            arn: arn.clone(),
            name: name.clone(),
            protocol,
            version,
            port,
            vpc,
            check,
            attributes: attributes::of_group::new(),
            tags,
            targets: BTreeMap::new(),
            pictured: None,
        };
        self.balancing.target_groups.insert(arn.clone(), group);
        Ok(arn)
    }

    /// `ModifyTargetGroup`: health check settings only; checks go on with the new ones.
    pub fn modify_target_group(&mut self, arn: &str, change: &CheckChange) -> Result<&TargetGroup, Refused> {
        let group = self
            .balancing
            .target_groups
            .get_mut(arn)
            .ok_or_else(|| no_target_group(arn))?;
        group.check = group.check.with(change)?;
        Ok(group)
    }

    /// `DeleteTargetGroup`: not while an action names it. One that does not exist is as good as deleted.
    pub fn delete_target_group(&mut self, arn: &str) -> Result<(), Refused> {
        if self.balancing.users.contains_key(arn) {
            return Err(Refused::new(
                "ResourceInUse",
                format!("Target group '{arn}' is currently in use by a listener or a rule"),
            ));
        }
        self.balancing.target_groups.remove(arn);
        Ok(())
    }

    /// `DescribeTargetGroups`: all of them, those of a load balancer, or those named, each of which must exist.
    pub fn target_groups(
        &self,
        balancer: Option<&str>,
        arns: &[String],
        names: &[String],
    ) -> Result<Vec<&TargetGroup>, Refused> {
        if let Some(balancer) = balancer {
            if !self.balancing.balancers.contains_key(balancer) {
                return Err(no_balancer(balancer));
            }
            let groups = self.balancing.target_groups.values();
            return Ok(groups
                .filter(|group| self.balancer_of_group(&group.arn) == Some(balancer))
                .collect());
        }
        if arns.is_empty() && names.is_empty() {
            return Ok(self.balancing.target_groups.values().collect());
        }
        let by_arn = arns.iter().map(|arn| self.target_group(arn));
        let by_name = names.iter().map(|name| {
            let named = self
                .balancing
                .target_groups
                .values()
                .find(|group| &group.name == name);
            named.ok_or_else(|| no_target_group(name))
        });
        by_arn.chain(by_name).collect()
    }

    pub fn target_group(&self, arn: &str) -> Result<&TargetGroup, Refused> {
        self.balancing
            .target_groups
            .get(arn)
            .ok_or_else(|| no_target_group(arn))
    }

    /// The load balancer whose rules name this target group.
    pub fn balancer_of_group(&self, group: &str) -> Option<&str> {
        self.balancing.users.get(group).map(String::as_str)
    }
}

fn check_kind(new: &NewTargetGroup) -> Result<(), Refused> {
    // `instance` is AWS's default, too.
    if let Some(kind) = new.target_type.as_deref().filter(|kind| *kind != "instance") {
        return Err(not_in_the_lab(format_args!("the target type '{kind}'")));
    }
    if let Some(kind) = new.address_type.as_deref().filter(|kind| *kind != "ipv4") {
        return Err(not_in_the_lab(format_args!("the IP address type '{kind}'")));
    }
    if new.control_port.is_some() {
        return Err(not_in_the_lab("TargetControlPort"));
    }
    Ok(())
}
