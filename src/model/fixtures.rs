//! Estates to test with: the initial scenario of a blue/green deployment and what becomes of it.
//!
//! Each function gives plain data that a test then varies: `point` a rule elsewhere, `mark` a
//! generation, `add_generation`, or change a field.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::doors::{Doors, Scheme};
use super::estate::{Estate, Group, Instance, Launch, LaunchTemplate, LoadBalancer, TakenNames, Target};
use super::estate::{TargetGroup, TemplateUse, TemplateVersion};
use super::hook::{Call, Hook, Place};
use super::ids::{Arn, Generation, GroupName, Size, TargetGroupName, TemplateId};
use super::lock::{Holder, LockPlace};
use super::obligation::HELD_PROCESS;
use super::policy::{AfterPromotion, AfterRollback, Capacity, HealthGate, OnFailure, Policy};
use super::policy::{RouteSelection, Strategy, Swing, Treatment, Want};
use super::release::{Release, Source};
use super::rollout::Refresh;
use super::routing::{Action, Condition, FixedResponse, Listener, Priority, Rule, Share, Sticky};
use super::scope::{Generations, NameTemplate, Names};
use super::shift::{Held, Reached};
use super::standing::State;
use super::tags::{self, Tags};

pub(crate) use super::estate::TargetState;
pub(crate) use pair::{by_turns, free, freed};
pub(crate) use variants::{
    bold_wins, policy_of, test, test_by_header, test_running, test_running_by_header, variants_ready,
};

mod pair;
mod variants;

pub(crate) const APP: &str = "shop";
pub(crate) const LOCK: u32 = 1;
pub(crate) const ENTRANCE: u32 = 2;
pub(crate) const BLUE: u32 = 10;
pub(crate) const GREEN: u32 = 11;

/// Minutes after the moment at which every fixture was observed.
pub(crate) fn minute(minutes: i64) -> Timestamp {
    let observed: Timestamp = "2026-03-02T12:00:00Z".parse().expect("a timestamp");
    observed
        .checked_add(SignedDuration::from_mins(minutes))
        .expect("in range")
}

/// Generation 1 serves with two instances through the default rule and the blue door; green is closed.
/// Nothing carries a tag of ours yet.
pub(crate) fn initial() -> Estate {
    let both = [TargetState::Healthy; 2];
    Estate {
        observed_at: minute(0),
        app: APP.into(),
        load_balancer: LoadBalancer {
            arn: Arn::new("arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/alb-ks/1"),
            name: "alb-ks".into(),
            dns_name: "alb-ks-1.eu-central-1.elb.amazonaws.com".into(),
            vpc: "vpc-1".into(),
            zones: vec!["eu-central-1a".into(), "eu-central-1b".into()],
            state: "active".into(),
            attributes: Default::default(),
        },
        listeners: vec![listener(
            80,
            vec![
                door(80, BLUE, "blue", to(1)),
                door(80, GREEN, "green", closed(404)),
                default_rule(80, to(1)),
            ],
        )],
        target_groups: vec![target_group(1, &both)],
        groups: vec![group(1, 2)],
        templates: vec![template()],
        image: None,
        taken: TakenNames {
            target_groups: [tg(1)].into(),
            groups: [asg(1)].into(),
        },
        gaps: Vec::new(),
    }
}

/// After `deploy --release 42`: generation 2 is a ready candidate behind the green door.
pub(crate) fn deployed() -> Estate {
    let mut estate = initial();
    own(&mut estate, 1);
    mark(&mut estate, 1, State::Live, None);
    add_generation(&mut estate, 2, "42", &[TargetState::Healthy; 2]);
    mark(&mut estate, 2, State::Ready, None);
    owe_minimum(&mut estate, 2, 1);
    point(&mut estate, 80, Priority::Numbered(GREEN), to(2));
    estate
}

/// After `promote`: generation 2 is live, generation 1 stands by at full capacity behind the entrance.
pub(crate) fn promoted() -> Estate {
    let mut estate = deployed();
    point(&mut estate, 80, Priority::Numbered(BLUE), to(2));
    point(&mut estate, 80, Priority::Numbered(GREEN), closed(404));
    point(&mut estate, 80, Priority::Default, to(2));
    mark(&mut estate, 1, State::Previous, None);
    mark(&mut estate, 2, State::Live, Some(1));
    group_mut(&mut estate, 2).tags.remove(tags::OWES_MIN);
    group_mut(&mut estate, 2).size.min = 1;
    owe_minimum(&mut estate, 1, 1);
    add_rule(&mut estate, entrance(to(1)));
    estate
}

/// While `promote` swings: the default rule leads to generation 2 already, the door does not.
pub(crate) fn halfway() -> Estate {
    let mut estate = deployed();
    add_rule(
        &mut estate,
        rule(80, Priority::Numbered(20), &[path("/api/*")], to(1)),
    );
    mark(&mut estate, 2, State::Promoting, Some(1));
    point(&mut estate, 80, Priority::Default, to(2));
    estate
}

/// While `promote` goes share by share: generation 2 has this much of production, since minute 0.
pub(crate) fn shared(stage: u32, weight: u32, held: Option<Held>) -> Estate {
    let mut estate = deployed();
    for n in [1, 2] {
        let group = group_mut(&mut estate, n);
        let suspended = &mut group.suspended;
        suspended.insert(HELD_PROCESS.into(), "User suspended".into());
        group.tags.insert(tags::OWES_RESUME.into(), HELD_PROCESS.into());
        owe_minimum(&mut estate, n, 1);
    }
    add_rule(&mut estate, entrance(to(1)));
    mark(&mut estate, 2, State::Promoting, Some(1));
    point(&mut estate, 80, Priority::Default, split(weight));
    let reached = Reached {
        stage,
        weight,
        held,
        since: minute(0),
    };
    let tags = &mut target_group_mut(&mut estate, 2).tags;
    tags.insert(tags::STAGE.into(), reached.tag());
    estate
}

/// Generation 2 has this much of a rule's requests, generation 1 the rest.
pub(crate) fn split(weight: u32) -> Action {
    let share = |n, weight| Share {
        target_group: tg(n),
        weight,
    };
    Action::Forward {
        shares: vec![share(1, 100 - weight), share(2, weight)],
    }
}

/// After `rollback`: generation 1 is live again, generation 2 is kept for a look.
pub(crate) fn rolled_back() -> Estate {
    let mut estate = promoted();
    point(&mut estate, 80, Priority::Numbered(BLUE), to(1));
    point(&mut estate, 80, Priority::Default, to(1));
    remove_rule(&mut estate, 80, Priority::Numbered(ENTRANCE));
    mark(&mut estate, 1, State::Restored, None);
    mark(&mut estate, 2, State::RolledBack, Some(1));
    group_mut(&mut estate, 1).tags.remove(tags::OWES_MIN);
    group_mut(&mut estate, 1).size.min = 1;
    estate
}

pub(crate) fn policy() -> Policy {
    Policy {
        strategy: Strategy::Preview,
        shift: None,
        ab: None,
        judge: None,
        rolling: None,
        names: Names {
            group: NameTemplate::try_from("asg-{n}".to_owned()).expect("a template"),
            target_group: NameTemplate::try_from("tg-{n}".to_owned()).expect("a template"),
            adopted: None,
            generations: Generations::Fresh,
        },
        lock: LockPlace {
            port: 80,
            priority: LOCK,
        },
        entrance: ENTRANCE,
        routes: RouteSelection::All,
        doors: Some(Doors {
            scheme: Scheme::Role,
            beacon: None,
            header: "x-client-mode".into(),
            blue: "blue".into(),
            green: "green".into(),
            closed: fixed(404),
            blue_priority: BLUE,
            green_priority: GREEN,
            ports: vec![80],
        }),
        user_doors: Vec::new(),
        health: HealthGate {
            want: Want::Percent(100),
            soak: Duration::from_secs(30),
            timeout: Duration::from_secs(900),
        },
        capacity: Capacity::SameAsLive,
        after_promotion: AfterPromotion {
            previous: Treatment::Keep,
            after: Duration::ZERO,
        },
        after_rollback: AfterRollback::Keep,
        swing: Swing {
            confirmations: 3,
            propagation: Duration::from_secs(10),
            hold: Duration::ZERO,
            on_failure: OnFailure::PutBack,
        },
        hooks: Vec::new(),
    }
}

/// A command that is called at that place.
pub(crate) fn hook(at: Place) -> Hook {
    Hook {
        at,
        call: Call::Command {
            argv: vec![format!("./{at}.sh")],
            env: Vec::new(),
        },
        timeout: Duration::from_secs(60),
        retries: 0,
        gate: None,
        required: false,
    }
}

pub(crate) fn release(name: &str) -> Release {
    Release {
        name: name.into(),
        inputs: format!("inputs-of-{name}"),
        source: Source::Version { number: 8 },
        tags: Tags::new(),
        variant: None,
    }
}

pub(crate) fn tg(n: u32) -> TargetGroupName {
    TargetGroupName::new(format!("tg-{n}"))
}

pub(crate) fn asg(n: u32) -> GroupName {
    GroupName::new(format!("asg-{n}"))
}

/// Every request to `tg-n`.
pub(crate) fn to(n: u32) -> Action {
    Action::to(&tg(n))
}

pub(crate) fn fixed(status: u16) -> FixedResponse {
    FixedResponse {
        status,
        content_type: None,
        body: None,
    }
}

pub(crate) fn closed(status: u16) -> Action {
    Action::Fixed(fixed(status))
}

/// A group of generation `n` with so many instances in service, one capacity unit each.
pub(crate) fn group(n: u32, instances: u32) -> Group {
    Group {
        name: asg(n),
        arn: Arn::new(format!("arn:aws:autoscaling:eu-central-1:1:autoScalingGroup:{n}")),
        generation: Some(Generation(n)),
        size: Size {
            min: 1,
            max: 4,
            desired: instances,
        },
        launch: Launch::Template {
            uses: vec![TemplateUse {
                template: TemplateId::from("lt-1"),
                name: "shop".into(),
                version: (6 + n).to_string(),
            }],
            mixed: false,
            own_images: false,
        },
        settings: Default::default(),
        instances: (0..instances)
            .map(|index| Instance {
                id: instance(n, index),
                zone: "eu-central-1a".into(),
                lifecycle: "InService".into(),
                healthy: true,
                weight: 1,
                template_version: Some((6 + n).to_string()),
            })
            .collect(),
        target_groups: vec![tg(n)],
        other_traffic: Vec::new(),
        suspended: Default::default(),
        attachments: Vec::new(),
        operator: None,
        deleting: false,
        refresh: None,
        tags: Tags::new(),
        failures: Vec::new(),
        created_at: Some(minute(-60 * 24 * 3)),
    }
}

/// An instance refresh of somebody.
pub(crate) fn refresh(status: &str) -> Refresh {
    Refresh {
        id: "r-somebody".into(),
        status: status.into(),
        reason: None,
        percent: 40,
        left: 2,
        to: None,
    }
}

/// A target group of generation `n`; its targets are the group's instances in order.
pub(crate) fn target_group(n: u32, states: &[TargetState]) -> TargetGroup {
    TargetGroup {
        name: tg(n),
        arn: Arn::new(format!(
            "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/tg-{n}/1"
        )),
        generation: Some(Generation(n)),
        settings: Default::default(),
        attributes: Default::default(),
        tags: Tags::new(),
        targets: (0..)
            .zip(states)
            .map(|(index, state)| Target {
                id: instance(n, index),
                state: *state,
                reason: None,
                description: None,
                zonal_override: None,
            })
            .collect(),
    }
}

pub(crate) fn instance(n: u32, index: u32) -> String {
    format!("i-{n}{index:03}")
}

pub(crate) fn listener(port: u16, rules: Vec<Rule>) -> Listener {
    Listener {
        arn: Arn::new(format!(
            "arn:aws:elasticloadbalancing:eu-central-1:1:listener/app/alb-ks/1/{port}"
        )),
        port,
        protocol: if port == 443 { "HTTPS" } else { "HTTP" }.into(),
        rules,
    }
}

pub(crate) fn rule(port: u16, priority: Priority, conditions: &[Condition], action: Action) -> Rule {
    let name = match priority {
        Priority::Numbered(number) => number.to_string(),
        Priority::Default => "default".into(),
    };
    Rule {
        arn: Arn::new(format!(
            "arn:aws:elasticloadbalancing:eu-central-1:1:listener-rule/app/alb-ks/1/{port}/{name}"
        )),
        port,
        priority,
        conditions: conditions.to_vec(),
        action,
        sticky: Sticky::Off,
        also: Vec::new(),
        tags: Tags::new(),
        keeps: format!("keeps-{port}-{name}"),
    }
}

pub(crate) fn default_rule(port: u16, action: Action) -> Rule {
    rule(port, Priority::Default, &[], action)
}

pub(crate) fn door(port: u16, priority: u32, value: &str, action: Action) -> Rule {
    rule(
        port,
        Priority::Numbered(priority),
        &[header("x-client-mode", value)],
        action,
    )
}

pub(crate) fn entrance(action: Action) -> Rule {
    let mut rule = rule(
        80,
        Priority::Numbered(ENTRANCE),
        &[header("x-swingbridge", "unguessable")],
        action,
    );
    rule.tags = Tags::from([
        (tags::APP.into(), APP.into()),
        (tags::RULE.into(), "entrance".into()),
    ]);
    rule
}

/// The lock rule as `holder` made it, leading to `action`.
pub(crate) fn lock_rule(holder: &Holder, action: Action) -> Rule {
    let mut rule = rule(
        80,
        Priority::Numbered(LOCK),
        &[header("x-swingbridge", "unguessable")],
        action,
    );
    rule.tags = holder.to_tags(APP);
    rule
}

/// A pipeline that took the lock twelve minutes ago and was alive one minute ago.
pub(crate) fn holder() -> Holder {
    Holder {
        owner: "ci".into(),
        host: "runner-7".into(),
        process: "boot/1/42/7".into(),
        command: "swingbridge deploy".into(),
        run: "run-1".into(),
        url: Some("https://ci.example.com/shop/17".into()),
        since: minute(-12),
        beat: minute(-1),
        lease: Duration::from_secs(180),
    }
}

pub(crate) fn header(name: &str, value: &str) -> Condition {
    Condition::Header {
        name: name.into(),
        values: vec![value.into()],
    }
}

pub(crate) fn path(pattern: &str) -> Condition {
    Condition::Other {
        text: format!("path {pattern}"),
    }
}

/// Adds generation `n`, ours, with one instance per target, and no rule that leads to it.
pub(crate) fn add_generation(estate: &mut Estate, n: u32, release: &str, states: &[TargetState]) {
    let mut group = group(n, states.len() as u32);
    group.created_at = Some(minute(-30));
    estate.groups.push(group);
    estate.target_groups.push(target_group(n, states));
    estate.taken.groups.insert(asg(n));
    estate.taken.target_groups.insert(tg(n));
    own(estate, n);
    for tags in tags_mut(estate, n) {
        tags.insert(tags::RELEASE.into(), release.into());
        tags.insert(tags::INPUTS.into(), format!("inputs-of-{release}"));
    }
}

/// Tags both parts of generation `n` as ours.
pub(crate) fn own(estate: &mut Estate, n: u32) {
    for tags in tags_mut(estate, n) {
        tags.insert(tags::APP.into(), APP.into());
        tags.insert(tags::GENERATION.into(), n.to_string());
    }
}

/// Writes where generation `n` stands, five minutes ago.
pub(crate) fn mark(estate: &mut Estate, n: u32, state: State, previous: Option<u32>) {
    let tags = &mut target_group_mut(estate, n).tags;
    tags.insert(tags::STATE.into(), state.tag(minute(-5)));
    match previous {
        Some(previous) => tags.insert(tags::PREVIOUS.into(), previous.to_string()),
        None => tags.remove(tags::PREVIOUS),
    };
}

/// Holds group `n` at what it has; its minimum was `was`.
pub(crate) fn owe_minimum(estate: &mut Estate, n: u32, was: u32) {
    let group = group_mut(estate, n);
    group.size.min = group.size.desired;
    group.tags.insert(tags::OWES_MIN.into(), was.to_string());
}

/// Holds group `n` in full, as a run does: minimum raised, schedules off, both written down.
pub(crate) fn hold(estate: &mut Estate, n: u32) {
    owe_minimum(estate, n, 1);
    let group = group_mut(estate, n);
    group
        .suspended
        .insert(HELD_PROCESS.into(), "User suspended".into());
    group.tags.insert(tags::OWES_RESUME.into(), HELD_PROCESS.into());
}

/// Changes where the rule at that place leads.
pub(crate) fn point(estate: &mut Estate, port: u16, priority: Priority, action: Action) {
    rule_mut(estate, port, priority).action = action;
}

/// Adds a rule to its listener, in order of evaluation.
pub(crate) fn add_rule(estate: &mut Estate, rule: Rule) {
    let listener = estate
        .listeners
        .iter_mut()
        .find(|listener| listener.port == rule.port)
        .expect("the listener exists");
    listener.rules.push(rule);
    listener.rules.sort_by_key(|rule| rule.priority);
}

pub(crate) fn remove_rule(estate: &mut Estate, port: u16, priority: Priority) {
    for listener in &mut estate.listeners {
        listener
            .rules
            .retain(|rule| rule.port != port || rule.priority != priority);
    }
}

pub(crate) fn rule_mut(estate: &mut Estate, port: u16, priority: Priority) -> &mut Rule {
    estate
        .listeners
        .iter_mut()
        .flat_map(|listener| &mut listener.rules)
        .find(|rule| rule.port == port && rule.priority == priority)
        .expect("the rule exists")
}

pub(crate) fn group_mut(estate: &mut Estate, n: u32) -> &mut Group {
    estate
        .groups
        .iter_mut()
        .find(|group| group.generation == Some(Generation(n)))
        .expect("the group exists")
}

pub(crate) fn target_group_mut(estate: &mut Estate, n: u32) -> &mut TargetGroup {
    estate
        .target_groups
        .iter_mut()
        .find(|tg| tg.generation == Some(Generation(n)))
        .expect("the target group exists")
}

fn tags_mut(estate: &mut Estate, n: u32) -> Vec<&mut Tags> {
    let groups = estate
        .groups
        .iter_mut()
        .filter(|group| group.generation == Some(Generation(n)))
        .map(|group| &mut group.tags);
    let target_groups = estate
        .target_groups
        .iter_mut()
        .filter(|tg| tg.generation == Some(Generation(n)))
        .map(|tg| &mut tg.tags);
    groups.chain(target_groups).collect()
}

fn template() -> LaunchTemplate {
    LaunchTemplate {
        id: TemplateId::from("lt-1"),
        name: "shop".into(),
        default_version: 7,
        latest_version: 8,
        versions: [8, 7]
            .map(|number| TemplateVersion {
                number,
                description: None,
                image: Some(format!("ami-{number}")),
                user_data: None,
            })
            .into(),
    }
}
