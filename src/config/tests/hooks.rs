//! `[[hooks]]` and `[[notify]]`: what they become, and what is said when they are wrong.

use super::*;
use crate::model::hook::{Call, Gate, Hook, Place};
use crate::model::notify::{Address, Notify, Occasion, Template};

const LEAST: &str = "app = \"shop\"\nload_balancer = \"alb\"\n";

fn config(text: &str) -> Config {
    read(
        &format!("{LEAST}{text}"),
        Path::new("swingbridge.toml"),
        &Overrides::default(),
        &nothing,
    )
    .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn hooks_are_read_with_their_defaults() {
    let text = r#"
[[hooks]]
at = "before-traffic"
run = ["./smoke.sh", "--quick"]
env = ["TOKEN"]
timeout = "2m"
retries = 2

[[hooks]]
at = "after-promote"
run = "date > done"
shell = true
required = true

[[hooks]]
at = "before-promote"
post = "https://gate.example/ask"
secret_env = "HOOK_SECRET"
gate = true
expires = "4h"
"#;
    let plain = Hook {
        at: Place::BeforeTraffic,
        call: Call::Command {
            argv: vec!["./smoke.sh".into(), "--quick".into()],
            env: vec!["TOKEN".into()],
        },
        timeout: Duration::from_secs(120),
        retries: 2,
        gate: None,
        required: false,
    };
    assert_eq!(
        config(text).policy.hooks,
        [
            plain,
            Hook {
                at: Place::AfterPromote,
                call: Call::Shell {
                    script: "date > done".into(),
                    env: Vec::new(),
                },
                timeout: Duration::from_secs(60),
                retries: 0,
                gate: None,
                required: true,
            },
            Hook {
                at: Place::BeforePromote,
                call: Call::Webhook {
                    url: "https://gate.example/ask".into(),
                    secret_env: Some("HOOK_SECRET".into()),
                },
                timeout: Duration::from_secs(60),
                retries: 0,
                gate: Some(Gate {
                    every: Duration::from_secs(15),
                    expires: Duration::from_secs(4 * 3600),
                }),
                required: false,
            }
        ]
    );
}

#[test]
fn who_is_told_is_read() {
    let text = "[[notify]]\non = [\"promoted\", \"failed\"]\nurl_env = \"SLACK\"\ntemplate = \"slack\"\n";
    assert_eq!(
        config(text).notify,
        [Notify {
            on: vec![Occasion::Promoted, Occasion::Failed],
            to: Address::Variable("SLACK".into()),
            template: Template::Slack,
            timeout: Duration::from_secs(5),
        }]
    );
}

#[test]
fn what_contradicts_itself_is_said_at_its_line_with_its_way_out() {
    let hook = |text: &str| format!("[[hooks]]\nat = \"before-traffic\"\n{text}\n");
    let notify = |text: &str| format!("[[notify]]\non = [\"failed\"]\n{text}\n");
    for (text, message) in [
        (hook(""), "4: this hook calls nothing"),
        (
            hook("run = \"./a.sh\""),
            "5: `run` is a text, which no shell reads",
        ),
        (
            hook("shell = true\nrun = [\"a\"]"),
            "6: `run` is a list, but `shell` is true",
        ),
        (
            hook("run = [\"a\"]\npost = \"https://a\""),
            "6: this hook has both `run` and `post`",
        ),
        (
            hook("post = \"a.example\""),
            "5: `post` is \"a.example\", which is not an address",
        ),
        (
            hook("post = \"https://me:pw@a.example\""),
            "5: `post` has a user in it",
        ),
        (
            hook("post = \"https://a\"\nenv = [\"A\"]"),
            "6: `env` is for commands",
        ),
        (
            hook("run = [\"a\"]\nsecret_env = \"A\""),
            "6: `secret_env` is for webhooks",
        ),
        (hook("run = [\"a\"]\nevery = \"1s\""), "6: `every` is for gates"),
        (
            hook("run = [\"a\"]\nrequired = true"),
            "6: `required` is for `after-promote` only",
        ),
        (
            "[[hooks]]\nat = \"on-rollback\"\nrun = [\"a\"]\ngate = true\n".into(),
            "6: nothing waits for a gate at this place",
        ),
        (
            hook("run = [\"a\"]\ngate = 1"),
            "6: `gate` is a whole number, but must be true or false",
        ),
        (
            "[[hooks]]\nat = \"before-trafic\"\nrun = [\"a\"]\n".into(),
            "4: `at` cannot be \"before-trafic\"",
        ),
        (hook("run = []"), "5: `run` is empty"),
        (notify(""), "4: this message goes nowhere"),
        (
            notify("post = \"https://a\"\nurl_env = \"A\""),
            "5: this message has both `post` and `url_env`",
        ),
        (
            notify("url_env = \"A\"\ntemplate = \"slak\""),
            "6: `template` cannot be \"slak\"",
        ),
        (
            notify("url_env = \"A\"\ntemplate = \"{{ summary\""),
            "6: `template` cannot be read",
        ),
    ] {
        let said = mistakes::problems(&format!("{LEAST}{text}"));
        assert!(
            said.len() == 1 && said[0].starts_with(message),
            "{text}\n{said:#?}\nwanted: {message}"
        );
    }
}

#[test]
fn every_configuration_on_the_page_of_hooks_is_read() {
    let page = include_str!("../../../docs/hooks.md");
    let files: Vec<&str> = page
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().expect("it ends"))
        .collect();
    let read = |text: &str| {
        read(
            text,
            Path::new("swingbridge.toml"),
            &Overrides::default(),
            &nothing,
        )
        .unwrap_or_else(|error| panic!("{error}"))
    };
    let configs: Vec<Config> = files.into_iter().map(read).collect();
    assert_eq!(configs[0].policy.hooks.len(), 3);
    assert_eq!(configs[1].notify.len(), 2);
}
