//! Estates as they are found in the wild, and what becomes of them.

use std::path::Path;

use jiff::Timestamp;

use super::*;
use crate::config::{Config, Overrides, read};
use crate::model::estate::{Launch, LoadBalancer, TakenNames, Target, TemplateUse};
use crate::model::ids::{Arn, Size, TemplateId};
use crate::model::routing::{FixedResponse, Share, Sticky};
use crate::model::tags::Tags;

fn to(name: &str) -> Action {
    Action::to(&name.into())
}

fn closed() -> Action {
    Action::Fixed(FixedResponse {
        status: 456,
        content_type: Some("text/plain".into()),
        body: Some("say \"please\"".into()),
    })
}

fn header(name: &str, value: &str) -> Vec<Condition> {
    vec![Condition::Header {
        name: name.into(),
        values: vec![value.into()],
    }]
}

fn path(text: &str) -> Vec<Condition> {
    vec![Condition::Other {
        text: format!("path {text}"),
    }]
}

/// A listener on a port with these numbered rules, and a default rule.
fn listener(port: u16, default: Action, numbered: Vec<(u32, Vec<Condition>, Action)>) -> Listener {
    let rule = |priority, conditions, action, name: String| Rule {
        arn: Arn::new(format!("arn:rule/{port}/{name}")),
        port,
        priority,
        conditions,
        action,
        sticky: Sticky::Off,
        also: Vec::new(),
        tags: Tags::new(),
        keeps: String::new(),
    };
    let mut rules: Vec<Rule> = numbered
        .into_iter()
        .map(|(number, conditions, action)| {
            rule(Priority::Numbered(number), conditions, action, number.to_string())
        })
        .collect();
    rules.push(rule(Priority::Default, Vec::new(), default, "default".into()));
    Listener {
        arn: Arn::new(format!("arn:listener/{port}")),
        port,
        protocol: "HTTP".into(),
        rules,
    }
}

fn fleet(target_group: &str, group: &str) -> (TargetGroup, Group) {
    let tg = TargetGroup {
        name: target_group.into(),
        arn: Arn::new(format!("arn:{target_group}")),
        generation: None,
        settings: Default::default(),
        attributes: Default::default(),
        tags: Tags::new(),
        targets: vec![Target {
            id: "i-1".into(),
            state: TargetState::Healthy,
            reason: None,
            description: None,
            zonal_override: None,
        }],
    };
    let group = Group {
        name: group.into(),
        arn: Arn::new(format!("arn:{group}")),
        generation: None,
        size: Size {
            min: 1,
            max: 4,
            desired: 1,
        },
        launch: Launch::Template {
            uses: vec![TemplateUse {
                template: TemplateId::from("lt-1"),
                name: "web".into(),
                version: "3".into(),
            }],
            mixed: false,
            own_images: false,
        },
        settings: Default::default(),
        instances: Vec::new(),
        target_groups: vec![target_group.into()],
        other_traffic: Vec::new(),
        suspended: Default::default(),
        attachments: Vec::new(),
        operator: None,
        deleting: false,
        refresh: None,
        tags: Tags::new(),
        failures: Vec::new(),
        created_at: None,
    };
    (tg, group)
}

fn estate(name: &str, listeners: Vec<Listener>, fleets: Vec<(TargetGroup, Group)>) -> Estate {
    let (target_groups, groups) = fleets.into_iter().unzip();
    Estate {
        observed_at: Timestamp::UNIX_EPOCH,
        app: String::new(),
        load_balancer: LoadBalancer {
            arn: Arn::new(format!(
                "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/{name}/50dc"
            )),
            name: name.into(),
            dns_name: String::new(),
            vpc: "vpc-1".into(),
            zones: Vec::new(),
            state: "active".into(),
            attributes: Default::default(),
        },
        listeners,
        target_groups,
        groups,
        templates: Vec::new(),
        image: None,
        taken: TakenNames::default(),
        gaps: Vec::new(),
    }
}

/// Seed 001's initial scenario.
fn kie() -> Estate {
    let rules = vec![
        (10, header("x-client-mode", "blue"), to("tg-1")),
        (11, header("x-client-mode", "green"), closed()),
    ];
    estate(
        "alb-ks",
        vec![listener(80, to("tg-1"), rules)],
        vec![fleet("tg-1", "asg-1")],
    )
}

fn config(discovery: &Discovery) -> Config {
    read(
        &discovery.config_text,
        Path::new("swingbridge.toml"),
        &Overrides::default(),
        &|_| None,
    )
    .unwrap_or_else(|error| panic!("{error}\n{}", discovery.config_text))
}

fn found(estate: &Estate) -> Discovery {
    discover(estate, None, None, None).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(estate: &Estate, listener: Option<u16>) -> String {
    discover(estate, listener, None, None)
        .expect_err("refused")
        .to_string()
}

#[test]
fn the_scenario_of_the_first_seed_is_found_whole() {
    let discovery = found(&kie());
    let config = config(&discovery);
    assert_eq!(config.app, "alb-ks");
    assert_eq!(config.connection.region.as_deref(), Some("eu-west-1"));
    assert_eq!(String::from(config.policy.names.group), "asg-{n}");
    assert_eq!(String::from(config.policy.names.target_group), "tg-{n}");
    assert_eq!(config.policy.names.adopted, None);
    let doors = config.policy.doors.expect("doors");
    assert_eq!(
        (doors.header.as_str(), doors.blue.as_str(), doors.green.as_str()),
        ("x-client-mode", "blue", "green")
    );
    assert_eq!((doors.blue_priority, doors.green_priority), (10, 11));
    assert_eq!(doors.ports, [80]);
    assert_eq!(Action::Fixed(doors.closed), closed());
    assert_eq!(
        (
            config.policy.lock.port,
            config.policy.lock.priority,
            config.policy.entrance
        ),
        (80, 1, 2)
    );
    assert_eq!(
        discovery.findings,
        [
            "load balancer alb-ks in eu-west-1",
            "live is generation 1: tg-1 with asg-1 (1 (min 1, max 4), healthy 1)",
            "production: :80 default rule",
            "doors on :80: x-client-mode=blue leads to live, x-client-mode=green is closed (456)",
            "names: tg-{n} and asg-{n}",
            "free for Swingbridge's own rules on :80: priorities 1 and 2",
        ]
    );
    assert_eq!(discovery.warnings, [""; 0]);
    assert_eq!(discovery.adopt.generation, Generation(1));
    assert_eq!(discovery.adopt.group, GroupName::from("asg-1"));
    assert_eq!(discovery.adopt.target_group, TargetGroupName::from("tg-1"));
    assert_eq!(discovery.adopt.doors.len(), 2);
}

#[test]
fn a_foreign_estate_with_two_listeners_and_path_rules_is_found() {
    let mut shop = estate(
        "shop",
        vec![
            listener(
                443,
                to("shop-tg-7"),
                vec![
                    (2, header("X-Stage", "live"), to("shop-tg-7")),
                    (3, header("x-stage", "next"), to("shop-tg-8")),
                    (20, path("/api/*"), to("shop-tg-7")),
                    (30, path("/admin/*"), to("admin")),
                ],
            ),
            listener(
                80,
                Action::Other {
                    text: "redirect".into(),
                },
                Vec::new(),
            ),
        ],
        vec![fleet("shop-tg-7", "shop-asg-7"), fleet("shop-tg-8", "shop-asg-8")],
    );
    let too_tight = refused(&shop, None);
    assert!(
        too_tight.contains(
            "--rule-priorities RuleArn=arn:rule/443/2,Priority=3 RuleArn=arn:rule/443/3,Priority=4"
        ),
        "{too_tight}"
    );

    shop.listeners[0].rules[0].priority = Priority::Numbered(4);
    shop.listeners[0].rules[1].priority = Priority::Numbered(5);
    let discovery = discover(&shop, None, Some("shop-web"), None).expect("found");
    let config = config(&discovery);
    assert_eq!(config.app, "shop-web");
    assert_eq!(String::from(config.policy.names.group), "shop-asg-{n}");
    assert_eq!(discovery.adopt.generation, Generation(7));
    let doors = config.policy.doors.expect("doors");
    assert_eq!((doors.blue.as_str(), doors.green.as_str()), ("live", "next"));
    assert_eq!((doors.closed.status, doors.ports), (404, vec![443]));
    assert_eq!((config.policy.lock.port, config.policy.lock.priority), (443, 1));
    assert_eq!(
        discovery.findings[2],
        "production: :443 rule 20, :443 default rule"
    );
    assert!(
        discovery.warnings[0].starts_with("X-Stage=next leads to shop-tg-8 (:443 rule 5)"),
        "{:?}",
        discovery.warnings
    );
}

#[test]
fn names_without_numbers_are_adopted_as_the_first_generation() {
    let web = estate(
        "web",
        vec![listener(80, to("web"), Vec::new())],
        vec![fleet("web", "web-asg")],
    );
    let discovery = found(&web);
    let config = config(&discovery);
    let adopted = config.policy.names.adopted.clone().expect("adopted");
    assert_eq!(adopted.generation, Generation(1));
    assert_eq!(adopted.group, GroupName::from("web-asg"));
    assert_eq!(String::from(config.policy.names.target_group.clone()), "web-{n}");
    assert_eq!(config.policy.doors, None);
    assert!(
        discovery
            .config_text
            .contains("# To have them, choose two priorities")
    );
    assert!(discovery.config_text.contains("The next one is 2."));
}

#[test]
fn two_listeners_that_disagree_are_not_chosen_between() {
    let two = estate(
        "two",
        vec![
            listener(80, to("tg-1"), Vec::new()),
            listener(8080, to("other-4"), Vec::new()),
        ],
        vec![fleet("tg-1", "asg-1"), fleet("other-4", "other-asg-4")],
    );
    assert_eq!(
        refused(&two, None),
        "several target groups could be live: :80 default rule → tg-1, :8080 default rule → other-4\n  choose with \
         --listener PORT"
    );
    let chosen = discover(&two, Some(8080), None, None).expect("found");
    assert_eq!(chosen.adopt.target_group, TargetGroupName::from("other-4"));
    assert_eq!(config(&chosen).policy.lock.port, 8080);
    assert_eq!(
        refused(&two, Some(81)),
        "two has no listener on port 81\n  pass --listener with one of 80, 8080"
    );
}

#[test]
fn without_free_priorities_the_command_that_makes_room_keeps_the_order() {
    let mut full = kie();
    full.listeners[0] = listener(
        80,
        to("tg-1"),
        vec![
            (1, header("x-client-mode", "blue"), to("tg-1")),
            (3, header("x-client-mode", "green"), closed()),
            (4, path("/static"), to("files")),
            (9, path("/api"), to("tg-1")),
        ],
    );
    assert_eq!(
        refused(&full, None),
        "two priorities must be free before the first rule of this app on :80, which is at 1\n  move the rules, in \
         the same order, with:\n  aws elbv2 set-rule-priorities --region eu-west-1 --rule-priorities \
         RuleArn=arn:rule/80/1,Priority=3 RuleArn=arn:rule/80/3,Priority=4 RuleArn=arn:rule/80/4,Priority=5"
    );
}

#[test]
fn free_priorities_are_found_between_rules_of_others() {
    let mut busy = kie();
    busy.listeners[0].rules.insert(
        0,
        listener(80, to("x"), vec![(1, path("/health"), to("files"))])
            .rules
            .remove(0),
    );
    let config = config(&found(&busy));
    assert_eq!((config.policy.lock.priority, config.policy.entrance), (2, 3));
}

#[test]
fn an_earlier_lock_and_entrance_are_not_in_their_own_way() {
    let mut again = kie();
    for (number, kind) in [(1, "lock"), (2, "entrance")] {
        let mut rule = listener(80, to("x"), vec![(number, header("x-lock", "abc"), closed())])
            .rules
            .remove(0);
        rule.tags.insert(tags::RULE.into(), kind.into());
        rule.tags.insert(tags::APP.into(), "ks".into());
        again.listeners[0].rules.insert(0, rule);
    }
    let places = |app| {
        let config = config(&discover(&again, None, Some(app), None).expect("found"));
        (config.policy.lock.priority, config.policy.entrance)
    };
    assert_eq!(places("ks"), (1, 2));
    assert_eq!(places("another"), (3, 4));
}

#[test]
fn another_app_on_the_load_balancer_is_warned_of() {
    let mut shared = kie();
    let mut other = fleet("shop-1", "shop-asg-1");
    other.0.tags = Tags::from([(tags::APP.to_owned(), "shop".to_owned())]);
    shared.target_groups.push(other.0);
    shared.groups.push(other.1);
    let warnings = found(&shared).warnings;
    assert_eq!(
        warnings,
        [
            "shop is deployed behind this load balancer as well: give [lock] priorities that its own configuration does \
          not use"
        ]
    );
}

#[test]
fn doors_that_stand_where_the_lock_would_on_another_listener_still_load() {
    let two = estate(
        "two",
        vec![
            listener(80, to("tg-1"), Vec::new()),
            listener(
                443,
                to("tg-1"),
                vec![
                    (1, header("x-m", "blue"), to("tg-1")),
                    (2, header("x-m", "green"), closed()),
                ],
            ),
        ],
        vec![fleet("tg-1", "asg-1")],
    );
    let config = config(&found(&two));
    assert_eq!((config.policy.lock.port, config.policy.lock.priority), (80, 1));
    assert_eq!(config.policy.doors.expect("doors").ports, [443]);
}

#[test]
fn production_may_have_rules_of_its_own_under_a_default_that_forwards_nowhere() {
    let hosts = estate(
        "hosts",
        vec![listener(443, closed(), vec![(5, path("/"), to("tg-3"))])],
        vec![fleet("tg-3", "asg-3")],
    );
    assert_eq!(found(&hosts).adopt.generation, Generation(3));
    let nowhere = estate("none", vec![listener(443, closed(), Vec::new())], Vec::new());
    assert!(
        refused(&nowhere, None)
            .starts_with("no rule forwards to one target group: :443 default rule: closed (456)"),
        "{}",
        refused(&nowhere, None)
    );
}

#[test]
fn a_split_production_is_refused() {
    let mut split = kie();
    split.listeners[0].rules[2].action = Action::Forward {
        shares: ["tg-1", "tg-2"]
            .map(|name| Share {
                target_group: name.into(),
                weight: 50,
            })
            .into(),
    };
    assert_eq!(
        refused(&split, None),
        "production is split: :80 default rule forwards to tg-1:50 tg-2:50\n  give all its weight to one target group \
         first"
    );
}

#[test]
fn live_has_exactly_one_group() {
    let mut none = kie();
    none.groups.clear();
    assert!(refused(&none, None).starts_with("no Auto Scaling group stands on tg-1"));
    let mut two = kie();
    two.groups.push(fleet("tg-1", "batch").1);
    assert!(refused(&two, None).starts_with("several Auto Scaling groups stand on tg-1: asg-1, batch"));
}

#[test]
fn two_headers_that_both_look_like_doors_are_left_to_a_person() {
    let mut both = kie();
    let more = listener(
        80,
        to("x"),
        vec![
            (12, header("x-beta", "off"), to("tg-1")),
            (13, header("x-beta", "on"), closed()),
        ],
    );
    both.listeners[0]
        .rules
        .splice(0..0, more.rules.into_iter().take(2));
    let discovery = found(&both);
    assert_eq!(config(&discovery).policy.doors, None);
    assert!(
        discovery.warnings[0].starts_with("several headers look like doors (x-beta, x-client-mode)"),
        "{:?}",
        discovery.warnings
    );
}

#[test]
fn every_trap_is_named() {
    let mut traps = kie();
    let group = &mut traps.groups[0];
    group.launch = Launch::Template {
        uses: vec![TemplateUse {
            template: TemplateId::from("lt-1"),
            name: "web".into(),
            version: "$Latest".into(),
        }],
        mixed: false,
        own_images: false,
    };
    group.settings = [("HealthCheckType", "ELB"), ("HealthCheckGracePeriod", "0")]
        .map(|(k, v)| (k.into(), v.into()))
        .into();
    group.target_groups.push("grpc".into());
    group.other_traffic.push("classic".into());
    let tg = &mut traps.target_groups[0];
    tg.attributes = [
        ("stickiness.enabled", "true"),
        ("slow_start.duration_seconds", "60"),
    ]
    .map(|(k, v)| (k.into(), v.into()))
    .into();
    tg.targets.clear();
    tg.tags = Tags::from([(tags::APP.to_owned(), "ks".to_owned())]);
    traps.listeners[0].rules[2]
        .also
        .push("group stickiness for 3600 s".into());
    let warnings = discover(&traps, None, Some("other"), None)
        .expect("found")
        .warnings;
    for part in [
        "asg-1 starts from $Latest of launch template web",
        "asg-1 replaces instances by the load balancer's health check with no grace period",
        "asg-1 also takes traffic from grpc, classic",
        ":80 default rule has group stickiness for 3600 s",
        "tg-1 has sticky sessions",
        "tg-1 has slow start (60 s)",
        "tg-1 has no healthy target",
        "tg-1 carries the tag of another app, ks: use --app ks",
    ] {
        assert!(
            warnings.iter().any(|warning| warning.starts_with(part)),
            "{part} is not in {warnings:#?}"
        );
    }
    assert_eq!(warnings.len(), 8, "{warnings:#?}");
    assert_eq!(found(&traps).adopt.app, "ks");
}
