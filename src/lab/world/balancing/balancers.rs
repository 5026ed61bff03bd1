//! Load balancers of the application kind.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::attributes::{self, Attributes};
use super::refusals::{bad_configuration, no_balancer, not_in_the_lab};
use super::tags::{self, Tags};
use super::{arns, limits, names};
use crate::lab::refusal::Refused;
use crate::lab::world::World;
use crate::lab::world::time::Moment;

/// How long a new load balancer says `provisioning`. On AWS it is minutes, which nobody learns anything from.
const PROVISIONING: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
pub struct Balancer {
    pub arn: String,
    pub name: String,
    pub dns_name: String,
    pub scheme: String,
    pub created: Timestamp,
    ready: Moment,
    /// Zone and subnet.
    pub zones: BTreeMap<String, String>,
    pub vpc: String,
    pub security_groups: Vec<String>,
    pub attributes: Attributes,
    pub tags: Tags,
}

/// What `CreateLoadBalancer` is asked for.
#[derive(Clone, Debug, Default)]
pub struct NewBalancer {
    pub name: String,
    pub subnets: Vec<String>,
    pub security_groups: Vec<String>,
    pub scheme: Option<String>,
    pub kind: Option<String>,
    pub address_type: Option<String>,
    pub tags: Vec<(String, String)>,
}

impl World {
    /// `CreateLoadBalancer`: the same again is no error. Gives the ARN.
    pub fn create_load_balancer(&mut self, new: &NewBalancer) -> Result<String, Refused> {
        check_kind(new)?;
        names::check("Load balancer", &new.name)?;
        if new.name.starts_with("internal-") {
            return Err(Refused::invalid(format!(
                "Load balancer name '{}' must not begin with 'internal-'",
                new.name
            )));
        }
        let scheme = new.scheme.clone().unwrap_or_else(|| "internet-facing".to_owned());
        if !matches!(scheme.as_str(), "internet-facing" | "internal") {
            return Err(Refused::new(
                "InvalidScheme",
                format!("The scheme '{scheme}' is not 'internet-facing' or 'internal'"),
            ));
        }
        let tags = tags::first(&new.tags)?;
        let (zones, vpc) = self.placed(&new.subnets)?;
        let security_groups = self.groups_of_balancer(&new.security_groups, &vpc)?;
        if let Some(there) = self
            .balancing
            .balancers
            .values()
            .find(|balancer| balancer.name == new.name)
        {
            let same =
                there.scheme == scheme && there.zones == zones && there.security_groups == security_groups;
            return if same {
                Ok(there.arn.clone())
            } else {
                Err(Refused::new(
                    "DuplicateLoadBalancerName",
                    format!(
                        "A load balancer with the name '{}' and other settings exists",
                        new.name
                    ),
                ))
            };
        }
        if self.balancing.balancers.len() >= limits::BALANCERS {
            return Err(Refused::new(
                "TooManyLoadBalancers",
                format!(
                    "The account already has {} application load balancers",
                    limits::BALANCERS
                ),
            ));
        }
        Ok(self.found_balancer(new, scheme, (zones, vpc), security_groups, tags))
    }

    fn found_balancer(
        &mut self,
        new: &NewBalancer,
        scheme: String,
        (zones, vpc): (BTreeMap<String, String>, String),
        security_groups: Vec<String>,
        tags: Tags,
    ) -> String {
        let tail = self.ids.tail();
        let (region, account, name) = (&self.settings.region, &self.settings.account, &new.name);
        let arn = format!("arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}/{tail}");
        let prefix = if scheme == "internal" { "internal-" } else { "" };
        // Names under `localhost` are loopback wherever they are resolved at all, so this one can be called.
        let dns_name = format!("{prefix}{name}-{}.{region}.elb.localhost", &tail[..10]);
        let balancer = Balancer {
            arn: arn.clone(),
            name: name.clone(),
            dns_name,
            scheme,
            created: self.clock(),
            ready: self.now + self.pace(PROVISIONING),
            zones,
            vpc,
            security_groups,
            attributes: attributes::of_balancer::new(),
            tags,
        };
        self.balancing.balancers.insert(arn.clone(), balancer);
        self.count_hosts_from_now();
        arn
    }

    /// `DescribeLoadBalancers`: all of them, or those named, each of which must exist.
    pub fn load_balancers(&self, arns: &[String], names: &[String]) -> Result<Vec<&Balancer>, Refused> {
        if arns.is_empty() && names.is_empty() {
            return Ok(self.balancing.balancers.values().collect());
        }
        let by_arn = arns.iter().map(|arn| self.load_balancer(arn));
        let by_name = names.iter().map(|name| {
            let named = self
                .balancing
                .balancers
                .values()
                .find(|balancer| &balancer.name == name);
            named.ok_or_else(|| no_balancer(name))
        });
        by_arn.chain(by_name).collect()
    }

    pub fn load_balancer(&self, arn: &str) -> Result<&Balancer, Refused> {
        self.balancing.balancers.get(arn).ok_or_else(|| no_balancer(arn))
    }

    /// `provisioning` or `active`.
    pub fn load_balancer_state(&self, balancer: &Balancer) -> &'static str {
        if self.now < balancer.ready {
            "provisioning"
        } else {
            "active"
        }
    }

    /// `DeleteLoadBalancer`: one that does not exist is as good as deleted. Its listeners and rules go with it.
    pub fn delete_load_balancer(&mut self, arn: &str) -> Result<(), Refused> {
        let Some(balancer) = self.balancing.balancers.get(arn) else {
            return Ok(());
        };
        if balancer.attributes.is_on("deletion_protection.enabled") {
            return Err(Refused::new(
                "OperationNotPermitted",
                format!("Load balancer '{arn}' cannot be deleted because deletion protection is enabled"),
            ));
        }
        self.balancing.balancers.remove(arn);
        self.balancing
            .listeners
            .retain(|_, listener| listener.balancer != arn);
        self.rules_changed();
        Ok(())
    }

    /// `SetSubnets`: targets in zones that are no longer enabled become unused.
    pub fn set_load_balancer_subnets(&mut self, arn: &str, subnets: &[String]) -> Result<&Balancer, Refused> {
        self.load_balancer(arn)?;
        let (zones, vpc) = self.placed(subnets)?;
        if let Some(balancer) = self.balancing.balancers.get_mut(arn) {
            balancer.zones = zones;
            balancer.vpc = vpc;
        }
        self.reassess_groups_of(arn);
        self.load_balancer(arn)
    }

    /// `SetSecurityGroups`: kept, and described; traffic in the lab is not filtered by them.
    pub fn set_load_balancer_security_groups(
        &mut self,
        arn: &str,
        groups: &[String],
    ) -> Result<&Balancer, Refused> {
        let groups = self.groups_of_balancer(groups, &self.load_balancer(arn)?.vpc)?;
        let balancer = self
            .balancing
            .balancers
            .get_mut(arn)
            .ok_or_else(|| no_balancer(arn))?;
        balancer.security_groups = groups;
        Ok(balancer)
    }

    /// The zones of subnets, and their VPC: at least two zones, one subnet in each.
    fn placed(&self, subnets: &[String]) -> Result<(BTreeMap<String, String>, String), Refused> {
        let mut zones = BTreeMap::new();
        let mut vpc = String::new();
        for subnet in subnets {
            let there = self.subnet_of_balancer(subnet)?;
            let zone = &there.zone;
            vpc.clone_from(&there.vpc);
            if let Some(other) = zones.insert(zone.clone(), subnet.clone()) {
                return Err(bad_configuration(format!(
                    "A load balancer cannot be attached to multiple subnets in the same Availability Zone: \
                     '{other}' and '{subnet}' are both in {zone}"
                )));
            }
        }
        if zones.len() < 2 {
            return Err(Refused::invalid(
                "At least two subnets in two different Availability Zones must be specified",
            ));
        }
        Ok((zones, vpc))
    }
}

fn check_kind(new: &NewBalancer) -> Result<(), Refused> {
    if let Some(kind) = new.kind.as_deref().filter(|kind| *kind != "application") {
        return Err(not_in_the_lab(format_args!("the load balancer type '{kind}'")));
    }
    if let Some(address_type) = new
        .address_type
        .as_deref()
        .filter(|address_type| *address_type != "ipv4")
    {
        return Err(not_in_the_lab(format_args!(
            "the IP address type '{address_type}'"
        )));
    }
    Ok(())
}

impl Balancer {
    pub(super) fn dimension(&self) -> String {
        arns::dimension(&self.arn)
    }
}
