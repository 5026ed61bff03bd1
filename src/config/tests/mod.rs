//! Files and flags that are right, and which of them wins.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::model::policy::{Capacity, RouteSelection, Strategy, Treatment, Want};
use crate::model::routing::Priority;

mod ab;
mod gradual;
mod hooks;
mod judging;
mod mistakes;
mod pair;
mod rolling;

const LEAST: &str = "app = \"ks\"\nload_balancer = \"alb-ks\"\n";

fn nothing(_: &str) -> Option<String> {
    None
}

fn read_with(
    text: &str,
    overrides: &Overrides,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, String> {
    read(text, Path::new("conf/swingbridge.toml"), overrides, env).map_err(|error| error.to_string())
}

fn good(text: &str) -> Config {
    read_with(text, &Overrides::default(), &nothing).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_smallest_file_has_every_default() {
    let config = good(LEAST);
    assert_eq!(config.app, "ks");
    assert_eq!(config.scope.load_balancer, "alb-ks");
    assert_eq!(config.policy.strategy, Strategy::Preview);
    assert_eq!(config.policy.routes, RouteSelection::All);
    assert_eq!(config.policy.doors, None);
    assert_eq!((config.policy.lock.port, config.policy.lock.priority), (80, 1));
    assert_eq!(config.policy.entrance, 2);
    assert_eq!(config.policy.health.want, Want::Percent(100));
    assert_eq!(config.policy.capacity, Capacity::SameAsLive);
    assert_eq!(config.policy.after_promotion.previous, Treatment::Keep);
    assert_eq!(config.policy.swing.confirmations, 3);
    assert_eq!(config.lease, Duration::from_secs(120));
    assert_eq!(config.connection, Connection::default());
    assert_eq!(config.journal, Path::new("conf/.swingbridge"));
}

#[test]
fn every_value_of_a_full_file_arrives() {
    let config = good(
        r#"
app = "shop"
load_balancer = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/shop/50dc6c495c0c9188"
strategy = "direct"
[aws]
region = "eu-west-1"
profile = "ci"
endpoint = "http://localhost:4566"
[names]
group = "shop-asg-{n}"
target_group = "shop-tg-{n}"
[adopted]
generation = 7
group = "web"
target_group = "web-tg"
[[routes]]
listener = 443
priority = 20
[[routes]]
listener = 443
priority = "default"
[doors]
scheme = "role"
header = "x-mode"
blue = "b"
green = "g"
listeners = [80, 443]
blue_priority = 30
green_priority = 31
closed = { status = 456 }
[lock]
listener = 443
priority = 3
entrance_priority = 4
lease = "5m"
[release]
user_data = "boot.sh.j2"
tags = { "cost.center" = "12" }
[health]
want = 3
soak = "1m 30s"
timeout = "1h"
[capacity]
size = { min = 1, max = 4, desired = 3 }
[after_promotion]
previous = { scale = 1 }
after = "10m"
[after_rollback]
candidate = "remove"
[swing]
confirmations = 5
propagation = "45s"
hold = "10m"
on_failure = "stop"
[journal]
dir = "log"
"#,
    );
    insta::assert_debug_snapshot!(config, @r#"
    Config {
        app: "shop",
        policy: Policy {
            strategy: Direct,
            shift: None,
            ab: None,
            judge: None,
            rolling: None,
            names: Names {
                group: NameTemplate {
                    before: "shop-asg-",
                    after: "",
                },
                target_group: NameTemplate {
                    before: "shop-tg-",
                    after: "",
                },
                adopted: Some(
                    Adopted {
                        generation: Generation(
                            7,
                        ),
                        group: GroupName(
                            "web",
                        ),
                        target_group: TargetGroupName(
                            "web-tg",
                        ),
                    },
                ),
                generations: Fresh,
            },
            lock: LockPlace {
                port: 443,
                priority: 3,
            },
            entrance: 4,
            routes: Listed(
                [
                    (
                        443,
                        Numbered(
                            20,
                        ),
                    ),
                    (
                        443,
                        Default,
                    ),
                ],
            ),
            doors: Some(
                Doors {
                    scheme: Role,
                    header: "x-mode",
                    blue: "b",
                    green: "g",
                    closed: FixedResponse {
                        status: 456,
                        content_type: None,
                        body: None,
                    },
                    blue_priority: 30,
                    green_priority: 31,
                    ports: [
                        80,
                        443,
                    ],
                    beacon: None,
                },
            ),
            user_doors: [],
            health: HealthGate {
                want: Count(
                    3,
                ),
                soak: 90s,
                timeout: 3600s,
            },
            capacity: Fixed(
                Size {
                    min: 1,
                    max: 4,
                    desired: 3,
                },
            ),
            after_promotion: AfterPromotion {
                previous: Scale(
                    1,
                ),
                after: 600s,
            },
            after_rollback: Remove,
            swing: Swing {
                confirmations: 5,
                propagation: 45s,
                hold: 600s,
                on_failure: Stop,
            },
            hooks: [],
        },
        scope: Scope {
            app: "shop",
            load_balancer: "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/shop/50dc6c495c0c9188",
            names: Names {
                group: NameTemplate {
                    before: "shop-asg-",
                    after: "",
                },
                target_group: NameTemplate {
                    before: "shop-tg-",
                    after: "",
                },
                adopted: Some(
                    Adopted {
                        generation: Generation(
                            7,
                        ),
                        group: GroupName(
                            "web",
                        ),
                        target_group: TargetGroupName(
                            "web-tg",
                        ),
                    },
                ),
                generations: Fresh,
            },
            image: None,
        },
        connection: Connection {
            region: Some(
                "eu-west-1",
            ),
            profile: Some(
                "ci",
            ),
            endpoint: Some(
                "http://localhost:4566",
            ),
        },
        lease: 300s,
        journal: "conf/log",
        release: ReleaseDefaults {
            user_data: Some(
                "conf/boot.sh.j2",
            ),
            tags: {
                "cost.center": "12",
            },
        },
        notify: [],
        path: "conf/swingbridge.toml",
    }
    "#);
}

#[test]
fn flags_beat_the_environment_which_beats_the_file() {
    let text = format!("{LEAST}[health]\ntimeout = \"1m\"\n");
    let env = |name: &str| (name == "SWINGBRIDGE_HEALTH_TIMEOUT").then(|| "2m".to_owned());
    let flag = Overrides {
        health_timeout: Some("3m".into()),
        ..Overrides::default()
    };
    let timeout = |overrides: &Overrides, env: &dyn Fn(&str) -> Option<String>| {
        let config = read_with(&text, overrides, env).expect("read");
        config.policy.health.timeout.as_secs()
    };
    assert_eq!(timeout(&Overrides::default(), &nothing), 60);
    assert_eq!(timeout(&Overrides::default(), &env), 120);
    assert_eq!(timeout(&flag, &env), 180);
}

#[test]
fn flags_take_numbers_and_tables_where_the_file_does() {
    let flags = Overrides {
        app: Some("123".into()),
        health_want: Some("3".into()),
        after_promotion: Some("scale=1".into()),
        ..Overrides::default()
    };
    let config = read_with(LEAST, &flags, &nothing).expect("read");
    assert_eq!(config.app, "123");
    assert_eq!(config.policy.health.want, Want::Count(3));
    assert_eq!(config.policy.after_promotion.previous, Treatment::Scale(1));
}

#[test]
fn what_is_wrong_with_a_flag_or_a_variable_is_said_by_its_name() {
    let flags = Overrides {
        strategy: Some("previw".into()),
        ..Overrides::default()
    };
    let env = |name: &str| (name == "SWINGBRIDGE_LEASE").then(|| "1s".to_owned());
    let text = read_with(LEAST, &flags, &env).expect_err("refused");
    insta::assert_snapshot!(text, @r#"
    --strategy: `strategy` cannot be "previw"
      did you mean "preview"?
    SWINGBRIDGE_LEASE: `lease` is shorter than 10s
      a holder that is only slow would lose its lock; the default is "2m"
    "#);
}

#[test]
fn an_app_may_be_named_by_the_environment_alone() {
    let env = |name: &str| (name == "SWINGBRIDGE_APP").then(|| "ks".to_owned());
    let config = read_with("load_balancer = \"alb\"\n", &Overrides::default(), &env);
    assert_eq!(config.expect("read").app, "ks");
}

#[test]
fn paths_in_the_file_are_relative_to_it_and_those_of_flags_to_the_current_folder() {
    let text = format!("{LEAST}[journal]\ndir = \"log\"\n[release]\nuser_data = \"~/boot.j2\"\n");
    let env = |name: &str| (name == "HOME").then(|| "/home/op".to_owned());
    let config = read_with(&text, &Overrides::default(), &env).expect("read");
    assert_eq!(config.journal, Path::new("conf/log"));
    assert_eq!(
        config.release.user_data.as_deref(),
        Some(Path::new("/home/op/boot.j2"))
    );
    let flag = Overrides {
        journal: Some("here".into()),
        ..Overrides::default()
    };
    assert_eq!(
        read_with(&text, &flag, &env).expect("read").journal,
        Path::new("here")
    );
}

#[test]
fn the_journal_lives_where_a_system_keeps_state() {
    let journal = |pairs: &[(&str, &str)]| {
        let env = |name: &str| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, v)| (*v).to_owned())
        };
        read_with(LEAST, &Overrides::default(), &env)
            .expect("read")
            .journal
    };
    let home = ("HOME", "/home/op");
    assert_eq!(
        journal(&[home, ("XDG_STATE_HOME", "/state")]),
        Path::new("/state/swingbridge")
    );
    assert_eq!(
        journal(&[home, ("XDG_STATE_HOME", "state")]),
        Path::new("/home/op/.local/state/swingbridge")
    );
}

#[test]
fn a_file_that_is_not_there_says_how_to_get_one() {
    let error = load(
        Some(Path::new("/nowhere/swingbridge.toml")),
        &Overrides::default(),
        &nothing,
    );
    let text = error.expect_err("missing").to_string();
    assert!(
        text.starts_with("there is no /nowhere/swingbridge.toml\n  `swingbridge init`"),
        "{text}"
    );
    assert!(text.contains("init --from-aws"), "{text}");
}

#[test]
fn the_file_may_be_named_by_the_environment() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("other.toml");
    std::fs::write(&path, LEAST).expect("written");
    let env = |name: &str| (name == CONFIG).then(|| path.to_string_lossy().into_owned());
    let config = load(None, &Overrides::default(), &env).expect("read");
    assert_eq!(config.path, path);
}

#[test]
fn the_starter_loads_and_says_what_the_defaults_say() {
    let text = starter();
    let config = good(&text);
    let least =
        good("app = \"my-service\"\nload_balancer = \"my-load-balancer\"\n[doors]\nscheme = \"role\"\n");
    assert_eq!(config, least);
}

#[test]
fn every_example_in_the_starter_that_is_commented_out_would_load() {
    let example = |line: &str| {
        let rest = line.strip_prefix("# ")?;
        let key = rest.split(' ').next()?;
        let is_key = key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        (is_key && rest[key.len()..].starts_with(" = ") || rest.starts_with("[[")).then(|| rest.to_owned())
    };
    let text = starter();
    let lines = text.lines().map(|line| match example(line) {
        // Its second notation is tried by itself.
        Some(rest) if rest.starts_with("size") => String::new(),
        Some(rest) => rest,
        None => line.to_owned(),
    });
    let config = good(&lines.collect::<Vec<_>>().join("\n"));
    assert_eq!(
        config.policy.routes,
        RouteSelection::Listed(vec![(80, Priority::Default)])
    );
    assert_eq!(config.policy.swing.confirmations, 3);
    assert_eq!(config.release.tags["team"], "shop");
    let sized = text.replace("size = \"same-as-live\"\n# size", "size");
    assert!(matches!(good(&sized).policy.capacity, Capacity::Fixed(_)));
}
