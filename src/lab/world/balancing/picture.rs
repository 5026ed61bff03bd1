//! The pictures that the data plane gets: made when something changed, published when the change has spread.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::actions::{Action, Deed};
use super::balancers::Balancer;
use super::health::State;
use super::listeners::Listener;
use super::surroundings::reached;
use super::target_groups::TargetGroup;
use super::targets::{Target, TargetKey};
use super::{BalancingTimer, actions};
use crate::lab::world::World;
use crate::lab::world::routing::{self, Algorithm, Protocol, Routing, TargetStickiness};
use crate::lab::world::time::{Moment, Timer};

/// Pictures on their way to the data plane, with the moment they get there.
pub(super) type Underway = VecDeque<(Moment, Arc<Routing>)>;

impl World {
    /// The picture with the target group in it is out of date.
    pub(super) fn touch_group(&mut self, group: &str) {
        if let Some(group) = self.balancing.target_groups.get_mut(group) {
            group.pictured = None;
        }
        // What no rule names is not in the picture.
        self.balancing.picture_changed |= self.balancing.users.contains_key(group);
    }

    /// The picture with the load balancer in it is out of date.
    pub(super) fn touch_balancer(&mut self, balancer: &str) {
        for listener in self
            .balancing
            .listeners
            .values_mut()
            .filter(|listener| listener.balancer == balancer)
        {
            listener.pictured = None;
        }
        self.balancing.picture_changed = true;
    }

    /// Takes a picture of what has changed since the last one, and gives the latest that is due.
    pub(super) fn newest_picture(&mut self) -> Option<Arc<Routing>> {
        if std::mem::take(&mut self.balancing.picture_changed) {
            let picture = Arc::new(self.picture());
            let due = self.now + self.settings.propagation;
            self.balancing.underway.push_back((due, picture));
            // Not through `later`: how long a change takes to spread is a setting, not one of AWS's durations.
            self.timers.set(due, Timer::Balancing(BalancingTimer::Spread));
        }
        let mut newest = None;
        while self
            .balancing
            .underway
            .front()
            .is_some_and(|(due, _)| *due <= self.now)
        {
            newest = self.balancing.underway.pop_front().map(|(_, picture)| picture);
        }
        newest
    }

    fn picture(&mut self) -> Routing {
        self.picture_groups();
        let mut shared = BTreeMap::new();
        let balancing = &mut self.balancing;
        balancing.pictures += 1;
        let pools: BTreeMap<&str, &Arc<routing::Pool>> = balancing
            .target_groups
            .values()
            .filter_map(|group| group.pictured.as_ref().map(|pool| (group.arn.as_str(), pool)))
            .collect();
        let mut listeners = Vec::new();
        for listener in balancing.listeners.values_mut() {
            let Some(balancer) = balancing.balancers.get(&listener.balancer) else {
                continue;
            };
            if listener
                .pictured
                .as_deref()
                .is_none_or(|pictured| !is_current(pictured, &pools))
            {
                let balancer = shared
                    .entry(balancer.arn.clone())
                    .or_insert_with(|| Arc::new(picture_of_balancer(balancer)));
                listener.pictured = Some(Arc::new(picture_of_listener(listener, balancer, &pools)));
            }
            listeners.extend(listener.pictured.clone());
        }
        Routing {
            version: balancing.pictures,
            listeners,
        }
    }

    fn picture_groups(&mut self) {
        let stale: Vec<String> = self
            .balancing
            .users
            .keys()
            .filter(|group| {
                self.balancing
                    .target_groups
                    .get(*group)
                    .is_some_and(|group| group.pictured.is_none())
            })
            .cloned()
            .collect();
        for arn in stale {
            self.picture_targets(&arn);
            if let Some(group) = self.balancing.target_groups.get_mut(&arn) {
                group.pictured = Some(Arc::new(picture_of_group(group)));
            }
        }
    }

    /// Sees to it that every target's own picture is current; those that are stay shared with earlier pictures.
    fn picture_targets(&mut self, group: &str) {
        let Some(there) = self.balancing.target_groups.get(group) else {
            return;
        };
        let addresses: Vec<_> = there
            .targets
            .keys()
            .map(|key| {
                let address = self.instance(&key.instance).and_then(|instance| instance.address);
                address.map(|address| reached(address, key.port))
            })
            .collect();
        let Some(there) = self.balancing.target_groups.get_mut(group) else {
            return;
        };
        for ((key, target), address) in there.targets.iter_mut().zip(addresses) {
            let picture = picture_of_target(key, target, address);
            if target.pictured.as_deref() != Some(&picture) {
                target.pictured = Some(Arc::new(picture));
            }
        }
    }
}

/// Whether every pool in a listener's picture is still the one its target group has.
fn is_current(listener: &routing::Listener, pools: &BTreeMap<&str, &Arc<routing::Pool>>) -> bool {
    listener.rules.iter().all(|rule| match &rule.action {
        routing::Action::Forward { pools: named, .. } => named.iter().all(|(pool, _)| {
            pools
                .get(pool.arn.as_str())
                .is_some_and(|current| Arc::ptr_eq(current, pool))
        }),
        routing::Action::Redirect { .. } | routing::Action::Fixed { .. } => true,
    })
}

fn picture_of_target(
    key: &TargetKey,
    target: &Target,
    address: Option<std::net::SocketAddr>,
) -> routing::Target {
    routing::Target {
        instance: key.instance.clone(),
        port: key.port,
        address,
        zone: target.zone.clone(),
        healthy_since: target.healthy_since,
        slow_starts: target.slow_starts,
    }
}

fn picture_of_group(group: &TargetGroup) -> routing::Pool {
    let attributes = &group.attributes;
    let those = |wanted: fn(State) -> bool| {
        group
            .targets
            .values()
            .filter(move |target| wanted(target.state))
            .filter_map(|target| target.pictured.clone())
    };
    let registered = |state| !matches!(state, State::Unused(_) | State::Draining { .. });
    let mut targets: Vec<_> = those(|state| state == State::Healthy).collect();
    let all = those(registered).count();
    let failed_open = all > 0 && targets.len() < least_healthy(group, all);
    if failed_open {
        targets = those(registered).collect();
    }
    let draining = group.targets.values().filter_map(|target| match target.state {
        State::Draining { until } => target.pictured.clone().map(|target| (target, until)),
        _ => None,
    });
    let slow_start = attributes.seconds("slow_start.duration_seconds");
    routing::Pool {
        arn: group.arn.clone(),
        name: group.name.clone(),
        dimension: group.dimension(),
        tls: group.protocol == "HTTPS",
        protocol: match group.version.as_str() {
            "GRPC" => Protocol::Grpc,
            "HTTP2" => Protocol::Http2,
            _ => Protocol::Http1,
        },
        algorithm: match attributes.value("load_balancing.algorithm.type") {
            "least_outstanding_requests" => Algorithm::LeastOutstanding,
            "weighted_random" => Algorithm::WeightedRandom,
            _ => Algorithm::RoundRobin,
        },
        slow_start: (!slow_start.is_zero()).then_some(slow_start),
        stickiness: stickiness(group),
        targets,
        failed_open,
        draining: draining.collect(),
    }
}

/// With fewer healthy targets than this, health is no longer looked at.
fn least_healthy(group: &TargetGroup, all: usize) -> usize {
    let threshold = |unit: &str| {
        let key = format!("target_group_health.unhealthy_state_routing.minimum_healthy_targets.{unit}");
        group
            .attributes
            .number(&key)
            .and_then(|number| usize::try_from(number).ok())
    };
    let share = threshold("percentage").map_or(0, |percentage| (all * percentage).div_ceil(100));
    threshold("count").unwrap_or(1).max(share)
}

fn stickiness(group: &TargetGroup) -> Option<TargetStickiness> {
    let attributes = &group.attributes;
    if !attributes.is_on("stickiness.enabled") {
        return None;
    }
    Some(match attributes.value("stickiness.type") {
        "app_cookie" => TargetStickiness::AppCookie {
            name: attributes.value("stickiness.app_cookie.cookie_name").to_owned(),
            duration: attributes.seconds("stickiness.app_cookie.duration_seconds"),
        },
        _ => TargetStickiness::BalancerCookie {
            duration: attributes.seconds("stickiness.lb_cookie.duration_seconds"),
        },
    })
}

fn picture_of_balancer(balancer: &Balancer) -> routing::Balancer {
    let attributes = &balancer.attributes;
    routing::Balancer {
        name: balancer.name.clone(),
        arn: balancer.arn.clone(),
        dimension: balancer.dimension(),
        idle_timeout: attributes.seconds("idle_timeout.timeout_seconds"),
        client_keep_alive: attributes.seconds("client_keep_alive.seconds"),
        http2: attributes.is_on("routing.http2.enabled"),
        forwarded_for: attributes
            .value("routing.http.xff_header_processing.mode")
            .to_owned(),
        preserve_host: attributes.is_on("routing.http.preserve_host_header.enabled"),
        drop_invalid_headers: attributes.is_on("routing.http.drop_invalid_header_fields.enabled"),
    }
}

fn picture_of_listener(
    listener: &Listener,
    balancer: &Arc<routing::Balancer>,
    pools: &BTreeMap<&str, &Arc<routing::Pool>>,
) -> routing::Listener {
    let rules = listener.rules.iter().filter_map(|rule| {
        Some(routing::Rule {
            arn: rule.arn.clone(),
            conditions: rule
                .conditions
                .iter()
                .map(super::conditions::Condition::pictured)
                .collect(),
            action: picture_of_actions(&rule.actions, pools)?,
        })
    });
    routing::Listener {
        arn: listener.arn.clone(),
        port: listener.port,
        tls: listener.protocol == "HTTPS",
        balancer: Arc::clone(balancer),
        rules: rules.collect(),
    }
}

/// The one action that is not about who asks.
fn picture_of_actions(
    actions: &[Action],
    pools: &BTreeMap<&str, &Arc<routing::Pool>>,
) -> Option<routing::Action> {
    actions.iter().find_map(|action| match &action.deed {
        Deed::Authenticate(_) => None,
        Deed::Forward(forward) => Some(picture_of_forward(forward, pools)),
        Deed::Redirect(redirect) => Some(routing::Action::Redirect {
            status: if redirect.status == "HTTP_301" { 301 } else { 302 },
            protocol: redirect.protocol.clone(),
            port: redirect.port.clone(),
            host: redirect.host.clone(),
            path: redirect.path.clone(),
            query: redirect.query.clone(),
        }),
        Deed::Fixed(fixed) => Some(routing::Action::Fixed {
            // Checked when it was written.
            status: fixed.status.parse().unwrap_or(503),
            content_type: fixed
                .content_type
                .clone()
                .unwrap_or_else(|| "text/plain".to_owned()),
            body: fixed.body.clone().unwrap_or_default(),
        }),
    })
}

fn picture_of_forward(
    forward: &actions::Forward,
    pools: &BTreeMap<&str, &Arc<routing::Pool>>,
) -> routing::Action {
    let named = forward
        .groups
        .iter()
        .filter_map(|(group, weight)| pools.get(group.as_str()).map(|pool| (Arc::clone(pool), *weight)));
    routing::Action::Forward {
        pools: named.collect(),
        stickiness: forward.stickiness(),
    }
}
