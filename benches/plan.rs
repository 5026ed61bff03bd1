//! How long a decision takes on a load balancer as full as AWS allows.
//!
//! Ratios between the cases are what counts; absolute times are the machine's.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use swingbridge::model::estate::{Estate, Group, Instance, Launch, LoadBalancer, TakenNames};
use swingbridge::model::estate::{Target, TargetGroup, TargetState, TemplateUse};
use swingbridge::model::ids::{Arn, Generation, GroupName, Size, TargetGroupName, TemplateId};
use swingbridge::model::plan::Intent;
use swingbridge::model::policy::Policy;
use swingbridge::model::release::{Release, Source};
use swingbridge::model::routing::{Action, Condition, Listener, Priority, Rule, Sticky};
use swingbridge::model::tags::Tags;
use swingbridge::{config, plan};

const CONFIG: &str = r#"
app = "shop"
load_balancer = "alb"
[names]
group = "asg-{n}"
target_group = "tg-{n}"
[lock]
listener = 80
priority = 1
entrance_priority = 2
"#;

fn policy() -> Policy {
    let nothing = |_: &str| None;
    config::read(
        CONFIG,
        std::path::Path::new("swingbridge.toml"),
        &config::Overrides::default(),
        &nothing,
    )
    .expect("a valid configuration")
    .policy
}

/// One generation of `instances` behind `rules` path rules and the default rule.
fn estate(rules: u32, instances: u32) -> Estate {
    let target_group = TargetGroupName::from("tg-1");
    let group = GroupName::from("asg-1");
    let rule = |priority, conditions| Rule {
        arn: Arn::new(format!("rule-{priority:?}")),
        port: 80,
        priority,
        conditions,
        action: Action::to(&target_group),
        also: Vec::new(),
        tags: Tags::new(),
        keeps: String::new(),
        sticky: Sticky::Off,
    };
    let mut all: Vec<Rule> = (0..rules)
        .map(|number| {
            let path = Condition::Other {
                text: format!("path /{number}/*"),
            };
            rule(Priority::Numbered(10 + number), vec![path])
        })
        .collect();
    all.push(rule(Priority::Default, Vec::new()));
    let ids = || (0..instances).map(|number| format!("i-{number:05}"));
    Estate {
        observed_at: "2026-01-01T00:00:00Z".parse().expect("a time"),
        app: "shop".into(),
        load_balancer: LoadBalancer {
            arn: Arn::from("alb"),
            name: "alb".into(),
            dns_name: String::new(),
            vpc: String::new(),
            zones: Vec::new(),
            state: "active".into(),
            attributes: Default::default(),
        },
        listeners: vec![Listener {
            arn: Arn::from("listener"),
            port: 80,
            protocol: "HTTP".into(),
            rules: all,
        }],
        target_groups: vec![TargetGroup {
            name: target_group.clone(),
            arn: Arn::from("tg"),
            generation: Some(Generation(1)),
            settings: Default::default(),
            attributes: Default::default(),
            tags: Tags::new(),
            targets: ids()
                .map(|id| Target {
                    id,
                    state: TargetState::Healthy,
                    reason: None,
                    description: None,
                    zonal_override: None,
                })
                .collect(),
        }],
        groups: vec![Group {
            name: group,
            arn: Arn::from("asg"),
            generation: Some(Generation(1)),
            size: Size {
                min: 1,
                max: instances,
                desired: instances,
            },
            launch: Launch::Template {
                uses: vec![TemplateUse {
                    template: TemplateId::from("lt-1"),
                    name: "shop".into(),
                    version: "1".into(),
                }],
                mixed: false,
                own_images: false,
            },
            settings: Default::default(),
            instances: ids()
                .map(|id| Instance {
                    id,
                    zone: String::new(),
                    lifecycle: "InService".into(),
                    healthy: true,
                    weight: 1,
                    template_version: None,
                })
                .collect(),
            target_groups: vec![target_group],
            other_traffic: Vec::new(),
            suspended: Default::default(),
            attachments: Vec::new(),
            operator: None,
            deleting: false,
            refresh: None,
            tags: Tags::new(),
            failures: Vec::new(),
            created_at: None,
        }],
        templates: Vec::new(),
        image: None,
        taken: TakenNames::default(),
        gaps: Vec::new(),
    }
}

fn deploy() -> Intent {
    Intent::Deploy {
        release: Release {
            name: "42".into(),
            inputs: "0".into(),
            source: Source::Version { number: 2 },
            tags: Tags::new(),
            variant: None,
        },
    }
}

fn plans(criterion: &mut Criterion) {
    let policy = policy();
    for (name, rules, instances) in [
        ("small", 1, 3),
        ("a hundred rules", 97, 3),
        ("a thousand targets", 1, 1000),
    ] {
        let estate = estate(rules, instances);
        plan::plan(&estate, &deploy(), &policy).expect("a plan");
        criterion.bench_function(&format!("plan a deploy: {name}"), |bencher| {
            bencher.iter(|| plan::plan(black_box(&estate), &deploy(), &policy));
        });
    }
}

criterion_group!(benches, plans);
criterion_main!(benches);
