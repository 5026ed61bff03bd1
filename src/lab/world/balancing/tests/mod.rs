//! A load balancer in two zones, and whatever a test puts behind it.

mod groups;
mod health;
mod pictures;
mod rules;

use std::sync::Arc;
use std::time::Duration;

use super::actions::{Action, Deed, Fixed, Forward};
use super::balancers::NewBalancer;
use super::conditions::Condition;
use super::listeners::ListenerSettings;
use super::rules::NewRule;
use super::target_groups::{CheckChange, NewTargetGroup};
use super::targets::TargetAsked;
use super::{ProbeId, TargetHealth};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::compute::templates::NewVersion;
use crate::lab::world::compute::{Launch, TemplateRef};
use crate::lab::world::orders::{Answer, Order, Probe};
use crate::lab::world::routing::Routing;
use crate::lab::world::{Settings, World};

/// The world of a test, with shortcuts.
struct Bench {
    world: World,
    balancer: String,
    launched: u8,
}

fn bench() -> Bench {
    bench_with(Settings {
        launch: Duration::ZERO,
        ..Settings::default()
    })
}

fn bench_with(settings: Settings) -> Bench {
    let mut world = World::new(settings);
    let subnets = subnets(&world, &["us-east-1a", "us-east-1b"]);
    let new = NewBalancer {
        name: "web".to_owned(),
        subnets,
        ..NewBalancer::default()
    };
    let balancer = world.create_load_balancer(&new).expect("AWS allows this");
    Bench {
        world,
        balancer,
        launched: 0,
    }
}

fn subnets(world: &World, zones: &[&str]) -> Vec<String> {
    zones
        .iter()
        .map(|zone| world.default_subnet(zone).expect("it is there"))
        .collect()
}

impl Bench {
    /// A target group with the shortest checks: every 5 s, 2 s to answer, 2 to become healthy, 2 to become unhealthy.
    fn group(&mut self, name: &str) -> String {
        let new = self.new_group(name);
        self.world.create_target_group(&new).expect("AWS allows this")
    }

    fn new_group(&self, name: &str) -> NewTargetGroup {
        NewTargetGroup {
            name: name.to_owned(),
            protocol: Some("HTTP".to_owned()),
            port: Some(8080),
            vpc: Some(self.world.default_vpc().expect("it is there").id.clone()),
            check: CheckChange {
                interval: Some(5),
                timeout: Some(2),
                healthy: Some(2),
                unhealthy: Some(2),
                ..CheckChange::default()
            },
            ..NewTargetGroup::default()
        }
    }

    fn listener(&mut self, port: i64, actions: Vec<Action>) -> String {
        self.try_listener(port, actions).expect("AWS allows this")
    }

    fn try_listener(&mut self, port: i64, actions: Vec<Action>) -> Result<String, Refused> {
        let settings = ListenerSettings {
            port: Some(port),
            protocol: Some("HTTP".to_owned()),
            actions: Some(actions),
            ..ListenerSettings::default()
        };
        self.world.create_listener(&self.balancer, settings, &[])
    }

    fn rule(&mut self, listener: &str, priority: i64, actions: Vec<Action>) -> Result<String, Refused> {
        let conditions = vec![Condition::Path(vec![format!("/{priority}/*")])];
        let new = NewRule {
            priority,
            conditions,
            actions,
            ..NewRule::default()
        };
        self.world.create_rule(listener, new)
    }

    /// A running instance in a zone.
    fn instance(&mut self, zone: &str) -> String {
        let image = self
            .world
            .compute
            .images
            .keys()
            .next()
            .expect("it is there")
            .clone();
        self.launched += 1;
        let data = Tree::map().with("ImageId", Tree::from(image));
        let version = NewVersion {
            description: None,
            data,
            source: None,
            token: None,
        };
        let name = format!("template-{}", self.launched);
        let template = self
            .world
            .create_template(&name, version)
            .expect("AWS allows this");
        let launch = Launch {
            template: TemplateRef {
                id: template,
                ..TemplateRef::default()
            },
            instance_type: None,
            image: None,
            subnet: self.world.default_subnet(zone).expect("it is there"),
            tags: vec![],
            port: 8080,
        };
        let instance = self.world.launch_instance(launch).expect("AWS allows this");
        self.world.advance(self.world.now);
        let address = format!("127.0.1.{}:8080", self.launched)
            .parse()
            .expect("it is there");
        self.world.instance_started(&instance, Ok(address));
        self.world.take_orders();
        instance
    }

    fn register(&mut self, group: &str, instance: &str) {
        self.world
            .register_targets(group, &[asked(instance)])
            .expect("AWS allows this");
    }

    fn pass(&mut self, seconds: u64) {
        self.world.advance(self.world.now + Duration::from_secs(seconds));
    }

    /// Lets seconds pass one by one, and every check get this answer at once.
    fn pass_answering(&mut self, seconds: u64, answer: Answer) {
        for _ in 0..seconds {
            self.pass(1);
            for probe in self.probes() {
                self.world.probed(probe.id, answer);
            }
        }
    }

    fn probes(&mut self) -> Vec<Probe> {
        let orders = self.world.take_orders().into_iter();
        orders
            .filter_map(|order| {
                if let Order::Probe(probe) = order {
                    Some(probe)
                } else {
                    None
                }
            })
            .collect()
    }

    fn health(&self, group: &str, instance: &str) -> TargetHealth {
        self.world
            .target_healths(group, &[asked(instance)])
            .expect("it is there")
            .remove(0)
            .1
    }

    fn state(&self, group: &str, instance: &str) -> (&'static str, Option<&'static str>) {
        let health = self.health(group, instance);
        (health.state, health.reason)
    }

    /// What the data plane knows after everything has spread.
    fn routing(&mut self) -> Arc<Routing> {
        self.world.take_routing();
        self.world
            .advance(self.world.now + self.world.settings.propagation);
        self.world.take_routing().expect("something was to spread")
    }
}

fn asked(instance: &str) -> TargetAsked {
    TargetAsked {
        instance: instance.to_owned(),
        port: None,
    }
}

fn forward(groups: &[(&str, u32)]) -> Vec<Action> {
    let groups = groups
        .iter()
        .map(|(group, weight)| ((*group).to_owned(), *weight))
        .collect();
    vec![Action {
        order: None,
        deed: Deed::Forward(Forward {
            groups,
            sticky: false,
            sticky_seconds: None,
        }),
    }]
}

fn fixed(status: &str) -> Vec<Action> {
    let deed = Deed::Fixed(Fixed {
        status: status.to_owned(),
        content_type: None,
        body: None,
    });
    vec![Action { order: None, deed }]
}

fn code<T: std::fmt::Debug>(outcome: Result<T, Refused>) -> String {
    outcome.expect_err("AWS refuses this").code.into_owned()
}
