//! Listeners: ports of a load balancer, each with its rules.

use std::sync::Arc;

use super::actions::{self, Action};
use super::attributes::{self, Attributes};
use super::refusals::{no_balancer, no_listener};
use super::rules::Rule;
use super::tags::{self, Tags};
use super::{arns, limits};
use crate::lab::refusal::Refused;
use crate::lab::world::{World, routing};

/// What an HTTPS listener has when none was asked for.
pub const SECURITY_POLICY: &str = "ELBSecurityPolicy-2016-08";

#[derive(Clone, Debug)]
pub struct Listener {
    pub arn: String,
    pub balancer: String,
    pub port: u16,
    /// `HTTP` or `HTTPS`.
    pub protocol: String,
    pub certificates: Vec<String>,
    pub security_policy: Option<String>,
    pub attributes: Attributes,
    pub tags: Tags,
    /// By priority; the default rule is the last one.
    pub rules: Vec<Rule>,
    /// As the data plane sees it; nothing when that has to be made anew.
    pub(super) pictured: Option<Arc<routing::Listener>>,
}

/// What `CreateListener` is asked for; `ModifyListener` too, where nothing means "leave it".
#[derive(Clone, Debug, Default)]
pub struct ListenerSettings {
    pub port: Option<i64>,
    pub protocol: Option<String>,
    pub certificates: Option<Vec<String>>,
    pub security_policy: Option<String>,
    pub actions: Option<Vec<Action>>,
}

impl Listener {
    pub fn default_actions(&self) -> &[Action] {
        self.rules.last().map_or(&[], |rule| &rule.actions)
    }
}

impl World {
    /// `CreateListener`: the same again is no error. Gives the ARN.
    pub fn create_listener(
        &mut self,
        balancer: &str,
        settings: ListenerSettings,
        tags: &[(String, String)],
    ) -> Result<String, Refused> {
        self.load_balancer(balancer)?;
        let tags = tags::first(tags)?;
        let protocol = settings.protocol.ok_or_else(|| Refused::missing("Protocol"))?;
        let port = read_port(settings.port.ok_or_else(|| Refused::missing("Port"))?)?;
        let certificates = settings.certificates.unwrap_or_default();
        let security_policy = check_protocol(&protocol, &certificates, settings.security_policy)?;
        let mut actions = settings.actions.unwrap_or_default();
        actions::check(&actions, &protocol)?;
        actions::keep_secrets(&mut actions, &[])?;
        if let Some(there) = self.balancing.listener_at(balancer, port) {
            let same = there.protocol == protocol
                && there.certificates == certificates
                && there.security_policy == security_policy
                && there.default_actions() == actions;
            return if same {
                Ok(there.arn.clone())
            } else {
                Err(taken(balancer, port))
            };
        }
        if self.balancing.listeners_of(balancer).count() >= limits::LISTENERS {
            return Err(Refused::new(
                "TooManyListeners",
                format!(
                    "The load balancer '{balancer}' already has {} listeners",
                    limits::LISTENERS
                ),
            ));
        }
        self.check_named_groups(balancer, None, &actions)?;
        let arn = arns::of_listener(balancer, &self.ids.tail());
        let fallback = Rule::last(arns::of_rule(&arn, &self.ids.tail()), actions);
        self.tell(
            "rule",
            format!("listener {protocol}:{port} opened: {}", fallback.summary()),
        );
        let listener = Listener {
            arn: arn.clone(),
            balancer: balancer.to_owned(),
            port,
            protocol,
            certificates,
            security_policy,
            attributes: attributes::of_listener::new(),
            tags,
            rules: vec![fallback],
            pictured: None,
        };
        self.balancing.listeners.insert(arn.clone(), listener);
        self.rules_changed();
        Ok(arn)
    }

    /// `ModifyListener`: replaces what is given, and with the default actions those of the default rule.
    pub fn modify_listener(&mut self, arn: &str, settings: ListenerSettings) -> Result<&Listener, Refused> {
        let now = self.listener(arn)?;
        let balancer = now.balancer.clone();
        let protocol = settings.protocol.unwrap_or_else(|| now.protocol.clone());
        let port = settings.port.map_or(Ok(now.port), read_port)?;
        if self
            .balancing
            .listener_at(&balancer, port)
            .is_some_and(|there| there.arn != arn)
        {
            return Err(taken(&balancer, port));
        }
        let given = settings.certificates.unwrap_or_else(|| now.certificates.clone());
        let certificates = if protocol == "HTTPS" { given } else { Vec::new() };
        let policy = settings.security_policy.or_else(|| now.security_policy.clone());
        let security_policy =
            check_protocol(&protocol, &certificates, policy.filter(|_| protocol == "HTTPS"))?;
        for rule in &now.rules {
            actions::check(&rule.actions, &protocol)?;
        }
        let mut actions = settings.actions.unwrap_or_else(|| now.default_actions().to_vec());
        actions::check(&actions, &protocol)?;
        actions::keep_secrets(&mut actions, now.default_actions())?;
        let fallback = now.rules.last().map(|rule| rule.arn.clone());
        self.check_named_groups(&balancer, fallback.as_deref(), &actions)?;
        let listener = self
            .balancing
            .listeners
            .get_mut(arn)
            .ok_or_else(|| no_listener(arn))?;
        (listener.protocol, listener.port) = (protocol, port);
        (listener.certificates, listener.security_policy) = (certificates, security_policy);
        listener.pictured = None;
        if let Some(rule) = listener.rules.last_mut() {
            rule.actions = actions;
            let said = format!(
                "default rule of {}:{}: {}",
                listener.protocol,
                listener.port,
                rule.summary()
            );
            self.tell("rule", said);
        }
        self.rules_changed();
        self.listener(arn)
    }

    /// `DeleteListener`: its rules go with it.
    pub fn delete_listener(&mut self, arn: &str) -> Result<(), Refused> {
        let listener = self
            .balancing
            .listeners
            .remove(arn)
            .ok_or_else(|| no_listener(arn))?;
        self.tell(
            "rule",
            format!("listener {}:{} closed", listener.protocol, listener.port),
        );
        self.rules_changed();
        Ok(())
    }

    /// `DescribeListeners`: those of a load balancer, or those named.
    pub fn listeners(&self, balancer: Option<&str>, arns: &[String]) -> Result<Vec<&Listener>, Refused> {
        match balancer {
            Some(balancer) if !self.balancing.balancers.contains_key(balancer) => Err(no_balancer(balancer)),
            Some(balancer) => Ok(self.balancing.listeners_of(balancer).collect()),
            None if arns.is_empty() => Err(Refused::invalid(
                "Either LoadBalancerArn or ListenerArns must be specified",
            )),
            None => arns.iter().map(|arn| self.listener(arn)).collect(),
        }
    }

    pub fn listener(&self, arn: &str) -> Result<&Listener, Refused> {
        self.balancing.listeners.get(arn).ok_or_else(|| no_listener(arn))
    }
}

fn taken(balancer: &str, port: u16) -> Refused {
    Refused::new(
        "DuplicateListener",
        format!("A listener already exists on port {port} of '{balancer}'"),
    )
}

fn read_port(port: i64) -> Result<u16, Refused> {
    u16::try_from(port)
        .ok()
        .filter(|port| *port > 0)
        .ok_or_else(|| Refused::invalid(format!("The port {port} is not between 1 and 65535")))
}

/// The security policy that the listener then has.
fn check_protocol(
    protocol: &str,
    certificates: &[String],
    policy: Option<String>,
) -> Result<Option<String>, Refused> {
    match protocol {
        "HTTP" if policy.is_some() || !certificates.is_empty() => Err(Refused::invalid(
            "Certificates and security policies are only for HTTPS listeners",
        )),
        "HTTP" => Ok(None),
        "HTTPS" if certificates.is_empty() => Err(Refused::new(
            "CertificateNotFound",
            "An HTTPS listener needs a certificate",
        )),
        "HTTPS" if certificates.len() > 1 => Err(Refused::new(
            "TooManyCertificates",
            "A listener takes exactly one default certificate",
        )),
        "HTTPS" => match policy {
            Some(policy) if !policy.starts_with("ELBSecurityPolicy-") => Err(Refused::new(
                "SSLPolicyNotFound",
                format!("SSL policy '{policy}' not found"),
            )),
            policy => Ok(Some(policy.unwrap_or_else(|| SECURITY_POLICY.to_owned()))),
        },
        _ => Err(Refused::new(
            "UnsupportedProtocol",
            format!(
                "The protocol '{protocol}' is not supported by application load balancers: use HTTP or HTTPS"
            ),
        )),
    }
}
